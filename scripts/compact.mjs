// Makes a module and its glue smaller for compressors, and nothing else about them: functions that are alike stand together, and
// what the module and its glue call each other is short.
import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";

// The features that Rust's wasm32 target writes by default, and no others.
const features = ["bulk-memory", "nontrapping-float-to-int", "sign-ext", "mutable-globals", "reference-types", "multivalue"];

/** Passes for what is left when servers compress: nothing is put in line and no value is kept for a second use, both of which hide
 * repetitions. The stack begins at address 0, so that nothing of the program's is in the first KiB. */
export const small = [
  ...["--low-memory-unused", "--zero-filled-memory", ...["-ocimfs", "-aimfs", "-fimfs"].flatMap((limit) => [limit, "0"])],
  ...["--skip-pass=local-cse", "--flatten", "--rereloop", "-Oz", "-Oz"],
];
export const stripped = ["--strip-debug", "--strip-producers", "--strip-target-features"];

/** Runs the optimiser. @param {string} from @param {string} to @param {string[]} passes */
export function optimise(from, to, passes) {
  const program = resolve("node_modules/binaryen/bin/wasm-opt");
  execFileSync(process.execPath, [program, ...features.map((feature) => `--enable-${feature}`), ...passes, from, "-o", to], { stdio: "inherit" });
}

/** Octets that are compared, functions before that count, functions called most that stay in front (their numbers are short). */
const [GRAM, BEFORE, FIRST] = [6, 8, 40];
/** What more functions than this have in common says nothing. */
const COMMON = 64;

/** A number as the format writes it. */
function leb(value) {
  const octets = [];
  for (; value > 127; value >>>= 7) octets.push((value & 127) | 128);
  return Buffer.from([...octets, value]);
}
const text = (string) => Buffer.concat([leb(Buffer.byteLength(string)), Buffer.from(string)]);
const section = (id, content) => Buffer.concat([Buffer.from([id]), leb(content.length), content]);

/** Reads numbers and names from one place on. */
export function reader(octets, at) {
  const number = () => {
    for (let value = 0, shift = 0; ; shift += 7) {
      const octet = octets[at++];
      value += (octet & 127) * 2 ** shift;
      if (octet < 128) return value;
    }
  };
  const take = (length) => octets.subarray(at, (at += length));
  return { number, take, octet: () => octets[at++], name: () => take(number()).toString(), at: () => at };
}

/** The sections of a module: number and content. */
export function sections(wasm) {
  const [from, list] = [reader(wasm, 8), []];
  while (from.at() < wasm.length) list.push([from.octet(), from.take(from.number())]);
  return list;
}

/** Steps over what an import is of; says whether it is a function. */
export function isFunction(from) {
  const kind = from.octet();
  if (kind === 1) from.octet();
  if (kind === 3) from.take(2);
  else {
    const bounds = from.number();
    if (kind !== 0) from.number();
    if (kind !== 0 && bounds & 1) from.number();
  }
  return kind === 0;
}

/** An order of functions in which each comes after those that it has most in common with. @param {Buffer[]} bodies */
function order(bodies) {
  const having = new Map();
  const grams = bodies.map((body, index) => {
    const all = new Set();
    for (let at = 0; at + GRAM <= body.length; at++) all.add(body.readUIntLE(at, GRAM));
    for (const gram of all) having.get(gram)?.push(index) ?? having.set(gram, [index]);
    return all;
  });
  const ordered = [...bodies.keys()].slice(0, FIRST);
  const left = new Set([...bodies.keys()].slice(FIRST));
  while (left.size > 0) {
    const score = new Map();
    ordered.slice(-BEFORE).reverse().forEach((before, distance) => {
      for (const gram of grams[before]) {
        const others = having.get(gram);
        if (others.length > COMMON) continue;
        for (const other of others) if (left.has(other)) score.set(other, (score.get(other) ?? 0) + 1 / (others.length * (distance + 1)));
      }
    });
    const worth = (index) => (score.get(index) ?? 0) / Math.sqrt(grams[index].size + 1);
    const next = [...(score.size > 0 ? score.keys() : left)].reduce((best, index) => (worth(index) > worth(best) ? index : best));
    ordered.push(next);
    left.delete(next);
  }
  return ordered;
}

/**
 * Puts functions that are alike together and shortens names. Returns what has become of the names.
 * @param {string} path
 * @returns {{ imports: Map<string, string>, exports: Map<string, string> }}
 */
export function compact(path) {
  const [imports, exports] = [new Map(), new Map()];
  const short = (names, name) => names.get(name) ?? names.set(name, names.size.toString(36)).get(name);
  let [functions, bodies] = [0, []];
  const changed = sections(readFileSync(path)).map(([id, content]) => {
    const from = reader(content, 0);
    if (id === 2) {
      const list = Array.from({ length: from.number() }, () => {
        const [module, name, start] = [from.name(), from.name(), from.at()];
        if (isFunction(from)) functions++;
        return [text(module), text(module.endsWith("_bg.js") ? short(imports, name) : name), content.subarray(start, from.at())];
      });
      return section(id, Buffer.concat([leb(list.length), ...list.flat()]));
    }
    if (id === 7) {
      const list = Array.from({ length: from.number() }, () => [text(short(exports, from.name())), Buffer.from([from.octet()]), leb(from.number())]);
      return section(id, Buffer.concat([leb(list.length), ...list.flat()]));
    }
    if (id === 10) bodies = Array.from({ length: from.number() }, () => from.take(from.number()));
    return section(id, content);
  });
  // The optimiser orders functions by their names, and by nothing else that could be given to it.
  const named = order(bodies).map((index, place) => [index + functions, String(place).padStart(6, "0")]);
  named.sort(([a], [b]) => a - b);
  const names = Buffer.concat([leb(named.length), ...named.flatMap(([index, name]) => [leb(index), text(name)])]);
  const custom = section(0, Buffer.concat([text("name"), section(1, names)]));
  writeFileSync(`${path}.named`, Buffer.concat([Buffer.from("\0asm\x01\0\0\0"), ...changed, custom]));
  optimise(`${path}.named`, path, ["--reorder-functions-by-name", ...stripped]);
  rmSync(`${path}.named`);
  return { imports, exports };
}

/** The glue with the short names. @param {string} glue @param {ReturnType<typeof compact>} names */
export function rename(glue, { imports, exports }) {
  const members = glue.replace(/^(\s+)(\w+)(: function)/gm, (whole, before, name, after) => (imports.has(name) ? `${before}"${imports.get(name)}"${after}` : whole));
  return members.replace(/\bwasm\.(\w+)/g, (whole, name) => (exports.has(name) ? `wasm[${JSON.stringify(exports.get(name))}]` : whole));
}
