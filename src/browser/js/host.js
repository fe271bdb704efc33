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

/**
 * The instance id of this tab, so that a reload keeps its binding and two tabs do not share one.
 * @param {string} fresh what to use where there is none yet, or nowhere to keep it
 * @returns {string}
 */
export function tabInstance(fresh) {
  try {
    const key = "sipwake.instance";
    const kept = sessionStorage.getItem(key);
    if (kept?.startsWith("urn:uuid:")) return kept;
    sessionStorage.setItem(key, fresh);
  } catch {}
  return fresh;
}

const stateKey = "sipwake.state";

/** What the page before this one left in this tab. @returns {string | undefined} */
export function keptState() {
  try {
    return sessionStorage.getItem(stateKey) ?? undefined;
  } catch {}
}

/** Leaves this to the next page of this tab. @param {string} state */
export function keepState(state) {
  try {
    sessionStorage.setItem(stateKey, state);
  } catch {}
}

/** What the platform lacks of what a call needs, told to the host: names with commas between. @returns {string} */
export function missing() {
  return ["WebSocket", "RTCPeerConnection", "MediaStream", "Audio"].filter((name) => !(name in globalThis)).join();
}
