use super::*;

const START: Mono = Mono(1_000);

fn active(seconds: u32) -> Subscription {
    let mut subscription = Subscription::new(START, seconds);
    assert_eq!(subscription.due(START, true), Some(Step::Anew(seconds)));
    subscription.accepted(START, None);
    assert_eq!(subscription.notified(START, Word::Active, Some(seconds)), Verdict::GoesOn);
    subscription
}

fn ended(reason: Option<&str>, retry_after: Option<u32>, lived_ms: u64) -> (Subscription, Verdict, Mono) {
    let mut subscription = active(3600);
    let now = START.after(lived_ms);
    let verdict = subscription.notified(now, Word::Terminated { reason, retry_after }, None);
    (subscription, verdict, now)
}

/// RFC 6665 4.1.2.1: SUBSCRIBE, its 2xx, the NOTIFY that makes the subscription.
#[test]
fn a_subscription_is_made_by_its_first_notify() {
    let mut subscription = Subscription::new(START, 600);
    assert_eq!(subscription.due(START, false), None, "there is no flow");
    assert_eq!(subscription.due(START, true), Some(Step::Anew(600)));
    subscription.accepted(START, Some(600));
    assert_eq!(subscription.phase(), Phase::Waiting);
    subscription.notified(START, Word::Pending, Some(600));
    assert_eq!(subscription.phase(), Phase::Pending);
    subscription.notified(START, Word::Active, Some(500));
    assert_eq!(subscription.phase(), Phase::Active);
}

/// RFC 6665 4.1.2.4: the NOTIFY may overtake the 2xx.
#[test]
fn a_notify_may_come_before_the_2xx() {
    let mut subscription = Subscription::new(START, 600);
    subscription.due(START, true);
    subscription.notified(START, Word::Active, Some(300));
    assert_eq!(subscription.phase(), Phase::Active);
    subscription.accepted(START, Some(300));
    assert_eq!(subscription.next_timeout(true), Some(START.after(270_000)));
}

/// RFC 6665 4.1.2: Timer N.
#[test]
fn without_a_notify_there_is_no_subscription() {
    let mut subscription = Subscription::new(START, 600);
    subscription.due(START, true);
    subscription.accepted(START, None);
    assert_eq!(subscription.due(START.after(31_999), true), None);
    assert_eq!(subscription.due(START.after(32_000), true), Some(Step::Silent));
    assert_eq!(subscription.phase(), Phase::Lost);
    assert_eq!(subscription.due(START.after(32_000 + FIRST_PAUSE_MS), true), Some(Step::Anew(600)));
}

/// RFC 6665 4.1.2.2: it is refreshed before its time is over.
#[test]
fn it_is_refreshed_before_it_expires() {
    let mut subscription = active(600);
    assert_eq!(subscription.due(START.after(539_000), true), None);
    assert_eq!(subscription.due(START.after(540_000), true), Some(Step::Refresh(600)));
    assert_eq!(subscription.due(START.after(541_000), true), None, "one at a time");
    subscription.accepted(START.after(541_000), Some(300));
    assert_eq!(subscription.next_timeout(true), Some(START.after(541_000 + 270_000)));
}

#[test]
fn a_notifier_cannot_make_it_longer_than_was_asked_for() {
    let mut subscription = active(600);
    subscription.notified(START, Word::Active, Some(u32::MAX));
    assert_eq!(subscription.next_timeout(true), Some(START.after(540_000)));
    subscription.notified(START, Word::Active, Some(4));
    assert_eq!(subscription.next_timeout(true), Some(START.after(2_000)), "short ones in the middle");
}

/// RFC 6665 4.2.1.1: 423 with Min-Expires.
#[test]
fn too_brief_an_expiry_is_asked_for_again_as_long_as_wanted() {
    let mut subscription = Subscription::new(START, 30);
    subscription.due(START, true);
    assert_eq!(subscription.refused(START, 423, None, Some(60)), Verdict::GoesOn);
    assert_eq!(subscription.due(START, true), Some(Step::Anew(60)));
    assert_eq!(subscription.refused(START, 423, None, Some(60)), Verdict::Over, "it has asked for that");
}

#[test]
fn a_first_refusal_is_final() {
    for (status, after) in [(403, None), (489, None), (503, Some(3)), (481, None)] {
        let mut subscription = Subscription::new(START, 600);
        subscription.due(START, true);
        assert_eq!(subscription.refused(START, status, after, None), Verdict::Over, "{status}");
        assert_eq!(subscription.next_timeout(true).filter(|_| subscription.phase() != Phase::Over), None);
    }
}

/// RFC 6665 4.1.2.2: which refusals of a refresh end a subscription, and which do not.
#[test]
fn a_refused_refresh_ends_it_only_where_the_status_says_so() {
    let refused = |status, after| {
        let mut subscription = active(600);
        let now = START.after(540_000);
        subscription.due(now, true);
        (subscription.refused(now, status, after, None), subscription, now)
    };
    for status in [404, 405, 410, 416, 480, 484, 485, 489, 501, 604, 403] {
        assert_eq!(refused(status, None).0, Verdict::Over, "{status}");
    }
    let (verdict, mut subscription, now) = refused(503, Some(20));
    assert_eq!((verdict, subscription.phase()), (Verdict::GoesOn, Phase::Active));
    assert_eq!(subscription.due(now.after(20_000), true), Some(Step::Refresh(600)));
    let (verdict, mut subscription, now) = refused(481, None);
    assert_eq!((verdict, subscription.phase()), (Verdict::Lost, Phase::Lost));
    assert_eq!(subscription.due(now, true), Some(Step::Anew(600)), "the notifier has lost it: another at once");
}

#[test]
fn a_refresh_that_fails_until_the_end_is_followed_by_another_subscription() {
    let mut subscription = active(600);
    let mut now = START.after(540_000);
    let mut refreshed = 0;
    loop {
        match subscription.due(now, true) {
            Some(Step::Refresh(_)) => {
                refreshed += 1;
                subscription.failed(now, false);
            }
            Some(step) => {
                assert_eq!(step, Step::Anew(600));
                break;
            }
            None => now = subscription.next_timeout(true).unwrap(),
        }
    }
    assert!(refreshed > 1 && now == START.after(600_000), "{refreshed} {now:?}");
}

/// RFC 6665 4.1.3: deactivated, timeout: at once.
#[test]
fn reasons_that_allow_another_at_once() {
    for reason in ["deactivated", "timeout", "Deactivated"] {
        let (mut subscription, verdict, now) = ended(Some(reason), None, 100_000);
        assert_eq!(verdict, Verdict::Lost, "{reason}");
        assert_eq!(subscription.due(now, true), Some(Step::Anew(3600)), "{reason}");
    }
}

/// RFC 6665 4.1.3: probation, giveup and unknown reasons: later, and not before retry-after.
#[test]
fn reasons_that_allow_another_later() {
    for reason in [Some("probation"), Some("giveup"), Some("whatever"), None] {
        let (mut subscription, verdict, now) = ended(reason, Some(30), 100_000);
        assert_eq!(verdict, Verdict::Lost);
        assert_eq!(subscription.due(now.after(29_999), true), None);
        assert_eq!(subscription.due(now.after(30_000), true), Some(Step::Anew(3600)));
        let (subscription, ..) = ended(reason, None, 100_000);
        assert_eq!(subscription.next_timeout(true), Some(now.after(FIRST_PAUSE_MS)));
    }
}

/// RFC 6665 4.1.3: rejected, noresource and invariant: never, whatever retry-after says.
#[test]
fn reasons_that_allow_no_other() {
    for reason in ["rejected", "noresource", "invariant"] {
        let (mut subscription, verdict, now) = ended(Some(reason), Some(1), 100_000);
        assert_eq!(verdict, Verdict::Over, "{reason}");
        assert_eq!(subscription.due(now.after(1_000_000), true), None);
    }
}

#[test]
fn a_notifier_that_ends_every_subscription_at_once_is_asked_less_and_less() {
    let mut subscription = active(3600);
    let mut now = START;
    let mut pauses = Vec::new();
    for _ in 0..10 {
        subscription.notified(now, Word::Terminated { reason: Some("deactivated"), retry_after: None }, None);
        let at = subscription.next_timeout(true).unwrap();
        pauses.push(at.since(now));
        now = at;
        assert_eq!(subscription.due(now, true), Some(Step::Anew(3600)));
        subscription.accepted(now, None);
    }
    assert!(pauses.is_sorted() && pauses[0] == 0 && pauses[1] >= FIRST_PAUSE_MS, "{pauses:?}");
    assert!(pauses.iter().all(|pause| *pause <= LONGEST_PAUSE_MS));
}

/// RFC 6665 4.1.2.3: SUBSCRIBE with Expires: 0, and the last NOTIFY.
#[test]
fn the_end_is_a_subscribe_with_nought_and_a_last_notify() {
    let mut subscription = active(600);
    assert!(subscription.unsubscribe(START));
    assert_eq!(subscription.due(START, true), Some(Step::Refresh(0)));
    subscription.accepted(START, Some(0));
    assert_eq!(subscription.phase(), Phase::Active);
    let last = Word::Terminated { reason: Some("timeout"), retry_after: None };
    assert_eq!(subscription.notified(START, last, None), Verdict::Over);
}

#[test]
fn the_end_does_not_wait_for_a_last_notify_for_ever() {
    for ready in [true, false] {
        let mut subscription = active(600);
        subscription.unsubscribe(START);
        assert_eq!(subscription.due(START, ready).is_some(), ready);
        if ready {
            subscription.accepted(START, Some(0));
        }
        assert_eq!(subscription.due(START.after(NOTIFY_MS), ready), Some(Step::Silent));
        assert_eq!(subscription.phase(), Phase::Over);
    }
}

#[test]
fn what_is_not_there_yet_or_any_more_ends_at_once() {
    let mut subscription = Subscription::new(START, 600);
    subscription.due(START, true);
    assert!(!subscription.unsubscribe(START));
    assert_eq!(subscription.notified(START, Word::Active, None), Verdict::Over);
}

#[test]
fn another_flow_is_told_at_once() {
    let mut subscription = active(600);
    assert_eq!(subscription.failed(START, true), Verdict::GoesOn);
    assert_eq!(subscription.due(START, false), None);
    subscription.moved(START.after(9_000));
    assert_eq!(subscription.due(START.after(9_000), true), Some(Step::Refresh(600)));
}

#[test]
fn what_expired_without_a_flow_is_made_anew() {
    let mut subscription = active(600);
    assert_eq!(subscription.due(START.after(600_000), false), None);
    assert_eq!(subscription.phase(), Phase::Lost);
    assert_eq!(subscription.next_timeout(false), None, "nothing to wait for but a flow");
    assert_eq!(subscription.due(START.after(700_000), true), Some(Step::Anew(600)));
}

/// RFC 6665 4.4.3: a state is polled with Expires: 0.
#[test]
fn a_state_that_is_asked_for_once_ends_with_its_notify() {
    let mut subscription = Subscription::new(START, 0);
    assert_eq!(subscription.due(START, true), Some(Step::Anew(0)));
    subscription.accepted(START, Some(0));
    assert_eq!(subscription.due(START.after(1), true), None);
    let last = Word::Terminated { reason: Some("timeout"), retry_after: None };
    assert_eq!(subscription.clone().notified(START, last, None), Verdict::Over);
    assert_eq!(subscription.due(START.after(NOTIFY_MS), true), Some(Step::Silent));
    assert_eq!(subscription.phase(), Phase::Over);
}

/// Whatever happens in whatever order: a subscription that is not over waits for an answer, for a time or for a
/// flow, and what is due is over once it was done.
#[test]
fn no_sequence_of_events_leaves_it_stuck_or_spinning() {
    let mut random = crate::common::random::Random::new(crate::common::random::Seeded(5));
    let mut reached = [0_u32; 5];
    for round in 0..2_000 {
        let mut now = START;
        let mut subscription = Subscription::new(now, if round % 7 == 0 { 0 } else { 600 });
        for _ in 0..60 {
            let ready = random.below(4) > 0;
            match random.below(9) {
                0 => subscription.accepted(now, Some(random.below(900) as u32)),
                1 => {
                    let status = [401, 403, 404, 408, 423, 481, 489, 500, 503][random.below(9) as usize];
                    let after = (random.below(2) == 0).then_some(7);
                    subscription.refused(now, status, after, Some(random.below(1_000) as u32));
                }
                2 => {
                    subscription.failed(now, random.below(2) == 0);
                }
                3 => subscription.moved(now),
                4 => {
                    subscription.notified(now, Word::Active, (random.below(2) == 0).then_some(300));
                }
                5 => {
                    subscription.notified(now, Word::Pending, None);
                }
                6 => {
                    let reason = [None, Some("timeout"), Some("giveup"), Some("rejected")][random.below(4) as usize];
                    subscription.notified(now, Word::Terminated { reason, retry_after: Some(3) }, None);
                }
                7 if random.below(8) == 0 => {
                    subscription.unsubscribe(now);
                }
                _ => now = subscription.next_timeout(ready).unwrap_or(now).max(now.after(random.below(2))),
            }
            let mut steps = 0;
            while subscription.due(now, ready).is_some() {
                steps += 1;
                assert!(steps < 5, "{subscription:?}");
            }
            assert!(subscription.phase() == Phase::Over || subscription.next_timeout(ready).is_none_or(|at| at > now));
            let waits = subscription.in_flight || subscription.next_timeout(true).is_some();
            assert!(subscription.phase() == Phase::Over || waits, "{subscription:?}");
            reached[subscription.phase() as usize] += 1;
        }
    }
    assert!(reached.iter().all(|times| *times > 100), "{reached:?}");
}
