// The simulated device: its push registry, its CallKit, and the life of the app on it.

import initPhone from "sipwake-phone";
import { mediaCounters } from "sipwake/media";
import { createCallKit } from "./callkit.js";
import { device } from "./config.js";
import { ladder, row } from "./dom.js";
import { withoutMicrophone } from "./meter.js";
import { startNative } from "./native.js";
import { deviceToken, listen, newToken, store, stored } from "./push.js";

/** What iOS grants an app that goes to the background, about; here it is the host's budget. */
const BUDGET_MS = 5000;
/** How long the app stays awake in the background after its last call. */
const LINGER_MS = 4000;

const note = (label, text = "") => row("push", "shell", "shell", text || label, Date.now(), label);

/** `+sip.instance` of a fresh installation. Without a secure context there is no `randomUUID`. */
function newInstance() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return `urn:uuid:${hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-")}`;
}

/** Makes the device. `frameHome` holds the web view; `onChange()` follows every change. */
export async function createShell(config, { frameHome, onChange }) {
  await initPhone();
  let token = deviceToken();
  const instance = stored("sipwake.phone.instance") ?? newInstance();
  store("sipwake.phone.instance", instance);

  let native = null;
  let app = "killed";
  let locked = true;
  let notice = null;
  let pageAudioError = null;
  let linger;
  let heard = "";
  let suspending = null;
  let suspendedAt = 0;
  let service;
  let attempt = 0;
  const pushes = [];
  const kept = new Map();
  const frames = [];

  const callkit = createCallKit({
    onAction({ id, uuid, action, origin, digits }) {
      note(`CXAction: ${action}`, `${action} of call ${uuid}, by the ${origin}`);
      // In profile A iOS opens the app when the call is answered: the page is to speak for itself.
      if (action === "answer" && config.profile === "A") foreground();
      native?.handle({ type: "perform", actionId: id, uuid, action, digits });
    },
    onChange: changed,
  });

  const os = {
    config,
    callkit: {
      ...callkit,
      report(call) {
        const error = callkit.report(call);
        note("reportNewIncomingCall", JSON.stringify({ ...call, error }));
        return error;
      },
      end(uuid, reason) {
        note(`reportCall ended: ${reason}`, `call ${uuid} ended: ${reason}`);
        callkit.end(uuid, reason);
      },
      start(call) {
        note("CXTransaction: start", JSON.stringify(call));
        callkit.start(call);
      },
      connected(uuid, at) {
        note("reportOutgoingCall connected", `call ${uuid} was answered`);
        callkit.connected(uuid, at);
      },
      fulfil(id, at) {
        note("action.fulfill");
        return callkit.fulfil(id, at);
      },
      fail(id) {
        note("action.fail");
        callkit.fail(id);
      },
    },
    frameHome,
    instance,
    device,
    // What outlives the app, as a Keychain does.
    keep: (key, value) => kept.set(key, value),
    kept: () => [...kept],
    onChange: changed,
    onSip(dir, text) {
      frames.push({ at: Date.now(), dir, text });
      if (frames.length > 1000) frames.shift();
    },
    notify(title, text) {
      notice = { title, text };
    },
    onPageAudio() {
      if (pageAudioError) return;
      pageAudioError =
        "The page plays audio while its CallKit call lives. On a real iPhone it would stay silent: the call owns the audio session. Leave media to the host (profile B), or end the CallKit call first (profile A).";
      note("page audio during a CallKit call", pageAudioError);
      changed();
    },
    onSuspended() {
      suspending?.();
    },
  };

  function launch() {
    native = startNative(os);
    tellToken();
  }

  function tellToken() {
    native?.handle({ type: "token", token, environment: device.environment, bundleId: device.bundle, topic: device.topic, teamId: device.team });
  }

  /** The push service gives this device another token, and the old one dies. */
  async function changeToken() {
    service?.close();
    token = newToken();
    service = await listen(config.push, token, onPush);
    tellToken();
    changed();
  }

  /** With a call or its audio an app is not suspended. */
  const busy = () => callkit.live().length > 0 || (native?.sessions.size ?? 0) > 0;

  function changed() {
    // With nothing more to do in the background, the app is put to sleep again.
    clearTimeout(linger);
    if (app === "background" && !busy()) linger = setTimeout(suspend, LINGER_MS);
    onChange();
  }

  function wake(next) {
    const was = app;
    app = next;
    attempt += 1;
    if (!native) launch();
    if (was === "suspended") {
      native.handle({ type: "resumed", suspendedForMs: Date.now() - suspendedAt });
      native.thaw();
    }
    if (!native.frame) native.loadPage();
    if (was !== next) native.handle({ type: "appState", state: next === "foreground" ? "active" : "background", locked });
  }

  function foreground() {
    locked = false;
    notice = null;
    pageAudioError = null;
    wake("foreground");
    changed();
  }

  async function suspend() {
    if (!native || app === "suspended" || busy()) return false;
    clearTimeout(linger);
    const mine = ++attempt;
    const from = app;
    app = "background";
    locked = true;
    if (from === "foreground") native.handle({ type: "appState", state: "background", locked });
    const done = new Promise((resolve) => (suspending = resolve));
    native.handle({ type: "willSuspend", budgetMs: BUDGET_MS, policy: config.policy });
    await Promise.race([done, new Promise((resolve) => setTimeout(resolve, BUDGET_MS))]);
    // A push or the user may have come in between.
    if (mine !== attempt || !native || app !== "background" || busy()) return false;
    app = "suspended";
    suspendedAt = Date.now();
    native.freeze();
    changed();
    return true;
  }

  function kill() {
    clearTimeout(linger);
    native?.die();
    native = null;
    app = "killed";
    locked = true;
    pageAudioError = null;
    for (const call of callkit.live()) callkit.end(call.uuid, "failed");
    changed();
  }

  /** PushKit's callback. When it returns, the call must have been reported, or iOS would kill the app. */
  function onPush(payload) {
    const at = Date.now();
    const text = JSON.stringify(payload, null, 2).replaceAll(token, "[redacted]");
    // Nobody here sees the server ask for the push; the payload says when it did.
    const asked = Number(payload?.aps?.["send-time"]);
    if (asked > 1e12 && asked <= at) row("push", "server", "push", text, asked, "push request");
    row("push", "push", "shell", text, at, "VoIP push");
    const cause = app === "killed" ? "cold" : app === "suspended" ? "suspended" : "foreground";
    const before = callkit.calls.length;
    const push = { at, payload, reportedAt: null };
    pushes.push(push);
    if (!native) launch();
    native.handle({ type: "push", payload: JSON.stringify(payload), launch: cause, locked });
    if (callkit.calls.length > before) push.reportedAt = callkit.calls.at(-1).reportedAt;
    push.returnedAt = Date.now();
    if (app === "killed" || app === "suspended") wake("background");
    changed();
  }

  function perform(action, rest) {
    const call = callkit.shown();
    if (!call || call.endedAt) return;
    // One call at a time: who answers another ends this one.
    if (action === "answer") for (const other of callkit.live()) if (other.state !== "ringing") callkit.perform(other.uuid, "end");
    callkit.perform(call.uuid, action, rest);
  }

  return {
    call() {
      const call = callkit.shown();
      if (!call) return undefined;
      return { ...call, ringing: call.state === "ringing" && !call.outgoing, ended: call.state === "ended" };
    },
    busy,
    notice: () => notice,
    heard() {
      const call = callkit.shown();
      if (!call || call.endedAt || heard === call.uuid) return;
      heard = call.uuid;
      note("audio", "The first audio from the other side was heard.");
    },
    dtmf: (digits) => perform("dtmf", { digits }),
    async start() {
      withoutMicrophone(config.tone);
      service = await listen(config.push, token, onPush);
      if (config.autostart) foreground();
      else changed();
    },
    hooks: {
      config,
      get token() {
        return token;
      },
      ladder,
      pushes,
      frames,
      calls: callkit.calls,
      get app() {
        return app;
      },
      get locked() {
        return locked;
      },
      get pageAudioError() {
        return pageAudioError;
      },
      get media() {
        return [...(native?.sessions.values() ?? [])].map(({ id, session }) => ({ id, remoteStream: session.remoteStream, localStream: session.localStream }));
      },
      get remoteStream() {
        return [...(native?.sessions.values() ?? [])].at(-1)?.session.remoteStream ?? null;
      },
      counters: () => ({ ...mediaCounters(), ...(native?.counters() ?? { sockets: 0, sessions: 0 }) }),
      sendToBackground: suspend,
      kill,
      open: foreground,
      lock() {
        locked = true;
        changed();
      },
      changeToken,
      crashPage: () => native?.losePage(),
      answer: () => perform("answer"),
      decline: () => perform("end"),
      hangup: () => perform("end"),
      /** The system forgets its calls. */
      reset() {
        callkit.reset();
        native?.handle({ type: "providerReset" });
      },
      mute: (on) => perform(on ? "mute" : "unmute"),
      push: onPush,
    },
  };
}
