// docs/conformance.md: which test proves which section of which RFC. `make docs` writes it; with --check it only compares.
// Read are the comments right above a test whose lines begin "RFC 3261 13.2.2.4: " (several sections of one RFC with commas between):
// in Rust /// above the attributes, in JavaScript // above test(…). What follows the colon says what is right.
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const FILE = "docs/conformance.md";
const FOLDERS = ["src", "tests", "edge", "native", "benches"];
const CLAIM = /^RFC (\d+) ([A-Z0-9][A-Z0-9.]*(?:, [A-Z0-9][A-Z0-9.]*)*)(?:: *(.*))?$/;

function* sources(folder) {
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name);
    if (["target", "node_modules", "run", "pkg", "dist"].includes(name)) continue;
    if (statSync(path).isDirectory()) yield* sources(path);
    else if (/\.(rs|mjs)$/.test(name)) yield path;
  }
}

/** The claims of a comment: its lines that begin with a section; the lines after one go on with it. */
function claimsOf(lines) {
  const claims = [];
  for (const line of lines) {
    const found = CLAIM.exec(line);
    if (found) claims.push({ rfc: Number(found[1]), sections: found[2].split(", "), what: found[3] ?? "" });
    else if (claims.length && line) claims.at(-1).what += ` ${line}`;
  }
  return claims;
}

function* testsOf(path) {
  const rust = path.endsWith(".rs");
  const comment = rust ? /^\s*\/\/\/ ?(.*)$/ : /^\s*\/\/ ?(.*)$/;
  const start = rust ? /^\s*(?:pub )?(?:async )?fn (\w+)/ : /^\s*(?:await )?test\((["'`])(.*?)\1/;
  let lines = [];
  let attributes = [];
  for (const line of readFileSync(path, "utf8").split("\n")) {
    const said = comment.exec(line);
    const begins = start.exec(line);
    if (said) {
      if (attributes.length) lines = [];
      attributes = [];
      lines.push(said[1].trim());
    } else if (rust && /^\s*#\[/.test(line)) {
      attributes.push(line);
    } else {
      const claims = claimsOf(lines);
      const isTest = !rust || attributes.some((attribute) => /\btest\b|wasm_bindgen_test/.test(attribute));
      if (begins && isTest) yield* claims.map((claim) => ({ ...claim, test: begins[rust ? 1 : 2] }));
      lines = [];
      attributes = [];
    }
  }
}

/** The rows that all libraries are judged by, those that are right here. */
function* rowsOf(path, notYet) {
  const missing = JSON.parse(readFileSync(notYet, "utf8"));
  for (const [, id, rfc, what] of readFileSync(path, "utf8").matchAll(/id: "([^"]+)", area: "[^"]+", rfc: "([^"]+)",\s+title: "([^"]+)"/g)) {
    if (missing.includes(id)) continue;
    for (const one of rfc.split("; ")) yield* claimsOf([`RFC ${one}: ${what}`]).map((claim) => ({ ...claim, test: id }));
  }
}

const order = (section) => section.split(".").map((part) => part.padStart(4, "0")).join(".");
const ROWS = "benches/behaviour/rows.mjs";
const found = [
  ...FOLDERS.flatMap((folder) => [...sources(folder)]).flatMap((path) => [...testsOf(path)].map((claim) => ({ ...claim, path }))),
  ...[...rowsOf(ROWS, "tests/behaviour/not-yet.json")].map((claim) => ({ ...claim, path: ROWS })),
];
const entries = found.flatMap(({ rfc, sections, what, test, path }) => sections.map((section) => ({ rfc, section, what, test, path })));
entries.sort((a, b) => a.rfc - b.rfc || order(a.section).localeCompare(order(b.section)) || a.path.localeCompare(b.path) || a.test.localeCompare(b.test));

const cell = (text) => text.replaceAll("|", "\\|");
const rfcs = [...new Set(entries.map(({ rfc }) => rfc))];
const text = [
  "# What the tests prove, section by section",
  "",
  "Written by `make docs` from the comments above the tests; `make test` fails where it is out of date. The tests of `tests/engine` run on a virtual",
  "wire and clock, natively and as WebAssembly; those of `tests/sipp` are scenarios of SIPp; `benches/behaviour` are rows that JsSIP and SIP.js are judged by",
  "as well; `tests/e2e` runs browsers and servers.",
  "",
  `${entries.length} entries, ${new Set(entries.map(({ path, test }) => `${path} ${test}`)).size} tests, ${rfcs.length} RFCs.`,
  ...rfcs.flatMap((number) => [
    "",
    `## RFC ${number}`,
    "",
    "| section | behaviour | test |",
    "| --- | --- | --- |",
    ...entries.filter(({ rfc }) => rfc === number).map(({ section, what, test, path }) => `| ${section} | ${cell(what.trim() || test.replaceAll("_", " "))} | [\`${cell(test)}\`](../${path}) |`),
  ]),
  "",
].join("\n");

if (process.argv.includes("--check")) {
  let there = "";
  try {
    there = readFileSync(FILE, "utf8");
  } catch {
    // Not written yet.
  }
  if (there !== text) {
    console.error(`${FILE} is out of date: run make docs`);
    process.exit(1);
  }
} else {
  writeFileSync(FILE, text);
  console.log(`${FILE}: ${entries.length} entries`);
}
