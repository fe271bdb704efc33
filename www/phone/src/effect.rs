//! Effects, written as JavaScript objects.

use js_sys::{Array, Uint8Array};
use sipwake::bridge::drivers::direction_name;
use sipwake::host::Effect;
use sipwake::io::{FlowCommand, FlowId, IceServer, MediaCommand, MediaId};
use wasm_bindgen::JsValue;

use crate::js::Writer;

/// One effect; `None` for one that this phone has no use for.
pub fn write(effect: Effect) -> Option<JsValue> {
    let call = |kind: &str, uuid: String| Writer::effect(kind).set("uuid", uuid);
    Some(match effect {
        Effect::Timer(at) => Writer::effect("timer").set("at", at.map(|at| at.0 as f64)).done(),
        Effect::ReportIncoming { uuid, display_name, handle, video } => call("reportIncoming", uuid)
            .set("displayName", display_name)
            .set("handle", handle)
            .set("video", video)
            .done(),
        Effect::UpdateCall { uuid, display_name, handle, video } => {
            call("updateCall", uuid).set("displayName", display_name).set("handle", handle).set("video", video).done()
        }
        Effect::EndCall { uuid, reason } => call("endCall", uuid).set("reason", reason.name()).done(),
        Effect::Fulfil { action_id, connected_at } => Writer::effect("fulfil")
            .set("actionId", action_id)
            .set("connectedAt", connected_at.map(|at| at as f64))
            .done(),
        Effect::Fail { action_id } => Writer::effect("fail").set("actionId", action_id).done(),
        Effect::RequestAction { uuid, action, digits } => {
            call("requestAction", uuid).set("action", action.name()).set("digits", digits).done()
        }
        Effect::MissedCall { display_name } => Writer::effect("missedCall").set("displayName", display_name).done(),
        Effect::Post(text) => Writer::effect("post").set("text", text).done(),
        Effect::LoadPage => Writer::effect("loadPage").done(),
        Effect::ReloadPage => Writer::effect("reloadPage").done(),
        Effect::Socket { flow, command } => socket(flow, command)?,
        Effect::Media { media, number, command } => session(media, number, command)?,
        Effect::SuspendReady { done, registered } => {
            Writer::effect("suspendReady").set("done", done).set("registered", registered).done()
        }
        Effect::Problem(problem) => Writer::effect("problem").set("name", problem.name()).done(),
        // A page that is slow is no trouble here: the browser holds what a socket has read.
        _ => return None,
    })
}

fn socket(flow: FlowId, command: FlowCommand) -> Option<JsValue> {
    let out = |name: &str| Writer::effect("socket").number("flow", u64::from(flow.0)).set("command", name);
    Some(match command {
        FlowCommand::Open { url } => out("open").set("url", url).done(),
        FlowCommand::Send(octets) => match String::from_utf8(octets) {
            Ok(text) => out("send").set("text", text).done(),
            Err(binary) => out("send").set("octets", Uint8Array::from(binary.as_bytes())).done(),
        },
        FlowCommand::Close { code } => out("close").set("code", code).done(),
        _ => return None,
    })
}

fn session(media: MediaId, number: u32, command: MediaCommand) -> Option<JsValue> {
    let out = |name: &str| {
        let effect = Writer::effect("media").number("media", u64::from(media.0)).number("number", u64::from(number));
        effect.set("command", name)
    };
    Some(match command {
        MediaCommand::Open {
            call_uuid,
            microphone,
            video,
            ice_servers,
            gathering_limit_ms,
            first_usable_candidate,
            test_tone_hz,
        } => {
            let options = Writer::plain()
                .set("iceServers", ice_servers.into_iter().map(server).collect::<Array>())
                .set("microphone", microphone)
                .set("video", video)
                .set("gatheringLimitMs", gathering_limit_ms)
                .set("firstUsableCandidate", first_usable_candidate)
                .set("testToneHz", test_tone_hz)
                .done();
            out("open").set("uuid", call_uuid).set("options", options).done()
        }
        MediaCommand::Offer { restart } => out("offer").set("iceRestart", restart).done(),
        MediaCommand::Microphone => out("microphone").done(),
        MediaCommand::Direction { direction, video } => {
            let out = out("direction").set("direction", direction_name(direction));
            match video {
                Some(video) => out.set("video", direction_name(video)),
                None => out,
            }
            .done()
        }
        MediaCommand::Rollback => out("rollback").done(),
        MediaCommand::Dtmf { digits, duration_ms, gap_ms } => {
            out("dtmf").set("digits", digits).set("durationMs", duration_ms).set("gapMs", gap_ms).done()
        }
        MediaCommand::Accept { sdp } => out("accept").set("sdp", sdp).done(),
        MediaCommand::SetAnswer { sdp, provisional } => {
            out("setAnswer").set("sdp", sdp).set("provisional", provisional).done()
        }
        MediaCommand::Mute { on, video } => out("mute").set("on", on).set("video", video).done(),
        MediaCommand::Stats => out("stats").done(),
        MediaCommand::Close => out("close").done(),
        _ => return None,
    })
}

fn server(server: IceServer) -> JsValue {
    Writer::plain()
        .set("urls", server.urls.into_iter().map(JsValue::from).collect::<Array>())
        .set("username", server.username)
        .set("credential", server.credential.map(|secret| secret.expose().to_owned()))
        .done()
}
