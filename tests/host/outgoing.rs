//! Calls of ours, calls beside each other, and buttons in the page.

use super::phone::{ORIGIN, Phone, options};
use sipwake::bridge::{
    CallAction, CallEnded, CallPerform, CallRequest, CallStart, CallState, CallStateName, EndReason, Handle,
    HandleType, IntentStartCall, Origin, PerformState, RequestRefusal, ResetReason, StartSource,
};
use sipwake::host::{HostInput, HostOptions, Profile, Rule};

const OURS: &str = "aaaaaaaa-bbbb-4ccc-8ddd-000000000001";
const THEIRS: &str = "aaaaaaaa-bbbb-4ccc-8ddd-000000000002";

fn start(uuid: &str) -> CallStart {
    CallStart {
        call_uuid: uuid.to_owned(),
        account: "bob@example.com".to_owned(),
        handle: Handle { handle_type: HandleType::Generic, value: "carol@example.com".to_owned() },
        ..CallStart::default()
    }
}

fn state(uuid: &str, state: CallStateName) -> CallState {
    CallState { call_uuid: uuid.to_owned(), state, at: 7, sip_call_id: None }
}

/// The page starts a call, and the system was asked.
fn starting() -> (Phone, String) {
    let mut phone = Phone::awake();
    let id = phone.request(&start(OURS));
    assert_eq!(phone.take(), ["start #1 carol@example.com"]);
    (phone, id)
}

/// A call of ours that rings there.
fn calling() -> Phone {
    let (mut phone, _) = starting();
    phone.user(1, CallAction::Start);
    phone.performed(PerformState::Done);
    phone.event(&state(OURS, CallStateName::Ringing));
    assert_eq!(phone.take(), ["fulfil a1", "connecting #1"]);
    phone
}

/// A call of ours that was answered.
fn talking() -> Phone {
    let mut phone = calling();
    phone.event(&state(OURS, CallStateName::Connected));
    assert_eq!(phone.take(), ["connected #1"]);
    phone.run(1_000);
    phone
}

/// The host's answer to a request of the page: none yet, good, or a word.
fn answer(phone: &Phone, id: &str) -> Option<Result<(), String>> {
    let reply = phone.got.iter().find(|incoming| incoming.re.as_deref() == Some(id))?;
    Some(reply.error.as_ref().map_or(Ok(()), |error| Err(error.code.clone())))
}

#[test]
fn a_start_is_fulfilled_when_the_page_has_begun_it() {
    let (mut phone, id) = starting();
    assert_eq!(answer(&phone, &id), None);
    phone.user(1, CallAction::Start);
    assert_eq!(answer(&phone, &id), Some(Ok(())));
    let perform: CallPerform = phone.last("call.perform").read().unwrap();
    assert_eq!((perform.action, perform.origin, perform.video), (CallAction::Start, Origin::App, Some(false)));
    assert_eq!(perform.handle.unwrap().value, "carol@example.com");
    assert!(phone.take().is_empty());
    phone.performed(PerformState::Done);
    assert_eq!(phone.take(), ["fulfil a1"]);
    phone.event(&state(OURS, CallStateName::Early));
    phone.event(&state(OURS, CallStateName::Ringing));
    phone.event(&state(OURS, CallStateName::Connected));
    phone.event(&state(OURS, CallStateName::Connected));
    assert_eq!(phone.take(), ["connecting #1", "connected #1"]);
    phone.event(&CallEnded { call_uuid: OURS.to_owned(), reason: EndReason::RemoteEnded, ..CallEnded::default() });
    assert_eq!(phone.take(), ["end #1 remoteEnded"]);
}

#[test]
fn a_call_that_nobody_answers_does_not_ring_out_here() {
    let mut phone = calling();
    phone.run(200_000);
    assert!(phone.take().is_empty(), "how long it rings there is the page's matter");
}

#[test]
fn r13_a_start_that_the_system_refuses_is_told_and_forgotten() {
    for refusal in [RequestRefusal::TooManyCalls, RequestRefusal::Unentitled, RequestRefusal::Other] {
        let (mut phone, id) = starting();
        phone.tell(HostInput::RequestRefused { uuid: OURS.to_owned(), action: CallAction::Start, refusal });
        assert_eq!(answer(&phone, &id), Some(Err(refusal.name().to_owned())));
        phone.run(60_000);
        assert!(phone.take().is_empty());
    }
}

#[test]
fn a_system_that_says_nothing_refuses_the_start_and_its_late_word_fails() {
    let (mut phone, id) = starting();
    phone.run(2_100);
    assert_eq!(answer(&phone, &id), Some(Err("other".to_owned())));
    phone.user(1, CallAction::Start);
    assert_eq!(phone.take(), ["fail a1"]);
}

#[test]
fn a_start_that_cannot_be_is_refused_without_the_system() {
    let mut phone = Phone::awake();
    let bad = phone.request(&start("no uuid"));
    assert_eq!(answer(&phone, &bad), Some(Err("other".to_owned())));
    phone.request(&start(OURS));
    let again = phone.request(&start(OURS));
    assert_eq!(answer(&phone, &again), Some(Err("other".to_owned())));
    let mut phone = Phone::with(HostOptions { profile: Profile::PageMedia, ..options() });
    phone.load();
    phone.run(200);
    phone.take();
    let id = phone.request(&start(OURS));
    assert_eq!(answer(&phone, &id), Some(Err("other".to_owned())));
    assert!(phone.take().is_empty());
}

#[test]
fn a_start_is_refused_where_the_system_shows_no_more_groups() {
    let mut phone = Phone::with(HostOptions { maximum_call_groups: 1, ..options() });
    phone.load();
    phone.run(200);
    phone.request(&start(OURS));
    let second = phone.request(&start(THEIRS));
    assert_eq!(answer(&phone, &second), Some(Err("tooManyCalls".to_owned())));
}

#[test]
fn a_start_that_the_page_fails_or_forgets_fails_and_ends_without_a_report() {
    let (mut phone, _) = starting();
    phone.user(1, CallAction::Start);
    phone.performed(PerformState::Failed);
    assert_eq!(phone.take(), ["fail a1"]);
    let (mut phone, _) = starting();
    phone.user(1, CallAction::Start);
    phone.run(10_100);
    assert_eq!(phone.take(), ["fail a1"]);
    assert_eq!(phone.performs(), ["start", "end"], "should it start all the same");
}

#[test]
fn a_start_whose_call_ends_first_fails_and_ends_without_a_report() {
    let (mut phone, _) = starting();
    phone.user(1, CallAction::Start);
    phone.event(&CallEnded { call_uuid: OURS.to_owned(), reason: EndReason::Failed, ..CallEnded::default() });
    assert_eq!(phone.take(), ["fail a1"]);
}

#[test]
fn r16_a_start_that_the_system_gave_up_is_neither_fulfilled_nor_failed() {
    let (mut phone, _) = starting();
    phone.user(1, CallAction::Start);
    phone.tell(HostInput::ActionTimedOut { action_id: "a1".to_owned() });
    assert_eq!(phone.take(), ["end #1 failed"]);
    assert_eq!(phone.count("call.performTimedOut"), 1);
    phone.performed(PerformState::Done);
    assert!(phone.take().iter().all(|line| line.starts_with("problem")));
}

#[test]
fn r15_a_call_of_ours_that_nobody_answered_ends_with_its_page() {
    let mut phone = calling();
    phone.page = None;
    phone.tell(HostInput::PageLost(ResetReason::ProcessTerminated));
    assert_eq!(phone.take(), ["end #1 failed", "reload"]);
    // Not begun yet: the system's action fails when it comes.
    let (mut phone, _) = starting();
    phone.page = None;
    phone.tell(HostInput::PageLost(ResetReason::ProcessTerminated));
    assert_eq!(phone.take(), ["reload"]);
    phone.user(1, CallAction::Start);
    assert_eq!(phone.take(), ["fail a1"]);
    phone.run(60_000);
    assert!(phone.shown.is_empty());
}

#[test]
fn r16_a_reset_of_the_system_ends_calls_of_ours() {
    for mut phone in [starting().0, calling(), talking()] {
        phone.shown.clear();
        phone.tell(HostInput::ProviderReset);
        assert!(phone.take().is_empty());
        assert_eq!(phone.count("call.providerReset"), 1);
        phone.run(60_000);
        assert!(phone.take().is_empty());
    }
}

#[test]
fn r16_a_call_that_is_answered_holds_the_one_that_talks() {
    let mut phone = talking();
    phone.invite(THEIRS, "call-2@host", None);
    phone.take();
    phone.user(2, CallAction::Answer);
    assert_eq!(phone.take(), ["request #1 hold"]);
    phone.user(1, CallAction::Hold);
    assert_eq!(phone.take(), ["fulfil a3"]);
    let hold: CallPerform = phone.last("call.perform").read().unwrap();
    assert_eq!((hold.action, hold.origin, hold.call_uuid.as_str()), (CallAction::Hold, Origin::System, OURS));
    // Swapped back: the other one is held.
    let id = phone.got.iter().find(|got| got.payload().contains("\"answer\"")).unwrap().id.clone();
    phone.reply(&id, &sipwake::bridge::CallPerformReply { state: PerformState::Done, ..Default::default() });
    phone.take();
    phone.user(1, CallAction::Unhold);
    assert_eq!(phone.take(), ["request #2 hold"]);
}

#[test]
fn without_the_rule_two_calls_talk_at_once() {
    let mut phone = talking();
    phone.host.switch_off(Rule::OneCallTalks);
    phone.invite(THEIRS, "call-2@host", None);
    phone.take();
    phone.user(2, CallAction::Answer);
    assert!(phone.take().is_empty());
}

#[test]
fn calls_that_are_joined_do_not_hold_each_other() {
    let mut phone = talking();
    phone.invite(THEIRS, "call-2@host", None);
    phone.user(1, CallAction::Hold);
    phone.user(2, CallAction::Answer);
    phone.performed(PerformState::Done);
    phone.take();
    phone.group(1, 2);
    let group: CallPerform = phone.last("call.perform").read().unwrap();
    assert_eq!((group.action, group.group_with.as_deref()), (CallAction::Group, Some(THEIRS)));
    assert!(phone.take().is_empty(), "not before the page has joined them");
    phone.performed(PerformState::Done);
    assert_eq!(phone.take(), ["fulfil a4"]);
    phone.user(1, CallAction::Unhold);
    assert!(phone.take().is_empty(), "nobody is held for it");
    phone.performed(PerformState::Done);
    phone.user(1, CallAction::Ungroup);
    phone.performed(PerformState::Done);
    assert_eq!(phone.take(), ["fulfil a5", "fulfil a6"]);
}

#[test]
fn what_cannot_be_joined_fails_at_once() {
    let mut phone = talking();
    phone.group(1, 1);
    assert_eq!(phone.take(), ["fail a2"]);
    phone.invite(THEIRS, "call-2@host", None);
    phone.take();
    phone.group(1, 2);
    assert_eq!(phone.take(), ["fail a3"], "it only rings");
    let mut phone = Phone::with(HostOptions { maximum_calls_per_call_group: 1, ..options() });
    phone.load();
    phone.run(200);
    for (uuid, id) in [(OURS, "call-1@host"), (THEIRS, "call-2@host")] {
        phone.invite(uuid, id, None);
    }
    for call in [1, 2] {
        phone.user(call, CallAction::Answer);
        phone.performed(PerformState::Done);
    }
    phone.take();
    phone.group(1, 2);
    assert_eq!(phone.take(), ["fail a3"]);
}

fn button(phone: &mut Phone, uuid: &str, action: CallAction) -> String {
    phone.request(&CallRequest { call_uuid: uuid.to_owned(), action, ..CallRequest::default() })
}

#[test]
fn a_button_is_answered_when_the_system_begins_its_action() {
    let mut phone = talking();
    let id = button(&mut phone, OURS, CallAction::Mute);
    assert_eq!((phone.take(), answer(&phone, &id)), (vec!["request #1 mute".to_owned()], None));
    phone.user(1, CallAction::Mute);
    assert_eq!((phone.take(), answer(&phone, &id)), (vec!["fulfil a2".to_owned()], Some(Ok(()))));
    let mute: CallPerform = phone.last("call.perform").read().unwrap();
    assert_eq!((mute.action, mute.origin), (CallAction::Mute, Origin::App));
    // What is so already is no news.
    phone.user(1, CallAction::Mute);
    assert_eq!(phone.performs(), ["start", "mute"]);
}

#[test]
fn a_button_that_the_system_refuses_or_forgets_is_told_so() {
    let mut phone = talking();
    let id = button(&mut phone, OURS, CallAction::End);
    let refusal = RequestRefusal::Other;
    phone.tell(HostInput::RequestRefused { uuid: OURS.to_owned(), action: CallAction::End, refusal });
    assert_eq!(answer(&phone, &id), Some(Err("other".to_owned())));
    let id = button(&mut phone, OURS, CallAction::End);
    phone.run(2_100);
    assert_eq!(answer(&phone, &id), Some(Err("timeout".to_owned())));
    for (uuid, action, code) in [
        (THEIRS, CallAction::End, "notFound"),
        (OURS, CallAction::Start, "unsupported"),
        (OURS, CallAction::Unknown, "unsupported"),
    ] {
        let id = button(&mut phone, uuid, action);
        assert_eq!(answer(&phone, &id), Some(Err(code.to_owned())));
    }
}

#[test]
fn what_the_page_holds_by_itself_is_shown_and_does_not_echo() {
    let mut phone = talking();
    phone.event(&state(OURS, CallStateName::Held));
    assert_eq!(phone.take(), ["request #1 hold"]);
    phone.user(1, CallAction::Hold);
    assert_eq!(phone.take(), ["fulfil a2"]);
    assert_eq!(phone.performs(), ["start"], "the page knows");
    phone.event(&state(OURS, CallStateName::Resumed));
    assert_eq!(phone.take(), ["request #1 unhold"]);
    phone.user(1, CallAction::Unhold);
    assert_eq!(phone.take(), ["fulfil a3"]);
    assert_eq!(phone.performs(), ["start"]);
}

#[test]
fn a_hold_that_the_page_could_not_do_is_taken_back_on_the_screen() {
    let mut phone = talking();
    phone.user(1, CallAction::Hold);
    phone.performed(PerformState::Failed);
    phone.event(&state(OURS, CallStateName::Resumed));
    assert_eq!(phone.take(), ["fulfil a2", "request #1 unhold"]);
}

#[test]
fn the_unmute_that_the_system_does_after_a_hold_is_taken_back() {
    let mut phone = talking();
    phone.user(1, CallAction::Mute);
    phone.user(1, CallAction::Hold);
    phone.user(1, CallAction::Unmute);
    assert_eq!(phone.take(), ["fulfil a2", "fulfil a3", "fulfil a4", "request #1 mute"]);
    phone.user(1, CallAction::Mute);
    assert_eq!(phone.performs(), ["start", "mute", "hold"]);
    phone.run(600);
    phone.user(1, CallAction::Unmute);
    assert_eq!(phone.performs(), ["start", "mute", "hold", "unmute"]);
}

#[test]
fn a_call_that_only_the_page_could_answer_leaves_the_screen() {
    let mut phone = Phone::awake();
    phone.invite(THEIRS, "call-2@host", None);
    phone.event(&state(THEIRS, CallStateName::Connected));
    assert_eq!(phone.take(), ["report #1 Alice Archer", "request #1 answer"]);
    phone.run(2_100);
    assert_eq!(phone.take(), ["end #1 answeredElsewhere"]);
    phone.event(&CallEnded { call_uuid: THEIRS.to_owned(), reason: EndReason::Local, ..CallEnded::default() });
    assert!(phone.take().is_empty());
}

#[test]
fn an_intent_loads_the_page_and_waits_for_it() {
    let mut phone = Phone::new();
    let intent = IntentStartCall {
        handle: Handle { handle_type: HandleType::Phone, value: "+4930".to_owned() },
        source: StartSource::Siri,
        ..IntentStartCall::default()
    };
    phone.tell(HostInput::StartIntent(intent.clone()));
    assert_eq!(phone.take(), ["load"]);
    phone.load();
    phone.run(200);
    assert_eq!(phone.last("intent.startCall").read::<IntentStartCall>(), Ok(intent));
}

#[test]
fn only_the_main_frame_of_an_allowed_origin_may_speak() {
    let mut phone = talking();
    let ended = |phone: &mut Phone| {
        let now = phone.now();
        let page = phone.page.as_mut().unwrap();
        page.event(now, &CallEnded { call_uuid: OURS.to_owned(), reason: EndReason::Failed, ..Default::default() });
        match page.poll() {
            Some(sipwake::bridge::LinkEvent::Post(text)) => text,
            other => panic!("{other:?}"),
        }
    };
    let text = ended(&mut phone);
    for (main_frame, origin, word) in [
        (false, ORIGIN, "wrongFrame"),
        (true, "", "wrongOrigin"),
        (true, "sipwake://app.evil", "wrongOrigin"),
        (true, "https://app", "wrongOrigin"),
    ] {
        let before = phone.host.problems();
        phone.tell(HostInput::PageMessage { main_frame, origin: origin.to_owned(), text: text.clone() });
        assert_eq!(phone.take(), [format!("problem {word}")]);
        assert_eq!(phone.host.problems(), before + 1);
    }
    phone.tell(HostInput::PageMessage { main_frame: true, origin: ORIGIN.to_owned(), text });
    assert_eq!(phone.take(), ["end #1 failed"]);
}

/// A host that was told of no origin listens to nobody.
#[test]
fn without_origins_nobody_may_speak() {
    let mut phone = Phone::with(HostOptions { origins: Vec::new(), ..options() });
    phone.load();
    assert!(phone.welcome.is_none());
    assert_eq!(phone.take(), ["problem wrongOrigin"]);
}
