// WebRTC's statistics of a call, in short: what a person who looks at a call wants to know.

/** The report before, by call: rates are of the time between two. @type {WeakMap<object, Map<string, { at: number, bytes: number }>>} */
const before = new WeakMap();

/**
 * @param {object} call whose it is @param {any[]} raw WebRTC's dictionaries
 */
export function summary(call, raw) {
  const byId = new Map(raw.map((entry) => [entry.id, entry]));
  const last = before.get(call);
  const now = new Map();
  before.set(call, now);
  /** What only some streams have is left out where it is not there. @param {any} stream */
  const compact = (stream) => Object.fromEntries(Object.entries(stream).filter(([, value]) => value !== undefined));
  const seconds = (/** @type {number | undefined} */ value) => (value === undefined ? undefined : Math.round(value * 1000));
  /** @param {any} entry @param {any} far what the far end says of it */
  const stream = (entry, far) => {
    const received = entry.type === "inbound-rtp";
    const bytes = (received ? entry.bytesReceived : entry.bytesSent) ?? 0;
    const since = last?.get(entry.id);
    now.set(entry.id, { at: entry.timestamp, bytes });
    const spent = since ? entry.timestamp - since.at : 0;
    return compact({
      codec: byId.get(entry.codecId)?.mimeType?.split("/")[1],
      packets: (received ? entry.packetsReceived : entry.packetsSent) ?? 0,
      bytes,
      lost: received ? entry.packetsLost : far?.packetsLost,
      jitterMs: seconds(received ? entry.jitter : far?.jitter),
      bitrate: spent > 0 && since ? Math.round(((bytes - since.bytes) * 8000) / spent) : undefined,
      frames: received ? entry.framesDecoded : entry.framesEncoded,
      framesPerSecond: entry.framesPerSecond,
      width: entry.frameWidth,
      height: entry.frameHeight,
    });
  };
  /** @type {any} */
  const found = { at: Math.round(raw.find(({ timestamp }) => timestamp)?.timestamp ?? Date.now()) };
  for (const entry of raw) {
    if (entry.type !== "inbound-rtp" && entry.type !== "outbound-rtp") continue;
    const kind = (found[entry.kind] ??= {});
    const far = byId.get(entry.remoteId);
    if (entry.type === "inbound-rtp") kind.received = stream(entry, far);
    else {
      kind.sent = stream(entry, far);
      found.roundTripMs = seconds(far?.roundTripTime) ?? found.roundTripMs;
    }
  }
  const transport = raw.find(({ type, selectedCandidatePairId }) => type === "transport" && selectedCandidatePairId);
  const pair = byId.get(transport?.selectedCandidatePairId) ?? raw.find(({ type, nominated, state }) => type === "candidate-pair" && nominated && state === "succeeded");
  const [local, remote] = [byId.get(pair?.localCandidateId), byId.get(pair?.remoteCandidateId)];
  found.roundTripMs = seconds(pair?.currentRoundTripTime) ?? found.roundTripMs;
  if (local && remote) found.path = { local: local.candidateType, remote: remote.candidateType, protocol: local.relayProtocol ?? local.protocol };
  return compact({ ...found, raw });
}
