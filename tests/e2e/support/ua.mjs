// A small SIP user agent over WebSocket, for the other parties of a test. It shares nothing with the engine.
import { createHash, randomBytes, randomUUID } from "node:crypto";
import { WebSocket } from "ws";
import { until, within } from "./process.mjs";

const hex = (octets) => randomBytes(octets).toString("hex");
const LONG = { v: "via", f: "from", t: "to", i: "call-id", m: "contact", c: "content-type", l: "content-length", k: "supported" };

/** A description a browser accepts and that leads nowhere. */
export const SDP = ["v=0", "o=- 4611731400430051336 2 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=group:BUNDLE 0",
  "m=audio 9 UDP/TLS/RTP/SAVPF 111", "c=IN IP4 0.0.0.0", "a=rtcp:9 IN IP4 0.0.0.0", "a=ice-ufrag:wx4Q",
  "a=ice-pwd:Zq0hV2n1uYt5bRk8sLm3pXc7", "a=candidate:1 1 udp 2122260223 127.0.0.1 9 typ host",
  `a=fingerprint:sha-256 ${Array.from({ length: 32 }, (_, i) => (i + 16).toString(16).toUpperCase()).join(":")}`,
  "a=setup:actpass", "a=mid:0", "a=sendrecv", "a=rtcp-mux", "a=rtpmap:111 opus/48000/2", ""].join("\r\n");

/** Reads one SIP message; enough for tests, not for the world. */
export function parse(text) {
  const cut = text.indexOf("\r\n\r\n");
  const [start, ...lines] = (cut < 0 ? text : text.slice(0, cut)).replace(/\r\n[ \t]+/g, " ").split("\r\n");
  const headers = lines.filter(Boolean).map((line) => {
    const colon = line.indexOf(":");
    const name = line.slice(0, colon).trim().toLowerCase();
    return [LONG[name] ?? name, line.slice(colon + 1).trim()];
  });
  const all = (name) => headers.filter(([n]) => n === name.toLowerCase()).map(([, value]) => value);
  const message = { text, headers, all, header: (name) => all(name)[0], body: cut < 0 ? "" : text.slice(cut + 4) };
  const status = /^SIP\/2\.0 (\d{3}) ?(.*)$/.exec(start);
  if (status) {
    message.status = Number(status[1]);
    message.reason = status[2];
  } else {
    [message.method, message.uri] = start.split(" ");
  }
  const [number, method] = (message.header("cseq") ?? "").split(/\s+/);
  message.cseq = Number(number);
  message.cseqMethod = method;
  message.branch = /;branch=([^;,\s]+)/.exec(message.header("via") ?? "")?.[1];
  message.callId = message.header("call-id");
  message.toTag = /;tag=([^;>\s]+)/.exec(message.header("to") ?? "")?.[1];
  return message;
}

/** The answer to a digest challenge. */
export function digest(challenge, { method, uri, username, password }, count = 1) {
  const fields = Object.fromEntries([...challenge.matchAll(/(\w+)=(?:"([^"]*)"|([^,\s]+))/g)].map((m) => [m[1].toLowerCase(), m[2] ?? m[3]]));
  const name = (fields.algorithm ?? "MD5").toUpperCase();
  const hash = (text) => createHash(name === "SHA-256" ? "sha256" : "md5").update(text).digest("hex");
  const cnonce = hex(8);
  const nc = count.toString(16).padStart(8, "0");
  const qop = fields.qop ? "auth" : null;
  const a1 = hash(`${username}:${fields.realm}:${password}`);
  const a2 = hash(`${method}:${uri}`);
  const response = hash(qop ? `${a1}:${fields.nonce}:${nc}:${cnonce}:${qop}:${a2}` : `${a1}:${fields.nonce}:${a2}`);
  return `Digest username="${username}", realm="${fields.realm}", nonce="${fields.nonce}", uri="${uri}", response="${response}"`
    + (fields.algorithm ? `, algorithm=${fields.algorithm}` : "") + (fields.opaque ? `, opaque="${fields.opaque}"` : "")
    + (qop ? `, qop=${qop}, nc=${nc}, cnonce="${cnonce}"` : "");
}

const uriOf = (nameAddr) => /<([^>]+)>/.exec(nameAddr)?.[1] ?? nameAddr.split(";")[0].trim();

/** One connection of one user. */
export class Ua {
  #clients = new Map();
  #inbox = [];
  #waiters = [];

  /** Connects; options: user, password, domain, instance (urn:uuid), tls options of ws. */
  static async connect(server, { user, password = server.users?.[user], domain = server.domain, url = server.wsUrl, instance, ...rest } = {}) {
    const ua = new Ua();
    Object.assign(ua, { user, password, domain, url, instance: instance ?? `urn:uuid:${randomUUID()}`, closed: false, log: [] });
    ua.secure = url.startsWith("wss");
    ua.host = `${hex(6)}.invalid`;
    ua.contactUser = hex(6);
    ua.fromTag = hex(5);
    ua.registerCallId = hex(10);
    ua.cseq = 0;
    ua.aor = `sip:${user}@${domain}`;
    ua.socket = new WebSocket(url, ["sip"], { rejectUnauthorized: false, ...rest });
    ua.socket.on("message", (data) => ua.#receive(data.toString("utf8")));
    ua.socket.on("close", () => { ua.closed = true; });
    await new Promise((resolve, reject) => ua.socket.once("open", resolve).once("error", reject));
    return ua;
  }

  /** The Contact of this connection, with parameters inside or outside the URI. */
  contact({ uriParams = "", params = "" } = {}) {
    return `<sip:${this.contactUser}@${this.host};transport=${this.secure ? "wss" : "ws"}${uriParams && `;${uriParams}`}>${params && `;${params}`}`;
  }

  send(text) {
    this.log.push({ at: Date.now(), dir: "out", text });
    this.socket.send(text);
  }

  #receive(text) {
    this.log.push({ at: Date.now(), dir: "in", text });
    if (!text.trim()) return;
    const message = parse(text);
    if (message.status) {
      this.#clients.get(`${message.branch} ${message.cseqMethod}`)?.(message);
      return;
    }
    if (message.method === "INVITE" && this.silent !== true) this.reply(message, 100);
    if (message.method === "CANCEL" && this.silent !== true) this.reply(message, 200);
    const waiter = this.#waiters.findIndex(({ test }) => test(message));
    if (waiter >= 0) this.#waiters.splice(waiter, 1)[0].resolve(message);
    else this.#inbox.push(message);
  }

  /** The next request of that method (or that passes the test), also one that came before. */
  async next(what, limitMs = 5000) {
    const test = typeof what === "string" ? (message) => message.method === what : what;
    const found = this.#inbox.findIndex(test);
    if (found >= 0) return this.#inbox.splice(found, 1)[0];
    const waiter = { test };
    const came = new Promise((resolve) => { waiter.resolve = resolve; });
    this.#waiters.push(waiter);
    try {
      return await within(limitMs, `${what} for ${this.user}`, came);
    } finally {
      this.#waiters = this.#waiters.filter((w) => w !== waiter);
    }
  }

  /** Whether such a request came or comes within the time. */
  async gets(what, withinMs) {
    return this.next(what, withinMs).then(() => true, () => false);
  }

  build(method, uri, { headers = [], body = "", branch = `z9hG4bK${hex(8)}`, callId, cseq, from, to, route = [] }) {
    const lines = [`${method} ${uri} SIP/2.0`, `Via: SIP/2.0/${this.secure ? "WSS" : "WS"} ${this.host};branch=${branch}`, "Max-Forwards: 70",
      ...route.map((value) => `Route: ${value}`), `From: ${from}`, `To: ${to}`, `Call-ID: ${callId}`, `CSeq: ${cseq} ${method}`,
      ...headers, ...(body ? ["Content-Type: application/sdp"] : []), `Content-Length: ${Buffer.byteLength(body)}`];
    return { branch, text: `${lines.join("\r\n")}\r\n\r\n${body}` };
  }

  /** Sends a request and gives its final response; answers one challenge. */
  async request(method, uri, options = {}) {
    const { auth = true, limitMs = 8000, authorization, ...rest } = options;
    const fill = { callId: hex(10), from: `<${this.aor}>;tag=${this.fromTag}`, to: `<${uri}>`, ...rest };
    let extra = authorization ? [authorization] : [];
    for (let tries = 0; ; tries += 1) {
      this.cseq += 1;
      const built = this.build(method, uri, { ...fill, cseq: this.cseq, headers: [...(fill.headers ?? []), ...extra] });
      const response = await this.#final(built, method, limitMs);
      const challenge = response.status === 401 ? response.header("www-authenticate") : response.status === 407 ? response.header("proxy-authenticate") : null;
      if (!challenge || !auth || tries > 0) return response;
      const value = digest(challenge, { method, uri, username: this.user, password: this.password });
      extra = [`${response.status === 401 ? "Authorization" : "Proxy-Authorization"}: ${value}`];
    }
  }

  #final({ branch, text }, method, limitMs) {
    return new Promise((resolve, reject) => {
      const key = `${branch} ${method}`;
      const timer = setTimeout(() => {
        this.#clients.delete(key);
        reject(new Error(`no final response to ${method} within ${limitMs} ms`));
      }, limitMs);
      this.#clients.set(key, (message) => {
        if (message.status < 200) return;
        clearTimeout(timer);
        this.#clients.delete(key);
        resolve(message);
      });
      this.send(text);
    });
  }

  /** REGISTER; uriParams and params go into the Contact. Gives the final response. */
  async register({ expires = 600, uriParams, params = "", instance = true, contact, authorization, ...rest } = {}) {
    const outside = [...(instance ? ["reg-id=1", `+sip.instance="<${this.instance}>"`] : []), ...(params ? [params] : [])].join(";");
    return this.request("REGISTER", `sip:${this.domain}`, {
      callId: this.registerCallId, to: `<${this.aor}>`, authorization,
      headers: [`Contact: ${contact ?? this.contact({ uriParams, params: outside })}`, `Expires: ${expires}`, "Supported: outbound, path, gruu"], ...rest,
    });
  }

  /** INVITE; the call's `final` settles with the final response, `provisional` collects. */
  invite(target, { body = SDP, headers = [] } = {}) {
    return new OutgoingCall(this, target, body, headers, (key, listener) => this.#clients.set(key, listener));
  }

  /** Answers a request. */
  reply(request, status, { body = "", headers = [], reason, tag = this.fromTag } = {}) {
    const phrase = reason ?? { 100: "Trying", 180: "Ringing", 200: "OK", 486: "Busy Here", 487: "Request Terminated", 603: "Decline" }[status] ?? "Answer";
    const lines = [`SIP/2.0 ${status} ${phrase}`, ...request.all("via").map((value) => `Via: ${value}`),
      ...(status > 100 && status < 300 ? request.all("record-route").map((value) => `Record-Route: ${value}`) : []),
      `From: ${request.header("from")}`, `To: ${request.header("to")}${request.toTag || status === 100 ? "" : `;tag=${tag}`}`,
      `Call-ID: ${request.callId}`, `CSeq: ${request.header("cseq")}`,
      ...(request.method === "INVITE" && status > 100 && status < 300 ? [`Contact: ${this.contact()}`] : []),
      ...headers, ...(body ? ["Content-Type: application/sdp"] : []), `Content-Length: ${Buffer.byteLength(body)}`];
    this.send(`${lines.join("\r\n")}\r\n\r\n${body}`);
  }

  /** 200 to an INVITE, its ACK awaited; gives the dialog. */
  async answer(invite, { body = SDP } = {}) {
    this.reply(invite, 200, { body });
    const ack = await this.next((m) => m.method === "ACK" && m.callId === invite.callId);
    return new Dialog(this, {
      callId: invite.callId, local: `${invite.header("to")};tag=${this.fromTag}`, remote: invite.header("from"),
      target: uriOf(invite.header("contact")), route: invite.all("record-route"), ack,
    });
  }

  /** Closes with the closing handshake. */
  async close() {
    if (this.closed) return;
    const over = new Promise((resolve) => this.socket.once("close", resolve));
    this.socket.close(1000);
    await within(1000, "the end of the connection", over).catch(() => this.socket.terminate());
  }

  /** The connection is gone without a word. */
  cut() {
    this.socket.terminate();
  }
}

/** An established dialog. */
export class Dialog {
  constructor(ua, fields) {
    Object.assign(this, { ua, ...fields });
  }

  request(method, options = {}) {
    return this.ua.request(method, this.target, { callId: this.callId, from: this.local, to: this.remote, route: this.route, ...options });
  }

  bye() {
    return this.request("BYE");
  }
}

class OutgoingCall {
  constructor(ua, target, body, headers, listen) {
    Object.assign(this, { ua, target, body, headers, listen, provisional: [], callId: hex(10), from: `<${ua.aor}>;tag=${hex(5)}` });
    this.final = new Promise((resolve, reject) => Object.assign(this, { resolve, reject }));
    this.final.catch(() => {});
    this.#send([]);
  }

  #send(extra) {
    const { ua } = this;
    ua.cseq += 1;
    this.sent = { cseq: ua.cseq, ...ua.build("INVITE", this.target, {
      callId: this.callId, cseq: ua.cseq, from: this.from, to: `<${this.target}>`, body: this.body,
      headers: [`Contact: ${ua.contact()}`, "Allow: INVITE, ACK, CANCEL, BYE, OPTIONS", ...this.headers, ...extra] }) };
    this.listen(`${this.sent.branch} INVITE`, (message) => this.#response(message));
    ua.send(this.sent.text);
  }

  #response(message) {
    if (message.status < 200) {
      this.provisional.push(message);
      return;
    }
    if (message.status >= 300) {
      this.ua.send(this.ua.build("ACK", this.target, { branch: this.sent.branch, callId: this.callId, cseq: this.sent.cseq, from: this.from, to: message.header("to") }).text);
    }
    if (message.status === 407 && !this.authorized) {
      this.authorized = true;
      const value = digest(message.header("proxy-authenticate"), { method: "INVITE", uri: this.target, username: this.ua.user, password: this.ua.password });
      this.#send([`Proxy-Authorization: ${value}`]);
      return;
    }
    this.resolve(message);
  }

  /** The final response, bounded in time. */
  async ended(limitMs = 8000) {
    return within(limitMs, "a final response to INVITE", this.final);
  }

  async answered(limitMs) {
    const ok = await this.ended(limitMs);
    if (ok.status !== 200) throw new Error(`INVITE was answered ${ok.status} ${ok.reason}`);
    const dialog = new Dialog(this.ua, { callId: this.callId, local: this.from, remote: ok.header("to"), target: uriOf(ok.header("contact")), route: ok.all("record-route").reverse(), ok });
    this.ua.send(this.ua.build("ACK", dialog.target, { callId: this.callId, cseq: this.sent.cseq, from: this.from, to: dialog.remote, route: dialog.route }).text);
    return dialog;
  }

  /** Waits until so many provisional responses with this status came. */
  has(status, { count = 1, limitMs = 3000 } = {}) {
    return until(`${count} times ${status}`, () => this.provisional.filter((message) => message.status === status).length >= count, limitMs, 5);
  }

  /** CANCEL; its own 200 awaited. */
  async cancel(headers = []) {
    const built = this.ua.build("CANCEL", this.target, { branch: this.sent.branch, callId: this.callId, cseq: this.sent.cseq, from: this.from, to: `<${this.target}>`, headers });
    const answer = new Promise((resolve) => this.listen(`${built.branch} CANCEL`, resolve));
    this.ua.send(built.text);
    return within(3000, "an answer to CANCEL", answer);
  }
}
