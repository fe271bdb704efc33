//! The closed lists of what the host is told and what it wants done.

use crate::bridge::{
    AppState, AudioActivated, AudioDeactivated, AudioInterruption, AudioRoute, BridgeProblem, CallAction, CallUi,
    Config, EndReason, Handle, HostInfo, IntentStartCall, Launch, NetworkChanged, PayloadPaths, PushToken, ReportError,
    RequestRefusal, ResetReason, Supports, SuspendPolicy, TokenKind,
};
use crate::common::secret::Secret;
use crate::common::time::Mono;
use crate::io::{FlowCommand, FlowEvent, FlowId, MediaCommand, MediaEvent, MediaId};

/// Who owns the audio of a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// The host. The system's call screen stays for the whole call.
    #[default]
    HostMedia,
    /// The page. Its audio and a live call screen exclude each other, so the screen only rings: it is ended a moment
    /// after the answer, and only then the page answers.
    PageMedia,
}

/// What the Call-ID in a push says of the INVITE that it announces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PushCallId {
    /// The INVITE has the same. One with another is of another call, whoever calls.
    #[default]
    Same,
    /// Nothing: a server in between makes a new one. It tells pushes apart and no more.
    Rewritten,
}

/// What the app configures.
#[derive(Clone, Debug)]
pub struct HostOptions {
    /// `urn:uuid:…`, the same for the life of the installation.
    pub instance: String,
    /// The app and the device.
    pub info: HostInfo,
    /// The system's call screen.
    pub call_ui: CallUi,
    /// Who owns the audio. The capability `media.host` is offered accordingly.
    pub profile: Profile,
    /// Whether the host owns the sockets. The capability `transport.host` is offered accordingly.
    pub transport: bool,
    /// Whether the host keeps the page's time, which a page behind or locked away cannot keep itself. The capability
    /// `timers.host` is offered accordingly.
    pub timers: bool,
    /// The origins whose pages may speak to the host, as the web view names them: `https://app.example.com`,
    /// `sipwake://app`. Whatever comes from another one, or not from the main frame, is dropped and counted.
    pub origins: Vec<String>,
    /// Calls, or groups of calls, that the system shows at one time. A start of one more is refused.
    pub maximum_call_groups: u64,
    /// Calls in a group.
    pub maximum_calls_per_call_group: u64,
    /// Whether the host keeps the app awake for the page. The capability `keepAwake` is offered accordingly.
    pub keep_awake: bool,
    /// Whether the host knows accounts' secrets. The capability `credentials` is offered accordingly.
    pub credentials: bool,
    /// More capabilities to offer.
    pub capabilities: Vec<String>,
    /// Whether the device is in Lockdown Mode.
    pub lockdown: bool,
    /// Where the facts are in a push payload.
    pub paths: PayloadPaths,
    /// What the Call-ID in a push is worth.
    pub push_call_id: PushCallId,
    /// How long a push waits for its INVITE.
    pub invite_timeout_ms: u64,
    /// How long an answer waits for the INVITE, and once that is there, for the page. Never past the INVITE's time.
    pub answer_timeout_ms: u64,
    /// How long a call rings.
    pub ring_timeout_ms: u64,
    /// How long the system may stay silent about a report; then the report counts as taken, and a start as refused.
    pub report_timeout_ms: u64,
    /// How long the system may take to begin an action that the app asked for.
    pub request_timeout_ms: u64,
    /// How long a call is shown on a device that was not unlocked since it started.
    pub sealed_ms: u64,
    /// How long a page that came back may take to speak for a call that was connected, beside the page's own time.
    pub claim_timeout_ms: u64,
    /// How long the page may take to hear of what is done already: a mute, a hold.
    pub told_timeout_ms: u64,
    /// For how long after a connect, a hold or its end an unmute is the system's own, which nobody asked for.
    pub system_unmute_ms: u64,
    /// How long a page may take to say hello when there is something to do.
    pub page_timeout_ms: u64,
    /// Ring only: how long the call screen stays after the answer.
    pub hand_over_ms: u64,
    /// How long a push, or a page that asks for it, may keep the app from being suspended. Each push begins anew.
    pub background_ms: u64,
}

impl Default for HostOptions {
    fn default() -> Self {
        Self {
            instance: String::new(),
            info: HostInfo::default(),
            call_ui: CallUi::CallKit,
            profile: Profile::HostMedia,
            transport: true,
            timers: false,
            origins: Vec::new(),
            maximum_call_groups: 2,
            maximum_calls_per_call_group: 5,
            keep_awake: false,
            credentials: false,
            capabilities: Vec::new(),
            lockdown: false,
            paths: PayloadPaths::default(),
            push_call_id: PushCallId::default(),
            invite_timeout_ms: 15_000,
            answer_timeout_ms: 10_000,
            ring_timeout_ms: 90_000,
            report_timeout_ms: 2_000,
            request_timeout_ms: 2_000,
            sealed_ms: 4_000,
            claim_timeout_ms: 5_000,
            told_timeout_ms: 10_000,
            system_unmute_ms: 500,
            page_timeout_ms: 8_000,
            hand_over_ms: 1_000,
            background_ms: 20_000,
        }
    }
}

/// What happened.
#[derive(Debug)]
#[non_exhaustive]
pub enum HostInput {
    /// The deadline that [`Effect::Timer`] named has come. Early or needless ones do no harm.
    Timeout,
    /// A call push came. Carry out the effects before the push callback returns.
    Push {
        /// The payload as JSON.
        payload: String,
        /// Whether the system insists on a report.
        must_report: bool,
        /// What the app was doing.
        launch: Launch,
        /// Whether the device is locked.
        locked: bool,
        /// Whether the device was unlocked since it started; before that nothing can be read, and no page can run.
        unlocked_since_boot: bool,
    },
    /// The system took a report, or refused it.
    Reported {
        /// The call.
        uuid: String,
        /// Why not.
        error: Option<ReportError>,
    },
    /// The user wants something, through the system.
    Perform {
        /// Id of the system's action.
        action_id: String,
        /// The call.
        uuid: String,
        /// What.
        action: CallAction,
        /// Which digits.
        digits: Option<String>,
        /// With which call.
        group_with: Option<String>,
    },
    /// The system refused what [`Effect::StartCall`] or [`Effect::RequestAction`] asked it for.
    RequestRefused {
        /// The call.
        uuid: String,
        /// What was asked for.
        action: CallAction,
        /// Why not.
        refusal: RequestRefusal,
    },
    /// Somebody asked for a call outside the page: in the list of recent calls, by voice, with a link.
    StartIntent(IntentStartCall),
    /// The system gave up on an action. It is neither fulfilled nor failed after this.
    ActionTimedOut {
        /// Id of the system's action.
        action_id: String,
    },
    /// The system forgot every call.
    ProviderReset,
    /// A push token came, changed or died.
    Token(PushToken),
    /// A frame of the web view posted a text.
    PageMessage {
        /// Whether it was the main frame.
        main_frame: bool,
        /// The frame's origin: scheme, host, and the port where it is not the scheme's.
        origin: String,
        /// The envelope.
        text: String,
    },
    /// A text could not be handed to the page.
    PostFailed,
    /// The page is gone: its process died, or it was left.
    PageLost(ResetReason),
    /// The app's state changed.
    App(AppState),
    /// The system gave the app the audio session.
    AudioActivated(AudioActivated),
    /// The system took the audio session back.
    AudioDeactivated(AudioDeactivated),
    /// The sound goes elsewhere.
    AudioRoute(AudioRoute),
    /// Something else took the sound, or gave it back.
    AudioInterruption(AudioInterruption),
    /// The system's sound was set up anew.
    MediaServicesReset,
    /// The accounts that the host provides, with their secrets where they can be read: after the first unlock, and
    /// whenever they change. Each page gets them.
    Config(Config),
    /// The answer to [`Effect::SecretNeeded`].
    Secret {
        /// Which.
        request: String,
        /// The password; none: there is none.
        secret: Option<Secret>,
    },
    /// The network changed.
    Network(NetworkChanged),
    /// What [`Effect::KeepState`] asked an earlier life of the app to keep. Before the page is loaded.
    KeptState {
        /// What for.
        key: String,
        /// It, in base64.
        value: String,
    },
    /// The app is about to sleep. [`Effect::SuspendReady`] answers.
    WillSuspend {
        /// Time for what has to be done.
        budget_ms: u64,
        /// What to do; absent: what each account says.
        policy: Option<SuspendPolicy>,
    },
    /// The app is awake again.
    Resumed {
        /// How long it slept.
        suspended_for_ms: u64,
    },
    /// Something happened on a socket.
    Socket {
        /// Which.
        flow: FlowId,
        /// What.
        event: FlowEvent,
    },
    /// Something happened in a media session.
    Media {
        /// Which.
        media: MediaId,
        /// The number of the command that it answers; nought where it answers none.
        number: u32,
        /// What.
        event: MediaEvent,
    },
}

/// What is to be done, in order.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// Call `handle(now, HostInput::Timeout)` at this point, or never if `None`. Replaces the earlier one.
    Timer(Option<Mono>),
    /// Report an incoming call to the system; [`HostInput::Reported`] answers. A UUID that is known already is
    /// reported again on purpose, where the system insists on a report for each push.
    ReportIncoming {
        /// The call.
        uuid: String,
        /// The caller's name.
        display_name: Option<String>,
        /// The caller's URI or number.
        handle: Option<String>,
        /// Whether to show it as a video call.
        video: bool,
        /// What the system may offer for it.
        supports: Supports,
    },
    /// Ask the system whether a call of ours may start. It comes back as [`HostInput::Perform`] with
    /// [`CallAction::Start`], or as [`HostInput::RequestRefused`].
    StartCall {
        /// The call.
        uuid: String,
        /// Whose call.
        account: String,
        /// Their name.
        display_name: Option<String>,
        /// Whom it calls.
        handle: Handle,
        /// Whether to show it as a video call.
        video: bool,
    },
    /// A call of ours is on its way to the far end.
    OutgoingConnecting {
        /// The call.
        uuid: String,
        /// Since when, epoch milliseconds.
        at: u64,
    },
    /// A call of ours was answered.
    OutgoingConnected {
        /// The call.
        uuid: String,
        /// When, epoch milliseconds.
        at: u64,
    },
    /// What is shown of a call changed.
    UpdateCall {
        /// The call.
        uuid: String,
        /// The caller's name.
        display_name: Option<String>,
        /// The caller's URI or number.
        handle: Option<String>,
        /// Whether to show it as a video call.
        video: bool,
        /// What the system may offer for it.
        supports: Supports,
    },
    /// Report the end of a call to the system. Never comes for a call that the user ended.
    EndCall {
        /// The call.
        uuid: String,
        /// How it ended.
        reason: EndReason,
    },
    /// The action is done.
    Fulfil {
        /// Id of the system's action.
        action_id: String,
        /// Of an answer: when both sides agreed, epoch milliseconds.
        connected_at: Option<u64>,
    },
    /// The action cannot be done.
    Fail {
        /// Id of the system's action.
        action_id: String,
    },
    /// Ask the system for this action: a button in the page, or what has to follow. It comes back as
    /// [`HostInput::Perform`], or as [`HostInput::RequestRefused`].
    RequestAction {
        /// The call.
        uuid: String,
        /// What.
        action: CallAction,
        /// Which digits.
        digits: Option<String>,
        /// With which call.
        group_with: Option<String>,
    },
    /// Tell the user that a call was missed.
    MissedCall {
        /// The caller's name, or what else is known.
        display_name: Option<String>,
    },
    /// Hand this envelope to the page.
    Post(String),
    /// Load the page, or poke it if it is there and sleeps.
    LoadPage,
    /// Load the page anew.
    ReloadPage,
    /// Begin a background task, or end it: as long as there is one, the system does not suspend the app while a call
    /// waits for its INVITE.
    BackgroundTask(bool),
    /// For the socket of a flow.
    Socket {
        /// Which.
        flow: FlowId,
        /// What.
        command: FlowCommand,
    },
    /// Read sockets, or do not: the page has enough to do.
    ReadSockets(bool),
    /// For a media session.
    Media {
        /// Which.
        media: MediaId,
        /// Its number, which the event that answers it repeats.
        number: u32,
        /// What.
        command: MediaCommand,
    },
    /// Send the sound elsewhere.
    AudioRoute {
        /// To the loudspeaker; otherwise to where the system would send it.
        speaker: bool,
        /// Instead, to this output.
        uid: Option<String>,
    },
    /// Show the system's picture for choosing where the sound goes.
    ShowAudioPicker,
    /// A server asks for a secret of an account; [`HostInput::Secret`] answers.
    SecretNeeded {
        /// For the answer.
        request: String,
        /// For which account.
        account: String,
        /// Who asks.
        realm: String,
    },
    /// A line for the log. It holds no secret, and nobody's name.
    Log {
        /// `debug`, `info`, `warn` or `error`.
        level: String,
        /// The line.
        message: String,
    },
    /// Ask the system for a push token.
    RequestToken(TokenKind),
    /// The answer to [`HostInput::WillSuspend`]: the app may sleep.
    SuspendReady {
        /// Whether all was done.
        done: bool,
        /// Whether a binding is left, as far as the page said.
        registered: bool,
    },
    /// Keep this, in the place of what was kept with this key before, so that it outlives the app as well:
    /// [`HostInput::KeptState`] gives it back. Not to be logged.
    KeepState {
        /// What for.
        key: String,
        /// It, in base64.
        value: String,
    },
    /// Something that was to be the page's broke the rules; it was dropped. [`Host::problems`](super::Host::problems)
    /// counts them.
    Problem(BridgeProblem),
}
