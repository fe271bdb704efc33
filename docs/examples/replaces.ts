// Moves a call to another device of ours: its call takes the old one's place at the far end (RFC 3891).
import type { Account, Call, Endpoint } from "sipwake";

export function pickUp(endpoint: Endpoint, account: Account, call: Call): Promise<Call> {
  return endpoint.makeCall(account, call.remoteUri, { replaces: call });
}

export function letIn(endpoint: Endpoint, ask: (call: Call, instead: Call) => Promise<boolean>) {
  // Somebody unknown wants to take a call's place: until it is answered, both calls are there.
  endpoint.on("call_received", async ({ call }) => {
    if (!call.replaces || !(await ask(call, call.replaces))) return;
    await call.answer();
  });
}

export function moved(endpoint: Endpoint, show: (call: Call) => void) {
  // The far end did it: the new call goes on where the old one was.
  endpoint.on("call_replaced", ({ call, by }) => {
    console.log(call.id, "gives way to", by.id);
    show(by);
  });
}
