// A simulated CallKit: the list of calls as the system sees them, and the actions that the user starts.
// It knows nothing of SIP, pages or pushes; like the real one it only ever talks to the native side.

/** The system stops an unanswered call by itself, as an ordinary end action. */
const RING_LIMIT_MS = 60_000;
/** How long "Call ended" stays on the glass. */
const FAREWELL_MS = 1600;

/**
 * `onAction({ id, uuid, action, on?, digits?, origin })` is told what the user wants; answer it with `fulfil` or `fail`.
 * `onChange()` follows every change.
 */
export function createCallKit({ onAction, onChange }) {
  /** Every call there ever was, in the order of their reports. */
  const calls = [];
  const actions = new Map();
  let nextAction = 1;

  const find = (uuid) => calls.find((call) => call.uuid === uuid);
  const live = () => calls.filter((call) => !call.endedAt);

  /** The call the glass shows: one that rings, one that lives, or the last one for a moment longer. */
  function shown() {
    const last = live().find((call) => call.state === "ringing") ?? live()[0] ?? calls.at(-1);
    return last && (!last.endedAt || last.shownUntil > Date.now()) ? last : undefined;
  }

  /** `reportNewIncomingCall`. Returns why the system refuses, or nothing. */
  function report({ uuid, name, detail, video = false }) {
    if (find(uuid)) return "uuidExists";
    const call = { uuid, name, detail, video, state: "ringing", outgoing: false, muted: false, reportedAt: Date.now() };
    call.limit = setTimeout(() => call.state === "ringing" && perform(uuid, "end", { origin: "system" }), RING_LIMIT_MS);
    calls.push(call);
    onChange();
    return undefined;
  }

  /** A `CXStartCallAction` that the app asks for. */
  function start({ uuid, name, detail, video = false }) {
    calls.push({ uuid, name, detail, video, state: "calling", outgoing: true, muted: false, reportedAt: Date.now() });
    perform(uuid, "start", { origin: "app" });
  }

  /** `reportOutgoingCall(with:connectedAt:)`. */
  function connected(uuid, connectedAt) {
    const call = find(uuid);
    if (call && !call.endedAt) Object.assign(call, { state: "active", connectedAt });
    onChange();
  }

  /** `reportCall(with:updated:)`. */
  function update(uuid, { name, detail }) {
    const call = find(uuid);
    if (!call) return;
    if (name) call.name = name;
    if (detail) call.detail = detail;
    onChange();
  }

  /** `reportCall(with:endedAt:reason:)`, or the end of an end action. */
  function end(uuid, reason) {
    const call = find(uuid);
    if (!call || call.endedAt) return;
    clearTimeout(call.limit);
    const wasUp = call.state !== "ringing" && call.state !== "calling";
    Object.assign(call, { state: "ended", endedAt: Date.now(), reason, shownUntil: wasUp ? Date.now() + FAREWELL_MS : 0 });
    for (const [id, action] of actions) if (action.uuid === uuid) actions.delete(id);
    setTimeout(onChange, FAREWELL_MS + 20);
    onChange();
  }

  /** What a button does: an action begins, and the native side has to fulfil or fail it. */
  function perform(uuid, action, { origin = "user", ...rest } = {}) {
    const call = find(uuid);
    if (!call || call.endedAt) return false;
    const id = `action-${nextAction++}`;
    actions.set(id, { id, uuid, action, ...rest });
    if (action === "answer") {
      clearTimeout(call.limit);
      Object.assign(call, { state: "answering", answeredAt: Date.now() });
    }
    onAction({ id, uuid, action, origin, ...rest });
    onChange();
    return true;
  }

  /** `action.fulfill()`. Returns the call that has the audio from now on, if it was answered or started. */
  function fulfil(id, connectedAt) {
    const action = actions.get(id);
    if (!action) return undefined;
    actions.delete(id);
    const call = find(action.uuid);
    if (!call || call.endedAt) return undefined;
    if (action.action === "answer") Object.assign(call, { state: "active", connectedAt: connectedAt ?? Date.now() });
    if (action.action === "mute") call.muted = true;
    if (action.action === "unmute") call.muted = false;
    if (action.action === "hold") call.held = true;
    if (action.action === "unhold") call.held = false;
    if (action.action === "end") end(action.uuid, "local");
    onChange();
    return action.action === "answer" || action.action === "start" ? call : undefined;
  }

  /** `providerDidReset`: the system has forgotten every call. */
  function reset() {
    actions.clear();
    for (const call of live()) end(call.uuid, "failed");
  }

  /** `action.fail()`: a start or an answer that failed is a call that failed. */
  function fail(id) {
    const action = actions.get(id);
    if (!action) return;
    actions.delete(id);
    if (action.action === "answer" || action.action === "start") end(action.uuid, "failed");
    if (action.action === "dtmf") (find(action.uuid) ?? {}).toneless = true;
    onChange();
  }

  return { calls, find, live, shown, report, start, connected, reset, update, end, perform, fulfil, fail };
}
