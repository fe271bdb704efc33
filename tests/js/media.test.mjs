// The media driver against a real Chromium: two sessions of one page talk to each other.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, serve } from "./support/browser.mjs";
import { mediaPage } from "./support/media.mjs";

let server, browser;

before(async () => {
  server = await serve({ "/": { body: "<!doctype html><title>media</title>" } });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.close();
});

const page = (from = browser, url = server.url) => mediaPage(from, url);

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

const close = (heard, wanted) => assert.ok(Math.abs(heard - wanted) < 30, `heard ${heard}, not ${wanted}`);

test("a session made without a microphone hears, is silent and asks for none, until its microphone is opened", async () => {
  const it = await page();
  for (const offers of [true, false]) {
    const seen = await it.evaluate(async (offers) => {
      let asked = 0;
      const devices = navigator.mediaDevices;
      const real = devices.getUserMedia.bind(devices);
      devices.getUserMedia = (wanted) => {
        asked++;
        return real(wanted);
      };
      const quiet = t.open({ testToneHz: 440, microphone: false });
      const other = t.open({ testToneHz: 1000 });
      const before = asked;
      const [a, b] = offers ? [quiet, other] : [other, quiet];
      const { offer, answer } = await t.renegotiate(a, b);
      await quiet.event("connected");
      const early = { heard: await t.hears(quiet.session.remoteStream), sent: await t.hears(other.session.remoteStream) };
      const meanwhile = asked;
      const at = quiet.events.length;
      quiet.session.microphone(7);
      const { number } = await quiet.event("applied", at);
      await t.sleep(500);
      const later = await t.hears(other.session.remoteStream);
      const tracks = quiet.session.localStream.getAudioTracks().length;
      a.session.close();
      b.session.close();
      devices.getUserMedia = real;
      return { early, later, number, tracks, asked: [before, meanwhile, asked], described: (offers ? offer : answer).match(/a=(sendrecv|recvonly|inactive)/)[1] };
    }, offers);
    assert.ok(Math.abs(seen.early.heard - 1000) < 30, `heard ${seen.early.heard}`);
    assert.equal(seen.early.sent, 0);
    assert.ok(Math.abs(seen.later - 440) < 30, `sent ${seen.later}`);
    assert.deepEqual([seen.described, seen.number, seen.tracks], ["sendrecv", 7, 1]);
    assert.deepEqual(seen.asked, [1, 1, 2], "only the other has asked until then");
  }
  await it.close();
});

test("what answers a command has its number, whatever was asked meanwhile, and what answers none has none", async () => {
  const it = await page();
  const events = await it.evaluate(async () => {
    const [a, b] = [t.open({ testToneHz: 440 }), t.open({ testToneHz: 660 })];
    a.session.offer(false, 11);
    a.session.accept("nonsense", 12);
    a.session.offer(false, 13);
    a.session.rollback();
    a.session.dtmf("1", 100, 70, 14);
    await t.sleep(100);
    const told = () => a.events.filter((event) => event.number !== undefined && event.type !== "connected");
    while (told().length < 4) await t.sleep(20);
    const offer = await a.after("described", (session) => session.offer(false, 15));
    const answer = await b.after("described", (session) => session.accept(offer.sdp, 1));
    await a.after("applied", (session) => session.setAnswer(answer.sdp, false, 16));
    const connected = await a.event("connected");
    a.session.close();
    b.session.close();
    return { told: told().map(({ type, number }) => `${type} ${number}`).sort(), connected, answer: answer.number };
  });
  assert.deepEqual(events.told, ["applied 16", "described 11", "described 13", "described 15", "failed 12", "failed 14"]);
  assert.equal(events.answer, 1);
  assert.equal(events.connected.number, undefined);
  await it.close();
});

test("hold stops the packets one way and silences the microphone, and taking it back lets both be heard again", async () => {
  const p = await page();
  const seen = await p.evaluate(async () => {
    const [a, b] = [t.open({ testToneHz: 440 }), t.open({ testToneHz: 1000 })];
    await t.connect(a, b);
    const before = [await t.packets(a), await t.packets(b)];
    a.session.direction("sendonly");
    const held = await t.renegotiate(a, b);
    await t.sleep(300);
    const during = [await t.packets(a), await t.hears(b.session.remoteStream)];
    a.session.direction("sendrecv");
    const back = await t.renegotiate(a, b);
    await t.sleep(300);
    const after = [await t.packets(a), await t.hears(b.session.remoteStream), await t.hears(a.session.remoteStream)];
    b.session.direction("inactive");
    await t.renegotiate(b, a);
    await t.sleep(300);
    const neither = [await t.packets(a), await t.packets(b)];
    a.session.close();
    b.session.close();
    return { before, during, after, neither, held, back };
  });
  assert.ok(seen.before.every((packets) => packets > 20), String(seen.before));
  assert.match(seen.held.offer, /a=sendonly/);
  assert.match(seen.held.answer, /a=recvonly/);
  assert.deepEqual(seen.during, [0, 0], "nothing comes here, and nothing is heard there");
  assert.match(seen.back.offer, /a=sendrecv/);
  assert.ok(seen.after[0] > 20, String(seen.after));
  close(seen.after[1], 440);
  close(seen.after[2], 1000);
  assert.deepEqual(seen.neither, [0, 0]);
});

test("a held microphone stays silent when it is unmuted or changed, and speaks again after the hold", async () => {
  const p = await page();
  const heard = await p.evaluate(async () => {
    const [a, b] = [t.open({ testToneHz: 440 }), t.open({ testToneHz: 1000 })];
    await t.connect(a, b);
    a.session.direction("sendonly");
    a.session.mute(true);
    a.session.mute(false);
    await t.renegotiate(a, b);
    await t.sleep(400);
    const heard = [await t.hears(b.session.remoteStream)];
    a.session.direction("sendrecv");
    await t.renegotiate(a, b);
    await t.sleep(400);
    heard.push(await t.hears(b.session.remoteStream));
    a.session.close();
    b.session.close();
    return heard;
  });
  assert.equal(heard[0], 0);
  close(heard[1], 440);
});

test("a hold that was refused is rolled back: the session is as before, and either side may offer again", async () => {
  const p = await page();
  const seen = await p.evaluate(async () => {
    const [a, b] = [t.open({ testToneHz: 440 }), t.open({ testToneHz: 1000 })];
    await t.connect(a, b);
    a.session.direction("sendonly");
    await a.after("described", (session) => session.offer());
    a.session.rollback();
    await t.sleep(400);
    const heard = [await t.hears(b.session.remoteStream), await t.hears(a.session.remoteStream)];
    const state = a.pc.signalingState;
    const theirs = await t.renegotiate(b, a);
    const ours = await t.renegotiate(a, b);
    heard.push(await t.hears(b.session.remoteStream));
    a.session.close();
    b.session.close();
    return { heard, state, theirs, ours, failed: [...a.events, ...b.events].filter(({ type }) => type === "failed") };
  });
  assert.equal(seen.state, "stable");
  close(seen.heard[0], 440);
  close(seen.heard[1], 1000);
  close(seen.heard[2], 440);
  assert.match(seen.theirs.answer, /a=sendrecv/);
  assert.match(seen.ours.offer, /a=sendrecv/);
  assert.deepEqual(seen.failed, []);
});

test("an offer that comes while ours is open is answered: ours is rolled back", async () => {
  const p = await page();
  const seen = await p.evaluate(async () => {
    const [a, b] = [t.open({ testToneHz: 440 }), t.open({ testToneHz: 1000 })];
    await t.connect(a, b);
    await a.after("described", (session) => session.offer());
    await t.renegotiate(b, a);
    const heard = await t.hears(b.session.remoteStream);
    const states = [a.pc.signalingState, b.pc.signalingState];
    a.session.close();
    b.session.close();
    return { heard, states, failed: [...a.events, ...b.events].filter(({ type }) => type === "failed") };
  });
  close(seen.heard, 440);
  assert.deepEqual(seen.states, ["stable", "stable"]);
  assert.deepEqual(seen.failed, []);
});

test("a description of a renegotiation that cannot be used ends nothing", async () => {
  const p = await page();
  const seen = await p.evaluate(async () => {
    const [a, b] = [t.open({ testToneHz: 440 }), t.open({ testToneHz: 1000 })];
    await t.connect(a, b);
    const reasons = [(await b.after("failed", (session) => session.accept("v=0\r\nnonsense"))).reason];
    await a.after("described", (session) => session.offer());
    reasons.push((await a.after("failed", (session) => session.setAnswer("v=0\r\nnonsense"))).reason);
    a.session.rollback();
    // One that can be read, but is no answer to what was offered: it fails later than the first.
    const twoLines = b.pc.localDescription.sdp.replace(/m=audio[\s\S]*$/, "$&$&").replace("BUNDLE 0", "BUNDLE 0 1").replace(/(a=mid:0[\s\S]*)a=mid:0/, "$1a=mid:1");
    await a.after("described", (session) => session.offer());
    reasons.push((await a.after("failed", (session) => session.setAnswer(twoLines))).reason);
    a.session.rollback();
    await t.renegotiate(a, b);
    const heard = await t.hears(b.session.remoteStream);
    a.session.close();
    b.session.close();
    return { reasons, heard };
  });
  assert.deepEqual(seen.reasons, ["badDescription", "badDescription", "badDescription"]);
  close(seen.heard, 440);
});

test("an ICE restart changes the credentials and keeps the audio", async () => {
  const p = await page();
  const seen = await p.evaluate(async () => {
    const [a, b] = [t.open({ testToneHz: 440 }), t.open({ testToneHz: 1000 })];
    await t.connect(a, b);
    const before = [a.pc.localDescription.sdp, b.pc.localDescription.sdp];
    const { offer, answer } = await t.renegotiate(a, b, true);
    await t.sleep(500);
    const heard = [await t.hears(b.session.remoteStream), await t.hears(a.session.remoteStream)];
    a.session.close();
    b.session.close();
    return { before, after: [offer, answer], heard };
  });
  const ufrag = (sdp) => /a=ice-ufrag:(.*)/.exec(sdp)[1];
  assert.notEqual(ufrag(seen.before[0]), ufrag(seen.after[0]));
  assert.notEqual(ufrag(seen.before[1]), ufrag(seen.after[1]));
  for (const sdp of seen.after) assert.match(sdp, /a=candidate/);
  close(seen.heard[0], 440);
  close(seen.heard[1], 1000);
});

test("a lost connection is told, is not the end, and an ICE restart repairs it", async () => {
  const p = await page();
  const seen = await p.evaluate(async () => {
    const [a, b] = [t.open({ testToneHz: 440 }), t.open({ testToneHz: 1000 })];
    // The other side answers with credentials that nobody knows: ICE fails as it does on a dead path.
    a.session.offer();
    b.session.accept((await a.event("described")).sdp);
    const answer = (await b.event("described")).sdp;
    a.session.setAnswer(answer.replace(/a=ice-pwd:.*/g, "a=ice-pwd:0123456789012345678901234567"));
    for (let i = 0; i < 40 && !a.events.some(({ type }) => type === "failed"); i++) await t.sleep(1000);
    const lost = a.events.find(({ type }) => type === "failed")?.reason;
    await t.renegotiate(a, b, true);
    await Promise.all([a.event("connected"), b.event("connected")]);
    await t.sleep(300);
    const heard = await t.hears(b.session.remoteStream);
    a.session.close();
    b.session.close();
    return { lost, heard };
  });
  assert.equal(seen.lost, "connectionLost");
  close(seen.heard, 440);
});

test("digits are heard at the far end, one after the other, and are said to be sent when they are", async () => {
  const p = await page();
  const seen = await p.evaluate(async () => {
    const [a, b] = [t.open({ testToneHz: 300 }), t.open({ testToneHz: 1000 })];
    await t.connect(a, b);
    const listening = t.tones(b.session.remoteStream, 3000);
    await t.sleep(400);
    const started = performance.now();
    const first = a.after("dtmfSent", (session) => session.dtmf("5#", 300, 100));
    const from = a.events.length;
    a.session.dtmf("1", 300, 100);
    await first;
    const took = performance.now() - started;
    for (let i = 0; i < 500 && a.events.slice(from).filter(({ type }) => type === "dtmfSent").length < 2; i++) await t.sleep(10);
    const both = performance.now() - started;
    const { loudest } = await listening;
    const levels = Object.fromEntries([697, 770, 941, 1209, 1336, 1477, 1633].map((hertz) => [hertz, loudest(hertz)]));
    const counters = t.mediaCounters().timers;
    a.session.close();
    b.session.close();
    return { took, both, levels, counters };
  });
  // 5 is 770 and 1336 Hz, # is 941 and 1477, 1 is 697 and 1209; nobody pressed a key with 1633.
  for (const hertz of [697, 770, 941, 1209, 1336, 1477]) {
    assert.ok(seen.levels[hertz] > seen.levels[1633] + 15, `${hertz}: ${JSON.stringify(seen.levels)}`);
  }
  assert.ok(seen.took > 500 && seen.both > seen.took + 250, `${seen.took} ${seen.both}`);
  assert.equal(seen.counters, 0);
});

test("digits that cannot be sent are a failure that ends nothing", async () => {
  const p = await page();
  const seen = await p.evaluate(async () => {
    const [a, b] = [t.open({ testToneHz: 440 }), t.open({ testToneHz: 1000 })];
    const early = (await a.after("failed", (session) => session.dtmf("1"))).reason;
    a.session.offer();
    const offer = (await a.event("described")).sdp;
    b.session.accept(offer);
    // The far end knows no telephone events.
    a.session.setAnswer((await b.event("described")).sdp.replace(/a=rtpmap:\d+ telephone-event.*\r\n/g, ""));
    await a.event("connected");
    const unknown = (await a.after("failed", (session) => session.dtmf("1"))).reason;
    await t.sleep(300);
    const heard = await t.hears(b.session.remoteStream);
    a.session.close();
    b.session.close();
    return { early, unknown, heard };
  });
  assert.deepEqual([seen.early, seen.unknown], ["unsupported", "unsupported"]);
  close(seen.heard, 440);
});

test("a provisional answer lets early media be heard, and the answer of the same fork confirms it", async () => {
  const p = await page();
  const seen = await p.evaluate(async () => {
    const [a, b] = [t.open({ testToneHz: 440 }), t.open({ testToneHz: 1000 })];
    const offer = (await a.after("described", (session) => session.offer())).sdp;
    const answer = (await b.after("described", (session) => session.accept(offer))).sdp;
    await a.after("applied", (session) => session.setAnswer(answer, true));
    await a.event("connected");
    await t.sleep(300);
    const heard = [await t.hears(a.session.remoteStream)];
    const early = a.pc.signalingState;
    await a.after("applied", (session) => session.setAnswer(answer));
    await t.sleep(200);
    heard.push(await t.hears(a.session.remoteStream), await t.hears(b.session.remoteStream));
    const state = a.pc.signalingState;
    await t.renegotiate(b, a);
    a.session.close();
    b.session.close();
    return { heard, early, state };
  });
  assert.deepEqual([seen.early, seen.state], ["have-remote-pranswer", "stable"]);
  close(seen.heard[0], 1000);
  close(seen.heard[1], 1000);
  close(seen.heard[2], 440);
});

/** Two forks of one offer, both with early media; `then` says how it goes on. */
async function forked(then) {
  const p = await page();
  return p.evaluate(async (then) => {
    const a = t.open({ testToneHz: 440 });
    const forks = [t.open({ testToneHz: 1000 }), t.open({ testToneHz: 2000 })];
    const offer = (await a.after("described", (session) => session.offer())).sdp;
    const answers = [];
    const heard = [];
    for (const fork of forks) {
      const answer = (await fork.after("described", (session) => session.accept(offer))).sdp;
      answers.push(answer);
      await a.after("applied", (session) => session.setAnswer(answer, true));
      await a.event("connected");
      await t.sleep(300);
      heard.push(await t.hears(a.session.remoteStream));
    }
    const [first, second] = forks;
    const state = a.pc.signalingState;
    const switched = async () => {
      const started = performance.now();
      while (Math.abs((await t.hears(a.session.remoteStream)) - 2000) > 30 && performance.now() - started < 20000);
      return performance.now() - started;
    };
    let took = 0;
    if (then === "the first answers") {
      await a.after("applied", (session) => session.setAnswer(answers[0]));
    } else if (then === "the second answers") {
      await a.after("applied", (session) => session.setAnswer(answers[1]));
      first.session.close();
      took = await switched();
    } else if (then === "the second answers, ICE restarts") {
      await a.after("applied", (session) => session.setAnswer(answers[1]));
      first.session.close();
      await t.renegotiate(a, second, true);
      took = await switched();
    } else {
      first.session.close();
      took = await switched();
      await a.after("applied", (session) => session.setAnswer(answers[1]));
    }
    await t.sleep(300);
    const winner = then === "the first answers" ? first : second;
    const talk = [await t.hears(a.session.remoteStream), await t.hears(winner.session.remoteStream)];
    const end = [a.pc.signalingState, a.pc.connectionState];
    for (const side of [a, ...forks]) side.session.close();
    return { heard, state, took, talk, end, failed: a.events.filter(({ type }) => type === "failed") };
  }, then);
}
for (const [then, limit] of [["the first answers", 500], ["the second answers", 8000], ["the second answers, ICE restarts", 1500], ["the first ends before the second answers", 15000]]) {
  test(`of two forks with early media the first is heard as long as it lives, and then: ${then}`, async () => {
    const seen = await forked(then);
    assert.equal(seen.state, "have-remote-pranswer");
    close(seen.heard[0], 1000);
    close(seen.heard[1], 1000);
    assert.ok(seen.took < limit, `${seen.took} ms`);
    close(seen.talk[0], then === "the first answers" ? 1000 : 2000);
    close(seen.talk[1], 440);
    assert.deepEqual(seen.end, ["stable", "connected"]);
    assert.deepEqual(seen.failed, []);
  });
}

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
