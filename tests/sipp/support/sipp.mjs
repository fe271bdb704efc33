// One run: the built package in Node as the user agent, SIPp with a scenario of its own as everybody else.
import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import WebSocket from "ws";
import init, { Endpoint } from "../../../pkg/node.js";
import { find } from "../../../scripts/tools.mjs";
import { ROOT, removeFolder, runFolder, sleep, start, until, within } from "../../e2e/support/process.mjs";
import { description, mediaHost } from "./host.mjs";
import { startWire } from "./wire.mjs";

const SCENARIOS = join(ROOT, "tests", "sipp");
const NOTHING = { peerConnections: 0, liveTracks: 0, timers: 0, sockets: 0 };
const program = find("sipp");
/** What stands for a description in a scenario. */
const DESCRIPTIONS = {
  SDP: description(), ANSWER: description({ setup: "passive" }), HOLD: description({ direction: "sendonly", version: 2 }), RESUME: description({ version: 3 }),
  HELD: description({ direction: "recvonly", version: 2, setup: "passive" }),
  VIDEO: description({ version: 4 }).replace("m=audio", "m=video").replace("opus/48000/2", "VP8/90000"),
};

/** Why these tests cannot run here, or false. Where nothing may be skipped it is a failure. */
export const lacksSipp = (() => {
  const why = program ? false : "sipp is not installed";
  if (why && process.env.SIPWAKE_STRICT === "1") throw new Error(why);
  return why;
})();

async function freePort() {
  const socket = createSocket("udp4");
  await new Promise((resolve, reject) => socket.once("error", reject).bind(0, "127.0.0.1", resolve));
  const { port } = socket.address();
  await new Promise((resolve) => socket.close(resolve));
  return port;
}

class Run {
  calls = [];
  terminated = [];
  events = [];
  #parties = [];
  #folder = runFolder("sipp");

  async start({ account = {}, endpoint = {}, host = {} } = {}) {
    await init();
    this.wire = await startWire();
    this.host = mediaHost(host);
    this.endpoint = await Endpoint.start({ WebSocket, host: this.host, media: "host", transport: "page", tokenWaitMs: 1, ...endpoint });
    this.endpoint.on("call_received", ({ call }) => this.calls.push(call));
    this.endpoint.on("call_terminated", (event) => this.terminated.push(event));
    this.account = await this.endpoint.createAccount({ username: "alice", domain: "example.com", password: "secret", servers: [this.wire.url], ...account });
    await until("registered", () => this.account.registration.state === "registered");
  }

  /** Keeps the events of a name. */
  keep(name) {
    const kept = [];
    this.endpoint.on(name, (event) => kept.push(event));
    return kept;
  }

  /**
   * Starts SIPp with tests/sipp/NAME.xml. `calls`: it is called; otherwise it calls the engine. `keys` are the scenario's [words].
   */
  async sipp(name, { answers = false, keys = {}, calls = 1, atOnce = calls, limitS = 15 } = {}) {
    const port = await freePort();
    const scenario = readFileSync(join(SCENARIOS, `${name}.xml`), "utf8")
      .replace(/^( *)@(\w+)@$/gm, (_, indent, which) => DESCRIPTIONS[which].trimEnd().replace(/^/gm, indent).replaceAll("\r", ""));
    const file = join(this.#folder, `${name}-${port}.xml`);
    writeFileSync(file, scenario);
    // A scenario that begins by receiving is called.
    const called = answers || /<(send|recv)\b/.exec(scenario)[1] === "recv";
    const words = Object.entries({ target: this.wire.contact, ...keys }).flatMap(([key, value]) => ["-key", key, String(value)]);
    const party = start(program, [
      `127.0.0.1:${this.wire.port}`, "-sf", file, "-i", "127.0.0.1", "-p", String(port), "-m", String(calls), "-l", String(atOnce), "-r", "50", "-nostdin", "-nd",
      "-timeout", `${limitS}s`, "-timeout_error", "-trace_err", "-error_file", `${name}.err`, ...words,
    ], { folder: this.#folder, log: `${name}-${port}.log`, env: { TERM: "dumb" } });
    this.#parties.push({ name, party });
    if (called) {
      this.wire.target = port;
      await this.#listens(port, party);
    }
    return {
      port,
      /** SIPp has seen every message that the scenario wants, and no other. */
      passed: async () => {
        const how = await within((limitS + 5) * 1000, `the end of ${name}`, party.ended);
        if (how !== "ended: 0") throw new Error(`${name}: ${how}\n${this.#errors(name)}`);
      },
    };
  }

  #errors(name) {
    return readdirSync(this.#folder).filter((file) => file.startsWith(name) && file.endsWith(".err")).map((file) => readFileSync(join(this.#folder, file), "utf8")).join("\n").slice(0, 3000);
  }

  #listens(port, party) {
    const table = "/proc/net/udp";
    // Elsewhere than on Linux there is no such table.
    if (!existsSync(table)) return sleep(700);
    const hex = port.toString(16).toUpperCase().padStart(4, "0");
    return until("SIPp listens", () => party.over !== null || readFileSync(table, "utf8").includes(`0100007F:${hex}`));
  }

  /** The engine calls. */
  async dial(options) {
    const call = await this.endpoint.makeCall(this.account, "sip:bob@example.com", options);
    return call;
  }

  /** The next call that comes. */
  async incoming(count = 1) {
    return until("a call", () => this.calls[count - 1]);
  }

  async is(call, state, limitMs) {
    await until(`the call is ${state}, not ${call.state}`, () => call.state === state, limitMs);
  }

  /** How the call ended. */
  async over(call, kind) {
    const event = await until("the end of the call", () => this.terminated.find((ended) => ended.call === call || ended.call.id === call.id));
    assert.equal(event.outcome.kind, kind);
    return event;
  }

  async stop(failed) {
    try {
      await within(8000, "the endpoint's end", this.endpoint.stop());
      if (!failed) assert.deepEqual(this.endpoint.counters(), NOTHING);
    } finally {
      for (const { party } of this.#parties) await party.stop();
      await this.wire.stop();
      removeFolder(this.#folder);
    }
  }

  story() {
    return `${this.wire.story()}\n${this.#parties.map(({ name, party }) => `${name} ${party.over ?? "runs"}\n${this.#errors(name)}`).join("\n")}`;
  }
}

/** Sets up engine and wire, gives them to the body, and looks that nothing is left. */
export async function withSipp(options, body = options) {
  const run = new Run();
  let failed = false;
  await run.start(typeof options === "function" ? {} : options);
  try {
    await body(run);
  } catch (error) {
    failed = true;
    error.message += `\n${run.story()}`;
    throw error;
  } finally {
    await run.stop(failed);
  }
}

export { sleep, until };
