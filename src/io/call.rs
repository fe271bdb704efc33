//! Calls as the application sees them, and what it can say about one.

use super::{AccountId, CallId, Error, HeaderList, MediaDirection};

/// An address: who somebody is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The URI, without parameters.
    pub uri: String,
    /// The display name.
    pub name: Option<String>,
}

/// Options of one outgoing call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallOptions {
    /// Extra headers of the INVITE, as name and value.
    pub headers: HeaderList,
    /// Not to say who calls: From `sip:anonymous@anonymous.invalid`, `Privacy: id` (RFC 3323, RFC 3325).
    pub anonymous: bool,
    /// P-Preferred-Identity: the URI of ours that the network shall assert (RFC 3325).
    pub preferred_identity: Option<String>,
    /// The call whose place this one takes at the far end: Replaces (RFC 3891).
    pub replaces: Option<CallId>,
    /// To leave the offer to the far end: an INVITE without a description.
    pub late_offer: bool,
    /// What of video is offered.
    pub video: Video,
    /// After how many seconds without an answer it is over: Expires (RFC 3261 section 13.2.1), and a CANCEL by then.
    pub expires: Option<u32>,
}

/// What this side wants of video in a call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Video {
    /// None: a video line is refused, or taken away.
    #[default]
    Off,
    /// Theirs, without our camera.
    Receive,
    /// Both ways.
    Send,
}

/// How digits are sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DtmfMethod {
    /// As telephone events in the media (RFC 4733) where it can, else by INFO.
    #[default]
    Auto,
    /// As telephone events in the media (RFC 4733).
    Media,
    /// By INFO with `application/dtmf-relay`.
    Info,
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
    /// Who the network says the far end is (P-Asserted-Identity, RFC 3325).
    pub asserted_identity: Option<Box<Identity>>,
    /// Whom the caller called first (Diversion, RFC 5806, else History-Info, RFC 7044): the URI.
    pub diverted_from: Option<String>,
    /// The caller asks for an answer without a person, after so many seconds (Call-Info or Alert-Info `answer-after`, Answer-Mode of RFC 5373).
    pub auto_answer_s: Option<u32>,
    /// Incoming: the call whose place it takes once it is answered (Replaces, RFC 3891).
    pub replaces: Option<CallId>,
    /// Whether we hold the call.
    pub on_hold: bool,
    /// Whether the far end holds it.
    pub remote_hold: bool,
    /// Whether our microphone is off.
    pub muted: bool,
    /// Which way video flows, seen from us; `None`: there is none. Of an incoming call that has no answer yet: what the
    /// caller offers.
    pub video: Option<MediaDirection>,
    /// Whether our camera is off.
    pub video_muted: bool,
    /// Whether media can flow.
    pub media_connected: bool,
    /// When both sides agreed, epoch milliseconds.
    pub connected_at: Option<u64>,
    /// The SIP Call-ID.
    pub sip_call_id: String,
    /// In an event: the headers of the message that changed it; empty where none did.
    pub headers: HeaderList,
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
    /// The words for people in its Reason; where there are several, those of the SIP one first.
    pub reason_text: Option<String>,
    /// Why it failed, where it did.
    pub error: Option<Error>,
}
