// Opens a door from afar: one signed message to the broker that the page was built for, and nothing else.
//
// MQTT 5 over a WebSocket: CONNECT, PUBLISH with QoS 1, DISCONNECT. PUBACK says whether anybody listens, and that is
// the lock alone; with 3.1.1, where the broker has no other, it does not. A client library is three times this page.

const TENANT = new TextEncoder().encode("menshen tenant v1");
const PATIENCE_MS = 15_000;
const NOBODY = 0x10, OLDER = [1, 0x84]; // MQTT 5, 3.4.2.1 and 3.2.2.2; MQTT 3.1.1, 3.2.2.3

/** The message by which the lock of this name opens; `mark` is the key's, `now` is ms since 1970. */
export async function signOpening(key, mark, lock, now) {
  const head = new Uint8Array(8), name = new TextEncoder().encode(lock);
  head.set(mark.match(/../g).map((two) => parseInt(two, 16)));
  new DataView(head.buffer).setUint32(4, Math.floor(now / 1000), true);
  const mac = await crypto.subtle.sign("HMAC", key, new Uint8Array([...TENANT, ...name, ...head]));
  return new Uint8Array([...head, ...new Uint8Array(mac, 0, 16)]);
}

/**
 * Sends it, and resolves to what the broker says of the lock: "online", "offline", or "sent" where it cannot tell.
 * Rejects where the broker is not reached or does not take it. Whether the door opens nobody says.
 */
export function sendOpening(broker, lock, message, version = 5) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(broker, "mqtt"), none = version > 4 ? [0] : []; // properties
    let known = "";
    const patience = setTimeout(() => socket.close(), PATIENCE_MS);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => socket.send(packet(0x10, [...text("MQTT"), version, 2, 0, 30, ...none, ...text("")]));
    socket.onmessage = ({ data }) => {
      const [kind, , , refused, reason] = new Uint8Array(data);
      if (kind === 0x20 && !refused) {
        known = "sent";
        return socket.send(packet(0x32, [...text(`menshen/v1/${lock}/tenant`), 0, 1, ...none, ...message]));
      }
      known = "";
      if (kind === 0x40 && !(reason > 0x7f)) {
        known = version < 5 ? "sent" : reason === NOBODY ? "offline" : "online";
        socket.send(packet(0xe0, []));
      } else if (kind === 0x20 && version > 4 && OLDER.includes(refused)) {
        resolve(sendOpening(broker, lock, message, 4));
      }
      socket.close();
    };
    socket.onclose = () => {
      clearTimeout(patience);
      if (known) resolve(known);
      reject(new Error("notSent")); // of no effect where it was sent
    };
  });
}

/** A packet of less than 128 bytes. */
const packet = (kind, body) => new Uint8Array([kind, body.length, ...body]);

const text = (value) => [0, value.length, ...new TextEncoder().encode(value)];
