// The page that people open: two frames with storage of their own, and the ladder of what they say.

import "../css/index.css";
import { loadConfig } from "./config.js";
import { $, make, text } from "./dom.js";
import { bridgeLabel, createLadder, sipLabel } from "./ladder.js";
import { createWake } from "./wake.js";

/** The same server under its other name is another origin, and so another storage. */
function elsewhere(file) {
  const url = new URL(file, location.href);
  url.hostname = { localhost: "127.0.0.1", "127.0.0.1": "localhost" }[location.hostname] ?? location.hostname;
  return url.href;
}

const phone = $("phone-frame");
const web = $("web-frame");
const wake = createWake();
const ladder = createLadder((entry) => wake.row(entry));
window.sipwakeDemo = { ladder: ladder.rows, phone: null, web: null, ready: null };
window.sipwakeDemo.ready = start();

/** The frame a message is from: either of the two, or the page inside the phone. */
function known(source) {
  return source === web.contentWindow || source === phone.contentWindow || source?.parent === phone.contentWindow;
}

window.addEventListener("message", ({ data, source }) => {
  if (!data || !known(source)) return;
  if (data.sipwake === "row") {
    const entry = { ...data.entry };
    if (entry.kind === "sip") entry.label ||= sipLabel(entry.text);
    if (entry.kind === "bridge") {
      const { label, driver } = bridgeLabel(entry.text);
      entry.label ||= label;
      if (driver) entry.kind = "drivers";
    }
    ladder.add(entry);
  } else if (data.sipwake === "state") {
    if (typeof data.height === "number") {
      const frame = source === phone.contentWindow ? phone : null;
      if (frame) frame.style.height = `${Math.ceil(data.height)}px`;
    }
    if (typeof data.calling === "boolean") {
      const part = source === web.contentWindow ? "web" : "phone";
      document.querySelector(`.jump a[href="#${part}"]`)?.classList.toggle("calling", data.calling);
    }
  }
});

async function start() {
  phone.src = `phone.html${location.search}`;
  web.src = elsewhere(`web.html${location.search}`);
  window.sipwakeDemo.phone = phone.contentWindow;
  window.sipwakeDemo.web = web.contentWindow;
  const config = await loadConfig();
  text($("story-phone"), config.phone.displayName || config.phone.name);
  const facts = { Server: new URL(config.server).host, Profile: config.profile === "A" ? "A, ring only" : "B, host socket and media", "In the background": config.policy };
  $("setup").append(...Object.entries(facts).map(([term, value]) => make("div", {}, make("dt", {}, term), make("dd", {}, value))));
}
