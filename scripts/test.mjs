// Runs the suites one after the other and ends with a table: node scripts/test.mjs [suite ...]
// A suite whose programs the machine lacks is skipped and named; with SIPWAKE_STRICT=1 (continuous integration) that is a failure.
// What drives browsers and servers depends on the machine's load: such a suite that fails runs once more, and where it passes then
// it is called unsteady, with the log of the failure kept. It does not fail the run, but it is a flaw to be looked for.
// The output of each goes to target/test/SUITE.log and is shown when it fails, or all along with VERBOSE=1.
import { spawn } from "node:child_process";
import { createWriteStream, mkdirSync, readFileSync, renameSync } from "node:fs";
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

/** The end of a log, where a runner says what failed. */
const tail = (log) => readFileSync(log, "utf8").split("\n").slice(-120).join("\n");

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
  let { ok, text } = await run(suite, log);
  const unsteady = !ok && suite.needs && `target/test/${suite.name}.first.log`;
  if (unsteady) {
    renameSync(log, unsteady);
    console.log(`   failed after ${((Date.now() - started) / 1000).toFixed(1)} s, and runs once more; its log: ${unsteady}`);
    console.log(tail(unsteady));
    ({ ok, text } = await run(suite, log));
  }
  const seconds = (Date.now() - started) / 1000;
  const tests = counted(text);
  const empty = ok && suite.counts !== false && tests === 0;
  const state = ok && !empty ? "passed" : "failed";
  if (state === "failed") failedNames.add(suite.name);
  const left = leftOut(text);
  const note = empty ? "ran no test" : !ok ? log : [unsteady && `unsteady: ${unsteady}`, left && `${left} of its tests skipped`].filter(Boolean).join(", ");
  results.push({ suite, unsteady: state === "passed" && unsteady, state: state === "passed" && left ? "partial" : state, seconds, tests, note });
  console.log(`   ${state} after ${seconds.toFixed(1)} s${tests ? `, ${tests} tests` : ""}`);
  if (state === "failed" && !verbose) console.log(tail(log));
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
const again = results.filter(({ unsteady }) => unsteady).length;
console.log(`suites: ${passed} passed${again ? ` (${again} of them unsteady: at the second attempt)` : ""}, ${failed} failed, ${skipped} skipped`);
process.exitCode = failed || refused ? 1 : 0;
