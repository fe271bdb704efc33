// Shows whether a colleague is on the phone (dialog package, RFC 4235).
import type { Account, Endpoint } from "sipwake";

export async function lamp(endpoint: Endpoint, account: Account, colleague: string, light: (on: boolean) => void) {
  const watched = await endpoint.subscribe(account, colleague, "dialog", { accept: ["application/dialog-info+xml"] });
  endpoint.on("notify_received", ({ subscription, body }) => {
    if (subscription !== watched) return;
    const states = [...new DOMParser().parseFromString(body, "application/xml").querySelectorAll("dialog > state")];
    light(states.some(({ textContent }) => textContent === "confirmed"));
  });
}
