// The page: joins what people do to keys and codes. Nothing here leaves the phone but what they share.

import { sendOpening, signOpening } from "./afar.js";
import { aloud, endOf, HALF_HOUR, HOURS, importKey, inGroups, makeCode, markOf, ONCE, weekly } from "./codes.js";
import { answerAtDoor, hasNfc } from "./door.js";
import { findLog, readLog, showLog } from "./log.js";
import { readKey } from "./reading.js";
import { openStore } from "./store.js";
import { choose, LANGUAGES, Voice } from "./words.js";
import { showHelp } from "./help.js";

const $ = (id) => document.getElementById(id);
const [make, naming, get] = [$("make"), $("naming"), $("get")];
let store, voice, keys = [], codes = [], found = null, shown = [], log = null;

const fragment = location.hash; // the key leaves the address before anything else is done
if (fragment) history.replaceState(null, "", location.pathname + location.search);

function element(name, text = "", className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function button(name, act) {
  const made = element("button", voice.say(name), "quiet");
  made.type = "button";
  made.onclick = act;
  return made;
}

const options = (select, pairs) => {
  const was = select.value;
  select.replaceChildren(...pairs.map(([value, text]) => new Option(text, value)));
  if (pairs.some(([value]) => String(value) === was)) select.value = was;
};

const note = (name, values) => { $("note").textContent = name ? voice.say(name, values) : ""; };
const nameOf = ({ door, person }) => (person ? `${door} (${person})` : door);
const runs = (code) => !code.isVoid && endOf(code.start, code.kind) > Date.now();
const running = (owner) => codes.filter((code) => code.owner === owner && runs(code)).length;

async function isSure(name, values) {
  $("sure-text").textContent = voice.say(name, values);
  $("sure").returnValue = "no";
  $("sure").showModal();
  await new Promise((go) => { $("sure").onclose = go; });
  return $("sure").returnValue === "yes";
}

// Keys

async function take(text) {
  found = null;
  try {
    const told = await findLog(text);
    if (told) return await takeLog(told);
    const { lock, bytes } = await readKey(text);
    const mark = await markOf(bytes);
    const here = keys.find((key) => key.mark === mark);
    if (here) {
      note("haveKey", { name: nameOf(here) });
    } else {
      found = { lock, mark, key: await importKey(bytes) };
      note("");
    }
    bytes.fill(0);
    get.reset();
  } catch (wrong) {
    note(["noKey", "badKey", "badLog", "newLog"].includes(wrong.message) ? wrong.message : "noCrypto");
  }
  naming.hidden = !found;
  if (!found) return;
  naming.reset();
  $("of-lock").textContent = found.lock && voice.say("ofLock", { lock: found.lock });
  const others = keys.filter((key) => key.lock === found.lock);
  const pairs = others.map((key) => [key.id, voice.say("instead", { name: nameOf(key), count: running(key.id) })]);
  options(naming.place, [["", voice.say("another")], ...pairs]);
  $("place").hidden = !others.length;
  naming.place.onchange();
  naming.door.focus();
}

// A log is shown as long as the page is open, and stored nowhere: what stays is the key to read on by.

async function takeLog({ lock, bytes }) {
  const known = (await store.logs()).filter((other) => other.lock === lock);
  log = { lock, ...await readLog(bytes, known) };
  await store.putLog({ ...(log.from && { id: log.from.id }), lock, ...log.keep });
  get.reset();
  naming.hidden = true;
  note("");
  refreshLog();
  $("log").focus();
}

function refreshLog() {
  $("log").hidden = !log;
  if (!log) return $("entries").replaceChildren();
  $("log-lock").textContent = log.lock;
  showLog($("entries"), voice, log, !log.from, RELEASED);
}

$("close-log").onclick = () => {
  log = null;
  refreshLog();
};

$("forget-log").onclick = async () => {
  if (!(await isSure("forgetLogSure", { name: log.lock }))) return;
  for (const { id, lock } of await store.logs()) if (lock === log.lock) await store.dropLog(id);
  $("close-log").onclick();
};

naming.place.onchange = () => {
  const old = keys.find((key) => key.id === Number(naming.place.value));
  if (old) [naming.door.value, naming.person.value] = [old.door, old.person];
};

naming.onsubmit = async (event) => {
  event.preventDefault();
  const [door, person] = [naming.door.value.trim(), naming.person.value.trim()];
  const old = keys.find((key) => key.id === Number(naming.place.value));
  for (const code of codes) if (old && code.owner === old.id) await store.putCode({ ...code, isVoid: true });
  await store.putKey({ ...(old && { id: old.id }), ...found, door, person, since: Date.now() });
  await forget();
  note("kept");
};

async function forget() {
  found = null;
  naming.hidden = true;
  await refresh();
}

$("discard").onclick = forget;

get.onsubmit = (event) => {
  event.preventDefault();
  take(get.text.value);
};

function showKeys() {
  $("keys").replaceChildren(...keys.map((key) => {
    const row = element("li");
    const details = [voice.say("since", { time: voice.time(key.since) }), key.lock].filter(Boolean).join(" · ");
    const drop = button("removeKey", async () => {
      if (!(await isSure("removeSure", { name: nameOf(key), count: running(key.id) }))) return;
      await store.dropKey(key.id);
      await refresh();
    });
    drop.setAttribute("aria-label", `${voice.say("removeKey")}: ${nameOf(key)}`);
    row.append(element("p", nameOf(key)), element("small", details), drop);
    return row;
  }));
}

// Codes

function showKinds() {
  const first = make.once.checked ? ONCE : 0;
  const kinds = HOURS.map((hours, kind) => [kind, voice.span(hours)]);
  options(make.kind, make.once.checked ? kinds.slice(ONCE) : kinds.slice(0, ONCE));
  if (!make.kind.value) make.kind.value = first;
}

make.once.onchange = () => {
  const hours = HOURS[make.kind.value];
  showKinds();
  const same = HOURS.findIndex((other, kind) => kind >= ONCE === make.once.checked && other >= hours);
  make.kind.value = same < 0 ? HOURS.length - 1 : same;
};

/** Now, as the field for a date wants it: local time, at the half hour that runs. */
function thisHalfHour() {
  const now = Math.floor(Date.now() / HALF_HOUR) * HALF_HOUR;
  return new Date(now - new Date(now).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

async function create(starts, kind, who) {
  const owner = Number(make.owner.value);
  shown = [];
  for (const start of starts) {
    const code = { owner, note: who, start, kind, language: make.language.value, isVoid: false };
    shown.push({ ...code, id: await store.putCode(code) });
  }
  await refresh();
  $("result").focus();
}

make.onsubmit = (event) => {
  event.preventDefault();
  note("");
  const starts = weekly(new Date(make.from.value), Number(make.weeks.value));
  create(starts, Number(make.kind.value), make.note.value.trim());
};

$("myself").onclick = () => create([Math.floor(Date.now() / HALF_HOUR)], ONCE, voice.say("me"));

const digitsOf = (code) => makeCode(keys.find((key) => key.id === code.owner).key, code.start, code.kind);

/** What a guest is told, in the guest's language. */
async function sentence(code) {
  const theirs = new Voice(code.language);
  const { door } = keys.find((key) => key.id === code.owner);
  return theirs.say(code.kind < ONCE ? "sentence" : "sentenceOnce", {
    door,
    from: theirs.time(code.start * HALF_HOUR),
    until: theirs.time(endOf(code.start, code.kind)),
    code: inGroups(await digitsOf(code)),
  });
}

async function showResult() {
  $("result").hidden = !shown.length;
  if (!shown.length) return;
  const who = shown[0].note;
  $("result-title").textContent = who ? voice.say("codesFor", { who }) : voice.say("code");
  const rows = [];
  for (const code of shown) {
    const digits = await digitsOf(code);
    const row = element("li"), big = element("p", "", "digits"), told = element("p", await sentence(code));
    big.append(element("span", inGroups(digits)), element("span", aloud(digits), "spoken"));
    big.firstChild.setAttribute("aria-hidden", "true");
    told.lang = code.language;
    row.append(big, told);
    rows.push(row);
  }
  $("sheet").replaceChildren(...rows);
  $("share").hidden = !navigator.share;
}

const told = async () => (await Promise.all(shown.map(sentence))).join("\n");

$("share").onclick = async () => {
  try {
    await navigator.share({ text: await told() });
  } catch (wrong) {
    if (wrong.name !== "AbortError") await $("copy").onclick();
  }
};

$("copy").onclick = async () => {
  await navigator.clipboard.writeText(await told());
  note("copied");
};

$("print").onclick = () => print();

function showCodes() {
  const sorted = [...codes].sort((a, b) => runs(b) - runs(a) || a.start - b.start);
  $("codes").replaceChildren(...sorted.map((code) => {
    const row = element("li"), begins = code.start * HALF_HOUR;
    const owner = keys.find((key) => key.id === code.owner);
    const state = code.isVoid ? "isVoid" : endOf(code.start, code.kind) <= Date.now() ? "isOver" : begins > Date.now() ? "comes" : "opens";
    const name = code.note || voice.say("code");
    const when = `${voice.time(begins)} – ${voice.time(endOf(code.start, code.kind))}`;
    const buttons = element("p", "", "buttons");
    const acts = {
      removeCode: async () => {
        await store.dropCode(code.id);
        await refresh();
      },
    };
    if (runs(code)) acts.show = async () => { shown = [code]; await showResult(); $("result").focus(); };
    for (const act of ["show", "removeCode"].filter((act) => acts[act])) {
      const made = button(act, acts[act]);
      made.setAttribute("aria-label", `${voice.say(act)}: ${name}, ${voice.time(begins)}`);
      buttons.append(made);
    }
    const details = [when, code.kind >= ONCE && voice.say("once"), keys.length > 1 && nameOf(owner), voice.say(state)];
    row.append(element("p", name), element("small", details.filter(Boolean).join(" · ")), buttons);
    row.classList.toggle("over", !runs(code));
    return row;
  }));
}

// Opening at the door

$("tap").onclick = async () => {
  const owner = keys.find((key) => key.id === Number(make.owner.value));
  const tell = (name) => note(name, { name: nameOf(owner) });
  if (!owner.lock) return note("noName");
  $("tap").disabled = true;
  try {
    await answerAtDoor(owner, tell);
    tell("answered");
  } catch (wrong) {
    tell(wrong.message);
  }
  $("tap").disabled = false;
};

// Opening from afar

$("open").onclick = async () => {
  const owner = keys.find((key) => key.id === Number(make.owner.value));
  const values = { name: nameOf(owner) };
  if (!owner.lock) return note("noName");
  if (!(await isSure("openSure", values)) || !(await isSure("openSurer", values))) return;
  try {
    note(await sendOpening(BROKER, owner.lock, await signOpening(owner.key, owner.mark, owner.lock, Date.now())));
  } catch {
    note("notSent");
  }
};

// The whole

async function refresh() {
  [keys, codes] = await Promise.all([store.keys(), store.codes()]);
  options(make.owner, keys.map((key) => [key.id, nameOf(key)]));
  $("which").hidden = keys.length < 2;
  make.hidden = $("keyring").hidden = !keys.length;
  $("made").hidden = !codes.length;
  $("at-door").hidden = !hasNfc() || !keys.some(({ lock }) => lock);
  $("afar").hidden = !BROKER || !keys.some(({ lock }) => lock);
  shown = shown.map(({ id }) => codes.find((code) => code.id === id)).filter((code) => code && runs(code));
  showKeys();
  showCodes();
  await showResult();
}

function speak(language) {
  voice = new Voice(language);
  document.documentElement.lang = language;
  for (const part of document.querySelectorAll("[data-say]")) part.textContent = voice.say(part.dataset.say);
  const names = LANGUAGES.map((other) => [other, WORDS[other].name]);
  options($("language"), names);
  options(make.language, names);
  $("language").value = language;
  const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
  $("zone").textContent = voice.say("zone", { zone });
  showKinds();
  showHelp($("help"), voice);
  refreshLog();
}

const remembered = { // where a saved file may store nothing, the phone's language is chosen each time
  get language() { try { return localStorage.getItem("language"); } catch { return null; } },
  set language(value) { try { localStorage.setItem("language", value); } catch { /* then not */ } },
};

$("language").onchange = async () => {
  remembered.language = $("language").value;
  speak($("language").value);
  note("");
  if (store) await refresh();
};

addEventListener("hashchange", () => {
  const text = location.hash;
  if (!text) return;
  history.replaceState(null, "", location.pathname + location.search);
  take(text);
});

speak(choose([remembered.language, ...navigator.languages].filter(Boolean)));
make.language.value = voice.language;
make.kind.value = 5; // a day
make.from.value = thisHalfHour();
if (location.protocol !== "file:") navigator.serviceWorker?.register("worker.js");
try {
  if (!globalThis.crypto?.subtle) throw new Error("insecure");
  store = await openStore();
  navigator.storage?.persist?.();
  await refresh();
  if (fragment) await take(fragment);
} catch {
  note("noCrypto");
  get.hidden = true;
}
