// The live ladder: who sent what to whom, as arrows between five lanes.

import { $, make, text } from "./dom.js";

const lanes = ["page", "shell", "push", "server", "web"];
const names = { page: "page in the phone", shell: "native shell", push: "push service", server: "SIP server", web: "web softphone" };
const LIMIT = 600;

/** `INVITE`, `200 OK · INVITE`: a SIP message in a few words. */
export function sipLabel(message) {
  const first = message.slice(0, message.indexOf("\n") < 0 ? undefined : message.indexOf("\n")).trim();
  const response = /^SIP\/2\.0 (\d{3}) ?(.*)$/.exec(first);
  if (!response) return first.split(" ")[0] || "keep-alive";
  const method = /^cseq\s*:\s*\d+\s+(\w+)/im.exec(message)?.[1];
  return `${response[1]} ${response[2]}${method ? ` · ${method}` : ""}`;
}

/** A bridge envelope in a few words, and whether it is one of the driver messages. */
export function bridgeLabel(message) {
  let envelope;
  try {
    envelope = JSON.parse(message);
  } catch {
    return { label: "unreadable", driver: false };
  }
  const { type = "?", p = {}, kind } = envelope;
  const detail = p.action ?? p.value?.state ?? p.state ?? p.outcome ?? p.reason;
  const words = [type];
  if (kind === "reply") words.push("reply");
  if (typeof detail === "string") words.push(detail);
  return { label: words.join(" · "), driver: type === "ack" || /^(ws|media|timer|ping|pong|log)\b/.test(type) };
}

/** Escapes nothing and builds nodes: the message, with names of fields and what was taken out made visible. */
function paint(element, entry) {
  let message = entry.text;
  if (message.startsWith("{")) {
    try {
      message = JSON.stringify(JSON.parse(message), null, 2);
    } catch {
      // Shown as it came.
    }
  }
  element.replaceChildren();
  element.dataset.kind = entry.kind;
  for (const line of message.split(/\r?\n/)) {
    const field = /^([\w-]+:|\s*"[^"]+":)(.*)$/.exec(line);
    const rest = field ? field[2] : line;
    if (field) element.append(make("b", {}, field[1]));
    for (const [index, part] of rest.split(/(…redacted…|<?redacted>?|\[redacted\]|\*{3,})/i).entries()) {
      element.append(index % 2 ? make("mark", {}, part) : part);
    }
    element.append("\n");
  }
}

/** Sets the ladder up and returns `{ add(entry), rows, clear() }`. */
export function createLadder(onRow = () => {}) {
  const list = $("rungs");
  const detail = $("ladder-detail");
  const body = $("ladder");
  const rows = [];
  const shown = { push: true, sip: true, bridge: true, drivers: false };
  let open = null;
  let follow = true;

  list.addEventListener("scroll", () => {
    follow = list.scrollTop + list.clientHeight > list.scrollHeight - 40;
  });

  function close(back = true) {
    if (!open) return;
    open.setAttribute("aria-expanded", "false");
    if (back) open.focus({ preventScroll: true });
    open = null;
    detail.hidden = true;
    body.classList.remove("reading");
  }

  function read(button, entry) {
    open?.setAttribute("aria-expanded", "false");
    open = button;
    button.setAttribute("aria-expanded", "true");
    text($("ladder-detail-title"), entry.label);
    const way = entry.from === entry.to ? names[entry.from] : `${names[entry.from]} to ${names[entry.to]}`;
    text($("ladder-detail-meta"), `${clock(entry.at).join(":")} · ${way}`);
    paint($("ladder-detail-text"), entry);
    $("ladder-detail-text").scrollTop = 0;
    detail.hidden = false;
    body.classList.add("reading");
    $("ladder-detail-title").focus({ preventScroll: true });
    // On a narrow screen the message covers the lower part: the row it is of stays in sight.
    if (getComputedStyle(detail).position === "fixed") button.scrollIntoView({ block: "start" });
  }

  $("ladder-detail-close").addEventListener("click", () => close());
  body.addEventListener("keydown", (event) => event.key === "Escape" && close());

  for (const kind of Object.keys(shown)) {
    const chip = $(`filter-${kind}`);
    chip.addEventListener("click", () => {
      shown[kind] = !shown[kind];
      chip.setAttribute("aria-pressed", String(shown[kind]));
      for (const item of list.children) item.hidden = !shown[item.dataset.kind];
      if (follow) list.scrollTop = list.scrollHeight;
    });
  }
  $("ladder-clear").addEventListener("click", clear);

  function clear() {
    close(false);
    rows.length = 0;
    list.replaceChildren();
    $("ladder-empty").hidden = false;
  }

  function clock(at) {
    const date = new Date(at);
    const two = (value, length = 2) => String(value).padStart(length, "0");
    return [two(date.getMinutes()), `${two(date.getSeconds())}.${two(date.getMilliseconds(), 3)}`];
  }

  function rung(entry) {
    const [from, to] = [lanes.indexOf(entry.from), lanes.indexOf(entry.to)];
    const [low, high] = [Math.min(from, to), Math.max(from, to)];
    const [left, width] = [10 + 20 * low, 20 * (high - low)];
    const middle = left + width / 2;
    const place = middle < 35 ? "left" : middle > 65 ? "right" : "middle";
    const arrow = make("span", { class: `arrow ${from === to ? "dot" : from < to ? "right" : "left"}` });
    // What the page says to the server goes through the shell's socket, where the shell has it.
    if (entry.via) arrow.append(make("i", { style: `left:${(100 * (10 + 20 * lanes.indexOf(entry.via) - left)) / width}%` }));
    const [minutes, seconds] = clock(entry.at);
    const spoken = from === to ? `at the ${names[entry.from]}` : `from the ${names[entry.from]} to the ${names[entry.to]}`;
    const button = make(
      "button",
      { class: "rung", type: "button", "aria-expanded": "false", "data-testid": "ladder-row", "data-kind": entry.kind, "data-from": entry.from, "data-to": entry.to, "data-label": entry.label },
      make("time", {}, make("span", { class: "minutes" }, `${minutes}:`), seconds),
      make("span", { class: "lanes", style: `--left:${left}%;--width:${width}%` }, make("span", { class: `label ${place}` }, entry.label, make("span", { class: "quiet" }, ` ${spoken}`)), arrow),
    );
    button.addEventListener("click", () => (open === button ? close() : read(button, entry)));
    return make("li", { "data-kind": entry.kind }, button);
  }

  /** Rows of several documents come a little out of order; each takes its place by its time. */
  function add(entry) {
    let index = rows.length;
    while (index > 0 && rows[index - 1].at > entry.at && rows.length - index < 40) index -= 1;
    const item = rung(entry);
    item.hidden = !shown[entry.kind];
    list.insertBefore(item, list.children[index] ?? null);
    rows.splice(index, 0, entry);
    if (rows.length > LIMIT) {
      rows.shift();
      list.firstElementChild.remove();
    }
    $("ladder-empty").hidden = true;
    if (follow) list.scrollTop = list.scrollHeight;
    onRow(entry, rows);
  }

  return { add, rows, clear };
}
