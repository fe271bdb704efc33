// How many voice messages wait (message-summary, RFC 3842). Some servers tell without being asked.
import type { Account, Endpoint } from "sipwake";

export async function voicemail(endpoint: Endpoint, account: Account, show: (waiting: number) => void) {
  endpoint.on("notify_received", ({ event, body }) => {
    if (event !== "message-summary") return;
    const [, waiting] = /^Voice-Message:\s*(\d+)/im.exec(body) ?? [];
    show(Number(waiting ?? (/^Messages-Waiting:\s*yes/im.test(body) ? 1 : 0)));
  });
  await endpoint.subscribe(account, "alice", "message-summary", { accept: ["application/simple-message-summary"] });
}
