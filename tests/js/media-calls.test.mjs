// Video, devices and statistics of calls: the built package in Chromium with devices that are none, against the embedded
// server.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startEdge } from "../e2e/support/edge.mjs";
import { launch, serve } from "./support/browser.mjs";

let edge, server, browser;

before(async () => {
  edge = await startEdge();
  server = await serve({ "/": { body: '<!doctype html><title>talk</title><script type="importmap">{ "imports": { "sipwake": "/pkg/sipwake.js" } }</script>' } });
  browser = await launch({ microphone: true });
});
after(async () => {
  await browser?.close();
  await server?.close();
  await edge?.stop();
});

/** Runs `script` in a page with `window.t`, and fails on whatever the page complains about. */
async function page(script) {
  const page = await browser.context.newPage();
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  await page.goto(server.url);
  await page.evaluate(async ({ url, domain, users }) => {
    const { default: init, Endpoint, SipError } = await import("sipwake");
    await init();
    const names = ["call_received", "call_changed", "call_terminated", "video_requested", "registration_changed", "registration_expiring", "devices_changed", "device_lost", "problem"];
    const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    const until = async (what, condition) => {
      for (let i = 0; i < 1500; i++) {
        const value = await condition();
        if (value) return value;
        await sleep(10);
      }
      throw new Error(`never: ${what}`);
    };
    window.t = {
      Endpoint, SipError, sleep, until,
      async start(username, more) {
        const endpoint = await Endpoint.start({ host: "none" });
        const events = [];
        for (const name of names) endpoint.on(name, (event) => events.push({ name, ...event }));
        const account = await endpoint.createAccount({ username, domain, password: users[username], servers: [url], ...more });
        await until(`${username} registers`, () => account.registration.state === "registered");
        const of = (name) => events.filter((event) => event.name === name);
        return { endpoint, account, events, of };
      },
      /** A call of `from` to `to`, answered. */
      async talk(from, to, offered, answered) {
        const call = await from.endpoint.makeCall(from.account, to.account.name.split("@")[0], offered);
        const { call: incoming } = await until("it rings", () => to.of("call_received").find(({ call }) => call.state === "ringing"));
        const asked = incoming.video;
        await incoming.answer(answered);
        await until("both connected", () => [call, incoming].every((one) => one.state === "connected" && one.mediaConnected));
        return { call, incoming, asked };
      },
      element: () => document.body.appendChild(document.createElement("video")),
      /** What an element shows: the number of frames that come while it is looked at, and whether they are black. */
      async sees(element, forMs = 700) {
        const frames = () => element.getVideoPlaybackQuality().totalVideoFrames;
        const before = frames();
        await sleep(forMs);
        if (!element.srcObject || frames() - before < 2) return "nothing";
        const context = new OffscreenCanvas(64, 48).getContext("2d");
        context.drawImage(element, 0, 0, 64, 48);
        return Math.max(...context.getImageData(0, 0, 64, 48).data.filter((_, i) => i % 4 !== 3)) > 60 ? "picture" : "black";
      },
      shows: (what, element) => until(`the element shows ${what}`, async () => (await t.sees(element, 300)) === what),
    };
  }, { url: edge.wsUrl, domain: edge.domain, users: edge.users });
  const seen = await page.evaluate(script);
  await page.close();
  assert.deepEqual(complaints, []);
  return seen;
}

test("a video call is shown on both sides in the elements of the page, and its end leaves nothing open", async () => {
  const seen = await page(async () => {
    const [alice, bob] = [await t.start("alice"), await t.start("bob")];
    const { call, incoming, asked } = await t.talk(alice, bob, { video: true }, { video: true });
    const [theirs, ours, atBob] = [t.element(), t.element(), t.element()];
    call.attach(theirs);
    call.attach(ours, { local: true });
    const detach = incoming.attach(atBob);
    for (const element of [theirs, ours, atBob]) await t.shows("picture", element);
    const directions = [asked, call.video, incoming.video];
    await call.muteVideo(true);
    await t.shows("black", atBob);
    const muted = [call.videoMuted, call.muted];
    await call.muteVideo(false);
    await t.shows("picture", atBob);
    detach();
    const detached = atBob.srcObject;
    await call.hangup();
    await t.until("the elements are let go", () => theirs.srcObject === null && ours.srcObject === null);
    await t.sleep(200);
    const counters = alice.endpoint.counters();
    await Promise.all([alice.endpoint.stop(), bob.endpoint.stop()]);
    return { directions, muted, detached, counters };
  });
  assert.deepEqual(seen.directions, ["sendrecv", "sendrecv", "sendrecv"]);
  assert.deepEqual(seen.muted, [true, false]);
  assert.equal(seen.detached, null);
  assert.deepEqual([seen.counters.peerConnections, seen.counters.liveTracks], [0, 0]);
});

test("video is added to a call by one side, then by the other, held, and taken away", async () => {
  const seen = await page(async () => {
    const [alice, bob] = [await t.start("alice"), await t.start("bob")];
    const { call, incoming } = await t.talk(alice, bob);
    const [atAlice, atBob] = [t.element(), t.element()];
    call.attach(atAlice);
    incoming.attach(atBob);
    await call.setVideo(true);
    await t.shows("picture", atBob);
    const first = [call.video, incoming.video, incoming.localStream.getVideoTracks().length, bob.of("video_requested").map(({ call, accepted }) => [call === incoming, accepted])];
    await incoming.setVideo(true);
    await t.shows("picture", atAlice);
    const both = [call.video, incoming.video];
    await call.hold();
    await t.until("bob is held", () => incoming.remoteHold);
    const held = [call.video, incoming.video, await t.sees(atAlice)];
    await call.unhold();
    await t.shows("picture", atAlice);
    await incoming.setVideo(false);
    await t.until("alice knows", () => call.video === undefined);
    const after = [incoming.video, call.state, ...[call, incoming].map(({ localStream }) => localStream.getVideoTracks().length)];
    await alice.endpoint.stop();
    await bob.endpoint.stop();
    return { first, both, held, after };
  });
  assert.deepEqual(seen.first, ["sendonly", "recvonly", 0, [[true, true]]]);
  assert.deepEqual(seen.both, ["sendrecv", "sendrecv"]);
  assert.deepEqual(seen.held, ["sendonly", "recvonly", "nothing"]);
  assert.deepEqual(seen.after, [undefined, "connected", 0, 0]);
});

test("video is refused where the account says so, in a call and within one, and who asked is told", async () => {
  const seen = await page(async () => {
    const [alice, bob] = [await t.start("alice"), await t.start("bob", { remoteVideo: false })];
    const { call, incoming, asked } = await t.talk(alice, bob, { video: true });
    const first = [asked, call.video, incoming.video, call.localStream.getVideoTracks().length];
    const refused = await call.setVideo(true).catch(({ code }) => code);
    const requests = bob.of("video_requested").map(({ accepted }) => accepted);
    const bad = await call.setVideo("both").catch(({ code, field }) => [code, field]);
    await alice.endpoint.stop();
    await bob.endpoint.stop();
    return { first, refused, requests, bad, state: call.state };
  });
  assert.deepEqual(seen.first, ["sendrecv", undefined, undefined, 0]);
  assert.equal(seen.refused, "rejected");
  assert.deepEqual(seen.requests, [false]);
  assert.deepEqual(seen.bad, ["invalidOption", "video"]);
});

test("the devices are listed with their names and change during a call without a negotiation", async () => {
  const seen = await page(async () => {
    const [alice, bob] = [await t.start("alice"), await t.start("bob")];
    const { call, incoming } = await t.talk(alice, bob, { video: true }, { video: true });
    const atBob = t.element();
    incoming.attach(atBob);
    await t.shows("picture", atBob);
    const devices = await alice.endpoint.devices();
    const kinds = [...new Set(devices.map(({ kind }) => kind))].sort();
    const invites = () => alice.endpoint.exportTrace().split("\n").filter((line) => / sipOut INVITE /.test(line)).length;
    const before = invites();
    const ids = () => call.localStream.getTracks().map((track) => track.getSettings().deviceId);
    const other = (kind) => devices.find((device) => device.kind === kind && !ids().includes(device.id) && device.id !== "default").id;
    const [microphone, speaker] = [other("microphone"), other("speaker")];
    await alice.endpoint.setDevices({ microphone, speaker });
    const used = ids().includes(microphone);
    const selected = (await alice.endpoint.devices()).filter(({ selected }) => selected).map(({ kind, id }) => [kind, id === microphone || id === speaker]);
    const received = async () => (await incoming.getStats()).audio?.received?.packets ?? 0;
    const packets = await received();
    await t.until("audio goes on", async () => (await received()) > packets + 20);
    const unknown = await alice.endpoint.setDevices({ printer: "x" }).catch(({ code, field }) => [code, field]);
    const gone = await alice.endpoint.setDevices({ speaker: "no such" }).catch(({ code }) => code);
    const after = (await alice.endpoint.devices()).find(({ kind, selected }) => kind === "speaker" && selected).id === speaker;
    await alice.endpoint.setDevices({ microphone: null, speaker: null });
    const asked = invites() - before;
    await alice.endpoint.stop();
    await bob.endpoint.stop();
    return { kinds, labels: devices.every(({ label }) => label), used, selected, unknown, gone, after, asked };
  });
  assert.deepEqual(seen.kinds, ["camera", "microphone", "speaker"]);
  assert.equal(seen.labels, true);
  assert.equal(seen.used, true);
  assert.deepEqual(seen.selected.sort(), [["microphone", true], ["speaker", true]]);
  assert.deepEqual(seen.unknown, ["invalidOption", "printer"]);
  assert.equal(seen.gone, "mediaFailed");
  assert.equal(seen.after, true, "a loudspeaker that is not there changes nothing");
  assert.equal(seen.asked, 0);
});

test("the browser is not asked to look at devices before somebody wants to hear of them", async () => {
  const seen = await page(async () => {
    const asked = [];
    const listen = navigator.mediaDevices.addEventListener;
    navigator.mediaDevices.addEventListener = function (name, ...more) {
      asked.push(name);
      return listen.call(this, name, ...more);
    };
    const endpoint = await t.Endpoint.start({ host: "none" });
    endpoint.on("call_received", () => {});
    const before = asked.length;
    const heard = new Promise((resolve) => endpoint.on("devices_changed", resolve));
    navigator.mediaDevices.dispatchEvent(new Event("devicechange"));
    const { devices } = await heard;
    await endpoint.stop();
    return { before, asked, list: devices.length };
  });
  assert.equal(seen.before, 0);
  assert.deepEqual(seen.asked, ["devicechange"]);
  assert.ok(seen.list > 2);
});

test("a microphone that is unplugged during a call is replaced, and the application is told", async () => {
  const seen = await page(async () => {
    const [alice, bob] = [await t.start("alice"), await t.start("bob")];
    const { call, incoming } = await t.talk(alice, bob);
    const [track] = call.localStream.getAudioTracks();
    // What the browser does when the device goes.
    track.stop();
    track.dispatchEvent(new Event("ended"));
    await t.until("it is told", () => alice.of("device_lost").length);
    const [now] = call.localStream.getAudioTracks();
    const other = now !== track && now.readyState === "live";
    const received = async () => (await incoming.getStats()).audio?.received?.packets ?? 0;
    const packets = await received();
    await t.until("audio goes on", async () => (await received()) > packets + 20);
    navigator.mediaDevices.dispatchEvent(new Event("devicechange"));
    await t.until("the list is told", () => alice.of("devices_changed").length);
    const lost = alice.of("device_lost").map(({ kind, replaced }) => [kind, replaced]);
    const list = alice.of("devices_changed")[0].devices.length;
    await alice.endpoint.stop();
    await bob.endpoint.stop();
    return { lost, other, list };
  });
  assert.deepEqual(seen.lost, [["microphone", true]]);
  assert.equal(seen.other, true);
  assert.ok(seen.list > 2);
});

test("a call says how its media is doing", async () => {
  const seen = await page(async () => {
    const [alice, bob] = [await t.start("alice"), await t.start("bob")];
    const { call, incoming } = await t.talk(alice, bob, { video: true }, { video: true });
    incoming.attach(t.element());
    await t.until("pictures", async () => (await incoming.getStats()).video?.received?.frames > 5);
    await t.sleep(1200);
    const stats = await incoming.getStats();
    await t.until("a report of the far end", async () => (await call.getStats()).audio?.sent?.lost !== undefined);
    const sent = await call.getStats();
    await call.hangup();
    const late = await call.getStats().catch(({ code }) => code);
    await alice.endpoint.stop();
    await bob.endpoint.stop();
    return { stats: { ...stats, raw: stats.raw.length, kinds: stats.raw.map(({ type }) => type) }, sent: { ...sent, raw: sent.raw.length }, late };
  });
  const { audio, video, path, setup, roundTripMs, raw } = seen.stats;
  assert.equal(audio.received.codec, "opus");
  assert.ok(audio.received.packets > 20 && audio.received.bitrate > 1000, JSON.stringify(audio));
  assert.equal(typeof audio.received.jitterMs, "number");
  assert.ok(video.received.frames > 5 && video.received.width > 0 && video.received.bitrate > 1000, JSON.stringify(video));
  assert.ok(["host", "prflx"].includes(path.local) && path.protocol === "udp", JSON.stringify(path));
  assert.equal(typeof roundTripMs, "number");
  assert.ok(setup.connectedMs >= 0 && setup.mediaMs >= setup.connectedMs - 50, JSON.stringify(setup));
  assert.ok(raw > 10);
  assert.equal(seen.sent.audio.sent.lost, 0);
  assert.equal(seen.late, "notFound");
});

test("an application that refreshes its registration is told when", async () => {
  const seen = await page(async () => {
    const alice = await t.start("alice", { expires: 30, refresh: "application" });
    const registers = () => alice.endpoint.exportTrace().split("\n").filter((line) => / sipOut REGISTER /.test(line)).length;
    const before = registers();
    const until = alice.account.registration.expiresAt;
    for (let i = 0; i < 40 && !alice.of("registration_expiring").length; i++) await t.sleep(1000);
    const [{ account, expiresAt }] = alice.of("registration_expiring");
    const left = expiresAt - Date.now();
    const quiet = registers() === before;
    await account.register();
    const renewed = account.registration.expiresAt > until;
    await alice.endpoint.stop();
    return { same: account === alice.account && expiresAt === until, left, quiet, renewed };
  });
  assert.equal(seen.same, true);
  assert.ok(seen.left > 0 && seen.left <= 15000, String(seen.left));
  assert.equal(seen.quiet, true);
  assert.equal(seen.renewed, true);
});
