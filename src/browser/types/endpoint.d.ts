// The package's TypeScript face: loading, errors, endpoints, events. Kept by hand beside `js/api.js` and `commands.rs`; tests/js/package.test.mjs holds them
// together. scripts/types.mjs joins the files of this folder into one, so they name each other's types as their own.

/** Codes of {@link SipError}. They are stable. */
export type ErrorCode =
  | "invalidOption"
  | "invalidTarget"
  | "notFound"
  | "invalidState"
  | "tooManyCalls"
  | "wrongPassword"
  | "realmNotAllowed"
  | "noSupportedAlgorithm"
  | "noCredentials"
  | "serverNotAuthentic"
  | "unknownUser"
  | "forbidden"
  | "registrationRejected"
  | "bindingMissing"
  | "pushNotSupported"
  | "contactTooLong"
  | "badServerUrl"
  | "connectionFailed"
  | "notSip"
  | "timeout"
  | "flowLost"
  | "malformedMessage"
  | "badBridgeMessage"
  | "hostUnreachable"
  | "hostRefused"
  | "noMicrophone"
  | "microphoneDenied"
  | "noCamera"
  | "cameraDenied"
  | "insecureContext"
  | "mediaUnsupported"
  | "badDescription"
  | "mediaFailed"
  | "rejected"
  | "callEnded"
  | "busy"
  /** A hook threw, or changed what must stay: the original went. */
  | "hookRefused"
  | "farEndNotTold"
  /** The far end takes no ICE candidates by INFO, or refused those: the call goes on with what the descriptions have. */
  | "trickleRefused"
  | "unsupported"
  | "stopped"
  /** Events came before their first listener, and more than are kept. */
  | "eventsLost"
  /** There is no WebAssembly here. */
  | "wasmUnsupported"
  /** The `.wasm` could not be fetched, or is damaged. */
  | "wasmNotLoaded"
  /** `init()` was not called, or not awaited. */
  | "notInitialised";

/** The one error class. Its message says what to do; it never quotes what came from outside. */
export class SipError extends Error {
  constructor(code: ErrorCode, message: string, field?: string, status?: number, reason?: string);
  readonly name: "SipError";
  readonly code: ErrorCode;
  /** The option it is about, for `invalidOption`. */
  readonly field?: string;
  /** The SIP status that said so. */
  readonly status?: number;
  /** Of a rejected promise: the reason phrase of the response with that status, as whoever refused wrote it. */
  readonly reason?: string;
  /** Of a rejected promise: the headers of that response. */
  readonly headers?: Header[];
  /** After how many seconds it may be tried again, where the response said so (Retry-After). */
  readonly retryAfter?: number;
}

/** What `init` can load the engine from. */
export type WasmSource = string | URL | Request | Response | BufferSource | WebAssembly.Module;

/**
 * Loads the engine. Without an argument: in a page from the file beside the script, in Node from the file system.
 * Calling it again does no harm; after a failure it may be tried again. Rejects with a {@link SipError}.
 */
export default function init(source?: WasmSource | Promise<WasmSource>): Promise<void>;

/** Loads the engine at once, from octets or a compiled module. Throws a {@link SipError}. */
export function initSync(source: { module: BufferSource | WebAssembly.Module } | BufferSource | WebAssembly.Module): void;

/** The package's version. */
export const version: string;

/**
 * A way to the native side for shells that have no `window.webkit.messageHandlers.sipwake`. Each text is one envelope of
 * the bridge. The engine sets `onmessage`; the shell calls it with each text, or with an event that has it as `data`.
 */
export interface Port {
  post(text: string): void;
  onmessage: ((message: string | { data: unknown }) => void) | null;
}

/** A class like the browser's WebSocket. */
export type WebSocketClass = new (url: string, protocol: string) => object;

/** Options of {@link Endpoint.start}. */
export interface EndpointOptions {
  /** STUN and TURN servers. */
  iceServers?: { urls: string | string[]; username?: string; credential?: string }[];
  /** `auto` (default): a host where there is one, `window.webkit.messageHandlers.sipwake`. */
  host?: "auto" | "none" | Port;
  /** Who owns the sockets. `auto` (default): the host where it offers to, else the page. */
  transport?: "auto" | "page" | "host";
  /** Who owns the media. `auto` (default): the host where it offers to, else the page. */
  media?: "auto" | "page" | "host";
  /** Who keeps the time: what is behind, or locked away, cannot do so itself. `auto` (default): the host where it offers to, else the page. */
  timers?: "auto" | "page" | "host";
  /** Upper limit of ICE gathering in milliseconds, 60000 at most. Default: 1000. */
  gatheringLimitMs?: number;
  /** Whether a description leaves as soon as a usable candidate is there. Default: true. */
  firstUsableCandidate?: boolean;
  /** Where there is no microphone, send a tone of so many hertz, 20000 at most, instead of failing. Default: 0, fail. */
  testToneHz?: number;
  /** The User-Agent header. */
  userAgent?: string;
  /** `urn:uuid:…` for `+sip.instance`. Default: the host's, else one kept per tab and endpoint. */
  instance?: string;
  /**
   * What the trace shows. `redacted` (default): messages by their structure, without credentials, tokens, keys, texts and digits,
   * and with a number in place of each person, the same throughout; what is not known to be harmless is not shown, nor is what
   * cannot be read. `names`: the same, but with who calls whom; `events`: no messages, only what happened, by name; `full`: every
   * octet, for a developer's eyes; `off`: nothing.
   */
  trace?: "redacted" | "names" | "events" | "full" | "off";
  /** See and change what leaves. */
  hooks?: Hooks;
  /** The WebSocket class where the platform has none (Node 20). */
  WebSocket?: WebSocketClass;
  /** Milliseconds that the first REGISTER waits for the host's welcome and its push token, 60000 at most. Default: 3000. */
  tokenWaitMs?: number;
  /**
   * Where a page leaves what the next one needs to go on: nonces, so that its first REGISTER carries credentials, and the
   * Call-ID and CSeq of registrations; no password, no hash. `session` (default): in the tab's `sessionStorage`; `none`:
   * nowhere; `calls`: as `session`, and established calls as well: the page that follows gets them as `call_restored` when it
   * creates the account, opens the microphone anew and offers the far end its new session. Of a call are kept: who it is
   * with, its dialog (Call-ID, tags, CSeqs, target, routes), its session timer, hold and mute; nothing of keys. Where there is a host, the host
   * keeps it, and calls as well, whatever this says. Each endpoint of a tab, in the order of their starts, and a tab that was
   * duplicated, has a place of its own.
   */
  state?: "session" | "none" | "calls";
  /** An INVITE header, besides `X-Push-ID`, that carries the push's id. */
  pushIdHeader?: string;
}

/**
 * Functions that see messages and session descriptions on their way, and may return another text to take their place.
 * What cannot take it, and a hook that throws, is a `problem` with the code `hookRefused`, and the original goes. They run
 * at once and have to be quick; what they ask of the endpoint is done after them.
 */
export interface Hooks {
  /**
   * Each SIP message before it leaves, request or response, whoever owns the socket. Its method, status, Via, From, To,
   * Call-ID and CSeq have to stay (RFC 3261 17.1.3); its Content-Length is made right. Where the server wanted `auth-int`
   * (RFC 7616 3.4.3), credentials cover the body as the hook found it.
   */
  message?(text: string, info: MessageInfo): string | void;
  /** Each session description: ours before it is sent, theirs before it is used. Its media lines have to stay (RFC 3264 6). */
  sdp?(sdp: string, info: SdpInfo): string | void;
}

export interface MessageInfo {
  /** The method, of the request or of that which is responded to. */
  method: string;
  /** Of a response. */
  status?: number;
}

export interface SdpInfo {
  /** Ours, before it is sent; otherwise theirs, before it is used. */
  local: boolean;
  type: "offer" | "answer" | "pranswer";
  callUuid: string;
  /** The call, once it has been spoken of. */
  call?: Call;
}

/** The events, by name. */
export interface EventMap {
  connectivity_changed: { account: Account; state: Connectivity; error?: SipError };
  /**
   * The headers are those of the response that changed it, without Contact, which lists the push tokens of all the user's
   * devices; none where nothing on the wire did.
   */
  registration_changed: { account: Account; headers: Header[] } & Registration;
  /** The binding is to be refreshed now, by `register()`: the account's `refresh` is `application`. It ends at `expiresAt`. */
  registration_expiring: { account: Account; expiresAt: number };
  /** A call rings here. The headers are those of the INVITE. */
  call_received: { call: Call; headers: Header[] };
  /** An earlier page had this call, and this one goes on with it. */
  call_restored: { call: Call };
  /** State, hold, mute, media or names of a call. The headers are those of the message that changed it; none where nothing on the wire did. */
  call_changed: { call: Call; headers: Header[] };
  /** A response to our INVITE, 101 to 299 (RFC 3261 13.2.2). */
  call_progress: { call: Call; status: number; headers: Header[] };
  /** The last event of a call. The headers are those of what ended it: a BYE, a CANCEL, a final response; none where we did. */
  call_terminated: { call: Call; outcome: Outcome; headers: Header[] };
  /** An INVITE with Replaces has put `by` in this call's place (RFC 3891). */
  call_replaced: { call: Call; by: Call };
  /**
   * Within a call the far end has offered video that was not there. `accepted`: it is there now, as the account's
   * `remoteVideo` says; `call.setVideo(true)` turns our camera on, or asks for what was refused.
   */
  video_requested: { call: Call; accepted: boolean };
  /** A digit by INFO: `0` to `9`, `*`, `#`, `A` to `D`, or `!` for a hook flash. Those in the media are heard. */
  dtmf_received: { call: Call; digit: string; durationMs: number };
  /** An INFO that is no digit (RFC 6086). */
  info_received: { call: Call } & Received;
  /** A MESSAGE (RFC 3428), in a call where it came in one. */
  message_received: { account: Account; call?: Call; fromUri: string; fromName?: string } & Received;
  /** Somebody asks us by REFER to call `target` (RFC 3515). Accept or reject it within ten seconds. */
  transfer_requested: {
    referral: Referral;
    account: Account;
    call?: Call;
    /** Which call it is about, where it is in none but knows its dialog (RFC 4538). */
    about?: Call;
    target: string;
    /** Whether the new call takes an existing one's place: an attended transfer (RFC 3891). */
    replaces: boolean;
    /** Who says so (RFC 3892). */
    referredBy?: string;
    headers: Header[];
  };
  /** What became of a transfer of ours: the status of the call that was asked for (RFC 3515 2.4.5), or of the refusal. */
  transfer_changed: { transfer: Transfer; call?: Call; status: number; done: boolean; headers: Header[] };
  /** A subscription of ours (RFC 6665 4.1). */
  subscription_changed: { subscription: Subscription; headers: Header[] };
  /** The state that a subscription of ours is about, or an unsolicited NOTIFY, which has no subscription (RFC 6665 4.1.3). */
  notify_received: {
    subscription?: Subscription;
    account: Account;
    event: string;
    /** What waits in the mailbox, where the state is a `message-summary` (RFC 3842). */
    voicemail?: { waiting: boolean; new: number; old: number };
  } & Received;
  /** Somebody wants to follow a state of ours (RFC 6665 4.2.1). Accept or reject it. */
  subscribe_received: { subscriber: Subscriber; account: Account; fromUri: string; event: string; expires: number } & Received;
  /** Somebody who follows a state of ours has refreshed, or is gone. */
  subscriber_changed: { subscriber: Subscriber; headers: Header[] };
  /** A publication of ours was made, refreshed, lost or removed (RFC 3903 4). */
  publication_changed: { publication: Publication; published: boolean; error?: SipError; headers: Header[] };
  /** Microphones, cameras or loudspeakers came or went. */
  devices_changed: { devices: Device[] };
  /** A device went while it was in use. `replaced`: the default one has taken its place; otherwise nothing has. */
  device_lost: { kind: Device["kind"]; replaced: boolean };
  /** Something from outside broke the rules and was dropped, or needs attention. */
  problem: { error: SipError; account?: Account };
  /** The host is there, or is not any more. */
  host_changed: { connected: boolean };
  /**
   * Somebody asked for a call outside the page: in the list of recent calls, by voice, with a link. `makeCall` starts it.
   * `accountName` is the account's name, where the host knows whose call it is.
   */
  call_wanted: { accountName?: string; target: string; name?: string; video: boolean; source: "recents" | "siri" | "url" | "unknown" };
  /** The host has provided an account, by the id that it has for it. It is as if the application had made it; it goes when the host takes it away. */
  account_provisioned: { account: Account; id: string };
  /** Where the sound goes and comes from now, where media is the host's. {@link Endpoint.setDevices} takes an output's `uid` as the speaker. */
  audio_route_changed: bridge.AudioRoute;
  /** Something else took the sound, or gave it back. */
  audio_interrupted: bridge.AudioInterruption;
  /** The system's sound was set up anew; calls go on if the host can make them. */
  audio_reset: bridge.MediaServicesReset;
  /** The system gave the app its audio session, or took it back. */
  audio_activated: bridge.AudioActivated;
  audio_deactivated: bridge.AudioDeactivated;
  /** What the app around this page is doing. */
  app_state_changed: bridge.AppState;
  /** A message of the trace. */
  trace: { at: number; kind: "sipIn" | "sipOut" | "bridgeIn" | "bridgeOut"; text: string };
}

/** A microphone, a camera or a loudspeaker. */
export interface Device {
  kind: "microphone" | "camera" | "speaker";
  id: string;
  /** Its name; empty without a permission. */
  label: string;
  /** Whether it was chosen, or is the default one where none was. */
  selected: boolean;
}

/** A listener of one event. */
export type Listener<Name extends keyof EventMap> = (event: EventMap[Name]) => void;

/** A SIP user agent. Every method may be called from inside every listener; every promise rejects with a {@link SipError}. */
export class Endpoint {
  private constructor();
  /** Starts an endpoint. It lives until it is stopped. */
  static start(options?: EndpointOptions): Promise<Endpoint>;
  /** What lives at this moment, for a user interface that starts late. */
  readonly state: { accounts: AccountInfo[]; calls: CallInfo[]; subscriptions: SubscriptionInfo[]; host: boolean };
  /** Adds a listener; returns what removes it. Events that came before the first listener of their name are told soon after. */
  on<Name extends keyof EventMap>(name: Name, listener: Listener<Name>): () => void;
  off<Name extends keyof EventMap>(name: Name, listener: Listener<Name>): void;
  /** Makes an account; it connects and registers by itself. */
  createAccount(options: AccountOptions): Promise<Account>;
  /** Calls a `sip:`, `sips:` or `tel:` URI, or a user name of the account's domain. Resolves once the call exists: while the account makes its first connection or registration, as soon as that is done, within ten seconds. */
  makeCall(account: Account, target: string, options?: CallOptions): Promise<Call>;
  /** Sends a MESSAGE (RFC 3428). Resolves with the final response. */
  sendMessage(account: Account, target: string, body: Content, options?: BodyOptions): Promise<FinalResponse>;
  /** Asks what somebody can (OPTIONS, RFC 3261 11). Resolves with the final response. */
  sendOptions(account: Account, target: string, options?: MessageOptions): Promise<FinalResponse>;
  /** Asks `target`, outside a call, to call `referTo` (REFER, RFC 3515). Resolves when it agreed. */
  refer(account: Account, target: string, referTo: string, options?: MessageOptions): Promise<Transfer>;
  /** Follows a state: `presence`, `dialog`, `message-summary` or another package (SUBSCRIBE, RFC 6665). Resolves once it was accepted. */
  subscribe(account: Account, target: string, event: string, options?: SubscribeOptions): Promise<Subscription>;
  /** Publishes a state (PUBLISH, RFC 3903); it is refreshed by itself. `expires` is in seconds, 3600 by default. */
  publish(account: Account, event: string, body: Content, options?: BodyOptions & { expires?: number }): Promise<Publication>;
  /** The devices of the page. Before the first permission a browser names none. */
  devices(): Promise<Device[]>;
  /**
   * Uses these devices, in this page's calls and at once in those that live, without a negotiation; null: the default one.
   * Where one cannot be used nothing changes. A loudspeaker can be chosen where the browser has `setSinkId`, otherwise it
   * is `unsupported`. Where media is the host's, `speaker` alone can be said: `speaker`, `default` or the id of an output.
   */
  setDevices(devices: { microphone?: string | null; camera?: string | null; speaker?: string | null }): Promise<void>;
  /** Has the host show its own picture for choosing where the sound goes; `unsupported` where media is the page's. */
  showAudioPicker(): Promise<void>;
  /** The network is another one, came back or went: a hint that is checked at once. A page hears of it by itself; a shell may know earlier. */
  networkChanged(online?: boolean): Promise<void>;
  /** The page is about to sleep: each account's background policy is carried out. */
  suspend(): Promise<void>;
  /** The page is awake again after so many milliseconds. */
  resume(suspendedMs: number): Promise<void>;
  /** Ends all calls, removes all bindings, closes everything. */
  stop(): Promise<void>;
  /**
   * The last 512 entries of the trace as text, redacted like the trace itself, to attach to a report: messages, and what
   * was asked for and has happened, by name, number and state. Nothing else logs anything.
   */
  exportTrace(): string;
  /** What is open at this moment: for tests and for those who hunt leaks. */
  counters(): { peerConnections: number; liveTracks: number; timers: number; sockets: number };
}
