// The app's native process: the host's state machine (src/host as wasm), its sockets, its media sessions, and the web
// view with the page. It dies as one, as a process does.

import { createMedia } from "sipwake/media";
import { Phone } from "sipwake-phone";
import { make, who } from "./dom.js";

/**
 * Starts the process. `os` is what the system offers: `callkit`, `keep(key, value)` and `kept()`, `notify(text)`, `onChange()`, `instance`, `token`,
 * `config`, `frameHome`, `onSip(dir, text)`, `onPageAudio()`, `onSuspended(reply)`.
 */
export function startNative(os) {
  const { config } = os;
  const sockets = new Map();
  const sessions = new Map();
  const waiting = [];
  let busy = false;
  let dead = false;
  let frame = null;
  let timer;
  // While the system has frozen the process it hears nothing, and the page neither: it all waits.
  let frozen = null;
  const asleep = new Set(["pageMessage", "socket", "media", "timeout"]);

  const { bundle, name, os: system, osVersion } = os.device;
  const phone = new Phone(JSON.stringify({ profile: config.profile, transport: config.transport === "host", origins: [location.origin], instance: os.instance, name: bundle, version: "1.0", os: system, osVersion, device: name }));

  /** Gives the host one input and carries out what it wants, in order, before this returns. */
  function handle(input) {
    if (dead) return;
    if (frozen && asleep.has(input.type)) {
      frozen.push(() => handle(input));
      return;
    }
    // Carrying one effect out may bring the next input; it waits until the host is free and the list is done.
    waiting.push(input);
    if (busy) return;
    busy = true;
    while (waiting.length > 0 && !dead) {
      const next = JSON.stringify({ ...waiting.shift(), mono: performance.now(), wall: Date.now() });
      for (const effect of JSON.parse(phone.handle(next))) carryOut(effect);
    }
    busy = false;
    os.onChange();
  }

  function carryOut(effect) {
    const { type, uuid, displayName, handle: address, video } = effect;
    const shown = { uuid, name: who(address, displayName), detail: address?.replace(/^sips?:/, ""), video };
    if (type === "reportIncoming") handle({ type: "reported", uuid, error: os.callkit.report(shown) });
    else if (type === "updateCall") os.callkit.update(uuid, shown);
    else if (type === "endCall") os.callkit.end(uuid, effect.reason);
    else if (type === "fulfil") {
      // As the system does: the audio session is the app's once an answer or a start is fulfilled.
      const call = os.callkit.fulfil(effect.actionId, effect.connectedAt);
      if (call) handle({ type: "audioActivated", callUuid: call.uuid, category: "playAndRecord", mode: "voiceChat", sampleRate: 48000 });
    } else if (type === "keepState") os.keep(effect.key, effect.value);
    else if (type === "fail") os.callkit.fail(effect.actionId);
    else if (type === "startCall") os.callkit.start(shown);
    else if (type === "outgoingConnected") os.callkit.connected(uuid, effect.at);
    else if (type === "requestAction") {
      const begun = os.callkit.perform(uuid, effect.action, { origin: "app", digits: effect.digits });
      if (!begun) handle({ type: "requestRefused", uuid, action: effect.action, refusal: "other" });
    }
    else if (type === "missedCall") os.notify("Missed call", displayName || "Unknown");
    else if (type === "post") deliver(effect.text);
    else if (type === "loadPage" && frame === null) loadPage();
    else if (type === "loadPage") thaw();
    else if (type === "reloadPage") loadPage();
    else if (type === "socket") socket(effect);
    else if (type === "media") media(effect);
    else if (type === "suspendReady") os.onSuspended(effect);
    else if (type === "problem") console.info(`the page broke a rule of the bridge: ${effect.name}`);
    else if (type === "timer") {
      clearTimeout(timer);
      if (effect.at !== undefined) timer = setTimeout(() => handle({ type: "timeout" }), Math.max(0, Math.ceil(effect.at - performance.now()) + 1));
    }
  }

  // The web view

  function loadPage() {
    frame?.remove();
    // Whether the app is started is the phone's to know; the page of one that runs does what it is for.
    const query = new URLSearchParams(location.search);
    query.delete("autostart");
    frame = make("iframe", { src: `app.html?${query}`, title: "The app", allow: "microphone; autoplay", "data-testid": "app-frame" });
    frame.addEventListener("load", () => watchAudio(frame.contentWindow));
    os.frameHome.append(frame);
    thaw();
  }

  function deliver(text) {
    if (frozen) frozen.push(() => deliver(text));
    else frame?.contentWindow?.postMessage({ sipwakeBridge: text }, location.origin);
  }

  function onMessage({ data, source, origin }) {
    if (!frame || typeof data?.sipwakeBridge !== "string") return;
    handle({ type: "pageMessage", mainFrame: source === frame.contentWindow, origin, text: data.sipwakeBridge });
  }
  window.addEventListener("message", onMessage);

  function freeze() {
    frozen ??= [];
    // The system takes the sockets of a suspended app away; the app learns that when it runs again.
    for (const open of sockets.values()) open.close();
  }

  function thaw() {
    const late = frozen ?? [];
    frozen = null;
    for (const action of late) action();
  }

  /** A web view's sound and a CallKit call do not go together: WebKit's processes lose the audio session to the call. */
  const playing = new Set();
  function watchAudio(window_) {
    const { prototype } = window_.HTMLMediaElement;
    const play = prototype.play;
    prototype.play = function (...rest) {
      playing.add(this);
      return play.apply(this, rest);
    };
  }
  const audioWatch = setInterval(() => {
    for (const element of playing) if (element.paused && element.srcObject === null) playing.delete(element);
    const sounding = [...playing].some((element) => !element.paused && !element.muted && element.readyState > 1);
    if (sounding && os.callkit.live().length > 0) os.onPageAudio();
  }, 200);

  // Sockets and media: the engine's own commands, carried out here instead of in the page

  function socket({ flow, command, url, text, octetsB64, code }) {
    const tell = (event, more) => handle({ type: "socket", flow, event, ...more });
    const open = sockets.get(flow);
    if (command === "open") {
      let opened;
      try {
        opened = new WebSocket(url, "sip");
      } catch {
        tell("failed");
        return;
      }
      sockets.set(flow, opened);
      opened.binaryType = "arraybuffer";
      opened.onopen = () => tell("opened", { protocol: opened.protocol });
      opened.onmessage = ({ data }) => {
        const received = typeof data === "string" ? data : new Uint8Array(data);
        os.onSip("in", typeof data === "string" ? data : new TextDecoder().decode(received));
        tell("received", typeof data === "string" ? { text: data } : { octetsB64: btoa(String.fromCharCode(...received)) });
      };
      opened.onclose = ({ code: closeCode, wasClean }) => {
        sockets.delete(flow);
        tell("closed", { code: closeCode, clean: wasClean });
      };
    } else if (command === "send" && open?.readyState === WebSocket.OPEN) {
      const sent = text ?? Uint8Array.from(atob(octetsB64), (c) => c.charCodeAt(0));
      os.onSip("out", text ?? new TextDecoder().decode(sent));
      open.send(sent);
    } else if (command === "close") {
      open?.close(code === 1000 || (code >= 3000 && code < 5000) ? code : 1000);
    }
  }

  function media(effect) {
    const { media: id, number, command, uuid, sdp, mid, ufrag, candidate, on, iceRestart, provisional, direction, video, digits, durationMs, gapMs } = effect;
    if (command === "open") {
      const told = ({ type: event, ...more }) => handle({ type: "media", media: id, event, ...more });
      sessions.set(id, { id, uuid, session: createMedia(effect, told) });
      return;
    }
    const session = sessions.get(id)?.session;
    if (!session) return;
    if (command === "offer") session.offer(iceRestart, number);
    else if (command === "accept") session.accept(sdp, number);
    else if (command === "setAnswer") session.setAnswer(sdp, provisional, number);
    else if (command === "direction") session.direction(direction, video);
    else if (command === "microphone") session.microphone(number);
    else if (command === "rollback") session.rollback();
    else if (command === "candidate") session.candidate(mid, ufrag, candidate);
    else if (command === "dtmf") session.dtmf(digits, durationMs, gapMs, number);
    else if (command === "mute") session.mute(on, video);
    else if (command === "stats") session.stats(number);
    else if (command === "close") {
      sessions.delete(id);
      session.close();
    }
  }

  const network = () => handle({ type: "network", online: navigator.onLine, interface: "wifi", expensive: false, constrained: false, addressChanged: false });
  for (const name of ["online", "offline"]) window.addEventListener(name, network);
  for (const [key, value] of os.kept()) handle({ type: "keptState", key, value });

  return {
    handle,
    freeze,
    thaw,
    loadPage,
    sessions,
    get frame() {
      return frame;
    },
    counters: () => ({ sockets: sockets.size, sessions: sessions.size }),
    /** The web view's content process dies; the app lives. */
    losePage() {
      frame?.remove();
      frame = null;
      handle({ type: "pageLost" });
    },
    /** The system kills the process, with all it has. */
    die() {
      dead = true;
      clearTimeout(timer);
      clearInterval(audioWatch);
      window.removeEventListener("message", onMessage);
      for (const name of ["online", "offline"]) window.removeEventListener(name, network);
      for (const socket of sockets.values()) {
        socket.onopen = socket.onmessage = socket.onclose = null;
        socket.close();
      }
      for (const { session } of sessions.values()) session.close();
      sockets.clear();
      sessions.clear();
      frame?.remove();
      frame = null;
      phone.free();
    },
  };
}
