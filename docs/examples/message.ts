// Short messages (MESSAGE, RFC 3428), outside a call and inside one.
import type { Account, Call, Endpoint } from "sipwake";

export async function chat(endpoint: Endpoint, account: Account, call: Call) {
  endpoint.on("message_received", ({ fromName, fromUri, body, contentType, call }) => {
    if (contentType?.startsWith("text/plain")) console.log(fromName ?? fromUri, call ? "in the call" : "", body);
  });
  const { status } = await endpoint.sendMessage(account, "sip:bob@example.com", "Lunch?");
  console.log(status === 202 ? "stored for later" : "delivered");
  await endpoint.sendMessage(account, "bob", '{"typing":true}', { contentType: "application/json", headers: [{ name: "Priority", value: "non-urgent" }] });
  await call.message("I hear you badly");
}
