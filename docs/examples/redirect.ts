// Sends a caller elsewhere (302), and follows no more than one redirection of our own calls (RFC 3261 8.1.3.4).
import type { Account, Endpoint } from "sipwake";

export function forward(endpoint: Endpoint, to: string) {
  endpoint.on("call_received", ({ call }) => void call.redirect(to));
}

export function everywhere(endpoint: Endpoint) {
  endpoint.on("call_received", ({ call }) => void call.redirect(["sip:desk@example.com", "sip:mobile@example.com"], { status: 300 }));
}

export function careful(endpoint: Endpoint): Promise<Account> {
  return endpoint.createAccount({ username: "alice", domain: "example.com", password: "secret", servers: ["wss://sip.example.com/ws"], maxRedirects: 1 });
}
