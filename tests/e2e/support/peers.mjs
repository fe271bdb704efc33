// JsSIP and SIP.js in a page of the tests' browser.
import { build } from "esbuild";
import { join } from "node:path";
import { ROOT, within } from "./process.mjs";

/** The script that gives a page `window.peers`. */
export async function bundlePeers() {
  const { outputFiles } = await build({
    entryPoints: [join(ROOT, "tests", "e2e", "support", "peers.page.mjs")], bundle: true, format: "iife", write: false,
    platform: "browser", mainFields: ["browser", "module", "main"], define: { global: "window" }, logLevel: "error",
  });
  return outputFiles[0].text;
}

/**
 * Starts one of the libraries in the page as a user of the server; the verbs are those of peers.page.mjs.
 * @param name how the page keeps it: window[name]
 */
export async function startPeer(page, name, kind, account) {
  await page.evaluate(async ([name_, kind_, account_]) => { window[name_] = await window.peers[kind_](account_); }, [name, kind, account]);
  return new Proxy({}, {
    get: (_, verb) => (verb === "then" ? undefined : (...args) => within(15000, `${kind}: ${verb}`, page.evaluate(
      async ([name_, verb_, args_]) => (await window[name_][verb_](...args_)) ?? null, [name, verb, args]))),
  });
}
