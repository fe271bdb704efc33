// Refreshing the registration oneself: the engine says when, and the application decides whether.
import type { Account, Endpoint } from "sipwake";

export async function refreshedHere(endpoint: Endpoint, wanted: (account: Account) => boolean): Promise<Account> {
  endpoint.on("registration_expiring", async ({ account, expiresAt }) => {
    if (wanted(account)) await account.register();
    else console.info(`${account.name} is left to end at ${new Date(expiresAt).toISOString()}`);
  });
  return endpoint.createAccount({ username: "alice", domain: "example.com", password: "secret", servers: ["wss://sip.example.com/ws"], refresh: "application" });
}
