// ICE candidates that come late travel by INFO (RFC 8840): which far ends are told, and where the offer need not wait at all.
import type { Account, Endpoint } from "sipwake";

/** Nothing is to be said for the default, `half`. Here every server and far end is known to trickle. */
export function impatient(endpoint: Endpoint): Promise<Account> {
  endpoint.on("problem", ({ error }) => {
    // One of them does not after all: the session has been offered to it anew.
    if (error.code === "trickleRefused") console.log(error.message);
  });
  return endpoint.createAccount({
    username: "alice",
    domain: "example.com",
    password: "secret",
    servers: ["wss://sip.example.com/ws"],
    trickleIce: "full",
  });
}
