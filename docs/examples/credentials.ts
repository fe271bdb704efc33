// No password in the page: credentials come from a server of one's own when they are asked for (RFC 8760, RFC 8898).
import type { Account, Endpoint } from "sipwake";

export function login(endpoint: Endpoint): Promise<Account> {
  return endpoint.createAccount({
    username: "alice",
    domain: "example.com",
    servers: ["wss://sip.example.com/ws"],
    async credentials({ realm, kind, rejected }) {
      // What was refused once will be refused again.
      if (rejected) return undefined;
      const answer = await fetch(`/sip-credentials?realm=${encodeURIComponent(realm)}`, { method: "POST" });
      const { token, sha256 } = (await answer.json()) as { token: string; sha256: string };
      return kind === "bearer" ? { bearerToken: token } : { ha1: { sha256 } };
    },
  });
}
