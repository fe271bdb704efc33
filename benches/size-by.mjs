// What each capability costs in octets of the package: every function of the module goes to the source file that its name is
// from, every source file to one capability. Functions of the standard library are counted where they are made for.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { transform } from "esbuild";
import { isFunction, optimise, reader, sections, small } from "../scripts/compact.mjs";

/** Capabilities, and the modules or files that are theirs; the first that fits. */
const capabilities = [
  ["reading and writing messages", /^(message|sdp)\b/],
  ["digest, bearer tokens, credentials", /^(auth|agent\/credentials)\b/],
  ["transactions", /^transaction\b/],
  ["connections, flows, registration", /^(transport|agent\/(account\w*|binding|regist\w+|recovery|owed))\b/],
  ["forks, early media, PRACK, redirection, Replaces", /^(agent\/(early|reliable|redirect|replaces|progress)|dialog\/reliable)\b/],
  ["hold, UPDATE, session timers, media repair, video", /^(agent\/(modif\w+|modify|repair|session\w*|video)|dialog\/(modification|session_timer))\b/],
  ["transfer", /^(agent\/(transfer|referral)|dialog\/refer)\b/],
  ["subscriptions and publication", /^(agent\/(subscription|notifier|usages|publication)|dialog\/(subscription|notifier))\b/],
  ["MESSAGE, INFO, digits", /^agent\/(messaging|info|dtmf)\b/],
  ["calls, and what all of them share", /^(agent|dialog)\b/],
  ["sleep, push and CallKit", /^wake\b/],
  ["bridge to the native side", /^bridge\b/],
  ["the engine's door", /^(endpoint|io|common)\b/],
  ["sockets, timer, media and host of the page", /^browser\/(driver|sockets|sessions|host|clock)\b/],
  ["JavaScript API in the module", /^browser\b/],
  ["hash functions", /^(md5|sha2|digest|block_buffer)\b/],
  ["allocator", /^rlsf\b/],
];
const library = "standard library and bindings";
const ofScripts = { classes: ["api", "index", "error", "listeners"], "media and host of the page": ["media", "sources", "stats", "host"] };

/** The file that a mangled name is from: our first module in it that is not of the vocabulary, or its crate. @param {string} name */
function file(name) {
  const paths = [...name.matchAll(/(?:^|[^0-9])7sipwake((?:\d+[A-Za-z_]\w*)?)/g)].map(([, rest]) => {
    const parts = [];
    for (let left = rest, length; parts.length < 2 && (length = /^\d+/.exec(left)?.[0]); left = left.slice(length.length + Number(length))) {
      parts.push(left.slice(length.length, length.length + Number(length)));
    }
    return parts.join("/");
  });
  return paths.find((path) => path && !/^(io|common)\b/.test(path)) ?? paths.find(Boolean) ?? /(?:md5|sha2|digest|block_buffer|rlsf)/.exec(name)?.[0] ?? "";
}

/** The bodies of a module's functions with their names, and the octets of all that is no code. @param {Buffer} wasm */
function functionsOf(wasm) {
  let [imported, rest, bodies] = [0, 0, []];
  const names = new Map();
  for (const [id, content] of sections(wasm)) {
    const from = reader(content, 0);
    if (id !== 0 && id !== 10) rest += content.length;
    if (id === 2) for (let left = from.number(); left > 0; left--) imported += (from.name(), from.name(), isFunction(from)) ? 1 : 0;
    if (id === 10) bodies = Array.from({ length: from.number() }, () => from.take(from.number()));
    if (id !== 0 || from.name() !== "name") continue;
    while (from.at() < content.length) {
      const [kind, part] = [from.octet(), reader(from.take(from.number()), 0)];
      if (kind === 1) for (let left = part.number(); left > 0; left--) names.set(part.number(), part.name());
    }
  }
  return { rest, functions: bodies.map((body, index) => ({ body, name: names.get(index + imported) ?? "" })) };
}

/** Rows of capability, octets, and its part of the compressed package. */
export async function measureSizeBy() {
  const folder = "target/size-by";
  mkdirSync(folder, { recursive: true });
  const built = "target/wasm32-unknown-unknown/release/sipwake.wasm";
  execFileSync("wasm-bindgen", ["--target", "web", "--no-typescript", "--no-demangle", "--keep-debug", "--out-dir", folder, built], { stdio: "inherit" });
  optimise(`${folder}/sipwake_bg.wasm`, `${folder}/named.wasm`, ["-g", ...small]);
  const { functions, rest } = functionsOf(readFileSync(`${folder}/named.wasm`));
  const groups = new Map([...capabilities.map(([name]) => [name, []]), [library, []]]);
  for (const { name, body } of functions) groups.get(capabilities.find(([, fits]) => fits.test(file(name)))?.[0] ?? library).push(body);
  const gzip = (octets) => gzipSync(octets, { level: 9 }).length;
  const module = readFileSync("pkg/sipwake_bg.wasm");
  const parts = [...groups].map(([name, bodies]) => ({ name, plain: Buffer.concat(bodies).length, alone: gzip(Buffer.concat(bodies)) }));
  const other = module.length - parts.reduce((sum, { plain }) => sum + plain, 0);
  parts.push({ name: "texts, tables, names", plain: Math.max(other, rest), alone: gzip(module) * (rest / module.length) });
  // What compresses alone to so much has this part of what all compresses to together.
  const scale = gzip(module) / parts.reduce((sum, { alone }) => sum + alone, 0);
  const rows = parts.map(({ name, plain, alone }) => ({ name, plain, gzip: Math.round(alone * scale) }));
  const script = readFileSync("pkg/sipwake.js");
  const scripts = await Promise.all(
    Object.entries(ofScripts).map(async ([name, files]) => {
      const codes = await Promise.all(files.map(async (file) => (await transform(readFileSync(`src/browser/js/${file}.js`, "utf8"), { minify: true })).code));
      const code = codes.join("").replace(/import\b[^;]*;|export\{[^;]*;/g, "");
      return { name: `JavaScript: ${name}`, plain: Buffer.byteLength(code), gzip: gzip(code) };
    }),
  );
  const left = (measure) => scripts.reduce((sum, row) => sum - row[measure], measure === "plain" ? script.length : gzip(script));
  return [...rows.sort((a, b) => b.gzip - a.gzip), ...scripts, { name: "JavaScript: what joins it to the module", plain: left("plain"), gzip: left("gzip") }];
}
