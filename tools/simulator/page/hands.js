// What hands do: press keys, and hold cards and a phone to the reader by click, touch or drag.

import { SimulatedReader } from "./nfc.js";

const TYPED = { Enter: "#", Escape: "*", Backspace: "*" };
const FIELDS = new Set(["INPUT", "SELECT", "TEXTAREA"]);
const WHOSE = {
  tenant: "lives here",
  cleaner: "staff",
  old: "the tenant's, on the list, but shows only a number, which anybody can copy: refused",
  new: "fresh from the shop: PIN * 2 #, then hold it to the reader",
  stranger: "on no list",
};
const FLASH_MS = 120;

export function buildKeypad(pad, press) {
  for (const key of "123456789*0#") {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = key;
    button.dataset.key = key;
    button.setAttribute("aria-label", { "*": "star: clear", "#": "hash: enter" }[key] ?? key);
    button.onclick = () => press(key);
    pad.append(button);
  }
  addEventListener("keydown", (event) => {
    if (FIELDS.has(event.target.tagName) || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.key === "Enter" && event.target.tagName === "BUTTON") return; // that presses the button
    const key = TYPED[event.key] ?? event.key;
    const button = key.length === 1 && pad.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (!button) return;
    button.classList.add("down");
    setTimeout(() => button.classList.remove("down"), FLASH_MS);
    press(key);
  });
}

export function showPhone(card, { read, link }) {
  const [title, key] = read?.split(": ") ?? ["", link && (link.includes("&log=") ? "has read the log" : "has the guest key") + ", on the resident's page beside the door"];
  card.classList.toggle("has-read", Boolean(read ?? link));
  if (link?.startsWith("https:")) openPage(new URL(link).hash);
  card.firstChild.replaceChildren(title || "The tenant's phone", document.createElement("small"));
  card.firstChild.lastChild.textContent = key || "gets the guest key: PIN * 4 #, and hold it to the reader";
}

let opened = "";

function openPage(fragment) { // the resident's page, once for each key that the phone has read
  if (fragment === opened) return;
  opened = fragment;
  const frame = document.getElementById("resident");
  frame.hidden = false;
  frame.onload = () => { // the page looks for Web NFC each time that it draws itself
    frame.contentWindow.NDEFReader ??= SimulatedReader;
    frame.contentDocument.getElementById("language").onchange();
  };
  frame.src = `/phone/${fragment}`;
}

export function buildCards(tray, reader, names, hold, held) {
  for (const name of names) {
    const card = document.createElement("button");
    card.type = "button";
    card.draggable = true;
    card.dataset.card = name;
    card.innerHTML = name === "phone" ? '<span class="screen"></span>' : `${name}<small>${WHOSE[name] ?? ""}</small>`;
    card.onclick = () => hold(held() === name ? null : name);
    card.ondragstart = (event) => event.dataTransfer.setData("text/plain", name);
    tray.append(card);
  }
  const near = (yes) => reader.classList.toggle("near", yes);
  reader.ondragover = (event) => { event.preventDefault(); near(true); };
  reader.ondragleave = () => near(false);
  reader.ondrop = (event) => {
    event.preventDefault();
    near(false);
    const name = event.dataTransfer.getData("text/plain");
    if (names.includes(name)) hold(name);
  };
  reader.onclick = () => { if (held()) hold(null); };
  reader.style.cursor = "pointer";
}
