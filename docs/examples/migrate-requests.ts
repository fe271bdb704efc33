// Coming from JsSIP or SIP.js: messages, OPTIONS, subscriptions, publication. The promise is the final response.
import { SipError, type Account, type Endpoint } from "sipwake";

export async function requests(endpoint: Endpoint, account: Account) {
  endpoint.on("message_received", ({ fromUri, body }) => console.log(fromUri, body));
  endpoint.on("notify_received", ({ event, body }) => console.log(event, body));
  try {
    await endpoint.sendMessage(account, "sip:bob@example.com", "hello");
    await endpoint.sendOptions(account, "sip:bob@example.com");
    const presence = await endpoint.subscribe(account, "sip:bob@example.com", "presence", { expires: 600 });
    await presence.unsubscribe();
    await endpoint.publish(account, "presence", "<presence/>", { contentType: "application/pidf+xml" });
  } catch (error) {
    if (error instanceof SipError) console.log(error.code, error.status, error.reason, error.retryAfter);
  }
}
