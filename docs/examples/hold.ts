// Holds a call and takes it back; shows who holds whom.
import type { Call, Endpoint } from "sipwake";
import { SipError } from "sipwake";

export function show(endpoint: Endpoint, label: HTMLElement) {
  endpoint.on("call_changed", ({ call }) => {
    label.textContent = call.onHold ? "you hold" : call.remoteHold ? "you are held" : call.state;
  });
}

export async function toggle(call: Call) {
  try {
    await (call.onHold ? call.unhold() : call.hold());
  } catch (error) {
    // A refusal ends nothing: the call goes on as it was.
    if (error instanceof SipError) console.log("not changed", error.code, error.status);
  }
}
