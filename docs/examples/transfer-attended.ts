// Asks first, then joins the two others and leaves (REFER with Replaces, RFC 3891).
import type { Account, Call, Endpoint } from "sipwake";

export async function consult(endpoint: Endpoint, account: Account, call: Call, colleague: string) {
  await call.hold();
  const second = await endpoint.makeCall(account, colleague);
  return {
    /** The colleague takes the call. */
    join: () => call.transfer(second),
    /** The colleague does not. */
    back: async () => {
      await second.hangup();
      await call.unhold();
    },
  };
}
