// How long a phone takes that was killed and is woken by a push, in Chromium with its processor slowed. Every wake is in a browser with
// an empty profile: nothing that an earlier one read, compiled or kept is there. The host is the simulated phone, which runs already, as
// the system's part of a phone does; the page, with the package in it, is loaded for the push. The server is Kamailio.
import { randomBytes, randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { hasChromium, serveFolder, startBrowser } from "../tests/e2e/support/browser.mjs";
import { hasEdge } from "../tests/e2e/support/edge.mjs";
import { hasKamailio } from "../tests/e2e/support/kamailio.mjs";
import { ROOT, until, within } from "../tests/e2e/support/process.mjs";
import { startPush } from "../tests/e2e/support/push.mjs";
import { startRelay } from "../tests/e2e/support/relay.mjs";
import { startServer } from "../tests/e2e/support/scenario.mjs";
import { Ua } from "../tests/e2e/support/ua.mjs";
import { summary, table } from "./stats.mjs";

const DIST = join(ROOT, "www", "dist");
/** How many times slower the page's own thread runs. */
export const SLOWED = 4;

/** Why no wake can be measured here, or false. */
export const lacksWake = !hasChromium ? "no Chromium" : !existsSync(join(DIST, "phone.html")) ? "no demo page (make www)" : !hasKamailio && !hasEdge ? "neither Kamailio nor the embedded server" : false;

const final = (status, method) => (text) => text.startsWith(`SIP/2.0 ${status} `) && new RegExp(`CSeq: \\d+ ${method}`).test(text);

/** A phone that registered once, went to sleep and was killed: what is left of it are its token here and its entry at the server. */
async function leave(server) {
  const phone = { token: randomBytes(32).toString("hex"), instance: `urn:uuid:${randomUUID()}` };
  const ua = await Ua.connect(server, { user: "bob", instance: phone.instance });
  const uriParams = `app-id=dev.sipwake.phone;pn-voip-tok=${phone.token}`;
  for (const expires of [600, 0]) {
    const { status } = await ua.register({ expires, uriParams });
    if (status !== 200) throw new Error(`the phone could not register: ${status}`);
  }
  await ua.close();
  return phone;
}

/** The user has no phone any more. */
async function forget(server) {
  const ua = await Ua.connect(server, { user: "bob" });
  await ua.register({ contact: "*", expires: 0 });
  await ua.close();
}

/** One wake: ms from push to REGISTER, from INVITE to `call.incoming`, from the user's answer to the 200. */
async function once({ server, push, files, alice }) {
  const phone = await leave(server);
  const relay = await startRelay(server.wsUrl);
  const browser = await startBrowser();
  browser.expect(/.*/s);
  try {
    const page = await browser.context.newPage();
    await page.addInitScript(({ token, instance }) => {
      localStorage.setItem("sipwake.phone.token", token);
      localStorage.setItem("sipwake.phone.instance", instance);
      window.heard = [];
      window.addEventListener("message", ({ data }) => {
        if (typeof data?.sipwakeBridge === "string") window.heard.push({ at: Date.now(), type: JSON.parse(data.sipwakeBridge).type });
      });
    }, phone);
    const query = new URLSearchParams({
      server: relay.url, push: push.url, domain: server.domain, caller: `alice:${server.users.alice}`, phone: `bob:${server.users.bob}`, autostart: "0",
    });
    await page.goto(`${files.url}/phone.html?${query}`);
    await page.evaluate(() => window.sipwakeDemo.ready);
    await until("the device hears of pushes", () => push.listening(phone.token));
    const devtools = await browser.context.newCDPSession(page);
    await devtools.send("Emulation.setCPUThrottlingRate", { rate: SLOWED });

    const call = alice.invite(`sip:bob@${server.domain}`);
    const registered = await relay.frame("out", (text) => text.startsWith("REGISTER "), 20_000);
    const invited = await relay.frame("in", (text) => text.startsWith("INVITE "), 20_000);
    await relay.frame("out", final(180, "INVITE"), 20_000);
    const answered = await page.evaluate(() => {
      const at = Date.now();
      window.sipwakeDemo.answer();
      return at;
    });
    const ok = await relay.frame("out", final(200, "INVITE"), 20_000);
    const dialog = await call.answered();
    const [pushed, told] = await page.evaluate(() => [window.sipwakeDemo.pushes[0].at, window.heard.find(({ type }) => type === "call.incoming").at]);
    await dialog.bye();
    return { register: registered.at - pushed, incoming: told - invited.at, answer: ok.at - answered };
  } finally {
    await browser.stop();
    await relay.stop();
    await forget(server);
  }
}

/** The three figures of so many cold wakes. */
export async function measureWake({ wakes = Number(process.env.WAKES ?? 20) } = {}) {
  const ends = [];
  const keep = (thing) => {
    ends.push(() => thing.stop());
    return thing;
  };
  try {
    const push = keep(await startPush());
    const server = keep(await startServer(hasKamailio ? "kamailio" : "edge", push));
    const files = keep(await serveFolder(DIST));
    const alice = await Ua.connect(server, { user: "alice" });
    const runs = [];
    // The first one only warms the disk.
    for (let wake = 0; wake <= wakes; wake += 1) {
      const run = await within(90_000, "a wake", once({ server, push, files, alice }));
      if (wake > 0) runs.push(run);
      if (wake % 5 === 0) process.stderr.write(`  wake ${wake} of ${wakes}\n`);
    }
    await alice.close();
    const of = (name) => summary(runs.map((run) => run[name]), 0);
    return { server: server.kind, slowed: SLOWED, register: of("register"), incoming: of("incoming"), answer: of("answer") };
  } finally {
    for (const end of ends.reverse()) await end();
  }
}

/** The table for people. */
export function wakeTable({ register, incoming, answer }) {
  const figure = ({ median, max }) => [median, max];
  return table(
    ["", "median", "most"],
    [["push in → REGISTER octets out", ...figure(register)], ["INVITE in → call.incoming out", ...figure(incoming)], ["answer in → 200 out", ...figure(answer)]],
  );
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) console.log(wakeTable(await measureWake()));
