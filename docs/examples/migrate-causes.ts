// Coming from JsSIP: the `cause` that an application of its knows, from an outcome. Better: switch over `outcome.kind`.
import type { Outcome } from "sipwake";

export function cause({ kind, status, error }: Outcome): string {
  if (kind === "completed") return "Terminated";
  if (kind === "cancelled" || kind === "missed") return "Canceled";
  if (kind === "busy") return "Busy";
  if (kind === "declined") return "Rejected";
  if (kind === "networkLost") return "Connection Error";
  if (error?.code === "timeout") return "Request Timeout";
  if (error?.code === "microphoneDenied" || error?.code === "noMicrophone") return "User Denied Media Access";
  if (error?.code === "badDescription" || status === 488 || status === 606) return "Incompatible SDP";
  if (error?.code === "wrongPassword" || error?.code === "realmNotAllowed") return "Authentication Error";
  if (status === 404 || status === 604) return "Not Found";
  if (status === 480 || status === 410 || status === 408 || status === 430) return "Unavailable";
  if (status === 484 || status === 424) return "Address Incomplete";
  return status !== undefined && status >= 300 ? "SIP Failure Code" : "Internal Error";
}
