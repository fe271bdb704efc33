// The application's listeners. A listener that throws harms neither the engine nor the others.
import { SipError } from "./error.js";

const names = (
  "connectivity_changed registration_changed registration_expiring call_received call_restored call_changed call_progress call_terminated call_replaced video_requested dtmf_received info_received " +
  "message_received transfer_requested transfer_changed subscription_changed notify_received subscribe_received subscriber_changed " +
  "publication_changed devices_changed device_lost problem host_changed call_wanted account_provisioned " +
  "audio_route_changed audio_interrupted audio_reset audio_activated audio_deactivated app_state_changed trace"
).split(" ");
/** Events that wait for a first listener: more, and the oldest goes. */
const WAITING = 256;
/** Entries of the trace that are kept: more, and the oldest goes. */
const TRACED = 512;

/** @param {unknown} error */
export function report(error) {
  (globalThis.reportError ?? console.error)(error);
}

export class Listeners {
  /** @type {Map<string, Set<Function>>} */
  #listeners = new Map();
  /** Names whose waiting events are about to be told. @type {Set<string>} */
  #late = new Set();
  /** Events that nobody has listened for yet. @type {[string, object][]} */
  #waiting = [];
  /** The last entries of the trace, told or not. @type {{ at: number, kind: string, text: string }[]} */
  #trace = [];
  #lost = false;
  #traced;

  /** @param {boolean} traced whether events and commands are noted */
  constructor(traced) {
    this.#traced = traced;
  }

  /** @param {{ at: number, kind: string, text: string }} entry */
  #keep(entry) {
    if (this.#trace.push(entry) > TRACED) this.#trace.shift();
  }

  /**
   * Notes what was asked for and what happened: names, numbers and states, nothing of persons. It is in the exported trace
   * alone: a listener that asks for something would never hear the end of it.
   * @param {unknown[]} words
   */
  note(...words) {
    if (this.#traced) this.#keep({ at: Date.now(), kind: "note", text: words.filter((word) => word !== undefined && word !== "").join(" ") });
  }

  /** The trace as text. */
  exportTrace() {
    return this.#trace.map(({ at, kind, text }) => `${new Date(at).toISOString()} ${kind} ${text.trimEnd()}\n`).join("\n");
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
    if (name === "trace") this.#keep(/** @type {any} */ (event));
    if (this.#listeners.has(name) && !this.#late.has(name)) this.#tell(name, event);
    else if (name !== "trace" && this.#waiting.push([name, event]) > WAITING && this.#waiting.shift() && !this.#lost) {
      this.#lost = true;
      this.emit("problem", { error: new SipError("eventsLost", "eventsLost: too many events came before their first listener; add listeners right after the start") });
    }
  }

  /** @param {string} name */
  #tellWaiting(name) {
    // One that a listener causes meanwhile waits behind these.
    const told = new Set();
    for (let entry; name === "trace" && (entry = this.#trace.find((entry) => entry.kind !== "note" && !told.has(entry))); told.add(entry)) this.#tell(name, entry);
    for (;;) {
      const index = this.#waiting.findIndex(([n]) => n === name);
      if (index < 0) break;
      const [[, event]] = /** @type {[[string, object]]} */ (this.#waiting.splice(index, 1));
      this.#tell(name, event);
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
