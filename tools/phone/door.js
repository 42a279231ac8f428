// Opens a door by a tap with Web NFC: reads the challenge of the lock's tag, and writes the answer to it.
//
// The format is in firmware/access/README.md, Opening at the door. Nothing of this goes over a network.

const AT_DOOR = new TextEncoder().encode("menshen door v1");
const ASKED = /^Menshen door of ([\w-]{1,32}): ([0-9a-f]{32})$/;
const TAP_MS = 30_000;

/** Whether this browser reads and writes tags. */
export const hasNfc = () => "NDEFReader" in globalThis;

/** The bytes that answer a challenge of the lock of this name. */
export async function signChallenge(key, lock, challenge) {
  const asked = Uint8Array.from(challenge.match(/../g), (two) => parseInt(two, 16));
  const mac = await crypto.subtle.sign("HMAC", key, new Uint8Array([...AT_DOOR, ...new TextEncoder().encode(lock), ...asked]));
  return new Uint8Array(mac, 0, 16);
}

/**
 * Waits half a minute for a tap, and answers the one lock. tell() gets the name of what to say meanwhile.
 * Resolves once the answer is written; rejects with "noTap", or "noNfc" where the phone does not let it.
 */
export async function answerAtDoor({ key, lock }, tell) {
  const reader = new NDEFReader(), end = new AbortController();
  try {
    await reader.scan({ signal: end.signal });
  } catch {
    throw new Error("noNfc");
  }
  tell("tapNow");
  return new Promise((resolve, reject) => {
    const patience = setTimeout(() => finish(reject, new Error("noTap")), TAP_MS);
    const finish = (how, error) => {
      clearTimeout(patience);
      reader.onreading = null;
      end.abort();
      how(error);
    };
    reader.onreading = async ({ message }) => {
      const [, name, challenge] = textOf(message).match(ASKED) ?? [];
      if (name !== lock) return tell(name ? "otherLock" : "noLock");
      try {
        const data = await signChallenge(key, lock, challenge);
        await reader.write({ records: [{ recordType: "unknown", data }] }, { signal: end.signal });
        finish(resolve);
      } catch {
        tell("tapAgain"); // it was moved away: the lock takes the same answer at the next tap
      }
    };
  });
}

const textOf = ({ records }) => (records[0]?.recordType === "text" ? new TextDecoder().decode(records[0].data) : "");
