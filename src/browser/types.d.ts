// The package's TypeScript face. Kept by hand beside `js/api.js` and `commands.rs`; tests/js/package.test.mjs holds the two together.

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
  | "insecureContext"
  | "mediaUnsupported"
  | "badDescription"
  | "mediaFailed"
  | "rejected"
  | "callEnded"
  | "busy"
  /** A hook threw, or changed what must stay: the original went. */
  | "hookRefused"
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
  constructor(code: ErrorCode, message: string, field?: string, status?: number);
  readonly name: "SipError";
  readonly code: ErrorCode;
  /** The option it is about, for `invalidOption`. */
  readonly field?: string;
  /** The SIP status that said so. */
  readonly status?: number;
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

/** A SIP message as the engine reads it. */
export interface ParsedMessage {
  kind: "request" | "response";
  /** Of a request. */
  method?: string;
  /** Of a request. */
  uri?: string;
  /** Of a response. */
  status?: number;
  /** Of a response. */
  reason?: string;
  /** In the order in which they came. */
  headers: Header[];
  body: string;
  /** What the engine's own validation finds. Empty: the engine would accept the message. */
  problems: { code: string; header?: string; status?: number }[];
}

/** Reads one SIP message. Throws a {@link SipError} where it cannot be framed at all. */
export function parseMessage(message: string | Uint8Array): ParsedMessage;

/** One header of a message. */
export interface Header {
  name: string;
  value: string;
}

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
  /** Upper limit of ICE gathering. Default: 1000. */
  gatheringLimitMs?: number;
  /** Whether a description leaves as soon as a usable candidate is there. Default: true. */
  firstUsableCandidate?: boolean;
  /** Where there is no microphone, send a tone of so many hertz instead of failing. Default: 0, fail. */
  testToneHz?: number;
  /** The User-Agent header. */
  userAgent?: string;
  /** `urn:uuid:…` for `+sip.instance`. Default: the host's, else one kept per tab. */
  instance?: string;
  /**
   * What the trace shows. `redacted` (default): messages without credentials, tokens, keys, texts and digits, but with who calls
   * whom; `events`: no messages, only what happened, by name; `full`: every octet, for a developer's eyes; `off`: nothing.
   */
  trace?: "redacted" | "events" | "full" | "off";
  /** See and change what leaves. */
  hooks?: Hooks;
  /** The WebSocket class where the platform has none (Node 20). */
  WebSocket?: WebSocketClass;
  /** How long the first REGISTER waits for the host's welcome and its push token. Default: 3000. */
  tokenWaitMs?: number;
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

/** Options of {@link Endpoint.createAccount}. */
export interface AccountOptions {
  /** The name that bridge and application know it by. Default: `username@domain`. */
  name?: string;
  username: string;
  domain: string;
  password?: string;
  /** Instead of the password: `H(username:realm:password)` in hex. */
  ha1?: { md5?: string; sha256?: string; sha512256?: string };
  /** An access token, for servers that ask for one (RFC 8898). It never leaves over `ws:`, but to this machine itself. */
  bearerToken?: string;
  /** Is asked where a server wants credentials that are not given here, or were refused: RFC 7616, RFC 8760, RFC 8898. */
  credentials?: (challenge: Challenge) => Credentials | undefined | Promise<Credentials | undefined>;
  /** User name of the credentials, if it is another. */
  authUsername?: string;
  /** Realms that may be answered. Default: the one that the registrar names first. */
  realms?: string[];
  forbidMd5?: boolean;
  displayName?: string;
  /**
   * `ws:` or `wss:` URLs, tried in order; or with a weight each: more weight comes first, and servers of the same weight
   * share the phones.
   */
  servers: (string | { url: string; weight?: number })[];
  /** How many flows are kept to different servers where the registrar supports that (RFC 5626): 1 (default) or 2. */
  flows?: 1 | 2;
  /** Whether to register at all. Default: true. */
  register?: boolean;
  /** Binding lifetime to ask for, in seconds. Default: 600. */
  expires?: number;
  /** How push tokens get into the Contact of REGISTER; into nothing else. */
  push?: {
    preset?: "rfc8599-apns" | "freeswitch-apn";
    /** Parameters after the `>`, with `{voip-token}` and the other placeholders. */
    regContactParams?: string;
    /** Parameters inside the `<>`. */
    contactUriParams?: string;
  };
  /** What going to the background means for the registration. Default: `closeTransport`. */
  backgroundPolicy?: "closeTransport" | "unregister" | "keep";
  /** Status of a declined call: 603 (default) stops every device, 486 this one. */
  declineCode?: number;
  /** Extra headers of REGISTER. */
  registerHeaders?: Header[];
  /** Parameters after the `>` of every Contact, each with its semicolon in front. */
  contactParams?: string;
  /**
   * How a flow is kept alive and found dead. `auto` (default): CRLF, and OPTIONS where the server does not answer those;
   * `crlf`: CRLF alone, so that a server that never answered one is not held to it; `options`: OPTIONS alone.
   */
  keepAlive?: "auto" | "crlf" | "options";
  /** Milliseconds between keep-alives; 0: none. Default: 25000. */
  keepAliveMs?: number;
  /** Milliseconds until a connection attempt is given up. Default: 5000. */
  connectTimeoutMs?: number;
  /** Session interval to ask for in seconds, 90 at least; 0: no session timer unless the far end wants one (RFC 4028). Default: 1800. */
  sessionExpires?: number;
  /** Whether provisional responses are acknowledged (RFC 3262): where the far end can (default), always, or never. */
  reliability?: "supported" | "required" | "off";
  /** How many redirections (3xx) a call follows; 0: none, the call ends (RFC 3261 8.1.3.4). Default: 5. */
  maxRedirects?: number;
  /** The URI of ours that the network shall assert: P-Preferred-Identity (RFC 3325). */
  preferredIdentity?: string;
  /** Event packages that others may subscribe to (RFC 6665); any other gets 489. Default: none. */
  events?: string[];
  /** INFO packages that are taken (RFC 6086); any other gets 469. INFO without a package is always taken. */
  infoPackages?: string[];
  /** Content types of MESSAGE that are taken; any other gets 415 (RFC 3428 7). Default: all. */
  messageTypes?: string[];
  /** Whether a caller may ask to be answered without a person (RFC 5373). It opens the microphone: off by default. */
  allowAutoAnswer?: boolean;
}

/** What a server asks for. It is asked only for realms that the account may answer. */
export interface Challenge {
  account: Account;
  realm: string;
  /** What it asks for first; where `algorithms` is not empty a password will do. */
  kind: "digest" | "bearer";
  /** The digest algorithms that the server takes and that are allowed, in its order. */
  algorithms: ("MD5" | "SHA-256" | "SHA-512-256")[];
  /** Where an access token can be had, as the server says: nobody proves that it is the right place. */
  authzServer?: string;
  scope?: string;
  /** Whether what was tried last was refused. */
  rejected: boolean;
}

/** Credentials for one realm. */
export interface Credentials {
  /** Default: the account's. */
  username?: string;
  password?: string;
  /** Instead of the password: `H(username:realm:password)` in hex, one for each algorithm that the server may use. */
  ha1?: { md5?: string; sha256?: string; sha512256?: string };
  bearerToken?: string;
}

/** Extra headers. Those that the engine writes itself, and line breaks, are refused. */
export interface MessageOptions {
  headers?: Header[];
}

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
}

/** What a message carries: a text, or octets. */
export type Content = string | Uint8Array;

/** A message with a body. */
export interface BodyOptions extends MessageOptions {
  /** Default: `text/plain` for a text, `application/octet-stream` for octets. */
  contentType?: string;
}

/** The final response to a request, 200 to 299; another one rejects the promise, with its status. */
export interface FinalResponse {
  status: number;
  headers: Header[];
  contentType?: string;
  body: string;
  /** The body where it is no UTF-8. */
  octets?: Uint8Array;
}

/** What a message that came carries, and its headers. */
export interface Received {
  headers: Header[];
  contentType?: string;
  body: string;
  /** The body where it is no UTF-8. */
  octets?: Uint8Array;
}

/** Options of {@link Call.dtmf}. */
export interface DtmfOptions {
  /** `auto` (default): telephone events in the media (RFC 4733) where it can, else INFO. */
  method?: "auto" | "media" | "info";
  /** How long each is: 40 to 6000. Default: 100. */
  durationMs?: number;
  /** The pause after each: 30 to 6000. Default: 70. */
  gapMs?: number;
}

/** Options of {@link Endpoint.subscribe}. */
export interface SubscribeOptions extends BodyOptions {
  /** Content types that are understood; by default those that the package names. */
  accept?: string[];
  /** For how long, in seconds; it is refreshed by itself. 0: the state just once. Default: 3600. */
  expires?: number;
  /** A filter, or what else the package wants. */
  body?: Content;
}

/** How an account's connection is. `waiting`: down, another attempt comes by itself. */
export type Connectivity = "idle" | "connecting" | "connected" | "waiting";

/** How a registration is. */
export interface Registration {
  state: "unregistered" | "registering" | "registered" | "unregistering" | "failed";
  /** When the binding ends, epoch milliseconds. */
  expiresAt?: number;
  /** Status of the last final response. */
  status?: number;
  error?: SipError;
  /** Whether another attempt comes by itself. */
  willRetry: boolean;
  /**
   * Where the account registers for pushes: what the server says about them. `unknown`: nothing, as most servers do
   * whether they push or not.
   */
  push?: "promised" | "unknown" | "refused";
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

/** A snapshot of an account. */
export interface AccountInfo {
  readonly account: Account;
  readonly id: number;
  readonly name: string;
  readonly connectivity: Connectivity;
  readonly registration: Registration;
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

/** How a subscription is. `subscribing`: nothing was heard of the notifier yet; `pending`: somebody's permission is waited for. */
export type SubscriptionState = "subscribing" | "pending" | "active" | "terminated";

/** A snapshot of a subscription of ours. */
export interface SubscriptionInfo {
  readonly subscription: Subscription;
  readonly account: Account;
  readonly id: number;
  readonly event: string;
  readonly remoteUri: string;
  readonly state: SubscriptionState;
  readonly reason?: string;
  readonly error?: SipError;
  readonly willRetry: boolean;
}

/** The events, by name. */
export interface EventMap {
  connectivity_changed: { account: Account; state: Connectivity; error?: SipError };
  registration_changed: { account: Account } & Registration;
  /** A call rings here. The headers are those of the INVITE. */
  call_received: { call: Call; headers: Header[] };
  /** State, hold, mute, media or names of a call. */
  call_changed: { call: Call };
  /** A response to our INVITE, 101 to 299 (RFC 3261 13.2.2). */
  call_progress: { call: Call; status: number; headers: Header[] };
  /** The last event of a call. The headers are those of what ended it: a BYE, a CANCEL, a final response; none where we did. */
  call_terminated: { call: Call; outcome: Outcome; headers: Header[] };
  /** An INVITE with Replaces has put `by` in this call's place (RFC 3891). */
  call_replaced: { call: Call; by: Call };
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
    target: string;
    /** Whether the new call takes an existing one's place: an attended transfer (RFC 3891). */
    replaces: boolean;
    /** Who says so (RFC 3892). */
    referredBy?: string;
    headers: Header[];
  };
  /** What became of a transfer of ours: the status of the call that was asked for (RFC 3515 2.4.5), or of the refusal. */
  transfer_changed: { transfer: Transfer; call?: Call; status: number; done: boolean };
  /** A subscription of ours (RFC 6665 4.1). */
  subscription_changed: { subscription: Subscription };
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
  subscriber_changed: { subscriber: Subscriber };
  /** A publication of ours was made, refreshed, lost or removed (RFC 3903 4). */
  publication_changed: { publication: Publication; published: boolean; error?: SipError };
  /** Something from outside broke the rules and was dropped, or needs attention. */
  problem: { error: SipError; account?: Account };
  /** The host is there, or is not any more. */
  host_changed: { connected: boolean };
  /** A message of the trace. */
  trace: { at: number; kind: "sipIn" | "sipOut" | "bridgeIn" | "bridgeOut"; text: string };
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

/** An account of an endpoint. */
export class Account {
  private constructor();
  readonly id: number;
  readonly name: string;
  readonly connectivity: Connectivity;
  readonly registration: Registration;
  /** Registers, or refreshes at once. */
  register(): Promise<void>;
  /** Removes the binding; the account stays. `all`: those of the user's other devices as well. */
  unregister(options?: { all?: boolean }): Promise<void>;
  /** Logs out: nobody pushes to this device any more, and the account is forgotten. */
  remove(): Promise<void>;
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
  /** Whether we hold the call. */
  readonly onHold: boolean;
  /** Whether the far end holds it. */
  readonly remoteHold: boolean;
  readonly muted: boolean;
  readonly mediaConnected: boolean;
  /** When both sides agreed, epoch milliseconds. */
  readonly connectedAt: number | undefined;
  readonly sipCallId: string;
  /** What the far end sends; null where there is no media, or the host owns it. It plays by itself. */
  readonly remoteStream: MediaStream | null;
  /** What this side sends; null likewise. */
  readonly localStream: MediaStream | null;
  /** Answers an incoming call. Resolves when the 200 has left. */
  answer(options?: MessageOptions): Promise<void>;
  /** Declines an incoming call with the account's code or this one (400 to 699). */
  decline(code?: number, options?: MessageOptions): Promise<void>;
  /** Sends an incoming call elsewhere: a 3xx, 302 by default, with these Contacts (RFC 3261 21.3). */
  redirect(targets: string | string[], options?: { status?: number }): Promise<void>;
  /** Ends it, whatever its phase. */
  hangup(options?: MessageOptions): Promise<void>;
  mute(on: boolean): Promise<void>;
  /** Holds the call: nothing is sent or played (RFC 3264 8.4). Resolves when the far end agreed; a refusal rejects and ends nothing. */
  hold(): Promise<void>;
  /** Takes the call back. */
  unhold(): Promise<void>;
  /** Offers the session anew (RFC 3261 14), with new ICE credentials where wanted (RFC 8839 4.4.1.1). */
  renegotiate(options?: { iceRestart?: boolean }): Promise<void>;
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
  /** Makes the call; its progress is told to who asked. */
  accept(): Promise<Call>;
  /** Refuses with this status (400 to 699). Default: 603. */
  reject(status?: number): Promise<void>;
}

/** A subscription of ours to somebody's state (RFC 6665). The object stays readable after its end. */
export class Subscription {
  private constructor();
  readonly id: number;
  readonly account: Account;
  /** The event package. */
  readonly event: string;
  /** Whose state. */
  readonly remoteUri: string;
  readonly state: SubscriptionState;
  /** Why it ended, as the notifier says: `deactivated`, `timeout`, `noresource`, … (RFC 6665 4.1.3). */
  readonly reason: string | undefined;
  readonly error: SipError | undefined;
  /** Ends it. */
  unsubscribe(): Promise<void>;
}

/** Somebody who follows a state of ours (RFC 6665). */
export class Subscriber {
  private constructor();
  readonly id: number;
  readonly account: Account;
  /** The event package. */
  readonly event: string;
  /** Who. */
  readonly remoteUri: string;
  readonly state: SubscriptionState;
  readonly reason: string | undefined;
  readonly error: SipError | undefined;
  /** Accepts, and tells the state. `pending`: the decision itself is still open. */
  accept(body?: Content, options?: { contentType?: string; pending?: boolean }): Promise<void>;
  /** Refuses with this status (400 to 699). Default: 403. */
  reject(status?: number): Promise<void>;
  /** Tells the state. `terminate` ends the subscription with it, for this reason, such as `noresource`. */
  notify(body?: Content, options?: { contentType?: string; terminate?: string }): Promise<void>;
}

/** A state that we published (RFC 3903). */
export class Publication {
  private constructor();
  readonly id: number;
  /** Whether the server has it. */
  readonly published: boolean;
  /** Why it was lost. */
  readonly error: SipError | undefined;
  /** Publishes another state in its place. */
  update(body: Content, options?: { contentType?: string }): Promise<void>;
  /** Removes it. */
  remove(): Promise<void>;
}
