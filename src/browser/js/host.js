// The way to the native side: WKWebView's message handler, or a port that another shell hands over.

/** Does nothing. */
export const ignore = () => {};

/**
 * Opens the way to the host. Texts that come are given to `receive`.
 * @param {unknown} choice "auto", "none" or a port `{ post(text), onmessage }`
 * @param {(text: string) => void} receive
 * @returns {{ post(text: string): void, close(): void } | undefined | null} null: no host; undefined: not a usable choice
 */
export function openHost(choice, receive) {
  let closed = false;
  const take = (/** @type {any} */ message) => {
    const text = typeof message === "string" ? message : message?.data;
    if (typeof text === "string" && !closed) receive(text);
    return true;
  };
  // What a channel's promise or exception says is of no use here: what is not acknowledged is sent again.
  const quietly = (/** @type {() => any} */ action) => {
    try {
      action()?.catch?.(ignore);
    } catch {}
  };
  if (choice === "none") return null;
  if (choice === undefined || choice === "auto") {
    const handler = globalThis.webkit?.messageHandlers?.sipwake;
    if (!handler) return null;
    const before = globalThis.sipwake;
    const ours = (globalThis.sipwake = { ...before, receive: take });
    return {
      post: (text) => quietly(() => handler.postMessage(text)),
      // Another endpoint may have taken over since; what it listens to stays.
      close() {
        closed = true;
        if (globalThis.sipwake === ours) globalThis.sipwake = before;
      },
    };
  }
  const port = /** @type {any} */ (choice);
  if (typeof port?.post !== "function") return undefined;
  port.onmessage = take;
  return {
    post: (text) => quietly(() => port.post(text)),
    close() {
      closed = true;
      if (port.onmessage === take) port.onmessage = null;
    },
  };
}

/** What `sessionStorage` has under this name. @param {string} name */
function kept(name) {
  try {
    return sessionStorage.getItem(name) ?? undefined;
  } catch {}
}

/** @param {string} name @param {string} value */
function keep(name, value) {
  try {
    sessionStorage.setItem(name, value);
  } catch {}
}

/** Places of this tab that endpoints of this page have. @type {Set<number>} */
const places = new Set();
/** How long the page before this one may take to go, in milliseconds. */
const LEAVING_MS = 300;

/**
 * Has this instance for itself as long as the page lives. Resolves with what gives it back; null: another page has it, for a
 * browser copies the storage of a tab that is duplicated.
 * @param {string | undefined} instance @returns {Promise<(() => void) | null>}
 */
function claim(instance) {
  const locks = globalThis.navigator?.locks;
  if (!instance || !locks) return Promise.resolve(ignore);
  return new Promise((resolve) => {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), LEAVING_MS);
    const have = () => new Promise((/** @type {(value?: unknown) => void} */ release) => (clearTimeout(timer), resolve(release)));
    locks.request(`sipwake ${instance}`, { signal: late.signal }, have).catch(({ name }) => resolve(name === "AbortError" ? null : ignore));
  });
}

/** What an endpoint leaves in its tab for the one that has its place after a reload: two endpoints, or two tabs, never share one. */
class Tab {
  #place;
  #release;
  #closed = false;

  /** @param {number} place @param {() => void} release */
  constructor(place, release) {
    this.#place = place;
    this.#release = release;
  }

  /** @param {string} what */
  #name(what) {
    return nameOf(this.#place, what);
  }

  /** The instance id. @param {string} fresh what to use where there is none yet, or nowhere to keep it @returns {string} */
  instance(fresh) {
    const before = kept(this.#name("instance"));
    if (before?.startsWith("urn:uuid:")) return before;
    keep(this.#name("instance"), fresh);
    void claim(fresh).then((release) => {
      if (this.#closed) release?.();
      else this.#release = release ?? ignore;
    });
    return fresh;
  }

  /** What the page before this one left. */
  state() {
    return kept(this.#name("state"));
  }

  /** Leaves this to the next page. @param {string} state */
  keep(state) {
    keep(this.#name("state"), state);
  }

  close() {
    if (this.#closed) return;
    this.#closed = true;
    places.delete(this.#place);
    this.#release();
  }
}

/** @param {number} place @param {string} what */
const nameOf = (place, what) => (place ? `sipwake.${place}.${what}` : `sipwake.${what}`);

/** The first place of this tab that nobody has. @returns {Promise<Tab>} */
export async function openTab() {
  for (let place = 0; ; place++) {
    if (places.has(place)) continue;
    places.add(place);
    const release = await claim(kept(nameOf(place, "instance")));
    if (release) return new Tab(place, release);
    places.delete(place);
  }
}

/** What the platform lacks of what a call needs, told to the host: names with commas between. @returns {string} */
export function missing() {
  return ["WebSocket", "RTCPeerConnection", "MediaStream", "Audio"].filter((name) => !(name in globalThis)).join();
}
