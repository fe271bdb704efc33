// Records what JsSIP, SIP.js, Kamailio and the embedded server really send, one message of each kind, into tests/corpus/recorded/:
// node tests/e2e/record.mjs [kamailio|edge]; with a name only what that server sent is written anew.
// What our own phone and softphone send and get is kept by the runs themselves, in tests/corpus/runs/: RECORD=1 make test. Users, passwords and tokens are test values and stay in.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { serveFolder, startBrowser } from "./support/browser.mjs";
import { CORPUS, kindOf } from "./support/corpus.mjs";
import { startEdge } from "./support/edge.mjs";
import { startKamailio } from "./support/kamailio.mjs";
import { bundlePeers, startPeer } from "./support/peers.mjs";
import { ROOT, sleep } from "./support/process.mjs";
import { startPush } from "./support/push.mjs";
import { startRelay } from "./support/relay.mjs";
import { Ua } from "./support/ua.mjs";

const RECORDED = join(CORPUS, "recorded");
const kept = new Map();

/** Keeps the first message of each kind. */
function keep(who, text, to) {
  const kind = kindOf(who, text, to);
  if (kind && !kept.has(kind)) kept.set(kind, text);
}

/** Starts one of the servers, the same to both. */
function startServer(kind, push, { holdMs, algorithm = "MD5", rejectShortExpires }) {
  if (kind === "kamailio") return startKamailio({ pushUrl: push.url, algorithm, holdMs, rejectShortExpires });
  return startEdge(["--domain", "sip.example", "--digest", algorithm.toLowerCase(), "--hold", String(holdMs / 1000), "--min-expires", "30", "--push-url", push.url]);
}

/** A relay whose frames are kept under the names of both ends. */
async function tapped(server, peer) {
  const relay = await startRelay(server.wsUrl);
  const stop = relay.stop;
  relay.stop = async () => {
    for (const { dir, text } of relay.frames) keep(dir === "out" ? peer : server.kind, text, dir === "out" ? "" : peer);
    await stop();
  };
  return relay;
}

/** A call of each kind between two peers that are registered. */
async function calls(caller, callee, target) {
  const rings = () => callee.incoming();
  let ringing = rings();
  await caller.call(target);
  await ringing;
  await callee.answer();
  await Promise.all([caller.confirmed(), callee.confirmed()]);
  await sleep(300);
  await caller.hold();
  await caller.unhold();
  await callee.hold();
  await callee.unhold();
  await caller.info("5");
  await sleep(300);
  await caller.hangup();
  await Promise.all([caller.ended(), callee.ended()]);

  ringing = rings();
  await caller.call(target);
  await ringing;
  await callee.decline(486);
  await caller.ended();

  ringing = rings();
  await caller.call(target);
  await ringing;
  await sleep(200);
  await caller.hangup();
  await Promise.all([caller.ended(), callee.ended()]);
  await caller.message(target, "Grüße, 你好");
  await sleep(200);
}

async function browsers(kind_, push) {
  const script = await bundlePeers();
  const files = await serveFolder(join(ROOT, "tests", "e2e"), { "/peers.html": "<!doctype html><meta charset=utf-8><title>peers</title><script src=peers.js></script>", "/peers.js": script });
  const browser = await startBrowser({ fakeDevice: true });
  browser.expect(/.*/);
  try {
    for (const swap of [false, true]) {
      const server = await startServer(kind_, push, { holdMs: 4000 });
      try {
        const page = await browser.open(`${files.url}/peers.html`);
        const relays = { jssip: await tapped(server, "jssip"), sipjs: await tapped(server, "sipjs") };
        const account = (kind, user) => ({ url: relays[kind].url, user, password: server.users[user], domain: server.domain, displayName: user === "alice" ? "Alice Archer" : "Bob Bakker" });
        const token = "c0ffee".repeat(10) + "0000";
        const [a, b] = swap ? ["sipjs", "jssip"] : ["jssip", "sipjs"];
        const alice = await startPeer(page, "alice", a, account(a, "alice"));
        const bob = await startPeer(page, "bob", b, account(b, "bob"));
        await alice.register();
        await bob.register();
        await calls(alice, bob, `sip:bob@${server.domain}`);
        await bob.unregister();
        await bob.stop();
        // The same user with push parameters, asleep, then awake: a held INVITE.
        const sleeper = { ...account(b, "bob"), contactParams: { "app-id": "dev.sipwake.phone", "pn-voip-tok": token, "pn-im-tok": token } };
        const phone = await startPeer(page, "phone", b, sleeper);
        await phone.register();
        await phone.unregister();
        const ringing = phone.incoming();
        await alice.call(`sip:bob@${server.domain}`);
        await sleep(300);
        await phone.register();
        await ringing;
        await phone.answer();
        await Promise.all([alice.confirmed(), phone.confirmed()]);
        await sleep(200);
        await phone.hangup();
        await Promise.all([alice.ended(), phone.ended()]);
        await phone.unregister();
        await alice.unregister();
        await Promise.all([alice.stop(), phone.stop()]);
        await page.close();
        for (const relay of Object.values(relays)) await relay.stop();
      } finally {
        await server.stop();
      }
    }
  } finally {
    await browser.stop();
    await files.stop();
  }
}

async function plain(kind, push) {
  for (const algorithm of ["MD5", "SHA-256"]) {
    const server = await startServer(kind, push, { algorithm, holdMs: 1500, rejectShortExpires: true });
    const open = [];
    const connect = async (user, options) => {
      const ua = await Ua.connect(server, { user, ...options });
      open.push(ua);
      return ua;
    };
    try {
      const value = "00fc13adff78512e".repeat(4);
      const uriParams = `pn-provider=apns;pn-param=SWK42DEMO9.dev.sipwake.phone.voip;pn-prid=${value}`;
      const [one, two] = [await connect("bob"), await connect("bob")];
      for (const ua of [one, two]) await ua.register({ uriParams });
      await one.register({ expires: 5 });
      await (await connect("bob", { domain: "elsewhere.example" })).register();
      const alice = await connect("alice");
      // Both ring; the one that loses gets CANCEL with a Reason.
      const call = alice.invite("sip:bob@sip.example");
      const invites = [await one.next("INVITE"), await two.next("INVITE")];
      one.reply(invites[0], 180);
      // Kamailio rings by itself first.
      await call.has(180, { count: kind === "kamailio" ? 2 : 1 });
      const [, caller] = await Promise.all([two.answer(invites[1]), call.answered()]);
      await one.next("CANCEL");
      one.reply(invites[0], 487);
      await sleep(100);
      const ended = caller.bye();
      two.reply(await two.next("BYE"), 200);
      await ended;
      await alice.invite("sip:nobody@sip.example").ended();
      await alice.request("OPTIONS", "sip:sip.example");
      for (const ua of [one, two]) await ua.register({ expires: 0, uriParams });
      await alice.invite("sip:bob@sip.example").ended();
      await one.request("REGISTER", "sip:sip.example", { to: `<${one.aor}>`, headers: ["Contact: *", "Expires: 0"] });
      const gone = alice.invite("sip:bob@sip.example");
      await gone.ended();
      // Nobody answers this one; the embedded server waits for the whole of timer F.
      if (kind === "kamailio") await caller.request("OPTIONS");
    } finally {
      for (const ua of open) {
        for (const { dir, text } of ua.log) if (dir === "in") keep(server.kind, text);
        await ua.close();
      }
      await server.stop();
    }
  }
}

const chosen = process.argv.slice(2);
const push = await startPush();
try {
  for (const kind of chosen.length ? chosen : ["kamailio", "edge"]) {
    await plain(kind, push);
    await browsers(kind, push);
  }
} finally {
  await push.stop();
}
const anew = (name) => chosen.length === 0 || chosen.some((kind) => name.startsWith(`${kind}-`));
mkdirSync(RECORDED, { recursive: true });
for (const name of readdirSync(RECORDED)) if (anew(name)) rmSync(join(RECORDED, name));
let count = 0;
for (const [name, text] of kept) {
  if (!anew(name)) continue;
  writeFileSync(join(RECORDED, `${name}.sip`), text);
  count += 1;
}
console.log(`${count} messages in tests/corpus/recorded/`);
