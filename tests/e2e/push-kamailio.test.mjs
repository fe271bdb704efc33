// What REGISTER says about pushes, as Kamailio reads it: the built package in Node registers with every preset, sleeps, is pushed
// to, comes back for the call, and logs out.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import WebSocket from "ws";
import { bridgeHost } from "../sipp/support/bridge-host.mjs";
import { hasKamailio, startKamailio } from "./support/kamailio.mjs";
import { ROOT, until } from "./support/process.mjs";
import { startPush } from "./support/push.mjs";
import { Ua } from "./support/ua.mjs";

const skip = !hasKamailio ? "kamailio is not installed" : !existsSync(`${ROOT}/pkg/node.js`) ? "the package is not built" : false;
const TEAM = "SWK42DEMO9";
const BUNDLE = "dev.sipwake.phone";
let next = 0xabc0;

/** A token of its own for each test, in letters of both cases. */
const fresh = () => ((next += 1).toString(16) + "aB").padStart(64, "0");
const token = (kind, value, environment) => ({ kind, provider: "apns", token: value, environment, bundleId: BUNDLE, topic: kind === "voip" ? `${BUNDLE}.voip` : BUNDLE, teamId: TEAM });

const PRESETS = [
  ["rfc8599-apns", "production", false, (voip) => `;pn-provider=apns;pn-param=${TEAM}.${BUNDLE}.voip;pn-prid=${voip}`],
  ["freeswitch-apn", "production", true, (voip, im) => `;app-id=${BUNDLE};pn-voip-tok=${voip};pn-im-tok=${im};pn-platform=iOS`],
  ["flexisip", "production", false, (voip) => `;pn-provider=apns;pn-param=${TEAM}.${BUNDLE}.voip;pn-prid=${voip}:voip`],
  ["flexisip", "sandbox", true, (voip, im) => `;pn-provider=apns.dev;pn-param=${TEAM}.${BUNDLE}.voip&remote;pn-prid=${voip}:voip&${im}:remote`],
  ["linphone-legacy", "sandbox", false, (voip) => `;pn-type=apple;app-id=${BUNDLE}.voip.dev;pn-tok=${voip}`],
  ["portsip", "production", true, () => ""],
];

describe("pushes, as Kamailio reads REGISTER", { skip, timeout: 90_000 }, () => {
  let push;
  let server;
  let alice;
  let sipwake;

  before(async () => {
    sipwake = await import("../../pkg/node.js");
    await sipwake.default();
    push = await startPush();
    server = await startKamailio({ pushUrl: push.url, holdMs: 5000 });
    alice = await Ua.connect(server, { user: "alice" });
  });

  after(async () => {
    await alice?.close();
    await server?.stop();
    await push?.stop();
  });

  /** A phone of bob's with these tokens. */
  async function phone({ tokens, ...options }, body) {
    const endpoint = await sipwake.Endpoint.start({ WebSocket, host: bridgeHost({ tokens }), transport: "page" });
    const received = [];
    const problems = [];
    endpoint.on("call_received", (event) => received.push(event));
    endpoint.on("problem", ({ error }) => problems.push(error.code));
    try {
      const account = await endpoint.createAccount({ username: "bob", domain: server.domain, password: server.users.bob, servers: [server.wsUrl], ...options });
      await until("registered", () => account.registration.state === "registered");
      await body({ endpoint, account, received, problems });
    } finally {
      await endpoint.stop();
    }
  }

  for (const [preset, environment, both, expected] of PRESETS) {
    for (const backgroundPolicy of ["unregister", "closeTransport"]) {
      test(`${preset} with ${both ? "two tokens" : "one token"} of ${environment}, ${backgroundPolicy}: kept as written, pushed to, called, logged out`, async () => {
        const [voip, im] = [fresh(), fresh()];
        const tokens = [token("voip", voip, environment), ...(both ? [token("im", im, environment)] : [])];
        await phone({ tokens, push: { preset }, backgroundPolicy }, async ({ endpoint, account, received, problems }) => {
          // The order as written, the case kept, every octet in the URI of the binding.
          const devices = async () => (await server.devices("bob")).filter((device) => device.token === voip);
          await until("the token is there", async () => (await devices()).length === 1);
          const [binding] = await server.bindings("bob");
          assert.ok(binding.address.includes(`;transport=ws${expected(voip, im)}`), binding.address);
          assert.equal(binding.address.includes("pn-"), preset !== "portsip");
          assert.equal((await devices())[0].topic, `${BUNDLE}.voip`);

          await endpoint.suspend();
          await until("nothing is bound", async () => (await server.bindings("bob")).length === 0);
          assert.equal((await devices()).length, 1, "who sleeps is pushed to");
          const call = alice.invite("sip:bob@sip.example");
          const pushed = await push.received((entry) => entry.token === voip);
          assert.equal(pushed.headers["apns-topic"], `${BUNDLE}.voip`);
          await endpoint.resume(60_000);
          await until("the call rings", () => received.length === 1);
          assert.equal(received[0].headers.find(({ name }) => name === "Call-ID").value, call.callId);
          await received[0].call.decline();
          assert.equal((await call.ended()).status, 603);

          await account.remove();
          assert.deepEqual(await devices(), [], "who is logged out is not");
          assert.deepEqual(await server.bindings("bob"), []);
          assert.deepEqual(problems, []);
        });
      });
    }
  }

  test("a question names no token, and the registration with its token stands again afterwards", async () => {
    const voip = fresh();
    await phone({ tokens: [token("voip", voip, "production")], push: { preset: "rfc8599-apns" } }, async ({ account }) => {
      await until("the token is there", async () => (await server.bindings("bob"))[0]?.address.includes(`;pn-prid=${voip}`));
      // Kamailio is no push server by itself: it names no service.
      assert.deepEqual(await account.queryPush("apns"), []);
      assert.deepEqual(await account.queryPush(), []);
      await until("the token is there again", async () => (await server.bindings("bob"))[0]?.address.includes(`;pn-prid=${voip}`));
      assert.equal((await server.bindings("bob")).length, 1);
      const error = await account.queryPush("").catch((reason) => reason);
      assert.deepEqual([error.code, error.field], ["invalidOption", "provider"]);
      await account.remove();
    });
  });
});
