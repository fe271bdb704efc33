// docs/migration.md and docs/hosting.md: every block of code type-checks against the library that it is written for, ours are the examples, and links lead somewhere.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { access, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { root } from "./support/browser.mjs";

const run = promisify(execFile);
let home, blocks, text;

before(async () => {
  text = await readFile(join(root, "docs/migration.md"), "utf8");
  blocks = [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, block]) => block);
  home = await mkdtemp(join(tmpdir(), "sipwake-migration-"));
  await mkdir(join(home, "node_modules/@types"), { recursive: true });
  await symlink(join(root, "pkg"), join(home, "node_modules/sipwake"));
  for (const name of ["jssip", "sip.js", "@types/node"]) await symlink(join(root, "node_modules", name), join(home, "node_modules", name));
});
after(() => rm(home, { recursive: true, force: true }));

const of = (library) => blocks.filter((block) => new RegExp(`from "${library}`).test(block));

async function check(library, ...more) {
  const names = [];
  for (const [index, block] of of(library).entries()) {
    names.push(`${library.replace(/\W/g, "")}-${index}.ts`);
    await writeFile(join(home, names.at(-1)), block);
  }
  assert.ok(names.length >= 3, library);
  const options = ["--strict", "--noEmit", "--skipLibCheck", "--target", "es2022", "--module", "esnext", "--moduleResolution", "bundler", "--lib", "es2022,dom,dom.iterable", ...more];
  await run(join(root, "node_modules/.bin/tsc"), [...options, ...names], { cwd: home }).catch((error) => assert.fail(error.stdout));
}

test("what the page says of JsSIP is JsSIP's", () => check("jssip", "--types", "node"));
test("what the page says of SIP.js is SIP.js's", () => check("sip.js", "--types", "node"));
test("what the page says of sipwake type-checks, and is an example of the manual", async () => {
  await check("sipwake", "--types", "");
  const folder = join(root, "docs/examples");
  const examples = (await readdir(folder)).filter((name) => name.startsWith("migrate-"));
  const bodies = await Promise.all(examples.map(async (name) => (await readFile(join(folder, name), "utf8")).replace(/^\/\/.*\n/, "")));
  assert.deepEqual(of("sipwake").sort(), bodies.sort());
  for (const name of examples) assert.ok(text.includes(`examples/${name}`), name);
});

test("every option and event of ours that the page names exists, and so do theirs", async () => {
  const types = (await readFile(join(root, "pkg/sipwake.d.ts"), "utf8")) + (await readFile(join(root, "pkg/media.d.ts"), "utf8"));
  const theirs = await Promise.all(
    ["UA.d.ts", "UA.js", "RTCSession.d.ts", "JsSIP.d.ts", "JsSIP.js", "Registrator.d.ts", "Socket.d.ts"].map((name) => readFile(join(root, "node_modules/jssip/lib", name), "utf8")),
  );
  const named = (column) =>
    [...text.matchAll(/^\|(.*)\|$/gm)].map(([, row]) => row.split(/(?<!\\)\|/)).filter((cells) => cells.length === 3).flatMap((cells) => [...(cells[column] ?? "").matchAll(/`(?:\w+\.)*([a-z]\w+)(?:\(|`)/g)].map(([, name]) => name));
  const missing = (names, where) => [...new Set(names)].filter((name) => !new RegExp(`\\b${name}\\b`).test(where));
  assert.ok(named(2).length > 80 && named(0).length > 60, "the tables are read");
  assert.deepEqual(missing(named(2), types), []);
  assert.deepEqual(missing(named(0), [...theirs, "iceServers"].join("\n")), []);
});

test("what both pages link to exists, and every race has its file", async () => {
  for (const page of ["migration.md", "hosting.md"]) {
    const text = await readFile(join(root, "docs", page), "utf8");
    for (const [, link] of text.matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)) await access(join(root, "docs", link)).catch(() => assert.fail(`${page}: ${link}`));
  }
  const hosting = await readFile(join(root, "docs/hosting.md"), "utf8");
  const races = [...hosting.matchAll(/^\| R(\d+) \|.*tests\/scenarios\/r(\d+)_/gm)].map(([, race, file]) => [Number(race), Number(file)]);
  assert.deepEqual(races, Array.from({ length: 16 }, (_, index) => [index + 1, index + 1]));
  for (const name of ["every_scenario_file_is_replayed", "the_table_of_races_has_no_empty_cell"]) {
    assert.match(await readFile(join(root, "tests/engine/scenarios.rs"), "utf8"), new RegExp(`fn ${name}\\(`));
  }
});
