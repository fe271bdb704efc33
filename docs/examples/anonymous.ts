// Calls without saying who calls (RFC 3323), or as the switchboard (RFC 3325).
import type { Account, Endpoint } from "sipwake";

export async function discreet(endpoint: Endpoint, account: Account) {
  await endpoint.makeCall(account, "tel:+15550100", { anonymous: true });
  await endpoint.makeCall(account, "tel:+15550100", { preferredIdentity: "sip:switchboard@example.com" });
}
