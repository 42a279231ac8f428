// The list of MQTT packets on the wire, the newest first.

const KEPT = 200;
const messages = document.getElementById("messages");

function piece(tag, text, name = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  element.className = name;
  return element;
}

// What the simulator has counted since the demo began: this page may have come later.
export function count({ messages: number, bytes }) {
  document.getElementById("out-count").textContent = number;
  document.getElementById("out-bytes").textContent = bytes;
}

export const empty = () => messages.replaceChildren();

export function addMessage({ at, direction, packet, topic, payload, retain, size }) {
  const item = document.createElement("li");
  const head = piece("div", "", "head");
  const time = new Date(at).toLocaleTimeString([], { hour12: false });
  const arrow = direction === "out" ? "→ out" : "← in";
  head.append(piece("time", time), piece("span", arrow, direction), piece("span", packet));
  if (topic) head.append(piece("b", topic));
  head.append(piece("span", `${size} B${retain ? ", retained" : ""}`, "size"));
  item.append(head);
  if (payload) item.append(piece("code", payload));
  messages.prepend(item);
  while (messages.children.length > KEPT) messages.lastChild.remove();
}
