// A page in which endpoints of the built package talk with each other over the embedded server: real sockets, real audio.
import { after, before } from "node:test";
import { startEdge } from "../../e2e/support/edge.mjs";
import { launch, serve } from "./browser.mjs";

/** What the page has as `window.t`. It runs there, so it sees nothing of this module. */
async function prepare({ url, domain, users }) {
  const { default: init, Endpoint, SipError, parseMessage } = await import("sipwake");
  await init();
  const names = (
    "connectivity_changed registration_changed call_received call_restored call_changed call_progress call_terminated call_replaced dtmf_received info_received " +
    "message_received transfer_requested transfer_changed subscription_changed notify_received subscribe_received subscriber_changed " +
    "publication_changed video_requested devices_changed device_lost problem host_changed trace"
  ).split(" ");
  const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const until = async (what, condition) => {
    for (let i = 0; i < 1000; i++) {
      const value = condition();
      if (value) return value;
      await sleep(10);
    }
    throw new Error(`never: ${what}`);
  };
  window.t = {
    Endpoint, SipError, parseMessage, names, sleep, until, domain, users,
    element: () => document.body.appendChild(document.createElement("video")),
    options: (username, more) => ({ username, domain, password: users[username], servers: [url], ...more }),
    /** An endpoint, its account and its events, the trace apart. It has registered, or told why not. */
    async start(username, hertz, options, more) {
      const endpoint = await Endpoint.start({ host: "none", testToneHz: hertz, ...options });
      const events = [];
      for (const name of names) if (name !== "trace") endpoint.on(name, (event) => events.push({ name, ...event }));
      const account = await endpoint.createAccount(t.options(username, more));
      await until(`${username} registers`, () => account.registration.state === "registered" || events.find((event) => event.error));
      const find = (name, match = () => true) => until(`${name} of ${username} in ${events.map(({ name }) => name)}`, () => events.find((event) => event.name === name && match(event)));
      return { endpoint, account, events, find };
    },
    /** A call that was answered and has media. */
    async talk(from, to) {
      const call = await from.endpoint.makeCall(from.account, to.account.name.split("@")[0]);
      const seen = to.events.length;
      const { call: incoming } = await until("it rings", () => to.events.find((event) => event.name === "call_received" && event.call.state === "ringing"));
      await incoming.answer();
      await until("both connected", () => call.state === "connected" && incoming.state === "connected" && call.mediaConnected && incoming.mediaConnected);
      return { call, incoming, seen };
    },
    /** The loudest frequency of a stream in hertz; 0: silence. */
    async hears(stream) {
      const context = new AudioContext();
      const analyser = new AnalyserNode(context, { fftSize: 4096, smoothingTimeConstant: 0 });
      context.createMediaStreamSource(stream).connect(analyser);
      await sleep(300);
      const bins = new Float32Array(analyser.frequencyBinCount);
      analyser.getFloatFrequencyData(bins);
      const hertz = context.sampleRate / analyser.fftSize;
      await context.close();
      const best = bins.reduce((top, value, i) => (value > bins[top] ? i : top), 0);
      return bins[best] < -70 ? 0 : best * hertz;
    },
    stop: (...sides) => Promise.all(sides.map(({ endpoint }) => endpoint.stop())),
  };
}

/** A server, a browser and the embedded server for the tests of a file. `routes`: what is served besides, also later; `options`: of the browser. */
export function talking(routes = {}, options) {
  const own = {
    /** A page with `window.t`, and what it complains about. */
    async open() {
      const page = await own.browser.context.newPage();
      const complaints = [];
      page.on("pageerror", (error) => complaints.push(String(error)));
      page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
      await page.goto(own.server.url);
      await own.prepare(page);
      return { page, complaints };
    },
    /** Gives a page its `window.t`, which a reload takes away. */
    prepare: (page) => page.evaluate(prepare, { url: own.edge.wsUrl, domain: own.edge.domain, users: own.edge.users }),
  };
  routes["/"] = { body: '<!doctype html><title>talk</title><script type="importmap">{ "imports": { "sipwake": "/pkg/sipwake.js" } }</script>' };
  before(async () => {
    own.edge = await startEdge();
    own.server = await serve(routes);
    own.browser = await launch(options);
  });
  after(async () => {
    await own.browser?.close();
    await own.server?.close();
    await own.edge?.stop();
  });
  return own;
}
