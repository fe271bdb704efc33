// The package's TypeScript face: messages and states that are followed. Kept by hand beside `js/api.js` and `commands.rs`; tests/js/package.test.mjs holds them
// together. scripts/types.mjs joins the files of this folder into one, so they name each other's types as their own.

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
 * Extra headers. Those that are the engine's alone are refused: who talks to whom, which way, in which dialog and state, with
 * whose credentials; line breaks, too. Any other that the engine writes, such as User-Agent, gives way to yours.
 */
export interface MessageOptions {
  headers?: Header[];
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

/** Options of {@link Endpoint.subscribe}. */
export interface SubscribeOptions extends BodyOptions {
  /** Content types that are understood; by default those that the package names. */
  accept?: string[];
  /** For how long, in seconds; it is refreshed by itself. 0: the state just once. Default: 3600. */
  expires?: number;
  /** A filter, or what else the package wants. */
  body?: Content;
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
  unsubscribe(options?: MessageOptions): Promise<void>;
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
  /** Accepts, and tells the state; the headers are in both. `pending`: the decision itself is still open. */
  accept(body?: Content, options?: BodyOptions & { pending?: boolean }): Promise<void>;
  /** Refuses with this status (400 to 699). Default: 403. */
  reject(status?: number, options?: MessageOptions): Promise<void>;
  /** Tells the state. `terminate` ends the subscription with it, for this reason, such as `noresource`. */
  notify(body?: Content, options?: BodyOptions & { terminate?: string }): Promise<void>;
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
  update(body: Content, options?: BodyOptions): Promise<void>;
  /** Removes it. Headers given here or to `update` take the place of those before, in its refreshes as well. */
  remove(options?: MessageOptions): Promise<void>;
}
