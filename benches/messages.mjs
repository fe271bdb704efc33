// Messages per second in Node: reading one INVITE as far as its typed headers, and building and writing one.
import { createRequire } from "node:module";
import { invite, sdp } from "./message.mjs";
import { summary } from "./stats.mjs";

const require = createRequire(import.meta.url);

function jssip() {
  require("debug").disable();
  const { UA } = require("jssip");
  const { parseMessage } = require("jssip/lib/Parser.js");
  const { InitialOutgoingInviteRequest } = require("jssip/lib/SIPMessage.js");
  const socket = { via_transport: "WSS", url: "wss://sip.example.com", sip_uri: "sip:sip.example.com;transport=ws", connect() {}, disconnect() {}, send() {} };
  const ua = new UA({ sockets: [socket], uri: "sip:alice@example.com", password: "x", register: false });
  const target = ua.normalizeTarget("sip:bob@example.com");
  return {
    read() {
      const request = parseMessage(invite, ua);
      if (request.via.host !== "proxy1.example.com" || request.from.uri.user !== "alice" || request.cseq !== 4711) throw new Error("misread");
      return request;
    },
    write() {
      const request = new InitialOutgoingInviteRequest(target, ua, {}, [`Contact: ${ua.contact}`, "Content-Type: application/sdp"], sdp);
      request.setHeader("via", "SIP/2.0/WSS df7jal23ls0d.invalid;branch=z9hG4bK56sdasks");
      return request.toString();
    },
  };
}

async function sipjs() {
  const { UserAgent } = await import("sip.js");
  const { Parser, OutgoingRequestMessage } = await import("sip.js/lib/core/index.js");
  const logger = { warn() {}, error() {}, log() {}, debug() {} };
  const [target, from] = ["sip:bob@example.com", "sip:alice@example.com"].map((text) => UserAgent.makeURI(text));
  return {
    read() {
      const request = Parser.parseMessage(invite, logger);
      if (request.via.host !== "proxy1.example.com" || request.from.uri.user !== "alice" || request.cseq !== 4711) throw new Error("misread");
      return request;
    },
    write() {
      const request = new OutgoingRequestMessage("INVITE", target, from, target, {}, ["Contact: <sip:q7h2d1@df7jal23ls0d.invalid;transport=ws>", "Allow: INVITE, ACK, CANCEL, BYE, UPDATE, MESSAGE, OPTIONS, REFER, INFO, NOTIFY"], {
        content: sdp,
        contentType: "application/sdp",
      });
      request.setViaHeader("z9hG4bK56sdasks", "WSS");
      return request.toString();
    },
  };
}

/** The same through a small module of its own, benches/wasm, since the package does not export the engine's reader. */
async function sipwake() {
  const { readFileSync } = await import("node:fs");
  const bench = await import("../target/bench/wasm/sipwake_bench.js");
  bench.initSync({ module: readFileSync("target/bench/wasm/sipwake_bench_bg.wasm") });
  const octets = new TextEncoder().encode(invite);
  // What benches/wasm adds up: CSeq, and the lengths of Via's host and branch, Call-ID, three user parts and two routes' hosts.
  const expected = ["proxy1.example.com", "z9hG4bKcydzigwkX.1", "asidkj3ss2f8c1hq0v5e", "alice", "bob", "q7h2d1", "proxy1.example.com", "proxy2.example.com"].reduce((sum, { length }) => sum + length, 4711);
  const check = (sum) => {
    if (sum !== expected) throw new Error(`misread: ${sum} for ${expected}`);
    return sum;
  };
  let number = 0;
  return { read: () => check(bench.read(invite)), readOctets: () => check(bench.readOctets(octets)), write: () => bench.write(sdp, (number += 1)) };
}

function perSecond(work, milliseconds) {
  const start = performance.now();
  let count = 0;
  let elapsed = 0;
  do {
    for (let n = 0; n < 16; n += 1) work();
    count += 16;
    elapsed = performance.now() - start;
  } while (elapsed < milliseconds);
  return (count * 1000) / elapsed;
}

/** Five rounds over all contenders in turn, so that what else the machine does meets all of them. */
export async function measureMessages({ rounds = 5, milliseconds = 1000 } = {}) {
  const contenders = { JsSIP: jssip(), "SIP.js": await sipjs() };
  contenders.sipwake = await sipwake();
  const works = Object.entries(contenders).flatMap(([name, contender]) => Object.entries(contender).map(([kind, work]) => ({ name, kind, work, rates: [] })));
  for (const { work } of works) perSecond(work, milliseconds / 4);
  for (let round = 0; round < rounds; round += 1) {
    for (const item of works) item.rates.push(perSecond(item.work, milliseconds));
  }
  const measured = { octets: Buffer.byteLength(invite), perSecond: {} };
  for (const { name, kind, rates } of works) (measured.perSecond[name] ??= {})[kind] = summary(rates, 0);
  return measured;
}
