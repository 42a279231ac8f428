// Joins the page's parts to the simulator: what people do goes out as calls, what happens comes in as events.

import { call } from "./call.js";
import { buildCards, buildKeypad, showPhone } from "./hands.js";
import { tellTags } from "./nfc.js";
import { addMessage, count, empty } from "./wire.js";
import { LIGHT, MENU } from "./words.js";

const $ = (id) => document.getElementById(id);
const STATEFUL = new Set(["pin", "led", "buzzer", "reset", "card", "door", "power", "network", "tamper", "boot", "mqtt", "phone", "exit", "exit over", "start over"]);
const CONSOLE_LINES = 300;
let state = null;
let asked = false;

const say = (text) => { $("says").textContent = text; };
const act = async (method, path, body) => { const wrong = await call(method, path, body); if (wrong) say(wrong); };

function describe(s) {
  if (s.door.exit && s.door.leaf !== "open") return "Somebody inside pressed the exit button: its own wire releases the strike. Push the door.";
  if (!s.power && s.door.leaf === "open") return "The power is out. The door is open. Click it to close it: it locks without power.";
  if (!s.power) return "The power is out. The door stays locked, and nobody inside is kept in.";
  if (s.door.leaf === "open") return "The door is open. Click it to close it.";
  if (s.door.strike === "released") return "The bolt is free: push the door.";
  return s.network ? "The door is closed and locked." : "The door is closed and locked. The network is gone; the lock does not need it.";
}

function toggle(button, on, yes, no) {
  button.setAttribute("aria-pressed", on);
  button.querySelector("small").textContent = on ? yes : no;
}

function show(s) {
  state = s;
  const released = s.door.strike === "released" || s.door.exit, open = s.door.leaf === "open";
  $("house").classList.toggle("open", open);
  $("house").classList.toggle("released", released);
  $("house").setAttribute("aria-label", `The front door is ${s.door.leaf}, the bolt ${released ? "free" : "locked"}`);
  say(describe(s));
  const dark = s.indicator.led === "#000000";
  $("led").style.background = dark ? "" : s.indicator.led;
  $("led").style.setProperty("--c", dark ? "transparent" : s.indicator.led);
  const name = s.indicator.name === "staff" ? "staff have been in" : s.indicator.name;
  $("signal").textContent = s.power ? name : "no power";
  $("meaning").textContent = s.power ? LIGHT[s.indicator.name] ?? "" : "Without power it stays locked from outside, and lets everybody out.";
  const hz = s.indicator.buzzer_hz;
  $("buzzer").textContent = hz ? `buzzing at ${hz} Hz` : "silent";
  $("sound").classList.toggle("on", hz > 0);
  $("reader").classList.toggle("held", Boolean(s.card));
  const held = { phone: "phone", old: "old card", new: "new card" }[s.card] ?? `${s.card}'s card`;
  $("on-reader").textContent = s.card ? `The ${held} is on the reader. Tap to take it away` : "Drag or tap a card here";
  if (!$("cards").children.length) buildCards($("cards"), $("reader"), s.cards, hold, () => state?.card);
  for (const card of $("cards").children) card.setAttribute("aria-pressed", card.dataset.card === s.card);
  showPhone($("cards").querySelector("[data-card=phone]"), s.phone);
  toggle($("network"), s.network, "plugged in", "pulled out");
  toggle($("power"), s.power, "plugged in", "pulled out");
  $("tamper").setAttribute("aria-pressed", s.tamper);
  $("tamper").textContent = s.tamper ? "Close the lock's case" : "Open the lock's case";
  for (const [what, mode] of Object.entries(s.faults ?? {})) {
    const field = $("faults").querySelector(`[name=${what}]`);
    if (field && document.activeElement !== field) field.value = mode;
  }
  $("exit").classList.toggle("pressed", s.door.exit);
  $("exit").querySelector("small").textContent = s.door.exit ? "the door lets go" : "inside";
  $("pin").hidden = !s.pin;
  $("own-pin").hidden = Boolean(s.pin);
  for (const keys of document.querySelectorAll("[data-after-pin]")) keys.textContent = [...s.pin || ["PIN"], ...keys.dataset.afterPin].join(" ");
  $("start-over").hidden = !s.pin; // a lock that an installer has provisioned has no first start to go back to
  count(s.wire.out);
  $("known").textContent = JSON.stringify(s.lock, null, 2);
  ticks(s, open);
}

function ticks(s, open) {
  const done = (name) => document.querySelector(`[data-try=${name}]`).classList;
  if (open && s.network) done("open").add("done");
  if (!s.network) done("pull").add("done");
  if (open && !s.network) done("again").add("done");
  if (s.phone.read ?? s.phone.link) done("guest").add("done");
}

async function refresh() {
  if (asked) return;
  asked = true;
  await new Promise((go) => setTimeout(go, 15)); // several events in a row make one question
  asked = false;
  try { show(await (await fetch("/api/state")).json()); } catch { $("lost").hidden = false; }
}

function log(line) {
  const pre = $("console");
  pre.append(line + "\n");
  while (pre.childNodes.length > CONSOLE_LINES) pre.firstChild.remove();
  pre.scrollTop = pre.scrollHeight;
}

function listen() {
  const events = new EventSource("/api/events");
  events.onopen = () => { $("lost").hidden = true; refresh(); };
  events.onerror = () => { $("lost").hidden = false; };
  events.onmessage = ({ data }) => {
    const event = JSON.parse(data);
    if (event.type === "mqtt") addMessage(event);
    if (event.type === "start over") { empty(); $("console").textContent = ""; }
    if (event.type === "console") log(event.line);
    if (event.type === "phone") tellTags(event);
    if (STATEFUL.has(event.type) && !(event.type === "pin" && event.name !== "relay")) refresh();
  };
}

let typed = "", pressing = false;

async function press(key) { // one call at a time, so that keys stay in their order
  typed += key;
  if (pressing) return;
  pressing = true;
  while (typed) {
    const keys = typed.slice(0, 32);
    typed = typed.slice(32);
    await act("POST", "/api/keys", { keys });
  }
  pressing = false;
}

const pin = () => state?.pin || $("own").value.replace(/\D/g, "");

function type(keys, own) { // `own`: a resident's PIN is among them
  if (own && !pin()) { $("own").focus(); return; }
  for (const key of keys) press(key);
}

function order(number, what, then) {
  const button = document.createElement("button"), keys = document.createElement("kbd");
  button.type = "button";
  button.dataset.order = number;
  keys.textContent = `* ${number} #`.replace("  ", " ");
  button.title = `${number && "PIN "}${keys.textContent}: ${what}, ${then}`;
  button.setAttribute("aria-label", button.title);
  button.append(keys, what);
  button.disabled = number === "0"; // no tenant's
  button.onclick = () => type(`${number && pin()}*${number}#`, number);
  $("menu").append(button);
}

function buildMenu() {
  MENU.forEach((row) => order(...row));
  order("", "a phone opens", "for ten seconds, by its key and without a PIN; once in a minute");
  $("pin").querySelector("button").onclick = () => type(`${pin()}#`, true);
}

async function startOver() {
  $("start-over").disabled = true;
  document.querySelectorAll("#tries .done").forEach((item) => item.classList.remove("done"));
  await act("POST", "/api/start-over");
  $("start-over").disabled = false;
}

const hold = (name) => name ? act("PUT", "/api/card", { card: name }) : act("DELETE", "/api/card");
buildKeypad($("keypad"), press);
buildMenu();
$("start-over").onclick = startOver;
$("door").onclick = () => act("POST", "/api/door", { open: state?.door.leaf !== "open" });
$("exit").onclick = () => act("POST", "/api/exit");
$("network").onclick = () => act("POST", "/api/network", { up: !state?.network });
$("power").onclick = () => act("POST", "/api/power", { on: !state?.power });
$("force").onclick = () => act("POST", "/api/door", { open: true, force: true });
$("tamper").onclick = () => act("POST", "/api/tamper", { open: !state?.tamper });
$("faults").onchange = ({ target }) => {
  if (!target.value) return;
  const value = target.name === "cut_at" ? Number(target.value) : target.value;
  act("PUT", "/api/faults", { [target.name]: value }).then(refresh);
};
listen();
