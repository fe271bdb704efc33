// A page that is loaded again in the middle of a call goes on with it: the call comes back when its account does.
import { Endpoint } from "sipwake";
import type { AccountOptions, Call } from "sipwake";

export async function start(options: AccountOptions, show: (call: Call) => void) {
  const endpoint = await Endpoint.start({ state: "calls" });
  // Its audio is offered to the far end anew; a call that is over there meanwhile ends as any other does.
  endpoint.on("call_restored", ({ call }) => show(call));
  endpoint.on("call_terminated", ({ call, outcome }) => console.log(call.remoteUri, outcome.kind));
  return endpoint.createAccount(options);
}
