/** A STUN or TURN server. */
export interface IceServer {
  urls: string | string[];
  username?: string;
  credential?: string;
}
export interface MediaOptions {
  iceServers?: IceServer[];
  /** Open the camera as well, and have video both ways until `direction` says otherwise. Default: false. */
  video?: boolean;
  /** Default: 1000; 0: descriptions leave at once. */
  gatheringLimitMs?: number;
  /** Default: true. */
  firstUsableCandidate?: boolean;
  /** Default: 0, no tone. */
  testToneHz?: number;
  /** Default: true. Otherwise `microphone()` opens it, and until then nothing is sent. */
  microphone?: boolean;
  /** Default: false. Otherwise candidates are gathered and nothing else is done until `begin()`. */
  ahead?: boolean;
  /** Default: false. Otherwise candidates that come after a description are told. */
  trickle?: boolean;
}
export type MediaFailure =
  | "noMicrophone"
  | "permissionDenied"
  | "noCamera"
  | "cameraDenied"
  | "insecureContext"
  | "unsupported"
  | "badDescription"
  | "connectionLost"
  | "other";
/** Direction of a stream as SDP has it (RFC 8866 6.7), seen from this side. */
export type MediaDirection = "sendrecv" | "sendonly" | "recvonly" | "inactive";
/** What answers a command has its number: the last argument of the command. */
export type MediaEvent = { number?: number } & (
  | { type: "described"; sdp: string }
  /** One that the description told last does not have. */
  | { type: "candidate"; mid: string; ufrag: string; candidate: string }
  /** All candidates of this generation are told. */
  | { type: "gatheringDone" }
  | { type: "applied" }
  | { type: "dtmfSent" }
  /** WebRTC's statistics: a JSON list of its dictionaries; empty where there are none. */
  | { type: "stats"; report: string }
  | { type: "connected"; connected: boolean }
  | { type: "failed"; reason: MediaFailure }
);
/** One call's media. */
export interface Media {
  readonly remoteStream: MediaStream | null;
  readonly localStream: MediaStream | null;
  /** Begins a session that was made ahead. */
  begin(options: MediaOptions): void;
  /**
   * What the next descriptions say of audio and of video; without the second there is no video, and the camera is given
   * back. Where nothing is to be received, as on hold, what we send is silent and black at once.
   */
  direction(direction: MediaDirection, video?: MediaDirection): void;
  /** Opens the microphone of a session that was made without: `applied` or `failed` follows. */
  microphone(number?: number): void;
  /** `described` or `failed` follows. `restart`: ICE starts anew (RFC 8445 9). */
  offer(restart?: boolean, number?: number): void;
  /** `described` or `failed` follows. An offer of our own that is still open is rolled back. */
  accept(sdp: string, number?: number): void;
  /**
   * `applied` or `failed` follows. A provisional answer gives way to a later one of its fork, and to the answer that is
   * not provisional, of whatever fork. Of several forks the first is heard as long as its connection lives, then the latest.
   */
  setAnswer(sdp: string, provisional?: boolean, number?: number): void;
  /** A candidate of the far end that came after its description; empty: there are no more. One that cannot be used is passed over. */
  candidate(mid: string, ufrag: string, candidate: string): void;
  /** The last offer was refused: the session is as before it. */
  rollback(): void;
  /** Telephone events (RFC 4733): `dtmfSent` follows, or `failed` with `unsupported`, after which the session goes on. */
  dtmf(digits: string, durationMs?: number, gapMs?: number, number?: number): void;
  /** The microphone, or the camera. */
  mute(on: boolean, video?: boolean): void;
  /** `stats` follows. */
  stats(number?: number): void;
  setMicrophone(stream: MediaStream): void;
  close(): void;
}
/** Opens a session, its microphone and where wanted its camera. Where the camera cannot be had, `failed` says so and the session goes on.
 * Never throws; what goes wrong is an event. */
export function createMedia(options: MediaOptions, onEvent: (event: MediaEvent) => void): Media;
/** Sessions opened from now on send this stream's audio; null: ask for a microphone again. */
export function setMicrophone(stream: MediaStream | null): void;
/** What is open at this moment. */
export function mediaCounters(): { peerConnections: number; liveTracks: number; audioContexts: number; timers: number };
/** A microphone, a camera or a loudspeaker. */
export interface MediaDevice {
  kind: "microphone" | "camera" | "speaker";
  id: string;
  label: string;
  /** Whether it was chosen, or is the default where none was. */
  selected: boolean;
}
/** The devices there are. Rejects with a `MediaFailure`. */
export function listDevices(): Promise<MediaDevice[]>;
/** Uses these devices from now on, in the sessions that live as well; null: the default one. Rejects with a `MediaFailure`, and then nothing has changed. */
export function chooseDevices(devices: { microphone?: string | null; camera?: string | null; speaker?: string | null }): Promise<void>;
/** Tells of a device that went while it was in use, and after `heedDevices` that devices came or went. Returns what ends it. */
export function watchDevices(watcher: (lost?: { kind: MediaDevice["kind"]; replaced: boolean }) => void): () => void;
/** From now on those who watch are told when devices come and go. Until then the browser is not asked to look at them. */
export function heedDevices(): void;
