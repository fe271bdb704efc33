// What a wake was made of, in milliseconds since its push: read off the ladder's rows.

import { $, make } from "./dom.js";

const milestones = [
  ["report", "Reported to CallKit", (row) => row.kind === "push" && row.label.startsWith("reportNewIncomingCall")],
  ["page", "Page running again", (row) => row.kind === "bridge" && row.from === "page" && /^(hello|push\.incoming · reply)/.test(row.label)],
  ["register", "REGISTER sent", (row) => row.kind === "sip" && row.from === "page" && row.label === "REGISTER"],
  ["registered", "Registered", (row) => row.kind === "sip" && row.to === "page" && /^200 .*REGISTER/.test(row.label)],
  ["invite", "INVITE received", (row) => row.kind === "sip" && row.to === "page" && row.label === "INVITE"],
  ["answer", "Answered by the user", (row) => row.kind === "bridge" && row.to === "page" && row.label === "call.perform · answer"],
  ["ok", "200 OK sent", (row) => row.kind === "sip" && row.from === "page" && /^200 .*INVITE/.test(row.label)],
  ["audio", "First audio heard", (row) => row.kind === "push" && row.label === "audio"],
];

/** Follows the rows; `row(entry)` for each. */
export function createWake() {
  const list = $("wake-steps");
  let start = 0;
  let seen = new Set();

  return {
    row(entry) {
      if (entry.kind === "push" && entry.from === "push") {
        start = entry.at;
        seen = new Set();
        list.replaceChildren();
        $("wake-empty").hidden = true;
        return;
      }
      if (!start || entry.at < start || entry.at > start + 60_000) return;
      for (const [step, words, is] of milestones) {
        if (seen.has(step) || !is(entry)) continue;
        seen.add(step);
        const ms = Math.round(entry.at - start);
        list.append(make("li", { "data-testid": "wake-step", "data-step": step, "data-ms": String(ms) }, make("b", {}, `${ms} `, make("small", {}, "ms")), make("span", {}, words)));
      }
    },
  };
}
