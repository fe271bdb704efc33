// The smallest host that keeps the rules of docs/hosting.md. Sockets, timers and media stay the page's; incoming calls only.
// `ui` is the call screen: report(uuid, name), update(uuid, p), state(uuid, state), end(uuid, reason), fulfil(id), fail(id).
import { createLink } from "./link.js";
const WANTED = { answer: { answered: true }, end: { declined: true }, mute: { muted: true }, unmute: { muted: false }, hold: { held: true }, unhold: { held: false } };
export function createHost(ui, { token, instance }) {
  const [calls, open] = [new Map(), new Map()]; // calls by callUuid; actions that are neither fulfilled nor failed
  const host = { name: "mine", version: "1", os: "", osVersion: "", device: "" };
  const living = () => [...calls.values()].filter((call) => !call.ended);
  const welcome = () => ({ instance, host, callUi: "none", lockdown: false, snapshot: { tokens: [token], calls: living() } });
  const link = createLink({ take, welcome });
  const find = (ids) => living().find((call) => Object.entries(ids).some(([name, id]) => id && call[name] === id));
  function take(type, p, reply) { // what the page says
    if (type === "call.incoming") invite(p, reply);
    else if (type === "call.update") ui.update(p.callUuid, p);
    else if (type === "call.state") ui.state(p.callUuid, p.state);
    else if (type === "call.ended") end(p.callUuid, p.reason);
    else if (type !== "push.resolved") return false;
    else if (p.outcome !== "bound") end(p.callUuid, p.outcome.endsWith("Elsewhere") ? p.outcome : "unanswered");
  }
  function invite({ callUuid, pushId, sipCallId, ...p }, reply) {
    const known = find({ callUuid, pushId, sipCallId });
    const call = known ?? report(calls.has(callUuid) ? crypto.randomUUID() : callUuid, p.displayName || p.fromUri);
    reply({ callUuid: call.callUuid, match: !known ? "new" : known.bound || !known.pushId ? "duplicate" : "push" });
    if (known) ui.update(call.callUuid, p);
    Object.assign(call, { bound: true, sipCallId });
  }
  function report(callUuid, name, more) { // to the system
    const call = { callUuid, direction: "incoming", reported: true, answered: false, held: false, muted: false, ...more };
    calls.set(callUuid, call), ui.report(callUuid, name);
    return call;
  }
  function end(uuid, reason, late) {
    const call = calls.get(uuid);
    if (!call || call.ended) return;
    for (const [actionId, action] of open)
      if (action.callUuid === uuid) open.delete(actionId), ui.fail(actionId), late && link.event("call.performTimedOut", { actionId, ...action });
    ui.end(uuid, (call.ended = reason));
  }
  const giveUp = (call) => call.bound || end(call.callUuid, call.declined ? "local" : call.answered ? "failed" : "unanswered", true); // no INVITE
  async function perform(callUuid, action, more) { // what the user does; an answer has to wait for the page, and digits
    const [call, actionId] = [Object.assign(calls.get(callUuid), WANTED[action]), crypto.randomUUID()];
    if (action === "answer" || !WANTED[action]) open.set(actionId, { callUuid, action });
    else ui.fulfil(actionId);
    if (action === "answer") setTimeout(giveUp, 10_000, call);
    const { ok, value } = await link.request("call.perform", { actionId, callUuid, action, origin: "user", ...more });
    if (open.delete(actionId)) ok && value.state === "done" ? ui.fulfil(actionId) : ui.fail(actionId);
  }
  function push(payload) { // report first, then tell the page
    const [sipCallId, fromUri, displayName] = [payload.aps?.["call-id"], payload["from-uri"], payload["display-name"]];
    const [name, known] = [displayName || fromUri || "Somebody", find({ sipCallId })];
    if (known) return ui.report(known.callUuid, name), known.callUuid; // the INVITE was faster, or a push before
    const callUuid = crypto.randomUUID();
    const call = report(callUuid, name, { pushId: callUuid, sipCallId, fromUri });
    const facts = { kind: "call", video: false, ageMs: 0, launch: "suspended", locked: false, reported: { ok: true }, mustReport: true, raw: {} };
    link.request("push.incoming", { ...facts, pushId: callUuid, callUuid, sipCallId, fromUri, displayName, inviteTimeoutMs: 15_000 });
    setTimeout(giveUp, 15_000, call);
    return callUuid;
  }
  return { port: link.port, perform, push, close: link.close, suspend: () => link.request("app.willSuspend", { budgetMs: 5000 }) };
}
