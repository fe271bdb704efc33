//! Inputs and options, read from JSON.

use crate::bridge::drivers::failure_from_name;
use crate::bridge::json::Json;
use crate::bridge::{
    AppState, AppStateName, AudioActivated, AudioDeactivated, AudioInterruption, AudioRoute, CallAction, CallUi,
    Config, Environment, HostInfo, IntentStartCall, Launch, NetworkChanged, PushToken, ReportError, RequestRefusal,
    ResetReason, SuspendPolicy, TokenKind, base64, read_payload,
};
use crate::common::secret::Secret;
use crate::host::{HostInput, HostOptions, Profile, PushCallId};
use crate::io::{FlowEvent, FlowId, IceCandidate, MediaEvent, MediaId};

/// One object.
#[derive(Clone, Copy)]
struct Reader<'a>(Json<'a>);

impl Reader<'_> {
    /// A text, if it is there.
    fn optional(self, name: &str) -> Option<String> {
        self.0.get(name)?.text().map(|text| text.into_owned())
    }

    /// A text, empty where it is missing.
    fn text(self, name: &str) -> String {
        self.optional(name).unwrap_or_default()
    }

    /// The texts of a list.
    fn texts(self, name: &str) -> Vec<String> {
        let items = self.0.get(name).into_iter().flat_map(Json::items);
        items.filter_map(|item| item.text().map(|text| text.into_owned())).collect()
    }

    /// A whole number, if it is there.
    fn given(self, name: &str) -> Option<u64> {
        self.0.get(name)?.integer()
    }

    /// A whole number, 0 where it is missing.
    fn number(self, name: &str) -> u64 {
        self.given(name).unwrap_or(0)
    }

    /// A truth value, false where it is missing.
    fn flag(self, name: &str) -> bool {
        self.flag_or(name, false)
    }

    fn flag_or(self, name: &str, usual: bool) -> bool {
        self.0.get(name).and_then(Json::boolean).unwrap_or(usual)
    }
}

/// The host's options. What is not given, or is a name that is not known, is as in [`HostOptions::default`]; of the truth
/// values, what is not given is false.
#[must_use]
pub fn read_options(json: Json<'_>) -> HostOptions {
    let from = Reader(json);
    let usual = HostOptions::default();
    let page_media = from.text("profile") == "A";
    let rewritten = from.text("pushCallId") == "rewritten";
    let call_ui = match from.text("callUi").as_str() {
        "livecommunicationkit" => CallUi::LiveCommunicationKit,
        "none" => CallUi::None,
        _ => usual.call_ui,
    };
    HostOptions {
        instance: from.text("instance"),
        info: HostInfo {
            name: from.text("name"),
            version: from.text("version"),
            os: from.text("os"),
            os_version: from.text("osVersion"),
            device: from.text("device"),
        },
        call_ui,
        profile: if page_media { Profile::PageMedia } else { Profile::HostMedia },
        transport: from.flag("transport"),
        timers: from.flag("timers"),
        origins: from.texts("origins"),
        keep_awake: from.flag("keepAwake"),
        credentials: from.flag("credentials"),
        lockdown: from.flag("lockdown"),
        push_call_id: if rewritten { PushCallId::Rewritten } else { usual.push_call_id },
        invite_timeout_ms: from.given("inviteTimeoutMs").unwrap_or(usual.invite_timeout_ms),
        answer_timeout_ms: from.given("answerTimeoutMs").unwrap_or(usual.answer_timeout_ms),
        ring_timeout_ms: from.given("ringTimeoutMs").unwrap_or(usual.ring_timeout_ms),
        report_timeout_ms: from.given("reportTimeoutMs").unwrap_or(usual.report_timeout_ms),
        request_timeout_ms: from.given("requestTimeoutMs").unwrap_or(usual.request_timeout_ms),
        sealed_ms: from.given("sealedMs").unwrap_or(usual.sealed_ms),
        maximum_call_groups: from.given("maximumCallGroups").unwrap_or(usual.maximum_call_groups),
        maximum_calls_per_call_group: from
            .given("maximumCallsPerCallGroup")
            .unwrap_or(usual.maximum_calls_per_call_group),
        page_timeout_ms: from.given("pageTimeoutMs").unwrap_or(usual.page_timeout_ms),
        ..usual
    }
}

/// One input; `None` for a type that is not known.
#[must_use]
pub fn read_input(json: Json<'_>) -> Option<HostInput> {
    let from = Reader(json);
    Some(match from.text("type").as_str() {
        "timeout" => HostInput::Timeout,
        "push" => HostInput::Push {
            payload: from.text("payload"),
            must_report: from.flag_or("mustReport", true),
            launch: Launch::from_name(&from.text("launch")),
            locked: from.flag("locked"),
            unlocked_since_boot: from.flag_or("unlockedSinceBoot", true),
        },
        "reported" => HostInput::Reported {
            uuid: from.text("uuid"),
            error: from.optional("error").map(|name| ReportError::from_name(&name)),
        },
        "perform" => HostInput::Perform {
            action_id: from.text("actionId"),
            uuid: from.text("uuid"),
            action: CallAction::from_name(&from.text("action")),
            digits: from.optional("digits"),
            group_with: from.optional("groupWith"),
        },
        "requestRefused" => HostInput::RequestRefused {
            uuid: from.text("uuid"),
            action: CallAction::from_name(&from.text("action")),
            refusal: RequestRefusal::from_name(&from.text("refusal")),
        },
        "startIntent" => HostInput::StartIntent(read_payload::<IntentStartCall>(json.raw()).ok()?),
        "actionTimedOut" => HostInput::ActionTimedOut { action_id: from.text("actionId") },
        "providerReset" => HostInput::ProviderReset,
        "token" => HostInput::Token(PushToken {
            kind: TokenKind::Voip,
            provider: "apns".to_owned(),
            token: from.optional("token").map(Secret::new),
            environment: Environment::from_name(&from.text("environment")),
            bundle_id: from.text("bundleId"),
            topic: from.text("topic"),
            team_id: from.optional("teamId"),
            contact_params: None,
        }),
        "pageMessage" => HostInput::PageMessage {
            main_frame: from.flag("mainFrame"),
            origin: from.text("origin"),
            text: from.text("text"),
        },
        "postFailed" => HostInput::PostFailed,
        "pageLost" => HostInput::PageLost(match from.optional("reason") {
            Some(name) => ResetReason::from_name(&name),
            None => ResetReason::ProcessTerminated,
        }),
        "appState" => HostInput::App(AppState {
            state: AppStateName::from_name(&from.text("state")),
            locked: from.flag("locked"),
            protected_data: from.flag_or("protectedData", true),
            remaining_ms: from.given("remainingMs"),
        }),
        "network" => HostInput::Network(read_payload::<NetworkChanged>(json.raw()).ok()?),
        "audioActivated" => HostInput::AudioActivated(read_payload::<AudioActivated>(json.raw()).ok()?),
        "audioDeactivated" => HostInput::AudioDeactivated(read_payload::<AudioDeactivated>(json.raw()).ok()?),
        "audioRoute" => HostInput::AudioRoute(read_payload::<AudioRoute>(json.raw()).ok()?),
        "audioInterruption" => HostInput::AudioInterruption(read_payload::<AudioInterruption>(json.raw()).ok()?),
        "mediaServicesReset" => HostInput::MediaServicesReset,
        "config" => HostInput::Config(read_payload::<Config>(json.raw()).ok()?),
        "secret" => {
            HostInput::Secret { request: from.text("request"), secret: from.optional("secret").map(Secret::new) }
        }
        "keptState" => HostInput::KeptState { key: from.text("key"), value: from.text("value") },
        "willSuspend" => HostInput::WillSuspend {
            budget_ms: from.number("budgetMs"),
            policy: from.optional("policy").map(|name| SuspendPolicy::from_name(&name)),
        },
        "resumed" => HostInput::Resumed { suspended_for_ms: from.number("suspendedForMs") },
        "socket" => HostInput::Socket { flow: FlowId(small(from, "flow")), event: flow(from)? },
        "media" => HostInput::Media {
            media: MediaId(small(from, "media")),
            number: small(from, "number"),
            event: media(from)?,
        },
        _ => return None,
    })
}

fn small(from: Reader<'_>, name: &str) -> u32 {
    u32::try_from(from.number(name)).unwrap_or(0)
}

fn flow(from: Reader<'_>) -> Option<FlowEvent> {
    Some(match from.text("event").as_str() {
        "opened" => FlowEvent::Opened { protocol: from.text("protocol") },
        "received" => FlowEvent::Received(match from.optional("text") {
            Some(text) => text.into_bytes(),
            None => base64::decode(&from.text("octetsB64"))?,
        }),
        "closed" => {
            FlowEvent::Closed { code: u16::try_from(from.number("code")).unwrap_or(1006), clean: from.flag("clean") }
        }
        "failed" => FlowEvent::Failed,
        _ => return None,
    })
}

fn media(from: Reader<'_>) -> Option<MediaEvent> {
    Some(match from.text("event").as_str() {
        "described" => MediaEvent::Described { sdp: from.text("sdp") },
        "candidate" => MediaEvent::Candidate(IceCandidate {
            mid: from.text("mid"),
            ufrag: from.text("ufrag"),
            candidate: from.text("candidate"),
        }),
        "gatheringDone" => MediaEvent::GatheringDone,
        "applied" => MediaEvent::Applied,
        "dtmfSent" => MediaEvent::DtmfSent,
        "stats" => MediaEvent::Stats { report: from.text("report") },
        "connected" => MediaEvent::Connected { connected: from.flag("connected") },
        "failed" => MediaEvent::Failed(failure_from_name(&from.text("reason"))),
        _ => return None,
    })
}
