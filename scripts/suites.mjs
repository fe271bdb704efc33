// Every suite of the project, in the order in which `make test` runs them: cheap ones first.
// needs: programs (scripts/tools.mjs) without which it is skipped; after: suites that must have passed; counts: false where it is no test runner;
// minutes: its limit, 15 unless said.
import { existsSync, readdirSync } from "node:fs";
import { find } from "./tools.mjs";

const wasmTests = (where, ...files) => [
  ...["wasm-pack", "--log-level", "warn", "test", "--mode", "no-install", ...where, ".", "--no-default-features", "--features", "browser,host"],
  ...files.flatMap((file) => ["--test", file]),
];
const clippy = (...more) => ["cargo", "clippy", ...more, "--", "-D", "warnings"];

const source = [
  { name: "fmt", what: "the Rust code is formatted", counts: false, run: ["cargo", "fmt", "--all", "--check"] },
  { name: "clippy", what: "clippy on everything native", counts: false, run: clippy("--workspace", "--all-targets") },
  {
    name: "clippy-wasm",
    what: "clippy on what becomes the package",
    counts: false,
    run: clippy("--target", "wasm32-unknown-unknown", "--no-default-features", "--features", "browser"),
  },
];

// The whole suite is one page, and a driver does not answer while its page computes. In seconds.
const patient = { WASM_BINDGEN_TEST_TIMEOUT: "800" };

const core = [
  { name: "docs", what: "the generated part of the documentation is up to date", counts: false, run: ["bash", "-c", "node scripts/bridge.mjs --check && node scripts/conformance.mjs --check && node scripts/api.mjs --check"] },
  { name: "native", what: "the layers, whole flows on a virtual wire and clock, the embedded server, the order of the house", run: ["cargo", "test", "--workspace"] },
  {
    name: "phone",
    what: "the core compiles for the phone, without the vendor's tools",
    counts: false,
    run: ["cargo", "check", "-p", "sipwake-core", "--target", "aarch64-apple-ios"],
  },
  { name: "edge", what: "the embedded server is built", counts: false, run: ["cargo", "build", "--workspace", "--bins"] },
  { name: "wasm-node", what: "whole flows of the engine, and the exported API, as WebAssembly in Node", run: wasmTests(["--node"], "engine", "wasm_node") },
  {
    name: "wasm-chrome",
    what: "the same in a browser",
    needs: ["chromium", "chromedriver"],
    env: { WASM_BINDGEN_USE_BROWSER: "1", ...patient },
    run: wasmTests(["--headless", "--chrome", "--chromedriver", find("chromedriver") ?? ""], "engine", "wasm_page"),
  },
  {
    name: "wasm-webkit",
    what: "the same in WebKit",
    needs: ["xvfb-run", "WebKitWebDriver", "wasm-bindgen-test-runner"],
    env: {
      WASM_BINDGEN_USE_BROWSER: "1",
      SAFARIDRIVER: find("WebKitWebDriver") ?? "",
      ...patient,
      CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER: "wasm-bindgen-test-runner",
    },
    run: ["xvfb-run", "-a", "cargo", "test", "--target", "wasm32-unknown-unknown", "--no-default-features", "--features", "browser,host", "--test", "engine", "--test", "wasm_page"],
  },
];

const built = [
  { name: "pkg", what: "the package is built", counts: false, run: ["bash", "scripts/pkg.sh"] },
  { name: "js", what: "the package's JavaScript in Node and in pages", where: "tests/js", after: ["pkg", "edge"], needs: ["chromium"], run: nodeTests("tests/js") },
  { name: "sipp", what: "the package in Node against SIPp", where: "tests/sipp", after: ["pkg"], needs: ["sipp"], run: nodeTests("tests/sipp") },
  {
    name: "webkit",
    what: "the package in a web view of WebKitGTK, around the native side: wakes, frozen pages, killed processes",
    where: "tests/webkit",
    after: ["pkg", "edge"],
    needs: ["xvfb-run", "webkitgtk", "kamailio", "openssl"],
    run: nodeTests("tests/webkit"),
  },
  { name: "behaviour", what: "where SIP is difficult: the package, JsSIP and SIP.js against the same far end", where: "tests/behaviour", after: ["pkg"], needs: ["chromium"], run: nodeTests("tests/behaviour") },
  { name: "www", what: "the demo page is built by webpack", where: "webpack.config.js", after: ["pkg"], counts: false, run: ["bash", "scripts/www.sh"] },
];

/** End to end, a suite for each file, so that the table says which: what it needs stands in its name. */
const endToEnd = files("tests/e2e").map((file) => ({
  name: `e2e-${file.replace(".test.mjs", "")}`,
  what: `end to end: tests/e2e/${file}`,
  after: ["www", "edge"],
  needs: ["chromium", ...(file.includes("kamailio") ? ["kamailio", "openssl"] : [])],
  run: nodeTests(`tests/e2e/${file}`),
}));

function files(folder) {
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(".test.mjs")).sort() : [];
}

function nodeTests(path) {
  const paths = path.endsWith(".mjs") ? [path] : files(path).map((name) => `${path}/${name}`);
  // What a failed test leaves open shall not keep the suite from ending.
  return ["node", "--test", "--test-force-exit", "--test-concurrency=1", "--test-reporter=spec", ...paths];
}

export const suites = [...source, ...core, ...built, ...endToEnd].filter((suite) => !suite.where || existsSync(suite.where));
