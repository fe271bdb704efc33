// What can the far end do? (OPTIONS, RFC 3261 11)
import type { Account, Endpoint } from "sipwake";
import { SipError } from "sipwake";

export async function canBeCalled(endpoint: Endpoint, account: Account, target: string) {
  try {
    const { headers } = await endpoint.sendOptions(account, target, { headers: [{ name: "Accept", value: "application/sdp" }] });
    return headers.some(({ name, value }) => name === "Allow" && value.includes("INVITE"));
  } catch (error) {
    if (error instanceof SipError && error.status === 480) return false;
    throw error;
  }
}
