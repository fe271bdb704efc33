//! What the application asks for.

use super::{
    AccountId, AccountOptions, CallId, CallOptions, DtmfMethod, HeaderList, PublicationId, ReferralId, SubscriptionId,
    TransferId, Video,
};

/// What a message carries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Body {
    /// Its Content-Type; empty: there is no body.
    pub content_type: String,
    /// Its octets.
    pub octets: Vec<u8>,
}

/// What the application adds to a message.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extra {
    /// Further headers, as name and value. Those that the engine writes itself are refused.
    pub headers: HeaderList,
}

/// A push service of the network, as one Feature-Caps says (RFC 8599 sections 4.1.5 and 6.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PushService {
    /// Its name: `apns`, `fcm`, `webpush` or another.
    pub provider: String,
    /// The key that a webpush subscription is restricted to.
    pub vapid: Option<String>,
    /// What makes the network push for requests in a dialog.
    pub purr: Option<String>,
    /// How many seconds before its end a binding is to be refreshed by those who can wake up by themselves.
    pub refresh_s: Option<u32>,
}

/// A request of the application. Each is completed exactly once.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Command {
    /// The command with these headers in what it sends, where it has no [`Extra`] of its own: the REGISTERs, the re-INVITE
    /// or UPDATE, each INFO, the NOTIFYs and responses, SUBSCRIBE and PUBLISH that come of it.
    With(Extra, Box<Command>),
    /// Make an account; it connects and registers by itself. Completed with [`Reply::Account`] at once.
    CreateAccount(Box<AccountOptions>),
    /// Register, or refresh at once. Completed when the registrar has answered.
    Register(AccountId),
    /// Remove the binding but keep the account and, for servers that remember it, the push token.
    Unregister(AccountId),
    /// The same for all bindings of the address of record, those of other devices included (`Contact: *`).
    UnregisterAll(AccountId),
    /// Log out: remove the binding without push parameters, so that nobody pushes any more, and forget the account.
    RemoveAccount(AccountId),
    /// Ask the network with which services it pushes, or whether it does with this one (RFC 8599 section 4.1.5). The account
    /// registers once more afterwards. Completed with [`Reply::PushServices`].
    QueryPush(AccountId, Option<String>),
    /// Call `target`: a `sip:`, `sips:` or `tel:` URI, or a user name of the account's domain.
    /// Completed with [`Reply::Call`] once the call exists: at once, or, while the account makes its first connection
    /// or registration, as soon as that is done; a failure of it, or ten seconds, fail the call.
    MakeCall {
        /// Who calls.
        account: AccountId,
        /// Who is called.
        target: String,
        /// The rest.
        options: CallOptions,
    },
    /// Tell the caller more before the answer: a 183, completed when it has left.
    Progress {
        /// Which call.
        call: CallId,
        /// Whether it describes the session, so that media can flow, without the microphone, before the answer.
        early_media: bool,
        /// Further headers.
        extra: Extra,
    },
    /// Answer an incoming call. Completed when the 200 has left.
    Answer(CallId, Extra),
    /// Decline an incoming call, with the account's code or this one (400 to 699).
    Decline(CallId, Option<u16>, Extra),
    /// Send an incoming call elsewhere: a 3xx with these Contacts.
    Redirect {
        /// Which call.
        call: CallId,
        /// 300 to 399; usually 302.
        status: u16,
        /// Where to: SIP URIs.
        targets: Vec<String>,
    },
    /// End a call in whatever phase: CANCEL, decline or BYE.
    Hangup(CallId, Extra),
    /// Stop or start sending the microphone.
    Mute(CallId, bool),
    /// The same with the camera: what is sent is black.
    MuteVideo(CallId, bool),
    /// Add video to a call, take it away, or change who sends; of a call that rings here, what it will be answered with.
    /// Completed when the far end agreed.
    SetVideo(CallId, Video),
    /// Where the host's sound goes: `speaker`, `default` or the id of one of its outputs. Where media is the page's,
    /// [`ErrorCode::Unsupported`](super::ErrorCode::Unsupported).
    AudioRoute(String),
    /// Have the host show its own picture for choosing where the sound goes. Where media is the page's,
    /// [`ErrorCode::Unsupported`](super::ErrorCode::Unsupported).
    AudioPicker,
    /// How a call's media is doing. Completed with [`Reply::Stats`].
    Stats(CallId),
    /// Hold the call, or take it back. Completed when the far end agreed; a refusal fails it and ends nothing.
    Hold(CallId, bool),
    /// Offer the session anew, ICE included where `restart` is set.
    Renegotiate {
        /// Which call.
        call: CallId,
        /// Whether ICE starts anew.
        restart: bool,
    },
    /// Send digits. Completed when the last has been sent.
    Dtmf {
        /// In which call.
        call: CallId,
        /// `0` to `9`, `*`, `#`, `A` to `D`; `,` is a pause of two seconds.
        digits: String,
        /// How.
        method: DtmfMethod,
        /// How long each is, in milliseconds: 40 to 6000.
        duration_ms: u32,
        /// The pause after each, in milliseconds: 30 to 6000.
        gap_ms: u32,
    },
    /// Send an INFO (RFC 6086). Completed with [`Reply::Response`].
    Info {
        /// In which call.
        call: CallId,
        /// What it carries.
        body: Body,
        /// Further headers, such as Info-Package.
        extra: Extra,
    },
    /// Ask the far end to call somebody else (REFER, RFC 3515). Completed with [`Reply::Transfer`] when it agreed.
    Transfer {
        /// Which call.
        call: CallId,
        /// Who is to be called.
        target: String,
        /// Further headers.
        extra: Extra,
    },
    /// The same to join the far end of `call` with that of `to` (REFER with Replaces, RFC 3891).
    TransferToCall {
        /// Which call.
        call: CallId,
        /// The call whose far end is the target; its place is taken.
        to: CallId,
        /// Further headers.
        extra: Extra,
    },
    /// REFER outside a call. Completed with [`Reply::Transfer`] when it was accepted.
    Refer {
        /// Who asks.
        account: AccountId,
        /// Who is asked.
        target: String,
        /// Who is to be called.
        refer_to: String,
        /// Further headers.
        extra: Extra,
    },
    /// Do as a REFER asks: a new call is made, and its progress is told to who asked. Completed with [`Reply::Call`].
    AcceptReferral {
        /// The REFER.
        referral: ReferralId,
        /// What of video the new call offers.
        video: Video,
    },
    /// Refuse a REFER with this status (400 to 699).
    RejectReferral(ReferralId, u16),
    /// Send a MESSAGE (RFC 3428), in a call where one is named. Completed with [`Reply::Response`].
    SendMessage {
        /// From whom.
        account: AccountId,
        /// In which call.
        call: Option<CallId>,
        /// To whom; not looked at where a call is named.
        target: String,
        /// What it carries.
        body: Body,
        /// Further headers.
        extra: Extra,
    },
    /// Send an OPTIONS (RFC 3261 section 11). Completed with [`Reply::Response`].
    SendOptions {
        /// From whom.
        account: AccountId,
        /// To whom.
        target: String,
        /// Further headers.
        extra: Extra,
    },
    /// Follow a state (SUBSCRIBE, RFC 6665). It is refreshed by itself. Completed with [`Reply::Subscription`] once it was accepted.
    Subscribe {
        /// Who.
        account: AccountId,
        /// Whose state.
        target: String,
        /// The event package.
        event: String,
        /// Accept: the content types that are understood.
        accept: Vec<String>,
        /// For how long, in seconds.
        expires: u32,
        /// What it carries.
        body: Body,
        /// Further headers.
        extra: Extra,
    },
    /// End a subscription of ours.
    Unsubscribe(SubscriptionId),
    /// Accept somebody who wants to follow a state of ours; a NOTIFY leaves at once.
    AcceptSubscriber {
        /// Who.
        subscription: SubscriptionId,
        /// Whether the decision itself is still open: `pending`.
        pending: bool,
        /// The state.
        body: Body,
    },
    /// Refuse a subscriber with this status (400 to 699).
    RejectSubscriber(SubscriptionId, u16),
    /// Tell a subscriber the state, or end its subscription with it.
    Notify {
        /// Who.
        subscription: SubscriptionId,
        /// The state.
        body: Body,
        /// `Some(reason)`: this is the end; a token such as `noresource`.
        terminate: Option<String>,
    },
    /// Publish event state (PUBLISH, RFC 3903). It is refreshed by itself. Completed with [`Reply::Publication`].
    Publish {
        /// Whose.
        account: AccountId,
        /// The event package.
        event: String,
        /// For how long, in seconds.
        expires: u32,
        /// The state.
        body: Body,
        /// Further headers.
        extra: Extra,
    },
    /// Change what is published.
    Republish(PublicationId, Body),
    /// Remove what is published.
    Unpublish(PublicationId),
    /// The network is another one now, or came back, or went: a hint, to be checked at once.
    NetworkChanged {
        /// What the platform thinks: whether there is one.
        online: Option<bool>,
    },
    /// The page is about to sleep: carry out each account's background policy.
    Suspend,
    /// The page is awake again after so many milliseconds.
    Resume {
        /// How long it slept, in milliseconds.
        suspended_ms: u64,
    },
    /// End all calls, remove all bindings, close all flows.
    Stop,
}

/// What a completed command brings.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reply {
    /// Nothing but that it is done.
    Done,
    /// The new account.
    Account(AccountId),
    /// The new call.
    Call(CallId),
    /// The final response, 200 to 299; another one is an error with its status.
    Response {
        /// Its status.
        status: u16,
        /// Its headers.
        headers: HeaderList,
        /// What it carries.
        body: Body,
    },
    /// WebRTC's statistics as a JSON list of its dictionaries.
    Stats(String),
    /// The push services that the network has; none: it has none, or not the one that was asked for (555).
    PushServices(Vec<PushService>),
    /// The new subscription.
    Subscription(SubscriptionId),
    /// The new publication.
    Publication(PublicationId),
    /// The transfer that was agreed to.
    Transfer(TransferId),
}
