//! Inputs and options, read from JavaScript objects.

use js_sys::Uint8Array;
use sipwake::bridge::drivers::failure_from_name;
use sipwake::bridge::{
    AppState, AppStateName, CallAction, Environment, HostInfo, Launch, PushToken, ReportError, ResetReason,
    SuspendPolicy, TokenKind,
};
use sipwake::common::secret::Secret;
use sipwake::host::{HostInput, HostOptions, Profile};
use sipwake::io::{FlowEvent, FlowId, MediaEvent, MediaId};

use crate::js::Reader;

/// The host's options.
pub fn options(from: &Reader<'_>) -> HostOptions {
    let page_media = from.text("profile") == "A";
    HostOptions {
        instance: from.text("instance"),
        info: HostInfo {
            name: from.text("name"),
            version: from.text("version"),
            os: from.text("os"),
            os_version: from.text("osVersion"),
            device: from.text("device"),
        },
        profile: if page_media { Profile::PageMedia } else { Profile::HostMedia },
        transport: from.flag("transport"),
        ..HostOptions::default()
    }
}

/// One input; `None` for a type that is not known.
pub fn read(from: &Reader<'_>) -> Option<HostInput> {
    Some(match from.text("type").as_str() {
        "timeout" => HostInput::Timeout,
        "push" => HostInput::Push {
            payload: from.text("payload"),
            must_report: true,
            launch: Launch::from_name(&from.text("launch")),
            locked: from.flag("locked"),
            unlocked_since_boot: true,
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
        },
        "actionTimedOut" => HostInput::ActionTimedOut { action_id: from.text("actionId") },
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
        "pageMessage" => HostInput::PageMessage(from.text("text")),
        "pageLost" => HostInput::PageLost(ResetReason::ProcessTerminated),
        "appState" => HostInput::App(AppState {
            state: AppStateName::from_name(&from.text("state")),
            locked: from.flag("locked"),
            protected_data: true,
            remaining_ms: None,
        }),
        "willSuspend" => HostInput::WillSuspend {
            budget_ms: from.number("budgetMs"),
            policy: from.optional("policy").map(|name| SuspendPolicy::from_name(&name)),
        },
        "resumed" => HostInput::Resumed { suspended_for_ms: from.number("suspendedForMs") },
        "socket" => HostInput::Socket { flow: FlowId(from.number("flow") as u32), event: flow(from)? },
        "media" => HostInput::Media {
            media: MediaId(from.number("media") as u32),
            number: from.number("number") as u32,
            event: media(from)?,
        },
        _ => return None,
    })
}

fn flow(from: &Reader<'_>) -> Option<FlowEvent> {
    Some(match from.text("event").as_str() {
        "opened" => FlowEvent::Opened { protocol: from.text("protocol") },
        "received" => FlowEvent::Received(Uint8Array::new(&from.value("octets")).to_vec()),
        "closed" => FlowEvent::Closed { code: from.number("code") as u16, clean: from.flag("clean") },
        "failed" => FlowEvent::Failed,
        _ => return None,
    })
}

fn media(from: &Reader<'_>) -> Option<MediaEvent> {
    Some(match from.text("event").as_str() {
        "described" => MediaEvent::Described { sdp: from.text("sdp") },
        "applied" => MediaEvent::Applied,
        "dtmfSent" => MediaEvent::DtmfSent,
        "stats" => MediaEvent::Stats { report: from.text("report") },
        "connected" => MediaEvent::Connected { connected: from.flag("connected") },
        "failed" => MediaEvent::Failed(failure_from_name(&from.text("reason"))),
        _ => return None,
    })
}
