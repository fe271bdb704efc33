// A WebSocket relay between a page and a server: it keeps every frame with direction and time, and can misbehave.
import { createServer } from "node:http";
import { WebSocket, WebSocketServer } from "ws";
import { until } from "./process.mjs";

/**
 * Starts a relay in front of a WebSocket server.
 * `frames` are { at, dir: "out" | "in", text, connection }: "out" is what the page sent.
 */
export async function startRelay(target) {
  const frames = [];
  const pairs = [];
  const rules = { refuse: 0, protocol: "sip", silent: false, linger: false, transform: null };
  let parked = null;
  const server = createServer((request, response) => response.writeHead(426).end());
  const sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (offered) => (rules.protocol !== null && offered.has(rules.protocol) ? rules.protocol : false),
  });
  let count = 0;

  const raw = new Set();
  server.on("connection", (socket) => {
    raw.add(socket);
    socket.on("close", () => raw.delete(socket));
  });
  server.on("upgrade", (request, socket, head) => {
    if (rules.silent) return;
    if (rules.refuse) {
      socket.end(`HTTP/1.1 ${rules.refuse} Refused\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (page) => {
      count += 1;
      const connection = count;
      const upstream = new WebSocket(target, ["sip"], { rejectUnauthorized: false });
      const early = [];
      const pair = { connection, page, upstream, open: true };
      pairs.push(pair);
      const pass = (dir, to) => (data, binary) => {
        if (rules.silent) return;
        if (parked && dir === "out") {
          parked.push(() => pass(dir, to)(data, binary));
          return;
        }
        let text = data.toString("utf8");
        if (rules.transform) {
          text = rules.transform(dir, text, connection);
          if (text === null) return;
        }
        frames.push({ at: Date.now(), dir, text, binary, connection });
        if (to.readyState === WebSocket.CONNECTING) early.push(text);
        else if (to.readyState === WebSocket.OPEN) to.send(text);
      };
      upstream.on("open", () => early.splice(0).forEach((text) => upstream.send(text)));
      page.on("message", pass("out", upstream));
      upstream.on("message", pass("in", page));
      const end = (other) => (code, reason) => {
        pair.open = false;
        // To the server the connection lives on, as one does whose phone was frozen: nobody said that it ended.
        if (rules.linger && other === upstream) return;
        if (other.readyState > WebSocket.OPEN) return;
        if (code === 1005 || code === 1006 || code === 1015) other.terminate();
        else other.close(code, reason);
      };
      page.on("close", (code, reason) => {
        pair.pageClosed = code;
        end(upstream)(code, reason);
      });
      upstream.on("close", end(page));
      page.on("error", () => {});
      upstream.on("error", () => page.terminate());
    });
  });
  await new Promise((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  const live = () => pairs.filter((pair) => pair.open);
  return {
    url: `ws://127.0.0.1:${server.address().port}`,
    frames,
    /** Every connection so far: { connection, open, pageClosed: the code the page closed with }. */
    pairs,
    rules,
    sent: (test) => frames.filter((frame) => frame.dir === "out" && test(frame.text)),
    received: (test) => frames.filter((frame) => frame.dir === "in" && test(frame.text)),
    /** Waits for a frame of one direction. */
    frame: (dir, test, limitMs = 5000) =>
      until(`a frame (${dir})`, () => frames.find((frame) => frame.dir === dir && test(frame.text)), limitMs),
    /** What the page sends waits from now on, until `resume`. */
    pause: () => { parked ??= []; },
    resume() {
      const late = parked ?? [];
      parked = null;
      late.forEach((send) => send());
    },
    get waiting() { return parked?.length ?? 0; },
    /** Cuts every connection without a closing handshake. */
    cut: () => live().forEach((pair) => { pair.page.terminate(); pair.upstream.terminate(); }),
    /** Closes every connection towards the page with the closing handshake. */
    close: (code = 1001, reason = "going away") => live().forEach((pair) => pair.page.close(code, reason)),
    /** Sends something to the page that the server never sent. */
    inject(text) {
      const pair = live().at(-1);
      if (!pair) throw new Error("no page is connected to the relay");
      pair.page.send(text);
    },
    async stop() {
      pairs.forEach((pair) => { pair.page.terminate(); pair.upstream.terminate(); });
      sockets.close();
      for (const socket of raw) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
