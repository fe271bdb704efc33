// What a page has to load: each package bundled and minified by esbuild, and compressed as servers do.
import { readFileSync } from "node:fs";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { build } from "esbuild";

const entries = {
  JsSIP: 'import JsSIP from "jssip"; globalThis.JsSIP = JsSIP;',
  "SIP.js, everything": 'import * as SIP from "sip.js"; globalThis.SIP = SIP;',
  "SIP.js, core classes": 'import { UserAgent, Registerer, Inviter, Invitation } from "sip.js"; globalThis.SIP = { UserAgent, Registerer, Inviter, Invitation };',
  sipwake: 'import init, * as sipwake from "./pkg/sipwake.js"; globalThis.sipwake = { init, ...sipwake };',
};

/** One minified bundle of an entry's text. */
export async function bundle(contents, format = "esm") {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: process.cwd() },
    bundle: true,
    minify: true,
    write: false,
    format,
    target: "safari15",
    define: { "process.env.NODE_ENV": '"production"' },
    logLevel: "error",
  });
  return outputFiles[0].contents;
}

function sizes(parts) {
  const sum = (measure) => parts.reduce((total, part) => total + measure(part), 0);
  return {
    plain: sum((part) => part.length),
    gzip: sum((part) => gzipSync(part, { level: 9 }).length),
    brotli: sum((part) => brotliCompressSync(part, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: part.length } }).length),
  };
}

/** Bytes of every package: plain, gzip -9, brotli; ours is script and module together. */
export async function measureSizes() {
  const measured = {};
  for (const [name, contents] of Object.entries(entries)) {
    const parts = [await bundle(contents)];
    if (name === "sipwake") parts.push(readFileSync("pkg/sipwake_bg.wasm"));
    measured[name] = sizes(parts);
    if (name === "sipwake") measured["sipwake, module alone"] = sizes(parts.slice(1));
  }
  return measured;
}
