// One call's media in a page: a peer connection, a microphone, perhaps a camera, a loudspeaker.
//
// Narrow on purpose: the engine's page driver and a host written in JavaScript use this same file. Commands come in,
// events go out, and both are the list of `src/io/media.rs`. Nothing is touched at import.
import { Source, askForBoth, connections, mediaCounters, onGesture, sessions, speak, timers, tracks } from "./sources.js";

export { chooseDevices, heedDevices, listDevices, mediaCounters, setMicrophone, watchDevices } from "./sources.js";

/**
 * @typedef {{ urls: string | string[], username?: string, credential?: string }} IceServer
 * @typedef {"noMicrophone" | "permissionDenied" | "noCamera" | "cameraDenied" | "insecureContext" | "unsupported" | "badDescription" | "connectionLost" | "other"} MediaFailure
 * @typedef {"sendrecv" | "sendonly" | "recvonly" | "inactive"} Direction
 * @typedef {({ type: "described", sdp: string } | { type: "candidate", mid: string, ufrag: string, candidate: string } | { type: "gatheringDone" } | { type: "applied" } | { type: "dtmfSent" } | { type: "stats", report: string } | { type: "connected", connected: boolean } | { type: "failed", reason: MediaFailure }) & { number?: number }} MediaEvent
 * @typedef {{ iceServers?: IceServer[], video?: boolean, gatheringLimitMs?: number, firstUsableCandidate?: boolean, testToneHz?: number, microphone?: boolean, trickle?: boolean, ahead?: boolean }} MediaOptions
 */

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
 * Opens a session, its microphone and where wanted its camera; one made ahead only gathers candidates until it begins. Never throws: what goes wrong is an event, and no event comes before this returns
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
  /** The media lines that have a candidate that the far end can be expected to reach. @type {Set<string | null>} */
  #usable = new Set();
  /** Whether all candidates of the present generation are there, and whether those that come are told: after a description. */
  #complete = false;
  #tells = false;
  /** Those that came since the last description was told. @type {RTCIceCandidate[]} */
  #untold = [];
  #connected = false;
  /** Whether candidates were gathered ahead and wait for the first description. */
  #pooled = false;
  /** The last answer taken: a repeated one is no error. */
  #answer = "";
  /** The latest provisional answer of a fork that has to wait until the one that is heard is gone. */
  #fork = "";
  /** What the next descriptions say, and what the last agreed ones said. @type {Direction} */
  #direction = "sendrecv";
  /** The same of video; none: there is to be none. @type {Direction | undefined} */
  #video;
  /** @type {{ direction: Direction, video: Direction | undefined }} */
  #agreed = { direction: "sendrecv", video: undefined };
  /** Digits run one after the other, beside the commands. @type {Promise<unknown>} */
  #digits = Promise.resolve();
  /** Ends the wait for the digits that are being sent. @type {(() => void) | null} */
  #sent = null;
  /** @type {(() => void) | null} */
  #gathered = null;
  /** @type {HTMLAudioElement | null} */
  #audio = null;
  /** @type {(() => void) | null} */
  #gesture = null;
  /** @type {Source} */
  #microphone;
  /** Whether the microphone is to be open: before a call is answered nobody listens. */
  #speaks;
  /** @type {Source} */
  #camera;
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
    if (!options.ahead) this.begin(options);
    else if (typeof RTCPeerConnection !== "undefined") {
      try {
        this.#pc = new RTCPeerConnection({ iceServers: options.iceServers ?? [], iceCandidatePoolSize: 1 });
        connections.add(this.#pc);
      } catch {
        // Whoever begins the session is told.
      }
    }
  }

  /** Begins what was made ahead of its call. @param {MediaOptions} options */
  begin(options) {
    this.#options = options;
    if (this.#closed) return;
    if (typeof RTCPeerConnection === "undefined" || typeof MediaStream === "undefined") {
      this.#run(() => this.#fail("unsupported"));
      return;
    }
    this.#pooled = !!this.#pc;
    try {
      this.#pc ??= new RTCPeerConnection({ iceServers: options.iceServers ?? [] });
    } catch {
      this.#run(() => this.#fail("other"));
      return;
    }
    connections.add(this.#pc);
    sessions.add(this);
    this.remoteStream = new MediaStream();
    this.localStream = new MediaStream();
    this.#microphone = new Source("microphone", this.localStream, options.testToneHz);
    this.#camera = new Source("camera", this.localStream);
    this.#watch(this.#pc);
    if (options.video) this.#video = "sendrecv";
    this.#speaks = options.microphone !== false;
    const both = options.video && this.#speaks ? askForBoth() : undefined;
    if (this.#speaks) this.#ask(both);
    if (options.video) this.#camera.open(both).catch(() => {});
  }

  /**
   * What the next descriptions say about audio and video; without a direction of video there is none. On hold, where
   * nothing is to be received, what we send is silent and black at once. A camera that is not needed is given back at
   * once, one that is needed is opened.
   * @param {Direction} direction @param {Direction} [video]
   */
  direction(direction, video) {
    this.#direction = direction;
    this.#video = video || undefined;
    if (!this.#pc) return;
    // Where it is held as the audio is, our camera is wanted.
    if (video !== direction) this.#camera.drop();
    if (!video) this.#camera.sender = null;
    else if (video === direction && video.startsWith("send")) this.#camera.open().catch(() => {});
    this.#sound();
  }

  /** Opens the microphone of a session that was made without: `applied` or `failed` follows, with this number. @param {number} [number] */
  microphone(number = 0) {
    this.#run(async () => {
      this.#speaks = true;
      await this.#ask();
      this.#reply({ type: "applied" });
    }, number);
  }

  /** Makes an offer: `described` or `failed` follows, with this number. @param {boolean} [restart] whether ICE starts anew @param {number} [number] */
  offer(restart, number = 0) {
    this.#run(async (pc) => {
      await this.#settle(pc);
      await this.#send(pc);
      const gone = await this.#film(pc, true);
      this.#direct(pc);
      const offer = await pc.createOffer({ iceRestart: !!restart });
      this.#gathers(restart);
      await pc.setLocalDescription(offer);
      await this.#describe(pc, restart, gone);
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
        await this.#send(pc);
        const refused = await this.#film(pc);
        this.#direct(pc);
        const ufrag = pc.currentLocalDescription?.sdp.match(/^a=ice-ufrag:.*/m)?.[0];
        let answer = await pc.createAnswer();
        // Where they restart ICE, so does the browser.
        const restart = !!ufrag && !answer.sdp?.includes(ufrag);
        this.#gathers(restart);
        if (this.#pooled) {
          // Chromium throws them away with an answer, before it looks at them; a provisional one takes them.
          this.#pooled = false;
          await pc.setLocalDescription({ type: "pranswer", sdp: answer.sdp });
          await this.#search(pc);
          answer = await pc.createAnswer();
        }
        await pc.setLocalDescription({ type: "answer", sdp: without(refused, answer.sdp ?? "") });
        this.#agree(pc);
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

  /**
   * A candidate of the far end that came after its description; empty: there are no more. Nothing follows: one that cannot
   * be used is passed over.
   * @param {string} mid @param {string} ufrag @param {string} candidate
   */
  candidate(mid, ufrag, candidate) {
    this.#run((pc) => pc.addIceCandidate({ candidate, sdpMid: mid, usernameFragment: ufrag || undefined }).catch(() => {}));
  }

  /** Our last offer was refused: the session is as before it. Nothing follows. */
  rollback() {
    this.#run(async (pc) => {
      await this.#settle(pc);
      const wanted = this.#direction + this.#video;
      const { direction, video } = this.#agreed;
      this.direction(direction, video);
      await this.#film(pc, true);
      this.#direct(pc);
      // Chromium goes by the last offer, even one that was rolled back: so the last one is like the session.
      if (wanted !== direction + video && pc.signalingState === "have-local-offer") await pc.setLocalDescription(await pc.createOffer());
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
      const dtmf = this.#microphone?.sender?.dtmf;
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

  /** Stops or starts sending the microphone, or the camera. @param {boolean} on @param {boolean} [video] */
  mute(on, video) {
    const source = video ? this.#camera : this.#microphone;
    if (!source) return;
    source.muted = on;
    source.sound();
  }

  /** How it is doing: `stats` follows. @param {number} [number] */
  stats(number = 0) {
    const list = async () => JSON.stringify([.../** @type {any} */ (await /** @type {RTCPeerConnection} */ (this.#pc).getStats()).values()]);
    list().catch(() => "").then((report) => this.#tell({ type: "stats", report, number }));
  }

  /** Sends this stream's audio from now on. The stream stays the caller's. @param {MediaStream} stream */
  setMicrophone(stream) {
    this.#run(async () => {
      const track = stream.getAudioTracks()[0]?.clone();
      if (!track) return;
      if (this.#speaks) await this.#microphone.open();
      await this.#microphone.take(track);
    });
  }

  /** Uses the device that is chosen now. Rejects with a `MediaFailure`. @param {"microphone" | "camera" | "speaker"} kind */
  async renew(kind) {
    if (kind !== "speaker") return (kind === "camera" ? this.#camera : this.#microphone).renew();
    if (this.#audio) await speak(this.#audio);
  }

  /** Ends everything this session opened. */
  close() {
    if (this.#closed) return;
    this.#closed = true;
    this.#gathered?.();
    this.#sent?.();
    const pc = this.#pc;
    if (pc) {
      sessions.delete(this);
      this.#microphone?.drop(true);
      this.#camera?.drop(true);
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

  /** Whether what we send is to be heard and seen. */
  #sound() {
    for (const source of [this.#microphone, this.#camera]) {
      source.held = !this.#direction.includes("recv");
      source.sound();
    }
  }

  /** Offer and answer are exchanged. @param {RTCPeerConnection} pc */
  #agree(pc) {
    this.#agreed = { direction: this.#direction, video: filming(pc).length ? this.#video : undefined };
    // A picture that comes no more is nothing to show.
    const shown = filming(pc).filter(({ currentDirection }) => currentDirection?.includes("recv")).map(({ receiver }) => receiver.track);
    const stream = /** @type {MediaStream} */ (this.remoteStream);
    for (const track of stream.getVideoTracks()) if (!shown.includes(track)) stream.removeTrack(track);
    for (const track of shown) this.#receive(track);
  }

  /** @param {MediaStreamTrack} track */
  #receive(track) {
    tracks.add(track);
    this.remoteStream?.addTrack(track);
  }

  /** Says in the next description what is wanted; an answer is narrowed by the browser itself. @param {RTCPeerConnection} pc */
  #direct(pc) {
    for (const transceiver of pc.getTransceivers()) {
      if (transceiver.receiver.track.kind === "audio" && transceiver.direction !== "stopped") transceiver.direction = this.#direction;
    }
  }

  /**
   * The camera, and what the next description says of video: one line, whoever brought it. Without a camera it says what
   * is left; who asked is told. Resolves with the lines that are refused, or to go.
   * @param {RTCPeerConnection} pc @param {boolean} [offers]
   */
  async #film(pc, offers) {
    const all = filming(pc);
    // One that was rolled back has no line, and is of use in an offer only. Chromium confuses it with others once it is stopped.
    const transceiver = this.#video && (all.find(({ mid }) => mid !== null) ?? (offers ? all[0] : undefined));
    // A browser itself would end them for good, even where the description comes to nothing.
    const refused = all.filter((other) => other !== transceiver);
    for (const other of refused) other.direction = "inactive";
    if (!this.#video || (!transceiver && !offers)) return refused;
    let direction = this.#video;
    if (direction === this.#direction) {
      await this.#camera.open().catch((reason) => this.#tell({ type: "failed", reason: typeof reason === "string" ? reason : "other" }));
      if (this.#closed) return refused;
    }
    const { track } = this.#camera;
    if (!track) direction = direction.includes("recv") ? "recvonly" : "inactive";
    const line = transceiver ?? pc.addTransceiver("video", { direction });
    line.direction = direction;
    line.sender.setStreams?.(/** @type {MediaStream} */ (this.localStream));
    this.#camera.sender = line.sender;
    await line.sender.replaceTrack(track);
    return refused;
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

  /** A description is about to be made. What is found until it is told it has; with a restart nothing counts that was found before. @param {boolean} [restart] */
  #gathers(restart) {
    this.#tells = false;
    this.#untold = [];
    if (!restart) return;
    this.#usable.clear();
    this.#complete = false;
  }

  /** @param {RTCPeerConnection} pc */
  #watch(pc) {
    const servers = (this.#options.iceServers ?? []).length > 0;
    pc.onicecandidate = ({ candidate }) => {
      if (!candidate?.candidate) return;
      if (usable(candidate, servers)) {
        this.#usable.add(candidate.sdpMid);
        if (this.#options.firstUsableCandidate !== false && this.#reachable(pc)) this.#gathered?.();
      }
      this.#untold.push(candidate);
      this.#trickle("");
    };
    pc.onicegatheringstatechange = () => {
      if (pc.iceGatheringState !== "complete") return;
      this.#complete = true;
      this.#gathered?.();
      this.#trickle("");
    };
    pc.ontrack = ({ track }) => {
      this.#receive(track);
      if (track.kind === "audio") this.#play();
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
    speak(audio).catch(() => {});
    audio.play()?.catch(() => {
      if (!this.#closed) this.#gesture = onGesture(() => void audio.play()?.catch(() => {}));
    });
  }

  /**
   * A remote offer is read while the user still looks at the permission prompt; the track is awaited where it is needed.
   * A refusal is told at once.
   * @param {Promise<MediaStream | null>} [asked]
   */
  #ask(asked) {
    const opened = this.#microphone.open(asked);
    opened.catch((reason) => this.#fail(reason));
    return opened;
  }

  /** @param {RTCPeerConnection} pc */
  async #send(pc) {
    // A refused microphone has been told already; what it rejects with here only ends the command.
    if (this.#speaks) await this.#microphone.open();
    const { track, sender } = this.#microphone;
    const stream = this.localStream;
    if (sender || !stream) return;
    if (track) {
      this.#microphone.sender = pc.addTrack(track, stream);
      return;
    }
    // Both ways are described, and nothing is sent until there is a microphone.
    const theirs = pc.getTransceivers().find(({ receiver, direction }) => receiver.track.kind === "audio" && direction !== "stopped");
    this.#microphone.sender = (theirs ?? pc.addTransceiver("audio")).sender;
    this.#microphone.sender.setStreams?.(stream);
  }

  /** Whether the connection to whom we hear lives. @param {RTCPeerConnection} pc */
  #heard(pc) {
    const state = this.#microphone.sender?.transport?.state ?? pc.connectionState;
    return state === "connected";
  }

  /** @param {RTCPeerConnection} pc @param {string} sdp @param {boolean} [provisional] */
  async #answered(pc, sdp, provisional) {
    const repeated = pc.signalingState === "stable" && sdp === this.#answer;
    if (!repeated && !(await this.#remote(pc, { type: provisional ? "pranswer" : "answer", sdp }))) return false;
    this.#answer = sdp;
    if (!provisional) this.#agree(pc);
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

  /** Whether every media line that the far end may need a candidate for has one. @param {RTCPeerConnection} pc */
  #reachable(pc) {
    const lines = pc.getTransceivers().filter(({ mid, direction }) => mid !== null && direction !== "stopped");
    // Where they have agreed to it, one transport carries all.
    const bundled = /^a=group:BUNDLE/m.test(pc.remoteDescription?.sdp ?? "");
    return bundled ? this.#usable.size > 0 : lines.every(({ mid }) => this.#usable.has(mid));
  }

  /**
   * An answer is what the browser was given. A video line that is to go has port 0 in an offer (RFC 3264 8.2), and the
   * browser hears of it by the answer: a refusal leaves everything as it was.
   * @param {RTCPeerConnection} pc @param {boolean} [restart] @param {RTCRtpTransceiver[]} [gone]
   */
  async #describe(pc, restart, gone = []) {
    await this.#search(pc, restart);
    if (this.#failed || this.#closed) return;
    const sdp = without(gone, pc.localDescription?.sdp ?? "");
    this.#reply({ type: "described", sdp });
    this.#tells = !!this.#options.trickle;
    this.#trickle(sdp);
  }

  /** Tells the candidates that are found after a description, or that it has missed. @param {string} sdp */
  #trickle(sdp) {
    if (!this.#tells) return;
    for (const { candidate, sdpMid, usernameFragment } of this.#untold.splice(0)) {
      const known = sdp.includes(candidate.split(" ", 8).join(" "));
      if (!known) this.#tell({ type: "candidate", mid: sdpMid ?? "", ufrag: usernameFragment ?? "", candidate });
    }
    if (this.#complete) this.#tell({ type: "gatheringDone" });
  }

  /** Waits for the candidates that a description is to have. @param {RTCPeerConnection} pc @param {boolean} [restart] */
  async #search(pc, restart) {
    const first = this.#options.firstUsableCandidate !== false;
    if (this.#closed) return;
    // A restart's state is still that of the gathering before.
    const limit = this.#options.gatheringLimitMs ?? 1000;
    if (limit && (restart || pc.iceGatheringState !== "complete") && !(first && this.#reachable(pc))) {
      await new Promise((resolve) => {
        const timer = this.#after(limit, () => this.#gathered?.());
        this.#gathered = () => {
          this.#gathered = null;
          this.#stop(timer);
          resolve(undefined);
        };
      });
    }
  }
}

/** A description in which these lines have port 0 and are bundled with no other. @param {RTCRtpTransceiver[]} lines @param {string} sdp */
function without(lines, sdp) {
  if (!lines.length) return sdp;
  const mids = lines.map(({ mid }) => mid);
  return sdp
    .replace(/^(a=group:BUNDLE)(.*)$/m, (_, name, all) => name + all.split(" ").filter((/** @type {string} */ mid) => !mids.includes(mid)).join(" "))
    .replace(/^(m=\w+ )\d+(?=(?:(?!^m=)[^])*?^a=mid:(\S+))/gm, (whole, start, mid) => (mids.includes(mid) ? `${start}0` : whole));
}

/** What video lines there are. @param {RTCPeerConnection} pc */
function filming(pc) {
  return pc.getTransceivers().filter(({ direction, receiver }) => direction !== "stopped" && receiver.track.kind === "video");
}
