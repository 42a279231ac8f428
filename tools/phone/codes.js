// Guest codes, "menshen guest v2": the format is in firmware/access/README.md. Times are ms since 1970.

export const HALF_HOUR = 1_800_000;
export const HOURS = [1, 2, 4, 8, 12, 24, 48, 72, 120, 168, 336, 720, 8, 24, 168, 720]; // by class
export const ONCE = 12; // from this class on a code opens once

const STARTS = 1500, CLASSES = 16, VALUES = 41_666_666n;
const PURPOSE = new TextEncoder().encode("menshen guest v2");
const CHECK = new TextEncoder().encode("menshen guest key");
const RANDOM = 14; // bytes of a key; the other two follow from them

/** The CryptoKey of 16 bytes: it can make codes, and be read by nobody any more. */
export const importKey = (bytes) =>
  crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);

/** Whether a key came over whole; no key of firmware 0.1.0 looks so. */
export async function isComplete(bytes) {
  const digest = await sha256(CHECK, bytes.subarray(0, RANDOM));
  return bytes.length === 16 && digest[0] === bytes[14] && digest[1] === bytes[15];
}

/** Eight letters by which a key is known again that can be read no more. */
export async function markOf(bytes) {
  return hex((await sha256(CHECK, bytes)).subarray(0, 4));
}

/** The twelve digits for a start in half hours since 1970 and a class. */
export async function makeCode(key, start, kind) {
  const message = new Uint8Array(PURPOSE.length + 5);
  message.set(PURPOSE);
  const view = new DataView(message.buffer, PURPOSE.length);
  view.setUint32(0, start, true);
  view.setUint8(4, kind);
  const mac = await crypto.subtle.sign("HMAC", key, message);
  const value = new DataView(mac).getBigUint64(0) % VALUES;
  const number = value * BigInt(STARTS * CLASSES) + BigInt((start % STARTS) * CLASSES + kind);
  return String(number).padStart(12, "0");
}

/** "736341743426" as 736 341 743 426. */
export const inGroups = (code) => code.match(/\d{3}/g).join(" ");

/** The same for a voice: each digit by itself, a pause behind three. */
export const aloud = (code) => code.match(/\d{3}/g).map((three) => [...three].join(" ")).join(", ");

/** When a code ends. */
export const endOf = (start, kind) => start * HALF_HOUR + HOURS[kind] * 3_600_000;

/** The starts of a code and of its repetitions, a week apart by the clock on the wall. */
export function weekly(first, count) {
  return Array.from({ length: count }, (_, week) => {
    const day = new Date(first);
    day.setDate(day.getDate() + 7 * week);
    return Math.floor(day / HALF_HOUR);
  });
}

/** Bytes as hexadecimal digits. */
export const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

async function sha256(...parts) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", await new Blob(parts).arrayBuffer()));
}
