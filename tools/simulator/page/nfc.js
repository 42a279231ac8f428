// Stands in for Web NFC (NDEFReader) on the page beside the door: its tags are what the simulated phone reads.

import { call } from "./call.js";

const scanning = new Set();

/** An event of the simulator: the phone has read a text from a tag, or something else. */
export function tellTags({ read }) {
  if (!read) return;
  const data = new DataView(new TextEncoder().encode(read).buffer);
  for (const reader of scanning) reader.onreading?.({ message: { records: [{ recordType: "text", data }] } });
}

export class SimulatedReader {
  async scan({ signal }) {
    await call("PUT", "/api/phone", { scans: true });
    scanning.add(this);
    signal.addEventListener("abort", () => {
      scanning.delete(this);
      call("PUT", "/api/phone", { scans: false });
    });
  }

  async write({ records: [{ data }] }) { // of one record of an unknown type
    const bytes = [0xd5, 0, data.length, ...data];
    const message = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
    const wrong = await call("POST", "/api/phone", { message });
    if (wrong) throw new DOMException(wrong, "NetworkError");
  }
}
