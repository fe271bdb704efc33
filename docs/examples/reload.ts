// A page that is loaded again registers in one round trip: the tab keeps nonces and sequence numbers, never a password.
import { Endpoint } from "sipwake";
import type { AccountOptions } from "sipwake";

export async function start(options: AccountOptions, shared: boolean) {
  // On a machine that people share, nothing shall stay in the tab.
  const endpoint = await Endpoint.start({ state: shared ? "none" : "session" });
  return endpoint.createAccount(options);
}
