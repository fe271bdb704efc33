// Dead calls are found by session timers (RFC 4028), and provisional responses are made reliable (RFC 3262).
import type { Account, Endpoint } from "sipwake";

export function strict(endpoint: Endpoint): Promise<Account> {
  return endpoint.createAccount({
    username: "alice",
    domain: "example.com",
    password: "secret",
    servers: ["wss://sip1.example.com/ws", "wss://sip2.example.com/ws"],
    sessionExpires: 600,
    reliability: "supported",
  });
}
