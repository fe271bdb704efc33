// The media driver against a real Chromium: two sessions of one page talk to each other.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, serve } from "./support/browser.mjs";

let server, browser;

before(async () => {
  server = await serve({ "/": { body: "<!doctype html><title>media</title>" } });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.close();
});

/** A page with the module, and helpers beside it in `window.t`. */
async function page(from = browser, url = server.url) {
  const page = await from.context.newPage();
  await page.goto(url);
  await page.evaluate(async () => {
    const media = await import("/src/browser/js/media.js");
    const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    window.t = {
      ...media,
      sleep,
      open(options) {
        const events = [];
        const session = media.createMedia(options, (event) => events.push(event));
        const event = async (type) => {
          for (let i = 0; i < 500; i++) {
            const found = events.find((e) => e.type === type);
            if (found) return found;
            await sleep(10);
          }
          throw new Error(`no ${type} in ${JSON.stringify(events.map((e) => e.type + (e.reason ?? "")))}`);
        };
        return { session, events, event };
      },
      async connect(a, b) {
        a.session.offer();
        b.session.accept((await a.event("described")).sdp);
        a.session.setAnswer((await b.event("described")).sdp);
        await a.event("applied");
        await Promise.all([a.event("connected"), b.event("connected")]);
      },
      /** The strongest frequency of a stream, or 0 where it is silent. */
      async hears(stream, forMs = 300) {
        const context = new AudioContext();
        const analyser = context.createAnalyser();
        analyser.fftSize = 4096;
        analyser.smoothingTimeConstant = 0;
        context.createMediaStreamSource(stream).connect(analyser);
        await sleep(forMs);
        const bins = new Float32Array(analyser.frequencyBinCount);
        analyser.getFloatFrequencyData(bins);
        const hertz = context.sampleRate / analyser.fftSize;
        await context.close();
        const best = bins.reduce((top, value, i) => (value > bins[top] ? i : top), 0);
        return bins[best] < -70 ? 0 : best * hertz;
      },
    };
  });
  return page;
}

test("without a microphone the tone is sent, muted and sent again, and nothing is left after close", async () => {
  const p = await page();
  const seen = await p.evaluate(async () => {
    const a = t.open({ testToneHz: 440 });
    const b = t.open({ testToneHz: 1000 });
    await t.connect(a, b);
    const during = t.mediaCounters();
    const heard = [await t.hears(b.session.remoteStream), await t.hears(a.session.remoteStream)];
    a.session.mute(true);
    await t.sleep(500);
    heard.push(await t.hears(b.session.remoteStream));
    a.session.mute(false);
    await t.sleep(300);
    heard.push(await t.hears(b.session.remoteStream));
    a.session.close();
    b.session.close();
    await t.sleep(200);
    return { heard, during, after: t.mediaCounters() };
  });
  const [first, second, muted, again] = seen.heard;
  assert.ok(Math.abs(first - 440) < 30, `heard ${first}`);
  assert.ok(Math.abs(second - 1000) < 30, `heard ${second}`);
  assert.equal(muted, 0);
  assert.ok(Math.abs(again - 440) < 30, `heard ${again}`);
  assert.deepEqual(seen.during, { peerConnections: 2, liveTracks: 4, audioContexts: 2, timers: 0 });
  assert.deepEqual(seen.after, { peerConnections: 0, liveTracks: 0, audioContexts: 0, timers: 0 });
});

test("a description leaves with the first usable candidate, long before gathering is over", async () => {
  const p = await page();
  const { sdp, took } = await p.evaluate(async () => {
    const a = t.open({ testToneHz: 440, gatheringLimitMs: 20000 });
    const start = performance.now();
    a.session.offer();
    const { sdp } = await a.event("described");
    const took = performance.now() - start;
    a.session.close();
    return { sdp, took };
  });
  assert.match(sdp, /a=candidate/);
  assert.ok(took < 4000, `${took} ms`);
});

test("gathering that finds nothing ends at the limit", async () => {
  const p = await page();
  const { took, timers } = await p.evaluate(async () => {
    const iceServers = [{ urls: "turn:127.0.0.1:9?transport=tcp", username: "u", credential: "p" }];
    const a = t.open({ testToneHz: 440, iceServers, gatheringLimitMs: 300, firstUsableCandidate: false });
    await t.sleep(100);
    const start = performance.now();
    a.session.offer();
    await a.event("described");
    const took = performance.now() - start;
    const { timers } = t.mediaCounters();
    a.session.close();
    return { took, timers };
  });
  assert.ok(took < 2000, `${took} ms`);
  assert.equal(timers, 0);
});

test("no microphone and no tone is a failure that says so", async () => {
  const p = await page();
  const { reason, left } = await p.evaluate(async () => {
    const a = t.open({});
    const { reason } = await a.event("failed");
    a.session.offer();
    await t.sleep(50);
    const left = a.events.length;
    a.session.close();
    return { reason, left };
  });
  assert.equal(reason, "noMicrophone");
  assert.equal(left, 1, "the first failure is the last word");
});

test("a description that makes no sense is a failure, not a throw", async () => {
  const p = await page();
  const reason = await p.evaluate(async () => {
    const a = t.open({ testToneHz: 440 });
    a.session.accept("v=0\r\nnonsense");
    const { reason } = await a.event("failed");
    a.session.close();
    return reason;
  });
  assert.equal(reason, "badDescription");
});

test("a repeated answer is taken again without complaint", async () => {
  const p = await page();
  const applied = await p.evaluate(async () => {
    const [a, b] = [t.open({ testToneHz: 440 }), t.open({ testToneHz: 440 })];
    await t.connect(a, b);
    a.session.setAnswer(b.events.find((e) => e.type === "described").sdp);
    await t.sleep(50);
    a.session.close();
    b.session.close();
    return a.events.filter((e) => e.type === "applied").length;
  });
  assert.equal(applied, 2);
});

test("where there is no WebRTC the failure says so", async () => {
  const p = await page();
  const reason = await p.evaluate(async () => {
    delete window.RTCPeerConnection;
    const a = t.open({ testToneHz: 440 });
    const { reason } = await a.event("failed");
    a.session.offer();
    a.session.mute(true);
    a.session.close();
    return reason;
  });
  assert.equal(reason, "unsupported");
});

test("close while the microphone is still being opened leaves nothing behind", async () => {
  const withMicrophone = await launch({ microphone: true });
  try {
    const p = await page(withMicrophone);
    const { counters, events } = await p.evaluate(async () => {
      const a = t.open({});
      a.session.offer();
      a.session.close();
      await t.sleep(500);
      return { counters: t.mediaCounters(), events: a.events };
    });
    assert.deepEqual(counters, { peerConnections: 0, liveTracks: 0, audioContexts: 0, timers: 0 });
    assert.deepEqual(events, []);
  } finally {
    await withMicrophone.close();
  }
});

test("the application's own stream is sent and stays the application's", async () => {
  const p = await page();
  const { heard, live } = await p.evaluate(async () => {
    const context = new AudioContext();
    const oscillator = context.createOscillator();
    oscillator.frequency.value = 700;
    const output = context.createMediaStreamDestination();
    oscillator.connect(output);
    oscillator.start();
    t.setMicrophone(output.stream);
    const [a, b] = [t.open({}), t.open({})];
    await t.connect(a, b);
    const heard = await t.hears(b.session.remoteStream);
    a.session.close();
    b.session.close();
    t.setMicrophone(null);
    return { heard, live: output.stream.getAudioTracks()[0].readyState };
  });
  assert.ok(Math.abs(heard - 700) < 30, `heard ${heard}`);
  assert.equal(live, "live");
});

/** What a session without a tone says in a browser of its own. */
async function failure(options, url = (own) => own) {
  const other = await launch(options);
  try {
    const p = await page(other, url(server.url));
    return await p.evaluate(async () => {
      const a = t.open({ testToneHz: 0 });
      const { reason } = await a.event("failed");
      a.session.close();
      await t.sleep(50);
      return { reason, counters: t.mediaCounters() };
    });
  } finally {
    await other.close();
  }
}
const nothing = { peerConnections: 0, liveTracks: 0, audioContexts: 0, timers: 0 };

test("a refused microphone is a failure that says so", async () => {
  const args = ["--use-fake-device-for-media-stream", "--deny-permission-prompts"];
  assert.deepEqual(await failure({ args }), { reason: "permissionDenied", counters: nothing });
});

test("a page that is no secure context is told so", async () => {
  const args = ["--host-resolver-rules=MAP insecure.test 127.0.0.1"];
  const seen = await failure({ args }, (own) => own.replace("127.0.0.1", "insecure.test"));
  assert.deepEqual(seen, { reason: "insecureContext", counters: nothing });
});

test("the microphone can be changed during a call, and a muted one stays muted", async () => {
  const p = await page();
  const { heard, after } = await p.evaluate(async () => {
    const tone = (hertz) => {
      const context = new AudioContext();
      const oscillator = new OscillatorNode(context, { frequency: hertz });
      const output = context.createMediaStreamDestination();
      oscillator.connect(output);
      oscillator.start();
      return output.stream;
    };
    const [a, b] = [t.open({ testToneHz: 440 }), t.open({ testToneHz: 1000 })];
    await t.connect(a, b);
    a.session.setMicrophone(tone(700));
    await t.sleep(500);
    const heard = [await t.hears(b.session.remoteStream)];
    a.session.mute(true);
    a.session.setMicrophone(tone(1500));
    await t.sleep(500);
    heard.push(await t.hears(b.session.remoteStream));
    a.session.mute(false);
    await t.sleep(300);
    heard.push(await t.hears(b.session.remoteStream));
    a.session.close();
    b.session.close();
    await t.sleep(100);
    return { heard, after: t.mediaCounters() };
  });
  const [first, muted, second] = heard;
  assert.ok(Math.abs(first - 700) < 30 && Math.abs(second - 1500) < 30, String(heard));
  assert.equal(muted, 0);
  assert.deepEqual(after, nothing);
});
