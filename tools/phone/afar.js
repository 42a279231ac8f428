// Opens a door from afar: one signed message to the broker that the page was built for, and nothing else.
//
// MQTT 3.1.1 over a WebSocket: CONNECT, and at CONNACK a PUBLISH with QoS 0 and a DISCONNECT. A client library
// is three times as big as this whole page.

const TENANT = new TextEncoder().encode("menshen tenant v1");
const PATIENCE_MS = 15_000;

/** The message by which the lock of this name opens; `mark` is the key's, `now` is ms since 1970. */
export async function signOpening(key, mark, lock, now) {
  const head = new Uint8Array(8), name = new TextEncoder().encode(lock);
  head.set(mark.match(/../g).map((two) => parseInt(two, 16)));
  new DataView(head.buffer).setUint32(4, Math.floor(now / 1000), true);
  const mac = await crypto.subtle.sign("HMAC", key, new Uint8Array([...TENANT, ...name, ...head]));
  return new Uint8Array([...head, ...new Uint8Array(mac, 0, 16)]);
}

/** Sends it. Rejects where the broker is not reached or does not take it; whether the door opens nobody says. */
export function sendOpening(broker, lock, message) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(broker, "mqtt");
    const patience = setTimeout(() => socket.close(), PATIENCE_MS);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => socket.send(packet(0x10, [...text("MQTT"), 4, 2, 0, 30, ...text("")]));
    socket.onmessage = ({ data }) => {
      const [kind, , , refused] = new Uint8Array(data);
      if (kind !== 0x20 || refused) return socket.close();
      socket.send(packet(0x30, [...text(`menshen/v1/${lock}/tenant`), ...message]));
      socket.send(packet(0xe0, []));
      resolve();
    };
    socket.onclose = () => {
      clearTimeout(patience);
      reject(new Error("notSent")); // of no effect once it was sent
    };
  });
}

/** A packet of less than 128 bytes. */
const packet = (kind, body) => new Uint8Array([kind, body.length, ...body]);

const text = (value) => [0, value.length, ...new TextEncoder().encode(value)];
