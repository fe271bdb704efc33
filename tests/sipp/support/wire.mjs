// Between the engine's WebSocket and SIPp's UDP: every octet of a message passes as it is. What SIPp does not know stays here:
// the registrar that a client asks first, and which SIPp a call belongs to.
import { createSocket } from "node:dgram";
import { WebSocketServer } from "ws";
import { parse } from "../../e2e/support/ua.mjs";
import { until } from "../../e2e/support/process.mjs";

/** Starts it. `frames` are { at, dir: "out" | "in", text }: "out" is what the engine sent. */
export async function startWire() {
  const frames = [];
  const owners = new Map();
  const wire = { frames, target: null, contact: null, refused: 0 };
  const sockets = new WebSocketServer({ host: "127.0.0.1", port: 0, handleProtocols: (offered) => (offered.has("sip") ? "sip" : false) });
  await new Promise((resolve, reject) => sockets.once("error", reject).once("listening", resolve));
  const datagrams = createSocket("udp4");
  await new Promise((resolve, reject) => datagrams.once("error", reject).bind(0, "127.0.0.1", resolve));
  let engine = null;

  sockets.on("connection", (socket) => {
    engine = socket;
    socket.on("error", () => {});
    socket.on("message", (data) => {
      const text = data.toString("utf8");
      if (text.trim() === "") {
        if (text === "\r\n\r\n") socket.send("\r\n");
        return;
      }
      frames.push({ at: Date.now(), dir: "out", text });
      const message = parse(text);
      if (message.method === "REGISTER") {
        if (Number(/expires=(\d+)/i.exec(message.header("contact"))?.[1] ?? message.header("expires")) > 0) wire.contact = /<([^>]+)>/.exec(message.header("contact"))[1];
        const lines = ["SIP/2.0 200 OK", ...message.all("via").map((via) => `Via: ${via}`), `From: ${message.header("from")}`, `To: ${message.header("to")};tag=registrar`,
          `Call-ID: ${message.callId}`, `CSeq: ${message.header("cseq")}`, ...(wire.contact ? [`Contact: <${wire.contact}>;expires=600`] : []), "Content-Length: 0"];
        const response = `${lines.join("\r\n")}\r\n\r\n`;
        frames.push({ at: Date.now(), dir: "in", text: response });
        socket.send(response);
        return;
      }
      const port = owners.get(message.callId) ?? wire.target;
      if (port) {
        owners.set(message.callId, port);
        datagrams.send(text, port, "127.0.0.1");
      }
    });
  });
  datagrams.on("message", (data, { port }) => {
    const text = data.toString("utf8");
    const message = parse(text);
    if (!owners.has(message.callId)) owners.set(message.callId, port);
    frames.push({ at: Date.now(), dir: "in", text });
    engine?.send(text);
  });

  return Object.assign(wire, {
    url: `ws://127.0.0.1:${sockets.address().port}`,
    port: datagrams.address().port,
    /** All that the engine sent and that passes the test, read. */
    sent: (test = () => true) => frames.filter(({ dir }) => dir === "out").map(({ text }) => parse(text)).filter(test),
    received: (test = () => true) => frames.filter(({ dir }) => dir === "in").map(({ text }) => parse(text)).filter(test),
    /** Waits for a message of the engine. */
    expect: (what, test, limitMs) => until(what, () => wire.sent(test)[0], limitMs),
    story: () => frames.map(({ at, dir, text }) => {
      const { method, status, cseqMethod } = parse(text);
      return `${String(at - frames[0].at).padStart(6)} ${dir === "out" ? "engine →" : "sipp   →"} ${method ?? `${status} ${cseqMethod}`}`;
    }).join("\n"),
    async stop() {
      for (const socket of sockets.clients) socket.terminate();
      await Promise.all([new Promise((resolve) => sockets.close(resolve)), new Promise((resolve) => datagrams.close(resolve))]);
    },
  });
}
