//! Pushes: reported at once whatever is in them, joined with their INVITE, ended when there is none.

use super::phone::{NAMELESS, PUSH, Phone, options};
use sipwake::bridge::{
    CallAction, CallEnded, CallMatch, EndReason, Launch, PushIncomingReply, PushKind, PushOutcome, PushRefusal,
    PushResolved, ReportError,
};
use sipwake::host::{Effect, HostInput, HostOptions, PushCallId};

const PROPOSAL: &str = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee";

fn resolved(phone: &Phone, outcome: PushOutcome) -> PushResolved {
    let push = phone.pushed();
    PushResolved { push_id: push.push_id, call_uuid: push.call_uuid, outcome, sip: None }
}

/// A push came, the page is up and has taken it.
fn waiting() -> Phone {
    let mut phone = Phone::new();
    phone.push(PUSH);
    phone.load();
    phone.run(500);
    phone.accept_push();
    phone.take();
    phone
}

#[test]
fn the_report_is_the_first_effect_of_every_push() {
    for payload in [PUSH, NAMELESS, "", "garbage", "[1]", r#"{"kind":"cancel"}"#, r#"{"aps":7,"ttl":"x"}"#] {
        let mut phone = Phone::awake();
        let now = phone.now();
        phone.host.handle(
            now,
            HostInput::Push {
                payload: payload.to_owned(),
                must_report: true,
                launch: Launch::Cold,
                locked: true,
                unlocked_since_boot: true,
            },
        );
        assert!(matches!(phone.host.poll(), Some(Effect::ReportIncoming { .. })), "{payload}");
    }
}

#[test]
fn a_push_is_reported_and_the_page_loaded_and_told() {
    let mut phone = Phone::new();
    phone.push(PUSH);
    assert_eq!(phone.take(), ["report #1 Alice", "load"]);
    phone.run(1_000);
    phone.load();
    phone.run(100);
    let push = phone.pushed();
    assert_eq!((push.kind, push.call_uuid.as_str()), (PushKind::Call, phone.uuids[0].as_str()));
    assert_eq!(push.sip_call_id.as_deref(), Some("call-1@host"));
    assert!(push.reported.ok && push.must_report && push.locked);
    assert_eq!(phone.last("push.incoming").deadline_ms, Some(14_000));
}

#[test]
fn a_page_that_is_up_is_told_at_once() {
    let mut phone = Phone::awake();
    phone.push(PUSH);
    assert_eq!(phone.take(), ["report #1 Alice"]);
    assert_eq!(phone.count("push.incoming"), 1);
}

#[test]
fn a_page_that_sleeps_is_poked() {
    let mut phone = Phone::awake();
    phone.launch = Launch::Suspended;
    phone.push(PUSH);
    assert_eq!(phone.take(), ["report #1 Alice", "load"]);
    phone.run(8_000);
    assert!(phone.take().is_empty());
}

#[test]
fn garbage_is_reported_and_ended() {
    for payload in ["", "garbage", "[]", &"x".repeat(100_000)] {
        let mut phone = Phone::new();
        phone.push(payload);
        assert_eq!(phone.take(), ["report #1 ?", "end #1 failed"], "{}", payload.len());
        phone.run(60_000);
        assert!(phone.take().is_empty());
    }
}

#[test]
fn a_call_off_for_nothing_is_reported_and_ended_with_its_reason() {
    for (kind, reason) in [
        ("cancel", "remoteEnded"),
        ("answeredElsewhere", "answeredElsewhere"),
        ("declinedElsewhere", "declinedElsewhere"),
        ("missed", "unanswered"),
    ] {
        let payload = format!(r#"{{"kind":"{kind}","call-id":"other"}}"#);
        let mut phone = Phone::awake();
        phone.push(&payload);
        assert_eq!(phone.take(), ["report #1 ?".to_owned(), format!("end #1 {reason}")]);
        phone.push_as(&payload, false, true);
        assert!(phone.take().is_empty());
    }
}

#[test]
fn a_stale_push_is_reported_and_ended() {
    let mut phone = Phone::new();
    let payload = |age: u64| format!(r#"{{"call-id":"c{age}","pn_ttl":30,"sentAt":{}}}"#, super::phone::EPOCH - age);
    phone.push(&payload(30_001));
    assert_eq!(phone.take(), ["report #1 ?", "end #1 unanswered"]);
    phone.push(&payload(30_000));
    assert_eq!(phone.take(), ["report #2 ?", "load"]);
}

#[test]
fn r1_the_invite_is_bound_and_the_name_updated() {
    let mut phone = waiting();
    let id = phone.invite(PROPOSAL, "call-1@host", None);
    let reply = phone.invite_reply(&id);
    assert_eq!((reply.call_uuid.as_str(), reply.call_match), (phone.uuids[0].as_str(), CallMatch::Push));
    assert_eq!(phone.take(), ["update #1 Alice Archer"]);
    phone.run(60_000);
    assert!(phone.take().is_empty());
}

#[test]
fn r2_a_push_after_its_invite_is_reported_with_the_same_uuid() {
    for payload in [PUSH, NAMELESS] {
        let mut phone = Phone::awake();
        let id = phone.invite(PROPOSAL, "call-1@host", None);
        assert_eq!(phone.invite_reply(&id).call_match, CallMatch::New);
        phone.push(payload);
        let log = phone.take();
        assert_eq!(log[..2], ["report #1 Alice Archer".to_owned(), "report #1 Alice Archer".to_owned()]);
        assert_eq!(phone.uuids, [PROPOSAL]);
        assert_eq!(phone.pushed().call_uuid, PROPOSAL);
        assert_eq!(phone.shown, [PROPOSAL]);
    }
}

#[test]
fn r2_where_no_report_is_owed_there_is_none() {
    let mut phone = Phone::awake();
    phone.invite(PROPOSAL, "call-1@host", None);
    phone.take();
    phone.push_as(NAMELESS, false, true);
    assert!(phone.take().is_empty());
}

#[test]
fn r2_a_push_whose_call_the_page_knows_under_another_uuid_ends() {
    let mut phone = Phone::awake();
    phone.push(r#"{"call-id":"another@host"}"#);
    phone.take();
    let id = phone.last("push.incoming").id;
    let reply = PushIncomingReply {
        accepted: false,
        reason: Some(PushRefusal::AlreadyActive),
        bound_call_uuid: Some(PROPOSAL.to_owned()),
    };
    phone.reply(&id, &reply);
    assert_eq!(phone.take(), ["end #1 answeredElsewhere"]);
}

#[test]
fn r3_a_push_for_a_call_that_is_over_ends_at_once() {
    let mut phone = waiting();
    phone.invite(PROPOSAL, "call-1@host", None);
    let ended = CallEnded { call_uuid: phone.uuids[0].clone(), reason: EndReason::RemoteEnded, ..CallEnded::default() };
    phone.event(&ended);
    phone.take();
    phone.push(PUSH);
    assert_eq!(phone.take(), ["report #2 Alice", "end #2 remoteEnded"]);
    assert_eq!(phone.count("push.incoming"), 1);
}

#[test]
fn r4_without_an_invite_the_call_ends_unanswered_after_fifteen_seconds() {
    let mut phone = waiting();
    phone.run(14_499);
    assert!(phone.take().is_empty());
    phone.run(1);
    assert_eq!(phone.take(), ["end #1 unanswered"]);
}

#[test]
fn r7_a_call_off_ends_the_call_that_waits() {
    for payload in [r#"{"kind":"cancel","call-id":"call-1@host"}"#, r#"{"kind":"cancel"}"#] {
        let mut phone = waiting();
        phone.push(payload);
        assert_eq!(phone.take(), ["report #1 Alice", "end #1 remoteEnded"]);
        assert_eq!(phone.pushed().kind, PushKind::Cancel);
        phone.run(60_000);
        assert!(phone.take().is_empty());
    }
}

#[test]
fn r7_a_call_off_does_not_touch_a_call_whose_invite_is_there() {
    let mut phone = waiting();
    phone.invite(PROPOSAL, "call-1@host", None);
    phone.take();
    phone.push(r#"{"kind":"cancel","call-id":"call-1@host"}"#);
    assert_eq!(phone.take(), ["report #1 Alice Archer"]);
    assert_eq!(phone.shown.len(), 1);
}

#[test]
fn r8_what_the_page_learns_ends_the_call_that_waits() {
    for (outcome, reason) in [
        (PushOutcome::Cancelled, "remoteEnded"),
        (PushOutcome::AnsweredElsewhere, "answeredElsewhere"),
        (PushOutcome::DeclinedElsewhere, "declinedElsewhere"),
        (PushOutcome::NoCall, "unanswered"),
        (PushOutcome::RegistrationFailed, "failed"),
    ] {
        let mut phone = waiting();
        phone.event(&resolved(&phone, outcome));
        assert_eq!(phone.take(), [format!("end #1 {reason}")]);
    }
}

#[test]
fn r9_a_failed_registration_leaves_a_bound_call_alone() {
    let mut phone = waiting();
    phone.event(&resolved(&phone, PushOutcome::Bound));
    phone.event(&resolved(&phone, PushOutcome::RegistrationFailed));
    phone.run(60_000);
    assert!(phone.take().is_empty());
}

#[test]
fn r10_a_second_push_updates_and_makes_no_second_call() {
    let mut phone = waiting();
    phone.push(&PUSH.replace("Alice", "Alice B"));
    assert_eq!(phone.take(), ["report #1 Alice", "update #1 Alice B"]);
    assert_eq!((phone.uuids.len(), phone.shown.len()), (1, 1));
    phone.run(15_000);
    assert_eq!(phone.take(), ["end #1 unanswered"]);
}

#[test]
fn r11_the_same_invite_again_is_a_duplicate_with_the_same_uuid() {
    let mut phone = waiting();
    phone.invite(PROPOSAL, "call-1@host", None);
    phone.take();
    let again = phone.invite("99999999-bbbb-4ccc-8ddd-eeeeeeeeeeee", "call-1@host", None);
    let reply = phone.invite_reply(&again);
    assert_eq!((reply.call_uuid.as_str(), reply.call_match), (phone.uuids[0].as_str(), CallMatch::Duplicate));
    assert!(phone.take().is_empty());
}

#[test]
fn r12_push_and_invite_without_a_common_call_id_are_joined() {
    const OTHER: &str = r#"{"call-id":"other","from-uri":"alice"}"#;
    for (payload, push_id) in [(NAMELESS, None), (r#"{"x-push-id":"P1"}"#, Some("P1")), (OTHER, None)] {
        let push_call_id = if payload == OTHER { PushCallId::Rewritten } else { PushCallId::Same };
        let mut phone = Phone::with(HostOptions { push_call_id, ..options() });
        phone.load();
        phone.run(200);
        phone.push(payload);
        let id = phone.invite(PROPOSAL, "call-9@host", push_id);
        let reply = phone.invite_reply(&id);
        assert_eq!((reply.call_uuid.as_str(), reply.call_match), (phone.uuids[0].as_str(), CallMatch::Push));
    }
}

#[test]
fn r12_a_push_that_names_another_call_id_does_not_take_the_invite() {
    let mut phone = Phone::awake();
    phone.push(r#"{"call-id":"other","from-uri":"alice"}"#);
    let id = phone.invite(PROPOSAL, "call-9@host", None);
    assert_eq!(phone.invite_reply(&id).call_match, CallMatch::New);
    assert_eq!(phone.take(), ["report #1 ?", "report #2 Alice Archer"]);
}

#[test]
fn r12_of_two_open_pushes_without_ids_none_takes_the_invite() {
    let mut phone = Phone::awake();
    phone.push(NAMELESS);
    phone.push(r#"{"content-available":true,"from-uri":"sip:carol@example.com"}"#);
    assert_eq!(phone.take(), ["report #1 ?", "report #2 ?"]);
    let id = phone.invite(PROPOSAL, "call-9@host", None);
    assert_eq!(phone.invite_reply(&id).call_match, CallMatch::New);
    assert_eq!(phone.take(), ["report #3 Alice Archer"]);
    phone.run(15_000);
    assert_eq!(phone.take(), ["end #1 unanswered", "end #2 unanswered"]);
}

#[test]
fn r13_a_refused_push_is_never_ended_and_the_page_hears_why() {
    let mut phone = Phone::awake();
    phone.report_error = Some(ReportError::DoNotDisturb);
    phone.push(PUSH);
    let push = phone.pushed();
    assert_eq!((push.reported.ok, push.reported.error_code.as_deref()), (false, Some("doNotDisturb")));
    let id = phone.invite(PROPOSAL, "call-1@host", None);
    assert_eq!(phone.invite_reply(&id).error, Some(ReportError::DoNotDisturb));
    phone.run(120_000);
    assert_eq!(phone.take(), ["report #1 Alice"]);
}

#[test]
fn r13_a_refused_invite_is_answered_with_the_reason() {
    let mut phone = Phone::awake();
    phone.report_error = Some(ReportError::Blocked);
    let id = phone.invite(PROPOSAL, "call-1@host", None);
    let reply = phone.invite_reply(&id);
    assert_eq!((reply.call_match, reply.error), (CallMatch::New, Some(ReportError::Blocked)));
    phone.event(&CallEnded { call_uuid: PROPOSAL.to_owned(), ..CallEnded::default() });
    assert_eq!(phone.take(), ["report #1 Alice Archer"]);
}

#[test]
fn r14_before_the_first_unlock_the_call_ends_after_four_seconds() {
    let mut phone = Phone::new();
    phone.push_as(NAMELESS, true, false);
    assert_eq!(phone.take(), ["report #1 ?"]);
    phone.run(3_999);
    assert!(phone.take().is_empty());
    phone.run(1);
    assert_eq!(phone.take(), ["missed ?", "end #1 unanswered"]);
}

#[test]
fn r14_before_the_first_unlock_an_answer_fails() {
    let mut phone = Phone::new();
    phone.push_as(NAMELESS, true, false);
    phone.take();
    phone.user(1, CallAction::Answer);
    assert_eq!(phone.take(), ["fail a1", "missed ?", "end #1 unanswered"]);
}

#[test]
fn r16_an_end_while_the_report_is_pending_waits_for_it() {
    let mut phone = Phone::awake();
    phone.auto_report = false;
    phone.push("garbage");
    assert_eq!(phone.take(), ["report #1 ?"]);
    let uuid = phone.uuids[0].clone();
    phone.shown.push(uuid.clone());
    phone.tell(HostInput::Reported { uuid, error: None });
    assert_eq!(phone.take(), ["end #1 failed"]);
}

#[test]
fn r16_an_end_whose_report_is_refused_is_none() {
    let mut phone = Phone::awake();
    phone.report_error = Some(ReportError::DoNotDisturb);
    phone.push("garbage");
    phone.run(10_000);
    assert_eq!(phone.take(), ["report #1 ?"]);
}

#[test]
fn a_report_that_nobody_answers_counts_as_taken() {
    let mut phone = Phone::awake();
    phone.auto_report = false;
    phone.push(PUSH);
    assert_eq!(phone.count("push.incoming"), 0);
    phone.shown.push(phone.uuids[0].clone());
    phone.run(2_000);
    assert_eq!(phone.count("push.incoming"), 1);
}

#[test]
fn a_call_that_the_page_refuses_ends() {
    for (reason, end) in [
        (PushRefusal::UnknownAccount, "failed"),
        (PushRefusal::Ended, "unanswered"),
        (PushRefusal::AlreadyActive, "answeredElsewhere"),
    ] {
        let mut phone = Phone::awake();
        phone.push(PUSH);
        phone.take();
        let id = phone.last("push.incoming").id;
        phone.reply(&id, &PushIncomingReply { accepted: false, reason: Some(reason), bound_call_uuid: None });
        assert_eq!(phone.take(), [format!("end #1 {end}")]);
    }
}

#[test]
fn a_call_that_rings_too_long_ends_and_the_page_hears_of_it() {
    let mut phone = waiting();
    phone.invite(PROPOSAL, "call-1@host", None);
    phone.take();
    phone.run(90_000);
    assert_eq!(phone.take(), ["end #1 unanswered"]);
    assert_eq!(phone.performs(), ["end"]);
}

#[test]
fn a_proposed_uuid_that_was_used_or_is_none_is_replaced() {
    let mut phone = Phone::awake();
    phone.invite(PROPOSAL, "call-1@host", None);
    phone.event(&CallEnded { call_uuid: PROPOSAL.to_owned(), ..CallEnded::default() });
    for proposal in [PROPOSAL, "not a uuid"] {
        let id = phone.invite(proposal, proposal, None);
        let reply = phone.invite_reply(&id);
        assert_eq!(reply.call_match, CallMatch::New);
        assert_ne!(reply.call_uuid, proposal);
        assert_eq!(reply.call_uuid.len(), 36);
    }
}

#[test]
fn a_push_keeps_the_app_awake_until_its_invite_is_there() {
    let mut phone = Phone::awake();
    phone.push(PUSH);
    assert_eq!(phone.background, [true]);
    phone.push(PUSH);
    assert_eq!(phone.background, [true], "one task for both");
    phone.invite(PROPOSAL, "call-1@host", None);
    assert_eq!(phone.background, [true, false]);
    phone.run(60_000);
    assert_eq!(phone.background, [true, false]);
}

#[test]
fn a_declined_push_keeps_the_app_awake_until_the_decline_is_said_or_its_time_is_over() {
    let mut phone = Phone::awake();
    phone.push(PUSH);
    phone.user(1, CallAction::End);
    assert_eq!(phone.background, [true], "the INVITE is still to be declined");
    phone.run(15_000);
    assert_eq!(phone.background, [true, false]);
}

#[test]
fn a_background_task_ends_in_its_time_whatever_waits() {
    let mut phone = Phone::with(HostOptions { background_ms: 5_000, ..options() });
    phone.load();
    phone.run(200);
    phone.push(PUSH);
    phone.run(5_000);
    assert_eq!(phone.background, [true, false]);
}
