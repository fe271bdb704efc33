// Writes the figures of target/bench/report.json into the README: node benches/readme.mjs, after `make bench` on a quiet machine.
import { readFileSync, writeFileSync } from "node:fs";

const { size, sizeBy, messages, register, calls, wake, registerSlowed, behaviour, versions, machine, at } = JSON.parse(readFileSync("target/bench/report.json", "utf8"));
const number = (value) => (value === undefined ? "" : value.toLocaleString("en-US"));
const kilobytes = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
const spread = (figure) => (figure ? `${number(figure.median)} (${number(figure.min)} – ${number(figure.max)})` : "");
const names = ["sipwake", "JsSIP", "SIP.js"];
const sizeOf = (name) => size[name === "SIP.js" ? "SIP.js, everything" : name];
const row = (title, cell, floor = "") => `| ${[title, ...names.map(cell), floor].join(" | ")} |`;

const figures = () => [
  `| | sipwake | JsSIP ${versions.JsSIP} | SIP.js ${versions["SIP.js"]} | bare WebSocket |`,
  "| --- | --- | --- | --- | --- |",
  row("script and module, gzip -9", (name) => kilobytes(sizeOf(name).gzip)),
  row("the same, brotli", (name) => kilobytes(sizeOf(name).brotli)),
  row(`reading an INVITE of ${number(messages.octets)} octets from text, per second`, (name) => spread(messages.perSecond[name].read)),
  row("the same from octets", (name) => spread(messages.perSecond[name].readOctets)),
  row("building and writing one, per second", (name) => spread(messages.perSecond[name].write)),
  row("script start to REGISTER out, ms", (name) => spread(register[name].script), spread(register.floor.script)),
  row("navigation to REGISTER out, ms", (name) => spread(register[name].navigation), spread(register.floor.navigation)),
  row("the same above the bare WebSocket of its round, ms", (name) => spread(register[name].navigationAboveFloor), "0"),
  row("cold: navigation to the 200 of a call that waits for the registration, ms", (name) => spread(calls[name].cold)),
  row("warm: INVITE in to the application's event, ms", (name) => spread(calls[name].event)),
  row("warm: `answer()` to the 200 out, ms", (name) => spread(calls[name].answer)),
  "",
  `Medians (least – most); ${at.slice(0, 10)}, ${machine.cores} cores of ${machine.processor}, Node ${machine.node}.`,
].join("\n");

/** A killed phone that is woken, and beside it what is comparable of the others. */
const wakes = () => {
  const both = (figure) => `${number(figure.median)} (${number(figure.max)})`;
  return [
    `| | sipwake | JsSIP ${versions.JsSIP} | SIP.js ${versions["SIP.js"]} | bare WebSocket |`,
    "| --- | --- | --- | --- | --- |",
    `| push in → REGISTER octets out, ms | ${both(wake.register)} |  |  |  |`,
    `| INVITE in → \`call.incoming\` out, ms | ${both(wake.incoming)} |  |  |  |`,
    `| answer in → 200 out, ms | ${both(wake.answer)} |  |  |  |`,
    row("a bare page, as slow: navigation → REGISTER octets out, ms", (name) => both(registerSlowed[name].navigation), both(registerSlowed.floor.navigation)),
    "",
    `Medians (most) of ${wake.register.runs} wakes, against ${wake.server === "kamailio" ? "Kamailio" : "the embedded server"}; ${at.slice(0, 10)}.`,
  ].join("\n");
};

/** What each library does where SIP is difficult; the reason stands with what is not right. */
const mark = ({ verdict, why }) => ({ right: "right", absent: "not there", wrong: `**wrong**: ${why}` })[verdict];
const difficult = [
  `| what is right | RFC | sipwake | JsSIP ${versions.JsSIP} | SIP.js ${versions["SIP.js"]} |`,
  "| --- | --- | --- | --- | --- |",
  ...(behaviour ?? []).map(({ title, rfc, verdicts }) => `| ${[title, rfc, ...names.map((name) => mark(verdicts[name]))].join(" | ")} |`),
].join("\n");

/** What each capability costs. */
const costs = [
  "| what it is for | octets | part of the package, gzip -9 |",
  "| --- | --- | --- |",
  ...(sizeBy ?? []).map(({ name, plain, gzip }) => `| ${name} | ${number(plain)} | ${kilobytes(gzip)} |`),
].join("\n");

/** Puts a text between its marks. */
function place(readme, mark, content) {
  const [begin, end] = [`<!-- ${mark} -->`, `<!-- /${mark} -->`];
  const [before, rest] = readme.split(begin);
  const after = rest?.split(end)[1];
  if (after === undefined) throw new Error(`README.md has no place for ${mark}`);
  return `${before}${begin}\n${content}\n${end}${after}`;
}

let readme = readFileSync("README.md", "utf8");
if (size && messages && register && calls) readme = place(readme, "figures", figures());
if (wake && registerSlowed) readme = place(readme, "wakes", wakes());
if (sizeBy) readme = place(readme, "costs", costs);
if (behaviour) readme = place(readme, "behaviour", difficult);
writeFileSync("README.md", readme);
