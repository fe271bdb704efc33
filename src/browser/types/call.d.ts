// The package's TypeScript face: calls. Kept by hand beside `js/api.js` and `commands.rs`; tests/js/package.test.mjs holds them
// together. scripts/types.mjs joins the files of this folder into one, so they name each other's types as their own.

/** Options of {@link Endpoint.makeCall}. */
export interface CallOptions extends MessageOptions {
  /** Not to say who calls: From `anonymous@anonymous.invalid` and `Privacy: id` (RFC 3323, RFC 3325). */
  anonymous?: boolean;
  /** The URI of ours that the network shall assert for this call (RFC 3325). */
  preferredIdentity?: string;
  /** The call whose place this one takes at the far end (RFC 3891). */
  replaces?: Call;
  /** To leave the offer to the far end: an INVITE without a session description (RFC 3261 13.2.1). */
  lateOffer?: boolean;
  /**
   * Whether to offer video: with our camera, or to `receive` theirs only. Where there is no camera the call goes on without
   * it, and a `problem` says so. Default: false.
   */
  video?: boolean | "receive";
  /** After how many seconds without an answer the call is over, here and there: Expires (RFC 3261 13.2.1). Default: none. */
  expires?: number;
}

/** Options of {@link Call.answer}. */
export interface AnswerOptions extends MessageOptions {
  /** What to answer to video that is offered: with our camera, to `receive` theirs only, or to refuse it. Default: the account's `remoteVideo`. */
  video?: boolean | "receive";
}

/** Which way a stream flows, seen from us (RFC 8866 6.7). */
export type MediaDirection = "sendrecv" | "sendonly" | "recvonly" | "inactive";

/** How one stream is doing. What is not known is not there. */
export interface StreamStats {
  codec?: string;
  packets: number;
  bytes: number;
  /** Packets that did not arrive; of what we send, as the far end says. */
  lost?: number;
  jitterMs?: number;
  /** Bits a second since the call's statistics were asked for before. */
  bitrate?: number;
  /** Of video: how many were encoded or decoded. */
  frames?: number;
  framesPerSecond?: number;
  width?: number;
  height?: number;
}

/** How a call's media is doing. */
export interface CallStats {
  /** Epoch milliseconds. */
  at: number;
  audio?: { sent?: StreamStats; received?: StreamStats };
  video?: { sent?: StreamStats; received?: StreamStats };
  roundTripMs?: number;
  /** What ICE chose: the kinds of both candidates, and `udp`, `tcp` or `tls` of ours. */
  path?: { local: "host" | "srflx" | "prflx" | "relay"; remote: "host" | "srflx" | "prflx" | "relay"; protocol: string };
  /** How long after the call's beginning it rang, was answered, and had its media joined. */
  setup: { ringingMs?: number; connectedMs?: number; mediaMs?: number };
  /** WebRTC's own statistics, as plain objects. */
  raw: ({ id: string; type: string; timestamp: number } & Record<string, unknown>)[];
}

/** Options of {@link Call.dtmf}. The headers are in each INFO. */
export interface DtmfOptions extends MessageOptions {
  /** `auto` (default): telephone events in the media (RFC 4733) where it can, else INFO. */
  method?: "auto" | "media" | "info";
  /** How long each is: 40 to 6000. Default: 100. */
  durationMs?: number;
  /** The pause after each: 30 to 6000. Default: 70. */
  gapMs?: number;
}

/**
 * Phase of a call. `early`: a far end has described its media before the answer. Where a server rings several far ends at
 * once, the one media session is given each early description as it comes and keeps the first that it is joined to; who
 * answers decides, and where media is joined to somebody else by then, the session is offered anew to who answered. A
 * second answer is ended by itself: no call ends because it rang in several places.
 */
export type CallState = "connecting" | "ringing" | "early" | "answering" | "connected" | "ended";

/** How a call ended. */
export interface Outcome {
  kind:
    | "completed"
    | "answeredElsewhere"
    | "declinedElsewhere"
    | "missed"
    | "busy"
    | "declined"
    | "cancelled"
    | "networkLost"
    | "failed";
  /** Whether this side ended it. */
  local: boolean;
  /** What CallKit is told of it (CXCallEndedReason); `local`: nothing but that this side ended it. */
  endReason: "failed" | "remoteEnded" | "unanswered" | "answeredElsewhere" | "declinedElsewhere" | "local";
  /** The SIP status that ended it, or that its Reason names. */
  status?: number;
  /** The Q.850 cause of its Reason. */
  q850?: number;
  /** The words for people in its Reason. */
  reasonText?: string;
  error?: SipError;
}

/** A snapshot of a call. */
export interface CallInfo {
  readonly call: Call;
  readonly account: Account;
  readonly id: number;
  readonly uuid: string;
  readonly direction: "incoming" | "outgoing";
  readonly state: CallState;
  readonly remoteUri: string;
  readonly remoteName?: string;
  readonly assertedIdentity?: Identity;
  readonly divertedFrom?: string;
  readonly autoAnswerSeconds?: number;
  readonly onHold: boolean;
  readonly remoteHold: boolean;
  readonly muted: boolean;
  readonly video?: MediaDirection;
  readonly videoMuted: boolean;
  readonly mediaConnected: boolean;
  readonly connectedAt?: number;
  readonly sipCallId: string;
}

/** Who somebody is. */
export interface Identity {
  /** The URI, without parameters. */
  uri: string;
  name?: string;
}

/** A call. The object stays readable after the call has ended. */
export class Call {
  private constructor();
  readonly id: number;
  /** The id that the host knows. */
  readonly uuid: string;
  readonly account: Account;
  readonly direction: "incoming" | "outgoing";
  readonly state: CallState;
  /** The far end's URI, without parameters. */
  readonly remoteUri: string;
  readonly remoteName: string | undefined;
  /** Who the network says the far end is: P-Asserted-Identity (RFC 3325). */
  readonly assertedIdentity: Identity | undefined;
  /** Whom the caller called first: Diversion (RFC 5806), else History-Info (RFC 7044). */
  readonly divertedFrom: string | undefined;
  /** The caller asks for an answer without a person after so many seconds: Call-Info, Alert-Info or Answer-Mode (RFC 5373). */
  readonly autoAnswerSeconds: number | undefined;
  /** The call whose place this one takes if it is answered (Replaces, RFC 3891). */
  readonly replaces: Call | undefined;
  /** Whether we hold the call. */
  readonly onHold: boolean;
  /** Whether the far end holds it. */
  readonly remoteHold: boolean;
  readonly muted: boolean;
  /** Which way video flows; undefined: there is none. Of a call that rings here: what the caller offers. */
  readonly video: MediaDirection | undefined;
  readonly videoMuted: boolean;
  readonly mediaConnected: boolean;
  /** When both sides agreed, epoch milliseconds. */
  readonly connectedAt: number | undefined;
  readonly sipCallId: string;
  /** What the far end sends; null where there is no media, or the host owns it. It plays by itself. */
  readonly remoteStream: MediaStream | null;
  /** What this side sends; null likewise. */
  readonly localStream: MediaStream | null;
  /**
   * Tells the caller of a call that rings more: a 183. With `earlyMedia` it describes the session, and what the caller sends is
   * heard before the answer; the microphone waits for that. Resolves when it has left. Rejects with `invalidState` where there can
   * be no early media: the caller made no offer, and takes none in a provisional response (RFC 3262).
   */
  progress(options?: { earlyMedia?: boolean } & MessageOptions): Promise<void>;
  /** Answers an incoming call. Resolves when the 200 has left. */
  answer(options?: AnswerOptions): Promise<void>;
  /** Declines an incoming call with the account's code or this one (400 to 699). */
  decline(code?: number, options?: MessageOptions): Promise<void>;
  /** Sends an incoming call elsewhere: a 3xx, 302 by default, with these Contacts (RFC 3261 21.3). */
  redirect(targets: string | string[], options?: MessageOptions & { status?: number }): Promise<void>;
  /** Ends it, whatever its phase. */
  hangup(options?: MessageOptions): Promise<void>;
  mute(on: boolean): Promise<void>;
  /** Our camera sends black. It stays open; `setVideo("receive")` gives it back. */
  muteVideo(on: boolean): Promise<void>;
  /**
   * Adds video to the call, with our camera or only to `receive` theirs, or takes it away (RFC 3264 8). Resolves when the
   * far end agreed; where it wants no video, or there is no camera, it rejects, and the call is as it was. Of a call that
   * rings here: what it will be answered with.
   */
  setVideo(video: boolean | "receive", options?: MessageOptions): Promise<void>;
  /**
   * Shows what the far end sends, or our own picture, in an element, as soon as and as long as there is something. The
   * element is muted: what is heard is played by the call itself. Returns what ends it.
   */
  attach(element: HTMLMediaElement, options?: { local?: boolean }): () => void;
  /** How the media is doing. */
  getStats(): Promise<CallStats>;
  /** Holds the call: nothing is sent or played (RFC 3264 8.4). Resolves when the far end agreed; a refusal rejects and ends nothing. */
  hold(options?: MessageOptions): Promise<void>;
  /** Takes the call back. */
  unhold(options?: MessageOptions): Promise<void>;
  /** Offers the session anew (RFC 3261 14), with new ICE credentials where wanted (RFC 8839 4.4.1.1). */
  renegotiate(options?: MessageOptions & { iceRestart?: boolean }): Promise<void>;
  /** Sends digits: `0` to `9`, `*`, `#`, `A` to `D`; `,` is a pause of two seconds. Resolves when the last was sent. */
  dtmf(digits: string, options?: DtmfOptions): Promise<void>;
  /** Sends an INFO (RFC 6086). Resolves with the final response. */
  info(options?: BodyOptions & { body?: Content }): Promise<FinalResponse>;
  /** Sends a MESSAGE in the call (RFC 3428). Resolves with the final response. */
  message(body: Content, options?: BodyOptions): Promise<FinalResponse>;
  /**
   * Asks the far end to call somebody (REFER, RFC 3515), or, given another call, joins the far ends of both (RFC 3891).
   * Resolves when it agreed; `transfer_changed` says how it goes on. Once it has succeeded the calls with us end: by the far
   * end, or by us a second later; once it has failed nothing is touched.
   */
  transfer(target: string | Call, options?: MessageOptions): Promise<Transfer>;
}

/** A transfer that we asked for (RFC 3515). */
export class Transfer {
  private constructor();
  readonly id: number;
  /** The status of the call that was asked for, so far. */
  readonly status: number;
  /** Whether that was the last word. */
  readonly done: boolean;
}

/** A transfer that somebody asks us for (RFC 3515). */
export class Referral {
  private constructor();
  readonly id: number;
  /**
   * Makes the call; its progress is told to who asked. The headers are in the response, the INVITE and each NOTIFY; `video` is
   * what of it the call offers: none, unless said.
   */
  accept(options?: MessageOptions & { video?: boolean | "receive" }): Promise<Call>;
  /** Refuses with this status (400 to 699). Default: 603. */
  reject(status?: number, options?: MessageOptions): Promise<void>;
}
