//! What the user does: held, fulfilled, failed, never after its time.

use super::phone::{NAMELESS, PUSH, Phone, options};
use sipwake::bridge::{
    CallAction, CallEnded, CallPerform, CallPerformReply, CallRequest, CallState, CallStateName, EndReason,
    PerformState, PushOutcome, PushResolved,
};
use sipwake::host::{Effect, HostInput, HostOptions, Profile};

const PROPOSAL: &str = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";

fn ringing() -> Phone {
    let mut phone = Phone::awake();
    phone.invite(PROPOSAL, "call-1@host", None);
    phone.take();
    phone
}

fn pushed() -> Phone {
    let mut phone = Phone::awake();
    phone.push(PUSH);
    phone.accept_push();
    phone.take();
    phone
}

fn ended(reason: EndReason) -> CallEnded {
    CallEnded { call_uuid: PROPOSAL.to_owned(), reason, ..CallEnded::default() }
}

#[test]
fn an_answer_is_fulfilled_when_the_page_says_done() {
    let mut phone = ringing();
    phone.user(1, CallAction::Answer);
    assert!(phone.take().is_empty());
    assert_eq!(phone.performs(), ["answer"]);
    phone.performed(PerformState::Pending);
    assert!(phone.take().is_empty());
    phone.performed(PerformState::Done);
    assert_eq!(phone.take(), ["fulfil a1"]);
    assert!(matches!(phone.effects.last(), Some(Effect::Fulfil { connected_at: Some(_), .. })));
    phone.run(120_000);
    assert!(phone.take().is_empty());
}

#[test]
fn an_answer_that_fails_ends_the_call() {
    let mut phone = ringing();
    phone.user(1, CallAction::Answer);
    phone.performed(PerformState::Failed);
    assert_eq!(phone.take(), ["fail a1", "end #1 failed"]);
}

#[test]
fn an_answer_that_the_page_refuses_to_understand_ends_the_call() {
    let mut phone = ringing();
    phone.user(1, CallAction::Answer);
    let request = phone.last("call.perform");
    let now = phone.now();
    phone.page.as_mut().unwrap().refuse_unknown(now, &request);
    phone.settle();
    assert_eq!(phone.take(), ["fail a1", "end #1 failed"]);
}

#[test]
fn r5_an_early_answer_is_kept_and_fulfilled_after_the_invite() {
    let mut phone = pushed();
    phone.user(1, CallAction::Answer);
    phone.performed(PerformState::Pending);
    phone.run(5_000);
    assert!(phone.take().is_empty());
    phone.invite(PROPOSAL, "call-1@host", None);
    assert_eq!(phone.take(), ["update #1 Alice Archer"]);
    phone.run(3_000);
    phone.performed(PerformState::Done);
    assert_eq!(phone.take(), ["fulfil a1"]);
}

#[test]
fn r5_an_early_answer_waits_ten_seconds_at_most() {
    let mut phone = pushed();
    phone.user(1, CallAction::Answer);
    phone.run(9_999);
    assert!(phone.take().is_empty());
    phone.run(1);
    assert_eq!(phone.take(), ["fail a1", "end #1 failed"]);
    assert_eq!(phone.count("call.performTimedOut"), 1);
}

#[test]
fn r5_an_early_answer_never_waits_past_the_invites_time() {
    let mut phone = pushed();
    phone.run(12_000);
    phone.user(1, CallAction::Answer);
    phone.run(2_999);
    assert!(phone.take().is_empty());
    phone.run(1);
    assert_eq!(phone.take(), ["fail a1", "end #1 failed"]);
}

#[test]
fn r5_an_answer_before_the_page_is_there_reaches_it() {
    let mut phone = Phone::new();
    phone.push(PUSH);
    phone.user(1, CallAction::Answer);
    phone.run(1_000);
    phone.load();
    phone.run(100);
    let types: Vec<_> = phone.got.iter().map(|incoming| incoming.message_type.as_str()).collect();
    assert_eq!(types, ["push.incoming", "call.perform"]);
    let call = phone.welcome.as_ref().unwrap().snapshot.calls[0].clone();
    assert!(call.answered && call.reported);
    let pending = call.pending_action.unwrap();
    let perform: CallPerform = phone.last("call.perform").read().unwrap();
    assert_eq!((pending.action_id, pending.action), (perform.action_id, CallAction::Answer));
    phone.invite(PROPOSAL, "call-1@host", None);
    phone.performed(PerformState::Done);
    assert_eq!(phone.take(), ["report #1 Alice", "load", "update #1 Alice Archer", "fulfil a1"]);
}

#[test]
fn an_answered_call_has_its_own_time_once_the_invite_is_there() {
    let mut phone = pushed();
    phone.user(1, CallAction::Answer);
    phone.run(9_000);
    phone.invite(PROPOSAL, "call-1@host", None);
    phone.take();
    phone.run(9_999);
    assert!(phone.take().is_empty());
    phone.run(1);
    assert_eq!(phone.take(), ["fail a1", "end #1 failed"]);
    assert_eq!(phone.count("call.performTimedOut"), 1);
}

#[test]
fn an_answered_push_without_a_call_fails() {
    let mut phone = pushed();
    phone.user(1, CallAction::Answer);
    let push = phone.pushed();
    phone.event(&PushResolved {
        push_id: push.push_id,
        call_uuid: push.call_uuid,
        outcome: PushOutcome::NoCall,
        sip: None,
    });
    assert_eq!(phone.take(), ["fail a1", "end #1 failed"]);
}

#[test]
fn r6_a_decline_is_fulfilled_at_once_and_kept_for_the_page_that_comes() {
    let mut phone = Phone::new();
    phone.push(PUSH);
    phone.user(1, CallAction::End);
    assert_eq!(phone.take(), ["report #1 Alice", "load", "fulfil a1"]);
    phone.run(1_000);
    phone.load();
    phone.run(100);
    assert_eq!(phone.performs(), ["end"]);
    let call = phone.welcome.as_ref().unwrap().snapshot.calls[0].clone();
    assert_eq!(call.pending_action.unwrap().action, CallAction::End);
    let id = phone.invite(PROPOSAL, "call-1@host", None);
    assert_eq!(phone.invite_reply(&id).call_uuid, phone.uuids[0]);
    phone.performed(PerformState::Done);
    phone.run(60_000);
    assert!(phone.take().is_empty());
}

#[test]
fn r6_an_invite_after_the_page_took_the_decline_is_declined_again_and_does_not_ring() {
    let mut phone = pushed();
    phone.user(1, CallAction::End);
    phone.performed(PerformState::Done);
    phone.run(3_000);
    phone.invite(PROPOSAL, "call-1@host", None);
    assert_eq!(phone.take(), ["fulfil a1"]);
    assert_eq!(phone.performs(), ["end", "end"]);
}

#[test]
fn r6_after_the_invites_time_a_decline_is_forgotten() {
    let mut phone = pushed();
    phone.user(1, CallAction::End);
    phone.performed(PerformState::Pending);
    phone.run(16_000);
    assert_eq!(phone.take(), ["fulfil a1"]);
    phone.invite(PROPOSAL, "call-2@host", None);
    assert_eq!(phone.take(), ["report #2 Alice Archer"]);
}

#[test]
fn a_second_push_for_a_declined_call_does_not_ring() {
    let mut phone = pushed();
    phone.user(1, CallAction::End);
    phone.push(PUSH);
    assert_eq!(phone.take(), ["fulfil a1", "report #2 ?", "end #2 answeredElsewhere"]);
}

#[test]
fn hanging_up_is_fulfilled_at_once_and_passed_on() {
    let mut phone = ringing();
    phone.user(1, CallAction::Answer);
    phone.performed(PerformState::Done);
    phone.take();
    phone.user(1, CallAction::End);
    assert_eq!(phone.take(), ["fulfil a2"]);
    assert_eq!(phone.performs(), ["answer", "end"]);
    phone.performed(PerformState::Done);
    phone.event(&ended(EndReason::Local));
    assert!(phone.take().is_empty());
}

#[test]
fn an_end_while_an_answer_waits_fails_the_answer() {
    let mut phone = pushed();
    phone.user(1, CallAction::Answer);
    phone.user(1, CallAction::End);
    assert_eq!(phone.take(), ["fulfil a2", "fail a1"]);
    phone.run(60_000);
    assert!(phone.take().is_empty());
}

#[test]
fn mute_is_fulfilled_at_once_and_passed_on() {
    let mut phone = ringing();
    phone.user(1, CallAction::Answer);
    phone.performed(PerformState::Done);
    phone.take();
    phone.user(1, CallAction::Mute);
    phone.user(1, CallAction::Unmute);
    assert_eq!(phone.take(), ["fulfil a2", "fulfil a3"]);
    assert_eq!(phone.performs(), ["answer", "mute", "unmute"]);
}

#[test]
fn a_mute_before_the_invite_is_told_when_it_is_there() {
    let mut phone = pushed();
    phone.user(1, CallAction::Mute);
    assert_eq!(phone.take(), ["fulfil a1"]);
    assert!(phone.performs().is_empty());
    phone.invite(PROPOSAL, "call-1@host", None);
    assert_eq!(phone.performs(), ["mute"]);
}

#[test]
fn digits_wait_for_the_page_and_fail_after_their_time() {
    let mut phone = ringing();
    phone.user(1, CallAction::Dtmf);
    phone.performed(PerformState::Done);
    phone.user(1, CallAction::Dtmf);
    phone.run(10_000);
    assert_eq!(phone.take(), ["fulfil a1", "fail a2"]);
}

#[test]
fn actions_on_no_call_fail_but_an_end_never_does() {
    let mut phone = Phone::awake();
    phone.uuids.push("nothing".to_owned());
    for action in [CallAction::Answer, CallAction::Mute, CallAction::Start, CallAction::Unknown, CallAction::End] {
        phone.user(1, action);
    }
    assert_eq!(phone.take(), ["fail a1", "fail a2", "fail a3", "fail a4", "fulfil a5"]);
}

#[test]
fn r16_nothing_is_fulfilled_after_the_system_gave_up() {
    let mut phone = ringing();
    phone.user(1, CallAction::Answer);
    let uuid = phone.uuids[0].clone();
    let answer = phone.last("call.perform").id;
    phone.tell(HostInput::ActionTimedOut { action_id: "a1".to_owned() });
    assert_eq!(phone.take(), ["end #1 failed"]);
    assert_eq!(phone.performs(), ["answer", "end"], "what still rings in the page ends there as well");
    phone.reply(&answer, &CallPerformReply { state: PerformState::Done, ..CallPerformReply::default() });
    phone.event(&CallState { call_uuid: uuid, state: CallStateName::Connected, at: 0, sip_call_id: None });
    phone.run(60_000);
    assert_eq!(phone.take(), ["problem unknownReply"]);
}

#[test]
fn r16_a_late_done_after_our_own_limit_is_not_fulfilled() {
    let mut phone = ringing();
    phone.user(1, CallAction::Answer);
    let answer = phone.last("call.perform").id;
    phone.run(10_000);
    assert_eq!(phone.take(), ["fail a1", "end #1 failed"]);
    phone.reply(&answer, &CallPerformReply { state: PerformState::Done, ..CallPerformReply::default() });
    assert_eq!(phone.take(), ["problem unknownReply"]);
}

#[test]
fn r16_a_provider_reset_forgets_everything_and_tells_the_page() {
    let mut phone = pushed();
    phone.invite(PROPOSAL, "call-1@host", None);
    phone.user(1, CallAction::Answer);
    phone.push(NAMELESS);
    phone.take();
    phone.shown.clear();
    phone.tell(HostInput::ProviderReset);
    phone.run(120_000);
    assert!(phone.take().is_empty());
    assert_eq!(phone.count("call.providerReset"), 1);
}

#[test]
fn r16_two_calls_are_told_apart() {
    let mut phone = Phone::awake();
    phone.push(PUSH);
    phone.push(&PUSH.replace("call-1", "call-2"));
    phone.user(2, CallAction::Answer);
    phone.user(1, CallAction::End);
    assert_eq!(phone.take(), ["report #1 Alice", "report #2 Alice", "fulfil a2"]);
    phone.invite(PROPOSAL, "call-2@host", None);
    let id = phone.got.iter().find(|incoming| incoming.message_type == "call.perform").unwrap().id.clone();
    phone.reply(
        &id,
        &sipwake::bridge::CallPerformReply {
            state: PerformState::Done,
            ..sipwake::bridge::CallPerformReply::default()
        },
    );
    assert_eq!(phone.take(), ["update #2 Alice Archer", "fulfil a1"]);
}

#[test]
fn the_end_that_the_page_tells_is_reported_with_its_reason() {
    for (reason, word) in [
        (EndReason::RemoteEnded, "remoteEnded"),
        (EndReason::AnsweredElsewhere, "answeredElsewhere"),
        (EndReason::Failed, "failed"),
        (EndReason::Local, "remoteEnded"),
        (EndReason::Unknown, "failed"),
    ] {
        let mut phone = ringing();
        phone.event(&ended(reason));
        phone.event(&ended(reason));
        assert_eq!(phone.take(), [format!("end #1 {word}")]);
    }
}

#[test]
fn the_far_end_gives_up_while_an_answer_waits() {
    let mut phone = ringing();
    phone.user(1, CallAction::Answer);
    phone.event(&ended(EndReason::RemoteEnded));
    assert_eq!(phone.take(), ["fail a1", "end #1 remoteEnded"]);
}

#[test]
fn a_button_in_the_page_goes_through_the_system() {
    let mut phone = ringing();
    let request = |uuid: &str, action| CallRequest { call_uuid: uuid.to_owned(), action, ..CallRequest::default() };
    phone.request(&request(PROPOSAL, CallAction::Answer));
    assert_eq!(phone.take(), ["request #1 answer"]);
    let id = phone.request(&request("nothing", CallAction::End));
    let reply = phone.got.iter().find(|incoming| incoming.re.as_deref() == Some(id.as_str())).unwrap();
    assert_eq!(reply.error.as_ref().unwrap().code, "notFound");
}

#[test]
fn a_call_that_the_page_answered_by_itself_is_answered_in_the_system() {
    let mut phone = ringing();
    let state = CallState { call_uuid: PROPOSAL.to_owned(), state: CallStateName::Connected, at: 1, sip_call_id: None };
    phone.event(&state);
    assert_eq!(phone.take(), ["request #1 answer"]);
    phone.user(1, CallAction::Answer);
    phone.performed(PerformState::Done);
    assert_eq!(phone.take(), ["fulfil a1"]);
}

fn ring_only() -> Phone {
    let mut phone = Phone::with(HostOptions { profile: Profile::PageMedia, transport: false, ..options() });
    phone.load();
    phone.run(200);
    phone
}

#[test]
fn ring_only_the_page_answers_after_the_call_screen_is_gone() {
    let mut phone = ring_only();
    phone.invite(PROPOSAL, "call-1@host", None);
    phone.user(1, CallAction::Answer);
    assert_eq!(phone.take(), ["report #1 Alice Archer video", "fulfil a1"]);
    phone.run(999);
    assert!(phone.take().is_empty() && phone.performs().is_empty());
    phone.run(1);
    assert_eq!(phone.take(), ["end #1 remoteEnded"]);
    assert_eq!(phone.performs(), ["answer"]);
    phone.performed(PerformState::Done);
    phone.event(&ended(EndReason::RemoteEnded));
    phone.run(60_000);
    assert!(phone.take().is_empty());
}

#[test]
fn ring_only_an_early_answer_waits_for_the_invite_and_the_page_does_not_know() {
    let mut phone = ring_only();
    phone.push(NAMELESS);
    phone.user(1, CallAction::Answer);
    phone.run(3_000);
    assert_eq!(phone.take(), ["report #1 ? video"]);
    assert!(phone.performs().is_empty());
    phone.load();
    phone.run(100);
    let call = phone.welcome.as_ref().unwrap().snapshot.calls[0].clone();
    assert!(!call.answered && call.pending_action.is_none());
    phone.invite(PROPOSAL, "call-1@host", None);
    assert_eq!(phone.take(), ["update #1 Alice Archer video".replace(" video", ""), "fulfil a1".to_owned()]);
    phone.run(1_000);
    assert_eq!(phone.take(), ["end #1 remoteEnded"]);
    assert_eq!(phone.performs(), ["answer"]);
}

#[test]
fn ring_only_an_early_answer_without_an_invite_fails() {
    let mut phone = ring_only();
    phone.push(NAMELESS);
    phone.user(1, CallAction::Answer);
    phone.take();
    phone.run(10_000);
    assert_eq!(phone.take(), ["fail a1", "end #1 failed"]);
}

#[test]
fn ring_only_a_call_that_ends_before_the_hand_over_is_ended_once() {
    let mut phone = ring_only();
    phone.invite(PROPOSAL, "call-1@host", None);
    phone.user(1, CallAction::Answer);
    phone.take();
    phone.run(500);
    phone.event(&ended(EndReason::RemoteEnded));
    phone.run(10_000);
    assert_eq!(phone.take(), ["end #1 remoteEnded"]);
    assert!(phone.performs().is_empty());
}

#[test]
fn a_hang_up_that_the_system_forgets_still_reaches_the_page() {
    let mut phone = Phone::new();
    phone.push(PUSH);
    phone.user(1, CallAction::End);
    phone.tell(HostInput::ActionTimedOut { action_id: "a1".to_owned() });
    phone.load();
    phone.run(100);
    assert_eq!(phone.performs(), ["end"]);
    assert_eq!(phone.count("call.performTimedOut"), 0);
}
