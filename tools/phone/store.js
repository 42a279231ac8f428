// What stays on this phone, in IndexedDB: keys that no script can read, and what was made with them.
//
//   keys    {id, lock, door, person, mark, key, since}     `key` is a CryptoKey, `mark` as codes.js has it
//   logs    {id, lock, key, steps}     `key` is a CryptoKey of that hour; no entry is stored
//   codes   {id, owner, note, start, kind, language, isVoid}     `owner` is the key's id; no code is stored

const NAME = "menshen";
const STORES = ["keys", "codes", "logs"];

const done = (request) => new Promise((resolve, reject) => {
  request.onsuccess = () => resolve(request.result);
  request.onerror = () => reject(request.error);
});

/** Opens the store; rejects where the browser has none. */
export async function openStore() {
  const asked = indexedDB.open(NAME, 2);
  asked.onupgradeneeded = () => {
    for (const name of STORES) {
      if (!asked.result.objectStoreNames.contains(name)) asked.result.createObjectStore(name, { keyPath: "id", autoIncrement: true });
    }
  };
  const base = await done(asked);
  const of = (name, mode) => base.transaction(name, mode).objectStore(name);
  const every = (name) => done(of(name, "readonly").getAll());
  const put = (name, value) => done(of(name, "readwrite").put(value));
  const drop = (name, id) => done(of(name, "readwrite").delete(id));
  return {
    keys: () => every("keys"),
    codes: () => every("codes"),
    logs: () => every("logs"),
    putLog: (value) => put("logs", value),
    dropLog: (id) => drop("logs", id),
    putKey: (value) => put("keys", value),
    putCode: (value) => put("codes", value),
    dropCode: (id) => drop("codes", id),
    /** Forget a key and all that is known of its codes. */
    async dropKey(id) {
      for (const code of await every("codes")) if (code.owner === id) await drop("codes", code.id);
      await drop("keys", id);
    },
  };
}
