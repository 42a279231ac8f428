// The list of MQTT packets on the wire, the newest first.

const KEPT = 200;
const messages = document.getElementById("messages");
const counted = { out: 0, bytes: 0 };

function piece(tag, text, name = "") {
  const element = document.createElement(tag);
  element.textContent = text;
  element.className = name;
  return element;
}

export function addMessage({ direction, packet, topic, payload, retain, size }) {
  const item = document.createElement("li");
  const head = piece("div", "", "head");
  const time = new Date().toLocaleTimeString([], { hour12: false });
  const arrow = direction === "out" ? "→ out" : "← in";
  head.append(piece("time", time), piece("span", arrow, direction), piece("span", packet));
  if (topic) head.append(piece("b", topic));
  head.append(piece("span", `${size} B${retain ? ", retained" : ""}`, "size"));
  item.append(head);
  if (payload) item.append(piece("code", payload));
  messages.prepend(item);
  while (messages.children.length > KEPT) messages.lastChild.remove();
  if (direction === "out") {
    document.getElementById("out-count").textContent = ++counted.out;
    document.getElementById("out-bytes").textContent = (counted.bytes += size);
  }
}
