// Rings, and lets a person answer, decline for this device, or decline for all.
import type { Call, Endpoint } from "sipwake";

export function ring(endpoint: Endpoint, ask: (caller: string) => Promise<"answer" | "later" | "never">) {
  const ringing = new Set<Call>();
  endpoint.on("call_received", async ({ call }) => {
    ringing.add(call);
    const wish = await ask(call.assertedIdentity?.name ?? call.remoteName ?? call.remoteUri);
    // The caller may have given up meanwhile.
    if (!ringing.has(call)) return;
    if (wish === "answer") await call.answer();
    else await call.decline(wish === "later" ? 486 : 603);
  });
  endpoint.on("call_terminated", ({ call, outcome }) => {
    ringing.delete(call);
    if (outcome.kind === "answeredElsewhere") console.log("another device has answered");
  });
}
