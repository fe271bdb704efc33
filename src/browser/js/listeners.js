// The application's listeners. A listener that throws harms neither the engine nor the others.
import { SipError } from "./error.js";

const names = ["connectivity_changed", "registration_changed", "call_received", "call_changed", "call_terminated", "problem", "host_changed", "trace"];

/** @param {unknown} error */
function report(error) {
  (globalThis.reportError ?? console.error)(error);
}

export class Listeners {
  /** @type {Map<string, Set<Function>>} */
  #listeners = new Map();
  /** Names whose waiting events are about to be told. @type {Set<string>} */
  #late = new Set();
  /** Events that nobody has listened for yet; trace entries apart, they are many. @type {[string, object][]} */
  #waiting = [];
  /** @type {[string, object][]} */
  #trace = [];
  #lost = false;
  #limit;
  #traceLimit;

  /** @param {number} limit @param {number} traceLimit */
  constructor(limit, traceLimit) {
    this.#limit = limit;
    this.#traceLimit = traceLimit;
  }

  /** @param {string} name @param {Function} listener @returns {() => void} */
  on(name, listener) {
    if (!names.includes(name)) throw new SipError("invalidOption", "there is no event of this name", "name");
    if (typeof listener !== "function") throw new SipError("invalidOption", "a listener must be a function", "listener");
    const list = this.#listeners.get(name);
    if (list) {
      list.add(listener);
    } else {
      this.#listeners.set(name, new Set([listener]));
      this.#late.add(name);
      queueMicrotask(() => this.#tellWaiting(name));
    }
    return () => this.off(name, listener);
  }

  /** @param {string} name @param {Function} listener */
  off(name, listener) {
    this.#listeners.get(name)?.delete(listener);
  }

  /** @param {string} name @param {object} event */
  emit(name, event) {
    if (this.#listeners.has(name) && !this.#late.has(name)) this.#tell(name, event);
    else if (name === "trace") this.#keep(this.#trace, name, event, this.#traceLimit);
    else if (this.#keep(this.#waiting, name, event, this.#limit) && !this.#lost) {
      this.#lost = true;
      this.emit("problem", { error: new SipError("eventsLost", "eventsLost: too many events came before their first listener; add listeners right after the start") });
    }
  }

  /** @param {[string, object][]} list @param {string} name @param {object} event @param {number} limit */
  #keep(list, name, event, limit) {
    list.push([name, event]);
    return list.length > limit && list.shift() !== undefined;
  }

  /** @param {string} name */
  #tellWaiting(name) {
    // One that a listener causes meanwhile waits behind these.
    for (const list of [this.#waiting, this.#trace]) {
      for (;;) {
        const index = list.findIndex(([n]) => n === name);
        if (index < 0) break;
        const [[, event]] = /** @type {[[string, object]]} */ (list.splice(index, 1));
        this.#tell(name, event);
      }
    }
    this.#late.delete(name);
  }

  /** @param {string} name @param {object} event */
  #tell(name, event) {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        const result = listener(event);
        // An async listener fails later, and is reported like the others.
        if (result instanceof Promise) result.catch(report);
      } catch (error) {
        report(error);
      }
    }
  }
}
