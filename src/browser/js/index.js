// The package's door: loads the wasm, and hands out what it exports. scripts/package.mjs joins this, wasm-bindgen's glue
// ("#glue") and the modules beside this one into a single file. Nothing is touched at import.
import load, { Engine, initSync as loadSync, parseMessage as parse } from "#glue";
import { madeBy } from "./api.js";
import { SipError } from "./error.js";

export { Account, Call, Endpoint, Publication, Referral, Subscriber, Subscription, Transfer } from "./api.js";
export { SipError };

/* global __VERSION__ */
/** The package's version. */
export const version = __VERSION__;

/** @type {Promise<void> | undefined} */
let loading;
let ready = false;

/** @param {string} code @param {string} advice */
const failure = (code, advice) => new SipError(code, `${code}: ${advice}`);
const noWasm = () => failure("wasmUnsupported", "there is no WebAssembly here (Lockdown Mode, an old browser)");
const notReady = () => failure("notInitialised", "call and await init() first");
const notLoaded = () => failure("wasmNotLoaded", "the .wasm could not be fetched or is damaged; check its address and the content security policy");

/**
 * Streaming where the browser is willing; whatever it dislikes (the MIME type, a replaced Response), the octets do too.
 * @param {Response} response @param {() => Promise<Response>} again
 */
async function compile(response, again) {
  if (!response.ok && response.type !== "opaque") throw notLoaded();
  try {
    return await WebAssembly.compileStreaming(response);
  } catch {
    const fresh = response.bodyUsed ? await again() : response;
    return WebAssembly.compile(await fresh.arrayBuffer());
  }
}

/** @param {any} source */
async function loadFrom(source) {
  if (typeof WebAssembly === "undefined") throw noWasm();
  try {
    let given = await source;
    if (given && Object.getPrototypeOf(given) === Object.prototype && "module" in given) given = await given.module;
    given ??= new URL("sipwake_bg.wasm", import.meta.url);
    if (typeof given === "string" || given instanceof URL || (typeof Request !== "undefined" && given instanceof Request)) {
      const again = () => fetch(given);
      given = await compile(await again(), again);
    } else if (typeof Response !== "undefined" && given instanceof Response) {
      const copy = given.clone();
      given = await compile(given, async () => copy);
    }
    await load({ module_or_path: given });
    ready = true;
  } catch (error) {
    throw error instanceof SipError ? error : Object.assign(notLoaded(), { cause: error });
  }
}

/**
 * Loads the engine; the second call waits for the first. After a failure it may be tried again.
 * @param {unknown} [source] the .wasm's URL, a Response, its octets or a compiled module; without it: the file beside this one
 * @returns {Promise<void>}
 */
export default function init(source) {
  if (ready) return Promise.resolve();
  loading ??= loadFrom(source).finally(() => (loading = undefined));
  return loading;
}

/**
 * Loads the engine from octets or a compiled module, at once.
 * @param {{ module: BufferSource | WebAssembly.Module } | BufferSource | WebAssembly.Module} source
 */
export function initSync(source) {
  if (ready) return;
  // A second instance would take the place of the first, and strand what the first has made.
  if (loading) throw failure("invalidState", "init() is under way; await it instead of calling initSync()");
  if (typeof WebAssembly === "undefined") throw noWasm();
  try {
    loadSync({ module: /** @type {any} */ (source).module ?? source });
    ready = true;
  } catch (error) {
    throw Object.assign(notLoaded(), { cause: error });
  }
}

madeBy((options, core) => {
  if (!ready) throw notReady();
  return new Engine(options, core);
});

/** @param {string | Uint8Array} message */
export function parseMessage(message) {
  if (!ready) throw notReady();
  return parse(message);
}
