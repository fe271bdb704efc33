// Sends digits, in the media where the far end can (RFC 4733), else by INFO; hears those that come by INFO.
import type { Call, Endpoint } from "sipwake";

export async function pin(call: Call) {
  await call.dtmf("1234#");
  // Two seconds of pause at the comma, long tones, and by INFO whatever the far end can.
  await call.dtmf("9,1", { method: "info", durationMs: 250, gapMs: 100 });
}

export function listen(endpoint: Endpoint) {
  endpoint.on("dtmf_received", ({ call, digit, durationMs }) => console.log(call.id, digit, durationMs));
}
