// `make bench`: every figure of the product beside its peers in the same run. Prints tables, writes target/bench/report.json.
// node benches/run.mjs [size] [messages] [register] [calls] [wake] [behaviour] runs only these. ROUNDS=n: rounds in the browser; WAKES=n: cold wakes.
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { find } from "../scripts/tools.mjs";
import { behaviourTable, measureBehaviour } from "./behaviour.mjs";
import { callsTable, measureCalls } from "./calls.mjs";
import { measureMessages } from "./messages.mjs";
import { measureRegister } from "./register.mjs";
import { measureSizeBy } from "./size-by.mjs";
import { measureSizes } from "./size.mjs";
import { table } from "./stats.mjs";
import { SLOWED, lacksWake, measureWake, wakeTable } from "./wake.mjs";

const asked = process.argv.slice(2);
const wants = (name) => asked.length === 0 || asked.includes(name);
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")).version;
const report = {
  at: new Date().toISOString(),
  machine: { cores: cpus().length, processor: cpus()[0]?.model.trim(), node: process.version, load: loadavg().map((value) => Number(value.toFixed(2))) },
  versions: { JsSIP: version("jssip"), "SIP.js": version("sip.js"), esbuild: version("esbuild"), binaryen: version("binaryen") },
};
const say = (title, text) => console.log(`\n${title}\n\n${text}`);

if (wants("size")) {
  report.size = await measureSizes();
  say(
    "Size in bytes (esbuild --bundle --minify, target safari15; ours: script and module)",
    table(["", "minified", "gzip -9", "brotli"], Object.entries(report.size).map(([name, { plain, gzip, brotli }]) => [name, plain, gzip, brotli])),
  );
  report.sizeBy = await measureSizeBy();
  say("What each capability costs: octets, and its part of the compressed package", table(["", "octets", "gzip -9"], report.sizeBy.map(({ name, plain, gzip }) => [name, plain, gzip])));
}
if (wants("messages")) {
  execFileSync("bash", ["benches/wasm/build.sh"], { stdio: ["ignore", "inherit", "inherit"] });
  report.messages = await measureMessages();
  const rate = (figure) => (figure ? `${figure.median.toLocaleString("en-US")} (${figure.min.toLocaleString("en-US")} – ${figure.max.toLocaleString("en-US")})` : undefined);
  say(
    `One INVITE of ${report.messages.octets} octets in Node ${process.version}: messages per second, median of 5 (least – most)`,
    table(["", "read, from text", "read, from octets", "build and write"], Object.entries(report.messages.perSecond).map(([name, { read, readOctets, write }]) => [name, rate(read), rate(readOctets), rate(write)])),
  );
}
if (wants("register")) {
  if (find("chromium")) {
    report.register = await measureRegister();
    const figure = (value) => (value ? `${value.median} (${value.min} – ${value.max})` : undefined);
    say(
      `Start of a page to REGISTER octets out, Chromium, empty profile each time: ms, median of ${report.register.floor.script.runs} (least – most)`,
      table(
        ["", "from script start", "… above the floor", "from navigation", "… above the floor"],
        Object.entries(report.register).map(([name, times]) => [name, figure(times.script), figure(times.scriptAboveFloor), figure(times.navigation), figure(times.navigationAboveFloor)]),
      ),
    );
  } else console.log("\nNo Chromium: the time to REGISTER is not measured.");
}
if (wants("calls")) {
  if (find("chromium")) {
    report.calls = await measureCalls();
    say("An incoming call that is answered at once, Chromium: ms, median (least – most)", callsTable(report.calls));
  } else console.log("\nNo Chromium: incoming calls are not measured.");
}
if (wants("wake")) {
  if (!lacksWake) {
    report.wake = await measureWake();
    say(
      `${report.wake.register.runs} cold wakes of a killed phone, the processor slowed ${SLOWED} times, against ${report.wake.server}: ms`,
      wakeTable(report.wake),
    );
    report.registerSlowed = await measureRegister({ slowed: SLOWED });
    say(
      "Beside them, as slow: navigation of a bare page to REGISTER octets out, ms",
      table(["", "median", "most"], Object.entries(report.registerSlowed).map(([name, { navigation }]) => [name, navigation.median, navigation.max])),
    );
  } else console.log(`\nCold wakes are not measured: ${lacksWake}.`);
}
if (wants("behaviour")) {
  if (find("chromium")) {
    report.behaviour = await measureBehaviour();
    say("Where SIP is difficult: what each library does, by what was on the wire", behaviourTable(report.behaviour));
  } else console.log("\nNo Chromium: behaviour is not judged.");
}
mkdirSync("target/bench", { recursive: true });
writeFileSync("target/bench/report.json", `${JSON.stringify(report, null, 2)}\n`);
console.log("\ntarget/bench/report.json");
