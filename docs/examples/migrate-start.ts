// Coming from JsSIP or SIP.js: what `new UA(…).start()`, or UserAgent and Registerer, become.
import init, { Endpoint } from "sipwake";

export async function start() {
  await init();
  const endpoint = await Endpoint.start({ iceServers: [{ urls: "stun:stun.example.com" }] });
  endpoint.on("connectivity_changed", ({ state }) => console.log("socket", state));
  endpoint.on("registration_changed", ({ state, error }) => console.log("registration", state, error?.code));
  const account = await endpoint.createAccount({
    username: "alice",
    domain: "example.com",
    password: "secret",
    displayName: "Alice",
    servers: ["wss://sip.example.com/ws"],
    expires: 300,
  });
  return { endpoint, account };
}
