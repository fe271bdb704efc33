// Two accounts in one engine, with a registration each.
import type { Account, Endpoint } from "sipwake";

export async function both(endpoint: Endpoint) {
  const servers = ["wss://sip.example.com/ws"];
  const work = await endpoint.createAccount({ username: "alice", domain: "example.com", password: "secret", servers, displayName: "Alice, sales" });
  const home = await endpoint.createAccount({ username: "al", domain: "example.org", password: "other", servers: ["wss://sip.example.org/ws"], declineCode: 486 });
  endpoint.on("registration_changed", ({ account, state }) => console.log(account === work ? "work" : "home", state));
  endpoint.on("call_received", ({ call }) => console.log("for", call.account.name));
  const call = (account: Account, to: string) => endpoint.makeCall(account, to);
  return { work: (to: string) => call(work, to), home: (to: string) => call(home, to), leave: () => home.remove() };
}
