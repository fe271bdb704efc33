//! Effects, written as JSON.

use crate::bridge::codec::write_record;
use crate::bridge::drivers::direction_name;
use crate::bridge::{Supports, base64, json::Writer};
use crate::host::Effect;
use crate::io::{FlowCommand, FlowId, IceCandidate, IceServer, MediaCommand, MediaId};

fn text(out: &mut Writer, name: &str, value: &str) {
    out.key(name);
    out.text(value);
}

fn maybe(out: &mut Writer, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        text(out, name, value);
    }
}

fn number(out: &mut Writer, name: &str, value: u64) {
    out.key(name);
    out.integer(value);
}

fn flag(out: &mut Writer, name: &str, value: bool) {
    out.key(name);
    out.boolean(value);
}

/// Appends one effect to an open array.
pub fn write_effect(effect: Effect, out: &mut Writer) {
    out.open('{');
    members(effect, out);
    out.close('}');
}

fn members(effect: Effect, out: &mut Writer) {
    match effect {
        Effect::Timer(at) => {
            text(out, "type", "timer");
            if let Some(at) = at {
                number(out, "at", at.0);
            }
        }
        Effect::ReportIncoming { uuid, display_name, handle, video, supports } => {
            call(out, "reportIncoming", &uuid);
            shown(out, display_name.as_deref(), handle.as_deref(), video, &supports);
        }
        Effect::UpdateCall { uuid, display_name, handle, video, supports } => {
            call(out, "updateCall", &uuid);
            shown(out, display_name.as_deref(), handle.as_deref(), video, &supports);
        }
        Effect::StartCall { uuid, account, display_name, handle, video } => {
            call(out, "startCall", &uuid);
            text(out, "account", &account);
            maybe(out, "displayName", display_name.as_deref());
            text(out, "handle", &handle.value);
            text(out, "handleType", handle.handle_type.name());
            flag(out, "video", video);
        }
        Effect::OutgoingConnecting { uuid, at } => {
            call(out, "outgoingConnecting", &uuid);
            number(out, "at", at);
        }
        Effect::OutgoingConnected { uuid, at } => {
            call(out, "outgoingConnected", &uuid);
            number(out, "at", at);
        }
        Effect::EndCall { uuid, reason } => {
            call(out, "endCall", &uuid);
            text(out, "reason", reason.name());
        }
        Effect::Fulfil { action_id, connected_at } => {
            text(out, "type", "fulfil");
            text(out, "actionId", &action_id);
            if let Some(at) = connected_at {
                number(out, "connectedAt", at);
            }
        }
        Effect::Fail { action_id } => {
            text(out, "type", "fail");
            text(out, "actionId", &action_id);
        }
        Effect::RequestAction { uuid, action, digits, group_with } => {
            call(out, "requestAction", &uuid);
            text(out, "action", action.name());
            maybe(out, "digits", digits.as_deref());
            maybe(out, "groupWith", group_with.as_deref());
        }
        Effect::MissedCall { display_name } => {
            text(out, "type", "missedCall");
            maybe(out, "displayName", display_name.as_deref());
        }
        Effect::Post(message) => {
            text(out, "type", "post");
            text(out, "text", &message);
        }
        Effect::LoadPage => text(out, "type", "loadPage"),
        Effect::ReloadPage => text(out, "type", "reloadPage"),
        Effect::Socket { flow, command } => socket(flow, command, out),
        Effect::ReadSockets(on) => {
            text(out, "type", "readSockets");
            flag(out, "on", on);
        }
        Effect::Media { media, number, command } => session(media, number, command, out),
        Effect::AudioRoute { speaker, uid } => {
            text(out, "type", "audioRoute");
            flag(out, "speaker", speaker);
            maybe(out, "uid", uid.as_deref());
        }
        Effect::ShowAudioPicker => text(out, "type", "showAudioPicker"),
        Effect::SecretNeeded { request, account, realm } => {
            text(out, "type", "secretNeeded");
            text(out, "request", &request);
            text(out, "account", &account);
            text(out, "realm", &realm);
        }
        Effect::Log { level, message } => {
            text(out, "type", "log");
            text(out, "level", &level);
            text(out, "message", &message);
        }
        Effect::RequestToken(kind) => {
            text(out, "type", "requestToken");
            text(out, "kind", kind.name());
        }
        Effect::SuspendReady { done, registered } => {
            text(out, "type", "suspendReady");
            flag(out, "done", done);
            flag(out, "registered", registered);
        }
        Effect::KeepState { key, value } => {
            text(out, "type", "keepState");
            text(out, "key", &key);
            text(out, "value", &value);
        }
        Effect::Problem(problem) => {
            text(out, "type", "problem");
            text(out, "name", problem.name());
        }
        Effect::BackgroundTask(on) => {
            text(out, "type", "backgroundTask");
            flag(out, "on", on);
        }
    }
}

fn call(out: &mut Writer, kind: &str, uuid: &str) {
    text(out, "type", kind);
    text(out, "uuid", uuid);
}

fn shown(out: &mut Writer, display_name: Option<&str>, handle: Option<&str>, video: bool, supports: &Supports) {
    maybe(out, "displayName", display_name);
    maybe(out, "handle", handle);
    flag(out, "video", video);
    out.key("supports");
    write_record(supports, out);
}

fn socket(flow: FlowId, command: FlowCommand, out: &mut Writer) {
    text(out, "type", "socket");
    number(out, "flow", u64::from(flow.0));
    match command {
        FlowCommand::Open { url } => {
            text(out, "command", "open");
            text(out, "url", &url);
        }
        FlowCommand::Send(octets) => {
            text(out, "command", "send");
            match std::str::from_utf8(&octets) {
                Ok(message) => text(out, "text", message),
                Err(_) => text(out, "octetsB64", &base64::encode(&octets)),
            }
        }
        FlowCommand::Close { code } => {
            text(out, "command", "close");
            number(out, "code", u64::from(code));
        }
    }
}

fn session(media: MediaId, command_number: u32, command: MediaCommand, out: &mut Writer) {
    text(out, "type", "media");
    number(out, "media", u64::from(media.0));
    number(out, "number", u64::from(command_number));
    out.key("command");
    match command {
        MediaCommand::Open {
            call_uuid,
            microphone,
            video,
            ice_servers,
            gathering_limit_ms,
            first_usable_candidate,
            test_tone_hz,
            trickle,
        } => {
            out.text("open");
            text(out, "uuid", &call_uuid);
            flag(out, "microphone", microphone);
            flag(out, "video", video);
            number(out, "gatheringLimitMs", u64::from(gathering_limit_ms));
            flag(out, "firstUsableCandidate", first_usable_candidate);
            number(out, "testToneHz", u64::from(test_tone_hz));
            flag(out, "trickle", trickle);
            out.key("iceServers");
            out.open('[');
            ice_servers.into_iter().for_each(|server| ice(server, out));
            out.close(']');
        }
        MediaCommand::Offer { restart } => {
            out.text("offer");
            flag(out, "iceRestart", restart);
        }
        MediaCommand::Accept { sdp } => {
            out.text("accept");
            text(out, "sdp", &sdp);
        }
        MediaCommand::SetAnswer { sdp, provisional } => {
            out.text("setAnswer");
            text(out, "sdp", &sdp);
            flag(out, "provisional", provisional);
        }
        MediaCommand::Candidate(IceCandidate { mid, ufrag, candidate }) => {
            out.text("candidate");
            text(out, "mid", &mid);
            text(out, "ufrag", &ufrag);
            text(out, "candidate", &candidate);
        }
        MediaCommand::Direction { direction, video } => {
            out.text("direction");
            text(out, "direction", direction_name(direction));
            maybe(out, "video", video.map(direction_name));
        }
        MediaCommand::Dtmf { digits, duration_ms, gap_ms } => {
            out.text("dtmf");
            text(out, "digits", &digits);
            number(out, "durationMs", u64::from(duration_ms));
            number(out, "gapMs", u64::from(gap_ms));
        }
        MediaCommand::Mute { on, video } => {
            out.text("mute");
            flag(out, "on", on);
            flag(out, "video", video);
        }
        MediaCommand::Microphone => out.text("microphone"),
        MediaCommand::Rollback => out.text("rollback"),
        MediaCommand::Stats => out.text("stats"),
        MediaCommand::Close => out.text("close"),
        // No bridge message asks for it: a host knows of the push first.
        MediaCommand::Prepare { .. } => out.text("prepare"),
    }
}

fn ice(server: IceServer, out: &mut Writer) {
    out.open('{');
    out.key("urls");
    out.open('[');
    server.urls.iter().for_each(|url| out.text(url));
    out.close(']');
    maybe(out, "username", server.username.as_deref());
    maybe(out, "credential", server.credential.as_ref().map(|secret| secret.expose()));
    out.close('}');
}
