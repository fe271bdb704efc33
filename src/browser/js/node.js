// The door for Node: the same package, but the wasm comes from the file system.
import { readFile } from "node:fs/promises";
import initPage from "./sipwake.js";

export * from "./sipwake.js";

/**
 * @param {any} [source] as in a page; a `file:` URL or nothing reads from the file system
 * @returns {Promise<void>}
 */
export default async function init(source) {
  let given = await source;
  const url = given === undefined ? new URL("./sipwake_bg.wasm", import.meta.url) : String(given).startsWith("file:") ? new URL(given) : undefined;
  if (url) given = await readFile(url).catch(() => new Uint8Array());
  return initPage(given);
}
