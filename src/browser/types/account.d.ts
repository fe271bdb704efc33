// The package's TypeScript face: accounts. Kept by hand beside `js/api.js` and `commands.rs`; tests/js/package.test.mjs holds them
// together. scripts/types.mjs joins the files of this folder into one, so they name each other's types as their own.

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
   * `ws:` or `wss:` URLs without user, password and fragment, 16 at most, tried in order; or with a weight each: more weight comes first, and servers of the same weight
   * share the phones.
   */
  servers: (string | { url: string; weight?: number })[];
  /** How many flows are kept to different servers where the registrar supports that (RFC 5626): 1 (default) or 2. */
  flows?: 1 | 2;
  /** Whether to register at all. Default: true. */
  register?: boolean;
  /** Binding lifetime to ask for, in seconds: 10 to 31536000. Default: 600. */
  expires?: number;
  /** How push tokens get into the Contact of REGISTER; into nothing else. A preset, or templates of your own, not both. */
  push?: {
    preset?: "rfc8599-apns" | "freeswitch-apn" | "flexisip" | "linphone-legacy" | "portsip";
    /** Parameters after the `>`, with `{voip-token}` and the other placeholders. */
    regContactParams?: string;
    /** Parameters inside the `<>`. */
    contactUriParams?: string;
  };
  /** What going to the background means for the registration. Default: `closeTransport`. */
  backgroundPolicy?: "closeTransport" | "unregister" | "keep";
  /** Status of a declined call, 400 to 699: 603 (default) stops every device, 486 this one. */
  declineCode?: number;
  /**
   * Extra headers of every request of the account, or of those with this method: those that the engine sends by itself (ACK
   * of a 2xx, PRACK, UPDATE, CANCEL, refreshes, keep-alives by OPTIONS) included. One of the same name that a method was given goes
   * before it.
   */
  requestHeaders?: (Header & { method?: string })[];
  /** Extra headers of REGISTER. */
  registerHeaders?: Header[];
  /** Parameters after the `>` of every Contact, each with its semicolon in front. */
  contactParams?: string;
  /**
   * How a flow is kept alive and found dead. `auto` (default): CRLF, and OPTIONS where the server does not answer those;
   * `crlf`: CRLF alone, so that a server that never answered one is not held to it; `options`: OPTIONS alone.
   */
  keepAlive?: "auto" | "crlf" | "options";
  /** Milliseconds between keep-alives, 1000 to 3600000; 0: none. Default: 25000. */
  keepAliveMs?: number;
  /** Milliseconds until a connection attempt is given up, 500 to 120000. Default: 5000. */
  connectTimeoutMs?: number;
  /** Session interval to ask for in seconds, 90 to 86400; 0: no session timer unless the far end wants one (RFC 4028). Default: 1800. */
  sessionExpires?: number;
  /** Whether provisional responses are acknowledged (RFC 3262): where the far end can (default), always, or never. */
  reliability?: "supported" | "required" | "off";
  /**
   * How ICE candidates that are found late are told (RFC 8840). `half` (default): our offers have what gathering has found in
   * its time, and what comes later is told by INFO where the far end takes it; a far end that trickles is answered at
   * once. `full`: our offers leave at once as well, for servers and far ends that are known to trickle; one that does not is
   * offered the session anew. `off`: the descriptions are all, for servers that take INFO and lose it.
   */
  trickleIce?: "off" | "half" | "full";
  /** How many redirections (3xx) a call, or a request outside calls, follows, 16 at most; 0: none, it ends (RFC 3261 8.1.3.4). Default: 5. */
  maxRedirects?: number;
  /** The URI of ours that the network shall assert: P-Preferred-Identity (RFC 3325). */
  preferredIdentity?: string;
  /** Event packages that others may subscribe to (RFC 6665); any other gets 489. Default: none. */
  events?: string[];
  /** INFO packages that are taken (RFC 6086); any other gets 469. INFO without a package is always taken. */
  infoPackages?: string[];
  /** Content types of MESSAGE that are taken; any other gets 415 (RFC 3428 7). Default: all. */
  messageTypes?: string[];
  /**
   * What becomes of video that a far end offers, within a call or in one that is answered without a word about it.
   * `receive` (default): it is shown, without our camera; true: with our camera, which is opened without a person; false: it
   * is refused, and the call goes on (RFC 3264 6): right for an application that shows none.
   */
  remoteVideo?: boolean | "receive";
  /**
   * Who refreshes the binding: the engine (default), or the application, which `registration_expiring` tells in time. A
   * binding that it does not refresh ends. The first registration and that on a new connection are the engine's always.
   */
  refresh?: "engine" | "application";
  /** Whether a caller may ask to be answered without a person (RFC 5373). It opens the microphone: off by default (a caller who insists gets 403), and beside another call it rings all the same. */
  allowAutoAnswer?: boolean;
  /**
   * Which INVITEs take a call's place without a person (Replaces, RFC 3891 3): those of its far end, of whom that
   * referred and of this account's user (`peer`, the default), all (`accept`), none (`ask`). The others ring, and take
   * its place if they are answered: `call.replaces` says which.
   */
  replaces?: "peer" | "accept" | "ask";
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

/** A push service of the network, as it says by Feature-Caps (RFC 8599). */
export interface PushService {
  /** `apns`, `fcm`, `webpush` or another. */
  provider: string;
  /** The key that a webpush subscription is restricted to. */
  vapid?: string;
  /** What makes the network push for requests in a dialog. */
  purr?: string;
  /** How many seconds before its end a binding is to be refreshed by those who can wake up by themselves. */
  refreshS?: number;
}

/** A snapshot of an account. */
export interface AccountInfo {
  readonly account: Account;
  readonly id: number;
  readonly name: string;
  readonly connectivity: Connectivity;
  readonly registration: Registration;
}

/** An account of an endpoint. */
export class Account {
  private constructor();
  readonly id: number;
  readonly name: string;
  readonly connectivity: Connectivity;
  readonly registration: Registration;
  /** Registers, or refreshes at once. The headers are in the refreshes that follow as well, until the next of these three. */
  register(options?: MessageOptions): Promise<void>;
  /** Removes the binding; the account stays. `all`: those of the user's other devices as well. */
  unregister(options?: MessageOptions & { all?: boolean }): Promise<void>;
  /**
   * Asks the network with which services it pushes, or whether it does with this one (RFC 8599 4.1.5). Nothing: it has none, or
   * not that one. The account's binding is made again by it, so it is no question for while a call is awaited.
   */
  queryPush(provider?: string): Promise<PushService[]>;
  /** Logs out: nobody pushes to this device any more, and the account is forgotten. */
  remove(options?: MessageOptions): Promise<void>;
}
