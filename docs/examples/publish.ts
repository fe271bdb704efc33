// Publishes presence (RFC 3903), changes it and takes it away.
import type { Account, Endpoint } from "sipwake";

const pidf = (basic: "open" | "closed") =>
  `<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="sip:alice@example.com"><tuple id="a"><status><basic>${basic}</basic></status></tuple></presence>`;
const type = { contentType: "application/pidf+xml" };

export async function online(endpoint: Endpoint, account: Account) {
  endpoint.on("publication_changed", ({ published, error }) => console.log(published ? "seen" : "not seen", error?.code));
  const presence = await endpoint.publish(account, "presence", pidf("open"), { ...type, expires: 1800 });
  return {
    away: () => presence.update(pidf("closed"), type),
    leave: () => presence.remove(),
  };
}
