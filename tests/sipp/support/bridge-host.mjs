// A host on a port of the engine: the native side of the bridge, as much of it as tests need. Runs in Node and in pages.

/**
 * The port to give to Endpoint.start as `host`. `answer(message, reply, tell)` may answer a request: it says whether it did.
 * @param welcome what the host says of itself
 */
export function bridgeHost({ capabilities = [], tokens = [], answer = () => false } = {}) {
  const session = "tests";
  let [seq, received, ids] = [0, 0, 0];
  let acknowledge = null;
  /** What came, and what else is told or asked. */
  const port = { onmessage: null, post, posted: [], send: (type, kind, p, more) => numbered({ type, kind, p, ...more }) };

  function tell(fields) {
    const envelope = { v: 1, id: `h${(ids += 1)}`, session, seq: 0, ack: received, at: Date.now(), ...fields };
    setTimeout(() => port.onmessage?.(JSON.stringify(envelope)), 0);
  }
  const numbered = (fields) => tell({ ...fields, seq: (seq += 1) });
  const reply = (re, type, value) => numbered({ type, kind: "reply", re, p: { ok: true, value } });
  const event = (type, p) => numbered({ type, kind: "event", p });

  function post(text) {
    const message = JSON.parse(text);
    if (message.type === "hello") {
      reply(message.id, "welcome", {
        protocol: 1, session, instance: "urn:uuid:4edc28df-0cf9-49c8-97c0-294ab07ca4b9", capabilities, callUi: "none", lockdown: false,
        host: { name: "tests", version: "1", os: "none", osVersion: "1", device: "none" }, snapshot: { tokens, calls: [], pushes: [] },
      });
      return;
    }
    if (message.seq === received + 1) {
      received = message.seq;
      port.posted.push(message);
      if (message.kind === "request" && !answer(message, reply, event)) {
        numbered({ type: message.type, kind: "reply", re: message.id, p: { ok: false, error: { code: "unknownType", message: "not here", retryable: false } } });
      }
    }
    acknowledge ??= setTimeout(() => {
      acknowledge = null;
      tell({ type: "ack", kind: "event", p: {} });
    }, 20);
  }
  return port;
}
