// How messages get to the page and from it: numbered, kept, repeated, in order; docs/hosting.md, "Delivery in five lines".
// `welcome()` is the reply to a page's hello; `take(type, p, reply)` hears what the page says, and is false for what it does not know.
export function createLink({ welcome, take }) {
  let session, greeting, live = false, seq = 0, received = 0, ids = 0;
  let kept = []; // what the page has not acknowledged, and requests that it has not answered
  const port = { onmessage: null, post: (text) => queueMicrotask(() => receive(JSON.parse(text))) };

  const write = ({ type, kind, p, ...more }, number) =>
    port.onmessage?.(JSON.stringify({ v: 1, type, kind, session, seq: number, ack: received, at: Date.now(), id: `h-${++ids}`, ...more, p }));
  const transmit = (entry) => write(entry.message, (entry.seq ??= ++seq));
  const repeat = setInterval(() => live && kept.filter((entry) => !entry.acked).forEach(transmit), 3000);
  function send(message, answered) {
    const entry = { message: { id: `h-${++ids}`, ...message }, answered };
    kept.push(entry);
    if (live) transmit(entry);
  }

  function receive({ type, kind, id, re, p, ...envelope }) {
    if (type === "hello") return hello(id);
    if (envelope.session !== session) return; // a page that is gone
    for (const entry of kept) entry.acked ||= entry.seq <= envelope.ack;
    const asked = kept.find((entry) => entry.message.id === re);
    const fresh = envelope.seq > 0 && envelope.seq === received + 1; // otherwise: had it, or a gap
    const waits = type === "call.perform" && p?.value?.state === "pending"; // for the INVITE; another reply follows
    kept = kept.filter((entry) => !entry.acked || (entry.answered && (entry !== asked || waits || !fresh)));
    if (fresh) received = envelope.seq;
    if (fresh && asked && !waits) asked.answered?.(p);
    if (fresh && kind !== "reply") said(type, kind, id, p);
    if (envelope.seq > 0) write({ type: "ack", kind: "event", p: {} }, 0);
  }

  function hello(re) { // a page came up: a new session, and what it has to know. Replies were for the page before.
    if (greeting?.re === re) return live || write(greeting, 1); // the same page, which has heard nothing yet, or a late copy
    [session, seq, received, live] = [`s-${++ids}-${Date.now()}`, 1, 0, false];
    kept = kept.filter(({ message }) => message.kind !== "reply");
    for (const entry of kept) entry.seq = entry.acked = undefined;
    greeting = { type: "welcome", kind: "reply", id: `h-${++ids}`, re, p: { ok: true, value: { protocol: 1, session, ...welcome() } } };
    write(greeting, 1);
  }

  function said(type, kind, re, p) {
    const reply = (value) => send({ type, kind: "reply", re, p: { ok: true, value } });
    if (type === "ready") (live = true), kept.forEach(transmit);
    else if (type === "ping") send({ type: "pong", kind: "reply", re, p: { ok: true, value: { at: Date.now() } } });
    else if (take(type, p, reply) === false && kind === "request")
      send({ type, kind: "reply", re, p: { ok: false, error: { code: "unknownType", message: "", retryable: false } } });
  }

  return {
    port,
    event: (type, p) => send({ type, kind: "event", p }),
    request: (type, p) => new Promise((resolve) => send({ type, kind: "request", p, deadlineMs: 10_000 }, resolve)),
    close: () => clearInterval(repeat),
  };
}
