// How long an incoming call takes, in Chromium: of a page that was just opened, and of one that has had calls before. A page answers
// as soon as its library tells it of the call; every round runs all libraries. No part of a call leaves this machine.
import { build } from "esbuild";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { serveFolder, startBrowser } from "../tests/e2e/support/browser.mjs";
import { ROOT, until, within } from "../tests/e2e/support/process.mjs";
import { DOMAIN, PASSWORD, Script, USER, sdp } from "./behaviour/server.mjs";
import { summary, table } from "./stats.mjs";

const LIBRARIES = ["sipwake", "JsSIP", "SIP.js"];
const now = () => performance.timeOrigin + performance.now();

/** The pages, each library in a file of its own that is loaded when it is asked for. */
async function pages() {
  const { outputFiles } = await build({
    entryPoints: [join(ROOT, "benches", "calls", "page.mjs")], bundle: true, splitting: true, minify: true, format: "esm", outdir: "/calls", write: false, platform: "browser",
    mainFields: ["browser", "module", "main"], define: { global: "window" }, logLevel: "error",
  });
  const page = "<!doctype html><meta charset=utf-8><title>calls</title><script type=module src=calls/page.js></script>";
  return serveFolder(ROOT, { "/calls.html": page, ...Object.fromEntries(outputFiles.map(({ path, text }) => [path, text])) });
}

/** One browser with an empty profile: the first call as soon as it is registered, then `warm` more. */
async function once(files, library, warm) {
  const far = await Script.start();
  const browser = await startBrowser({ fakeDevice: true });
  browser.expect(/.*/s);
  try {
    const page = await browser.context.newPage();
    await page.goto(`${files.url}/calls.html#${encodeURIComponent(JSON.stringify({ library, url: far.url, user: USER, password: PASSWORD, domain: DOMAIN }))}`);
    far.accept(await far.next("REGISTER", 20_000));
    const [calls, begin] = [[], await page.evaluate(() => performance.timeOrigin)];
    for (let i = 0; i <= warm; i += 1) {
      const invited = now();
      const invite = far.request("INVITE", { body: sdp({ type: "offer" }) });
      const final = await far.final(invite, 20_000);
      if (final.status !== 200) throw new Error(`${library} answered with ${final.status}`);
      const to = final.header("to");
      const rest = { uri: /<([^>]+)>/.exec(final.header("contact"))[1], from: invite.from, to, callId: invite.callId };
      far.request("ACK", rest);
      const heard = await page.evaluate((i) => window.calls[i], i);
      calls.push({ fromNavigation: final.at - begin, toEvent: heard - invited, toAnswer: final.at - heard });
      await far.final(far.request("BYE", { ...rest, cseq: 2 }));
      await until("the page does not hear of the end", () => page.evaluate((n) => window.phone.events.filter(({ type }) => type === "ended").length > n, i), 10_000, 20);
    }
    return calls;
  } finally {
    await browser.stop();
    await far.stop();
  }
}

/** Of each library: ms from navigation to the 200 of the first call, and of later ones INVITE in → event and answer() → 200 out. */
export async function measureCalls({ rounds = Number(process.env.ROUNDS ?? 10), warm = 5 } = {}) {
  const files = await pages();
  const runs = LIBRARIES.map(() => []);
  try {
    for (let round = -1; round < rounds; round += 1) {
      for (const index of LIBRARIES.keys()) {
        const turn = (index + Math.max(round, 0)) % LIBRARIES.length;
        const calls = await within(90_000, `the calls of ${LIBRARIES[turn]}`, once(files, LIBRARIES[turn], warm));
        // The first round only warms the disk.
        if (round >= 0) runs[turn].push(calls);
      }
      process.stderr.write(`  round ${round + 1} of ${rounds}\n`);
    }
  } finally {
    await files.stop();
  }
  return Object.fromEntries(
    LIBRARIES.map((library, index) => {
      const later = runs[index].flatMap((calls) => calls.slice(1));
      return [library, { cold: summary(runs[index].map(([first]) => first.fromNavigation)), event: summary(later.map(({ toEvent }) => toEvent)), answer: summary(later.map(({ toAnswer }) => toAnswer)) }];
    }),
  );
}

/** The table for people. */
export function callsTable(calls) {
  const figure = ({ median, min, max }) => `${median} (${min} – ${max})`;
  return table(
    ["", "navigation → 200 out", "INVITE in → event", "answer → 200 out"],
    Object.entries(calls).map(([library, { cold, event, answer }]) => [library, figure(cold), figure(event), figure(answer)]),
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) console.log(callsTable(await measureCalls()));
