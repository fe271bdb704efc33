// Every suite of the project, in the order in which `make test` runs them: cheap ones first.
// needs: programs (scripts/tools.mjs) without which it is skipped; after: suites that must have passed; counts: false where it is no test runner;
// minutes: its limit, 15 unless said.
import { existsSync } from "node:fs";

const wasm = ["--mode", "no-install"];
const all = [
  { name: "fmt", what: "the Rust code is formatted", counts: false, run: ["cargo", "fmt", "--all", "--check"] },
  {
    name: "clippy",
    what: "clippy on everything native",
    counts: false,
    run: ["cargo", "clippy", "--workspace", "--all-targets", "--", "-D", "warnings"],
  },
  {
    name: "clippy-wasm",
    what: "clippy on what becomes the package",
    counts: false,
    run: ["cargo", "clippy", "--target", "wasm32-unknown-unknown", "--no-default-features", "--features", "browser", "--", "-D", "warnings"],
  },
  { name: "native", what: "unit tests and whole flows on a virtual wire and clock", run: ["cargo", "test", "--workspace"] },
  {
    name: "phone",
    what: "the core compiles for the phone",
    counts: false,
    run: ["cargo", "check", "-p", "sipwake-core", "--target", "aarch64-apple-ios"],
  },
];
export const suites = all.filter((suite) => !suite.where || existsSync(suite.where));
void wasm;
