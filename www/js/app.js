// The page in the phone: the same package, with a port to the shell that holds it.

import "../css/app.css";
import { accountOptions, loadConfig, names } from "./config.js";
import { $, ladder, make, outcomeText, text } from "./dom.js";
import { withoutMicrophone } from "./meter.js";
import { createSoftphone } from "./softphone.js";

let shown = null;
const phone = createSoftphone({
  lane: "page",
  onChange({ outcome }) {
    if (!outcome || outcome === shown) return;
    shown = outcome;
    const at = new Date(outcome.at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    $("recents").prepend(make("li", {}, make("span", {}, outcome.name), make("span", {}, `${outcomeText(outcome)} · ${at}`)));
    while ($("recents").children.length > 5) $("recents").lastElementChild.remove();
    $("outcome").hidden = true;
    $("outcome").dataset.kind = outcome.kind;
  },
});
const hooks = Object.create(phone, {});
Object.assign(hooks, { config: null, ladder, ready: start() });
window.sipwakeDemo = hooks;

/** What stands for `webkit.messageHandlers.sipwake` here: text both ways, and only with the frame around this one. */
function shellPort() {
  const port = { onmessage: null, post: (text) => window.parent.postMessage({ sipwakeBridge: text }, location.origin) };
  window.addEventListener("message", ({ data, source, origin }) => {
    if (source !== window.parent || origin !== location.origin || typeof data?.sipwakeBridge !== "string") return;
    port.onmessage?.(data.sipwakeBridge);
  });
  return port;
}

async function start() {
  const config = await loadConfig();
  hooks.config = config;
  text($("identity"), `${config.phone.name}@${config.domain}`);
  text($("drivers"), `Socket: ${config.transport === "host" ? "the shell's" : "the page's"} · audio: ${config.media === "host" ? "the shell's" : "the page's"}`);
  phone.names = names(config);
  $("dial-target").value ||= config.caller.name;
  withoutMicrophone(config.tone);
  if (!config.autostart) return;
  try {
    await phone.start(
      { host: shellPort(), transport: config.transport, media: config.media, testToneHz: config.phoneTone, trace: config.trace },
      accountOptions(config, config.phone, true),
    );
  } catch (error) {
    phone.fail(error);
  }
}
