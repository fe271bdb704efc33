// The one error class that applications meet.

/** Header lines as the engine tells them: name and value by turns. @param {string} text */
export function headers(text) {
  const parts = text.split("\n");
  const list = [];
  for (let i = 0; i + 1 < parts.length; i += 2) list.push({ name: parts[i], value: parts[i + 1] });
  return list;
}

/** What went wrong, with a stable code. */
export class SipError extends Error {
  /**
   * @param {string} code @param {string} message @param {string} [field] @param {number} [status] @param {string} [reason]
   * @param {string} [lines] @param {number} [retryAfter]
   */
  constructor(code, message, field, status, reason, lines, retryAfter) {
    super(message);
    this.code = code;
    if (field !== undefined) this.field = field;
    if (status !== undefined) this.status = status;
    if (reason !== undefined) this.reason = reason;
    if (lines !== undefined) this.headers = headers(lines);
    if (retryAfter !== undefined) this.retryAfter = retryAfter;
  }
}
// On the prototype, so that a minifier's name for the class does not show.
Object.defineProperty(SipError.prototype, "name", { value: "SipError", configurable: true, writable: true });
