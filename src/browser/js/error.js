// The one error class that applications meet.

/** What went wrong, with a stable code. */
export class SipError extends Error {
  /** @param {string} code @param {string} message @param {string} [field] @param {number} [status] */
  constructor(code, message, field, status) {
    super(message);
    this.code = code;
    if (field !== undefined) this.field = field;
    if (status !== undefined) this.status = status;
  }
}
// On the prototype, so that a minifier's name for the class does not show.
Object.defineProperty(SipError.prototype, "name", { value: "SipError", configurable: true, writable: true });
