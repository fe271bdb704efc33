// Lets the caller's early media in before the answer: a reliable 183 with a description, and no microphone yet (RFC 3262).
import type { Call, Endpoint } from "sipwake";

export function announceFirst(endpoint: Endpoint, play: (call: Call) => void) {
  endpoint.on("call_received", async ({ call }) => {
    // Rejects where the caller made no offer and takes none in a provisional response.
    await call.progress({ earlyMedia: true }).catch(() => {});
    play(call);
  });
}

export function queued(call: Call): Promise<void> {
  // More than "it rings", and no media.
  return call.progress({ headers: [{ name: "Alert-Info", value: "<urn:alert:service:call-waiting>" }] });
}
