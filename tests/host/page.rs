//! The page: tokens, sleep, death, and a page that never comes.

use super::phone::{NAMELESS, PUSH, Phone};
use sipwake::bridge::codec::SecretJson;
use sipwake::bridge::{
    AppState, AppStateName, AudioActivated, AudioDeactivated, CallAction, CallPerform, CallState, CallStateName,
    Config, EndReason, PerformState, ProvisionedAccount, PushIncomingReply, PushRefusal, PushToken, RequestToken,
    ResetReason, TokenKind, WillSuspendReply,
};
use sipwake::common::secret::Secret;
use sipwake::host::HostInput;

const PROPOSAL: &str = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";

fn token(kind: TokenKind, text: &str) -> PushToken {
    PushToken { kind, token: Some(Secret::new(text)), ..PushToken::default() }
}

#[test]
fn tokens_come_before_the_page_and_again_in_every_session() {
    let mut phone = Phone::new();
    phone.tell(HostInput::Token(token(TokenKind::Voip, "old")));
    phone.tell(HostInput::Token(token(TokenKind::Voip, "new")));
    phone.tell(HostInput::Token(token(TokenKind::Im, "im")));
    for _ in 0..2 {
        phone.load();
        phone.run(200);
        let tokens = phone.welcome.clone().unwrap().snapshot.tokens;
        assert_eq!(tokens, [token(TokenKind::Voip, "new"), token(TokenKind::Im, "im")]);
    }
    phone.tell(HostInput::Token(token(TokenKind::Voip, "newest")));
    assert_eq!(phone.last("push.token").read::<PushToken>().unwrap(), token(TokenKind::Voip, "newest"));
}

#[test]
fn a_page_may_ask_for_a_token() {
    let mut phone = Phone::awake();
    phone.event(&RequestToken { kind: TokenKind::Voip });
    assert_eq!(phone.take(), ["token voip"]);
}

#[test]
fn the_welcome_names_what_the_host_can_do() {
    let mut phone = Phone::awake();
    let welcome = phone.welcome.take().unwrap();
    assert_eq!(welcome.capabilities, ["media.host", "transport.host", "push.mustReport", "callUi.start", "state"]);
    assert_eq!(welcome.instance, "urn:uuid:11111111-2222-4333-8444-555555555555");
    assert_eq!((welcome.protocol, welcome.resumed_seq), (1, None));
}

#[test]
fn a_page_that_never_comes_ends_the_call_after_eight_seconds() {
    let mut phone = Phone::new();
    phone.push(PUSH);
    phone.take();
    phone.run(7_999);
    assert!(phone.take().is_empty());
    phone.run(1);
    assert_eq!(phone.take(), ["missed Alice", "end #1 unanswered"]);
    phone.run(60_000);
    assert!(phone.take().is_empty());
}

#[test]
fn a_page_that_never_comes_fails_the_answer() {
    let mut phone = Phone::new();
    phone.push(PUSH);
    phone.user(1, CallAction::Answer);
    phone.take();
    phone.run(8_000);
    assert_eq!(phone.take(), ["missed Alice", "fail a1", "end #1 failed"]);
}

#[test]
fn a_page_that_says_hello_in_time_has_the_invites_time() {
    let mut phone = Phone::new();
    phone.push(PUSH);
    phone.run(7_000);
    phone.load();
    phone.take();
    phone.run(7_999);
    assert!(phone.take().is_empty());
    phone.run(1);
    assert_eq!(phone.take(), ["end #1 unanswered"]);
}

#[test]
fn r15_a_page_that_dies_while_a_call_rings_is_loaded_anew_and_the_invite_joined_again() {
    let mut phone = Phone::awake();
    phone.push(PUSH);
    phone.accept_push();
    phone.invite(PROPOSAL, "call-1@host", None);
    phone.take();
    phone.page = None;
    phone.tell(HostInput::PageLost(ResetReason::ProcessTerminated));
    assert_eq!(phone.take(), ["reload"]);
    phone.run(1_000);
    phone.load();
    phone.run(100);
    let call = phone.welcome.as_ref().unwrap().snapshot.calls[0].clone();
    assert_eq!((call.call_uuid, call.sip_call_id), (phone.uuids[0].clone(), Some("call-1@host".to_owned())));
    assert_eq!(phone.pushed().call_uuid, phone.uuids[0]);
    let id = phone.invite("99999999-bbbb-4ccc-8ddd-eeeeeeeeeeee", "call-1@host", None);
    assert_eq!(phone.invite_reply(&id).call_uuid, phone.uuids[0]);
    phone.run(60_000);
    assert!(phone.take().is_empty());
}

#[test]
fn r15_a_ringing_call_that_nobody_takes_up_ends() {
    let mut phone = Phone::awake();
    phone.invite(PROPOSAL, "call-1@host", None);
    phone.take();
    phone.load();
    phone.run(14_900);
    assert!(phone.take().is_empty());
    phone.run(200);
    assert_eq!(phone.take(), ["end #1 unanswered"]);
}

#[test]
fn r15_an_answer_survives_the_page() {
    let mut phone = Phone::awake();
    phone.push(PUSH);
    phone.accept_push();
    phone.user(1, CallAction::Answer);
    phone.performed(PerformState::Pending);
    phone.run(1_000);
    phone.tell(HostInput::PageLost(ResetReason::ProcessTerminated));
    phone.load();
    phone.run(100);
    let types: Vec<_> = phone.got.iter().map(|incoming| incoming.message_type.as_str()).collect();
    assert_eq!(types, ["push.incoming", "call.perform"]);
    assert_eq!(phone.last("call.perform").read::<CallPerform>().unwrap().action_id, "a1");
    phone.invite(PROPOSAL, "call-1@host", None);
    phone.performed(PerformState::Done);
    assert_eq!(phone.take().last().unwrap(), "fulfil a1");
}

#[test]
fn r15_an_answer_of_a_call_without_a_push_is_asked_again_when_the_invite_comes_again() {
    let mut phone = Phone::awake();
    phone.invite(PROPOSAL, "call-1@host", None);
    phone.user(1, CallAction::Answer);
    phone.load();
    phone.run(1_000);
    assert!(phone.performs().is_empty());
    phone.invite("99999999-bbbb-4ccc-8ddd-eeeeeeeeeeee", "call-1@host", None);
    assert_eq!(phone.performs(), ["answer"]);
    phone.performed(PerformState::Done);
    assert_eq!(phone.take().last().unwrap(), "fulfil a1");
}

#[test]
fn a_page_that_knows_a_push_already_does_not_bind_it_by_saying_so() {
    let mut phone = Phone::awake();
    phone.push(PUSH);
    let push = phone.last("push.incoming");
    let reply = PushIncomingReply {
        accepted: false,
        reason: Some(PushRefusal::Duplicate),
        bound_call_uuid: Some(phone.uuids[0].clone()),
    };
    phone.reply(&push.id, &reply);
    phone.take();
    phone.run(15_000);
    assert_eq!(phone.take(), ["end #1 unanswered"]);
}

#[test]
fn r15_a_connected_call_that_the_new_page_does_not_know_fails() {
    let mut phone = Phone::awake();
    phone.invite(PROPOSAL, "call-1@host", None);
    phone.user(1, CallAction::Answer);
    phone.performed(PerformState::Done);
    phone.tell(HostInput::PageLost(ResetReason::ProcessTerminated));
    phone.load();
    phone.take();
    phone.run(12_999);
    assert!(phone.take().is_empty());
    phone.run(1);
    assert_eq!(phone.take(), ["end #1 failed"]);
}

#[test]
fn r15_a_connected_call_that_the_new_page_knows_goes_on() {
    let mut phone = Phone::awake();
    phone.invite(PROPOSAL, "call-1@host", None);
    phone.user(1, CallAction::Answer);
    phone.performed(PerformState::Done);
    phone.load();
    phone.run(100);
    phone.event(&CallState {
        call_uuid: PROPOSAL.to_owned(),
        state: CallStateName::Connected,
        at: 1,
        sip_call_id: None,
    });
    phone.take();
    phone.run(60_000);
    assert!(phone.take().is_empty());
}

#[test]
fn a_page_that_dies_and_never_comes_back_ends_every_call() {
    let mut phone = Phone::awake();
    phone.invite(PROPOSAL, "call-1@host", None);
    phone.user(1, CallAction::Answer);
    phone.performed(PerformState::Done);
    phone.push(r#"{"call-id":"other"}"#);
    phone.page = None;
    phone.tell(HostInput::PageLost(ResetReason::ProcessTerminated));
    phone.take();
    phone.run(8_000);
    assert!(phone.take().contains(&"end #1 failed".to_owned()));
    assert!(phone.shown.is_empty());
}

#[test]
fn the_app_sleeps_when_the_page_is_ready_to() {
    let mut phone = Phone::awake();
    phone.tell(HostInput::WillSuspend { budget_ms: 5_000, policy: None });
    assert!(phone.take().is_empty());
    let request = phone.last("app.willSuspend");
    assert_eq!(request.deadline_ms, Some(5_000));
    phone.reply(&request.id, &WillSuspendReply { done: true, registered: false });
    assert_eq!(phone.take(), ["suspend true false"]);
    phone.tell(HostInput::Resumed { suspended_for_ms: 60_000 });
    assert_eq!(phone.count("app.resumed"), 1);
}

#[test]
fn the_app_sleeps_when_its_time_is_up_or_there_is_no_page() {
    let mut phone = Phone::awake();
    phone.tell(HostInput::WillSuspend { budget_ms: 5_000, policy: None });
    phone.run(5_000);
    assert_eq!(phone.take(), ["suspend false false"]);
    let mut phone = Phone::new();
    phone.tell(HostInput::WillSuspend { budget_ms: 5_000, policy: None });
    assert_eq!(phone.take(), ["suspend false false"]);
    let mut phone = Phone::awake();
    phone.tell(HostInput::WillSuspend { budget_ms: 5_000, policy: None });
    phone.tell(HostInput::PageLost(ResetReason::Navigation));
    assert_eq!(phone.take(), ["suspend false false", "reload"]);
}

/// What the page said before it heard of the push, or of the user's return, is about a sleep that does not come.
#[test]
fn a_push_or_the_users_return_ends_the_wish_to_sleep_at_once() {
    for push in [true, false] {
        let mut phone = Phone::awake();
        phone.tell(HostInput::WillSuspend { budget_ms: 5_000, policy: None });
        let request = phone.last("app.willSuspend");
        if push {
            phone.push(PUSH);
        } else {
            phone.tell(HostInput::Resumed { suspended_for_ms: 10 });
        }
        let told = phone.take();
        assert_eq!(told.iter().filter(|effect| *effect == "suspend false false").count(), 1, "{told:?}");
        phone.reply(&request.id, &WillSuspendReply { done: true, registered: false });
        assert!(!phone.take().iter().any(|effect| effect.starts_with("suspend")));
    }
}

#[test]
fn the_state_of_the_app_is_told_and_in_the_snapshot() {
    let mut phone = Phone::awake();
    let state = AppState { state: AppStateName::Background, locked: true, ..AppState::default() };
    phone.tell(HostInput::App(state.clone()));
    assert_eq!(phone.last("app.state").read::<AppState>().unwrap(), state);
    phone.load();
    phone.run(100);
    assert_eq!(phone.welcome.as_ref().unwrap().snapshot.app, Some(state));
}

#[test]
fn a_page_that_stops_listening_ends_every_call_in_the_end() {
    let mut phone = Phone::awake();
    phone.push(PUSH);
    phone.accept_push();
    phone.deaf = true;
    for index in 0..600 {
        phone.tell(HostInput::Token(token(TokenKind::Voip, &index.to_string())));
    }
    assert!(phone.take().contains(&"end #1 failed".to_owned()));
    phone.deaf = false;
    phone.run(60_000);
    phone.push(NAMELESS);
    assert_eq!(phone.pushed().call_uuid, phone.uuids[1]);
}

#[test]
fn what_nobody_knows_is_answered_and_what_cannot_be_read_is_counted() {
    #[derive(Default)]
    struct Bad;
    impl sipwake::bridge::Payload for Bad {
        const TYPE: &'static str = "call.ended";
        const KIND: sipwake::bridge::Kind = sipwake::bridge::Kind::Event;
    }
    impl sipwake::bridge::codec::WriteRecord for Bad {
        fn names(&self) -> &'static [sipwake::bridge::codec::FieldName] {
            &[]
        }
        fn slot(&self, _: usize) -> Option<&dyn sipwake::bridge::codec::WriteField> {
            None
        }
    }
    let mut phone = Phone::awake();
    phone.invite(PROPOSAL, "call-1@host", None);
    phone.take();
    phone.event(&Bad);
    assert_eq!(phone.take(), ["problem payload"]);
    let id = phone.request(&sipwake::bridge::WillSuspend::default());
    let reply = phone.got.iter().find(|incoming| incoming.re.as_deref() == Some(id.as_str())).unwrap();
    assert_eq!(reply.error.as_ref().unwrap().code, "unknownType");
    phone.event(&sipwake::bridge::CallEnded {
        call_uuid: PROPOSAL.to_owned(),
        reason: EndReason::Failed,
        ..sipwake::bridge::CallEnded::default()
    });
    assert_eq!(phone.take(), ["end #1 failed"]);
}

#[test]
fn the_page_hears_when_the_audio_session_comes_and_goes() {
    let mut phone = Phone::awake();
    phone.tell(HostInput::AudioActivated(AudioActivated::default()));
    phone.tell(HostInput::AudioDeactivated(AudioDeactivated::default()));
    let types: Vec<_> = phone.got.iter().map(|incoming| incoming.message_type.as_str()).collect();
    assert_eq!(types, ["audio.activated", "audio.deactivated"]);
}

#[test]
fn after_the_death_of_a_page_nobody_speaks_in_its_name() {
    let mut phone = Phone::awake();
    phone.invite(PROPOSAL, "call-1@host", None);
    phone.tell(HostInput::PageLost(ResetReason::ProcessTerminated));
    phone.take();
    phone.got.clear();
    phone.tell(HostInput::Token(token(TokenKind::Voip, "new")));
    assert!(phone.got.is_empty());
    phone.event(&sipwake::bridge::CallEnded { call_uuid: PROPOSAL.to_owned(), ..Default::default() });
    assert_eq!(phone.take(), ["problem wrongSession"]);
    assert_eq!(phone.shown.len(), 1);
}

#[test]
fn what_a_page_leaves_the_next_one_gets_and_the_app_keeps() {
    use sipwake::bridge::{Incoming, StateLoad, StateLoadReply, StateSave};
    fn reply_to(phone: &Phone, request: &str) -> Incoming {
        phone.got.iter().find(|incoming| incoming.re.as_deref() == Some(request)).unwrap().clone()
    }
    let mut phone = Phone::awake();
    let load = |phone: &mut Phone, key: &str| {
        let id = phone.request(&StateLoad { key: key.to_owned() });
        let reply = reply_to(phone, &id);
        assert_eq!(reply.error, None);
        reply.read::<StateLoadReply>().unwrap().value_b64
    };
    assert_eq!(load(&mut phone, "engine"), None);
    for value in ["QQ==", "Qg=="] {
        let save = phone.request(&StateSave { key: "engine".to_owned(), value_b64: value.to_owned() });
        assert_eq!(reply_to(&phone, &save).error, None);
        assert_eq!(phone.take(), [format!("keep engine {value}")]);
    }
    assert_eq!(load(&mut phone, "engine").as_deref(), Some("Qg=="));
    assert_eq!(load(&mut phone, "other"), None);
    let refused = |phone: &mut Phone, key: &str, value: &str| {
        let save = phone.request(&StateSave { key: key.to_owned(), value_b64: value.to_owned() });
        let code = reply_to(phone, &save).error.map(|error| error.code);
        assert_eq!(code.as_deref(), Some("tooLarge"));
        assert!(phone.take().is_empty());
    };
    refused(&mut phone, &"k".repeat(65), "");
    refused(&mut phone, "engine", &"A".repeat(128 * 1024 + 4));
    for key in 1..8 {
        phone.request(&StateSave { key: key.to_string(), value_b64: String::new() });
    }
    phone.take();
    refused(&mut phone, "one more", "");
    assert_eq!(load(&mut phone, "engine").as_deref(), Some("Qg=="), "what is refused takes nothing away");
}

fn config(id: &str) -> Config {
    Config {
        accounts: vec![ProvisionedAccount {
            id: id.to_owned(),
            options: SecretJson(Secret::new("{}")),
            ..ProvisionedAccount::default()
        }],
    }
}

/// Between a page's hello and its ready, before a page and to one that is there: the page has each, and the next page the last.
#[test]
fn provided_accounts_reach_the_page_whenever_they_come() {
    let mut phone = Phone::new();
    phone.tell(HostInput::Config(config("before")));
    phone.ready = false;
    phone.load();
    phone.run(200);
    assert_eq!(phone.count("config"), 0);
    phone.tell(HostInput::Config(config("between")));
    let now = phone.now();
    phone.page.as_mut().unwrap().ready(now);
    phone.run(200);
    assert_eq!(phone.count("config"), 1);
    assert_eq!(phone.last("config").read::<Config>().unwrap(), config("between"));
    phone.tell(HostInput::Config(config("after")));
    assert_eq!(phone.count("config"), 2);
    assert_eq!(phone.last("config").read::<Config>().unwrap(), config("after"));
    phone.ready = true;
    phone.load();
    phone.run(200);
    assert_eq!(phone.count("config"), 1);
    assert_eq!(phone.last("config").read::<Config>().unwrap(), config("after"));
}
