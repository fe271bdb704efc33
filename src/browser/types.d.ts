// The package's TypeScript face. Kept by hand beside `api.rs`; tests/js/package.test.mjs holds the two together.

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
  /** `redacted` (default): nothing in it identifies a person or opens a door. */
  trace?: "redacted" | "full" | "off";
  /** The WebSocket class where the platform has none (Node 20). */
  WebSocket?: WebSocketClass;
  /** How long the first REGISTER waits for the host's welcome and its push token. Default: 3000. */
  tokenWaitMs?: number;
  /** An INVITE header, besides `X-Push-ID`, that carries the push's id. */
  pushIdHeader?: string;
}

/** Options of {@link Endpoint.createAccount}. */
export interface AccountOptions {
  /** The name that bridge and application know it by. Default: `username@domain`. */
  name?: string;
  username: string;
  domain: string;
  password?: string;
  /** Instead of the password: `H(username:realm:password)` in hex. */
  ha1?: { md5?: string; sha256?: string };
  /** User name of the credentials, if it is another. */
  authUsername?: string;
  /** Realms that may be answered. Default: the one that the registrar names first. */
  realms?: string[];
  forbidMd5?: boolean;
  displayName?: string;
  /** `ws:` or `wss:` URLs, tried in order. */
  servers: string[];
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
  /** Milliseconds between keep-alives; 0: none. Default: 25000. */
  keepAliveMs?: number;
  /** Milliseconds until a connection attempt is given up. Default: 5000. */
  connectTimeoutMs?: number;
}

/** Options of {@link Endpoint.makeCall}. */
export interface CallOptions {
  /** Extra headers of the INVITE. */
  headers?: Header[];
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
}

/** Phase of a call. */
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
  /** The SIP status that ended it, or that its Reason names. */
  status?: number;
  /** The Q.850 cause of its Reason. */
  q850?: number;
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
  readonly muted: boolean;
  readonly mediaConnected: boolean;
  readonly connectedAt?: number;
  readonly sipCallId: string;
}

/** The events, by name. */
export interface EventMap {
  connectivity_changed: { account: Account; state: Connectivity; error?: SipError };
  registration_changed: { account: Account } & Registration;
  /** A call rings here. */
  call_received: { call: Call };
  /** State, mute, media or names of a call. */
  call_changed: { call: Call };
  /** The last event of a call. */
  call_terminated: { call: Call; outcome: Outcome };
  /** Something from outside broke the rules and was dropped, or needs attention. */
  problem: { error: SipError; account?: Account };
  /** The host is there, or is not any more. */
  host_changed: { connected: boolean };
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
  readonly state: { accounts: AccountInfo[]; calls: CallInfo[]; host: boolean };
  /** Adds a listener; returns what removes it. Events that came before the first listener of their name are told soon after. */
  on<Name extends keyof EventMap>(name: Name, listener: Listener<Name>): () => void;
  off<Name extends keyof EventMap>(name: Name, listener: Listener<Name>): void;
  /** Makes an account; it connects and registers by itself. */
  createAccount(options: AccountOptions): Promise<Account>;
  /** Calls a `sip:`, `sips:` or `tel:` URI, or a user name of the account's domain. Resolves once the call exists: while the account makes its first connection or registration, as soon as that is done, within ten seconds. */
  makeCall(account: Account, target: string, options?: CallOptions): Promise<Call>;
  /** The page is about to sleep: each account's background policy is carried out. */
  suspend(): Promise<void>;
  /** The page is awake again after so many milliseconds. */
  resume(suspendedMs: number): Promise<void>;
  /** Ends all calls, removes all bindings, closes everything. */
  stop(): Promise<void>;
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
  /** Removes the binding; the account stays. */
  unregister(): Promise<void>;
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
  answer(): Promise<void>;
  /** Declines an incoming call with the account's code or this one (400 to 699). */
  decline(code?: number): Promise<void>;
  /** Ends it, whatever its phase. */
  hangup(): Promise<void>;
  mute(on: boolean): Promise<void>;
}
