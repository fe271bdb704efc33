// docs/api.md: the manual's part about JavaScript, made of the comments in src/browser/types and src/io/error.rs, and of the first
// lines of docs/examples. `make docs` writes it; with --check it only compares.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { types } from "./types.mjs";

const FILE = "docs/api.md";
const source = types();

/** Every exported declaration with its comment. */
function declarations() {
  const found = [];
  const pattern = /(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n)?export (?:default )?(?:declare )?(class|interface|type|function|const) (\w+)[\s\S]*?(?=\n\n(?:\/\*\*|export|\/\/)|\s*$)/g;
  for (const [text, comment, kind, name] of source.matchAll(pattern)) {
    const code = text.slice(text.indexOf("export "));
    found.push({ name, kind, code, comment: prose(comment ?? "") });
  }
  return found;
}

/** A comment without its stars, and links as names. */
function prose(comment) {
  return comment.split("\n").map((line) => line.replace(/^\s*\*? ?/, "")).join(" ").replace(/\{@link ([\w.]+)\}/g, "`$1`").replace(/\s+/g, " ").trim();
}

const all = declarations();
const events = all.find(({ name }) => name === "EventMap");
const anchor = (title) => title.toLowerCase().replace(/[^\w -]/g, "").replaceAll(" ", "-");
const part = (title, list) => ["", `## ${title}`, ...list.flatMap(({ name, comment, code }) => ["", `### ${name}`, ...(comment ? ["", comment] : []), "", "```ts", code, "```"])];
const of = (...kinds) => all.filter((one) => kinds.includes(one.kind) && one !== events);

const examples = readdirSync("docs/examples").filter((name) => name.endsWith(".ts")).sort();
const first = (name) => /^\/\/ (.*)/.exec(readFileSync(`docs/examples/${name}`, "utf8"))[1];

/** Every code of an error that the engine tells: what it means, and what its message advises. */
function errors() {
  const rust = readFileSync("src/io/error.rs", "utf8");
  const meanings = Object.fromEntries([...rust.matchAll(/((?: {4}\/\/\/ .*\n)+) {4}(\w+),\n/g)].map(([, comment, variant]) => [variant, prose(comment.replaceAll("///", ""))]));
  const advice = Object.fromEntries([...rust.matchAll(/Self::(\w+) => \{?\s*"([^"]{8,}?)"/g)].filter(([, , text]) => text.includes(" ")).map(([, variant, text]) => [variant, text]));
  const names = [...rust.matchAll(/Self::(\w+) => "(\w+)",/g)];
  return names.map(([, variant, name]) => {
    if (!meanings[variant] || !advice[variant]) throw new Error(`nothing is said about the error ${name}`);
    return `| \`${name}\` | ${meanings[variant]} | ${advice[variant]} |`.replaceAll("``", "`");
  });
}

const lines = [
  "# The JavaScript API",
  "",
  "Written by `make docs` from `src/browser/types`; the tests fail where it is out of date. Every promise rejects with a `SipError`, every method may",
  "be called from inside every listener, and nothing is touched at import.",
  "",
  "Contents: [examples](#examples)" + ["Classes", "Events", "Errors", "Options and objects", "Functions"].map((title) => `, [${title.toLowerCase()}](#${anchor(title)})`).join("") + ".",
  "",
  "## Examples",
  "",
  "One for each capability, compiled with `tsc --strict` by the tests.",
  "",
  "| example | what it does |",
  "| --- | --- |",
  ...examples.map((name) => `| [${name.replace(".ts", "")}](examples/${name}) | ${first(name).replaceAll("|", "\\|")} |`),
  ...part("Classes", of("class")),
  ...part("Events", [events]),
  "",
  "## Errors",
  "",
  "The codes of `SipError`; its message says what to do. Three more come from loading: `wasmUnsupported`, `wasmNotLoaded`, `notInitialised`, and `eventsLost` from",
  "events that nobody listened to in time.",
  "",
  "| code | meaning | what to do |",
  "| --- | --- | --- |",
  ...errors(),
  ...part("Options and objects", of("interface", "type")),
  ...part("Functions", of("function", "const")),
  "",
];
const text = lines.join("\n");

if (process.argv.includes("--check")) {
  if (readFileSync(FILE, "utf8") !== text) {
    console.error(`${FILE} is out of date: run make docs`);
    process.exit(1);
  }
} else {
  writeFileSync(FILE, text);
  console.log(`${FILE}: ${all.length} declarations, ${examples.length} examples`);
}
