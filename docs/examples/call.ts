// Registers, calls somebody, and hangs up after ten seconds.
import init, { Endpoint, SipError } from "sipwake";

await init();
const endpoint = await Endpoint.start({ iceServers: [{ urls: "stun:stun.example.com" }] });
const account = await endpoint.createAccount({ username: "alice", domain: "example.com", password: "secret", servers: ["wss://sip.example.com/ws"] });

endpoint.on("call_progress", ({ status }) => console.log(status === 180 ? "it rings" : `${status}`));
endpoint.on("call_changed", ({ call }) => console.log(call.state, call.mediaConnected));
endpoint.on("call_terminated", ({ outcome }) => console.log(outcome.kind, outcome.status, outcome.q850));
try {
  // Whoever does not answer within a minute is called no longer.
  const call = await endpoint.makeCall(account, "bob", { expires: 60 });
  setTimeout(() => void call.hangup(), 10_000);
} catch (error) {
  if (error instanceof SipError) console.log(error.code, error.message);
}
