// Coming from JsSIP or SIP.js: calls in both directions; one stream of events for all of them, told apart by `call`.
import type { Account, Endpoint } from "sipwake";

export function calls(endpoint: Endpoint, account: Account) {
  endpoint.on("call_received", ({ call }) => console.log(`${call.remoteName ?? call.remoteUri} calls`));
  endpoint.on("call_progress", ({ status }) => console.log("progress", status));
  endpoint.on("call_changed", ({ call }) => console.log(call.state, call.mediaConnected ? "with media" : ""));
  endpoint.on("call_terminated", ({ outcome }) => console.log(outcome.kind, outcome.status));
  return endpoint.makeCall(account, "sip:bob@example.com", { headers: [{ name: "X-Order", value: "17" }] });
}
