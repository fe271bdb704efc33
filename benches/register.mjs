// How long a page takes from its start to the first octets of REGISTER, in Chromium with an empty profile each time.
// A bare WebSocket that sends a REGISTER made beforehand is the floor; every round runs all contenders, and each is compared with the floor of its round.
import { createServer } from "node:http";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { WebSocketServer } from "ws";
import { find } from "../scripts/tools.mjs";
import { bundle } from "./size.mjs";
import { summary } from "./stats.mjs";

const ready = [
  "REGISTER sip:example.com SIP/2.0",
  "Via: SIP/2.0/WS floor0000000.invalid;branch=z9hG4bKfloor000",
  "Max-Forwards: 70",
  "From: <sip:alice@example.com>;tag=floor00000",
  "To: <sip:alice@example.com>",
  "Call-ID: floor0000000000000000",
  "CSeq: 1 REGISTER",
  "Contact: <sip:floor000@floor0000000.invalid;transport=ws>;expires=600",
  "Content-Length: 0",
  "",
  "",
].join("\r\n");

const url = "`ws://${location.host}/ws`";
const scripts = {
  floor: `const socket = new WebSocket(${url}, "sip"); socket.onopen = () => socket.send(${JSON.stringify(ready)});`,
  JsSIP: `import JsSIP from "jssip";
    const ua = new JsSIP.UA({ sockets: [new JsSIP.WebSocketInterface(${url})], uri: "sip:alice@example.com", password: "secret" });
    ua.start();`,
  "SIP.js": `import { UserAgent, Registerer } from "sip.js";
    const agent = new UserAgent({ uri: UserAgent.makeURI("sip:alice@example.com"), authorizationUsername: "alice", authorizationPassword: "secret",
      transportOptions: { server: ${url} }, logBuiltinEnabled: false });
    agent.start().then(() => new Registerer(agent).register());`,
  sipwake: `import init, { Endpoint } from "./pkg/sipwake.js";
    await init();
    const endpoint = await Endpoint.start({ host: "none" });
    await endpoint.createAccount({ username: "alice", domain: "example.com", password: "secret", servers: [${url}] });`,
};

/** Times of every contender in ms: from navigation and from the start of its script to REGISTER on the wire. `slowed`: how many times slower the pages' threads run. */
export async function measureRegister({ rounds = Number(process.env.ROUNDS ?? 10), slowed = 1 } = {}) {
  const files = new Map();
  const names = Object.keys(scripts);
  for (const [index, name] of names.entries()) {
    const script = await bundle(scripts[name]);
    files.set(`/${index}/main.js`, { type: "text/javascript", body: script });
    files.set(`/${index}/`, {
      type: "text/html",
      body: `<!doctype html><meta charset=utf-8><title>${name}</title><script>globalThis.scriptStart=performance.timeOrigin+performance.now()</script><script type=module src=main.js></script>`,
    });
  }
  files.set(`/${names.indexOf("sipwake")}/sipwake_bg.wasm`, { type: "application/wasm", body: readFileSync("pkg/sipwake_bg.wasm") });
  const server = createServer((request, response) => {
    const file = files.get(request.url);
    response.writeHead(file ? 200 : 404, { "content-type": file?.type ?? "text/plain", "cache-control": "no-store" }).end(file?.body);
  });
  const sockets = new WebSocketServer({ server, path: "/ws", handleProtocols: () => "sip" });
  let arrived = () => {};
  sockets.on("connection", (socket) => {
    socket.on("message", (data) => {
      if (String(data).startsWith("REGISTER ")) arrived(performance.timeOrigin + performance.now());
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${server.address().port}`;

  async function once(index) {
    const profile = mkdtempSync(join(tmpdir(), "sipwake-bench-"));
    const context = await chromium.launchPersistentContext(profile, {
      executablePath: find("chromium"),
      headless: true,
      args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
    });
    try {
      const page = context.pages()[0] ?? (await context.newPage());
      const complaints = [];
      page.on("pageerror", (error) => complaints.push(error.message));
      const registered = new Promise((resolve, reject) => {
        arrived = resolve;
        setTimeout(() => reject(new Error(`${names[index]} sent no REGISTER in 20 s ${complaints.join("; ")}`)), 20_000).unref();
      });
      registered.catch(() => {});
      if (slowed > 1) await (await context.newCDPSession(page)).send("Emulation.setCPUThrottlingRate", { rate: slowed });
      await page.goto(`${origin}/${index}/`);
      const at = await registered;
      const [navigation, script] = await page.evaluate(() => [performance.timeOrigin, globalThis.scriptStart]);
      return { navigation: at - navigation, script: at - script };
    } finally {
      await context.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 3 });
    }
  }

  const runs = names.map(() => []);
  try {
    for (let round = -1; round < rounds; round += 1) {
      for (const index of names.keys()) {
        // The contenders change places from round to round; the first round only warms the disk.
        const turn = (index + Math.max(round, 0)) % names.length;
        const run = await once(turn);
        if (round >= 0) runs[turn].push(run);
      }
      process.stderr.write(`  round ${round + 1} of ${rounds}\n`);
    }
  } finally {
    for (const socket of sockets.clients) socket.terminate();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  const floor = runs[names.indexOf("floor")];
  return Object.fromEntries(
    names.map((name, index) => {
      const above = (kind) => summary(runs[index].map((run, round) => run[kind] - floor[round][kind]));
      return [
        name,
        {
          navigation: summary(runs[index].map((run) => run.navigation)),
          script: summary(runs[index].map((run) => run.script)),
          ...(name === "floor" ? {} : { navigationAboveFloor: above("navigation"), scriptAboveFloor: above("script") }),
        },
      ];
    }),
  );
}
