// The plain web softphone: the package with the page's own socket and peer connection.

import "../css/web.css";
import { accountOptions, loadConfig, names } from "./config.js";
import { $, initials, keypad, ladder, outcomeText, text } from "./dom.js";
import { withoutMicrophone } from "./meter.js";
import { createSoftphone } from "./softphone.js";

const phone = createSoftphone({
  lane: "web",
  onChange(state) {
    const call = state.call;
    $("idle").hidden = Boolean(call);
    text($("avatar"), call ? initials(phone.nameOf(call)) : "");
    const outcome = $("outcome");
    outcome.hidden = !state.outcome;
    outcome.dataset.kind = state.outcome?.kind ?? "";
    if (state.outcome) text(outcome, `${outcomeText(state.outcome)} · ${state.outcome.name}`);
  },
});
const hooks = Object.create(phone, {});
Object.assign(hooks, { config: null, ladder, ready: start() });
window.sipwakeDemo = hooks;

async function start() {
  keypad($("pad"), (key) => ($("dial-target").value += key));
  $("dial-erase").addEventListener("click", () => ($("dial-target").value = $("dial-target").value.slice(0, -1)));
  const config = await loadConfig();
  hooks.config = config;
  const me = config.caller;
  text($("identity"), `${me.name}@${config.domain}`);
  text($("server"), config.server);
  phone.names = names(config);
  $("dial-target").value ||= config.phone.name;
  const tone = (on) => {
    $("tone").setAttribute("aria-checked", String(on));
    withoutMicrophone(on);
  };
  tone(config.tone);
  $("tone").addEventListener("click", () => tone($("tone").getAttribute("aria-checked") !== "true"));
  if (!config.autostart) return;
  try {
    await phone.start({ host: "none", testToneHz: config.callerTone, trace: config.trace }, accountOptions(config, me, false));
  } catch (error) {
    phone.fail(error);
  }
}
