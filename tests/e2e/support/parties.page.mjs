// Runs in a page: sipwake, JsSIP and SIP.js as parties of a call, under one set of verbs. Calls are numbered in the order in which
// they come about, whoever made them; `calls[n]` has what a test looks at: { state, stream, held }.
import JsSIP from "jssip";
import { Inviter, Messager, Registerer, SessionState, UserAgent } from "sip.js";

/** What every party is made of. */
function party(more) {
  return Object.assign({ calls: [], dtmf: [], messages: [], transfers: [] }, more);
}

/** Plays what comes, as an application would. */
function play(call, pc) {
  call.stream = new MediaStream(pc.getReceivers().map(({ track }) => track).filter(Boolean));
  const audio = new Audio();
  audio.srcObject = call.stream;
  audio.play().catch(() => {});
}

async function jssip({ url, user, password, domain }) {
  const ua = new JsSIP.UA({ sockets: [new JsSIP.WebSocketInterface(url)], uri: `sip:${user}@${domain}`, password, register: true });
  const options = { mediaConstraints: { audio: true, video: false }, pcConfig: { iceServers: [] } };
  const self = party();
  const take = (session) => {
    const call = { session, state: "ringing", stream: null, get held() { return session.isOnHold().remote; } };
    self.calls.push(call);
    session.on("confirmed", () => {
      call.state = "up";
      play(call, session.connection);
    });
    for (const name of ["ended", "failed"]) session.on(name, () => { call.state = "over"; });
    session.on("newDTMF", ({ originator, dtmf }) => originator === "remote" && self.dtmf.push(dtmf.tone));
    session.on("refer", ({ accept }) => accept(() => {}, options));
    session.on("replaces", ({ accept }) => accept((next) => next.answer(options)));
    return self.calls.length - 1;
  };
  ua.on("newRTCSession", ({ session }) => take(session));
  ua.on("newMessage", ({ originator, request }) => originator === "remote" && self.messages.push(request.body));
  const registered = new Promise((resolve) => { ua.once("registered", resolve); });
  ua.start();
  await registered;
  const session = (n) => self.calls[n].session;
  return Object.assign(self, {
    call: (target) => void ua.call(target, options),
    answer: (n) => session(n).answer(options),
    hangup: (n) => session(n).terminate(),
    hold: (n) => new Promise((resolve) => { session(n).hold({}, resolve); }),
    unhold: (n) => new Promise((resolve) => { session(n).unhold({}, resolve); }),
    info: (n, digits) => session(n).sendDTMF(digits, { transportType: "INFO", duration: 100, interToneGap: 100 }),
    rtp: (n, digits) => session(n).sendDTMF(digits, { transportType: "RFC2833", duration: 200, interToneGap: 100 }),
    message: (target, text) => new Promise((resolve, reject) => {
      ua.sendMessage(target, text, { eventHandlers: { succeeded: () => resolve(true), failed: ({ cause }) => reject(new Error(cause)) } });
    }),
    transfer: (n, target) => void session(n).refer(target, { eventHandlers: { accepted: () => self.transfers.push("accepted"), failed: () => self.transfers.push("failed") } }),
    attended: (n, m) => void session(n).refer(session(m).remote_identity.uri, {
      replaces: session(m), eventHandlers: { accepted: () => self.transfers.push("accepted"), failed: () => self.transfers.push("failed") },
    }),
    stop: () => ua.stop(),
  });
}

async function sipjs({ url, user, password, domain }) {
  const media = { sessionDescriptionHandlerOptions: { constraints: { audio: true, video: false } } };
  const self = party();
  const take = (session) => {
    const call = { session, state: "ringing", stream: null, held: false };
    self.calls.push(call);
    session.stateChange.addListener((state) => {
      if (state === SessionState.Established) {
        call.state = "up";
        play(call, session.sessionDescriptionHandler.peerConnection);
      }
      if (state === SessionState.Terminated) call.state = "over";
    });
    session.delegate = {
      onInfo(info) {
        self.dtmf.push(/Signal\s*=\s*(\S+)/i.exec(info.request.body)?.[1]);
        info.accept();
      },
      async onRefer(referral) {
        await referral.accept();
        const next = referral.makeInviter(media);
        take(next);
        next.invite();
      },
    };
    return session;
  };
  const ua = new UserAgent({
    uri: UserAgent.makeURI(`sip:${user}@${domain}`), transportOptions: { server: url }, authorizationUsername: user, authorizationPassword: password, logBuiltinEnabled: false,
    sipExtensionReplaces: "Supported", sessionDescriptionHandlerFactoryOptions: { peerConnectionConfiguration: { iceServers: [] }, iceGatheringTimeout: 500 },
    delegate: {
      onInvite(invitation) {
        take(invitation);
        // One that takes the place of another call is that call, and was answered.
        if (invitation.request.getHeader("Replaces")) invitation.accept(media);
      },
      onMessage(message) {
        self.messages.push(message.request.body);
        message.accept();
      },
    },
  });
  await ua.start();
  const registerer = new Registerer(ua);
  const accepted = new Promise((resolve) => { registerer.stateChange.addListener((state) => state === "Registered" && resolve()); });
  await registerer.register();
  await accepted;
  const session = (n) => self.calls[n].session;
  const reinvite = (n, hold) => new Promise((resolve) => {
    session(n).sessionDescriptionHandlerOptionsReInvite = { hold };
    session(n).invite({ requestDelegate: { onAccept: () => resolve(true), onReject: () => resolve(false) } });
  });
  const told = { requestDelegate: { onAccept: () => self.transfers.push("referred"), onReject: () => self.transfers.push("failed") }, onNotify(notification) {
    notification.accept();
    if (/SIP\/2\.0 200/.test(notification.request.body)) self.transfers.push("accepted");
  } };
  return Object.assign(self, {
    call(target) {
      take(new Inviter(ua, UserAgent.makeURI(target), media)).invite();
    },
    answer: (n) => session(n).accept(media),
    hangup: (n) => (session(n).state === SessionState.Established ? session(n).bye() : session(n).cancel()),
    hold: (n) => reinvite(n, true),
    unhold: (n) => reinvite(n, false),
    info: (n, digits) => session(n).info({ requestOptions: { body: { contentDisposition: "render", contentType: "application/dtmf-relay", content: `Signal=${digits}\r\nDuration=100` } } }),
    rtp: (n, digits) => session(n).sessionDescriptionHandler.sendDtmf(digits, { duration: 200, interToneGap: 100 }),
    message: (target, text) => new Messager(ua, UserAgent.makeURI(target), text).message(),
    transfer: (n, target) => void session(n).refer(UserAgent.makeURI(target), told),
    attended: (n, m) => void session(n).refer(session(m), told),
    stop: () => ua.stop(),
  });
}

async function sipwake({ url, user, password, domain }) {
  const { default: init, Endpoint } = await import(new URL("/pkg/sipwake.js", location.href).href);
  await init();
  const endpoint = await Endpoint.start({ host: "none", iceServers: [], trace: "full" });
  const self = party({ endpoint, trace: [], outcomes: [] });
  const take = (call) => {
    const known = self.calls.find((one) => one.object === call);
    if (known) return known;
    const one = {
      object: call,
      get state() { return { connected: "up", ended: "over" }[call.state] ?? "ringing"; },
      get stream() { return call.remoteStream; },
      get held() { return call.remoteHold; },
    };
    self.calls.push(one);
    return one;
  };
  endpoint.on("trace", ({ text }) => self.trace.push(text));
  endpoint.on("call_received", ({ call }) => take(call));
  endpoint.on("call_changed", ({ call }) => take(call));
  endpoint.on("call_terminated", ({ call, outcome }) => {
    take(call);
    self.outcomes.push(outcome.kind);
  });
  endpoint.on("dtmf_received", ({ digit }) => self.dtmf.push(digit));
  endpoint.on("message_received", ({ body }) => self.messages.push(body));
  endpoint.on("transfer_requested", ({ referral }) => void referral.accept());
  endpoint.on("transfer_changed", ({ status, done }) => done && self.transfers.push(status === 200 ? "accepted" : "failed"));
  const registered = new Promise((resolve) => { endpoint.on("registration_changed", ({ state }) => state === "registered" && resolve()); });
  const account = await endpoint.createAccount({ username: user, domain, password, servers: [url] });
  await registered;
  const object = (n) => self.calls[n].object;
  return Object.assign(self, {
    async call(target) {
      take(await endpoint.makeCall(account, target));
    },
    answer: (n) => object(n).answer(),
    hangup: (n) => object(n).hangup(),
    hold: (n) => object(n).hold(),
    unhold: (n) => object(n).unhold(),
    info: (n, digits) => object(n).dtmf(digits, { method: "info" }),
    rtp: (n, digits) => object(n).dtmf(digits, { method: "media", durationMs: 200 }),
    message: async (target, text) => void (await endpoint.sendMessage(account, target, text)),
    transfer: async (n, target) => void (await object(n).transfer(target)),
    attended: async (n, m) => void (await object(n).transfer(object(m))),
    stop: () => endpoint.stop(),
  });
}

window.parties = { jssip, sipjs, sipwake };
