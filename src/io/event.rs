//! What the application is told.

use super::{
    AccountId, Body, CallId, CallInfo, Error, HeaderList, Outcome, PublicationId, ReferralId, SubscriptionId,
    SubscriptionInfo, TransferId, Voicemail,
};

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
    /// JavaScript: `registration_expiring`: the binding is to be refreshed now, and the application wants to do that.
    RegistrationExpiring {
        /// Whose.
        account: AccountId,
        /// When the binding ends, epoch milliseconds by this device's clock.
        expires_at: u64,
    },
    /// JavaScript: `call_received`. The call rings.
    CallReceived {
        /// The call.
        call: CallInfo,
        /// The INVITE's headers.
        headers: HeaderList,
    },
    /// JavaScript: `call_changed`: state, mute, hold, names.
    CallChanged(CallInfo),
    /// JavaScript: `call_restored`: an earlier page had this call, and this one goes on with it.
    CallRestored(CallInfo),
    /// JavaScript: `call_progress`: a response to our INVITE, 101 to 299.
    CallProgress {
        /// Which.
        call: CallId,
        /// The response's status.
        status: u16,
        /// The response's headers.
        headers: HeaderList,
    },
    /// JavaScript: `call_terminated`, the last of a call.
    CallTerminated {
        /// The call as it was.
        call: CallInfo,
        /// How it ended.
        outcome: Outcome,
        /// The headers of what ended it: a BYE, a CANCEL, a final response. Empty where we ended it.
        headers: HeaderList,
    },
    /// JavaScript: `call_replaced`: an INVITE with Replaces (RFC 3891) has taken this call's place.
    CallReplaced {
        /// The call that goes.
        old: CallId,
        /// The call that comes.
        new: CallId,
    },
    /// JavaScript: `video_requested`: within a call the far end has offered video that was not there.
    VideoRequested {
        /// Which call.
        call: CallId,
        /// Whether it is there now, as the account's options say.
        accepted: bool,
    },
    /// JavaScript: `dtmf_received`: a digit by INFO.
    DtmfReceived {
        /// In which call.
        call: CallId,
        /// `0` to `9`, `*`, `#`, `A` to `D`, or `!` for a hook flash.
        digit: char,
        /// How long it was pressed, in milliseconds.
        duration_ms: u32,
    },
    /// JavaScript: `info_received`: an INFO that is no DTMF (RFC 6086).
    InfoReceived {
        /// In which call.
        call: CallId,
        /// What it carries.
        body: Body,
        /// Its headers.
        headers: HeaderList,
    },
    /// JavaScript: `message_received` (RFC 3428).
    MessageReceived {
        /// To whom.
        account: AccountId,
        /// In which call, where it is one of a dialog.
        call: Option<CallId>,
        /// From whom: the URI without parameters.
        from_uri: String,
        /// From whom, by name.
        from_name: Option<String>,
        /// What it carries.
        body: Body,
        /// Its headers.
        headers: HeaderList,
    },
    /// JavaScript: `transfer_requested`: somebody asks us by REFER (RFC 3515) to call `target`.
    /// [`Command::AcceptReferral`](super::Command::AcceptReferral) or `RejectReferral` answers; ten seconds of silence refuse it (603).
    ReferReceived {
        /// For the answer.
        referral: ReferralId,
        /// Who is asked.
        account: AccountId,
        /// In which call, where it is one of a dialog.
        call: Option<CallId>,
        /// Which call it is about, where it is in none but knows its dialog (Target-Dialog, RFC 4538).
        about: Option<CallId>,
        /// Whom to call: the URI without its headers.
        target: String,
        /// Whether the new call takes an existing one's place (an attended transfer).
        replaces: bool,
        /// Who says so (RFC 3892).
        referred_by: Option<String>,
        /// Its headers.
        headers: HeaderList,
    },
    /// JavaScript: `transfer_changed`: what became of a REFER of ours.
    TransferChanged {
        /// Which.
        transfer: TransferId,
        /// In which call, where it is one of a dialog.
        call: Option<CallId>,
        /// The status of the transferred call so far (RFC 3515 section 2.4.5), or of the refused REFER.
        status: u16,
        /// Whether this is the last word.
        done: bool,
        /// The headers of the NOTIFY or response that says so.
        headers: HeaderList,
    },
    /// JavaScript: `subscription_changed`: a subscription of ours.
    SubscriptionChanged(SubscriptionInfo),
    /// JavaScript: `notify_received`: the state that a subscription of ours is about; or an unsolicited NOTIFY, which has no subscription.
    NotifyReceived {
        /// Which subscription.
        subscription: Option<SubscriptionId>,
        /// Whose.
        account: AccountId,
        /// The event package.
        event: String,
        /// What waits in the mailbox, where the state is a summary of one.
        voicemail: Option<Voicemail>,
        /// The state.
        body: Body,
        /// Its headers.
        headers: HeaderList,
    },
    /// JavaScript: `subscribe_received`: somebody wants to follow a state of ours.
    /// [`Command::AcceptSubscriber`](super::Command::AcceptSubscriber) or `RejectSubscriber` answers.
    SubscribeReceived {
        /// For the answer.
        subscription: SubscriptionId,
        /// Whose state.
        account: AccountId,
        /// Who wants to: the URI without parameters.
        from_uri: String,
        /// The event package.
        event: String,
        /// For how long, in seconds.
        expires: u32,
        /// What it carries.
        body: Body,
        /// Its headers.
        headers: HeaderList,
    },
    /// JavaScript: `subscriber_changed`: a subscriber of ours refreshed (`active`) or is gone.
    SubscriberChanged(SubscriptionInfo),
    /// JavaScript: `publication_changed`: a publication of ours was made, refreshed, lost or removed (RFC 3903).
    PublicationChanged {
        /// Which.
        publication: PublicationId,
        /// Whether the server has it.
        published: bool,
        /// Why it was lost.
        error: Option<Error>,
        /// The headers of the response that says so; empty where none does.
        headers: HeaderList,
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
    /// JavaScript: `call_wanted`: somebody asked for a call outside the application, which may make it.
    CallWanted {
        /// The name of the account, where the host knows it.
        account: Option<String>,
        /// Whom to call: a URI, or a number.
        target: String,
        /// Their name.
        name: Option<String>,
        /// Whether with video.
        video: bool,
        /// `recents`, `siri` or `url`.
        source: &'static str,
    },
    /// What the host tells and nobody but the application has to know.
    FromHost {
        /// JavaScript's name of it: `audio_route_changed`, `audio_interrupted`, `audio_reset`, `audio_activated`,
        /// `audio_deactivated` or `app_state_changed`.
        name: &'static str,
        /// The message's payload: JSON, of the shape that [`crate::bridge`] has for it. Fields may be more.
        payload: String,
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

/// What the server says about waking this device by a push (RFC 8599 section 4.1.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PushSupport {
    /// It will push: it named our push service.
    Promised,
    /// It said nothing, as most servers do whether they push or not.
    Unknown,
    /// It does not support our push service (555).
    Refused,
}

impl PushSupport {
    /// The name JavaScript sees.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Promised => "promised",
            Self::Unknown => "unknown",
            Self::Refused => "refused",
        }
    }
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
    /// What the server says about pushes, where REGISTER asks for them.
    pub push: Option<PushSupport>,
    /// In an event: the headers of the response that changed it; empty where none did.
    pub headers: HeaderList,
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
