// The far end of every library: a SIP server over WebSocket that does what a row tells it, message by message.
import { createHash, randomBytes } from "node:crypto";
import { WebSocketServer } from "ws";
import { parse } from "../../tests/e2e/support/ua.mjs";
import { sleep, until } from "../../tests/e2e/support/process.mjs";

const hex = (octets) => randomBytes(octets).toString("hex");
export const DOMAIN = "example.com";
export const USER = "alice";
export const PASSWORD = "correct horse";

/** A description that browsers take, as an offer or as an answer, and that leads nowhere. */
export function sdp({ type = "answer", direction = "sendrecv", version = 1, name = "-" } = {}) {
  const fingerprint = Array.from({ length: 32 }, (_, i) => (i + 16).toString(16).toUpperCase()).join(":");
  return ["v=0", `o=- 4611731400430051336 ${version} IN IP4 127.0.0.1`, `s=${name}`, "t=0 0", "a=group:BUNDLE 0", "m=audio 9 UDP/TLS/RTP/SAVPF 111", "c=IN IP4 127.0.0.1",
    "a=rtcp:9 IN IP4 0.0.0.0", "a=ice-ufrag:wx4Q", "a=ice-pwd:Zq0hV2n1uYt5bRk8sLm3pXc7", "a=candidate:1 1 udp 2122260223 127.0.0.1 9 typ host",
    `a=fingerprint:sha-256 ${fingerprint}`, `a=setup:${type === "offer" ? "actpass" : "passive"}`, "a=mid:0", `a=${direction}`, "a=rtcp-mux", "a=rtpmap:111 opus/48000/2", ""].join("\r\n");
}

/** A request that begins a dialog or stands alone, as the server keeps it. */
export class Script {
  /** All messages, also those that somebody took: { at, dir, message, connection }. */
  log = [];
  connections = [];
  pongs = 0;
  #inbox = [];

  static async start() {
    const script = new Script();
    const server = new WebSocketServer({ host: "127.0.0.1", port: 0, handleProtocols: (offered) => (offered.has("sip") ? "sip" : false) });
    await new Promise((resolve, reject) => server.once("listening", resolve).once("error", reject));
    script.url = `ws://127.0.0.1:${server.address().port}/`;
    script.stop = async () => {
      for (const socket of server.clients) socket.terminate();
      await new Promise((resolve) => server.close(resolve));
    };
    server.on("connection", (socket) => {
      const connection = script.connections.push(socket);
      socket.on("error", () => {});
      socket.on("message", (data) => {
        const text = data.toString("utf8");
        if (!text.trim()) {
          if (text === "\r\n\r\n") socket.send("\r\n");
          else script.pongs += 1;
          return;
        }
        const message = Object.assign(parse(text), { connection, at: performance.timeOrigin + performance.now() });
        script.log.push({ at: performance.timeOrigin + performance.now(), dir: "out", message, connection });
        if (script.automatic?.(message)) return;
        script.#inbox.push(message);
      });
    });
    return script;
  }

  send(text, socket = this.connections.at(-1)) {
    this.log.push({ at: Date.now(), dir: "in", message: parse(text), connection: this.connections.indexOf(socket) + 1 });
    socket.send(text);
  }

  /** What the library sent and nobody has taken yet. */
  waiting(test) {
    return this.#inbox.filter(matcher(test));
  }

  /** Takes the next message that the library sends, also one that came before. */
  async next(what, limitMs = 5000) {
    const test = matcher(what);
    return until(`no ${typeof what === "function" ? "such message" : what}`, () => {
      const at = this.#inbox.findIndex(test);
      return at < 0 ? null : this.#inbox.splice(at, 1)[0];
    }, limitMs, 10);
  }

  /** The next such message within the time, or null. */
  async maybe(what, limitMs) {
    return this.next(what, limitMs).catch(() => null);
  }

  /** A response to a request of the library. `tag` names the dialog. */
  reply(request, status, { tag = "far", body = "", headers = [], contact = `<sip:bob-${tag}@far.invalid;transport=ws>` } = {}) {
    const dialogs = status > 100 && status < 300 && request.method === "INVITE";
    const lines = [`SIP/2.0 ${status} Answer`, ...request.all("via").map((via) => `Via: ${via}`), `From: ${request.header("from")}`,
      `To: ${request.header("to")}${request.toTag || status === 100 ? "" : `;tag=${tag}`}`, `Call-ID: ${request.callId}`, `CSeq: ${request.header("cseq")}`,
      ...(dialogs || (request.method === "UPDATE" && status < 300) ? [`Contact: ${contact}`] : []), ...headers, ...(body ? ["Content-Type: application/sdp"] : []), `Content-Length: ${Buffer.byteLength(body)}`];
    this.send(`${lines.join("\r\n")}\r\n\r\n${body}`);
  }

  /** The 200 of a registrar that knows its job. */
  accept(register, headers = []) {
    this.contact = /<([^>]+)>/.exec(register.header("contact"))?.[1];
    this.reply(register, 200, { tag: "registrar", headers: [`Contact: ${register.header("contact").replace(/;expires=\d+/i, "")};expires=600`, ...headers] });
  }

  /** A request outside of the library's dialogs, or in one. */
  request(method, { uri = this.contact, from = `<sip:bob@${DOMAIN}>;tag=near${hex(4)}`, to = `<sip:${USER}@${DOMAIN}>`, callId = hex(10), cseq = 1, branch = `z9hG4bK${hex(8)}`, headers = [], body = "" } = {}) {
    const contact = method === "ACK" || method === "CANCEL" || method === "BYE" ? [] : ["Contact: <sip:bob@far.invalid;transport=ws>"];
    const lines = [`${method} ${uri} SIP/2.0`, `Via: SIP/2.0/WS far.invalid;branch=${branch}`, "Max-Forwards: 70", `From: ${from}`, `To: ${to}`, `Call-ID: ${callId}`, `CSeq: ${cseq} ${method}`,
      ...contact, ...headers, ...(body ? ["Content-Type: application/sdp"] : []), `Content-Length: ${Buffer.byteLength(body)}`];
    this.send(`${lines.join("\r\n")}\r\n\r\n${body}`);
    return { method, uri, from, to, callId, cseq, branch, answeredBy: (message) => message.callId === callId && message.cseqMethod === method && message.cseq === cseq && Boolean(message.status) };
  }

  /** The final response to such a request. */
  async final(request, limitMs = 4000) {
    return this.next((message) => request.answeredBy(message) && message.status >= 200, limitMs);
  }
}

function matcher(what) {
  if (typeof what === "function") return what;
  return (message) => message.method === what;
}

/** The dialog of a call that the library made, from the far end's side. */
export function calledDialog(script, invite, tag = "far") {
  let cseq = 0;
  const fields = { uri: /<([^>]+)>/.exec(invite.header("contact"))[1], from: `${invite.header("to")};tag=${tag}`, to: invite.header("from"), callId: invite.callId };
  return { ...fields, request: (method, rest) => script.request(method, { ...fields, cseq: (cseq += 1), ...rest }) };
}

/** What a right answer to a digest challenge says, or why this one is wrong. */
export function digestFault(header, { method, body = "", nonce, realm, algorithm = "MD5" }) {
  if (!header) return "no credentials came";
  const field = (name) => new RegExp(`[ ,]${name}=(?:"([^"]*)"|([^,\\s]+))`, "i").exec(header)?.slice(1).find((value) => value !== undefined);
  if (field("realm") !== realm || field("nonce") !== nonce) return "they are for another challenge";
  const named = (field("algorithm") ?? "MD5").toUpperCase();
  if (named !== algorithm) return `they are ${named}`;
  const hash = (text) => createHash({ MD5: "md5", "SHA-256": "sha256", "SHA-512-256": "sha512-256" }[algorithm]).update(text).digest("hex");
  const qop = field("qop");
  const a1 = hash(`${USER}:${realm}:${PASSWORD}`);
  const a2 = hash(`${method}:${field("uri")}${qop === "auth-int" ? `:${hash(body)}` : ""}`);
  const expected = hash(qop ? `${a1}:${nonce}:${field("nc")}:${field("cnonce")}:${qop}:${a2}` : `${a1}:${nonce}:${a2}`);
  return field("response") === expected ? null : "the digest is wrong";
}

export { sleep, until };
