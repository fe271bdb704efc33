// Several servers with weights, two flows at one time, and what the registrar is told and says.
import type { Endpoint } from "sipwake";

export async function resilient(endpoint: Endpoint) {
  const account = await endpoint.createAccount({
    username: "alice",
    domain: "example.com",
    password: "secret",
    // The two of weight 10 share the phones; the third is for when neither can be reached.
    servers: [{ url: "wss://a.example.com/ws", weight: 10 }, { url: "wss://b.example.com/ws", weight: 10 }, "wss://spare.example.com/ws"],
    // A second flow to another server, where the registrar supports RFC 5626: a call reaches whichever is up.
    flows: 2,
    keepAlive: "auto",
    registerHeaders: [{ name: "X-Tenant", value: "7" }],
    contactParams: ";+sip.ice",
  });
  endpoint.on("registration_changed", ({ state, status, willRetry, push }) => {
    console.log(state, status, willRetry ? "comes back by itself" : "", push === "promised" ? "and will be woken" : "");
  });
  // Logs every device of the user out.
  return () => account.unregister({ all: true });
}
