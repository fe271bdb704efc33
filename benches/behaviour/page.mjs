// Runs in a page: the three libraries under one small set of verbs, each set up as its own documentation says.
import { bridgeHost } from "../../tests/sipp/support/bridge-host.mjs";

const wait = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/** What happened, in one list of words. */
const events = [];
const tell = (type, fields = {}) => {
  events.push({ at: Date.now(), type, ...fields });
  window.phone.heard?.(type);
};

// What the browser was asked to apply, whoever asked.
const applied = [];
const peers = new Set();
const { setRemoteDescription } = RTCPeerConnection.prototype;
RTCPeerConnection.prototype.setRemoteDescription = function set(description) {
  peers.add(this);
  applied.push({ type: description?.type, sdp: description?.sdp ?? "" });
  return setRemoteDescription.apply(this, [description]);
};

async function jssip({ url, user, password, ha1, realm, domain, push, logs }) {
  const { default: JsSIP } = await import("jssip");
  if (logs) JsSIP.debug.enable("JsSIP:*");
  const contact = push ? { contact_uri: `sip:${user}@${Math.floor(1e9)}.invalid;transport=ws;${push}` } : {};
  const ua = new JsSIP.UA({
    sockets: [new JsSIP.WebSocketInterface(url)], uri: `sip:${user}@${domain}`, ...(ha1 ? { ha1, realm } : { password }), register: true, connection_recovery_min_interval: 1, ...contact,
  });
  let session = null;
  const media = { mediaConstraints: { audio: true, video: false }, pcConfig: { iceServers: [] } };
  ua.on("registered", () => tell("registered"));
  ua.on("unregistered", () => tell("unregistered"));
  ua.on("registrationFailed", ({ cause }) => tell("registrationFailed", { cause }));
  ua.on("newMessage", () => tell("message"));
  ua.on("newRTCSession", ({ originator, session: fresh, request }) => {
    if (!session || session.isEnded()) session = fresh;
    fresh.on("progress", () => tell("progress"));
    fresh.on("confirmed", () => tell("connected"));
    fresh.on("refer", ({ accept }) => accept((next) => next, media));
    for (const name of ["ended", "failed"]) fresh.on(name, ({ cause }) => tell("ended", { cause, network: /connection/i.test(cause) }));
    if (originator === "remote") tell("incoming", { callId: request.call_id });
  });
  ua.start();
  return {
    register: () => ua.register(),
    call: (target) => void ua.call(target, media),
    answer: () => session.answer(media),
    hangup: () => session.terminate(),
    hold: () => void session.hold(),
    stop: () => ua.stop(),
  };
}

async function sipjs({ url, user, password, ha1, domain, push, logs }) {
  const { Inviter, Registerer, SessionState, UserAgent } = await import("sip.js");
  const media = { sessionDescriptionHandlerOptions: { constraints: { audio: true, video: false } } };
  let session = null;
  const take = (fresh) => {
    if (!session || session.state === SessionState.Terminated) session = fresh;
    fresh.stateChange.addListener((state) => {
      if (state === SessionState.Established) tell("connected");
      if (state === SessionState.Terminated) tell("ended");
    });
    fresh.delegate = {
      async onRefer(referral) {
        await referral.accept();
        const next = referral.makeInviter(media);
        take(next);
        next.invite();
      },
    };
  };
  const ua = new UserAgent({
    uri: UserAgent.makeURI(`sip:${user}@${domain}`), transportOptions: { server: url }, authorizationUsername: user, ...(ha1 ? { authorizationHa1: ha1 } : { authorizationPassword: password }),
    sipExtension100rel: "Supported", sipExtensionReplaces: "Supported", logBuiltinEnabled: Boolean(logs),
    ...(push ? { contactParams: { transport: "ws", ...Object.fromEntries(push.split(";").map((pair) => pair.split("="))) } } : {}),
    sessionDescriptionHandlerFactoryOptions: { peerConnectionConfiguration: { iceServers: [] }, iceGatheringTimeout: 500 },
    delegate: {
      onInvite(invitation) {
        take(invitation);
        // It rings by itself unless a reliable response is required; then the application has to.
        if (invitation.request.getHeader("Require")?.includes("100rel")) invitation.progress({ rel100: true }).catch(() => {});
        tell("incoming", { callId: invitation.request.callId });
      },
      onMessage: (message) => (tell("message"), message.accept()),
      // The recovery that its guide shows.
      async onDisconnect(error) {
        for (let tries = 0; error && tries < 20; tries += 1) {
          await wait(500);
          if (await ua.reconnect().then(() => true, () => false)) return register();
        }
      },
    },
  });
  await ua.start();
  const registerer = new Registerer(ua);
  registerer.stateChange.addListener((state) => tell(state === "Registered" ? "registered" : "unregistered"));
  const register = () => registerer.register({ requestDelegate: { onReject: ({ message }) => tell("registrationFailed", { cause: message.statusCode }) } })
    .catch((error) => tell("refused", { cause: error.message }));
  register();
  return {
    register,
    call(target) {
      const inviter = new Inviter(ua, UserAgent.makeURI(target), { ...media, earlyMedia: true });
      take(inviter);
      inviter.invite({ requestDelegate: { onProgress: () => tell("progress") } });
    },
    answer: () => void session.accept(media),
    hangup: () => void (session.state === SessionState.Established ? session.bye() : session.cancel()),
    hold() {
      session.sessionDescriptionHandlerOptionsReInvite = { hold: true };
      session.invite().catch((error) => tell("holdFailed", { cause: error.message }));
    },
    stop: () => ua.stop(),
  };
}

async function sipwake({ url, user, password, ha1, domain, realms, push, logs }) {
  const { default: init, Endpoint } = await import(new URL("/pkg/sipwake.js", location.href).href);
  await init();
  // The token comes from the native shell.
  const token = push && { kind: "voip", provider: "apns", token: /pn-prid=(\w+)/.exec(push)[1], environment: "production", bundleId: "app", topic: "app", teamId: "TEAM" };
  const endpoint = await Endpoint.start({ host: token ? bridgeHost({ tokens: [token] }) : "none", testToneHz: 440 });
  let call = null;
  const failed = ({ state, error }) => state === "failed" && tell("registrationFailed", { cause: error?.code });
  endpoint.on("registration_changed", (event) => (event.state === "registered" ? tell("registered") : event.state === "unregistered" ? tell("unregistered") : failed(event)));
  endpoint.on("call_received", (event) => {
    if (!call || call.state === "ended") call = event.call;
    tell("incoming", { callId: event.call.sipCallId });
  });
  endpoint.on("call_changed", (event) => tell({ ringing: "progress", early: "progress", connected: "connected" }[event.call.state] ?? "changed"));
  endpoint.on("call_terminated", ({ outcome }) => tell("ended", { cause: outcome.kind, network: outcome.kind === "networkLost" }));
  for (const [name, listener] of Object.entries({ message_received: () => tell("message"), transfer_requested: ({ referral }) => referral.accept() })) {
    try {
      endpoint.on(name, listener);
    } catch {
      // This version has no such event.
    }
  }
  if (logs) endpoint.on("trace", ({ text }) => console.log(text));
  const account = await endpoint.createAccount({
    username: user, domain, ...(ha1 ? { ha1: { md5: ha1 } } : { password }), servers: [url], ...(realms ? { realms } : {}), ...(push ? { push: { preset: "rfc8599-apns" } } : {}),
  });
  return {
    register: () => account.register().catch((error) => tell("refused", { cause: error.code })),
    async call(target) {
      call = await endpoint.makeCall(account, target);
    },
    answer: () => call.answer(),
    hangup: () => call.hangup(),
    hold: () => call.hold().catch((error) => tell("holdFailed", { cause: error.code })),
    stop: () => endpoint.stop(),
  };
}

const libraries = { JsSIP: jssip, "SIP.js": sipjs, sipwake };
window.phone = {
  events,
  applied,
  /** The descriptions that open connections have of themselves. */
  own: () => [...peers].filter((peer) => peer.signalingState !== "closed").map((peer) => peer.currentLocalDescription?.sdp ?? ""),
  async start(library, options) {
    Object.assign(window.phone, await libraries[library](options));
  },
};
