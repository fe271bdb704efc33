// The far end asks us to call somebody else.
import type { Endpoint } from "sipwake";

export function obey(endpoint: Endpoint) {
  endpoint.on("transfer_requested", async ({ referral, target, replaces, referredBy, call }) => {
    console.log(referredBy ?? call?.remoteUri, "wants us to call", target, replaces ? "in somebody's place" : "");
    // Nobody shall send us to where it costs.
    if (!target.endsWith("@example.com")) return referral.reject(403);
    const next = await referral.accept();
    console.log("calling", next.remoteUri);
  });
}
