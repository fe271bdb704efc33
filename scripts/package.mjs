// Makes pkg/ of what wasm-pack left in target/wasm-pack: the wasm optimised, the glue and src/browser/js joined into one
// file, an entry for Node, the types, package.json with its export conditions.
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { compact, optimise, rename, small, stripped } from "./compact.mjs";
import { types } from "./types.mjs";

const from = "target/wasm-pack";
const source = "src/browser";
const made = JSON.parse(readFileSync(`${from}/package.json`, "utf8"));

rmSync("pkg", { recursive: true, force: true });
mkdirSync("pkg");

if (process.env.SIPWAKE_QUICK === "1") copyFileSync(`${from}/sipwake_bg.wasm`, "pkg/sipwake_bg.wasm");
else optimise(`${from}/sipwake_bg.wasm`, "pkg/sipwake_bg.wasm", [...small, ...stripped]);
const names = compact("pkg/sipwake_bg.wasm");

/** The glue names copies of our modules; all shall be one, or `SipError` would be two classes. */
const oneOfEach = {
  name: "one-of-each",
  setup(build) {
    const glue = resolve(from, "sipwake.js");
    build.onResolve({ filter: /^#glue$/ }, () => ({ path: glue }));
    build.onLoad({ filter: /\/sipwake\.js$/ }, ({ path }) => (path === glue ? { contents: rename(readFileSync(path, "utf8"), names) } : undefined));
    build.onResolve({ filter: /\/snippets\/.*\/src\/browser\/js\/[^/]+\.js$/ }, ({ path }) => ({ path: resolve(source, "js", basename(path)) }));
  },
};
// The glue lists each module once for every block of Rust that names it.
const logOverride = { "duplicate-object-key": "silent" };
const common = { logOverride, format: "esm", target: "es2022", minify: true, charset: "utf8", legalComments: "none", logLevel: "warning" };
await build({
  ...common,
  entryPoints: [`${source}/js/index.js`],
  outfile: "pkg/sipwake.js",
  bundle: true,
  platform: "neutral",
  define: { __VERSION__: JSON.stringify(made.version) },
  plugins: [oneOfEach],
});
await build({ ...common, entryPoints: [`${source}/js/node.js`], outfile: "pkg/node.js" });
await build({ ...common, minify: false, legalComments: "inline", entryPoints: [`${source}/js/media.js`], outfile: "pkg/media.js", bundle: true });
copyFileSync(`${source}/js/media.d.ts`, "pkg/media.d.ts");
writeFileSync("pkg/sipwake.d.ts", types());
const texts = ["LICENSE-MIT", "LICENSE-APACHE", "README.md", "CHANGELOG.md"].filter((name) => existsSync(name));
for (const name of texts) copyFileSync(name, `pkg/${name}`);

writeFileSync(
  "pkg/package.json",
  `${JSON.stringify(
    {
      name: "sipwake",
      version: made.version,
      description: made.description,
      license: made.license,
      type: "module",
      sideEffects: false,
      main: "./sipwake.js",
      module: "./sipwake.js",
      types: "./sipwake.d.ts",
      exports: {
        ".": { types: "./sipwake.d.ts", node: "./node.js", default: "./sipwake.js" },
        "./media": { types: "./media.d.ts", default: "./media.js" },
        "./sipwake_bg.wasm": "./sipwake_bg.wasm",
        "./package.json": "./package.json",
      },
      files: ["media.d.ts", "media.js", "node.js", "sipwake.d.ts", "sipwake.js", "sipwake_bg.wasm", ...texts],
      engines: { node: ">=20" },
      keywords: ["sip", "webrtc", "websocket", "voip", "push", "callkit", "wasm"],
    },
    null,
    2,
  )}\n`,
);

const sizes = ["sipwake_bg.wasm", "sipwake.js"].map((name) => {
  const packed = gzipSync(readFileSync(`pkg/${name}`), { level: 9 }).length;
  return `${name} ${statSync(`pkg/${name}`).size} octets, gzip -9 ${packed}`;
});
console.log(`pkg: ${sizes.join("; ")}`);
