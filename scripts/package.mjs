// Finishes pkg/ after wasm-pack: the entry for Node, package.json with its export conditions, licences.
import { copyFileSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";

const made = JSON.parse(readFileSync("pkg/package.json", "utf8"));
const files = readdirSync("pkg").filter((name) => /^(sipwake(_bg)?\.(js|wasm|d\.ts)|snippets|LICENSE-.*|README\.md)$/.test(name));

// In Node there is nothing to fetch from: the module lies beside this file.
writeFileSync(
  "pkg/node.js",
  `import { readFile } from "node:fs/promises";
import start from "./sipwake.js";
export * from "./sipwake.js";

/** Loads the module beside this file, unless another is given. */
export default async function init(source) {
  return start(source ?? { module_or_path: await readFile(new URL("./sipwake_bg.wasm", import.meta.url)) });
}
`,
);
for (const name of ["LICENSE-MIT", "LICENSE-APACHE", "README.md"]) {
  if (existsSync(name)) copyFileSync(name, `pkg/${name}`);
}
rmSync("pkg/.gitignore", { force: true });
writeFileSync(
  "pkg/package.json",
  `${JSON.stringify(
    {
      name: "sipwake",
      version: made.version,
      description: made.description,
      license: made.license,
      type: "module",
      sideEffects: ["./snippets/*"],
      main: "./sipwake.js",
      module: "./sipwake.js",
      types: "./sipwake.d.ts",
      exports: {
        ".": { types: "./sipwake.d.ts", node: "./node.js", default: "./sipwake.js" },
        "./sipwake_bg.wasm": "./sipwake_bg.wasm",
        "./package.json": "./package.json",
      },
      files: [...new Set([...files, "node.js", "LICENSE-MIT", "LICENSE-APACHE", "README.md"])].sort(),
      engines: { node: ">=20" },
      keywords: ["sip", "webrtc", "websocket", "voip", "push", "callkit", "wasm"],
    },
    null,
    2,
  )}\n`,
);
