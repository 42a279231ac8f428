// Finds a key in what was pasted, or in the fragment of the page's address, whatever was put around it.

import { isComplete } from "./codes.js";

const INVISIBLE = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]/g;
const QUOTED = /^[ \t>|*]+/gm; // what mail programs put before a line
const NOTE = /menshen\s+guest\s+key\s+of\s+([\w-]{1,32})\s*:\s*((?:[0-9a-f]\s*){32})/gi;
const ADDRESS = /lock=([\w-]{1,32})&key=([0-9a-f]{32})/gi;
const DIGITS = /()((?:[0-9a-f]{4}\s*){8})/gi;

/**
 * {lock, bytes} of the first whole key in a text. `lock` is "" where no name stands before the digits.
 * Throws "noKey" where there is none, and "badKey" where there is one that is not whole, or of an old lock.
 */
export async function readKey(text) {
  const found = [];
  for (const plain of spellings(text)) {
    for (const pattern of [ADDRESS, NOTE, DIGITS]) {
      for (const [, lock, digits] of plain.matchAll(pattern)) {
        const bytes = Uint8Array.from(digits.replace(/\s/g, "").match(/../g), (two) => parseInt(two, 16));
        found.push(bytes);
        if (await isComplete(bytes)) return { lock, bytes };
      }
    }
  }
  throw new Error(found.length ? "badKey" : "noKey");
}

/** The text as it is, and with what a mail's address or source code makes of it taken back. */
function* spellings(text) {
  const plain = text.normalize("NFKC").replace(INVISIBLE, "").replace(QUOTED, "");
  yield plain;
  yield plain.replace(/\+/g, " ").replace(/%([0-9a-f]{2})/gi, (_, two) => String.fromCharCode(parseInt(two, 16)));
  yield plain.replace(/=\r?\n/g, "").replace(/=([0-9a-f]{2})/gi, (_, two) => String.fromCharCode(parseInt(two, 16)));
}
