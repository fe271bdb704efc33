// The simulated iPhone's glass: which screen is shown and what its buttons do. What happens behind it is in shell.js.

import "../css/phone.css";
import { loadConfig } from "./config.js";
import { $, duration, keepFocus, keypad, ladder, tell, text } from "./dom.js";
import { meter } from "./meter.js";
import { createShell } from "./shell.js";

const level = meter($("level"), (value) => value > 5 && shell?.heard());
let shell;
let digits = "";

const hooks = { config: null, ladder, ready: start() };
window.sipwakeDemo = hooks;

async function start() {
  clock();
  setInterval(clock, 1000);
  keypad($("keypad-pad"), (key) => {
    digits = (digits + key).slice(-14);
    shell?.dtmf(key);
    draw();
  });
  const config = await loadConfig();
  hooks.config = config;
  shell = await createShell(config, { frameHome: $("screen-app"), onChange: draw });
  Object.defineProperties(hooks, Object.getOwnPropertyDescriptors(shell.hooks));
  $("answer").addEventListener("click", () => shell.hooks.answer());
  $("decline").addEventListener("click", () => shell.hooks.decline());
  $("hangup").addEventListener("click", () => shell.hooks.hangup());
  $("mute").addEventListener("click", () => shell.hooks.mute(!shell.call()?.muted));
  $("keypad").addEventListener("click", () => {
    $("keypad-pad").hidden = !$("keypad-pad").hidden;
    draw();
  });
  for (const id of ["open", "unlock"]) $(id).addEventListener("click", () => shell.hooks.open());
  $("background").addEventListener("click", () => shell.hooks.sendToBackground());
  $("kill").addEventListener("click", () => shell.hooks.kill());
  $("token-show").addEventListener("click", () => {
    $("token-show").setAttribute("aria-pressed", String($("token-show").getAttribute("aria-pressed") !== "true"));
    draw();
  });
  draw();
  await shell.start();
}

function clock() {
  const now = new Date();
  const time = now.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  text($("status-time"), time);
  text($("lock-time"), time.replace(/^0/, ""));
  text($("lock-date"), now.toLocaleDateString("en-GB", { weekday: "long", day: "numeric", month: "long" }));
  const call = shell?.call();
  if (call) text($("call-timer"), call.ended ? "Call ended" : call.connectedAt ? duration(Date.now() - call.connectedAt) : "connecting…");
}

const draw = () => keepFocus($("glass"), drawNow);

function drawNow() {
  const last = shell.call();
  // Over the app there is no farewell: it goes on by itself.
  const call = last?.ended && !shell.hooks.locked ? undefined : last;
  const screen = call?.ringing ? "incoming" : call ? "call" : shell.hooks.app === "foreground" && !shell.hooks.locked ? "app" : "lock";
  $("glass").dataset.screen = screen;
  for (const name of ["lock", "incoming", "call", "app"]) $(`screen-${name}`).hidden = name !== screen;

  text($("app-state"), { foreground: "In the foreground", background: "Awake in the background", suspended: "Suspended", killed: "Not running" }[shell.hooks.app]);
  $("app-state").dataset.state = shell.hooks.app;
  text($("lock-app-state"), { foreground: "The app is running", background: "The app is awake", suspended: "The app is suspended", killed: "The app is not running" }[shell.hooks.app]);
  $("background").disabled = shell.hooks.app !== "foreground" || shell.busy();
  $("kill").disabled = shell.hooks.app === "killed";
  $("open").disabled = shell.hooks.app === "foreground" && !shell.hooks.locked;

  const token = shell.hooks.token;
  const whole = $("token-show").getAttribute("aria-pressed") === "true";
  text($("token"), whole ? token : `${token.slice(0, 6)}…${token.slice(-6)}`);
  text($("token-show"), whole ? "Hide" : "Show");

  const notice = shell.notice();
  $("notice").hidden = !notice;
  text($("notice-title"), notice?.title ?? "");
  text($("notice-text"), notice?.text ?? "");

  const error = shell.hooks.pageAudioError;
  $("page-audio-error").hidden = !error;
  text($("page-audio-error"), error ?? "");

  if (!call) {
    digits = "";
    $("keypad-pad").hidden = true;
  }
  text($("digits"), call?.toneless ? "Tones are not sent yet" : digits);
  $("digits").classList.toggle("said", Boolean(call?.toneless));
  $("digits").hidden = !digits || $("keypad-pad").hidden;
  $("keypad").setAttribute("aria-expanded", String(!$("keypad-pad").hidden));
  $("mute").setAttribute("aria-pressed", String(call?.muted ?? false));
  $("mute").disabled = $("keypad").disabled = !call?.connectedAt || call.ended;
  text($("incoming-name"), call?.name ?? "");
  text($("incoming-detail"), call?.detail ?? "");
  text($("call-name"), call?.name ?? "");
  level.show(call?.connectedAt && !call.ended ? shell.hooks.remoteStream : null);
  text($("call-status"), !call ? "" : call.ringing ? `Incoming call from ${call.name}` : call.ended ? "Call ended" : call.connectedAt ? `Connected with ${call.name}` : `Connecting with ${call.name}`);
  clock();
  tell({ calling: Boolean(call?.ringing), app: shell.hooks.app });
}

new ResizeObserver(() => tell({ height: document.querySelector(".shell").offsetHeight + 6 })).observe(document.querySelector(".shell"));
