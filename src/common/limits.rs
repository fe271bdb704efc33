//! Every bound in one place, each with what exceeding it does.

/// Octets of one SIP message, head and body. Longer: refused before it is read (`ParseError::TooLong`, 513).
pub const MESSAGE_OCTETS: usize = 64 * 1024;
/// Header lines of one message, after unfolding. More: the message is refused (400).
pub const HEADER_LINES: usize = 128;
/// Octets of one unfolded header line. Longer: the message is refused (400).
pub const LINE_OCTETS: usize = 8 * 1024;
/// Parameters of one URI or one header value. More: the value is refused (400).
pub const PARAMETERS: usize = 64;
/// Parts of one body. More: the body is not understood (415).
pub const BODY_PARTS: usize = 32;
/// Depth of parts within parts. Deeper: the part is not understood (415).
pub const BODY_DEPTH: usize = 4;
/// Via values of one message. More: the message is refused (400).
pub const VIA_VALUES: usize = 64;
/// Octets of a body that the application sends or that a MESSAGE brings. More: `invalidOption`, or 413.
pub const BODY_OCTETS: usize = 48 * 1024;
/// Routes of a dialog. More: the dialog is refused (400).
pub const ROUTES: usize = 32;
/// Octets of the URI in the Contact above which a registrar with default settings refuses the REGISTER: a warning, nothing
/// more.
pub const CONTACT_OCTETS_WARN: usize = 512;
/// Octets of one bridge message. Longer: refused and counted.
pub const BRIDGE_MESSAGE_OCTETS: usize = 1024 * 1024;
/// Messages that wait for an acknowledgement on one side of the bridge. More: see bridge rule 3.
pub const BRIDGE_QUEUE_MESSAGES: usize = 500;
/// Octets that wait for an acknowledgement on one side of the bridge. More: see bridge rule 3.
pub const BRIDGE_QUEUE_OCTETS: usize = 1024 * 1024;
/// Depth of nested JSON. Deeper: the message is refused and counted.
pub const JSON_DEPTH: usize = 16;
/// Entries of the trace. More: the oldest goes.
pub const TRACE_ENTRIES: usize = 512;
/// Persons that the trace tells apart; whoever comes after them has no number.
pub const TRACED_USERS: usize = 256;
/// Events that wait for a first listener. More: the oldest goes, and a `problem` says so.
pub const EVENTS_WAITING: usize = 256;
/// Calls at one time. More: an incoming one gets 486, an outgoing one fails with `tooManyCalls`.
pub const CALLS: usize = 16;

/// Calls that an engine remembers, those that are over included. Beyond it the oldest that is over is forgotten when
/// another INVITE comes.
pub const REMEMBERED_CALLS: usize = 256;
/// Far ends of one forked INVITE that are followed. More: their provisional responses are not looked at; a late 2xx still gets
/// its ACK and BYE.
pub const FORKS: usize = 32;
/// Octets of a fragment with ICE candidates in an INFO. More: 413.
pub const FRAGMENT_OCTETS: usize = 16 * 1024;
/// ICE candidates of one side of a session. More: the rest is not told and not looked at.
pub const CANDIDATES: usize = 128;
/// Targets of redirections that one INVITE may go to. More: the rest is not tried.
pub const REDIRECTS: usize = 16;
/// Transfers under way, and referrals under way. More: ours fails with `busy`, theirs gets 503.
pub const REFERRALS: usize = 16;
/// Subscriptions of ours. More: `busy`.
pub const SUBSCRIPTIONS: usize = 64;
/// Subscriptions of others to us. More: the SUBSCRIBE gets 503.
pub const SUBSCRIBERS: usize = 64;
/// What we publish. More: `busy`.
pub const PUBLICATIONS: usize = 16;
/// Finished Call-IDs that are remembered, so that a late push ends at once. More: the oldest goes.
pub const FINISHED_CALLS: usize = 64;
/// Digest challenges of one response. More: the rest is not looked at.
pub const CHALLENGES: usize = 16;
/// Transactions that others opened with us on one flow. More: the request gets 503 and is dropped.
pub const SERVER_TRANSACTIONS: usize = 128;
/// Transactions that we opened on one flow and that have no final response. More: the new one fails at once, as if its
/// flow were lost.
pub const CLIENT_TRANSACTIONS: usize = 128;
/// Octets that a socket may hold back. More: the flow is taken for dead.
pub const SOCKET_OCTETS: usize = 256 * 1024;
/// Octets of what an earlier page left to know. More: nothing of it is taken up.
pub const STATE_OCTETS: usize = 64 * 1024;
/// Accounts of which an earlier page may have left something. More: the rest is forgotten.
pub const REMEMBERED_ACCOUNTS: usize = 16;
/// Servers of one account. More: the rest is not used.
pub const SERVERS: usize = 16;
