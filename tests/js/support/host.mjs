// A host written anew, of the manual alone (docs/bridge.md): it has the sockets, the time and the media, and everything that the page
// posts has to be valid by the schema.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import Ajv from "ajv/dist/2020.js";
import WebSocket from "ws";
import { root } from "./browser.mjs";

const schema = JSON.parse(readFileSync(`${root}/docs/bridge.schema.json`, "utf8"));
const ajv = new Ajv({ strict: false });
ajv.addSchema(schema);

/** Throws where a message is not valid by its own schema. */
export function check(message) {
  const validate = ajv.getSchema(`${schema.$id}#/$defs/${message.type}.${message.kind}`);
  assert.ok(validate, `${message.type} ${message.kind} is in no schema`);
  assert.ok(validate(message), `${message.type} ${message.kind}: ${JSON.stringify(validate.errors)}`);
}

const sdp = (id) =>
  `v=0\r\no=- ${id} 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=rtpmap:111 opus/48000/2\r\na=ice-ufrag:uuuu\r\na=ice-pwd:pppppppppppppppppppppppp\r\na=fingerprint:sha-256 ${Array(32).fill("AB").join(":")}\r\na=setup:actpass\r\na=mid:0\r\na=sendrecv\r\na=rtcp-mux\r\n`;

/** The port for `Endpoint.start({ host })`, with what the host saw. */
export class Host {
  /** What the page posted, and what the host did. */
  posted = [];
  sent = [];
  onmessage = null;
  #session = null;
  #seq = 0;
  #received = 0;
  #sockets = new Map();
  #timers = new Map();
  #answers;
  #extra;

  /** `answers`: by type of request, what the host answers; `welcome`: what it says besides. */
  constructor({ answers = {}, welcome = {}, capabilities = ["transport.host", "timers.host", "media.host"] } = {}) {
    this.#answers = answers;
    this.#extra = { capabilities, ...welcome };
  }

  post(text) {
    const message = JSON.parse(text);
    check(message);
    this.posted.push(message);
    // Never from inside the page's own call.
    queueMicrotask(() => this.#take(message));
  }

  /** Messages of the page of this type. */
  of(type) {
    return this.posted.filter((message) => message.type === type);
  }

  /** Tells or asks the page something. */
  send(type, kind, p, re) {
    const message = { v: 1, type, id: `h-${this.sent.length + 1}`, kind, session: this.#session, seq: ++this.#seq, ack: this.#received, at: Date.now(), ...(re ? { re } : {}), ...(kind === "request" ? { deadlineMs: 5000 } : {}), p };
    check(message);
    this.sent.push(message);
    this.onmessage?.(JSON.stringify(message));
    return message.id;
  }

  event(type, p = {}) {
    return this.send(type, "event", p);
  }

  reply(request, value = {}, type = request.type) {
    this.send(type, "reply", { ok: true, value }, request.id);
  }

  close() {
    for (const socket of this.#sockets.values()) socket.terminate();
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  #take(message) {
    if (message.type === "hello") {
      this.#session = randomUUID();
      this.#seq = 0;
      this.#received = 0;
      const value = {
        protocol: 1, session: this.#session, instance: `urn:uuid:${randomUUID()}`, host: { name: "test", version: "1", os: "node", osVersion: "1", device: "none" },
        callUi: "none", lockdown: false, snapshot: { tokens: [], calls: [] }, ...this.#extra,
      };
      return this.reply(message, value, "welcome");
    }
    if (message.seq === 0) return;
    if (message.seq !== this.#received + 1) return;
    this.#received = message.seq;
    const { type, p } = message;
    if (type in this.#answers) {
      const answer = this.#answers[type](message, this);
      if (answer !== undefined && message.kind === "request") this.reply(message, answer);
    } else if (type.startsWith("ws.")) this.#socket(type, p);
    else if (type === "timer.set") {
      clearTimeout(this.#timers.get(p.timer));
      const due = Date.now() + p.inMs;
      this.#timers.set(p.timer, setTimeout(() => this.event("timer.fired", { timer: p.timer, lateMs: Math.max(0, Date.now() - due) }), p.inMs));
    } else if (type === "timer.clear") clearTimeout(this.#timers.get(p.timer));
    else if (type === "media.offer" || type === "media.accept") this.reply(message, { sdp: sdp(p.media) });
    else if (type === "media.setAnswer" || type === "media.open") {
      this.reply(message);
    } else if (type === "media.stats") this.reply(message, { report: "[]" });
    else if (type === "call.incoming") this.reply(message, { callUuid: p.callUuid, match: "new" });
    else if (message.kind === "request") this.reply(message);
    // What else has no answer is acknowledged.
    queueMicrotask(() => this.#acknowledge());
  }

  #acknowledge() {
    if (this.#session) this.onmessage?.(JSON.stringify({ v: 1, type: "ack", id: "h-ack", kind: "event", session: this.#session, seq: 0, ack: this.#received, at: Date.now(), p: {} }));
  }

  #socket(type, { sock, url, protocols, text, dataB64, code }) {
    if (type === "ws.send") return this.#sockets.get(sock)?.send(text ?? Buffer.from(dataB64, "base64"));
    if (type === "ws.close") return this.#sockets.get(sock)?.close(code);
    const socket = new WebSocket(url, protocols);
    this.#sockets.set(sock, socket);
    socket.on("open", () => this.event("ws.opened", { sock, protocol: socket.protocol }));
    socket.on("message", (data) => this.event("ws.message", { sock, text: data.toString(), at: Date.now() }));
    socket.on("error", () => {});
    socket.on("close", (code) => {
      this.#sockets.delete(sock);
      this.event("ws.closed", { sock, code, clean: code !== 1006 });
    });
  }
}
