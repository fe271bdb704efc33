// What applications do that nobody had in mind: the built package in Chromium with devices that are none, against the
// embedded server.
import assert from "node:assert/strict";
import { test } from "node:test";
import { talking } from "./support/talk.mjs";

const talk = talking({}, { microphone: true });

/** Runs `script` in a page with `window.t`, and fails on whatever else than `expected` the page complains about. */
async function page(script, expected = []) {
  const { page, complaints } = await talk.open();
  const seen = await page.evaluate(script);
  await page.close();
  assert.deepEqual([...new Set(complaints)], expected);
  return seen;
}

test("an element shows the call that was attached to it last, whatever becomes of the one before", async () => {
  const seen = await page(async () => {
    const [alice, bob, carol] = [await t.start("alice"), await t.start("bob"), await t.start("carol")];
    const { call: first } = await t.talk(alice, bob);
    const element = t.element();
    const detach = first.attach(element);
    const { call: second } = await t.talk(alice, carol);
    second.attach(element);
    await first.hold();
    const shown = [element.srcObject === second.remoteStream];
    detach();
    shown.push(element.srcObject === second.remoteStream);
    first.attach(t.element());
    await first.hangup();
    await t.sleep(200);
    shown.push(element.srcObject !== null && element.srcObject === second.remoteStream);
    await second.hangup();
    await t.until("it is let go", () => element.srcObject === null);
    await t.stop(alice, bob, carol);
    return shown;
  });
  assert.deepEqual(seen, [true, true, true]);
});

test("a call with early media is answered with video, and without", async () => {
  const seen = await page(async () => {
    const [alice, bob] = [await t.start("alice"), await t.start("bob")];
    const results = [];
    for (const video of [true, false, "receive"]) {
      const call = await alice.endpoint.makeCall(alice.account, "bob", { video: true });
      const { call: incoming } = await bob.find("call_received", ({ call }) => call.state === "ringing");
      await incoming.progress({ earlyMedia: true });
      await incoming.answer({ video });
      await t.until("both connected", () => call.state === "connected" && incoming.state === "connected" && call.mediaConnected);
      results.push([incoming.video, incoming.localStream.getVideoTracks().length, incoming.localStream.getAudioTracks().length]);
      await call.hangup();
      await t.until("it is over", () => incoming.state === "ended");
    }
    await t.sleep(100);
    const { liveTracks } = alice.endpoint.counters();
    await t.stop(alice, bob);
    return { results, liveTracks };
  });
  assert.deepEqual(seen.results, [["sendrecv", 1, 1], [undefined, 0, 1], ["recvonly", 0, 1]]);
  assert.equal(seen.liveTracks, 0);
});

test("a device that is chosen while the call ends is not left open", async () => {
  const seen = await page(async () => {
    const opened = [];
    const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (wanted) => {
      const stream = await real(wanted);
      opened.push(...stream.getTracks());
      return stream;
    };
    const replace = RTCRtpSender.prototype.replaceTrack;
    const [alice, bob] = [await t.start("alice"), await t.start("bob")];
    const { call } = await t.talk(alice, bob);
    const microphones = (await alice.endpoint.devices()).filter(({ kind, id }) => kind === "microphone" && id !== "default");
    // A connection that is closed while it changes over says no more.
    let changing = false;
    RTCRtpSender.prototype.replaceTrack = () => ((changing = true), new Promise(() => {}));
    void alice.endpoint.setDevices({ microphone: microphones[1].id });
    await t.until("it changes over", () => changing);
    RTCRtpSender.prototype.replaceTrack = replace;
    await call.hangup();
    await t.sleep(200);
    const live = opened.filter(({ readyState }) => readyState === "live").length;
    await t.stop(alice, bob);
    return { opened: opened.length, live };
  });
  assert.ok(seen.opened >= 3);
  assert.equal(seen.live, 0);
});

test("a microphone that is not there changes nothing in a call, and of two choices the last one counts", async () => {
  const seen = await page(async () => {
    const [alice, bob] = [await t.start("alice"), await t.start("bob")];
    const { call } = await t.talk(alice, bob);
    const [track] = call.localStream.getAudioTracks();
    const gone = await alice.endpoint.setDevices({ microphone: "no such", camera: undefined }).catch(({ code }) => code);
    const same = call.localStream.getAudioTracks()[0] === track && track.readyState === "live";
    await alice.endpoint.setDevices({ microphone: undefined });
    const ids = (await alice.endpoint.devices()).filter(({ kind, id }) => kind === "microphone" && id !== "default").map(({ id }) => id);
    // The first is slow to open.
    const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async (wanted) => {
      const stream = await real(wanted);
      if (wanted.audio.deviceId?.exact === ids[1]) await t.sleep(400);
      return stream;
    };
    const choices = [alice.endpoint.setDevices({ microphone: ids[1] }), alice.endpoint.setDevices({ microphone: ids[2] ?? ids[0] })];
    await Promise.all(choices);
    const last = call.localStream.getAudioTracks().map((track) => track.getSettings().deviceId === (ids[2] ?? ids[0]));
    await call.hangup();
    await t.sleep(100);
    const { liveTracks } = alice.endpoint.counters();
    await t.stop(alice, bob);
    return { gone, same, last, liveTracks };
  });
  assert.deepEqual(seen, { gone: "noMicrophone", same: true, last: [true], liveTracks: 0 });
});

test("what is not said is not guessed: a mute without a word, a call of somebody else's to replace", async () => {
  const seen = await page(async () => {
    const [alice, bob] = [await t.start("alice"), await t.start("bob")];
    const { call, incoming } = await t.talk(alice, bob);
    await call.mute(true);
    const wrong = [];
    for (const attempt of [
      () => call.mute(), () => call.mute("no"), () => call.muteVideo(1), () => call.setVideo(), () => call.transfer(incoming), () => call.transfer(null),
      () => alice.endpoint.makeCall(alice.account, "bob", { replaces: incoming }), () => alice.endpoint.makeCall(bob.account, "bob"),
      () => alice.endpoint.makeCall(alice.account, "bob", null), () => alice.endpoint.setDevices({ microphone: 5 }),
      () => call.decline("486"), () => call.dtmf(5), () => call.info("x"), () => alice.endpoint.sendMessage(alice.account, "bob", { text: "x" }),
    ]) wrong.push(await attempt().then(() => "taken", ({ name, code, field }) => [name, code, field].join(" ")));
    const still = [call.muted, call.state, alice.endpoint.state.calls.length];
    await t.stop(alice, bob);
    return { wrong, still };
  });
  assert.deepEqual(seen.wrong, [
    "SipError invalidOption on", "SipError invalidOption on", "SipError invalidOption on", "SipError invalidOption video", "SipError notFound ", "SipError invalidTarget ",
    "SipError invalidOption replaces", "SipError notFound ", "SipError invalidOption options", "SipError invalidOption microphone",
    "SipError invalidOption code", "SipError invalidOption digits", "SipError invalidOption options", "SipError invalidOption body",
  ]);
  assert.deepEqual(seen.still, [true, "connected", 1]);
});

test("every promise settles when its endpoint stops", async () => {
  const seen = await page(async () => {
    const [alice, bob] = [await t.start("alice"), await t.start("bob")];
    const { call } = await t.talk(alice, bob);
    const { endpoint, account } = alice;
    const asked = [
      call.hold(), call.setVideo(true), call.dtmf("1234567890,,1"), call.getStats(), call.info({ body: "x" }), call.message("x"), call.transfer("carol"), call.renegotiate(),
      endpoint.makeCall(account, "carol"), endpoint.sendMessage(account, "bob", "x"), endpoint.sendOptions(account, "bob"), endpoint.subscribe(account, "bob", "presence"),
      endpoint.publish(account, "presence", "x"), endpoint.createAccount(t.options("carol")), account.register(), endpoint.stop(), call.hangup(), account.remove(), endpoint.stop(),
    ].map((promise, i) => promise.then(() => "done", ({ name, code }) => (name === "SipError" && code ? "refused" : `${i} ${name}`)));
    const settled = await Promise.race([Promise.all(asked), t.sleep(15000).then(() => "never")]);
    const after = await Promise.all([call.hold(), endpoint.devices().then(() => {}), account.register(), call.getStats()].map((p) => p.then(() => "done", ({ code }) => code)));
    const reading = [call.remoteStream, call.localStream, call.account.name === account.name, endpoint.state.calls.length, typeof endpoint.exportTrace()];
    await bob.endpoint.stop();
    return { settled, after, reading, counters: endpoint.counters() };
  });
  assert.ok(seen.settled !== "never");
  assert.deepEqual(seen.settled.filter((end) => end !== "done" && end !== "refused"), []);
  assert.deepEqual(seen.after, ["stopped", "done", "stopped", "stopped"]);
  assert.deepEqual(seen.reading, [null, null, true, 0, "string"]);
  assert.deepEqual(seen.counters, { peerConnections: 0, liveTracks: 0, timers: 0, sockets: 0 });
});

test("hooks may throw, return nonsense and call anything: the call is made all the same", async () => {
  const seen = await page(async () => {
    const errors = [];
    window.addEventListener("error", (event) => (errors.push(event.message), event.preventDefault()));
    let turn = 0;
    let endpoint;
    const nonsense = [5, null, "", "garbage", {}, "INVITE"];
    const hook = (text, info) => {
      endpoint?.state, endpoint?.counters(), endpoint?.exportTrace(), info.call?.account, info.call?.remoteStream, info.call?.replaces;
      endpoint?.devices().catch(() => {}), endpoint?.setDevices({}).catch(() => {}), info.call?.mute(false).catch(() => {});
      if (++turn % 3 === 0) throw new Error("hook");
      return nonsense[turn % nonsense.length];
    };
    const alice = await t.start("alice", 440, { hooks: { message: hook, sdp: hook } });
    endpoint = alice.endpoint;
    const bob = await t.start("bob");
    const { call, incoming } = await t.talk(alice, bob);
    await call.hold();
    await call.unhold();
    await incoming.hangup();
    await t.until("over", () => call.state === "ended");
    await t.stop(alice, bob);
    return { errors: errors.length > 3, turn: turn > 8 };
  });
  assert.deepEqual(seen, { errors: true, turn: true });
});

test("a listener of each event may throw and call whatever it was given", async () => {
  const seen = await page(async () => {
    const errors = [];
    window.addEventListener("error", (event) => (errors.push(event.message), event.preventDefault()));
    const quiet = (promise) => promise?.catch?.((error) => error instanceof t.SipError || errors.push(`not ours: ${error}`));
    const sides = [await t.start("alice", 440), await t.start("bob", 1000)];
    const [alice, bob] = sides;
    for (const { endpoint } of sides) {
      for (const name of t.names) {
        endpoint.on(name, (event) => {
          for (const object of [event.call, event.by, event.account, event.subscriber].filter(Boolean)) Object.values(Object.getOwnPropertyDescriptors(Object.getPrototypeOf(object))).map(({ get }) => get?.call(object));
          endpoint.state;
          if (name !== "trace") quiet(event.call?.getStats()), quiet(event.call?.mute(false)), quiet(event.call?.setVideo("nonsense")), event.call?.attach(t.element())();
          if (name === "call_terminated") quiet(event.call.hangup()), quiet(event.call.hold()), quiet(event.call.answer({ video: true }));
          if (name !== "trace") throw new Error(`in ${name}`);
        });
      }
    }
    const { call, incoming } = await t.talk(alice, bob);
    await call.setVideo(true);
    await incoming.hold();
    await call.message("x");
    await call.dtmf("1", { method: "info" });
    await call.hangup();
    await t.until("over", () => incoming.state === "ended");
    await t.stop(...sides);
    return [...new Set(errors)].sort();
  });
  const expected = "call_changed call_progress call_received call_terminated connectivity_changed dtmf_received message_received registration_changed video_requested";
  assert.deepEqual(seen, expected.split(" ").map((name) => `Uncaught Error: in ${name}`));
});

test("a refusal has its words and headers, and each request the account's own ones", async () => {
  const seen = await page(async () => {
    const requestHeaders = [{ name: "X-Tenant", value: "4711" }, { name: "X-Door", value: "2", method: "BYE" }];
    const [alice, bob] = [await t.start("alice", 440, {}, { requestHeaders }), await t.start("bob", 1000, {}, { messageTypes: ["text/plain"] })];
    const header = (list, wanted) => list.find(({ name }) => name === wanted)?.value;
    const refused = await alice.endpoint.sendMessage(alice.account, "bob", "<x/>", { contentType: "application/xml" }).catch((error) => error);
    const { call, incoming } = await t.talk(alice, bob);
    const { headers } = await bob.find("call_received");
    await call.message("x");
    const message = await bob.find("message_received");
    await call.hangup();
    const end = await bob.find("call_terminated");
    await t.stop(alice, bob);
    return {
      refused: [refused instanceof t.SipError, refused.status, typeof refused.reason, refused.headers?.some(({ name }) => name === "Accept")],
      sent: [headers, message.headers, end.headers].map((list) => [header(list, "X-Tenant"), header(list, "X-Door")]),
      over: incoming.state,
    };
  });
  assert.deepEqual(seen.refused, [true, 415, "string", true]);
  assert.deepEqual(seen.sent, [["4711", undefined], ["4711", undefined], ["4711", "2"]]);
});
