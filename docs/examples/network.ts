// A page hears by itself when the network changes. A shell that knows earlier says so; a call is moved at once.
import type { Call, Endpoint } from "sipwake";

export function watch(endpoint: Endpoint, onPathChange: (listener: () => void) => void) {
  onPathChange(() => void endpoint.networkChanged(true));
  endpoint.on("connectivity_changed", ({ account, state }) => console.log(account.name, state));
  endpoint.on("call_changed", ({ call }) => console.log(call.mediaConnected ? "audio is there" : "audio is gone"));
}

/** The audio is bad although the signalling lives: new ICE credentials, new paths. */
export const repair = (call: Call) => call.renegotiate({ iceRestart: true });
