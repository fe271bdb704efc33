// The smallest host that keeps the rules of docs/bridge.md. Sockets, timers and media stay the page's; incoming calls only.
// `ui` is the call screen: report(uuid, name), update(uuid, p), state(uuid, state), end(uuid, reason), fulfil(id), fail(id).
export function createHost(ui, { token, instance }) {
  let session, live = false, seq = 0, received = 0, ids = 0;
  let kept = []; // what the page has not acknowledged, and requests that it has not answered
  const calls = new Map(); // by callUuid
  const port = { onmessage: null, post: (text) => queueMicrotask(() => receive(JSON.parse(text))) };

  // Delivery: numbered, kept, repeated, in order.
  const write = ({ type, kind, p, ...more }, number) =>
    port.onmessage?.(JSON.stringify({ v: 1, type, kind, session, seq: number, ack: received, at: Date.now(), id: `h-${++ids}`, ...more, p }));
  const transmit = (entry) => write(entry.message, (entry.seq ??= ++seq));
  const repeat = setInterval(() => live && kept.filter((entry) => !entry.acked).forEach(transmit), 3000);
  const send = (message, answered) => {
    const entry = { message: { id: `h-${++ids}`, ...message }, answered };
    kept.push(entry);
    if (live) transmit(entry);
  };
  const request = (type, p) => new Promise((resolve) => send({ type, kind: "request", p, deadlineMs: 10_000 }, resolve));
  const reply = ({ type, id }, value) => send({ type, kind: "reply", re: id, p: { ok: true, value } });

  function receive({ type, kind, id, re, p, ...envelope }) {
    if (type === "hello") return welcome(id);
    if (envelope.session !== session) return; // a page that is gone
    for (const entry of kept) entry.acked ||= entry.seq <= envelope.ack;
    const asked = kept.find((entry) => entry.message.id === re);
    const fresh = envelope.seq > 0 && envelope.seq === received + 1; // otherwise: had it, or a gap
    const waits = type === "call.perform" && p?.value?.state === "pending"; // for the INVITE; another reply follows
    kept = kept.filter((entry) => !entry.acked || (entry.answered && (entry !== asked || waits || !fresh)));
    if (fresh) received = envelope.seq;
    if (fresh && asked && !waits) asked.answered(p);
    if (fresh && kind !== "reply") take(type, { id, type }, p, kind);
    if (envelope.seq > 0) write({ type: "ack", kind: "event", p: {} }, 0);
  }

  function welcome(re) { // a page came up: a new session, and what it has to know. Replies were for the page before.
    [session, seq, received, live] = [`s-${++ids}-${Date.now()}`, 1, 0, false];
    kept = kept.filter(({ message }) => message.kind !== "reply");
    for (const entry of kept) entry.seq = entry.acked = undefined;
    const host = { name: "mine", version: "1", os: "", osVersion: "", device: "" };
    const snapshot = { tokens: [token], calls: [...calls.values()].filter((call) => !call.ended) };
    const value = { protocol: 1, session, instance, host, callUi: "none", lockdown: false, snapshot };
    write({ type: "welcome", kind: "reply", re, p: { ok: true, value } }, 1);
  }

  function take(type, asked, p, kind) { // what the page says
    if (type === "ready") (live = true), kept.forEach(transmit);
    else if (type === "ping") send({ type: "pong", kind: "reply", re: asked.id, p: { ok: true, value: { at: Date.now() } } });
    else if (type === "call.incoming") {
      const known = [...calls.values()].find((call) => call.callUuid === p.callUuid || call.pushId === p.pushId || call.sipCallId === p.sipCallId);
      const call = known ?? report(p.callUuid, p.displayName ?? p.fromUri, { sipCallId: p.sipCallId });
      call.bound = true; // its INVITE is here
      reply(asked, { callUuid: call.callUuid, match: known ? "push" : "new" });
      if (known) ui.update(call.callUuid, p);
    } else if (type === "call.update") ui.update(p.callUuid, p);
    else if (type === "call.state") ui.state(p.callUuid, p.state);
    else if (type === "call.ended") end(p.callUuid, p.reason);
    else if (type === "push.resolved" && p.outcome !== "bound") end(p.callUuid, p.outcome.endsWith("Elsewhere") ? p.outcome : "unanswered");
    else if (kind === "request") send({ type, kind: "reply", re: asked.id, p: { ok: false, error: { code: "unknownType", message: "", retryable: false } } });
  }

  // What the system and the user do.
  function report(callUuid, name, more) {
    const call = { callUuid, direction: "incoming", reported: true, answered: false, held: false, muted: false, ...more };
    calls.set(callUuid, call);
    ui.report(callUuid, name);
    return call;
  }
  function end(uuid, reason) {
    const call = calls.get(uuid);
    if (call && !call.ended) ui.end(uuid, (call.ended = reason));
  }
  async function perform(callUuid, action, more) {
    const actionId = `a-${++ids}`;
    if (action === "answer") calls.get(callUuid).answered = true;
    const { ok, value } = await request("call.perform", { actionId, callUuid, action, origin: "user", ...more });
    return ok && value.state === "done" ? ui.fulfil(actionId) : ui.fail(actionId);
  }
  return {
    port, perform, close: () => clearInterval(repeat),
    suspend: () => request("app.willSuspend", { budgetMs: 5000 }), // resolves when the page is ready to sleep
    push(payload) { // report first, then tell the page; give up where no INVITE comes
      const callUuid = crypto.randomUUID();
      const [sipCallId, fromUri, displayName] = [payload.aps?.["call-id"], payload["from-uri"], payload["display-name"]];
      const call = report(callUuid, displayName || fromUri || "Somebody", { pushId: callUuid, sipCallId, fromUri });
      const facts = { kind: "call", video: false, ageMs: 0, launch: "suspended", locked: false, reported: { ok: true }, mustReport: true, raw: {} };
      request("push.incoming", { ...facts, pushId: callUuid, callUuid, sipCallId, fromUri, displayName, inviteTimeoutMs: 15_000 });
      setTimeout(() => call.bound || end(callUuid, call.answered ? "failed" : "unanswered"), 15_000);
      return callUuid;
    },
  };
}
