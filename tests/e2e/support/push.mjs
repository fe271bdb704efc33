// The tests' push service: SIP servers post to it as they would to APNs, simulated phones listen to it.
import { createServer } from "node:http";
import { until } from "./process.mjs";

/**
 * POST /3/device/TOKEN takes a push; GET /push/listen?token=TOKEN is the stream of that device's pushes, one JSON
 * payload an event. What comes while nobody listens waits.
 */
export async function startPush() {
  const log = [];
  const listeners = new Map();
  const waiting = new Map();
  const gone = new Set();
  const held = new Set();

  const deliver = (token) => {
    const stream = listeners.get(token);
    if (!stream || held.has(token)) return;
    for (const payload of waiting.get(token) ?? []) stream.write(`data: ${JSON.stringify(payload)}\n\n`);
    waiting.delete(token);
  };

  const server = createServer((request, response) => {
    const url = new URL(request.url, "http://127.0.0.1");
    response.setHeader("access-control-allow-origin", "*");
    const device = /^\/3\/device\/([^/]+)$/.exec(url.pathname);
    if (request.method === "POST" && device) {
      let text = "";
      request.setEncoding("utf8").on("data", (part) => { text += part; }).on("end", () => {
        const token = decodeURIComponent(device[1]);
        let payload = null;
        try {
          payload = JSON.parse(text);
        } catch {
          response.writeHead(400).end('{"reason":"BadPayload"}');
          return;
        }
        const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => name.startsWith("apns-")));
        log.push({ at: Date.now(), token, headers, payload });
        if (gone.has(token)) {
          response.writeHead(410).end('{"reason":"Unregistered"}');
          return;
        }
        waiting.set(token, [...(waiting.get(token) ?? []), payload]);
        deliver(token);
        response.writeHead(200).end();
      });
    } else if (request.method === "GET" && url.pathname === "/push/listen") {
      const token = url.searchParams.get("token") ?? "";
      response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
      response.write(": listening\n\n");
      listeners.set(token, response);
      request.on("close", () => {
        if (listeners.get(token) === response) listeners.delete(token);
      });
      deliver(token);
    } else {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    /** Every push received: { at, token, headers, payload }. */
    log,
    /** The first push that the test accepts, waited for. */
    received: (test = () => true, limitMs = 5000) => until("a push", () => log.find(test), limitMs),
    listening: (token) => listeners.has(token),
    /** From now on this token is dead: 410. */
    forget: (token) => gone.add(token),
    /** Pushes for this token wait until release. */
    hold: (token) => held.add(token),
    release(token) {
      held.delete(token);
      deliver(token);
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
