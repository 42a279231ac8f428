// A resident's own log, read from the lock by a tap: the format is in firmware/log/README.md.

import { hex } from "./codes.js";

const SIZE = 8, BLOCK = 16, HEAD = 40, CHECKED = 4, RING = 960;
const NOTE_OF_LOG = /menshen\s+log\s+of\s+([\w-]{1,32})\s*:\s*((?:[\w-]\s*){1300,1800})/i;
const ADDRESS_OF_LOG = /lock=([\w-]{1,32})&log=((?:[\w-]\s*){1300,1800})/i;
const UNSEEN = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]/g;
const [STREAM, TAG, STEP] = ["stream", "tag", "step"].map((what) => new TextEncoder().encode(`menshen log ${what} v1`));

/** The key that no script can read: a log's, of some hour. */
export const importLogKey = (bytes) =>
  crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);

const mac = async (key, ...parts) => new Uint8Array(await crypto.subtle.sign("HMAC", key, await new Blob(parts).arrayBuffer()));

/** The key of the next hour; there is no way back. */
const next = async (key) => importLogKey((await mac(key, STEP)).subarray(0, BLOCK));

/** Whether two keys that nobody can read are the same. */
const isSame = async (one, other) => hex(await mac(one, STEP)) === hex(await mac(other, STEP));

/** What was sealed in one hour: the entries that were new in it, the newest first, and the ring before it. */
async function unseal(key, ring) {
  const stream = (await mac(key, STREAM)).subarray(0, BLOCK);
  const cipher = await crypto.subtle.importKey("raw", stream, "AES-CTR", false, ["encrypt"]);
  const below = new Uint8Array(await crypto.subtle.encrypt({ name: "AES-CTR", counter: new Uint8Array(BLOCK), length: 64 }, cipher, ring));
  const found = [];
  for (let at = 0; at < RING; at += BLOCK) {
    const content = below.slice(at, at + SIZE);
    const tag = (await mac(key, TAG, Uint8Array.of(at / BLOCK), content)).subarray(0, SIZE);
    if (hex(tag) !== hex(below.subarray(at + SIZE, at + BLOCK))) break;
    found.push(content);
  }
  const before = new Uint8Array(RING);
  before.set(below.subarray(BLOCK * found.length));
  return [found, before];
}

/** {lock, bytes} of the log in a text, or null where there is none. Throws "badLog" where it is not whole. */
export async function findLog(text) {
  let plain = text.normalize("NFKC").replace(UNSEEN, "").replace(/^[ \t>|*]+/gm, "");
  plain = plain.replace(/=\r?\n/g, "").replaceAll("%20", " ");
  const [, lock, letters] = ADDRESS_OF_LOG.exec(plain) ?? NOTE_OF_LOG.exec(plain) ?? [];
  if (!lock) {
    if (/menshen\s+log\s+of|&log=/i.test(plain)) throw new Error("badLog");
    return null;
  }
  let joined = letters.replace(/\s/g, "").replaceAll("-", "+").replaceAll("_", "/");
  if (joined.length % 4 === 1) joined = joined.slice(0, -1); // what stands behind it is cut below
  const bytes = Uint8Array.from(atob(joined), (letter) => letter.charCodeAt(0));
  const size = HEAD + SIZE * bytes[19] + RING;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes.slice(0, size)));
  if (bytes.length < size + CHECKED || hex(digest.subarray(0, CHECKED)) !== hex(bytes.subarray(size, size + CHECKED))) throw new Error("badLog");
  if (bytes[0] !== 1) throw new Error("newLog");
  return { lock, bytes: bytes.slice(0, size) };
}

/**
 * Reads a log. `known` are [{key, steps}] from before. Gives {entries, about, keep, from}: entries are
 * [{time, what, more, detail}], the newest first, time in s or 0; keep is {key, steps} for the next time,
 * `from` the known one that it follows from, if one does.
 */
export async function readLog(bytes, known) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const word = (at) => view.getUint32(at, true);
  const about = {
    firmware: [bytes[1], bytes[2], bytes[3]].join("."), lease: view.getUint16(4, true),
    begins: word(6), ends: word(10), now: word(14), days: bytes[18],
  };
  const [count, steps] = [bytes[19], word(20)], now = await importLogKey(bytes.slice(24, HEAD));
  bytes.fill(0, 24, HEAD);
  const found = [];
  for (let n = 0; n < count; n += 1) found.push(bytes.slice(HEAD + SIZE * n, HEAD + SIZE * (n + 1)));
  let ring = bytes.slice(HEAD + SIZE * count), keep = { key: now, steps }, from;
  const span = 24 * about.days + 24; // hours: nothing older is in the ring
  for (const one of known.filter((other) => other.steps <= steps)) {
    const path = [];
    let { key } = one, oldest = one;
    for (let step = one.steps; step < steps; step += 1) {
      if (steps - step === span) oldest = { key, steps: step };
      path.push(key);
      key = await next(key);
    }
    if (await isSame(key, now)) {
      [keep, from] = [{ key: oldest.key, steps: oldest.steps }, one];
      for (const hour of path.slice(-span).reverse()) {
        const [fresh, before] = await unseal(hour, ring);
        found.push(...fresh);
        ring = before;
      }
      break;
    }
  }
  const entries = found.map((content) => {
    const part = new DataView(content.buffer);
    return { time: part.getUint32(0, true), what: content[4], more: content[5], detail: part.getUint16(6, true) };
  });
  return { entries: entries.filter(({ what }) => what), about, keep, from };
}

const four = (detail) => detail.toString(16).padStart(4, "0");

/** What an entry says, in the voice's language. */
export function describe(voice, { what, more, detail }) {
  const words = voice.words.logs;
  const values = { mark: four(detail), count: more, lease: detail };
  let text = words.what[what] ?? words.what[0];
  if (what === 5) Object.assign(values, { role: words.role[(more & 15) === 7 ? 1 : 0], by: words.by[(more >> 4) - 1] ?? "" });
  if (what === 6) text = words.alarm[more] ?? words.what[0];
  return voice.fill(text, values);
}

/** Whether the first version, such as 1.2.0, is older than the second. */
const isOlder = (one, other) => {
  const [a, b] = [one, other].map((version) => version.split(".").reduce((sum, part) => sum * 256 + Number(part), 0));
  return a < b;
};

/** Shows a log in a place: what the lock says of itself, then the entries by day. */
export function showLog(place, voice, { entries, about }, isNew, released) {
  const words = voice.words.logs;
  const day = (time) => new Intl.DateTimeFormat(voice.language, { dateStyle: "full" }).format(time * 1000);
  const made = (name, text) => Object.assign(document.createElement(name), { textContent: text });
  const lines = [
    about.ends ? voice.fill(words.lease, { from: about.begins ? day(about.begins) : "–", until: day(about.ends) }) : words.noEnd,
    voice.fill(isOlder(about.firmware, released) ? words.old : words.firmware, { version: about.firmware, released }),
    voice.fill(words.days, { days: voice.span(24 * about.days) }),
    about.now ? "" : words.noClock,
    isNew ? words.begun : entries.length ? "" : words.empty,
  ];
  const parts = lines.filter(Boolean).map((line) => made("p", line));
  let last, list;
  for (const entry of entries) {
    const heading = entry.time ? day(entry.time) : words.unknown;
    if (heading !== last) {
      list = document.createElement("ul");
      parts.push(made("h3", heading), list);
      last = heading;
    }
    const row = made("li", describe(voice, entry));
    if (entry.time) row.prepend(made("time", new Intl.DateTimeFormat(voice.language, { timeStyle: "short", hourCycle: "h23" }).format(entry.time * 1000)), " ");
    list.append(row);
  }
  place.replaceChildren(...parts);
}
