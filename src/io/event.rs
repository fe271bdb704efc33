//! What the application is told.

use super::{AccountId, CallId, Error};

/// Something the application may want to show or act on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// JavaScript: `connectivity_changed`.
    ConnectivityChanged {
        /// Whose flow.
        account: AccountId,
        /// How it is now.
        state: TransportState,
        /// Why, where it is down.
        error: Option<Error>,
    },
    /// JavaScript: `registration_changed`.
    RegistrationChanged(RegistrationInfo),
    /// JavaScript: `call_received`. The call rings.
    CallReceived(CallInfo),
    /// JavaScript: `call_changed`: state, mute, names.
    CallChanged(CallInfo),
    /// JavaScript: `call_terminated`, the last of a call.
    CallTerminated {
        /// The call as it was.
        call: CallInfo,
        /// How it ended.
        outcome: Outcome,
    },
    /// JavaScript: `problem`. Something from outside broke the rules and was dropped, or needs attention.
    Problem {
        /// What.
        error: Error,
        /// Which account, where that is known.
        account: Option<AccountId>,
    },
    /// JavaScript: `host_changed`: the host is there, or is not any more.
    HostChanged {
        /// Whether there is a session with the host.
        connected: bool,
    },
    /// JavaScript: `trace`. One line of the trace.
    Trace(TraceEntry),
}

/// State of an account's flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransportState {
    /// No flow and none wanted.
    Idle,
    /// A connection is being made.
    Connecting,
    /// Messages can flow.
    Connected,
    /// Down; another attempt comes by itself.
    Waiting,
}

/// State of a registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegistrationState {
    /// There is no binding and none is being made.
    Unregistered,
    /// A REGISTER is on its way, or waits for a flow.
    Registering,
    /// The binding is there.
    Registered,
    /// The binding is being removed.
    Unregistering,
    /// The registrar refused, or nobody answered.
    Failed,
}

/// A registration as the application sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistrationInfo {
    /// Whose.
    pub account: AccountId,
    /// How it is.
    pub state: RegistrationState,
    /// When the binding ends, epoch milliseconds by this device's clock.
    pub expires_at: Option<u64>,
    /// The status of the last final response.
    pub status: Option<u16>,
    /// Why it failed.
    pub error: Option<Error>,
    /// Whether another attempt comes by itself.
    pub will_retry: bool,
}

/// Who started a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// They called.
    Incoming,
    /// We called.
    Outgoing,
}

/// Phase of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallState {
    /// Outgoing: media or the INVITE is on its way. Incoming: not announced yet.
    Connecting,
    /// Incoming: it rings here. Outgoing: it rings there.
    Ringing,
    /// Outgoing: a provisional response with a session description.
    Early,
    /// Incoming: the answer is on its way.
    Answering,
    /// Both sides agreed.
    Connected,
    /// It is over.
    Ended,
}

/// A call as the application sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallInfo {
    /// This engine's id.
    pub id: CallId,
    /// The id the host knows.
    pub uuid: String,
    /// Whose call.
    pub account: AccountId,
    /// Who started it.
    pub direction: Direction,
    /// Its phase.
    pub state: CallState,
    /// The far end's URI, without parameters.
    pub remote_uri: String,
    /// The far end's display name.
    pub remote_name: Option<String>,
    /// Whether our microphone is off.
    pub muted: bool,
    /// Whether media can flow.
    pub media_connected: bool,
    /// When both sides agreed, epoch milliseconds.
    pub connected_at: Option<u64>,
    /// The SIP Call-ID.
    pub sip_call_id: String,
}

/// How a call ended, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OutcomeKind {
    /// It was established, and one side hung up.
    Completed,
    /// Incoming: another device of ours answered.
    AnsweredElsewhere,
    /// Incoming: another device of ours declined for all.
    DeclinedElsewhere,
    /// Incoming: nobody answered in time, or the caller gave up.
    Missed,
    /// Outgoing: they are busy.
    Busy,
    /// One side declined.
    Declined,
    /// Outgoing: we gave up before they answered, or they did not answer.
    Cancelled,
    /// The flow or the media was lost.
    NetworkLost,
    /// Anything else.
    Failed,
}

impl OutcomeKind {
    /// The name JavaScript sees.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::AnsweredElsewhere => "answeredElsewhere",
            Self::DeclinedElsewhere => "declinedElsewhere",
            Self::Missed => "missed",
            Self::Busy => "busy",
            Self::Declined => "declined",
            Self::Cancelled => "cancelled",
            Self::NetworkLost => "networkLost",
            Self::Failed => "failed",
        }
    }
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// In one word.
    pub kind: OutcomeKind,
    /// Whether we ended it.
    pub local: bool,
    /// The SIP status that ended it, or that its Reason names.
    pub status: Option<u16>,
    /// The Q.850 cause of its Reason (RFC 3326).
    pub q850: Option<u16>,
    /// Why it failed, where it did.
    pub error: Option<Error>,
}

/// What a line of the trace shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TraceKind {
    /// A SIP message that came.
    SipIn,
    /// A SIP message that left.
    SipOut,
    /// A bridge message that came.
    BridgeIn,
    /// A bridge message that left.
    BridgeOut,
}

/// One line of the trace, redacted unless the application asked otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceEntry {
    /// Epoch milliseconds.
    pub at: u64,
    /// What it shows.
    pub kind: TraceKind,
    /// The text.
    pub text: String,
}
