// The far end of a WebSocket, in as little as a flood needs: it takes every REGISTER and every MESSAGE, and keeps what came in order.
import { WebSocketServer } from "ws";
import { parse } from "../../e2e/support/ua.mjs";

/** Starts it; `bodies` are those of the MESSAGEs, in the order in which they came. */
export async function startFar() {
  const sockets = new WebSocketServer({ host: "127.0.0.1", port: 0, handleProtocols: () => "sip" });
  await new Promise((resolve, reject) => sockets.once("listening", resolve).once("error", reject));
  const bodies = [];
  sockets.on("connection", (socket) => {
    socket.on("error", () => {});
    socket.on("message", (data) => {
      const text = data.toString();
      const request = parse(text);
      if (!request.method || request.method === "ACK") return;
      if (request.method === "MESSAGE") bodies.push(request.body);
      const same = text.split("\r\n").filter((line) => /^(Via|From|Call-ID|CSeq|Contact):/i.test(line));
      const lines = ["SIP/2.0 200 OK", ...same, `To: ${request.header("to")};tag=far`, ...(request.method === "REGISTER" ? ["Expires: 600"] : []), "Content-Length: 0"];
      socket.send(`${lines.join("\r\n")}\r\n\r\n`);
    });
  });
  return {
    wsUrl: `ws://127.0.0.1:${sockets.address().port}`, domain: "sip.example", users: { bob: "bob-secret" }, bodies,
    async stop() {
      for (const socket of sockets.clients) socket.terminate();
      await new Promise((resolve) => sockets.close(resolve));
    },
  };
}
