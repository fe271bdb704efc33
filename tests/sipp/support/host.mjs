// A host on a port of the engine that owns the media: it describes itself with fixed descriptions and sends nothing.
// Node has no WebRTC; this is the way in which a native shell would carry the media out.
const FINGERPRINT = Array.from({ length: 32 }, (_, i) => (i + 16).toString(16).toUpperCase()).join(":");

/** A description of one audio line. */
export function description({ direction = "sendrecv", version = 1, setup = "actpass", mid = "0" } = {}) {
  return ["v=0", `o=- 4611731400430051336 ${version} IN IP4 127.0.0.1`, "s=-", "t=0 0", `a=group:BUNDLE ${mid}`, "m=audio 9 UDP/TLS/RTP/SAVPF 111",
    "c=IN IP4 127.0.0.1", "a=rtcp-mux", "a=ice-ufrag:wx4Q", "a=ice-pwd:Zq0hV2n1uYt5bRk8sLm3pXc7", "a=candidate:1 1 udp 2122260223 127.0.0.1 9 typ host",
    `a=fingerprint:sha-256 ${FINGERPRINT}`, `a=setup:${setup}`, `a=mid:${mid}`, `a=${direction}`, "a=rtpmap:111 opus/48000/2", ""].join("\r\n");
}

const answerTo = { sendrecv: "sendrecv", sendonly: "recvonly", recvonly: "sendonly", inactive: "inactive" };
const directionOf = (sdp) => /^a=(sendrecv|sendonly|recvonly|inactive)\r?$/m.exec(sdp)?.[1] ?? "sendrecv";

/** The port to give to Endpoint.start as `host`; `media` keeps every request that the engine made of its sessions. */
export function mediaHost() {
  const session = "tests";
  let [seq, received, ids] = [0, 0, 0];
  let acknowledge = null;
  const sessions = new Map();
  const port = { onmessage: null, media: [], post };

  function tell(fields) {
    const envelope = { v: 1, id: `h${(ids += 1)}`, session, seq: 0, ack: received, at: Date.now(), ...fields };
    setImmediate(() => port.onmessage?.(JSON.stringify(envelope)));
  }
  const numbered = (fields) => tell({ ...fields, seq: (seq += 1) });
  const reply = (re, type, value) => numbered({ type, kind: "reply", re, p: { ok: true, value } });

  function post(text) {
    const message = JSON.parse(text);
    if (message.type === "hello") {
      reply(message.id, "welcome", {
        protocol: 1, session, instance: "urn:uuid:4edc28df-0cf9-49c8-97c0-294ab07ca4b9", capabilities: ["media.host"], callUi: "none", lockdown: false,
        host: { name: "tests", version: "1", os: "none", osVersion: "1", device: "none" }, snapshot: { tokens: [], calls: [], pushes: [] },
      });
      return;
    }
    if (message.seq === received + 1) {
      received = message.seq;
      if (message.kind === "request") answer(message);
    }
    acknowledge ??= setTimeout(() => {
      acknowledge = null;
      tell({ type: "ack", kind: "event", p: {} });
    }, 20);
    acknowledge.unref();
  }

  function answer({ id, type, p }) {
    if (!type.startsWith("media.")) {
      numbered({ type, kind: "reply", re: id, p: { ok: false, error: { code: "unknownType", message: "not here", retryable: false } } });
      return;
    }
    port.media.push({ type, ...p });
    if (type === "media.open") sessions.set(p.media, { direction: "sendrecv", version: 0 });
    const state = sessions.get(p.media);
    if (type === "media.direction") state.direction = p.direction;
    if (type === "media.close") sessions.delete(p.media);
    const describes = type === "media.offer" || type === "media.accept";
    if (!describes) {
      reply(id, "media.done", {});
    } else {
      state.version += 1;
      const offered = type === "media.accept" ? answerTo[directionOf(p.sdp)] : state.direction;
      reply(id, "media.sdp", { sdp: description({ direction: offered, version: state.version, setup: type === "media.accept" ? "active" : "actpass" }) });
    }
    if ((type === "media.setAnswer" || type === "media.accept") && !state.connected) {
      state.connected = true;
      numbered({ type: "media.state", kind: "event", p: { media: p.media, ice: "connected", dtls: "connected", connected: true } });
    }
  }
  return port;
}
