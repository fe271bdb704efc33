// Microphones, cameras and loudspeakers of a page: which there are, which were chosen, and one of them in use by a
// session. Also what is open at all, for the counters. Nothing is touched at import.

/** @typedef {import("./media.js").MediaFailure} MediaFailure */
/** @typedef {"microphone" | "camera" | "speaker"} DeviceKind */

// Everything that was ever opened here and is not known to be over: what the counters look at. They ask the
// browser's own objects, so that a forgotten track shows.
/** @type {Set<RTCPeerConnection>} */
export const connections = new Set();
/** @type {Set<MediaStreamTrack>} */
export const tracks = new Set();
/** @type {Set<AudioContext>} */
const contexts = new Set();
export const timers = new Set();
/** Sessions that live: a device that is chosen is theirs at once. @type {Set<{ renew(kind: DeviceKind): unknown }>} */
export const sessions = new Set();
/** The application's own audio source, if it has set one. @type {MediaStream | null} */
let application = null;
/** The devices that were chosen; none: the default ones. @type {Partial<Record<DeviceKind, string | null>>} */
const chosen = {};
/** Who wants to know of devices. @type {Set<(lost?: { kind: DeviceKind, replaced: boolean }) => void>} */
const watchers = new Set();

/** What is open at this moment. @returns {{ peerConnections: number, liveTracks: number, audioContexts: number, timers: number }} */
export function mediaCounters() {
  for (const pc of connections) if (pc.signalingState === "closed") connections.delete(pc);
  for (const track of tracks) if (track.readyState !== "live") tracks.delete(track);
  for (const context of contexts) if (context.state === "closed") contexts.delete(context);
  return { peerConnections: connections.size, liveTracks: tracks.size, audioContexts: contexts.size, timers: timers.size };
}

/** Sessions opened from now on send this stream's audio instead of asking for a microphone; null: ask again. @param {MediaStream | null} stream */
export function setMicrophone(stream) {
  application = stream;
}

const devices = () => globalThis.navigator?.mediaDevices;
const noDevices = () => (globalThis.isSecureContext === false ? "insecureContext" : "unsupported");
const canChooseSpeaker = () => typeof HTMLMediaElement !== "undefined" && "setSinkId" in HTMLMediaElement.prototype;

/** The devices there are. Before the first permission a browser names none. Rejects with a `MediaFailure`. */
export async function listDevices() {
  const kinds = { audioinput: "microphone", videoinput: "camera", audiooutput: "speaker" };
  const there = devices();
  if (!there) throw noDevices();
  const list = [];
  for (const { kind, deviceId: id, label } of await there.enumerateDevices()) {
    const ours = /** @type {DeviceKind} */ (kinds[kind]);
    if (id) list.push({ kind: ours, id, label, selected: id === (chosen[ours] ?? "default") });
  }
  return list;
}

/**
 * Uses these devices from now on, in the sessions that live as well; null: the default one. Where one of them cannot be
 * used everything stays as it was, and it rejects with a `MediaFailure`.
 * @param {Partial<Record<DeviceKind, string | null>>} wanted
 */
export async function chooseDevices(wanted) {
  const kinds = /** @type {DeviceKind[]} */ (Object.keys(wanted).filter((kind) => wanted[kind] !== undefined));
  if (kinds.includes("speaker") && !canChooseSpeaker()) throw "unsupported";
  heedDevices();
  const before = { ...chosen };
  for (const kind of kinds) chosen[kind] = wanted[kind];
  const renew = [...sessions].flatMap((session) => kinds.map((kind) => async () => session.renew(kind)));
  const done = await Promise.allSettled(renew.map((one) => one()));
  const failed = done.find(({ status }) => status === "rejected");
  if (!failed) return;
  Object.assign(chosen, Object.fromEntries(kinds.map((kind) => [kind, before[kind] ?? null])));
  // What could not be changed has what it had.
  await Promise.allSettled(renew.filter((_, i) => done[i].status === "fulfilled").map((one) => one()));
  throw /** @type {PromiseRejectedResult} */ (failed).reason;
}

/** The loudspeaker that was chosen takes the sound of an element. @param {HTMLMediaElement} element */
export async function speak(element) {
  const id = chosen.speaker ?? "";
  if (!canChooseSpeaker() || element.sinkId === id) return;
  await element.setSinkId(id).catch(() => {
    throw "other";
  });
}

/** Tells of a device that went while it was in use, and after `heedDevices` when devices come and go. Returns what ends it. @param {(lost?: { kind: DeviceKind, replaced: boolean }) => void} watcher */
export function watchDevices(watcher) {
  watchers.add(watcher);
  return () => {
    watchers.delete(watcher);
    if (!watchers.size) devices()?.removeEventListener?.("devicechange", changed);
  };
}

/** From now on the browser is asked to tell when devices come and go: it looks at them for that, so nobody asks before it is wanted. */
export function heedDevices() {
  if (watchers.size) devices()?.addEventListener?.("devicechange", changed);
}

async function changed() {
  for (const watcher of watchers) watcher();
  if (!chosen.speaker) return;
  const list = await listDevices().catch(() => []);
  if (!list.some(({ id }) => id === chosen.speaker)) {
    chosen.speaker = null;
    const renewed = await Promise.allSettled([...sessions].map(async (session) => session.renew("speaker")));
    lost("speaker", renewed.every(({ status }) => status === "fulfilled"));
  }
}

/** @param {DeviceKind} kind @param {boolean} replaced */
function lost(kind, replaced) {
  for (const watcher of watchers) watcher({ kind, replaced });
}

/** @param {unknown} error @param {boolean} camera @returns {MediaFailure} */
function failure(error, camera) {
  const name = error instanceof Error || error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return camera ? "cameraDenied" : "permissionDenied";
  return name === "TypeError" && !camera ? "other" : camera ? "noCamera" : "noMicrophone";
}

/** What is asked for: the device that was chosen, or any. @param {DeviceKind} kind */
const wanted = (kind) => (chosen[kind] ? { deviceId: { exact: chosen[kind] } } : true);

/**
 * Asks for a microphone and a camera at once: one question to the user. What cannot be had this way is asked for apart.
 * @returns {Promise<MediaStream | null>}
 */
export async function askForBoth() {
  const there = devices();
  if (application || !there?.getUserMedia) return null;
  return there.getUserMedia({ audio: wanted("microphone"), video: wanted("camera") }).catch(() => null);
}

/** The microphone or the camera of one session. */
export class Source {
  /** @type {MediaStreamTrack | null} */
  track = null;
  /** What sends it. @type {RTCRtpSender | null} */
  sender = null;
  muted = false;
  held = false;
  #kind;
  #stream;
  #hertz;
  #closed = false;
  /** Whether somebody waits for it still. */
  #wanted = false;
  /** @type {AudioContext | null} */
  #context = null;
  /** @type {(() => void) | null} */
  #gesture = null;
  /** @type {Promise<MediaStreamTrack> | null} */
  #opened = null;

  /**
   * @param {"microphone" | "camera"} kind @param {MediaStream} stream where its track goes
   * @param {number} [hertz] where there is no microphone, a tone
   */
  constructor(kind, stream, hertz = 0) {
    this.#kind = kind;
    this.#stream = stream;
    this.#hertz = hertz;
  }

  /**
   * Its track, opened where it is not; rejects with a `MediaFailure`.
   * @param {Promise<MediaStream | null>} [asked] a stream that may have it @returns {Promise<MediaStreamTrack>}
   */
  open(asked) {
    this.#wanted = true;
    this.#opened ??= this.#open(asked);
    return this.#opened;
  }

  /** Sends this track from now on. @param {MediaStreamTrack} track @param {AudioContext | null} [context] what makes it */
  async take(track, context = null) {
    if (this.#closed) return track.stop();
    const before = this.#release();
    this.#context = context;
    tracks.add(track);
    this.track = track;
    this.#opened = Promise.resolve(track);
    this.sound();
    this.#stream.addTrack(track);
    track.onended = () => this.#lost(track);
    // A connection that is closed meanwhile never says that it has the new one: the device is not to wait for that.
    const replaced = this.sender?.replaceTrack(track);
    before?.stop();
    await replaced;
  }

  /** Uses the device that is chosen now, if it is in use at all. Rejects with a `MediaFailure`. */
  async renew() {
    if (!this.track || (application && this.#kind === "microphone")) return;
    const id = chosen[this.#kind];
    const track = await this.#device(true);
    // Another may have been chosen while the browser was opening this one.
    if (this.track && chosen[this.#kind] === id) await this.take(track);
    else track.stop();
  }

  /** Whether it is heard or seen. */
  sound() {
    if (this.track) this.track.enabled = !this.muted && !this.held;
  }

  /** Gives the device, or what stood for it, back. @param {boolean} [closed] for good */
  drop(closed = false) {
    this.#closed ||= closed;
    this.#wanted = false;
    this.#opened = null;
    this.#release()?.stop();
    if (!closed) void this.sender?.replaceTrack(null).catch(() => {});
    this.#gesture?.();
  }

  /** Leaves what is sent; whoever calls it stops the track. */
  #release() {
    const { track } = this;
    if (track) {
      track.onended = null;
      this.#stream.removeTrack(track);
    }
    this.track = null;
    this.#context?.close().then(mediaCounters, () => {});
    this.#context = null;
    return track;
  }

  /** @param {Promise<MediaStream | null>} [asked] */
  async #open(asked) {
    const camera = this.#kind === "camera";
    const stream = asked && (await asked);
    let track = (camera ? null : application?.getAudioTracks()[0]?.clone()) ?? this.#of(stream);
    /** @type {unknown} */
    let reason;
    if (!track) {
      try {
        track = await this.#device();
      } catch (error) {
        reason = error;
      }
    }
    /** @type {AudioContext | null} */
    let context = null;
    if (!track && this.#hertz > 0 && reason !== "permissionDenied" && !this.#closed && typeof AudioContext !== "undefined") {
      context = new AudioContext();
      track = this.#tone(context);
    }
    if (!track) {
      this.#opened = camera ? null : this.#opened;
      throw reason;
    }
    // The call may have ended while the prompt was open, or nobody wants it any more.
    if (this.#closed || !this.#wanted) {
      track.stop();
      context?.close().then(mediaCounters, () => {});
    } else await this.take(track, context);
    return track;
  }

  /** @param {MediaStream | null | undefined} stream */
  #of(stream) {
    return (this.#kind === "camera" ? stream?.getVideoTracks() : stream?.getAudioTracks())?.[0];
  }

  /** The device that was chosen, or where it is gone another one. @param {boolean} [exact] that one or none @returns {Promise<MediaStreamTrack>} */
  async #device(exact) {
    const there = devices();
    const camera = this.#kind === "camera";
    if (!there?.getUserMedia) throw globalThis.isSecureContext ? (camera ? "noCamera" : "noMicrophone") : camera ? "noCamera" : "insecureContext";
    const ask = (/** @type {boolean | object} */ what) => there.getUserMedia(camera ? { video: what } : { audio: what });
    try {
      const want = wanted(this.#kind);
      const stream = await ask(want).catch((error) => (want === true || exact ? Promise.reject(error) : ask(true)));
      return /** @type {MediaStreamTrack} */ (this.#of(stream));
    } catch (error) {
      throw failure(error, camera);
    }
  }

  /** The device is gone while it is in use: another one takes its place. @param {MediaStreamTrack} track */
  async #lost(track) {
    if (this.track !== track || this.#closed) return;
    const other = await this.#device().catch(() => null);
    if (this.track !== track || this.#closed) return other?.stop();
    if (other) await this.take(other);
    lost(this.#kind, !!other);
  }

  /** @param {AudioContext} context @returns {MediaStreamTrack | undefined} */
  #tone(context) {
    contexts.add(context);
    const oscillator = context.createOscillator();
    const gain = context.createGain();
    const output = context.createMediaStreamDestination();
    oscillator.frequency.value = this.#hertz;
    gain.gain.value = 0.25;
    oscillator.connect(gain).connect(output);
    oscillator.start();
    if (context.state === "suspended") this.#gesture = onGesture(() => void context.resume().catch(() => {}));
    return output.stream.getAudioTracks()[0];
  }
}

/** Where the browser wants a tap before it makes sound, the next one does. Returns what ends the wait. @param {() => void} action */
export function onGesture(action) {
  if (typeof document === "undefined") return null;
  const names = ["pointerdown", "keydown"];
  const off = () => names.forEach((name) => document.removeEventListener(name, run, true));
  const run = () => {
    off();
    action();
  };
  names.forEach((name) => document.addEventListener(name, run, true));
  return off;
}
