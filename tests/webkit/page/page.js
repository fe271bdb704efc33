// The app's page: the package as it is delivered, on the web view's own message handler. `phone` is for the tests to look at.
import init, { Endpoint } from "/pkg/sipwake.js";

const given = Object.fromEntries(new URLSearchParams(location.search));
const phone = { endpoint: null, account: null, registration: "unregistered", calls: [], outcomes: [], received: 0, errors: [] };
window.phone = phone;
const failed = (error) => phone.errors.push(`${error?.code ?? error?.name}: ${error?.message ?? error}`);

async function start() {
  await init();
  const endpoint = await Endpoint.start({ transport: given.transport, media: given.media, testToneHz: Number(given.tone) || undefined });
  phone.endpoint = endpoint;
  endpoint.on("registration_changed", ({ state, error }) => {
    phone.registration = state;
    if (error) failed(error);
  });
  endpoint.on("call_received", ({ call }) => {
    phone.received += 1;
    phone.calls.push(call);
  });
  endpoint.on("call_restored", ({ call }) => void phone.calls.push(call));
  endpoint.on("call_terminated", ({ call, outcome }) => {
    phone.calls = phone.calls.filter(({ id }) => id !== call.id);
    phone.outcomes.push(outcome.kind);
  });
  endpoint.on("problem", ({ error }) => failed(error));
  phone.account = await endpoint.createAccount({
    username: given.user,
    password: given.password,
    domain: given.domain,
    servers: [given.server],
    expires: 600,
    backgroundPolicy: given.policy,
    push: { preset: "freeswitch-apn" },
  });
}

start().catch(failed);
