// One account and one call at a time on top of the package: what the web softphone and the page in the phone share.

import init, { Endpoint } from "sipwake";
import { $, duration, keepFocus, outcomeText, row, showRegistration, tell, text, who } from "./dom.js";
import { meter } from "./meter.js";

const states = { connecting: "Calling…", ringing: "Ringing…", early: "Ringing…", answering: "Connecting…", connected: "", ended: "Call ended" };

/**
 * Starts the engine and joins it to the elements that both documents have.
 * `lane` is the ladder's lane of this document; `onChange(phone)` follows every change.
 */
export function createSoftphone({ lane, onChange = () => {} }) {
  let heard;
  const level = meter($("level"), (value) => {
    if (lane !== "page" || value <= 5 || heard === phone.call?.id) return;
    heard = phone.call?.id;
    row("push", lane, lane, "The first audio from the other side was heard.", Date.now(), "audio");
  });
  const phone = {
    endpoint: null,
    account: null,
    registration: { state: "unregistered" },
    call: null,
    calls: [],
    outcome: null,
    error: null,
    /** Names of the users that this demo knows, by the user part of their URI. */
    names: {},
    get remoteStream() {
      return phone.call?.remoteStream ?? null;
    },
    counters: () => phone.endpoint?.counters() ?? null,
    start,
    dial,
    answer: () => act((call) => call.answer()),
    decline: () => act((call) => call.decline()),
    hangup: () => act((call) => call.hangup()),
    mute: (on) => act((call) => call.mute(on)),
    hold: (on) => act((call) => (on ? call.hold() : call.unhold())),
  };

  /** Shows an error's own words; they say what to do. */
  function fail(error) {
    phone.error = error;
    const code = error?.code ? `${error.code}: ` : "";
    const message = String(error?.message ?? error);
    text($("error"), message.startsWith(code) ? message : code + message);
    $("error").hidden = false;
    draw();
  }

  function recover() {
    phone.error = null;
    $("error").hidden = true;
  }

  function nameOf(call) {
    return call.remoteName || (phone.names[who(call.remoteUri)] ?? who(call.remoteUri));
  }

  async function act(action) {
    if (!phone.call) return;
    try {
      await action(phone.call);
    } catch (error) {
      if (error?.code !== "callEnded") fail(error);
    }
    draw();
  }

  async function dial(target) {
    recover();
    phone.outcome = null;
    try {
      const call = await phone.endpoint.makeCall(phone.account, target);
      track(call);
    } catch (error) {
      fail(error);
    }
    draw();
  }

  function track(call) {
    if (!phone.calls.some((one) => one.id === call.id)) phone.calls.push(call);
    // A second call while one lives is somebody else's turn; the first stays on screen.
    if (!phone.call || phone.call.state === "ended") phone.call = call;
  }

  async function start(options, account) {
    await init();
    // With the host's socket, what page and server say passes the shell.
    const via = options.transport === "host" ? "shell" : "";
    const endpoint = await Endpoint.start(options);
    phone.endpoint = endpoint;
    endpoint.on("trace", ({ at, kind, text: message }) => {
      if (kind === "sipOut") row("sip", lane, "server", message, at, "", via);
      else if (kind === "sipIn") row("sip", "server", lane, message, at, "", via);
      else if (kind === "bridgeOut") row("bridge", lane, "shell", message, at);
      else row("bridge", "shell", lane, message, at);
    });
    endpoint.on("registration_changed", (registration) => {
      phone.registration = registration;
      if (registration.error) fail(registration.error);
      else if (registration.state === "registered") recover();
      draw();
    });
    endpoint.on("connectivity_changed", ({ state, error }) => {
      if (state !== "connected" && error) fail(error);
      draw();
    });
    endpoint.on("problem", ({ error }) => fail(error));
    endpoint.on("call_received", ({ call }) => {
      recover();
      phone.outcome = null;
      track(call);
      draw();
    });
    endpoint.on("call_changed", ({ call }) => {
      track(call);
      draw();
    });
    endpoint.on("call_terminated", ({ call, outcome }) => {
      phone.calls = phone.calls.filter((one) => one.id !== call.id);
      if (phone.call?.id === call.id) {
        phone.call = phone.calls[0] ?? null;
        phone.outcome = { ...outcome, name: nameOf(call), direction: call.direction, at: Date.now() };
      }
      draw();
    });
    phone.account = await endpoint.createAccount(account);
    draw();
    return phone;
  }

  const draw = () => keepFocus(document.querySelector("main"), drawNow);

  function drawNow() {
    showRegistration($("registration"), phone.registration);
    const call = phone.call;
    const panel = $("call-panel");
    panel.hidden = !call;
    panel.dataset.state = call?.state ?? "";
    const name = call ? nameOf(call) : "";
    text($("call-name"), name);
    const ringing = call?.direction === "incoming" && call.state === "ringing";
    $("answer").hidden = $("decline").hidden = !ringing;
    $("hangup").hidden = !call || ringing;
    $("mute").hidden = call?.state !== "connected";
    $("mute").setAttribute("aria-pressed", String(call?.muted ?? false));
    text($("mute"), call?.muted ? "Unmute" : "Mute");
    $("hold").hidden = call?.state !== "connected";
    $("hold").setAttribute("aria-pressed", String(call?.onHold ?? false));
    text($("hold"), call?.onHold ? "Resume" : "Hold");
    tick();
    const spoken = call ? `${ringing ? "Incoming call from" : call.state === "connected" ? "Connected with" : "Calling"} ${name}` : phone.outcome ? outcomeText(phone.outcome) : "";
    text($("call-status"), spoken);
    level.show(call?.state === "connected" ? call.remoteStream : null);
    $("level").hidden = call?.state !== "connected" || !call.remoteStream;
    tell({ calling: ringing });
    onChange(phone);
  }

  function tick() {
    const call = phone.call;
    if (!call) return;
    const incoming = call.direction === "incoming" && call.state === "ringing";
    const connected = call.state === "connected" ? duration(Date.now() - (call.connectedAt ?? Date.now())) : undefined;
    const held = connected && (call.onHold ? "On hold" : call.remoteHold ? "Held by the other side" : undefined);
    text($("call-timer"), held ?? connected ?? (incoming ? "Incoming call" : states[call.state] ?? ""));
  }

  setInterval(tick, 500);
  $("answer").addEventListener("click", phone.answer);
  $("decline").addEventListener("click", phone.decline);
  $("hangup").addEventListener("click", phone.hangup);
  $("mute").addEventListener("click", () => phone.mute(!phone.call?.muted));
  $("hold").addEventListener("click", () => phone.hold(!phone.call?.onHold));
  $("dial").addEventListener("submit", (event) => {
    event.preventDefault();
    const target = $("dial-target").value.trim();
    if (target) dial(target);
  });
  phone.nameOf = nameOf;
  phone.fail = fail;
  phone.draw = draw;
  draw();
  return phone;
}
