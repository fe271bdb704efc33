// Headers of one's own on requests, responses and in events; answering by itself where a header asks for it.
import { SipError, type Account, type Endpoint } from "sipwake";

/** On all that the account sends, PRACK and refreshes included, and on BYE alone. */
export const requestHeaders = [
  { name: "X-Tenant", value: "4711" },
  { name: "X-Device", value: "door", method: "BYE" },
];

/** The account has to be made with `allowAutoAnswer: true`. */
export async function intercom(endpoint: Endpoint, account: Account) {
  endpoint.on("registration_changed", ({ headers }) => console.log(headers.find(({ name }) => name === "P-Associated-URI")?.value));
  endpoint.on("call_received", async ({ call, headers }) => {
    const ticket = headers.find(({ name }) => name.toLowerCase() === "x-ticket")?.value;
    if (ticket === undefined) await call.decline(403, { headers: [{ name: "X-Why", value: "no ticket" }] });
    else await call.answer({ headers: [{ name: "X-Ticket", value: ticket }] });
  });
  endpoint.on("call_terminated", ({ headers }) => console.log(headers.filter(({ name }) => name === "Reason")));
  const call = await endpoint.makeCall(account, "door", { headers: [{ name: "Answer-Mode", value: "Auto" }, { name: "X-Ticket", value: "4711" }] });
  try {
    await call.hold({ headers: [{ name: "X-Why", value: "lunch" }] });
  } catch (error) {
    if (error instanceof SipError) console.log(error.status, error.reason, error.headers);
  }
}
