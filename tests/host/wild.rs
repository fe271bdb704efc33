//! Everything at once, in any order: whatever happens, what was reported is ended and nothing is settled twice.

use super::phone::{NAMELESS, PUSH, Phone, posted};
use sipwake::bridge::{
    CallAction, CallEnded, CallState, CallStateName, EndReason, PerformState, PushOutcome, PushResolved, ReportError,
    ResetReason,
};
use sipwake::common::random::{Random, Seeded};
use sipwake::host::HostInput;

fn step(phone: &mut Phone, random: &mut Random) {
    let uuids = phone.uuids.len();
    let call = if uuids == 0 { None } else { usize::try_from(random.below(uuids as u64)).ok() };
    let uuid = call.map(|index| phone.uuids[index].clone()).unwrap_or_default();
    let name = |random: &mut Random| format!("call-{}@host", random.below(4));
    let up = phone.page.is_some();
    match random.below(16) {
        0 => phone.push(&PUSH.replace("call-1@host", &name(random))),
        1 => phone.push(NAMELESS),
        2 => phone.push(&format!(r#"{{"kind":"cancel","call-id":"{}"}}"#, name(random))),
        3 => phone.push("garbage"),
        4 if up => {
            let uuid = random.uuid();
            let id = name(random);
            phone.invite(&uuid, &id, None);
        }
        5..=7 => {
            let actions = [CallAction::Answer, CallAction::End, CallAction::Mute, CallAction::Dtmf, CallAction::Answer];
            let action = actions[usize::try_from(random.below(5)).unwrap()];
            // Only what is shown can be pressed.
            if let Some(call) = call.filter(|_| phone.shown.contains(&uuid)) {
                phone.user(call + 1, action);
            }
        }
        8 if up
            && phone.got.iter().any(|incoming| incoming.message_type == "call.perform" && incoming.re.is_none()) =>
        {
            let states = [PerformState::Pending, PerformState::Done, PerformState::Failed];
            phone.performed(states[usize::try_from(random.below(3)).unwrap()]);
        }
        9 if up => {
            let reason = EndReason::RemoteEnded;
            phone.event(&CallEnded { call_uuid: uuid, reason, ..CallEnded::default() });
        }
        10 if up => {
            let outcomes = [PushOutcome::Bound, PushOutcome::NoCall, PushOutcome::RegistrationFailed];
            let outcome = outcomes[usize::try_from(random.below(3)).unwrap()];
            phone.event(&PushResolved { push_id: String::new(), call_uuid: uuid, outcome, sip: None });
        }
        11 if up => {
            let state = CallStateName::Connected;
            phone.event(&CallState { call_uuid: uuid, state, at: 0, sip_call_id: None });
        }
        12 => {
            phone.page = None;
            phone.tell(HostInput::PageLost(ResetReason::ProcessTerminated));
        }
        13 => phone.load(),
        14 => {
            let errors = [None, None, None, Some(ReportError::DoNotDisturb), Some(ReportError::UuidExists)];
            phone.report_error = errors[usize::try_from(random.below(4)).unwrap()];
        }
        _ => phone.run(random.below(6_000)),
    }
}

#[test]
fn every_reported_call_ends_and_every_action_is_settled_once() {
    for seed in 0..400 {
        let mut random = Random::new(Seeded(seed));
        let mut phone = Phone::new();
        let mut actions = 0;
        for _ in 0..60 {
            step(&mut phone, &mut random);
        }
        // The page goes for good; what is left has to come to an end by itself.
        phone.page = None;
        phone.tell(HostInput::PageLost(ResetReason::ProcessTerminated));
        phone.run(300_000);
        assert_eq!(phone.shown, Vec::<String>::new(), "seed {seed}: {:#?}", phone.log);
        let mut settled: Vec<&str> = Vec::new();
        for line in &phone.log {
            if let Some(id) = line.strip_prefix("fulfil ").or_else(|| line.strip_prefix("fail ")) {
                assert!(!settled.contains(&id), "seed {seed}: {id} is settled twice");
                settled.push(id);
                actions += 1;
            }
        }
        assert_eq!(actions, phone.actions(), "seed {seed}: {:#?}", phone.log);
    }
}

#[test]
fn texts_that_are_cut_or_changed_do_no_harm() {
    let mut random = Random::new(Seeded(1));
    let mut phone = Phone::awake();
    phone.invite("aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee", "call-1@host", None);
    let text = r#"{"v":1,"type":"call.ended","id":"x","kind":"event","session":"s","seq":9,"ack":0,"at":1,"p":{"callUuid":"aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee","reason":"failed","at":1}}"#;
    phone.take();
    for _ in 0..5_000 {
        let mut bytes = text.as_bytes().to_vec();
        for _ in 0..=random.below(4) {
            let index = usize::try_from(random.below(bytes.len() as u64)).unwrap();
            match random.below(3) {
                0 => bytes.truncate(index + 1),
                1 => bytes[index] = b"{}[]\",:0\\x"[usize::try_from(random.below(10)).unwrap()],
                _ => bytes.insert(index, bytes[index]),
            }
        }
        if let Ok(text) = String::from_utf8(bytes) {
            phone.tell(posted(text));
        }
    }
    assert!(phone.take().iter().all(|line| line.starts_with("problem ")));
    assert_eq!(phone.shown.len(), 1);
}
