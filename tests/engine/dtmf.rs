//! Digits in both directions, by media and by INFO.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::io::{
    CallState, Command, CommandId, DtmfMethod, ErrorCode, Event, Extra, MediaCommand, MediaEvent, MediaFailure, Reply,
};
use sipwake::message::HeaderName;

use crate::session::{Talk, talking};

fn send(talk: &mut Talk, digits: &str, method: DtmfMethod) -> CommandId {
    let (call, digits) = (talk.call, digits.to_owned());
    talk.world.command(talk.alice, Command::Dtmf { call, digits, method, duration_ms: 100, gap_ms: 50 })
}

fn received(talk: &Talk) -> Vec<(char, u32)> {
    let digit = |event: &Event| match event {
        Event::DtmfReceived { digit, duration_ms, .. } => Some((*digit, *duration_ms)),
        _ => None,
    };
    talk.world.phones[talk.bob].events.iter().filter_map(digit).collect()
}

/// RFC 4733 2: as telephone events, where media can.
#[test]
fn digits_go_through_the_media() {
    for method in [DtmfMethod::Auto, DtmfMethod::Media] {
        let mut talk = talking();
        let command = send(&mut talk, "12a#", method);
        let sent = talk.world.phones[talk.alice].media.last().unwrap().1.clone();
        assert_eq!(sent, MediaCommand::Dtmf { digits: "12A#".to_owned(), duration_ms: 100, gap_ms: 50 });
        talk.world.run(590);
        assert_eq!(talk.result(command), None);
        talk.world.run(20);
        assert_eq!(talk.result(command), Some(Ok(Reply::Done)));
        assert!(talk.requests(talk.alice, "INFO").is_empty());
    }
}

/// RFC 6086 2: one INFO for each digit, in order, none before the one before it is answered and over.
#[test]
fn digits_go_by_info_one_after_the_other() {
    let mut talk = talking();
    let start = talk.world.now;
    let command = send(&mut talk, "1*,D", DtmfMethod::Info);
    talk.world.run(140);
    assert_eq!(talk.requests(talk.alice, "INFO").len(), 1);
    talk.world.run(100);
    assert_eq!(talk.requests(talk.alice, "INFO").len(), 2);
    talk.world.run(2_300);
    assert_eq!(talk.result(command), Some(Ok(Reply::Done)));
    assert_eq!(received(&talk), [('1', 100), ('*', 100), ('D', 100)]);
    assert!(talk.world.now - start > 2_150);
    let infos = talk.requests(talk.alice, "INFO");
    assert_eq!(infos[0].headers.get(HeaderName::ContentType), Some("application/dtmf-relay"));
    assert_eq!(infos[0].body(), b"Signal=1\r\nDuration=100\r\n");
}

#[test]
fn media_that_cannot_send_digits_leaves_them_to_info_unless_it_was_asked_for() {
    let mut talk = talking();
    talk.world.phones[talk.alice].media_dtmf = false;
    let command = send(&mut talk, "12", DtmfMethod::Auto);
    talk.world.run(500);
    assert_eq!(talk.result(command), Some(Ok(Reply::Done)));
    let again = send(&mut talk, "3", DtmfMethod::Auto);
    talk.world.run(500);
    assert_eq!(talk.result(again), Some(Ok(Reply::Done)));
    assert_eq!(received(&talk).iter().map(|(digit, _)| *digit).collect::<String>(), "123");
    let tries = talk.world.phones[talk.alice].media.iter();
    assert_eq!(tries.filter(|(_, command)| matches!(command, MediaCommand::Dtmf { .. })).count(), 1, "tried once");
    let media = send(&mut talk, "4", DtmfMethod::Media);
    talk.world.run(500);
    assert_eq!(talk.result(media), Some(Err(ErrorCode::MediaUnsupported)));
    talk.is_up();
}

#[test]
fn media_that_fails_at_digits_fails_them_and_not_the_call() {
    for failure in [MediaFailure::HostTimeout, MediaFailure::Other] {
        let mut talk = talking();
        let command = send(&mut talk, "12", DtmfMethod::Auto);
        talk.world.media_answers(talk.alice, MediaEvent::Failed(failure));
        assert!(matches!(talk.result(command), Some(Err(_))));
        talk.world.run(1_000);
        assert!(talk.requests(talk.alice, "INFO").is_empty(), "some may have been sent");
        talk.is_up();
    }
}

#[test]
fn commands_are_carried_out_in_order() {
    let mut talk = talking();
    let first = send(&mut talk, "12", DtmfMethod::Info);
    let second = send(&mut talk, "3", DtmfMethod::Info);
    talk.world.run(200);
    assert_eq!(talk.result(second), None);
    talk.world.run(600);
    assert_eq!((talk.result(first), talk.result(second)), (Some(Ok(Reply::Done)), Some(Ok(Reply::Done))));
    assert_eq!(received(&talk).iter().map(|(digit, _)| *digit).collect::<String>(), "123");
}

/// RFC 6086 4.2.1: a refused INFO fails the command; 481 says that the dialog is gone.
#[test]
fn a_refused_digit_fails_the_command_and_only_481_the_call() {
    let mut talk = talking();
    talk.answer("INFO", 415, &[]);
    let command = send(&mut talk, "12", DtmfMethod::Info);
    talk.world.run(500);
    assert_eq!(talk.result(command), Some(Err(ErrorCode::Unsupported)));
    assert_eq!(talk.requests(talk.alice, "INFO").len(), 1);
    talk.is_up();
    talk.answer("INFO", 481, &[]);
    let command = send(&mut talk, "1", DtmfMethod::Info);
    talk.world.run(500);
    assert_eq!(talk.result(command), Some(Err(ErrorCode::CallEnded)));
    assert!(talk.world.calls(talk.alice).is_empty());
}

#[test]
fn what_cannot_be_sent_is_refused_at_once() {
    let mut talk = talking();
    let call = talk.call;
    for (digits, duration_ms, gap_ms, field) in [
        ("", 100, 50, "digits"),
        ("12x", 100, 50, "digits"),
        ("1", 39, 50, "duration"),
        ("1", 6_001, 50, "duration"),
        ("1", 100, 29, "gap"),
        ("1", 100, 6_001, "gap"),
    ] {
        let digits = digits.to_owned();
        let command = Command::Dtmf { call, digits, method: DtmfMethod::Auto, duration_ms, gap_ms };
        let error = talk.world.command_now(talk.alice, command).unwrap_err();
        assert_eq!((error.code, error.field), (ErrorCode::InvalidOption, Some(field)));
    }
    talk.world.command_now(talk.alice, Command::Hangup(call, Extra::default())).unwrap();
    let command = send(&mut talk, "1", DtmfMethod::Auto);
    assert_eq!(talk.result(command), Some(Err(ErrorCode::NotFound)));
}

#[test]
fn digits_that_wait_are_told_when_the_call_ends() {
    let mut talk = talking();
    let media = send(&mut talk, "123", DtmfMethod::Media);
    let info = send(&mut talk, "123", DtmfMethod::Info);
    talk.world.command_now(talk.alice, Command::Hangup(talk.call, Extra::default())).unwrap();
    assert_eq!(talk.result(media), Some(Err(ErrorCode::CallEnded)));
    assert_eq!(talk.result(info), Some(Err(ErrorCode::CallEnded)));
    talk.world.run(2_000);
}

#[test]
fn a_flow_that_goes_while_digits_are_sent_fails_them_and_nothing_leaves_late() {
    let mut talk = talking();
    let command = send(&mut talk, "123", DtmfMethod::Info);
    talk.world.run(3);
    talk.world.cut(talk.alice);
    talk.world.run(5_000);
    assert_eq!(talk.result(command), Some(Err(ErrorCode::FlowLost)));
    assert_eq!(talk.requests(talk.alice, "INFO").len(), 1);
    talk.is_up();
}

/// RFC 6086 4.2.2: digits by INFO are told; a body that is none is 400, and nothing else happens.
#[test]
fn digits_that_come_by_info_are_told() {
    let mut talk = talking();
    let relay = "Content-Type: application/dtmf-relay\r\n";
    talk.inject("INFO", 50, relay, "Signal=9\r\nDuration=250\r\n");
    talk.inject("INFO", 51, "Content-Type: application/dtmf\r\n", "#");
    talk.inject("INFO", 52, relay, "Signal=flash\r\n");
    talk.inject("INFO", 53, relay, "Duration=250\r\n");
    talk.inject("INFO", 54, relay, "");
    talk.inject("INFO", 55, "Content-Type: text/plain\r\n", "hello");
    talk.world.run(100);
    assert_eq!(received(&talk), [('9', 250), ('#', 160), ('!', 160)]);
    assert_eq!(talk.answers("INFO"), [200, 200, 200, 400, 400, 200]);
    let others = talk.world.phones[talk.bob].events.iter();
    assert_eq!(others.filter(|event| matches!(event, Event::InfoReceived { .. })).count(), 1);
    assert_eq!(talk.world.only_call(talk.bob).state, CallState::Connected);
}
