/** A STUN or TURN server. */
export interface IceServer {
  urls: string | string[];
  username?: string;
  credential?: string;
}
export interface MediaOptions {
  iceServers?: IceServer[];
  /** Default: 1000. */
  gatheringLimitMs?: number;
  /** Default: true. */
  firstUsableCandidate?: boolean;
  /** Default: 0, no tone. */
  testToneHz?: number;
}
export type MediaFailure =
  | "noMicrophone"
  | "permissionDenied"
  | "insecureContext"
  | "unsupported"
  | "badDescription"
  | "connectionLost"
  | "other";
export type MediaEvent =
  | { type: "described"; sdp: string }
  | { type: "applied" }
  | { type: "connected"; connected: boolean }
  | { type: "failed"; reason: MediaFailure };
/** One call's audio. */
export interface Media {
  readonly remoteStream: MediaStream | null;
  readonly localStream: MediaStream | null;
  offer(): void;
  accept(sdp: string): void;
  setAnswer(sdp: string): void;
  mute(on: boolean): void;
  setMicrophone(stream: MediaStream): void;
  close(): void;
}
/** Opens a session and its microphone. Never throws; what goes wrong is an event. */
export function createMedia(options: MediaOptions, onEvent: (event: MediaEvent) => void): Media;
/** Sessions opened from now on send this stream's audio; null: ask for a microphone again. */
export function setMicrophone(stream: MediaStream | null): void;
/** What is open at this moment. */
export function mediaCounters(): { peerConnections: number; liveTracks: number; audioContexts: number; timers: number };
