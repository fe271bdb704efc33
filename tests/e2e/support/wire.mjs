// A SIP client for tests, by hand over a WebSocket: it does what the test says and nothing by itself but what is marked so.
import { createHash, randomBytes } from "node:crypto";
import WebSocket from "ws";

/** Random hexadecimal. */
export const hex = (octets) => randomBytes(octets).toString("hex");

/** Reads a message: { method, uri } or { status, reason }, headers as [name, value] pairs, body. */
export function parse(text) {
  const gap = text.indexOf("\r\n\r\n");
  const [first, ...lines] = text.slice(0, gap).split("\r\n");
  const headers = lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
  });
  const message = { text, headers, body: text.slice(gap + 4) };
  message.all = (name) => headers.filter(([have]) => have.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
  message.get = (name) => message.all(name)[0];
  const words = first.split(" ");
  if (words[0] === "SIP/2.0") {
    message.status = Number(words[1]);
    message.reason = words.slice(2).join(" ");
    message.method = message.get("CSeq").split(" ")[1];
  } else {
    [message.method, message.uri] = words;
  }
  return message;
}

/** A message as text; Content-Length is added. */
export function write(first, headers, body = "") {
  const lines = headers.map(([name, value]) => `${name}: ${value}`);
  return `${first}\r\n${lines.join("\r\n")}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/** The Authorization value that answers a challenge. */
export function answer(challenge, { username, password, method, uri, nc = 1 }) {
  const get = (name) => new RegExp(`${name}="?([^",]+)"?`, "i").exec(challenge)?.[1];
  const algorithm = get("algorithm") ?? "MD5";
  const hash = (text) => createHash(algorithm === "MD5" ? "md5" : "sha256").update(text).digest("hex");
  const [realm, nonce, qop] = [get("realm"), get("nonce"), get("qop")];
  const first = hash(`${username}:${realm}:${password}`);
  const second = hash(`${method}:${uri}`);
  const cnonce = hex(8);
  const count = nc.toString(16).padStart(8, "0");
  const response = qop ? hash(`${first}:${nonce}:${count}:${cnonce}:auth:${second}`) : hash(`${first}:${nonce}:${second}`);
  return `Digest username="${username}", realm="${realm}", nonce="${nonce}", uri="${uri}", response="${response}", algorithm=${algorithm}`
    + (qop ? `, qop=auth, cnonce="${cnonce}", nc=${count}` : "") + (get("opaque") ? `, opaque="${get("opaque")}"` : "");
}

/** The minimal offer or answer. */
export const SDP = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n";

/** One client on one WebSocket. */
export class Client {
  static async connect(edge, name, { password, instance, contactParams = "", headerParams = "", protocol = "sip", options } = {}) {
    const client = new Client();
    Object.assign(client, { edge, name, domain: edge.domain, messages: [], waiting: [], cseq: 0, callId: hex(8) });
    client.password = password ?? edge.users[name];
    client.host = `${hex(5)}.invalid`;
    client.user = hex(4);
    client.uri = `sip:${client.user}@${client.host};transport=ws`;
    client.aor = `sip:${name}@${edge.domain}`;
    client.contactParams = contactParams;
    client.headerParams = (instance ? `;+sip.instance="<urn:uuid:${instance}>";reg-id=1` : "") + headerParams;
    client.socket = new WebSocket(edge.wsUrl, protocol, options);
    client.closed = new Promise((resolve) => client.socket.once("close", (code) => resolve(code)));
    client.socket.on("message", (data) => client.#take(String(data)));
    await new Promise((resolve, reject) => client.socket.once("open", resolve).once("error", reject));
    return client;
  }

  #take(text) {
    const message = text.trim() === "" ? { text, keepAlive: true } : parse(text);
    this.messages.push(message);
    // Retried: whoever fits takes it.
    this.waiting = this.waiting.filter((look) => !look());
  }

  send(text) {
    this.socket.send(text);
  }

  /** Waits for the next message that fits and takes it out. */
  next(fits, limitMs = 3000) {
    const wanted = typeof fits === "function" ? fits
      : typeof fits === "number" ? (message) => message.status === fits
        : (message) => message.method === fits && message.status === undefined;
    return new Promise((resolve, reject) => {
      const look = () => {
        const at = this.messages.findIndex(wanted);
        if (at < 0) return false;
        clearTimeout(timer);
        resolve(this.messages.splice(at, 1)[0]);
        return true;
      };
      const timer = setTimeout(() => {
        this.waiting = this.waiting.filter((other) => other !== look);
        const have = this.messages.map((message) => message.text.split("\r\n")[0]).join(", ");
        reject(new Error(`${this.name} waited in vain for ${fits}; there: ${have}`));
      }, limitMs);
      if (!look()) this.waiting.push(look);
    });
  }

  /** Fails if a message that fits is there or comes within the time. */
  async never(fits, ms = 150) {
    const came = await this.next(fits, ms).catch(() => null);
    if (came) throw new Error(`${this.name} got what must not come: ${came.text}`);
  }

  /** Sends a request of its own; answers a challenge if it has a password. Gives the request's parts and the final response. */
  async request(method, uri, { to, headers = [], body = "", callId = this.callId, fromTag = hex(4), cseq, credentials = true, final = true } = {}) {
    let authorization = [];
    for (let round = 0; ; round += 1) {
      this.cseq = cseq ?? this.cseq + 1;
      const branch = `z9hG4bK${hex(6)}`;
      const sent = {
        method, uri, callId, fromTag, cseq: this.cseq, branch,
        headers: [
          ["Via", `SIP/2.0/WS ${this.host};branch=${branch}`], ["Max-Forwards", "69"],
          ["From", `"${this.name}" <${this.aor}>;tag=${fromTag}`], ["To", to ?? `<${uri}>`], ["Call-ID", callId],
          ["CSeq", `${this.cseq} ${method}`], ...authorization, ...headers,
          ...(body ? [["Content-Type", "application/sdp"]] : []),
        ],
      };
      this.send(write(`${method} ${uri} SIP/2.0`, sent.headers, body));
      if (!final && round > 0) return { sent };
      const mine = (message) => message.status >= (final ? 200 : 100) && message.get("CSeq") === `${this.cseq} ${method}`
        && message.get("Call-ID") === callId;
      let response = await this.next(mine);
      if (!final && response.status === 100) {
        this.messages.unshift(response);
        return { sent };
      }
      const challenge = { 401: "WWW-Authenticate", 407: "Proxy-Authenticate" }[response.status];
      if (!challenge || !credentials || round > 0) return { sent, response };
      if (method === "INVITE") this.ack(sent, response);
      const value = answer(response.get(challenge), { username: this.name, password: this.password, method, uri });
      authorization = [[response.status === 401 ? "Authorization" : "Proxy-Authorization", value]];
    }
  }

  /** REGISTER; gives the final response. */
  async register({ expires = 600, contact, ...rest } = {}) {
    const value = contact ?? `<${this.uri}${this.contactParams}>${this.headerParams}`;
    const headers = [["Contact", value], ["Expires", String(expires)], ["Supported", "path, outbound"]];
    return (await this.request("REGISTER", `sip:${this.domain}`, { to: `<${this.aor}>`, headers, ...rest })).response;
  }

  /** INVITE; gives what was sent as soon as it is under way (its 100 came), the challenge answered. */
  async invite(name, { headers = [], ...rest } = {}) {
    const all = [["Contact", `<${this.uri}>`], ...headers];
    const uri = name.startsWith("sip:") ? name : `sip:${name}@${this.domain}`;
    const options = { headers: all, body: SDP, callId: hex(8), final: false, ...rest };
    return (await this.request("INVITE", uri, options)).sent;
  }

  /** The hop-by-hop ACK for a final response other than 2xx. */
  ack(sent, response) {
    const keep = sent.headers.filter(([name]) => ["Via", "From", "Call-ID", "Max-Forwards"].includes(name));
    this.send(write(`ACK ${sent.uri} SIP/2.0`, [...keep, ["To", response.get("To")], ["CSeq", `${sent.cseq} ACK`]]));
  }

  /** CANCEL of an INVITE. */
  cancel(sent, headers = []) {
    const keep = sent.headers.filter(([name]) => ["Via", "From", "To", "Call-ID", "Max-Forwards"].includes(name));
    this.send(write(`CANCEL ${sent.uri} SIP/2.0`, [...keep, ["CSeq", `${sent.cseq} CANCEL`], ...headers]));
  }

  /** A response to a request. */
  respond(request, status, { reason = "Test", tag = this.user, headers = [], body = "" } = {}) {
    const copied = request.headers.filter(([name]) => ["Via", "From", "Call-ID", "CSeq", "Record-Route"].includes(name));
    const to = request.get("To");
    const tagged = status === 100 || to.includes(";tag=") ? to : `${to};tag=${tag}`;
    const own = status > 100 && status < 300 && request.method === "INVITE" ? [["Contact", `<${this.uri}>`]] : [];
    const type = body ? [["Content-Type", "application/sdp"]] : [];
    this.send(write(`SIP/2.0 ${status} ${reason}`, [...copied, ["To", tagged], ...own, ...headers, ...type], body));
  }

  /** A request within a dialog, seen from the caller (sent and its 2xx) or the callee (the INVITE it got). */
  within(method, { invite, ok, request, cseq = 100 }) {
    const asCaller = Boolean(ok);
    const source = asCaller ? ok : request;
    const routes = source.all("Record-Route");
    const peer = /<([^>]+)>/.exec(source.get("Contact"))[1];
    const tagged = (value) => (value.includes(";tag=") ? value : `${value};tag=${this.user}`);
    const headers = [
      ["Via", `SIP/2.0/WS ${this.host};branch=z9hG4bK${hex(6)}`], ["Max-Forwards", "70"],
      ...(asCaller ? [...routes].reverse() : routes).map((route) => ["Route", route]),
      ["From", asCaller ? ok.get("From") : tagged(request.get("To"))], ["To", asCaller ? ok.get("To") : request.get("From")],
      ["Call-ID", source.get("Call-ID")], ["CSeq", `${method === "ACK" ? invite.cseq : cseq} ${method}`],
    ];
    this.send(write(`${method} ${peer} SIP/2.0`, headers));
  }

  /** Takes a call up to 200: 100, 180, 200. Gives the INVITE. */
  async accept() {
    const request = await this.next("INVITE");
    for (const [status, body] of [[100, ""], [180, ""], [200, SDP]]) this.respond(request, status, { body });
    return request;
  }

  close() {
    this.socket.close();
    return this.closed;
  }
}
