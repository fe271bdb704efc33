// Push parameters in the Contact of REGISTER, for a page inside a native shell (RFC 8599), and what sleeping means.
import type { Account, Endpoint } from "sipwake";

export function wakeable(endpoint: Endpoint): Promise<Account> {
  endpoint.on("host_changed", ({ connected }) => console.log(connected ? "the shell is there" : "a page alone"));
  return endpoint.createAccount({
    username: "alice",
    domain: "example.com",
    password: "secret",
    servers: ["wss://sip.example.com/ws"],
    push: { preset: "rfc8599-apns" },
    backgroundPolicy: "closeTransport",
  });
}

/** The services with which the network says that it pushes. Many servers push and say nothing. */
export async function pushServices(account: Account): Promise<string[]> {
  return (await account.queryPush()).map(({ provider }) => provider);
}
