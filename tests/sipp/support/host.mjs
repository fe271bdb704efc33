// A host that owns the media: it describes itself with fixed descriptions and sends nothing.
// Node has no WebRTC; this is the way in which a native shell would carry the media out.
import { bridgeHost } from "./bridge-host.mjs";

const FINGERPRINT = Array.from({ length: 32 }, (_, i) => (i + 16).toString(16).toUpperCase()).join(":");

/** A description of one audio line. */
export function description({ direction = "sendrecv", version = 1, setup = "actpass", mid = "0" } = {}) {
  return ["v=0", `o=- 4611731400430051336 ${version} IN IP4 127.0.0.1`, "s=-", "t=0 0", `a=group:BUNDLE ${mid}`, "m=audio 9 UDP/TLS/RTP/SAVPF 111",
    "c=IN IP4 127.0.0.1", "a=rtcp-mux", "a=ice-ufrag:wx4Q", "a=ice-pwd:Zq0hV2n1uYt5bRk8sLm3pXc7", "a=candidate:1 1 udp 2122260223 127.0.0.1 9 typ host",
    `a=fingerprint:sha-256 ${FINGERPRINT}`, `a=setup:${setup}`, `a=mid:${mid}`, `a=${direction}`, "a=rtpmap:111 opus/48000/2", ""].join("\r\n");
}

const answerTo = { sendrecv: "sendrecv", sendonly: "recvonly", recvonly: "sendonly", inactive: "inactive" };
/** What both allow. */
const narrower = (a, b) => {
  const sends = [a, b].every((direction) => direction.startsWith("send"));
  const receives = [a, b].every((direction) => direction.endsWith("recv"));
  return sends ? (receives ? "sendrecv" : "sendonly") : receives ? "recvonly" : "inactive";
};
const directionOf = (sdp) => /^a=(sendrecv|sendonly|recvonly|inactive)\r?$/m.exec(sdp)?.[1] ?? "sendrecv";

/** The port to give to Endpoint.start as `host`; `media` keeps every request that the engine made of its sessions. `delayMs`: how long a description takes. */
export function mediaHost({ delayMs = 0 } = {}) {
  const sessions = new Map();
  const media = [];
  const port = bridgeHost({ capabilities: ["media.host"], answer });

  function answer({ id, type, p }, reply, event) {
    if (!type.startsWith("media.")) return false;
    media.push({ type, ...p });
    if (type === "media.open") sessions.set(p.media, { direction: "sendrecv", version: 0 });
    const state = sessions.get(p.media);
    if (type === "media.direction") state.direction = p.direction;
    if (type === "media.close") sessions.delete(p.media);
    if (type === "media.offer" || type === "media.accept") {
      state.version += 1;
      const answers = type === "media.accept";
      const direction = answers ? narrower(answerTo[directionOf(p.sdp)], state.direction) : state.direction;
      const sdp = description({ direction, version: state.version, setup: answers ? "active" : "actpass" });
      setTimeout(() => reply(id, "media.sdp", { sdp }), delayMs);
    } else {
      reply(id, "media.done", {});
    }
    if ((type === "media.setAnswer" || type === "media.accept") && !state.connected) {
      state.connected = true;
      event("media.state", { media: p.media, ice: "connected", dtls: "connected", connected: true });
    }
    return true;
  }
  return Object.assign(port, { media });
}
