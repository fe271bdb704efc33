// The far end asks us to call somebody else.
import type { Endpoint } from "sipwake";

export function obey(endpoint: Endpoint) {
  endpoint.on("transfer_requested", async ({ referral, target, replaces, referredBy, call, about }) => {
    // One that came outside our calls may know of one all the same (Target-Dialog, RFC 4538).
    console.log(referredBy ?? (call ?? about)?.remoteUri, "wants us to call", target, replaces ? "in somebody's place" : "");
    // Nobody shall send us to where it costs.
    if (!target.endsWith("@example.com")) return referral.reject(403);
    const next = await referral.accept();
    console.log("calling", next.remoteUri);
  });
}
