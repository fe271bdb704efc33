// A user interface that starts late finds what lives already.
import type { Endpoint } from "sipwake";

export function render(endpoint: Endpoint, draw: (text: string) => void) {
  const all = () => {
    const { accounts, calls, subscriptions, host } = endpoint.state;
    draw([
      host ? "with a shell" : "alone",
      ...accounts.map(({ name, registration }) => `${name}: ${registration.state}`),
      ...calls.map(({ remoteUri, state, onHold }) => `${remoteUri}: ${onHold ? "held" : state}`),
      ...subscriptions.map(({ event, remoteUri, state }) => `${event} of ${remoteUri}: ${state}`),
    ].join("\n"));
  };
  for (const name of ["registration_changed", "call_received", "call_changed", "call_terminated", "subscription_changed"] as const) endpoint.on(name, all);
  all();
}
