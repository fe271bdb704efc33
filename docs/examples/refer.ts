// Asks somebody, outside any call, to call a third party: click to dial from a desk phone (RFC 3515).
import type { Account, Endpoint } from "sipwake";

export async function dial(endpoint: Endpoint, account: Account, deskPhone: string, number: string) {
  const asked = await endpoint.refer(account, deskPhone, `sip:${number}@example.com`);
  return new Promise<boolean>((resolve) => {
    const off = endpoint.on("transfer_changed", ({ transfer, status, done }) => {
      if (transfer !== asked || !done) return;
      off();
      resolve(status < 300);
    });
  });
}
