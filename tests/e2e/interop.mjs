// The web softphone with JsSIP and SIP.js as the other party: calls both ways, sound both ways, every way to end.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { hears, serveFolder } from "./support/browser.mjs";
import { bundlePeers, startPeer } from "./support/peers.mjs";
import { ROOT, until } from "./support/process.mjs";
import { startRelay } from "./support/relay.mjs";
import { TONES, lacks, scenario } from "./support/scenario.mjs";

const PAGE = `<!doctype html><meta charset=utf-8><title>peer</title><script>
// The other party's microphone.
navigator.mediaDevices.getUserMedia = async () => {
  const context = new AudioContext(), oscillator = context.createOscillator(), out = context.createMediaStreamDestination();
  oscillator.frequency.value = ${TONES.phone};
  oscillator.connect(out);
  oscillator.start();
  return out.stream;
};
</script><script src=peers.js></script>`;

const isFinal = (status, method) => (text) => text.startsWith(`SIP/2.0 ${status} `) && new RegExp(`CSeq: \\d+ ${method}`).test(text);

/** Our softphone as alice, the other party as bob; both registered. */
const pair = (kind, library, body) => scenario(kind, {}, async (run) => {
  const files = await serveFolder(ROOT, { "/peer.html": PAGE, "/peers.js": await bundlePeers() });
  const relay = await startRelay(run.server.wsUrl);
  try {
    await run.openWeb();
    const page = await run.browser.open(`${files.url}/peer.html`);
    const peer = await startPeer(page, "peer", library, { url: relay.url, user: "bob", password: run.server.users.bob, domain: run.server.domain, displayName: "Bob" });
    await peer.register();
    await run.see(run.web, "registered", () => window.sipwakeDemo.registration?.state === "registered");
    run.phoneRelay = relay;
    run.callee = library;
    await body(run, peer, page);
    await peer.stop();
  } finally {
    await relay.stop();
    await files.stop();
  }
});

async function talk(run, page) {
  await run.see(run.web, "connected", () => window.sipwakeDemo.calls[0]?.state === "connected");
  await until("their remote audio", () => page.evaluate("window.peer.remoteStream?.getAudioTracks().length > 0"));
  const heard = await Promise.all([
    hears(run.web, "window.sipwakeDemo.remoteStream", TONES.phone, { limitMs: 5000 }), hears(page, "window.peer.remoteStream", TONES.caller, { limitMs: 5000 }),
  ]);
  assert.ok(heard.every((took) => took !== null), `each hears the other: ${heard}`);
}

const over = (run, kind) => run.see(run.web, `the call ends: ${kind}`, (wanted) => window.sipwakeDemo.calls.length === 0 && window.sipwakeDemo.outcome?.kind === wanted, kind);

/** The tests of this file over one kind of server. */
export function interopTests(kind) {
  for (const library of ["jssip", "sipjs"]) {
    describe(`${library} as the other party, over ${kind}`, { skip: lacks(kind), timeout: 90000 }, () => {
      test("we call, we hang up; they call, they hang up", { timeout: 60000 }, () => pair(kind, library, async (run, peer, page) => {
        const ringing = peer.incoming();
        await run.dial();
        await ringing;
        await peer.answer();
        await talk(run, page);
        await run.do(run.web, "hangup");
        await peer.ended();
        await run.webRelay.frame("in", isFinal(200, "BYE"));
        await over(run, "completed");

        await peer.call(`sip:alice@${run.server.domain}`);
        await run.see(run.web, "their call", () => window.sipwakeDemo.calls[0]?.state === "ringing");
        await run.do(run.web, "answer");
        await talk(run, page);
        await peer.hangup();
        await over(run, "completed");
        await run.checkNothingLeft();
      }));

      test("calls that are declined and cancelled, by either side", { timeout: 60000 }, () => pair(kind, library, async (run, peer) => {
        let ringing = peer.incoming();
        await run.dial();
        await ringing;
        await peer.decline(486);
        await over(run, "busy");

        ringing = peer.incoming();
        await run.dial();
        await ringing;
        await run.see(run.web, "it rings there", () => ["ringing", "early"].includes(window.sipwakeDemo.calls[0]?.state));
        await run.do(run.web, "hangup");
        await peer.ended();
        await over(run, "cancelled");

        await peer.call(`sip:alice@${run.server.domain}`);
        await run.see(run.web, "their call", () => window.sipwakeDemo.calls[0]?.state === "ringing");
        await run.do(run.web, "decline");
        await peer.ended();
        await over(run, "declined");

        await peer.call(`sip:alice@${run.server.domain}`);
        await run.see(run.web, "their call", () => window.sipwakeDemo.calls[0]?.state === "ringing");
        await peer.hangup();
        await over(run, "missed");
        await run.checkNothingLeft();
      }));
    });
  }
}
