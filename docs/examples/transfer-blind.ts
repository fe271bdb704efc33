// Transfers a call to somebody who was not asked (REFER, RFC 3515), and hears what becomes of it.
import type { Call, Endpoint } from "sipwake";

export async function transfer(endpoint: Endpoint, call: Call, to: string) {
  const transfer = await call.transfer(to);
  const off = endpoint.on("transfer_changed", ({ transfer: which, status, done }) => {
    if (which !== transfer) return;
    console.log(status < 200 ? "it rings there" : status < 300 ? "transferred" : `refused: ${status}`);
    if (!done) return;
    off();
    if (status < 300) void call.hangup();
    else void call.unhold();
  });
}
