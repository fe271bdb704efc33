//! Credentials that the application is asked for while a request waits.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::common::secret::Secret;
use sipwake::io::{
    AccountId, AccountOptions, Body, CallState, Command, Credentials, CredentialsKind, CredentialsRequest,
    DigestAlgorithm, Error, ErrorCode, Event, Extra, Input, OutcomeKind, RegistrationInfo, RegistrationState, Reply,
};
use sipwake::message::HeaderName;

use crate::server::Answer;
use crate::session::requests;
use crate::world::{World, account};

fn asking(name: &str) -> AccountOptions {
    AccountOptions { password: None, credentials: true, ..account(name) }
}

/// A phone whose first REGISTER was challenged.
fn challenged() -> (World, usize, AccountId) {
    let mut world = World::new();
    world.server.add_user("alice", "secret");
    let phone = world.add_phone(Default::default());
    let id = world.create_account(phone, asking("alice"));
    world.run(100);
    (world, phone, id)
}

/// The same, registered; `bob` is there as well.
fn registered() -> (World, usize, AccountId, usize) {
    let (mut world, phone, id) = challenged();
    answer(&mut world, phone, password("secret"));
    world.run(100);
    assert_eq!(info(&world, phone).state, RegistrationState::Registered);
    let (bob, _) = world.add_registered("bob");
    (world, phone, id, bob)
}

fn password(text: &str) -> Option<Credentials> {
    Some(Credentials { password: Some(Secret::new(text)), ..Credentials::default() })
}

fn token(text: &str) -> Option<Credentials> {
    Some(Credentials { bearer_token: Some(Secret::new(text)), ..Credentials::default() })
}

fn question(world: &World, phone: usize) -> &CredentialsRequest {
    world.phones[phone].questions.last().expect("a question")
}

fn answer(world: &mut World, phone: usize, result: Option<Credentials>) {
    let id = question(world, phone).id;
    world.input(phone, Input::Credentials { id, result });
}

fn info(world: &World, phone: usize) -> RegistrationInfo {
    let mut infos = world.phones[phone].events.iter().filter_map(|event| match event {
        Event::RegistrationChanged(info) => Some(info.clone()),
        _ => None,
    });
    infos.next_back().expect("a registration")
}

fn message(account: AccountId) -> Command {
    let body = Body { content_type: "text/plain".to_owned(), octets: b"hello".to_vec() };
    Command::SendMessage { account, call: None, target: "bob".to_owned(), body, extra: Extra::default() }
}

/// RFC 3261 22.1: a user agent may ask its user for the credentials of a realm.
#[test]
fn a_registration_waits_for_the_users_password_and_goes_on() {
    let (mut world, phone, id) = challenged();
    let expected = CredentialsRequest {
        id: question(&world, phone).id,
        account: id,
        realm: "example.test".to_owned(),
        kind: CredentialsKind::Digest,
        algorithms: vec![DigestAlgorithm::Md5],
        authz_server: None,
        scope: None,
        rejected: false,
    };
    assert_eq!(*question(&world, phone), expected);
    world.run(20_000);
    assert_eq!(info(&world, phone).state, RegistrationState::Registering);
    answer(&mut world, phone, password("secret"));
    world.run(100);
    assert_eq!(info(&world, phone).state, RegistrationState::Registered);
    assert_eq!((world.server.registers().len(), world.phones[phone].questions.len()), (2, 1));
}

/// RFC 3261 22.3: credentials of a realm are kept for it.
#[test]
fn what_was_said_once_serves_every_further_request() {
    let (mut world, phone, id, bob) = registered();
    world.server.gate.forget_nonces();
    let command = world.command(phone, message(id));
    world.call(phone, id, "bob");
    world.run(500);
    assert!(matches!(world.result(phone, command), Some(Ok(Reply::Response { status: 200, .. }))));
    assert_eq!(world.only_call(bob).state, CallState::Ringing);
    assert_eq!(world.phones[phone].questions.len(), 1);
}

#[test]
fn a_wrong_password_is_asked_for_once_more() {
    let (mut world, phone, _) = challenged();
    answer(&mut world, phone, password("wrong"));
    world.run(100);
    assert_eq!(world.phones[phone].questions.len(), 2);
    assert!(question(&world, phone).rejected);
    answer(&mut world, phone, password("secret"));
    world.run(100);
    assert_eq!(info(&world, phone).state, RegistrationState::Registered);
}

#[test]
fn a_password_that_is_wrong_twice_ends_the_attempt() {
    let (mut world, phone, _) = challenged();
    for _ in 0..2 {
        answer(&mut world, phone, password("wrong"));
        world.run(100);
    }
    world.run(100_000);
    assert_eq!(info(&world, phone).error.map(|error| error.code), Some(ErrorCode::WrongPassword));
    assert!(!info(&world, phone).will_retry);
    assert_eq!((world.server.registers().len(), world.phones[phone].questions.len()), (3, 2));
}

/// RFC 3261 21.4.4: many registrars say 403 where they mean a wrong password; the application is asked once more.
#[test]
fn a_password_that_gets_403_is_asked_for_once_more_and_then_it_is_final() {
    let (mut world, phone, _) = challenged();
    let forbid = |world: &mut World| {
        world.server.answers.push(Answer { method: "REGISTER", status: 403, headers: Vec::new() });
    };
    forbid(&mut world);
    answer(&mut world, phone, password("wrong"));
    world.run(100);
    assert!(question(&world, phone).rejected);
    forbid(&mut world);
    answer(&mut world, phone, password("wrong"));
    world.run(600_000);
    assert_eq!(info(&world, phone).error, Some(Error::sip(ErrorCode::WrongPassword, 403)));
    assert!(!info(&world, phone).will_retry);
    assert_eq!((world.server.registers().len(), world.phones[phone].questions.len()), (4, 2));
}

/// What cannot be a hash or a token is never sent: it would look like a wrong password.
#[test]
fn credentials_that_cannot_be_are_refused_by_name_and_nothing_is_sent() {
    let hash = |text: &str| Some(sipwake::common::secret::Secret::new(text));
    let short = "0123456789abcdef0123456789abcde".to_owned();
    for (credentials, field) in [
        (Credentials { ha1_md5: hash(&short), ..Credentials::default() }, "ha1"),
        (Credentials { ha1_md5: hash(&format!("{short}g")), ..Credentials::default() }, "ha1"),
        (Credentials { ha1_sha256: hash(&format!("{short}0")), ..Credentials::default() }, "ha1"),
        (Credentials { ha1_sha512_256: hash(""), ..Credentials::default() }, "ha1"),
        (Credentials { username: Some("a\r\nb".to_owned()), ..Credentials::default() }, "username"),
        (Credentials { bearer_token: hash("a b"), ..Credentials::default() }, "bearerToken"),
    ] {
        let (mut world, phone, _) = challenged();
        answer(&mut world, phone, Some(credentials));
        world.run(10_000);
        let told = world.phones[phone].events.iter().any(
            |event| matches!(event, Event::Problem { error, .. } if error.field == Some(field) && error.code == ErrorCode::InvalidOption),
        );
        assert!(told, "{field}");
        assert_eq!(info(&world, phone).error.map(|error| error.code), Some(ErrorCode::NoCredentials));
        assert_eq!(world.server.registers().len(), 1);
    }
}

/// RFC 8898 2.1.1: a token that has worn out is replaced by a new one.
#[test]
fn a_token_that_has_worn_out_is_asked_for_anew() {
    let mut world = World::new();
    world.server.add_user("alice", "secret");
    world.server.gate.token = Some("first");
    let phone = world.add_phone(Default::default());
    let id = world.create_account(phone, asking("alice"));
    world.run(100);
    let asked = question(&world, phone).clone();
    assert_eq!((asked.kind, asked.rejected), (CredentialsKind::Bearer, false));
    assert_eq!((asked.authz_server.as_deref(), asked.scope.as_deref()), (Some("https://id.test/"), Some("sip")));
    answer(&mut world, phone, token("first"));
    world.run(100);
    assert_eq!(info(&world, phone).state, RegistrationState::Registered);
    for next in ["second", "third"] {
        world.server.gate.token = Some(next);
        let command = world.command(phone, Command::Register(id));
        world.run(100);
        assert!(question(&world, phone).rejected);
        answer(&mut world, phone, token(next));
        world.run(100);
        assert_eq!(world.result(phone, command), Some(Ok(Reply::Done)));
    }
}

#[test]
fn silence_fails_what_waits_and_a_registration_tries_again_later() {
    let (mut world, phone, id) = challenged();
    let command = world.command(phone, Command::Register(id));
    world.run(31_000);
    let error = world.result(phone, command).unwrap().unwrap_err();
    assert_eq!((error.code, error.status), (ErrorCode::NoCredentials, Some(401)));
    assert_eq!(info(&world, phone).state, RegistrationState::Failed);
    assert!(info(&world, phone).will_retry);
    world.run(10_000);
    assert_eq!(world.phones[phone].questions.len(), 2);
    answer(&mut world, phone, password("secret"));
    world.run(100);
    assert_eq!(info(&world, phone).state, RegistrationState::Registered);
}

#[test]
fn an_application_without_credentials_ends_the_attempt_until_it_registers_again() {
    let (mut world, phone, id) = challenged();
    answer(&mut world, phone, None);
    world.run(100_000);
    assert_eq!(info(&world, phone).error.map(|error| error.code), Some(ErrorCode::NoCredentials));
    assert_eq!(world.phones[phone].questions.len(), 1);
    world.command(phone, Command::Register(id));
    world.run(100);
    answer(&mut world, phone, password("secret"));
    world.run(100);
    assert_eq!(info(&world, phone).state, RegistrationState::Registered);
}

/// RFC 3261 22.1: only the realm that is the registrar's, or listed.
#[test]
fn nobody_is_asked_for_a_realm_that_may_not_be_answered() {
    let (mut world, phone, id, _) = registered();
    let challenge = "Digest realm=\"evil.test\", nonce=\"e\"".to_owned();
    let headers = vec![("Proxy-Authenticate", challenge)];
    world.server.answers.push(crate::server::Answer { method: "MESSAGE", status: 407, headers });
    let command = world.command(phone, message(id));
    world.run(500);
    assert_eq!(world.result(phone, command).unwrap().unwrap_err().code, ErrorCode::RealmNotAllowed);
    assert_eq!(world.phones[phone].questions.len(), 1);
}

/// Requests of two kinds that one answer lets go.
fn two_wait() -> (World, usize, AccountId, usize) {
    let (mut world, phone, id, bob) = registered();
    // The password was changed at the server.
    for user in &mut world.server.gate.users {
        user.1 = if user.0 == "alice" { "changed".to_owned() } else { user.1.clone() };
    }
    (world, phone, id, bob)
}

#[test]
fn one_question_serves_all_that_wait_for_its_realm() {
    let (mut world, phone, id, bob) = two_wait();
    let command = world.command(phone, message(id));
    let call = world.call(phone, id, "bob");
    world.run(500);
    assert_eq!(world.phones[phone].questions.len(), 2, "one for the registration, one for both");
    assert!(question(&world, phone).rejected);
    assert_eq!(world.state(phone, call), Some(CallState::Connecting));
    answer(&mut world, phone, password("changed"));
    world.run(500);
    assert!(matches!(world.result(phone, command), Some(Ok(Reply::Response { status: 200, .. }))));
    assert_eq!(world.only_call(bob).state, CallState::Ringing);
    assert_eq!(world.phones[phone].questions.len(), 2);
}

#[test]
fn a_call_that_is_hung_up_meanwhile_sends_nothing_more() {
    let (mut world, phone, id, bob) = two_wait();
    let call = world.call(phone, id, "bob");
    world.run(500);
    world.command(phone, Command::Hangup(call, Extra::default()));
    world.run(100);
    assert_eq!(world.outcomes(phone).pop().unwrap().kind, OutcomeKind::Cancelled);
    let before = world.phones[phone].sent.len();
    answer(&mut world, phone, password("changed"));
    world.run(500);
    assert_eq!(world.phones[phone].sent.len(), before);
    assert!(world.calls(bob).is_empty());
    // The answer was not in vain.
    let command = world.command(phone, message(id));
    world.run(500);
    assert!(matches!(world.result(phone, command), Some(Ok(Reply::Response { status: 200, .. }))));
}

/// RFC 3261 8.1.3.1: a request is not sent late on another connection.
#[test]
fn what_waits_on_a_lost_flow_fails_and_the_registration_comes_again() {
    let (mut world, phone, id, _) = two_wait();
    let command = world.command(phone, message(id));
    let call = world.call(phone, id, "bob");
    world.run(500);
    world.cut(phone);
    world.run(100);
    assert_eq!(world.result(phone, command).unwrap().unwrap_err().code, ErrorCode::FlowLost);
    assert_eq!(world.outcomes(phone).pop().unwrap().kind, OutcomeKind::NetworkLost);
    assert_eq!(world.state(phone, call), None);
    world.run(5_000);
    answer(&mut world, phone, password("changed"));
    world.run(10_000);
    assert_eq!(info(&world, phone).state, RegistrationState::Registered);
    assert_eq!(requests(&world, phone, "MESSAGE").len(), 2, "with the old password, and no more");
}

#[test]
fn a_change_of_the_session_waits_as_well() {
    let (mut world, phone, id, bob) = registered();
    let mut talk = {
        let call = world.call(phone, id, "bob");
        world.run(300);
        let theirs = world.only_call(bob).id;
        world.command(bob, Command::Answer(theirs, Extra::default()));
        world.run(500);
        crate::session::Talk { world, alice: phone, bob, call, theirs }
    };
    let refused = "Digest realm=\"example.test\", nonce=\"f1\", algorithm=SHA-256";
    // The far end asks, and then says that the password is wrong.
    for _ in 0..2 {
        talk.answer("INVITE", 401, &[("WWW-Authenticate", refused)]);
    }
    let command = talk.hold(true);
    talk.world.run(500);
    assert!(question(&talk.world, phone).rejected);
    assert_eq!(talk.result(command), None);
    answer(&mut talk.world, phone, password("other"));
    talk.world.run(500);
    assert_eq!(talk.result(command), Some(Ok(Reply::Done)));
    let last = requests(&talk.world, phone, "INVITE").pop().unwrap();
    assert!(last.headers.get(HeaderName::Authorization).unwrap().contains("f1"));
    talk.is_up();
}

#[test]
fn a_stopped_engine_waits_for_nobody() {
    let (mut world, phone, id, _) = two_wait();
    let command = world.command(phone, message(id));
    world.run(500);
    let stop = world.command(phone, Command::Stop);
    world.run(5_000);
    assert_eq!(world.result(phone, stop), Some(Ok(Reply::Done)));
    assert_eq!(world.result(phone, command).unwrap().unwrap_err().code, ErrorCode::Stopped);
    answer(&mut world, phone, password("changed"));
    world.run(1_000);
    assert_eq!(requests(&world, phone, "MESSAGE").len(), 2);
}

#[test]
fn late_and_foreign_answers_do_no_harm() {
    let (mut world, phone, _) = challenged();
    let id = question(&world, phone).id;
    answer(&mut world, phone, password("secret"));
    world.run(100);
    for result in [password("wrong"), None] {
        world.input(phone, Input::Credentials { id, result });
        world.input(phone, Input::Credentials { id: sipwake::io::CredentialsId(4711), result: None });
    }
    world.run(1_000);
    assert_eq!(info(&world, phone).state, RegistrationState::Registered);
    assert_eq!(world.server.registers().len(), 2);
}
