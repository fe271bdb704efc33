// One run of the demo page against one server: push service, server, a relay for each side, browser, two pages.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { hasChromium, hears, serveFolder, startBrowser } from "./browser.mjs";
import { recordRun } from "./corpus.mjs";
import { hasEdge, startEdge } from "./edge.mjs";
import { hasKamailio, startKamailio } from "./kamailio.mjs";
import { ROOT, until, within } from "./process.mjs";
import { startPush } from "./push.mjs";
import { startRelay } from "./relay.mjs";
import { parse } from "./ua.mjs";

const DIST = join(ROOT, "www", "dist");

/** The tones that the two sides play. */
export const TONES = { caller: 1000, phone: 440 };

/** Why runs against this server cannot be made here, or false. Where nothing may be skipped it is a failure. */
export function lacks(kind) {
  const why = missing(kind);
  if (why && process.env.SIPWAKE_STRICT === "1") throw new Error(why);
  return why;
}

function missing(kind) {
  if (!hasChromium) return "chromium is not installed";
  if (!existsSync(join(DIST, "phone.html"))) return "the demo page is not built (make www)";
  if (kind === "kamailio" && !hasKamailio) return "kamailio is not installed";
  if (kind === "edge" && !hasEdge) return "the embedded server is not built";
  return false;
}

/** Starts a server of either kind; pushes go to the service. Kamailio pushes to everybody, who is awake too; the other where `pushAlways` says so. */
export function startServer(kind, push, { holdMs = 25000, algorithm = "MD5", cancelPush = false, pushAlways = false, ...rest } = {}) {
  if (kind === "kamailio") return startKamailio({ pushUrl: push.url, holdMs, algorithm, cancelPush, ...rest });
  return startEdge([...(cancelPush ? ["--cancel-push"] : []), ...(pushAlways ? ["--push-always"] : []), "--push-url", push.url, "--hold", String(Math.ceil(holdMs / 1000)), "--digest", algorithm.toLowerCase()]);
}

/**
 * Sets everything up and hands it to the body; whatever happens, all of it ends.
 * @param options server: options of the server; query: URL parameters of both pages; expect: complaints of pages that are
 *   part of the test
 */
export async function scenario(kind, options, body) {
  const run = new Scenario();
  try {
    await run.start(kind, options);
    await body(run);
  } catch (error) {
    error.message += `\n${run.story()}`;
    run.failed = true;
    throw error;
  } finally {
    await run.stop();
  }
}

class Scenario {
  #ends = [];
  /** Who is behind `phoneRelay`. */
  callee = "phone";
  /** The user's further phones. */
  others = [];

  async start(kind, { server = {}, query = {}, expect = [], browser = {} } = {}) {
    const keep = (thing) => this.#keep(thing);
    this.kind = kind;
    this.query = query;
    this.push = keep(await startPush());
    this.server = keep(await startServer(kind, this.push, server));
    this.phoneRelay = keep(await startRelay(this.server.wsUrl));
    this.webRelay = keep(await startRelay(this.server.wsUrl));
    this.files = keep(await serveFolder(DIST));
    this.browser = keep(await startBrowser(browser));
    // A page that reloads or leaves closes its streams; Chromium says so.
    this.browser.expect(/EventSource|net::ERR_(INCOMPLETE_CHUNKED_ENCODING|CONNECTION_REFUSED)/, ...expect);
  }

  #keep(thing) {
    this.#ends.push(() => thing.stop());
    return thing;
  }

  address(file, relay, extra) {
    const { domain, users } = this.server;
    const query = new URLSearchParams({
      server: relay.url, push: this.push.url, domain, caller: `alice:${users.alice}`, phone: `bob:${users.bob}`, trace: "full",
      callerTone: String(TONES.caller), phoneTone: String(TONES.phone), ...this.query, ...extra,
    });
    return `${this.files.url}/${file}?${query}`;
  }

  /** Opens the simulated phone; its token is known then. */
  async openPhone(extra = {}) {
    this.phone = await this.browser.open(this.address("phone.html", this.phoneRelay, extra));
    await this.phone.evaluate(() => window.sipwakeDemo.ready);
    this.token = await this.phone.evaluate(() => window.sipwakeDemo.token);
    return this.phone;
  }

  /** Another phone of the same user, of its own origin and so with an installation and a token of its own; what is said to it is as to the first. */
  async another() {
    const other = Object.create(this);
    other.phoneRelay = this.#keep(await startRelay(this.server.wsUrl));
    other.files = this.#keep(await serveFolder(DIST));
    other.phone = null;
    this.others.push(other);
    await other.openPhone();
    return other;
  }

  /** Opens the web softphone of the caller. */
  async openWeb(extra = {}) {
    this.web = await this.browser.open(this.address("web.html", this.webRelay, extra));
    await this.web.evaluate(() => window.sipwakeDemo.ready);
    return this.web;
  }

  /** The page inside the phone. */
  get app() {
    return this.phone.frames().find((frame) => frame.url().includes("app.html"));
  }

  /** Waits until something is true in a page. */
  see(page, what, test, argument = null, limitMs = 5000) {
    return until(what, () => page.evaluate(test, argument), limitMs, 30);
  }

  /** The page inside the phone, once it is usable. */
  async loaded() {
    const app = await until("the page in the phone", () => this.app);
    await app.waitForFunction(() => window.sipwakeDemo);
    await app.evaluate(() => window.sipwakeDemo.ready);
    return app;
  }

  /** Both registered. */
  async registered() {
    await this.see(this.web, "the caller registers", () => window.sipwakeDemo.registration?.state === "registered");
    this.idle = await this.web.evaluate(() => window.sipwakeDemo.counters());
    await this.phoneRelay.frame("in", (text) => text.startsWith("SIP/2.0 200") && /CSeq: \d+ REGISTER/.test(text));
  }

  /** The phone goes to sleep; its UNREGISTER has been answered and its socket closed. */
  async sleep() {
    const before = this.phoneRelay.frames.length;
    await this.phone.evaluate(() => window.sipwakeDemo.sendToBackground());
    await this.see(this.phone, "the app is suspended", () => window.sipwakeDemo.app === "suspended", null, 8000);
    await until("the phone's socket is closed", () => this.phoneRelay.pairs.every((pair) => !pair.open));
    return this.phoneRelay.frames.slice(before);
  }

  /** The call of the phone's CallKit that came last. */
  call() {
    return this.phone.evaluate(() => {
      const { uuid, name, state, reportedAt, answeredAt, connectedAt, endedAt, reason, muted } = window.sipwakeDemo.calls.at(-1) ?? {};
      return { uuid, name, state, reportedAt, answeredAt, connectedAt, endedAt, reason, muted };
    });
  }

  /** Waits for a state of the phone's last call. */
  async callIs(state, limitMs = 5000) {
    await this.see(this.phone, `the phone's call is ${state}`, (wanted) => window.sipwakeDemo.calls.at(-1)?.state === wanted, state, limitMs);
    return this.call();
  }

  do(page, action, ...args) {
    return page.evaluate(([name, rest]) => { window.sipwakeDemo[name](...rest); }, [action, args]);
  }

  /** The caller calls; `dial` gives no promise for the call's end. */
  async dial(target = `sip:bob@${this.server.domain}`) {
    await this.web.evaluate((to) => { window.sipwakeDemo.dial(to); }, target);
  }

  /** Both sides hear the other's tone within the time from that moment on. */
  async talk(since, phoneSide = { page: this.phone, stream: "window.sipwakeDemo.remoteStream" }, limitMs = 2000) {
    const listen = async (page, stream, hz, who) => {
      await until(`${who} has remote audio`, () => page.evaluate(`${stream}?.getAudioTracks().length > 0`), limitMs, 10);
      const took = await hears(page, stream, hz, { limitMs: Math.max(1, limitMs - (Date.now() - since)) });
      assert.notEqual(took, null, `${who} hears ${hz} Hz within ${limitMs} ms of the answer`);
    };
    await Promise.all([
      listen(phoneSide.page, phoneSide.stream, TONES.caller, "the phone"),
      listen(this.web, "window.sipwakeDemo.remoteStream", TONES.phone, "the caller"),
    ]);
    const took = Date.now() - since;
    assert.ok(took <= limitMs, `both heard each other ${took} ms after the answer, later than ${limitMs} ms`);
    return took;
  }

  /** Of all that the phone sent, only REGISTER holds its token or any push parameter. */
  checkOctets() {
    const sent = this.phoneRelay.frames.filter(({ dir, text }) => dir === "out" && text.trim());
    assert.ok(sent.some(({ text }) => text.startsWith("REGISTER ") && text.includes(this.token)), "a REGISTER holds the token");
    const leaks = sent.filter(({ text }) => !text.startsWith("REGISTER ") && (text.includes(this.token) || /pn-|app-id=/i.test(text)));
    assert.deepEqual(leaks.map(({ text }) => text), []);
    const foreign = this.webRelay.frames.filter(({ dir, text }) => dir === "out" && text.includes(this.token));
    assert.deepEqual(foreign.map(({ text }) => text), []);
  }

  /** Nothing of a call is left on either side. */
  async checkNothingLeft() {
    for (const [who, page] of [["the phone", this.phone], ["the page in the phone", this.phone && this.app], ["the caller", this.web]]) {
      if (!page) continue;
      await this.see(page, `${who} lets go of its media`, () => {
        const { peerConnections, liveTracks } = window.sipwakeDemo.counters() ?? { peerConnections: 0, liveTracks: 0 };
        return peerConnections === 0 && liveTracks === 0;
      }, null, 3000).catch(async (error) => {
        error.message += `: ${JSON.stringify(await page.evaluate(() => window.sipwakeDemo.counters()))}`;
        throw error;
      });
    }
    if (this.idle) {
      const same = (idle) => JSON.stringify(window.sipwakeDemo.counters()) === JSON.stringify(idle);
      await this.see(this.web, "the caller has the timers and sockets of before", same, this.idle, 3000);
    }
  }

  /** What happened, for a failure's message: every SIP message in a line, the console. */
  story() {
    const relays = [["phone", this.phoneRelay], ["web", this.webRelay], ...this.others.map(({ phoneRelay }, index) => [`phone${index + 2}`, phoneRelay])];
    const frames = relays.flatMap(([who, relay]) => (relay?.frames ?? []).map((frame) => ({ who, ...frame })))
      .sort((a, b) => a.at - b.at);
    const start = frames[0]?.at ?? 0;
    const lines = frames.filter(({ text }) => text.trim()).map(({ who, at, dir, text, connection }) => {
      const message = parse(text);
      return `${String(at - start).padStart(6)} ${who} ${connection} ${dir === "out" ? "→" : "←"} ${message.status ?? message.method} ${message.status ? message.cseqMethod : ""}`;
    });
    const said = (this.browser?.console ?? []).map(({ at, type, text }) => `${String(at - start).padStart(6)} console ${type} ${text.slice(0, 300)}`);
    const pushes = (this.push?.log ?? []).map(({ at }) => `${String(at - start).padStart(6)} push`);
    return [...lines, ...pushes, ...said].sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10)).slice(-80).join("\n");
  }

  async stop() {
    const faults = [];
    if (!this.failed) {
      recordRun(this.phoneRelay?.frames ?? [], this.callee, this.kind);
      recordRun(this.webRelay?.frames ?? [], "softphone", this.kind);
      for (const { phoneRelay } of this.others) recordRun(phoneRelay.frames, this.callee, this.kind);
    }
    for (const end of this.#ends.reverse()) await within(10000, "an end", end()).catch((error) => faults.push(error));
    this.#ends = [];
    if (faults.length && !this.failed) throw faults[0];
  }
}
