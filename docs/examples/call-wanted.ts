// In an app the system's call screen shows calls that the app makes, and somebody may ask for one in the list of recent calls.
import type { Account, Endpoint } from "sipwake";

export function answerWishes(endpoint: Endpoint, accounts: Account[]) {
  endpoint.on("call_wanted", async ({ accountName, target, video }) => {
    const account = accounts.find((one) => one.name === accountName) ?? accounts[0];
    if (account) await endpoint.makeCall(account, target, { video });
  });
  // Nothing is sent before the system lets a call start. Where it does not, the call ends as any other.
  endpoint.on("call_terminated", ({ outcome }) => {
    if (outcome.error?.code === "tooManyCalls") console.log("end a call first");
    if (outcome.error?.code === "hostRefused") console.log("the system refused it");
  });
}
