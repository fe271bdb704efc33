// Runs in a page: JsSIP and SIP.js as the other parties, under one small set of verbs.
import JsSIP from "jssip";
import { Inviter, Messager, Registerer, SessionState, UserAgent, UserAgentState } from "sip.js";

const once = (subscribe) => new Promise((resolve) => subscribe(resolve));
const wait = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

function play(pc, holder) {
  const audio = new Audio();
  holder.remoteStream = new MediaStream(pc.getReceivers().map(({ track }) => track).filter(Boolean));
  audio.srcObject = holder.remoteStream;
  audio.play().catch(() => {});
}

/** JsSIP with the user's account on the server. */
async function jssip({ url, user, password, domain, displayName, contactParams }) {
  const ua = new JsSIP.UA({
    sockets: [new JsSIP.WebSocketInterface(url)], uri: `sip:${user}@${domain}`, password, display_name: displayName,
    register: false, session_timers: true,
  });
  if (contactParams) ua.registrator().setExtraContactParams(contactParams);
  const incoming = [];
  const self = { kind: "jssip", ua, session: null, remoteStream: null };
  const take = (session) => {
    self.session = session;
    self.remoteStream = null;
    session.on("confirmed", () => play(session.connection, self));
  };
  ua.on("newRTCSession", ({ originator, session }) => {
    take(session);
    if (originator === "remote") incoming.splice(0).forEach((resolve) => resolve(session));
  });
  const connected = once((resolve) => ua.once("connected", resolve));
  ua.start();
  await connected;
  const options = { mediaConstraints: { audio: true, video: false }, pcConfig: { iceServers: [] } };
  return Object.assign(self, {
    register: () => once((resolve) => { ua.once("registered", resolve); ua.register(); }).then(() => true),
    unregister: () => once((resolve) => { ua.once("unregistered", resolve); ua.unregister(); }).then(() => true),
    incoming: () => new Promise((resolve) => { incoming.push(resolve); }).then(() => true),
    call(target) { ua.call(target, options); },
    async confirmed() {
      if (!self.session.isEstablished()) await once((resolve) => self.session.once("confirmed", resolve));
      return true;
    },
    async ended() {
      if (!self.session.isEnded()) {
        await Promise.race(["ended", "failed"].map((name) => once((resolve) => self.session.once(name, resolve))));
      }
      return true;
    },
    answer: () => self.session.answer(options),
    decline: (status = 486) => self.session.terminate({ status_code: status }),
    hangup: () => self.session.terminate(),
    hold: () => once((resolve) => self.session.hold({}, resolve)),
    unhold: () => once((resolve) => self.session.unhold({}, resolve)),
    info: (digits) => self.session.sendDTMF(digits, { transportType: "INFO", duration: 100, interToneGap: 100 }),
    message: (target, text) => ua.sendMessage(target, text),
    options: (target) => ua.sendOptions(target),
    stop: async () => { ua.stop(); await wait(200); },
  });
}

/** SIP.js with the user's account on the server. */
async function sipjs({ url, user, password, domain, displayName, contactParams }) {
  const incoming = [];
  const self = { kind: "sipjs", session: null, remoteStream: null };
  const media = { constraints: { audio: true, video: false } };
  const take = (session) => {
    self.session = session;
    self.remoteStream = null;
    session.stateChange.addListener((state) => {
      if (state === SessionState.Established) play(session.sessionDescriptionHandler.peerConnection, self);
    });
  };
  const ua = new UserAgent({
    uri: UserAgent.makeURI(`sip:${user}@${domain}`), transportOptions: { server: url }, authorizationUsername: user, authorizationPassword: password,
    displayName, logBuiltinEnabled: false, sessionDescriptionHandlerFactoryOptions: { peerConnectionConfiguration: { iceServers: [] }, iceGatheringTimeout: 500 },
    delegate: {
      onInvite(session) {
        take(session);
        incoming.splice(0).forEach((resolve) => resolve(session));
      },
      onMessage: (message) => message.accept(),
    },
  });
  await ua.start();
  const registerer = new Registerer(ua, contactParams ? { extraContactHeaderParams: Object.entries(contactParams).map(([name, value]) => `${name}=${value}`) } : {});
  const until = (wanted) => {
    const { session } = self;
    if (session.state === wanted) return Promise.resolve(true);
    return once((resolve) => session.stateChange.addListener((state) => state === wanted && resolve(true)));
  };
  const settled = (act) => once((resolve) => act({ requestDelegate: { onAccept: () => resolve(true), onReject: () => resolve(false) } }));
  const renegotiate = (hold) => {
    self.session.sessionDescriptionHandlerOptionsReInvite = { hold };
    return settled((options) => self.session.invite(options));
  };
  return Object.assign(self, {
    ua,
    register: () => settled((options) => registerer.register(options)),
    unregister: () => settled((options) => registerer.unregister(options)),
    incoming: () => new Promise((resolve) => { incoming.push(resolve); }).then(() => true),
    call(target) {
      const session = new Inviter(ua, UserAgent.makeURI(target), { sessionDescriptionHandlerOptions: media });
      take(session);
      session.invite();
    },
    confirmed: () => until(SessionState.Established),
    ended: () => until(SessionState.Terminated),
    answer: () => self.session.accept({ sessionDescriptionHandlerOptions: media }),
    decline: (statusCode = 486) => self.session.reject({ statusCode }),
    hangup: () => (self.session.state === SessionState.Established ? self.session.bye() : self.session.cancel()),
    hold: () => renegotiate(true),
    unhold: () => renegotiate(false),
    info: (digits) => self.session.info({ requestOptions: { body: { contentDisposition: "render", contentType: "application/dtmf-relay", content: `Signal=${digits}\r\nDuration=100` } } }),
    message: (target, text) => new Messager(ua, UserAgent.makeURI(target), text).message(),
    stop: async () => { if (ua.state !== UserAgentState.Stopped) await ua.stop(); },
  });
}

window.peers = { jssip, sipjs };
