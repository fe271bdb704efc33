// Two thousand messages each way, while the web process is frozen and killed at places that nobody chose.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { sleep, until } from "../e2e/support/process.mjs";
import { startFar } from "./support/far.mjs";
import { lacksWebKit, startShell } from "./support/shell.mjs";

const COUNT = 2000;
const KILLS = 8;
const FREEZES = 4;
/** More than the bridge has under way at a time, less than what its queue holds. */
const AHEAD = 250;

/** Numbers that look random and are the same for the same seed. */
function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** The sessions, one for each page that said hello: what each side posted, each number once, in order. */
class Sessions {
  list = [];
  #read = 0;

  constructor(shell) {
    this.shell = shell;
  }

  /** Those up to now. */
  get now() {
    for (const { event, message } of this.shell.events.slice(this.#read)) {
      this.#read += 1;
      if (!message) continue;
      if (message.type === "hello") this.list.push({ toPage: [], fromPage: [], acked: 0 });
      const session = this.list.at(-1);
      const side = session[event];
      if (event === "fromPage") session.acked = Math.max(session.acked, message.ack);
      // What has been posted before is posted again where no acknowledgement came; it must be the same.
      if (message.seq > 0 && message.seq <= side.length) assert.deepEqual(side[message.seq - 1].p, message.p);
      else if (message.seq > 0) side.push(message);
    }
    return this.list;
  }
}

/** The serial numbers of the host's events that the pages took, by their acknowledgements. */
const taken = (list) => list.flatMap(({ toPage, acked }) => toPage.filter(({ type, seq }) => type === "audio.activated" && seq <= acked)).map(({ p }) => p.sampleRate);
/** Those of the page's MESSAGEs that the host accepted. */
const accepted = (list) => list.flatMap(({ fromPage }) => fromPage.filter(({ type, p }) => type === "ws.send" && p.text.startsWith("MESSAGE "))).map(({ p }) => Number(p.text.split("\r\n\r\n")[1]));

async function flood(seed) {
  const random = seeded(seed);
  const places = (count) => Array.from({ length: count }, () => Math.floor(20 + random() * (2 * COUNT - 100)));
  const events = [...places(KILLS).map((at) => ({ at, kill: true })), ...places(FREEZES).map((at) => ({ at, kill: false }))].sort((a, b) => a.at - b.at);
  const far = await startFar();
  const shell = await startShell(far);
  const sessions = new Sessions(shell);
  const results = [];
  const collect = async () => results.push(...await shell.run("return phone.results?.splice(0) ?? []"));
  let from = 1;
  const begin = async () => {
    await shell.registered(15000);
    from = (accepted(sessions.now).at(-1) ?? 0) + 1;
    await shell.run(`phone.results = [];
      let next = given.from;
      const work = async () => {
        while (next <= given.to) {
          const number = next++;
          await phone.endpoint.sendMessage(phone.account, "sip:far@sip.example", String(number)).then(
            ({ status }) => phone.results.push([number, status]), (error) => phone.results.push([number, error.code]));
        }
      };
      for (let worker = 0; worker < 8; worker += 1) work();`, { from, to: COUNT });
  };
  try {
    await shell.load();
    await begin();
    let fed = 0;
    for (let last = 0; last < COUNT || far.bodies.length < COUNT;) {
      const feed = Math.min(COUNT - fed, 25, AHEAD - (fed - last));
      if (feed > 0) await Promise.all(Array.from({ length: feed }, () => shell.input("audioActivated", { sampleRate: ++fed })));
      else await sleep(5);
      if (events.length > 0 && last + far.bodies.length >= events[0].at) {
        const { kill } = events.shift();
        if (kill) {
          const hellos = shell.messages("fromPage", "hello").length;
          await shell.signal("web", "SIGKILL");
          await until("another page says hello", () => shell.messages("fromPage", "hello").length > hellos, 10000);
          await begin();
        } else {
          await shell.signal("web", "SIGSTOP");
          await sleep(50 + random() * 400);
          await shell.signal("web", "SIGCONT");
        }
      }
      last = taken(sessions.now).at(-1) ?? 0;
      await collect();
    }
    await until("the last results", async () => {
      await collect();
      // What the last page but one had sent last, it may not have lived to hear of.
      return from > COUNT || results.some(([number]) => number === COUNT);
    });

    const list = sessions.now;
    assert.equal(list.length, KILLS + 1);
    assert.equal((await shell.system()).loads, KILLS + 1);
    for (const { toPage, fromPage } of list) {
      for (const side of [toPage, fromPage]) assert.deepEqual(side.map(({ seq }) => seq), side.map((_, index) => index + 1), "no number is missing or out of order");
    }
    const serials = Array.from({ length: COUNT }, (_, index) => index + 1);
    assert.deepEqual(taken(list), serials, "what the host, which lived, had accepted: each once, in order");
    assert.deepEqual(accepted(list), serials, "what the host accepted from pages: in order, once");
    assert.deepEqual(far.bodies.map(Number), serials, "and it reached the far end, also what a page said last");
    assert.ok(results.length > COUNT / 2);
    assert.deepEqual(results.filter(([, outcome]) => outcome !== 200), [], "who lived to hear of it heard of 200");
    assert.deepEqual(shell.effects("problem"), []);
  } catch (error) {
    error.message += `\nseed ${seed}\n${shell.story()}`;
    throw error;
  } finally {
    await shell.stop();
    await far.stop();
  }
}

describe("two thousand messages each way in WebKit", { skip: lacksWebKit() }, () => {
  // With the second the last page but one dies before it hears of what it sent last.
  const seeds = process.env.SIPWAKE_SEED ? [Number(process.env.SIPWAKE_SEED)] : [7, 776080028];
  for (const each of seeds) {
    test(`with kills and freezes at random places lose, double and exchange nothing (SIPWAKE_SEED=${each})`, { timeout: 180000 }, () => flood(each));
  }
});
