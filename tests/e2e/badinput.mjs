// What goes wrong for first-time users, and what a hostile or broken other side sends: a typed error that says what to
// do, state unchanged, nothing lost, no secret in any text. The package is loaded by a plain page, without a bundler.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { serveFolder, startBrowser } from "./support/browser.mjs";
import { ROOT, freePorts, sleep, until } from "./support/process.mjs";
import { startPush } from "./support/push.mjs";
import { startRelay } from "./support/relay.mjs";
import { lacks, scenario, startServer } from "./support/scenario.mjs";
import { Ua, parse } from "./support/ua.mjs";

const SECRET = "a-password-never-to-be-seen";

const PAGE = `<!doctype html><meta charset=utf-8><title>plain</title><script type=module>
import init, { Endpoint, SipError } from "/pkg/sipwake.js";
await init();
const plain = (error) => error && { code: error.code, message: error.message, status: error.status, field: error.field, typed: error instanceof SipError && error instanceof Error };
window.events = [];
const names = ["connectivity_changed", "registration_changed", "call_received", "call_changed", "call_terminated", "problem"];
window.begin = async (options, account) => {
  const endpoint = await Endpoint.start({ host: "none", testToneHz: 440, ...options });
  window.endpoint = endpoint;
  for (const name of names) endpoint.on(name, (event) => {
    const { account: _, call, error, outcome, ...rest } = event;
    window.events.push({ name, ...rest, error: plain(error), outcome: outcome && { ...outcome, error: plain(outcome.error) }, call: call && { id: call.id, state: call.state } });
    if (name === "call_received") window.call = call;
  });
  try {
    window.account = await endpoint.createAccount(account);
    return null;
  } catch (error) {
    return plain(error);
  }
};
window.registration = () => {
  const { state, error, willRetry, status } = window.account.registration;
  return { state, error: plain(error), willRetry, status };
};
window.ready = true;
</script>`;

/** The tests of this file that need this kind of server; the embedded one also serves those that need any. */
export function badInputTests(kind) {
  describe(`bad input, against ${kind}`, { skip: lacks(kind), timeout: 240000 }, () => {
    let files;
    let browser;

    before(async () => {
      files = await serveFolder(ROOT, { "/bad.html": PAGE });
      browser = await startBrowser();
      // Chromium's own words about sockets that fail; they come from no script.
      browser.expect(/WebSocket connection to/, /Error during WebSocket handshake/);
    });

    after(async () => {
      await browser?.stop();
      await files?.stop();
    });

    /** A page with one account; `account` and `options` are added to what it takes to register. */
    async function open({ server, within = browser, url = server?.wsUrl, user = "bob", domain = server?.domain ?? "sip.example", account = {}, options = {} }) {
      const page = await within.open(`${files.url}/bad.html`);
      await page.waitForFunction(() => window.ready);
      const refused = await page.evaluate(([o, a]) => window.begin(o, a), [options, { username: user, domain, password: server?.users[user] ?? SECRET, servers: [url], ...account }]);
      return {
        page,
        refused,
        events: () => page.evaluate(() => window.events),
        state: () => page.evaluate(() => window.registration()),
        event: (what, fits, limitMs = 8000) => until(what, async () => (await page.evaluate(() => window.events)).find(fits), limitMs, 30),
        registered: () => until("registered", () => page.evaluate(() => window.registration().state === "registered"), 8000, 30),
      };
    }

    /** An error is typed, has words that help, and no secret. */
    function proper(error, code, ...secrets) {
      assert.equal(error.code, code);
      assert.equal(error.typed, true);
      assert.ok(error.message.length >= 20, `"${error.message}" says what to do`);
      for (const secret of [SECRET, ...secrets]) assert.ok(!error.message.includes(secret), "no secret in the text");
    }

    describe("accounts", () => {
      let push;
      let server;

      before(async () => {
        push = await startPush();
        server = await startServer(kind, push);
      });

      after(async () => {
        await server?.stop();
        await push?.stop();
      });

      test("a wrong password", async () => {
        const relay = await startRelay(server.wsUrl);
        const { event, state, page } = await open({ server, url: relay.url, account: { password: SECRET } });
        const { error, willRetry } = await event("the failure", ({ name, state: now, error: why }) => name === "registration_changed" && now === "failed" && why);
        proper(error, "wrongPassword");
        assert.equal(willRetry, false);
        await sleep(1000);
        assert.equal((await state()).state, "failed");
        assert.ok(relay.sent((text) => text.startsWith("REGISTER ")).length <= 3, "it does not try again and again");
        await page.close();
        await relay.stop();
      });

      test("a realm that the account is not for: the password stays here", async () => {
        const relay = await startRelay(server.wsUrl);
        const { event, page } = await open({ server, url: relay.url, account: { realms: ["some.other.realm"] } });
        const { error } = await event("the failure", ({ name, state: now, error: why }) => name === "registration_changed" && now === "failed" && why);
        proper(error, "realmNotAllowed", server.users.bob);
        assert.equal(relay.sent((text) => /^authorization:/im.test(text)).length, 0);
        await page.close();
        await relay.stop();
      });

      test("a domain that the server does not serve", async () => {
        const { event, page } = await open({ server, domain: "elsewhere.example" });
        const { error } = await event("the failure", ({ name, state: now, error: why }) => name === "registration_changed" && now === "failed" && why);
        assert.ok(["unknownUser", "forbidden", "registrationRejected", "wrongPassword"].includes(error.code), error.code);
        proper(error, error.code, server.users.bob);
        await page.close();
      });

      test("a callee that does not exist", async () => {
        const { registered, event, page } = await open({ server });
        await registered();
        await page.evaluate(async (target) => { await window.endpoint.makeCall(window.account, target); }, `sip:nobody@${server.domain}`);
        const { outcome } = await event("the call's end", ({ name }) => name === "call_terminated");
        assert.equal(outcome.status, 404);
        assert.equal(await page.evaluate(() => window.registration().state), "registered");
        await page.close();
      });

      // Only this server has one.
      if (kind === "kamailio") test("a self-signed wss", async () => {
        const { event, page } = await open({ server, url: server.wssUrl });
        const { error } = await event("the failure", ({ name, error: why }) => name === "connectivity_changed" && why);
        proper(error, "connectionFailed", server.users.bob);
        assert.match(error.message, /certificate/i, "it names the certificate as a cause");
        await page.close();
      });

      if (kind === "kamailio") test("the same wss, once the browser trusts it", async () => {
        const trusting = await startBrowser({ args: ["--ignore-certificate-errors"] });
        const { registered } = await open({ server, within: trusting, url: server.wssUrl });
        await registered();
        const [{ address }] = await server.bindings("bob");
        assert.match(address, /transport=ws/);
        await trusting.stop();
      });
    });

    if (kind !== "edge") return;

    describe("connections", () => {
      test("nobody listens there", async () => {
        const [port] = await freePorts(1);
        const { event, state, page } = await open({ url: `ws://127.0.0.1:${port}` });
        const { error } = await event("the failure", ({ name, error: why }) => name === "connectivity_changed" && why);
        proper(error, "connectionFailed");
        assert.equal((await state()).willRetry, true, "it tries again by itself");
        await page.close();
      });

      test("a URL that is none", async () => {
        for (const url of ["http://127.0.0.1/", "not a url", ""]) {
          const { refused, event, page } = await open({ url });
          const error = refused ?? (await event("the failure", ({ error: why }) => why)).error;
          assert.ok(["badServerUrl", "invalidOption"].includes(error.code), `${url}: ${JSON.stringify(error)}`);
          proper(error, error.code);
          await page.close();
        }
      });
    });

    describe("what comes over the socket", () => {
      let push;
      let server;
      let relay;

      before(async () => {
        push = await startPush();
        server = await startServer("edge", push);
        relay = await startRelay(server.wsUrl);
      });

      after(async () => {
        await relay?.stop();
        await server?.stop();
        await push?.stop();
      });

      test("a handshake that is refused, then works", async () => {
        relay.rules.refuse = 403;
        const { event, registered, page } = await open({ server, url: relay.url });
        const { error } = await event("the failure", ({ name, error: why }) => name === "connectivity_changed" && why);
        proper(error, "connectionFailed", server.users.bob);
        relay.rules.refuse = 0;
        await registered();
        await page.close();
      });

      test("a handshake that is never answered", async () => {
        relay.rules.silent = true;
        const { event, page } = await open({ server, url: relay.url, account: { connectTimeoutMs: 1000 } });
        const { error } = await event("the failure", ({ name, error: why }) => name === "connectivity_changed" && why);
        assert.ok(["timeout", "connectionFailed"].includes(error.code), error.code);
        proper(error, error.code);
        relay.rules.silent = false;
        await page.close();
      });

      test("a server that does not speak SIP", async () => {
        relay.rules.protocol = null;
        const { event, page } = await open({ server, url: relay.url });
        const { error } = await event("the failure", ({ name, error: why }) => name === "connectivity_changed" && why);
        assert.ok(["notSip", "connectionFailed"].includes(error.code), error.code);
        proper(error, error.code);
        relay.rules.protocol = "sip";
        await page.close();
      });

      test("a server that closes in the middle: it registers again on a new connection", async () => {
        const { registered, event, page } = await open({ server, url: relay.url });
        await registered();
        for (const end of [() => relay.close(1001), () => relay.cut()]) {
          const before = relay.pairs.length;
          end();
          await event("the loss", ({ name, state }) => name === "connectivity_changed" && state === "waiting");
          await until("a new connection", () => relay.pairs.length > before, 8000);
          await relay.frame("in", (text) => text.startsWith("SIP/2.0 200"), 5000);
          await registered();
          await page.evaluate(() => { window.events.length = 0; });
        }
        await page.close();
      });

      test("malformed SIP changes nothing, and the next call still comes", async () => {
        const { registered, events, page } = await open({ server, url: relay.url });
        await registered();
        const ask = (method, extra = "", body = "") => `${method} sip:bob@x.invalid SIP/2.0\r\nVia: SIP/2.0/WS a.invalid;branch=z9hG4bK-${Math.random()}\r\nMax-Forwards: 70\r\nFrom: <sip:m@x>;tag=1\r\nTo: <sip:bob@x>\r\nCall-ID: ${Math.random()}\r\nCSeq: 1 ${method}\r\n${extra}Content-Length: ${body.length}\r\n\r\n${body}`;
        const junk = [
          "", "\r\n", "\0\0\0\0", "garbage", "INVITE", "INVITE \r\n\r\n", "INVITE sip:bob@x SIP/2.0\r\n\r\n", "SIP/2.0\r\n\r\n", "SIP/2.0 999 What\r\n\r\n", "SIP/2.0 20 OK\r\n\r\n",
          "SIP/3.0 200 OK\r\nVia: x\r\n\r\n", ask("INVITE").replace("SIP/2.0\r\n", "SIP/7.0\r\n"), ask("INVITE").replace("CSeq: 1 INVITE", "CSeq: 1 BYE"),
          ask("INVITE").replace("CSeq: 1", "CSeq: 99999999999999999999"), ask("INVITE").replace(/Via:[^\r]*/, "Via: ;;;===,,,"), ask("INVITE").replace(/From:[^\r]*/, 'From: "unclosed <sip:a@b'),
          ask("INVITE").replace(/Call-ID:[^\r]*\r\n/, ""), ask("INVITE").replace("Content-Length: 0", "Content-Length: 99999"), ask("INVITE").replace("Content-Length: 0", "Content-Length: -1"),
          ask("INVITE", "no colon here\r\n"), ask("INVITE", `X: ${"y".repeat(20000)}\r\n`), ask("INVITE", "X: 1\r\n".repeat(500)), ask("OPTIONS", "", "z".repeat(80000)),
          ask("INVITE", `Contact: ${"<sip:a@b>,".repeat(300)}<sip:a@b>\r\n`), ask("INVITE", "Contact: <sip:m@x>\r\nContent-Type: application/sdp\r\n", "v=0\r\nthis is no description"),
          ask("INVITE", "Contact: <sip:m@x>\r\nContent-Type: text/plain\r\n", "hello"), ask("CANCEL"), ask("ACK"), ask("BYE"), ask("NONSENSE"), ask("REGISTER"), "\u{1F600}".repeat(3000),
          "SIP/2.0 200 OK\r\nVia: SIP/2.0/WS a.invalid;branch=z9hG4bKnobody\r\nFrom: <sip:bob@x>;tag=1\r\nTo: <sip:bob@x>;tag=2\r\nCall-ID: 1\r\nCSeq: 1 REGISTER\r\nContent-Length: 0\r\n\r\n",
        ];
        const start = relay.frames.length;
        for (const text of junk) relay.inject(text);
        relay.inject(Buffer.from([0xff, 0xfe, 0xc3, 0x28, 0x00]));
        await sleep(1500);
        assert.equal(await page.evaluate(() => window.registration().state), "registered");
        const answers = relay.frames.slice(start).filter(({ dir, text }) => dir === "out" && text.startsWith("SIP/2.0")).map(({ text }) => parse(text));
        assert.ok(answers.some(({ status, cseqMethod }) => status === 481 && cseqMethod === "BYE"), "a BYE for nothing is 481");
        assert.ok(answers.some(({ status, cseqMethod }) => status === 481 && cseqMethod === "CANCEL"), "a CANCEL for nothing is 481");
        const texts = JSON.stringify(await events());
        assert.ok(!texts.includes(server.users.bob));
        for (const { error } of (await events()).filter(({ name }) => name === "problem")) proper(error, error.code, server.users.bob);
        const calls = await page.evaluate(() => window.events.filter(({ name }) => name === "call_received").length);

        const alice = await Ua.connect(server, { user: "alice" });
        const call = alice.invite(`sip:bob@${server.domain}`);
        await until("the next call comes", async () => (await page.evaluate(() => window.events.filter(({ name }) => name === "call_received").length)) > calls);
        await call.has(180);
        await page.evaluate(() => window.call.decline(486));
        assert.equal((await call.ended()).status, 486);
        await alice.close();
        await page.close();
      });

      test("an offer that the browser cannot use refuses the call, and says why", async () => {
        const { registered, event, page } = await open({ server, url: relay.url });
        await registered();
        const alice = await Ua.connect(server, { user: "alice" });
        const call = alice.invite(`sip:bob@${server.domain}`, { body: "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\nc=IN IP4 127.0.0.1\r\n" });
        await event("the call", ({ name }) => name === "call_received").catch(() => {});
        await page.evaluate(() => window.call?.answer().catch(() => {}));
        const final = await call.ended();
        assert.ok([488, 500, 606].includes(final.status), String(final.status));
        await alice.close();
        await page.close();
      });
    });
  });

  if (kind === "edge") describe("foreign and broken messages on the bridge", { skip: lacks(kind), timeout: 60000 }, () => {
    const envelope = (fields) => JSON.stringify({ v: 1, type: "ack", id: "x1", kind: "event", session: "s", seq: 1, ack: 0, at: 1, p: {}, ...fields });
    const JUNK = [
      "", "garbage", "null", "[]", "42", "{", "{}", `"${"x".repeat(70000)}"`, "[".repeat(20000), envelope({ v: 2 }), envelope({ session: "not-this-one", seq: 1 }), envelope({ seq: -1 }), envelope({ seq: 1e300 }),
      envelope({ kind: "nonsense" }), envelope({ type: "call.perform", kind: "request", p: { action: "answer" } }), envelope({ type: "push.token", p: { token: 42 } }), envelope({ p: "text" }),
      envelope({ type: "ws.message", p: { sock: 1, text: "INVITE" } }), envelope({ type: "session.reset", p: { reason: "hostRestart" } }), JSON.stringify({ hello: "from another script" }),
    ];

    test("neither page nor host moves, and the phone is still woken", { timeout: 60000 }, () => scenario("edge", {}, async (run) => {
      await Promise.all([run.openPhone(), run.openWeb()]);
      await run.registered();
      const calls = () => run.phone.evaluate(() => window.sipwakeDemo.calls.length);
      for (const side of ["page", "host"]) {
        // What either side posts itself is what the other takes for the bridge.
        const from = side === "page" ? run.phone : run.app;
        await from.evaluate((texts) => {
          const to = window.parent === window ? document.querySelector("iframe").contentWindow : window.parent;
          for (const text of texts) to.postMessage({ sipwakeBridge: text }, location.origin);
        }, JUNK);
        await sleep(500);
        assert.equal(await run.app.evaluate(() => window.sipwakeDemo.registration.state), "registered");
        assert.equal(await calls(), 0);
      }
      const said = JSON.stringify([run.browser.console, await run.app.evaluate(() => String(window.sipwakeDemo.error?.message ?? ""))]);
      assert.ok(!said.includes(run.token) && !said.includes(run.server.users.bob), "no secret in any text");
      await run.sleep();
      await run.dial();
      await run.callIs("ringing");
      await run.phoneRelay.frame("out", (text) => text.startsWith("SIP/2.0 180"));
      const since = Date.now();
      await run.do(run.phone, "answer");
      await run.talk(since);
      await run.do(run.phone, "hangup");
      await run.callIs("ended");
    }));
  });
}
