// One call's audio in a page: a peer connection, a microphone, a loudspeaker.
//
// Narrow and free of imports on purpose: the engine's page driver and a host written in JavaScript use this same
// file. Commands come in, events go out, and both are the list of `src/io/media.rs`. Nothing is touched at import.

/**
 * @typedef {{ urls: string | string[], username?: string, credential?: string }} IceServer
 * @typedef {"noMicrophone" | "permissionDenied" | "insecureContext" | "unsupported" | "badDescription" | "connectionLost" | "other"} MediaFailure
 * @typedef {"sendrecv" | "sendonly" | "recvonly" | "inactive"} Direction
 * @typedef {({ type: "described", sdp: string } | { type: "applied" } | { type: "dtmfSent" } | { type: "connected", connected: boolean } | { type: "failed", reason: MediaFailure }) & { number?: number }} MediaEvent
 * @typedef {{ iceServers?: IceServer[], gatheringLimitMs?: number, firstUsableCandidate?: boolean, testToneHz?: number, microphone?: boolean }} MediaOptions
 */

// Everything that was ever opened here and is not known to be over: what the counters look at. They ask the
// browser's own objects, so that a forgotten track shows.
/** @type {Set<RTCPeerConnection>} */
const connections = new Set();
/** @type {Set<MediaStreamTrack>} */
const tracks = new Set();
/** @type {Set<AudioContext>} */
const contexts = new Set();
const timers = new Set();
/** The application's own audio source, if it has set one. @type {MediaStream | null} */
let source = null;

/** What is open at this moment. @returns {{ peerConnections: number, liveTracks: number, audioContexts: number, timers: number }} */
export function mediaCounters() {
  for (const pc of connections) if (pc.signalingState === "closed") connections.delete(pc);
  for (const track of tracks) if (track.readyState !== "live") tracks.delete(track);
  for (const context of contexts) if (context.state === "closed") contexts.delete(context);
  return { peerConnections: connections.size, liveTracks: tracks.size, audioContexts: contexts.size, timers: timers.size };
}

/** Sessions opened from now on send this stream's audio instead of asking for a microphone; null: ask again. @param {MediaStream | null} stream */
export function setMicrophone(stream) {
  source = stream;
}

/** @param {unknown} error @returns {MediaFailure} */
function microphoneFailure(error) {
  const name = error instanceof Error || error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "permissionDenied";
  return name === "TypeError" ? "other" : "noMicrophone";
}

/**
 * Whether the far end can be expected to reach us there. Behind configured servers that is what they told us about;
 * without any, a first address of our own is as good as what follows.
 * @param {RTCIceCandidate} candidate @param {boolean} servers
 */
function usable(candidate, servers) {
  const words = candidate.candidate.split(" ");
  const kind = words[7];
  return (words[2] ?? "").toLowerCase() === "udp" ? kind === "srflx" || kind === "relay" || (!servers && kind === "host") : kind === "relay";
}

/** Whose description it is. @param {string} sdp */
const fingerprint = (sdp) => /^a=fingerprint:.*/m.exec(sdp)?.[0];

/**
 * Opens a session and its microphone. Never throws: what goes wrong is an event, and no event comes before this returns
 * or after `close()`.
 * @param {MediaOptions} options @param {(event: MediaEvent) => void} onEvent
 */
export function createMedia(options, onEvent) {
  return new Media(options ?? {}, onEvent);
}

class Media {
  #options;
  #onEvent;
  /** @type {RTCPeerConnection | null} */
  #pc = null;
  #closed = false;
  #failed = false;
  #muted = false;
  #usable = false;
  #connected = false;
  /** The last answer taken: a repeated one is no error. */
  #answer = "";
  /** The latest provisional answer of a fork that has to wait until the one that is heard is gone. */
  #fork = "";
  /** What the next descriptions say, and what the last agreed ones said. @type {Direction} */
  #direction = "sendrecv";
  /** @type {Direction} */
  #agreed = "sendrecv";
  /** Digits run one after the other, beside the commands. @type {Promise<unknown>} */
  #digits = Promise.resolve();
  /** Ends the wait for the digits that are being sent. @type {(() => void) | null} */
  #sent = null;
  /** @type {(() => void) | null} */
  #gathered = null;
  /** @type {HTMLAudioElement | null} */
  #audio = null;
  /** @type {AudioContext | null} */
  #context = null;
  /** @type {MediaStreamTrack | null} */
  #track = null;
  /** @type {RTCRtpSender | null} */
  #sender = null;
  /** @type {(() => void) | null} */
  #gesture = null;
  /** @type {Promise<MediaStreamTrack | void>} */
  #microphone = new Promise(() => {});
  /** Commands run one after the other. @type {Promise<unknown>} */
  #queue;
  /** The number of the one that runs. @type {number | undefined} */
  #number;
  /** What the far end sends. @type {MediaStream | null} */
  remoteStream = null;
  /** What we send. @type {MediaStream | null} */
  localStream = null;

  /** @param {MediaOptions} options @param {(event: MediaEvent) => void} onEvent */
  constructor(options, onEvent) {
    this.#options = options;
    this.#onEvent = onEvent;
    this.#queue = Promise.resolve();
    if (typeof RTCPeerConnection === "undefined" || typeof MediaStream === "undefined") {
      this.#run(() => this.#fail("unsupported"));
      return;
    }
    try {
      this.#pc = new RTCPeerConnection({ iceServers: options.iceServers ?? [] });
    } catch {
      this.#run(() => this.#fail("other"));
      return;
    }
    connections.add(this.#pc);
    this.remoteStream = new MediaStream();
    this.localStream = new MediaStream();
    this.#watch(this.#pc);
    // Before a call is answered nobody listens: `microphone()` opens it.
    if (options.microphone === false) this.#microphone = Promise.resolve();
    else this.#ask();
  }

  /**
   * What the next descriptions say about the audio. On hold, where nothing is to be received, the microphone is silent at once.
   * @param {Direction} direction
   */
  direction(direction) {
    this.#direction = direction;
    this.#sound();
  }

  /** Opens the microphone of a session that was made without: `applied` or `failed` follows, with this number. @param {number} [number] */
  microphone(number = 0) {
    this.#run(async () => {
      if (!this.#track) this.#ask();
      const track = await this.#microphone;
      if (track && !this.#closed) await this.#sender?.replaceTrack(track);
      this.#reply({ type: "applied" });
    }, number);
  }

  /** Makes an offer: `described` or `failed` follows, with this number. @param {boolean} [restart] whether ICE starts anew @param {number} [number] */
  offer(restart, number = 0) {
    this.#run(async (pc) => {
      await this.#settle(pc);
      await this.#send(pc);
      this.#direct(pc);
      const offer = await pc.createOffer({ iceRestart: !!restart });
      if (restart) this.#usable = false;
      await pc.setLocalDescription(offer);
      await this.#describe(pc, restart);
    }, number);
  }

  /** Takes a remote offer and makes the answer: `described` or `failed` follows, with this number. @param {string} sdp @param {number} [number] */
  accept(sdp, number = 0) {
    this.#run(async (pc) => {
      await this.#settle(pc);
      // Theirs is to be answered, whatever became of ours.
      await this.#rollback(pc);
      if (!(await this.#remote(pc, { type: "offer", sdp }))) return;
      try {
        // Only audio is wanted.
        for (const transceiver of pc.getTransceivers()) {
          if (transceiver.receiver.track.kind !== "audio") transceiver.direction = "inactive";
        }
        await this.#send(pc);
        this.#direct(pc);
        const ufrag = pc.currentLocalDescription?.sdp.match(/^a=ice-ufrag:.*/m)?.[0];
        const answer = await pc.createAnswer();
        // Where they restart ICE, so does the browser.
        const restart = !!ufrag && !answer.sdp?.includes(ufrag);
        if (restart) this.#usable = false;
        await pc.setLocalDescription(answer);
        this.#agreed = this.#direction;
        await this.#describe(pc, restart);
      } catch (error) {
        // The session is as before the offer; why, the queue says.
        await this.#rollback(pc);
        throw error;
      }
    }, number);
  }

  /**
   * Takes the remote answer: `applied` or `failed` follows. A provisional one gives way to a later one of its fork, and
   * to the answer that is not provisional, of whatever fork. Of several forks the first is heard as long as its
   * connection lives, then the latest: a browser has one connection for them all, and would end the one for the other.
   * After an answer of a fork that was not heard it takes seconds to change over; an offer that restarts ICE does it at once.
   * @param {string} sdp @param {boolean} [provisional] @param {number} [number] of what follows
   */
  setAnswer(sdp, provisional, number = 0) {
    this.#run(async (pc) => {
      const waits = provisional && pc.signalingState === "have-remote-pranswer" && this.#heard(pc) && fingerprint(sdp) !== fingerprint(this.#answer);
      this.#fork = waits ? sdp : "";
      if (!waits && !(await this.#answered(pc, sdp, provisional))) return;
      this.#reply({ type: "applied" });
    }, number);
  }

  /** Our last offer was refused: the session is as before it. Nothing follows. */
  rollback() {
    this.#run(async (pc) => {
      await this.#settle(pc);
      const wanted = this.#direction;
      this.#direction = this.#agreed;
      this.#direct(pc);
      // Chromium goes by the last offer, even one that was rolled back: so the last one is like the session.
      if (wanted !== this.#agreed && pc.signalingState === "have-local-offer") await pc.setLocalDescription(await pc.createOffer());
      await this.#rollback(pc);
      this.#sound();
    });
  }

  /**
   * Sends telephone events (RFC 4733), after those that are being sent: `dtmfSent` follows, or `failed` with
   * `unsupported`, after which the session goes on.
   * @param {string} digits `0` to `9`, `*`, `#`, `A` to `D`; `,` is a pause of two seconds
   * @param {number} [durationMs] 40 to 6000; default 100 @param {number} [gapMs] 30 to 6000; default 70
   * @param {number} [number] of what follows
   */
  dtmf(digits, durationMs = 100, gapMs = 70, number = 0) {
    this.#digits = this.#digits.then(async () => {
      const dtmf = this.#sender?.dtmf;
      const sent =
        !this.#closed &&
        dtmf?.canInsertDTMF &&
        (await new Promise((resolve) => {
          const each = Math.max(durationMs + gapMs, 2000);
          const end = (/** @type {boolean} */ sent) => {
            this.#stop(timer);
            dtmf.ontonechange = this.#sent = null;
            resolve(sent);
          };
          const timer = this.#after(digits.length * each + 5000, () => end(false));
          this.#sent = () => end(false);
          dtmf.ontonechange = ({ tone }) => tone || end(true);
          try {
            dtmf.insertDTMF(digits, durationMs, gapMs);
          } catch {
            end(false);
          }
        }));
      this.#tell(sent ? { type: "dtmfSent", number } : { type: "failed", reason: "unsupported", number });
    });
  }

  /** Stops or starts sending the microphone. @param {boolean} on */
  mute(on) {
    this.#muted = on;
    this.#sound();
  }

  /** Sends this stream's audio from now on. The stream stays the caller's. @param {MediaStream} stream */
  setMicrophone(stream) {
    this.#run(async () => {
      const track = stream.getAudioTracks()[0]?.clone();
      if (!track) return;
      await this.#microphone;
      if (this.#closed) return track.stop();
      this.#drop();
      this.#take(track);
      await this.#sender?.replaceTrack(track);
    });
  }

  /** Ends everything this session opened. */
  close() {
    if (this.#closed) return;
    this.#closed = true;
    this.#gathered?.();
    this.#sent?.();
    this.#drop();
    const pc = this.#pc;
    if (pc) {
      pc.ontrack = pc.onicecandidate = pc.onicegatheringstatechange = pc.onconnectionstatechange = null;
      for (const receiver of pc.getReceivers()) receiver.track.stop();
      pc.close();
    }
    if (this.#audio) {
      this.#audio.pause();
      this.#audio.srcObject = null;
      this.#audio = null;
    }
    this.#gesture?.();
    mediaCounters();
  }

  /** @param {MediaEvent} event */
  #tell(event) {
    if (!this.#closed) this.#onEvent(event);
  }

  /** Without a microphone or WebRTC there is nothing to go on with: this failure is the last word. @param {MediaFailure} reason */
  #fail(reason) {
    if (this.#failed) return;
    this.#failed = true;
    this.#tell({ type: "failed", reason });
  }

  /** Tells what the command that runs asked for. Of one that nobody waits for, nothing is told. @param {MediaEvent} event */
  #reply(event) {
    const number = this.#number;
    if (number !== undefined) this.#tell({ ...event, number });
  }

  /** @param {(pc: RTCPeerConnection) => unknown} command @param {number} [number] where something follows */
  #run(command, number) {
    this.#queue = this.#queue
      .then(() => {
        this.#number = number;
        return this.#closed || this.#failed ? undefined : command(/** @type {RTCPeerConnection} */ (this.#pc));
      })
      // What one command could not do, another may: the session goes on, unless it has failed as a whole.
      .catch(() => this.#failed || this.#reply({ type: "failed", reason: "other" }));
  }

  /** @param {number} ms @param {() => void} action */
  #after(ms, action) {
    const timer = setTimeout(action, ms);
    timers.add(timer);
    return timer;
  }

  /** @param {ReturnType<typeof setTimeout>} timer */
  #stop(timer) {
    clearTimeout(timer);
    timers.delete(timer);
  }

  /** Whether the microphone is to be heard. */
  #sound() {
    if (this.#track) this.#track.enabled = !this.#muted && this.#direction.includes("recv");
  }

  /** Says in the next description what is wanted; an answer is narrowed by the browser itself. @param {RTCPeerConnection} pc */
  #direct(pc) {
    for (const transceiver of pc.getTransceivers()) {
      if (transceiver.receiver.track.kind === "audio" && transceiver.direction !== "stopped") transceiver.direction = this.#direction;
    }
  }

  /** A browser takes no offer over a provisional answer, and no rollback: that answer is then the answer. @param {RTCPeerConnection} pc */
  async #settle(pc) {
    if (pc.signalingState === "have-remote-pranswer") await pc.setRemoteDescription({ type: "answer", sdp: this.#answer });
  }

  /** @param {RTCPeerConnection} pc */
  async #rollback(pc) {
    if (pc.signalingState === "have-local-offer") await pc.setLocalDescription({ type: "rollback" });
    else if (pc.signalingState === "have-remote-offer") await pc.setRemoteDescription({ type: "rollback" });
  }

  /** @param {RTCPeerConnection} pc */
  #watch(pc) {
    const servers = (this.#options.iceServers ?? []).length > 0;
    pc.onicecandidate = ({ candidate }) => {
      if (candidate?.candidate && usable(candidate, servers)) {
        this.#usable = true;
        if (this.#options.firstUsableCandidate !== false) this.#gathered?.();
      }
    };
    pc.onicegatheringstatechange = () => {
      if (pc.iceGatheringState === "complete") this.#gathered?.();
    };
    pc.ontrack = ({ track }) => {
      if (track.kind !== "audio") return;
      tracks.add(track);
      this.remoteStream?.addTrack(track);
      this.#play();
    };
    pc.onconnectionstatechange = () => {
      const state = pc.connectionState;
      const connected = state === "connected";
      if (connected !== this.#connected && (connected || state === "disconnected" || state === "failed")) {
        this.#connected = connected;
        this.#tell({ type: "connected", connected });
      }
      if (this.#fork && !this.#heard(pc)) {
        const waiting = this.#fork;
        this.#fork = "";
        this.#run(() => pc.signalingState === "have-remote-pranswer" && this.#answered(pc, waiting, true));
      }
      // An offer that restarts ICE may yet repair it.
      if (state === "failed") this.#tell({ type: "failed", reason: "connectionLost" });
    };
  }

  /** Without a sink the browser decodes nothing. */
  #play() {
    if (this.#audio || typeof Audio === "undefined") return;
    const audio = new Audio();
    this.#audio = audio;
    audio.autoplay = true;
    audio.srcObject = this.remoteStream;
    audio.play()?.catch(() => this.#onGesture(() => void audio.play()?.catch(() => {})));
  }

  /** Where the browser wants a tap before it makes sound, the next one does. @param {() => void} action */
  #onGesture(action) {
    if (this.#closed || this.#gesture || typeof document === "undefined") return;
    const names = ["pointerdown", "keydown"];
    const off = () => names.forEach((name) => document.removeEventListener(name, run, true));
    const run = () => {
      off();
      this.#gesture = null;
      action();
    };
    this.#gesture = off;
    names.forEach((name) => document.addEventListener(name, run, true));
  }

  /** Rejects with a `MediaFailure`. @returns {Promise<MediaStreamTrack>} */
  async #openMicrophone() {
    /** @type {MediaFailure} */
    let reason = "noMicrophone";
    /** @type {MediaStreamTrack | undefined} */
    let track = source?.getAudioTracks()[0]?.clone();
    if (!track) {
      const devices = globalThis.navigator?.mediaDevices;
      try {
        if (devices?.getUserMedia) track = (await devices.getUserMedia({ audio: true })).getAudioTracks()[0];
        else if (!globalThis.isSecureContext) reason = "insecureContext";
      } catch (error) {
        reason = microphoneFailure(error);
      }
    }
    const hertz = this.#options.testToneHz ?? 0;
    if (!track && hertz > 0 && reason !== "permissionDenied") track = this.#tone(hertz);
    if (!track) throw reason;
    // The call may have ended while the prompt was open.
    if (this.#closed) track.stop();
    else this.#take(track);
    return track;
  }

  /** @param {number} hertz @returns {MediaStreamTrack | undefined} */
  #tone(hertz) {
    if (this.#closed || typeof AudioContext === "undefined") return undefined;
    const context = new AudioContext();
    this.#context = context;
    contexts.add(context);
    const oscillator = context.createOscillator();
    const gain = context.createGain();
    const output = context.createMediaStreamDestination();
    oscillator.frequency.value = hertz;
    gain.gain.value = 0.25;
    oscillator.connect(gain).connect(output);
    oscillator.start();
    if (context.state === "suspended") this.#onGesture(() => void context.resume().catch(() => {}));
    return output.stream.getAudioTracks()[0];
  }

  /** @param {MediaStreamTrack} track */
  #take(track) {
    tracks.add(track);
    this.#track = track;
    this.#sound();
    this.localStream?.addTrack(track);
  }

  /** Gives the microphone, or what stood for it, back. */
  #drop() {
    if (this.#track) {
      this.localStream?.removeTrack(this.#track);
      this.#track.stop();
      this.#track = null;
    }
    this.#context?.close().then(mediaCounters, () => {});
    this.#context = null;
  }

  /**
   * A remote offer is read while the user still looks at the permission prompt; the track is awaited where it is needed.
   * A refusal is told at once.
   */
  #ask() {
    const track = this.#openMicrophone();
    track.catch((reason) => this.#fail(reason));
    this.#microphone = track;
  }

  /** @param {RTCPeerConnection} pc */
  async #send(pc) {
    // A refused microphone has been told already; what it rejects with here only ends the command.
    await this.#microphone;
    if (this.#sender || !this.localStream) return;
    if (this.#track) {
      this.#sender = pc.addTrack(this.#track, this.localStream);
      return;
    }
    // Both ways are described, and nothing is sent until there is a microphone.
    const theirs = pc.getTransceivers().find(({ receiver, direction }) => receiver.track.kind === "audio" && direction !== "stopped");
    this.#sender = (theirs ?? pc.addTransceiver("audio")).sender;
    this.#sender.setStreams?.(this.localStream);
  }

  /** Whether the connection to whom we hear lives. @param {RTCPeerConnection} pc */
  #heard(pc) {
    const state = this.#sender?.transport?.state ?? pc.connectionState;
    return state === "connected";
  }

  /** @param {RTCPeerConnection} pc @param {string} sdp @param {boolean} [provisional] */
  async #answered(pc, sdp, provisional) {
    const repeated = pc.signalingState === "stable" && sdp === this.#answer;
    if (!repeated && !(await this.#remote(pc, { type: provisional ? "pranswer" : "answer", sdp }))) return false;
    this.#answer = sdp;
    if (!provisional) this.#agreed = this.#direction;
    return true;
  }

  /** @param {RTCPeerConnection} pc @param {RTCSessionDescriptionInit} description */
  async #remote(pc, description) {
    try {
      await pc.setRemoteDescription(description);
      return true;
    } catch {
      this.#reply({ type: "failed", reason: "badDescription" });
      return false;
    }
  }

  /** @param {RTCPeerConnection} pc @param {boolean} [restart] */
  async #describe(pc, restart) {
    const first = this.#options.firstUsableCandidate !== false;
    if (this.#closed) return;
    // A restart's state is still that of the gathering before.
    if ((restart || pc.iceGatheringState !== "complete") && !(first && this.#usable)) {
      await new Promise((resolve) => {
        const timer = this.#after(this.#options.gatheringLimitMs ?? 1000, () => this.#gathered?.());
        this.#gathered = () => {
          this.#gathered = null;
          this.#stop(timer);
          resolve(undefined);
        };
      });
    }
    if (!this.#failed) this.#reply({ type: "described", sdp: pc.localDescription?.sdp ?? "" });
  }
}
