// One call of the simulator's interface; gives what is wrong with it in a sentence, or nothing.

export async function call(method, path, body) {
  try {
    const answer = await fetch(path, {
      method,
      headers: { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    if (answer.ok) return "";
    const { error } = await answer.json();
    return path === "/api/door" && answer.status === 409 ? "It is locked. The strike holds the door." : error;
  } catch {
    return "The simulator does not answer.";
  }
}
