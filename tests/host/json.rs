//! Inputs and effects as JSON.

use serde_json::{Value, json};
use sipwake::bridge::CallUi;
use sipwake::bridge::json::Json;
use sipwake::common::random::{Random, Seeded};
use sipwake::host::json::{ShellError, handle, new_host, read_options};
use sipwake::host::{Host, Profile, PushCallId, json as shell};

struct Shell(Host);

impl Shell {
    fn new(options: &Value) -> Self {
        Self(new_host(&options.to_string(), Random::new(Seeded(3))).unwrap())
    }

    fn tell(&mut self, input: Value) -> Vec<Value> {
        let mut input = input;
        input["mono"] = json!(1_000);
        input["wall"] = json!(1_764_000_000_000_u64);
        serde_json::from_str(&handle(&mut self.0, &input.to_string()).unwrap()).unwrap()
    }
}

fn kinds(effects: &[Value]) -> Vec<&str> {
    effects.iter().map(|effect| effect["type"].as_str().unwrap()).collect()
}

#[test]
fn a_push_is_reported_answered_and_ended_by_json() {
    let mut shell = Shell::new(&json!({"instance": "urn:uuid:1", "transport": true, "inviteTimeoutMs": 5000}));
    let payload = json!({"aps": {"call-id": "c"}, "display-name": "Ä \"B\""}).to_string();
    let effects = shell.tell(json!({"type": "push", "payload": payload, "launch": "cold", "locked": true}));
    assert_eq!(kinds(&effects), ["reportIncoming", "backgroundTask", "loadPage", "timer"]);
    assert_eq!(effects[0]["displayName"], "Ä \"B\"");
    let uuid = effects[0]["uuid"].clone();
    let effects = shell.tell(json!({"type": "reported", "uuid": uuid, "error": null}));
    assert_eq!(kinds(&effects), ["timer"]);
    let effects = shell.tell(json!({"type": "perform", "actionId": "a", "uuid": uuid, "action": "end"}));
    assert_eq!(effects[0], json!({"type": "fulfil", "actionId": "a"}));
}

#[test]
fn the_options_name_the_call_screen_lockdown_and_what_a_push_says_of_the_call_id() {
    let read = |text: &str| {
        let options = read_options(Json::parse(text).unwrap());
        (options.call_ui, options.lockdown, options.push_call_id, options.profile)
    };
    let usual = (CallUi::CallKit, false, PushCallId::Same, Profile::HostMedia);
    for (text, expected) in [
        ("{}", usual),
        (r#"{"callUi":"callkit","lockdown":false,"pushCallId":"same","profile":"B"}"#, usual),
        (r#"{"callUi":"x","lockdown":1,"pushCallId":7,"profile":"pageMedia"}"#, usual),
        (r#"{"callUi":"livecommunicationkit"}"#, (CallUi::LiveCommunicationKit, usual.1, usual.2, usual.3)),
        (
            r#"{"callUi":"none","lockdown":true,"pushCallId":"rewritten","profile":"A"}"#,
            (CallUi::None, true, PushCallId::Rewritten, Profile::PageMedia),
        ),
    ] {
        assert_eq!(read(text), expected, "{text}");
    }
}

#[test]
fn what_is_no_input_is_refused_and_changes_nothing() {
    let mut host = new_host("{}", Random::new(Seeded(3))).unwrap();
    for (text, error) in [
        ("", ShellError::NotJson),
        ("{\"type\":", ShellError::NotJson),
        ("[]", ShellError::UnknownInput),
        ("{\"type\":\"nonsense\"}", ShellError::UnknownInput),
        ("{\"type\":\"socket\",\"flow\":1,\"event\":\"nonsense\"}", ShellError::UnknownInput),
        ("{\"type\":\"socket\",\"flow\":1,\"event\":\"received\",\"octetsB64\":\"!\"}", ShellError::UnknownInput),
        ("{\"type\":\"media\",\"media\":1,\"event\":7}", ShellError::UnknownInput),
    ] {
        assert_eq!(shell::handle(&mut host, text), Err(error), "{text}");
    }
    assert!(host.poll().is_none());
    assert_eq!(new_host("no", Random::new(Seeded(3))).err(), Some(ShellError::NotJson));
}

/// Each type that the table of inputs names can be read.
#[test]
fn every_input_has_a_name() {
    for input in [
        json!({"type": "timeout"}),
        json!({"type": "push", "payload": ""}),
        json!({"type": "reported", "uuid": "u", "error": "blocked"}),
        json!({"type": "perform", "actionId": "a", "uuid": "u", "action": "answer"}),
        json!({"type": "actionTimedOut", "actionId": "a"}),
        json!({"type": "providerReset"}),
        json!({"type": "token", "token": "t"}),
        json!({"type": "pageMessage", "mainFrame": true, "origin": "sipwake://app", "text": "{}"}),
        json!({"type": "requestRefused", "uuid": "u", "action": "hold", "refusal": "other"}),
        json!({"type": "startIntent", "handle": {"type": "phone", "value": "1"}, "video": false, "source": "siri"}),
        json!({"type": "postFailed"}),
        json!({"type": "pageLost", "reason": "navigation"}),
        json!({"type": "appState", "state": "active"}),
        json!({"type": "network", "online": true, "interface": "wifi", "expensive": false, "constrained": false, "addressChanged": false}),
        json!({"type": "audioActivated", "sampleRate": 48000}),
        json!({"type": "audioDeactivated", "sampleRate": 48000}),
        json!({"type": "keptState", "key": "k", "value": "dg=="}),
        json!({"type": "willSuspend", "budgetMs": 5}),
        json!({"type": "resumed", "suspendedForMs": 5}),
        json!({"type": "socket", "flow": 1, "event": "received", "text": "x"}),
        json!({"type": "socket", "flow": 1, "event": "received", "octetsB64": "/w=="}),
        json!({"type": "media", "media": 1, "number": 1, "event": "applied"}),
    ] {
        let mut shell = Shell::new(&json!({}));
        shell.tell(input);
    }
}
