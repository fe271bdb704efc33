// Headers of one's own on requests, responses and in events; answering by itself where a header asks for it.
import type { Account, Endpoint } from "sipwake";

/** The account has to be made with `allowAutoAnswer: true`. */
export async function intercom(endpoint: Endpoint, account: Account) {
  endpoint.on("call_received", async ({ call, headers }) => {
    const ticket = headers.find(({ name }) => name.toLowerCase() === "x-ticket")?.value;
    console.log(ticket, call.divertedFrom, call.autoAnswerSeconds);
    if (ticket === undefined) await call.decline(403, { headers: [{ name: "X-Why", value: "no ticket" }] });
    else await call.answer({ headers: [{ name: "X-Ticket", value: ticket }] });
  });
  endpoint.on("call_terminated", ({ headers }) => console.log(headers.filter(({ name }) => name === "Reason")));
  await endpoint.makeCall(account, "door", { headers: [{ name: "Answer-Mode", value: "Auto" }, { name: "X-Ticket", value: "4711" }] });
}
