// Follows somebody's presence (RFC 6665, RFC 3856).
import type { Account, Endpoint } from "sipwake";

export async function follow(endpoint: Endpoint, account: Account) {
  endpoint.on("subscription_changed", ({ subscription }) => {
    console.log(subscription.remoteUri, subscription.state, subscription.reason ?? "");
  });
  endpoint.on("notify_received", ({ subscription, event, body }) => {
    if (event !== "presence") return;
    const pidf = new DOMParser().parseFromString(body, "application/xml");
    console.log(subscription?.remoteUri, pidf.querySelector("basic")?.textContent);
  });
  const bob = await endpoint.subscribe(account, "bob", "presence", { accept: ["application/pidf+xml"], expires: 600 });
  return () => bob.unsubscribe();
}
