// Runs the suites one after the other and ends with a table: node scripts/test.mjs [suite ...]
// A suite whose programs the machine lacks is skipped and named; with SIPWAKE_STRICT=1 (continuous integration) that is a failure.
// The output of each goes to target/test/SUITE.log and is shown when it fails, or all along with VERBOSE=1.
import { spawn } from "node:child_process";
import { createWriteStream, mkdirSync, readFileSync } from "node:fs";
import { suites } from "./suites.mjs";
import { find } from "./tools.mjs";

const strict = process.env.SIPWAKE_STRICT === "1";
const verbose = process.env.VERBOSE === "1";
const wanted = process.argv.slice(2);
for (const name of wanted) {
  if (!suites.some((suite) => suite.name === name)) {
    console.error(`no suite ${name}; there are: ${suites.map((suite) => suite.name).join(" ")}`);
    process.exit(2);
  }
}
mkdirSync("target/test", { recursive: true });

/** The tests inside a suite that it left out itself. */
function leftOut(text) {
  let skipped = 0;
  for (const [, number] of text.matchAll(/^test result: .* (\d+) ignored/gm)) skipped += Number(number);
  // Node's own sum leaves out the groups that are skipped as a whole.
  skipped += [...text.matchAll(/^\s*﹣ /gm)].length;
  return skipped;
}

/** How many tests the runners in a suite's output say that they ran. */
function counted(text) {
  let passed = 0;
  for (const [, number] of text.matchAll(/^test result: \w+\. (\d+) passed/gm)) passed += Number(number);
  for (const [, number] of text.matchAll(/^(?:#|ℹ) pass (\d+)/gm)) passed += Number(number);
  return passed;
}

function run(suite, log) {
  return new Promise((resolve) => {
    const [program, ...args] = suite.run;
    const child = spawn(program, args, {
      stdio: ["ignore", "pipe", "pipe"],
      detached: true, // leads a group, so that all that it starts ends with it
      env: { ...process.env, CARGO_TERM_COLOR: "never", ...suite.env },
    });
    let text = "";
    let last = "";
    const started = Date.now();
    const out = createWriteStream(log);
    const take = (data) => {
      text += data;
      out.write(data);
      last = String(data).trimEnd().split("\n").at(-1).slice(0, 100) || last;
      if (verbose) process.stdout.write(data);
    };
    const alive = setInterval(() => console.log(`   … ${suite.name} ${Math.round((Date.now() - started) / 1000)} s: ${last}`), 30_000);
    const stop = (signal) => {
      try {
        process.kill(-child.pid, signal);
      } catch {
        // It has ended already.
      }
    };
    const interrupted = () => {
      stop("SIGTERM");
      setTimeout(() => process.exit(130), 1000);
    };
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, interrupted);
    const limit = setTimeout(() => {
      take(`\nstopped: over its limit of ${suite.minutes ?? 15} minutes\n`);
      stop("SIGTERM");
      setTimeout(() => stop("SIGKILL"), 5000).unref();
    }, (suite.minutes ?? 15) * 60_000);
    const end = (code, signal) => {
      clearInterval(alive);
      clearTimeout(limit);
      for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.off(signal, interrupted);
      out.end();
      resolve({ ok: code === 0 && !signal, text });
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);
    child.on("error", (error) => {
      take(`${error.message}\n`);
      end(1);
    });
    child.on("close", end);
  });
}

const results = [];
const failedNames = new Set();
for (const suite of suites) {
  if (wanted.length && !wanted.includes(suite.name)) continue;
  const missing = (suite.needs ?? []).filter((need) => !find(need));
  const after = (suite.after ?? []).find((name) => failedNames.has(name));
  if (missing.length || after) {
    const why = missing.length ? `this machine has no ${missing.join(", no ")}` : `${after} did not pass`;
    results.push({ suite, state: after ? "failed" : "skipped", note: why, seconds: 0 });
    if (after) failedNames.add(suite.name);
    console.log(`-- ${suite.name}: ${after ? "not run" : "skipped"}, ${why}`);
    continue;
  }
  console.log(`-- ${suite.name}: ${suite.what}`);
  const log = `target/test/${suite.name}.log`;
  const started = Date.now();
  const { ok, text } = await run(suite, log);
  const seconds = (Date.now() - started) / 1000;
  const tests = counted(text);
  const empty = ok && suite.counts !== false && tests === 0;
  const state = ok && !empty ? "passed" : "failed";
  if (state === "failed") failedNames.add(suite.name);
  const left = leftOut(text);
  const note = empty ? "ran no test" : !ok ? log : left ? `${left} of its tests skipped` : "";
  results.push({ suite, state: state === "passed" && left ? "partial" : state, seconds, tests, note });
  console.log(`   ${state} after ${seconds.toFixed(1)} s${tests ? `, ${tests} tests` : ""}`);
  if (state === "failed" && !verbose) console.log(readFileSync(log, "utf8").split("\n").slice(-120).join("\n"));
}

const width = Math.max(...results.map(({ suite }) => suite.name.length), 5);
console.log(`\n${"suite".padEnd(width)}  result   seconds  tests`);
for (const { suite, state, seconds, tests, note } of results) {
  const count = tests ? String(tests) : "";
  console.log(`${suite.name.padEnd(width)}  ${state.padEnd(7)}  ${seconds.toFixed(1).padStart(7)}  ${count.padStart(5)}  ${note}`);
}
const number = (state) => results.filter((result) => result.state === state).length;
const partial = number("partial");
const [passed, failed, skipped] = [number("passed") + partial, number("failed"), number("skipped")];
const refused = strict && skipped + partial > 0;
if (refused) console.log("\nSomething was skipped, and this run allows none.");
console.log(`suites: ${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed || refused ? 1 : 0;
