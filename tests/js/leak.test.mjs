// Eight hundred calls of one page that is not reloaded: what the browser holds after the last is what it held after the first hundred.
// Real sockets, real peer connections; the engine's own memory is counted to the octet, over a thousand calls, by tests/leak.rs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { talking } from "./support/talk.mjs";

const talk = talking();

/** Kinds of objects that a call makes, by the names that the heap has for them. */
const KINDS = ["RTCPeerConnection", "MediaStream", "MediaStreamTrack", "RTCRtpSender", "RTCRtpReceiver", "RTCDTMFSender", "AudioContext", "HTMLAudioElement", "HTMLVideoElement", "WebSocket", "Call", "Media"];

/**
 * How many objects of these names the page holds. Chromium keeps a closed connection whose state was about to change (a task that it
 * has cancelled holds it): what only its own tasks hold is not counted.
 */
async function objects(cdp) {
  const chunks = [];
  const listen = ({ chunk }) => chunks.push(chunk);
  cdp.on("HeapProfiler.addHeapSnapshotChunk", listen);
  await cdp.send("HeapProfiler.takeHeapSnapshot", { reportProgress: false });
  cdp.off("HeapProfiler.addHeapSnapshotChunk", listen);
  const { snapshot, nodes, edges, strings } = JSON.parse(chunks.join(""));
  const { node_fields, node_types, edge_fields, edge_types } = snapshot.meta;
  const [width, wide] = [node_fields.length, edge_fields.length];
  const first = [0];
  for (let node = 0; node < nodes.length; node += width) first.push(first.at(-1) + nodes[node + node_fields.indexOf("edge_count")] * wide);
  const name = (node) => strings[nodes[node + node_fields.indexOf("name")]];
  const type = (node) => node_types[0][nodes[node + node_fields.indexOf("type")]];
  const reached = new Set([0]);
  for (const node of reached) {
    const roots = name(node) === "C++ Persistent roots";
    for (let edge = first[node / width]; edge < first[node / width + 1]; edge += wide) {
      if (edge_types[0][edges[edge]] === "weak") continue;
      if (roots && /blink::RTCPeerConnection::Change/.test(strings[edges[edge + 1]])) continue;
      reached.add(edges[edge + 2]);
    }
  }
  const counts = Object.fromEntries(KINDS.map((kind) => [kind, 0]));
  for (const node of reached) if (["object", "native"].includes(type(node)) && name(node) in counts) counts[name(node)]++;
  return counts;
}

/** What is there, once the page has nothing to do and everything that nobody holds is gone. */
async function held(page, cdp) {
  const [wasm, open] = await page.evaluate(async () => {
    await t.sleep(300);
    return [memory.buffer.byteLength, { alice: alice.counters(), bob: bob.counters(), known: alice.state.calls.length + bob.state.calls.length }];
  });
  for (let i = 0; i < 3; i++) await cdp.send("HeapProfiler.collectGarbage");
  const { nodes, jsEventListeners } = await cdp.send("Memory.getDOMCounters");
  const { usedSize: heap } = await cdp.send("Runtime.getHeapUsage");
  return { wasm, heap, things: { ...(await objects(cdp)), nodes, jsEventListeners, ...open } };
}

test("eight hundred calls hold no more of anything than a hundred", { timeout: 300_000 }, async () => {
  const context = talk.browser.context;
  await context.addInitScript(() => {
    const { instantiate } = WebAssembly;
    WebAssembly.instantiate = async (...arguments_) => {
      const made = await instantiate(...arguments_);
      window.memory = Object.values((made.instance ?? made).exports).find((value) => value instanceof WebAssembly.Memory) ?? window.memory;
      return made;
    };
  });
  const { page, complaints } = await talk.open();
  const cdp = await context.newCDPSession(page);
  await cdp.send("HeapProfiler.enable");
  await page.evaluate(async () => {
    t.until = async (what, condition) => {
      for (const began = performance.now(); performance.now() - began < 20_000; await t.sleep(0)) {
        const value = condition();
        if (value) return value;
      }
      throw new Error(`never: ${what}`);
    };
    for (const [name, hertz] of [["alice", 440], ["bob", 1000]]) {
      window[name] = await t.Endpoint.start({ host: "none", testToneHz: hertz });
      window[`${name}Account`] = await window[name].createAccount(t.options(name));
      await t.until(`${name} registers`, () => window[`${name}Account`].registration.state === "registered");
    }
    // What nobody listens to waits for a listener, and holds the call that it is about.
    for (const endpoint of [alice, bob]) for (const name of t.names) endpoint.on(name, () => {});
    const last = {};
    let gone = 0;
    bob.on("call_received", ({ call }) => (last.received = call));
    for (const endpoint of [alice, bob]) endpoint.on("call_terminated", () => gone++);
    const rings = async () => {
      const call = await t.until("it rings", () => last.received);
      last.received = undefined;
      return call;
    };
    const answered = async (call) => {
      const incoming = await rings();
      await incoming.answer();
      await t.until("both connected", () => call.state === "connected" && incoming.state === "connected");
      return incoming;
    };
    const joined = (...calls) => t.until("media", () => calls.every((call) => call.mediaConnected));
    const declined = async (_, i) => (await rings()).decline(i % 2 ? 486 : undefined);
    /** Everything that one does in a call. */
    const long = async (call) => {
      const incoming = await answered(call);
      await joined(call, incoming);
      await call.hold();
      await call.unhold();
      await call.dtmf("1", { durationMs: 40, gapMs: 30 });
      await call.getStats();
      await call.mute(true);
      const element = t.element();
      call.attach(element)();
      element.remove();
      await call.renegotiate({ iceRestart: true });
      await incoming.hangup();
    };
    const kinds = [
      // Answered, and ended by either side.
      async (call, i) => {
        const incoming = await answered(call);
        await (i % 20 ? call : incoming).hangup();
      },
      declined,
      // Cancelled while it rings.
      async (call) => (await rings(), call.hangup()),
      declined,
      async () => (await rings()).redirect("sip:nobody@" + t.domain),
      // Every fifth of these.
      async (call, i) => (i % 50 === 5 ? long(call) : declined(call, i)),
      // Nobody has that name.
      null,
      async (call) => (await rings(), call.hangup()),
      null,
      // No call at all.
      "message",
    ];
    window.run = async (from, to) => {
      for (let i = from; i < to; i++) {
        const kind = kinds[i % kinds.length];
        if (kind === "message") {
          await alice.sendMessage(aliceAccount, "bob", "hello", { contentType: "text/plain" });
          continue;
        }
        gone = 0;
        const call = await alice.makeCall(aliceAccount, kind ? "bob" : "nobody");
        await kind?.(call, i);
        await t.until(`call ${i} is over`, () => gone === (kind ? 2 : 1));
      }
    };
  });
  const measured = [];
  for (const [from, to] of [[0, 100], [100, 600], [600, 800]]) {
    await page.evaluate(([from, to]) => run(from, to), [from, to]);
    measured.push(await held(page, cdp));
  }
  const [hundred, most, last] = measured;
  // Connections, streams, tracks, elements, listeners, timers, sockets, calls: to the piece.
  assert.deepEqual(last.things, hundred.things);
  // The module's memory never shrinks, and holds what is remembered of the calls of the last half minute, more of them the faster they
  // come. So here it is held to less than a remembered call for each; tests/leak.rs lets that time pass, and counts octets.
  const grown = { wasm: last.wasm - most.wasm, heap: last.heap - most.heap };
  // The module's memory grows in steps, when what it remembers of the last half minute is most: one step may fall in here.
  assert.ok(grown.wasm < 4_194_304 && grown.heap < 256 * 200, `octets more after 200 calls: ${JSON.stringify(grown)}`);
  assert.deepEqual(complaints, []);
});
