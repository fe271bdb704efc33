use super::*;
use crate::common::random::Seeded;

fn at(ms: u64) -> Now {
    Now { mono: Mono(ms), wall: 1_000_000 + ms }
}

fn machine() -> (Registration, Random) {
    let mut random = Random::new(Seeded(1));
    (Registration::new(600, &mut random), random)
}

/// RFC 3261 10.2.4
#[test]
fn the_refresh_comes_before_the_granted_time_is_over() {
    let (mut registration, _) = machine();
    registration.want(Purpose::Bind, None);
    registration.sent(ClientId(1), Purpose::Bind);
    assert_eq!(registration.bound(at(0), 60), Verdict::Bound);
    assert_eq!(registration.next_timeout(), Some(Mono(54_000)));
    registration.timeout(Mono(54_000), false);
    assert_eq!(registration.due(), Some(Purpose::Bind));
    assert_eq!(registration.state(), RegistrationState::Registered);
}

/// RFC 3261 10.2.4: a binding that nobody refreshes ends.
#[test]
fn an_application_that_refreshes_is_told_once_and_the_binding_ends_without_it() {
    let (mut registration, _) = machine();
    registration.want(Purpose::Bind, None);
    registration.sent(ClientId(1), Purpose::Bind);
    registration.bound(at(0), 60);
    assert!(registration.timeout(Mono(54_000), true));
    assert!(!registration.timeout(Mono(54_001), true));
    assert_eq!((registration.due(), registration.state()), (None, RegistrationState::Registered));
    assert_eq!(registration.next_timeout(), Some(Mono(60_000)));
    registration.timeout(Mono(60_000), true);
    assert_eq!((registration.due(), registration.state()), (None, RegistrationState::Unregistered));
    assert!(registration.is_idle());
}

/// RFC 3261 10.2.8
#[test]
fn a_423_is_followed_once_it_names_a_longer_time() {
    let (mut registration, mut random) = machine();
    registration.want(Purpose::Bind, None);
    registration.sent(ClientId(1), Purpose::Bind);
    assert_eq!(registration.too_brief(at(0), Some(1800), &mut random), Verdict::Again);
    assert_eq!(registration.expires, 1800);
}

/// RFC 3261 10.2.8
#[test]
fn a_423_that_names_no_longer_time_ends_the_attempt() {
    for min_expires in [None, Some(600), Some(u32::MAX)] {
        let (mut registration, mut random) = machine();
        registration.want(Purpose::Bind, None);
        registration.sent(ClientId(1), Purpose::Bind);
        assert_eq!(registration.too_brief(at(0), min_expires, &mut random), Verdict::Failed);
        assert_eq!(registration.state(), RegistrationState::Failed);
    }
}

#[test]
fn a_423_to_an_unregister_does_not_bind() {
    let (mut registration, mut random) = machine();
    registration.want(Purpose::Unregister, None);
    registration.sent(ClientId(1), Purpose::Unregister);
    assert_eq!(registration.too_brief(at(0), Some(1800), &mut random), Verdict::Failed);
    assert!(registration.is_idle());
}

#[test]
fn a_retry_after_of_years_does_not_lose_the_phone() {
    let (mut registration, mut random) = machine();
    let error = Error::sip(ErrorCode::RegistrationRejected, 503);
    registration.failed(at(0), error, Some(u32::MAX), true, &mut random);
    let pause = registration.next_timeout().unwrap().0;
    assert!((3_600_000..3_960_000).contains(&pause), "{pause}");
}

#[test]
fn challenges_without_end_are_not_answered_without_end() {
    let (mut registration, mut random) = machine();
    registration.want(Purpose::Bind, None);
    let mut verdicts = Vec::new();
    for id in 0..10 {
        registration.sent(ClientId(id), Purpose::Bind);
        verdicts.push(registration.answered(at(0), Purpose::Bind, Answer::Again(401), &mut random));
        if verdicts.last() == Some(&Verdict::Failed) {
            break;
        }
    }
    assert_eq!(verdicts.len(), usize::from(ROUNDS) + 1);
}

/// RFC 3261 20.33
/// RFC 5626 4.5
#[test]
fn pauses_grow_and_respect_retry_after() {
    let (mut registration, mut random) = machine();
    let error = Error::sip(ErrorCode::RegistrationRejected, 503);
    registration.failed(at(0), error.clone(), Some(100), true, &mut random);
    let pause = registration.next_timeout().unwrap().0;
    assert!((100_000..110_000).contains(&pause), "{pause}");
    for _ in 0..20 {
        registration.failed(at(0), error.clone(), None, true, &mut random);
    }
    let pause = registration.next_timeout().unwrap().0;
    assert!((LONGEST_PAUSE_MS / 2..=LONGEST_PAUSE_MS).contains(&pause));
}

#[test]
fn a_lost_flow_makes_what_was_on_its_way_due_again() {
    let (mut registration, _) = machine();
    registration.want(Purpose::Bind, None);
    registration.sent(ClientId(1), Purpose::Bind);
    registration.flow_lost();
    assert_eq!(registration.due(), Some(Purpose::Bind));
}

#[test]
fn an_unregister_asked_for_during_a_register_follows_it() {
    let (mut registration, _) = machine();
    registration.want(Purpose::Bind, None);
    registration.sent(ClientId(1), Purpose::Bind);
    registration.want(Purpose::Unregister, Some(CommandId(5)));
    assert!(registration.take_waiting().is_empty());
    registration.bound(at(0), 60);
    assert_eq!(registration.due(), Some(Purpose::Unregister));
    registration.sent(ClientId(2), Purpose::Unregister);
    registration.removed();
    assert_eq!(registration.take_waiting(), [CommandId(5)]);
    assert_eq!(registration.state(), RegistrationState::Unregistered);
}

#[test]
fn a_refused_unregister_does_not_bind_again() {
    let (mut registration, mut random) = machine();
    registration.want(Purpose::Unregister, None);
    registration.sent(ClientId(1), Purpose::Unregister);
    registration.failed(at(0), Error::sip(ErrorCode::RegistrationRejected, 500), None, true, &mut random);
    assert!(registration.is_idle());
}
