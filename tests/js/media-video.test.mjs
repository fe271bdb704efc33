// Video of the media driver against a real Chromium with a camera that is none: pictures arrive, or do not.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { launch, serve } from "./support/browser.mjs";
import { mediaPage } from "./support/media.mjs";

let server, browser, bare;

before(async () => {
  server = await serve({ "/": { body: "<!doctype html><title>media</title>" } });
  browser = await launch({ microphone: true });
});
after(async () => {
  await browser?.close();
  await bare?.close();
  await server?.close();
});

/** A page with what looks at pictures. */
async function page(from = browser) {
  const page = await mediaPage(from, server.url);
  await page.evaluate(() => {
    /** What a stream shows: `picture`, `black`, or `nothing` where no new frame comes. */
    t.sees = async (stream) => {
      const video = Object.assign(document.createElement("video"), { muted: true, autoplay: true, playsInline: true, srcObject: stream });
      document.body.append(video);
      const frames = () => video.getVideoPlaybackQuality().totalVideoFrames;
      for (let i = 0; i < 60 && frames() < 3; i++) await t.sleep(50);
      await t.sleep(500);
      const before = frames();
      await t.sleep(700);
      const came = frames() - before;
      let bright = 0;
      if (video.videoWidth) {
        const canvas = new OffscreenCanvas(64, 48);
        const context = canvas.getContext("2d");
        context.drawImage(video, 0, 0, 64, 48);
        bright = Math.max(...context.getImageData(0, 0, 64, 48).data.filter((_, i) => i % 4 !== 3));
      }
      video.srcObject = null;
      video.remove();
      return came < 2 ? "nothing" : bright > 60 ? "picture" : "black";
    };
    /** What a description says of each media line: kind, port nought or not, direction. */
    t.lines = (sdp) =>
      sdp.split(/^m=/m).slice(1).map((part) => [part.split(" ")[0], part.split(" ")[1] === "0" ? "refused" : /a=(send\w+|recvonly|inactive)/.exec(part)?.[1]].join(" "));
    t.bundle = (sdp) => /^a=group:BUNDLE(.*)$/m.exec(sdp)?.[1].trim();
  });
  return page;
}

const over = async (p) => {
  await p.evaluate(() => t.sleep(100));
  assert.deepEqual(await p.evaluate(() => t.mediaCounters()), { peerConnections: 0, liveTracks: 0, audioContexts: 0, timers: 0 });
};

test("video both ways is seen on both sides, is muted apart from the audio, and leaves nothing open", async () => {
  const p = await page();
  const seen = await p.evaluate(async () => {
    const [a, b] = [t.open({ video: true }), t.open({ video: true })];
    await t.connect(a, b);
    const lines = [t.lines(a.events[0].sdp), t.lines(b.events[0].sdp)];
    const during = await Promise.all([t.sees(a.session.remoteStream), t.sees(b.session.remoteStream), t.sees(a.session.localStream)]);
    a.session.mute(true, true);
    await t.sleep(300);
    const energy = async () => [...(await b.pc.getStats()).values()].find(({ type, kind }) => type === "inbound-rtp" && kind === "audio").totalAudioEnergy;
    const before = await energy();
    const muted = [await t.sees(b.session.remoteStream), (await energy()) > before];
    a.session.mute(false, true);
    const again = await t.sees(b.session.remoteStream);
    const { liveTracks } = t.mediaCounters();
    a.session.close();
    b.session.close();
    return { lines, during, muted, again, liveTracks };
  });
  assert.deepEqual(seen.lines, [["audio sendrecv", "video sendrecv"], ["audio sendrecv", "video sendrecv"]]);
  assert.deepEqual(seen.during, ["picture", "picture", "picture"]);
  assert.deepEqual(seen.muted, ["black", true]);
  assert.equal(seen.again, "picture");
  assert.equal(seen.liveTracks, 8);
  await over(p);
});

test("an offer of video waits for a candidate of each line, for who does not bundle them", async () => {
  const p = await page();
  const sdp = await p.evaluate(async () => {
    const a = t.open({ video: true, gatheringLimitMs: 20000 });
    const { sdp } = await a.after("described", (session) => session.offer());
    a.session.close();
    return sdp;
  });
  const parts = sdp.split(/^m=/m).slice(1);
  assert.equal(parts.length, 2);
  for (const part of parts) assert.match(part, /a=candidate/);
});

test("video that is not wanted is refused with port 0, and the camera stays closed", async () => {
  const p = await page();
  const seen = await p.evaluate(async () => {
    const [a, b] = [t.open({ video: true }), t.open({})];
    await t.connect(a, b);
    const answer = t.lines(b.events[0].sdp);
    a.session.direction("sendrecv");
    const cameras = [a, b].map(({ session }) => session.localStream.getVideoTracks().length);
    const next = t.lines((await t.renegotiate(b, a)).offer);
    const heard = await t.packets(b);
    a.session.close();
    b.session.close();
    return { answer, cameras, next, heard };
  });
  assert.deepEqual(seen.answer, ["audio sendrecv", "video refused"]);
  assert.deepEqual(seen.cameras, [0, 0]);
  assert.deepEqual(seen.next, ["audio sendrecv", "video refused"]);
  assert.ok(seen.heard > 10);
  await over(p);
});

test("video is watched without a camera of ours", async () => {
  const p = await page();
  const seen = await p.evaluate(async () => {
    const [a, b] = [t.open({ video: true }), t.open({})];
    b.session.direction("sendrecv", "recvonly");
    await t.connect(a, b);
    const answer = t.lines(b.events[0].sdp);
    const views = [await t.sees(b.session.remoteStream), a.session.remoteStream.getVideoTracks().length, b.session.localStream.getVideoTracks().length];
    a.session.close();
    b.session.close();
    return { answer, views };
  });
  assert.deepEqual(seen.answer, ["audio sendrecv", "video recvonly"]);
  assert.deepEqual(seen.views, ["picture", 0, 0]);
});

test("video is added to a call, answered with a camera, taken away and added again by the other side", async () => {
  const p = await page();
  const seen = await p.evaluate(async () => {
    const [a, b] = [t.open({}), t.open({})];
    await t.connect(a, b);
    const said = [];
    const renegotiate = async (from, to) => {
      const { offer, answer } = await t.renegotiate(from, to);
      said.push([t.lines(offer)[1], t.lines(answer)[1], t.bundle(offer)]);
    };
    const views = async () => [await t.sees(a.session.remoteStream), await t.sees(b.session.remoteStream)];
    a.session.direction("sendrecv", "sendrecv");
    b.session.direction("sendrecv", "recvonly");
    await renegotiate(a, b);
    const first = await views();
    b.session.direction("sendrecv", "sendrecv");
    await renegotiate(b, a);
    const both = await views();
    a.session.direction("sendrecv");
    const closed = a.session.localStream.getVideoTracks().length;
    b.session.direction("sendrecv");
    await renegotiate(a, b);
    const none = [a, b].map(({ session }) => session.remoteStream.getVideoTracks().length + session.localStream.getVideoTracks().length);
    const audio = await t.packets(b);
    for (const { session } of [a, b]) session.direction("sendrecv", "sendrecv");
    await renegotiate(b, a);
    const again = await views();
    const failed = [...a.events, ...b.events].filter(({ type }) => type === "failed");
    a.session.close();
    b.session.close();
    return { said, first, both, closed, none, audio, again, failed };
  });
  assert.deepEqual(seen.said, [
    ["video sendrecv", "video recvonly", "0 1"],
    ["video sendrecv", "video sendrecv", "0 1"],
    ["video refused", "video refused", "0"],
    ["video sendrecv", "video sendrecv", seen.said[3][2]],
  ]);
  assert.deepEqual(seen.first, ["nothing", "picture"]);
  assert.deepEqual(seen.both, ["picture", "picture"]);
  assert.equal(seen.closed, 0, "a camera is given back at once");
  assert.deepEqual(seen.none, [0, 0]);
  assert.ok(seen.audio > 10);
  assert.deepEqual(seen.again, ["picture", "picture"]);
  assert.deepEqual(seen.failed, []);
  await over(p);
});

test("video whose offer was refused is gone, and the call goes on and may try again", async () => {
  const p = await page();
  const seen = await p.evaluate(async () => {
    const [a, b] = [t.open({}), t.open({})];
    await t.connect(a, b);
    a.session.direction("sendrecv", "sendrecv");
    await a.after("described", (session) => session.offer());
    a.session.rollback();
    a.session.direction("sendrecv");
    await t.sleep(300);
    const left = a.session.localStream.getVideoTracks().length;
    const theirs = t.lines((await t.renegotiate(b, a)).offer);
    const ours = t.lines((await t.renegotiate(a, b)).offer);
    for (const { session } of [a, b]) session.direction("sendrecv", "sendrecv");
    await t.renegotiate(a, b);
    const views = [await t.sees(a.session.remoteStream), await t.sees(b.session.remoteStream)];
    // Taken away, refused, and so as it was.
    a.session.direction("sendrecv");
    await a.after("described", (session) => session.offer());
    a.session.rollback();
    a.session.direction("sendrecv", "sendrecv");
    await t.sleep(300);
    await t.renegotiate(a, b);
    const after = [await t.sees(a.session.remoteStream), await t.sees(b.session.remoteStream)];
    const failed = [...a.events, ...b.events].filter(({ type }) => type === "failed");
    a.session.close();
    b.session.close();
    return { left, theirs, ours, views, after, failed };
  });
  assert.equal(seen.left, 0);
  assert.deepEqual(seen.theirs, ["audio sendrecv"]);
  assert.deepEqual(seen.ours, ["audio sendrecv", "video refused"]);
  assert.deepEqual(seen.views, ["picture", "picture"]);
  assert.deepEqual(seen.after, ["picture", "picture"]);
  assert.deepEqual(seen.failed, []);
});

test("a hold makes the picture black at once and stops it, and taking it back shows it again", async () => {
  const p = await page();
  const seen = await p.evaluate(async () => {
    const [a, b] = [t.open({ video: true }), t.open({ video: true })];
    await t.connect(a, b);
    a.session.direction("sendonly", "sendonly");
    const enabled = a.session.localStream.getTracks().map(({ enabled }) => enabled);
    const held = await t.renegotiate(a, b);
    const during = [await t.sees(a.session.remoteStream), await t.sees(b.session.remoteStream)];
    a.session.direction("sendrecv", "sendrecv");
    await t.renegotiate(a, b);
    const after = [await t.sees(a.session.remoteStream), await t.sees(b.session.remoteStream)];
    a.session.close();
    b.session.close();
    return { enabled, held: t.lines(held.answer), during, after };
  });
  assert.deepEqual(seen.enabled, [false, false]);
  assert.deepEqual(seen.held, ["audio recvonly", "video recvonly"]);
  assert.deepEqual(seen.during, ["nothing", "black"]);
  assert.deepEqual(seen.after, ["picture", "picture"]);
});

test("without a camera the call goes on, says so, and shows theirs", async () => {
  const p = await page();
  const seen = await p.evaluate(async () => {
    const getUserMedia = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    const b = t.open({ video: true });
    await t.sleep(500);
    navigator.mediaDevices.getUserMedia = async (wanted) => {
      if (wanted.video) throw new DOMException("", "NotFoundError");
      return getUserMedia(wanted);
    };
    const a = t.open({ video: true });
    await t.connect(a, b);
    const offer = t.lines(a.events.find(({ type }) => type === "described").sdp);
    const failed = a.events.filter(({ type }) => type === "failed").map(({ reason }) => reason);
    const view = await t.sees(a.session.remoteStream);
    navigator.mediaDevices.getUserMedia = async (wanted) => {
      if (wanted.video) throw new DOMException("", "NotAllowedError");
      return getUserMedia(wanted);
    };
    const denied = await a.after("failed", (session) => session.offer());
    a.session.close();
    b.session.close();
    return { offer, failed, view, denied: denied.reason };
  });
  assert.deepEqual(seen.offer, ["audio sendrecv", "video recvonly"]);
  assert.deepEqual(seen.failed, ["noCamera"]);
  assert.equal(seen.view, "picture");
  assert.equal(seen.denied, "cameraDenied");
  await over(p);
});

test("the statistics are WebRTC's, as a list", async () => {
  const p = await page();
  const types = await p.evaluate(async () => {
    const [a, b] = [t.open({ video: true }), t.open({ video: true })];
    await t.connect(a, b);
    await t.sees(b.session.remoteStream);
    const { report } = await b.after("stats", (session) => session.stats());
    a.session.close();
    b.session.close();
    return JSON.parse(report).filter(({ type, kind }) => type === "inbound-rtp" && kind).map(({ kind, packetsReceived }) => [kind, packetsReceived > 0]);
  });
  assert.deepEqual(types.sort(), [["audio", true], ["video", true]]);
});
