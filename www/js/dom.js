// The little that all documents share: finding elements, time as text, sending rows to the ladder.

/** The element with this test id. Each document has each id once. */
export const $ = (id, root = document) => root.querySelector(`[data-testid="${id}"]`);

/** Sets text only where it differs, so that live regions speak once. */
export function text(element, value) {
  if (element.textContent !== value) element.textContent = value;
}

/** Runs a change; if it hid the focused element of `root`, the first button that is left gets the focus, so that nobody loses their place. */
export function keepFocus(root, change) {
  const before = document.activeElement;
  const inside = before !== null && root.contains(before);
  change();
  if (!inside || (before.isConnected && before.checkVisibility() && !before.disabled)) return;
  const next = [...root.querySelectorAll("button:not(:disabled)")].find((button) => button.checkVisibility());
  next?.focus({ preventScroll: true });
}

/** An element with attributes, properties and children. */
export function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    else if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

/** `0:07`, `12:31`, `1:02:03`. */
export function duration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (value) => String(value).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

const letters = { 2: "ABC", 3: "DEF", 4: "GHI", 5: "JKL", 6: "MNO", 7: "PQRS", 8: "TUV", 9: "WXYZ", 0: "+" };

/** Fills a keypad. */
export function keypad(element, onKey) {
  for (const key of ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"]) {
    const label = { "*": "Star", "#": "Hash" }[key];
    const small = make("small", { "aria-hidden": "true" }, letters[key] ?? "");
    element.append(make("button", { type: "button", "aria-label": label, "data-testid": `key-${key}`, onclick: () => onKey(key) }, key, small));
  }
}

/** A name to show for a SIP URI and perhaps a display name. */
export function who(uri = "", name = "") {
  if (name) return name;
  const user = /^(?:sips?|tel):([^@;]+)/i.exec(uri)?.[1] ?? uri;
  try {
    return decodeURIComponent(user) || "Unknown";
  } catch {
    return user;
  }
}

/** One or two letters for a picture. */
export const initials = (name) => name.split(/[\s._-]+/).filter(Boolean).slice(0, 2).map((word) => word[0].toUpperCase()).join("");

const outcomes = {
  completed: "Call ended",
  answeredElsewhere: "Answered on another device",
  declinedElsewhere: "Declined on another device",
  missed: "Missed call",
  busy: "Busy",
  declined: "Declined",
  cancelled: "Cancelled",
  networkLost: "The connection was lost",
  failed: "The call failed",
};

/** An outcome in words. */
export function outcomeText(outcome) {
  const words = outcomes[outcome?.kind] ?? "Call ended";
  return outcome?.status && outcome.kind === "failed" ? `${words} (${outcome.status})` : words;
}

const registrations = {
  registered: "Registered",
  registering: "Registering",
  unregistering: "Signing off",
  unregistered: "Not registered",
  failed: "Not registered",
};

/** Shows a registration in its pill. */
export function showRegistration(element, registration) {
  const state = registration?.state ?? "unregistered";
  element.dataset.state = state;
  text(element, registrations[state] ?? state);
}

const rows = [];

/** Every row this document has sent, for tests and for documents that stand alone. */
export const ladder = rows;

/**
 * Sends one row to the ladder. `from` and `to` are of `page`, `shell`, `push`, `server`, `web`; what may not be shown
 * must be out of `text` already.
 */
export function row(kind, from, to, text, at = Date.now(), label = "", via = "") {
  const entry = { at, kind, from, to, label, text, via };
  rows.push(entry);
  if (rows.length > 2000) rows.shift();
  if (window.top !== window) window.top.postMessage({ sipwake: "row", entry }, "*");
}

/** Tells the outer page something small about this document. */
export function tell(what) {
  if (window.top !== window) window.top.postMessage({ sipwake: "state", ...what }, "*");
}
