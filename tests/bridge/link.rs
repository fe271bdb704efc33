//! Numbering, acknowledgement, replay, deadlines.

use super::channel::{Pair, app_state, at, ended, page_link, perform, performed};
use sipwake::bridge::{
    AudioRoute, CallEnded, CallPerformReply, LinkEvent, NetworkChanged, PerformState, RegState, ResetReason, WsMessage,
};

fn uuids(side: &super::channel::Side) -> Vec<String> {
    side.received.iter().filter_map(|incoming| incoming.read::<CallEnded>().ok()).map(|e| e.call_uuid).collect()
}

#[test]
fn hello_is_welcomed_and_ready_opens_the_way() {
    let mut pair = Pair::new();
    pair.host.event(at(0), &app_state(1));
    pair.run(200);
    assert_eq!(pair.page_side.told, ["connected false"]);
    assert_eq!(pair.host_side.told, ["hello false", "ready"]);
    assert_eq!(pair.page_side.types(), ["app.state"]);
    assert_eq!(pair.host.problems() + pair.page.problems(), 0);
}

#[test]
fn until_ready_the_host_sends_nothing_but_welcome() {
    let mut pair = Pair::new();
    pair.auto_ready = false;
    pair.host.event(at(0), &ended("a"));
    pair.page.event(at(0), &RegState::default());
    pair.run(2_000);
    assert_eq!(pair.host_side.types(), ["reg.state"]);
    assert_eq!(pair.host_side.posted.len(), 1);
    assert!(pair.host_side.posted[0].contains("\"welcome\""));
    pair.page.ready(pair.now());
    pair.run(200);
    assert_eq!(uuids(&pair.page_side), ["a"]);
}

#[test]
fn hello_is_repeated_until_somebody_answers() {
    let mut page = page_link(1);
    page.open(at(0));
    let mut hellos = Vec::new();
    for ms in (0..10_000).step_by(500) {
        page.timeout(at(ms));
        while let Some(event) = page.poll() {
            if let LinkEvent::Post(text) = event {
                assert!(text.contains("\"session\":null"));
                hellos.push(ms);
            }
        }
    }
    assert_eq!(hellos, [0, 1_000, 3_000, 7_000]);
}

#[test]
fn a_lost_welcome_comes_again_for_the_same_hello() {
    let mut pair = Pair::new();
    pair.lose.push("\"welcome\"");
    pair.run(500);
    pair.lose.clear();
    pair.run(1_000);
    assert_eq!(pair.page_side.told, ["connected false"]);
    assert_eq!(pair.host_side.told, ["hello false", "ready"]);
}

#[test]
fn messages_arrive_in_order_and_an_idle_receiver_acknowledges() {
    let mut pair = Pair::connected();
    for name in ["a", "b", "c"] {
        pair.host.event(pair.now(), &ended(name));
    }
    pair.settle();
    assert_eq!(uuids(&pair.page_side), ["a", "b", "c"]);
    assert_eq!(pair.host.waiting(), 3);
    pair.run(60);
    assert_eq!(pair.host.waiting(), 0);
    assert_eq!(pair.page_side.posted.len(), 1);
    assert!(pair.page_side.posted[0].contains("\"type\":\"ack\""));
}

#[test]
fn acknowledgements_are_not_acknowledged() {
    let mut pair = Pair::connected();
    pair.run(600_000);
    assert!(pair.page_side.posted.is_empty() && pair.host_side.posted.is_empty());
}

#[test]
fn a_repeated_message_is_taken_once() {
    let mut pair = Pair::connected();
    pair.host.event(pair.now(), &ended("a"));
    pair.settle();
    let text = pair.host_side.posted[0].clone();
    pair.page.receive(pair.now(), &text);
    pair.page.receive(pair.now(), &text);
    pair.run(100);
    assert_eq!(uuids(&pair.page_side), ["a"]);
}

#[test]
fn after_a_loss_nothing_is_taken_out_of_order_and_everything_comes_again() {
    let mut pair = Pair::connected();
    pair.lose.push("lost");
    pair.host.event(pair.now(), &ended("lost"));
    for index in 0..30 {
        pair.host.event(pair.now(), &ended(&format!("m{index}")));
    }
    pair.run(1_000);
    assert!(uuids(&pair.page_side).is_empty());
    assert_eq!(pair.page_side.told.iter().filter(|word| *word == "gap").count(), 30);
    pair.lose.clear();
    pair.run(2_500);
    let got = uuids(&pair.page_side);
    assert_eq!(got.len(), 31);
    assert_eq!(got[..2], ["lost", "m0"]);
    assert_eq!(got[30], "m29");
    assert_eq!(pair.host.waiting(), 0);
}

#[test]
fn a_loss_at_the_end_is_noticed_by_the_sender() {
    let mut pair = Pair::connected();
    pair.lose.push("lost");
    pair.page.event(pair.now(), &ended("lost"));
    pair.settle();
    pair.lose.clear();
    pair.run(3_100);
    assert_eq!(uuids(&pair.host_side), ["lost"]);
}

#[test]
fn a_page_that_is_reloaded_gets_what_the_old_one_never_acknowledged() {
    let mut pair = Pair::connected();
    pair.host.event(pair.now(), &ended("known"));
    pair.run(100);
    pair.lose.push("\"seq\"");
    pair.host.event(pair.now(), &ended("a"));
    pair.host.event(pair.now(), &WsMessage { sock: 1, text: Some("old".to_owned()), ..WsMessage::default() });
    pair.host.event(pair.now(), &ended("b"));
    pair.settle();
    pair.lose.clear();
    pair.reload();
    pair.run(200);
    assert_eq!(pair.page_side.types(), ["call.ended", "call.ended"]);
    assert_eq!(uuids(&pair.page_side), ["a", "b"]);
    assert_eq!(pair.host.waiting(), 0);
}

#[test]
fn a_request_that_was_received_but_not_answered_comes_again_to_a_new_page() {
    let mut pair = Pair::connected();
    let id = pair.host.request(pair.now(), &perform("a1"), 60_000);
    pair.run(100);
    assert_eq!(pair.page_side.types(), ["call.perform"]);
    pair.reload();
    pair.run(1_000);
    assert_eq!(pair.page_side.types(), ["call.perform"]);
    let request = pair.page_side.received[0].clone();
    assert_eq!(request.id, id);
    assert!(request.deadline_ms.is_some_and(|ms| ms < 59_950));
    pair.page.reply(pair.now(), &request.id, &performed(PerformState::Done));
    pair.run(100);
    assert_eq!(pair.host_side.types(), ["call.perform"]);
    assert_eq!(pair.host_side.received[0].re, Some(id));
}

#[test]
fn an_answered_request_does_not_come_again() {
    let mut pair = Pair::connected();
    pair.host.request(pair.now(), &perform("a1"), 60_000);
    pair.settle();
    let request = pair.page_side.received[0].clone();
    pair.page.reply(pair.now(), &request.id, &performed(PerformState::Done));
    pair.run(100);
    pair.reload();
    pair.run(200);
    assert!(pair.page_side.types().is_empty());
}

#[test]
fn an_action_may_be_answered_twice_and_no_more() {
    let mut pair = Pair::connected();
    let id = pair.host.request(pair.now(), &perform("a1"), 60_000);
    pair.settle();
    for state in [PerformState::Pending, PerformState::Done, PerformState::Failed] {
        pair.page.reply(pair.now(), &id, &performed(state));
    }
    pair.run(100);
    let states: Vec<_> =
        pair.host_side.received.iter().map(|incoming| incoming.read::<CallPerformReply>().unwrap().state).collect();
    assert_eq!(states, [PerformState::Pending, PerformState::Done]);
    assert!(pair.host_side.told.is_empty());
}

#[test]
fn a_request_times_out_and_its_late_reply_is_dropped() {
    let mut pair = Pair::connected();
    let id = pair.host.request(pair.now(), &perform("a1"), 1_000);
    pair.run(999);
    assert!(pair.host_side.told.is_empty());
    pair.run(1);
    assert_eq!(pair.host_side.told, ["timedOut call.perform"]);
    pair.page.reply(pair.now(), &id, &performed(PerformState::Done));
    pair.run(100);
    assert!(pair.host_side.received.is_empty());
    assert_eq!(pair.host_side.told, ["timedOut call.perform", "unknownReply"]);
}

#[test]
fn an_error_reply_carries_its_code() {
    let mut pair = Pair::connected();
    let id = pair.host.request(pair.now(), &perform("a1"), 1_000);
    pair.settle();
    let request = pair.page_side.received[0].clone();
    pair.page.refuse_unknown(pair.now(), &request);
    pair.run(100);
    let reply = &pair.host_side.received[0];
    assert_eq!(reply.re, Some(id));
    assert_eq!(reply.error.as_ref().unwrap().code, "unknownType");
}

#[test]
fn of_what_is_not_posted_yet_only_the_latest_state_is_kept() {
    let mut pair = Pair::new();
    for remaining in [3, 2, 1] {
        pair.host.event(at(0), &app_state(remaining));
    }
    pair.run(200);
    let states: Vec<_> = pair
        .page_side
        .received
        .iter()
        .map(|incoming| incoming.read::<sipwake::bridge::AppState>().unwrap().remaining_ms)
        .collect();
    assert_eq!(states, [Some(1)]);
}

#[test]
fn a_page_that_is_not_heard_says_hello_again_and_nothing_comes_twice() {
    let mut pair = Pair::connected();
    pair.page.event(pair.now(), &ended("arrives"));
    pair.settle();
    // The host has it, but its acknowledgement is lost, and so is everything after it.
    pair.lose.push("\"ack\"");
    pair.page.event(pair.now(), &ended("later"));
    pair.host.event(pair.now(), &ended("to page"));
    pair.run(22_000);
    pair.lose.clear();
    pair.run(30_000);
    assert_eq!(uuids(&pair.host_side), ["arrives", "later"]);
    assert_eq!(uuids(&pair.page_side), ["to page"]);
    assert!(pair.page_side.told.contains(&"connected true".to_owned()), "{:?}", pair.page_side.told);
    assert_eq!(pair.host.waiting() + pair.page.waiting(), 0);
}

#[test]
fn a_reset_makes_the_page_say_hello_again() {
    let mut pair = Pair::connected();
    pair.host.request(pair.now(), &perform("a1"), 60_000);
    pair.lose.push("call.perform");
    pair.settle();
    pair.host.reset(pair.now(), ResetReason::QueueOverflow);
    pair.run(200);
    assert_eq!(pair.page_side.told, ["reset queueOverflow", "connected false"]);
    assert_eq!(pair.host_side.told, ["timedOut call.perform", "hello false", "ready"]);
    assert!(pair.host.is_live());
}

#[test]
fn what_does_not_fit_is_told_once_and_refused() {
    let mut pair = Pair::connected();
    pair.lose.push("\"seq\"");
    for index in 0..600 {
        pair.host.event(pair.now(), &ended(&format!("m{index}")));
    }
    pair.settle();
    assert_eq!(pair.host_side.told, ["overflow"]);
    assert_eq!(pair.host.waiting(), 500);
    assert!(pair.host.is_congested());
}

#[test]
fn garbage_and_foreign_messages_are_counted_and_change_nothing() {
    let mut pair = Pair::connected();
    pair.host.event(pair.now(), &ended("a"));
    pair.run(100);
    let posted = pair.host_side.posted.clone();
    let good = posted[0].replace("\"seq\":2", "\"seq\":3");
    let session = good.split("\"session\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let cases = [
        ("nothing".to_owned(), "shape"),
        ("[]".to_owned(), "shape"),
        (good.replace("\"v\":1", "\"v\":2"), "version"),
        (good.replace(&session, "another"), "wrongSession"),
        (good.replace(&format!("\"{session}\""), "null"), "wrongSession"),
        (good.replace("\"seq\":", "\"seq\":9"), "gap"),
        (good.replace("\"ack\":", "\"ack\":9"), "badAck"),
        (good.replace("\"seq\":3", "\"seq\":0"), "shape"),
        ("x".repeat(1024 * 1024 + 1), "tooLong"),
    ];
    let before = pair.page.problems();
    for (text, problem) in &cases {
        pair.page_side.told.clear();
        pair.page.receive(pair.now(), text);
        pair.settle();
        assert_eq!(pair.page_side.told, [*problem], "{}", text.get(..200).unwrap_or(text));
    }
    assert_eq!(pair.page.problems() - before, 9);
    pair.host.event(pair.now(), &ended("b"));
    pair.run(100);
    assert_eq!(uuids(&pair.page_side), ["a", "b"]);
}

#[test]
fn another_version_is_refused() {
    let mut pair = Pair::new();
    let mut hello = String::new();
    while let Some(event) = pair.page.poll() {
        if let LinkEvent::Post(text) = event {
            hello = text;
        }
    }
    pair.host.receive(at(0), &hello.replace("\"min\":1,\"max\":1", "\"min\":2,\"max\":3"));
    pair.run(60_000);
    assert_eq!(pair.page_side.told, ["refused unsupportedVersion"]);
    assert!(!pair.page.is_live());
}

#[test]
fn the_time_left_of_a_request_is_reckoned_anew_each_time_it_is_sent() {
    let mut pair = Pair::connected();
    pair.lose.push("call.perform");
    pair.host.request(pair.now(), &perform("a1"), 9_000);
    pair.run(4_000);
    let left: Vec<u64> = pair
        .host_side
        .posted
        .iter()
        .filter(|text| text.contains("call.perform"))
        .map(|text| text.split("\"deadlineMs\":").nth(1).unwrap().split(',').next().unwrap().parse().unwrap())
        .collect();
    assert_eq!(left, [9_000, 6_000]);
}

#[test]
fn of_every_droppable_kind_only_the_latest_waits() {
    let mut pair = Pair::new();
    for number in 1..=3 {
        let text = number.to_string();
        pair.host.event(at(0), &app_state(number));
        pair.host.event(at(0), &AudioRoute { reason: Some(text.clone()), ..AudioRoute::default() });
        pair.host.event(at(0), &NetworkChanged { online: number == 3, ..NetworkChanged::default() });
        pair.host.event(at(0), &ended(&text));
    }
    pair.run(200);
    let received: Vec<_> = pair.page_side.received.iter().map(|incoming| incoming.message_type.as_str()).collect();
    assert_eq!(received, ["call.ended", "call.ended", "app.state", "audio.route", "network.changed", "call.ended"]);
    let route: AudioRoute = pair.page_side.received[3].read().unwrap();
    assert_eq!(route.reason.as_deref(), Some("3"));
}

#[test]
fn a_page_whose_queue_is_full_begins_a_new_session() {
    let mut pair = Pair::connected();
    pair.lose.push("\"seq\"");
    pair.page.request(pair.now(), &perform("a1"), 600_000);
    for index in 0..600 {
        pair.page.event(pair.now(), &ended(&format!("m{index}")));
    }
    pair.settle();
    assert_eq!(pair.page_side.told, ["overflow"]);
    pair.lose.clear();
    pair.page.reset(pair.now(), ResetReason::QueueOverflow);
    pair.page.event(pair.now(), &ended("after"));
    pair.run(200);
    assert_eq!(pair.page_side.told, ["overflow", "timedOut call.perform", "connected false"]);
    assert_eq!(uuids(&pair.host_side), ["after"]);
    assert_eq!(pair.page.waiting(), 0);
}
