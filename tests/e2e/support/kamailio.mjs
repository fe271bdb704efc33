// Kamailio as an ordinary process on free loopback ports, configured by tests/kamailio/.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { find } from "../../../scripts/tools.mjs";
import { ROOT, accepts, freePorts, removeFolder, runFolder, start } from "./process.mjs";

const PROGRAM = find("kamailio");

/** Whether this machine can run these tests at all. */
export const hasKamailio = Boolean(PROGRAM);

/** The users every server of these tests knows, with their passwords. */
export const USERS = { alice: "alice-secret", bob: "bob-secret", carol: "carol-secret", dave: "dave-secret" };

function certificate(folder) {
  execFileSync("openssl", ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
    "-days", "2", "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost",
    "-keyout", join(folder, "key.pem"), "-out", join(folder, "cert.pem")], { stdio: "ignore" });
}

/**
 * Starts Kamailio.
 * @param options pushUrl: where pushes are posted; algorithm: MD5 or SHA-256; holdMs: how long an INVITE waits; cancelPush: whether
 *   devices that were pushed and did not come are told how the call ended
 */
export async function startKamailio(options = {}) {
  if (!PROGRAM) throw new Error("kamailio is not installed");
  // Between finding a free port and listening on it somebody else may take it: once more.
  return launch(options).catch(() => launch(options));
}

async function launch(options) {
  const { pushUrl = "http://127.0.0.1:9", domain = "sip.example", users = USERS, algorithm = "MD5", holdMs = 25000,
    flowTimer = 25, minExpires = 30, rejectShortExpires = false, nonceExpire = 300, lostTcp = true, cancelPush = false, debug = 0 } = options;
  const folder = runFolder("kamailio");
  certificate(folder);
  const [udp, ws, wss] = await freePorts(3);
  const words = {
    RUN: folder, DOMAIN: domain, UDP_PORT: udp, WS_PORT: ws, WSS_PORT: wss, PUSH: pushUrl, ALGORITHM: algorithm,
    HOLD_MS: holdMs, HOLD_S: Math.ceil(holdMs / 1000), FLOW_TIMER: flowTimer, MIN_EXPIRES: minExpires,
    MIN_EXPIRES_MODE: rejectShortExpires ? 1 : 0, NONCE_EXPIRE: nonceExpire, LOST_TCP: lostTcp ? 1 : 0, CANCEL_PUSH: cancelPush ? 1 : 0, DEBUG: debug,
    USERS: Object.entries(users).map(([name, password]) => `\t$sht(users=>${name}) = "${password}";`).join("\n"),
  };
  for (const name of ["kamailio.cfg", "tls.cfg"]) {
    const text = readFileSync(join(ROOT, "tests", "kamailio", name), "utf8");
    writeFileSync(join(folder, name), text.replace(/@([A-Z_]+)@/g, (all, word) => (word in words ? String(words[word]) : all)));
  }
  const child = start(PROGRAM, ["-f", join(folder, "kamailio.cfg"), "-DD", "-E", "-m", "32", "-M", "8", "-w", folder,
    "-Y", folder, "-P", join(folder, "kamailio.pid")], { folder });
  const stop = async () => {
    await child.stop();
    removeFolder(folder);
  };
  try {
    await Promise.all([accepts(ws, child), accepts(wss, child)]);
  } catch (error) {
    await stop();
    throw error;
  }
  let id = 0;
  const rpc = async (method, ...params) => {
    id += 1;
    const answer = await fetch(`http://127.0.0.1:${ws}/rpc`, {
      method: "POST", headers: { "content-type": "application/json" },
      body: JSON.stringify({ jsonrpc: "2.0", id, method, params }),
    });
    const { result, error } = await answer.json();
    if (error) throw new Error(`${method}: ${error.message}`);
    return result;
  };
  return {
    kind: "kamailio", domain, users, wsUrl: `ws://127.0.0.1:${ws}`, wssUrl: `wss://127.0.0.1:${wss}`, pid: child.pid,
    certificate: join(folder, "cert.pem"), rpc, stop, log: () => child.output(), signal: (name) => child.signal(name),
    /** The bindings of a user as the registrar keeps them: [{ address, instance, expires, … }]. */
    async bindings(user) {
      const dump = await rpc("ul.dump");
      return (dump.Domains ?? []).flatMap(({ Domain }) => Domain.AoRs ?? [])
        .filter(({ Info }) => Info.AoR === user || Info.AoR === `${user}@${domain}`)
        .flatMap(({ Info }) => Info.Contacts.map(({ Contact }) => Contact))
        .map((contact) => ({ address: contact.Address, instance: contact.Instance?.replace(/[<>]/g, ""),
          expires: contact.Expires, callId: contact["Call-ID"], userAgent: contact["User-Agent"] }));
    },
    /** The devices of a user that a push can reach: [{ instance, token, topic }]. */
    async devices(user) {
      const rows = await rpc("htable.dump", "push").catch(() => []);
      return rows.flatMap((row) => row.slot ?? row).filter((item) => item.name?.startsWith(`${user}::`))
        .map((item) => ({ instance: item.name.slice(user.length + 2), ...JSON.parse(item.value) }));
    },
  };
}
