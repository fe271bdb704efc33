//! Authentication between a phone and a server that checks every answer by arithmetic of its own.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::common::secret::Secret;
use sipwake::io::{
    AccountId, AccountOptions, Body, CallState, Command, EndpointOptions, ErrorCode, Event, Extra, RegistrationState,
    Reply,
};
use sipwake::message::{HeaderName, Request};

use crate::gate::{Proof, field};
use crate::server::Answer;
use crate::session::{Talk, connect, requests};
use crate::world::{World, account};

const ALGORITHMS: [&str; 6] = ["MD5", "MD5-sess", "SHA-256", "SHA-256-sess", "SHA-512-256", "SHA-512-256-sess"];

fn registering(prepare: impl FnOnce(&mut World), options: AccountOptions) -> (World, usize, AccountId) {
    let mut world = World::new();
    world.server.add_user(&options.username, "secret");
    prepare(&mut world);
    let phone = world.add_phone(Default::default());
    let id = world.create_account(phone, options);
    world.run(1_000);
    (world, phone, id)
}

/// Two phones in a call, and the caller's account, where the server is prepared first.
fn talking_with(prepare: impl FnOnce(&mut World)) -> (Talk, AccountId) {
    let mut world = World::new();
    prepare(&mut world);
    let (alice, account) = world.add_registered("alice");
    let (bob, _) = world.add_registered("bob");
    (connect(world, alice, bob, account), account)
}

fn registration_error(world: &World, phone: usize) -> Option<ErrorCode> {
    let last = world.phones[phone].events.iter().rev().find_map(|event| match event {
        Event::RegistrationChanged(info) => Some(info),
        _ => None,
    })?;
    last.error.as_ref().map(|error| error.code)
}

fn state(world: &World, phone: usize) -> RegistrationState {
    let states = world.phones[phone].events.iter().rev().find_map(|event| match event {
        Event::RegistrationChanged(info) => Some(info.state),
        _ => None,
    });
    states.expect("a state")
}

fn message(account: AccountId, target: &str) -> Command {
    let body = Body { content_type: "text/plain".to_owned(), octets: b"hello".to_vec() };
    Command::SendMessage { account, call: None, target: target.to_owned(), body, extra: Extra::default() }
}

fn authorization(request: &Request) -> Option<&str> {
    request.headers.get(HeaderName::Authorization).or(request.headers.get(HeaderName::ProxyAuthorization))
}

/// RFC 7616 3.4.1, 3.4.2, 3.4.3: every algorithm and every protection, for REGISTER, INVITE and what has a body.
/// RFC 8760 2.1: the algorithms beyond MD5.
#[test]
fn every_algorithm_and_protection_is_taken_by_the_server() {
    for algorithm in ALGORITHMS {
        for qop in ["auth", "auth-int", "auth-int,auth", ""] {
            if qop.is_empty() && algorithm.ends_with("-sess") {
                continue;
            }
            let (talk, account) = talking_with(|world| {
                world.server.gate.algorithms = vec![algorithm];
                world.server.gate.qop = qop;
            });
            let expected = if qop.contains(',') { "auth" } else { qop };
            let last = talk.world.server.gate.last.clone().unwrap();
            assert_eq!((&*last.0, &*last.1, &*last.2), (algorithm, expected, "alice"));
            let mut world = talk.world;
            let command = world.command(talk.alice, message(account, "bob"));
            world.run(500);
            assert!(
                matches!(world.result(talk.alice, command), Some(Ok(Reply::Response { status: 200, .. }))),
                "{algorithm} {qop}: {:?}",
                world.result(talk.alice, command)
            );
        }
    }
}

/// RFC 8760 2.4: the topmost challenge that can be answered, whatever the others are.
#[test]
fn of_several_challenges_the_topmost_is_answered() {
    for offered in [vec!["MD5", "SHA-256"], vec!["SHA-512-256", "MD5"], vec!["SHA-256-sess", "SHA-512-256"]] {
        let first = offered[0];
        let (world, phone, _) = registering(|world| world.server.gate.algorithms = offered, account("bob"));
        assert_eq!(state(&world, phone), RegistrationState::Registered);
        assert_eq!(world.server.gate.last.as_ref().unwrap().0, first);
    }
}

/// RFC 8760 2.4: a client's policy may rule MD5 out.
#[test]
fn md5_is_passed_over_where_it_is_forbidden() {
    let options = || AccountOptions { forbid_md5: true, ..account("bob") };
    let offer = |offered: Vec<&'static str>| registering(|world| world.server.gate.algorithms = offered, options());
    let (world, phone, _) = offer(vec!["MD5", "MD5-sess", "SHA-256"]);
    assert_eq!(state(&world, phone), RegistrationState::Registered);
    assert_eq!(world.server.gate.last.as_ref().unwrap().0, "SHA-256");
    let (world, phone, _) = offer(vec!["MD5", "MD5-sess"]);
    assert_eq!(registration_error(&world, phone), Some(ErrorCode::NoSupportedAlgorithm));
    assert!(world.server.registers().iter().all(|request| authorization(request).is_none()));
}

/// RFC 7616 3.4.4: the user's name goes out hashed where the server asks for that.
#[test]
fn a_hashed_name_is_found_by_the_server() {
    let (world, phone, _) = registering(
        |world| {
            world.server.gate.algorithms = vec!["SHA-256"];
            world.server.gate.more = ", userhash=true, charset=UTF-8";
        },
        account("bob"),
    );
    assert_eq!(state(&world, phone), RegistrationState::Registered);
    let register = world.server.registers().pop().unwrap();
    assert!(!authorization(register).unwrap().contains("bob\""));
}

/// RFC 7616 3.4: a name beyond ASCII, both ways of writing it.
#[test]
fn a_name_beyond_ascii_reaches_the_server() {
    for more in [", charset=UTF-8", ""] {
        let options = AccountOptions { auth_username: Some("J\u{e4}s\u{f8}n".to_owned()), ..account("bob") };
        let prepare = |world: &mut World| {
            world.server.add_user("J\u{e4}s\u{f8}n", "secret");
            world.server.gate.more = more;
        };
        let (world, phone, _) = registering(prepare, options);
        assert_eq!(state(&world, phone), RegistrationState::Registered);
        let register = world.server.registers().pop().unwrap();
        assert_eq!(authorization(register).unwrap().contains("username*=UTF-8''J%C3%A4s"), !more.is_empty());
    }
}

/// RFC 7616 3.4.2: an HA1 instead of the password, one for each hash function.
#[test]
fn an_ha1_is_as_good_as_the_password() {
    let ha1 = Some(Secret::new("b467c98615649f2c247dca0513a3658965cfba5e14a7cea582e98dba44d53f95"));
    let options = AccountOptions { password: None, ha1_sha512_256: ha1, ..account("bob") };
    let (world, phone, _) = registering(
        |world| world.server.gate.algorithms = vec!["SHA-256", "MD5", "SHA-512-256", "SHA-512-256-sess"],
        options,
    );
    assert_eq!(world.server.gate.last.as_ref().map(|last| &*last.0), Some("SHA-512-256"));
    assert_eq!(state(&world, phone), RegistrationState::Registered);
}

/// RFC 7616 3.5: each 2xx names the next nonce, and no request pays for a challenge any more.
#[test]
fn the_next_nonce_saves_every_further_challenge() {
    for algorithm in ALGORITHMS {
        let (mut talk, account) = talking_with(|world| {
            world.server.gate.algorithms = vec![algorithm];
            world.server.gate.next_nonces = true;
        });
        for _ in 0..3 {
            let command = talk.world.command(talk.alice, Command::Register(account));
            talk.world.run(200);
            assert_eq!(talk.result(command), Some(Ok(Reply::Done)));
            let command = talk.world.command(talk.alice, message(account, "bob"));
            talk.world.run(200);
            assert!(matches!(talk.result(command), Some(Ok(Reply::Response { status: 200, .. }))));
        }
        // The first of each kind was challenged, and the INVITE's nonce serves MESSAGE as well.
        assert_eq!(requests(&talk.world, talk.alice, "REGISTER").len(), 1 + 4);
        assert_eq!(requests(&talk.world, talk.alice, "INVITE").len(), 1 + 1);
        let messages = requests(&talk.world, talk.alice, "MESSAGE");
        assert_eq!(messages.len(), 3);
        assert!(messages.iter().all(|request| authorization(request).unwrap().contains("nc=00000001")));
        talk.is_up();
    }
}

/// RFC 7616 3.5: a server that claims to know the password has to prove it; otherwise that is said, and nothing more.
#[test]
fn a_server_that_cannot_prove_itself_is_a_problem_and_ends_nothing() {
    for (proof, problems) in [(Proof::Right, 0), (Proof::Wrong, 1)] {
        let (world, phone, _) = registering(
            |world| {
                world.server.gate.algorithms = vec!["SHA-256-sess"];
                world.server.gate.qop = "auth-int";
                world.server.gate.proof = proof;
            },
            account("bob"),
        );
        assert_eq!(state(&world, phone), RegistrationState::Registered);
        let is_problem = |event: &&Event| matches!(event, Event::Problem { error, .. } if error.code == ErrorCode::ServerNotAuthentic);
        assert_eq!(world.phones[phone].events.iter().filter(is_problem).count(), problems);
    }
}

/// RFC 7616 3.3: a stale nonce is replaced without another word to the user.
#[test]
fn a_stale_nonce_costs_a_round_trip_and_no_more() {
    let (mut world, phone, id) = registering(|_| {}, account("bob"));
    world.server.gate.forget_nonces();
    let command = world.command(phone, Command::Register(id));
    world.run(200);
    assert_eq!(world.result(phone, command), Some(Ok(Reply::Done)));
    assert_eq!(world.server.registers().len(), 4);
}

/// RFC 7616 3.6: the session survives the connection, so that a phone that wakes registers in one round trip.
#[test]
fn a_new_flow_registers_with_the_known_nonce_and_the_next_count() {
    let (mut world, phone, _) = registering(|_| {}, account("bob"));
    world.cut(phone);
    world.run(10_000);
    assert_eq!(world.server.registers().len(), 3);
    let line = authorization(world.server.registers()[2]).unwrap().to_owned();
    assert_eq!(field(&line, "nc").as_deref(), Some("00000002"));
    assert_eq!(state(&world, phone), RegistrationState::Registered);
    // Where the server has forgotten it, the phone is simply challenged.
    world.server.gate.forget_nonces();
    world.cut(phone);
    world.run(10_000);
    assert_eq!(world.server.registers().len(), 5);
    assert_eq!(state(&world, phone), RegistrationState::Registered);
}

/// RFC 3261 22.3: a proxy's challenge and the far end's, one after the other, in one call.
#[test]
fn a_proxy_and_a_far_end_of_two_realms_are_both_answered() {
    let mut world = World::new();
    world.server.add_user("alice", "secret");
    let alice = world.add_phone(Default::default());
    let realms = vec!["example.test".to_owned(), "far.test".to_owned()];
    let id = world.create_account(alice, AccountOptions { realms, ..account("alice") });
    let (bob, _) = world.add_registered("bob");
    world.server.answers.push(crate::server::Answer {
        method: "INVITE",
        status: 401,
        headers: vec![("WWW-Authenticate", "Digest realm=\"far.test\", nonce=\"f\", algorithm=SHA-256".to_owned())],
    });
    world.call(alice, id, "bob");
    world.run(500);
    assert_eq!(world.only_call(bob).state, CallState::Ringing);
    let invite = requests(&world, alice, "INVITE").pop().unwrap();
    let far = invite.headers.get(HeaderName::Authorization).unwrap();
    assert_eq!(field(far, "realm").as_deref(), Some("far.test"));
    assert_eq!(invite.headers.lines(HeaderName::ProxyAuthorization).count(), 1);
}

/// RFC 8898 2.2: a token where the server asks for one.
#[test]
fn a_token_registers_and_calls() {
    let (mut talk, _) = talking_with(|_| {});
    talk.world.server.gate.token = Some("abc.def");
    talk.world.server.add_user("carol", "another");
    let carol = talk.world.add_phone(Default::default());
    let token = Some(Secret::new("abc.def"));
    let options = AccountOptions { password: None, bearer_token: token, ..account("carol") };
    let id = talk.world.create_account(carol, options);
    talk.world.run(500);
    assert_eq!(state(&talk.world, carol), RegistrationState::Registered);
    let command = talk.world.command(carol, message(id, "bob"));
    talk.world.run(500);
    assert!(matches!(talk.world.result(carol, command), Some(Ok(Reply::Response { status: 200, .. }))));
    for method in ["REGISTER", "MESSAGE"] {
        let sent = requests(&talk.world, carol, method);
        assert_eq!(sent.len(), 2, "{method}");
        assert_eq!(authorization(&sent[1]), Some("Bearer abc.def"));
    }
}

/// RFC 8898 5: a token that could be read on its way is refused before anything leaves; so is what is no token.
#[test]
fn a_token_needs_servers_that_keep_it() {
    let mut world = World::new();
    let phone = world.add_phone(Default::default());
    let mut create = |token: &str, servers: &[&str]| {
        let servers = servers.iter().map(|url| (*url).into()).collect();
        let options = AccountOptions { bearer_token: Some(Secret::new(token)), servers, ..account(token) };
        let result = world.command_now(phone, Command::CreateAccount(Box::new(options)));
        result.map(drop).map_err(|error| (error.code, error.field))
    };
    let refused = Err((ErrorCode::InvalidOption, Some("bearerToken")));
    assert_eq!(create("abc", &["wss://sip.example.test/ws", "ws://sip.example.test/ws"]), refused);
    assert_eq!(create("a,b", &["wss://sip.example.test/ws"]), refused);
    assert_eq!(create("abc", &["wss://sip.example.test/ws"]), Ok(()));
    assert_eq!(create("def", &["ws://127.0.0.1:5080"]), Ok(()));
}

/// RFC 3261 22.1: without a registrar that names the realm, and without a list, nobody gets credentials.
#[test]
fn an_account_that_does_not_register_answers_listed_realms_alone() {
    for (realms, expected) in [(vec![], Err(ErrorCode::RealmNotAllowed)), (vec!["example.test".to_owned()], Ok(()))] {
        let options = AccountOptions { register: false, realms, ..account("alice") };
        let (mut world, phone, id) = registering(|_| {}, options);
        let (bob, _) = world.add_registered("bob");
        let command = world.command(phone, message(id, "bob"));
        world.run(500);
        let result = world.result(phone, command).unwrap();
        assert_eq!(result.map(drop).map_err(|error| error.code), expected);
        let answered = requests(&world, phone, "MESSAGE").iter().any(|request| authorization(request).is_some());
        assert_eq!(answered, expected.is_ok());
        assert!(world.calls(bob).is_empty());
    }
}

/// RFC 3261 22.1, 26.3.2.4: what a realm that is neither the registrar's nor listed asks for, it does not get: no
/// digest that it could try passwords on, and no token.
#[test]
fn nothing_goes_to_a_hostile_realm_whatever_is_asked() {
    let hostile = [
        "Digest realm=\"evil.test\", nonce=\"e\", qop=\"auth\"",
        "Digest realm=\"evil.test\", nonce=\"e\", algorithm=SHA-256",
        "Bearer realm=\"evil.test\", authz_server=\"https://evil.test/\"",
    ];
    for challenge in hostile {
        for (status, header) in [(401, "WWW-Authenticate"), (407, "Proxy-Authenticate")] {
            let (mut talk, account) = talking_with(|_| {});
            for method in METHODS {
                let before = requests(&talk.world, talk.alice, method).len();
                talk.answer(method, status, &[(header, challenge)]);
                ask(&mut talk, account, method);
                talk.world.run(500);
                let sent = requests(&talk.world, talk.alice, method);
                assert!(sent.len() > before, "{method} did not leave");
                assert!(talk.world.server.answers.is_empty(), "{method} got no challenge");
                for request in &sent[before..] {
                    let headers = &request.headers;
                    let lines = headers.lines(HeaderName::Authorization);
                    for line in lines.chain(headers.lines(HeaderName::ProxyAuthorization)) {
                        // What is pinned may be answered, with nonces of its own.
                        assert_eq!(field(line, "realm").as_deref(), Some("example.test"), "{method} {line}");
                        assert_ne!(field(line, "nonce").as_deref(), Some("e"));
                    }
                }
            }
        }
    }
}

const METHODS: [&str; 9] = ["REGISTER", "MESSAGE", "OPTIONS", "INFO", "INVITE", "SUBSCRIBE", "PUBLISH", "REFER", "BYE"];

/// Sends a request of this method.
fn ask(talk: &mut Talk, account: AccountId, method: &str) {
    let call = talk.call;
    let body = || Body { content_type: "text/plain".to_owned(), octets: b"x".to_vec() };
    let extra = Extra::default;
    let target = "bob".to_owned();
    let command = match method {
        "REGISTER" => Command::Register(account),
        "MESSAGE" => message(account, "bob"),
        "OPTIONS" => Command::SendOptions { account, target, extra: extra() },
        "INFO" => Command::Info { call, body: body(), extra: extra() },
        "INVITE" => Command::Hold(call, true),
        "SUBSCRIBE" => Command::Subscribe {
            account,
            target,
            event: "presence".to_owned(),
            accept: Vec::new(),
            expires: 600,
            body: Body::default(),
            extra: extra(),
        },
        "PUBLISH" => {
            Command::Publish { account, event: "presence".to_owned(), expires: 600, body: body(), extra: extra() }
        }
        "REFER" => Command::Refer { account, target, refer_to: "sip:carol@example.test".to_owned(), extra: extra() },
        "BYE" => Command::Hangup(call, extra()),
        other => panic!("{other}"),
    };
    talk.world.command(talk.alice, command);
}

/// RFC 3261 21.4.4: 403 to credentials that were never good is about them; the same later is about the user.
#[test]
fn a_403_is_about_the_password_until_that_was_good_once() {
    let forbid = |world: &mut World| {
        for _ in 0..2 {
            world.server.answers.push(Answer { method: "REGISTER", status: 403, headers: Vec::new() });
        }
    };
    let (mut world, phone, id) = registering(|_| {}, account("bob"));
    forbid(&mut world);
    world.command(phone, Command::Register(id));
    world.run(1_000);
    assert_eq!(registration_error(&world, phone), Some(ErrorCode::Forbidden));
    let mut world = World::new();
    world.server.add_user("bob", "secret");
    let headers = vec![("WWW-Authenticate", "Digest realm=\"example.test\", nonce=\"n\", qop=\"auth\"".to_owned())];
    world.server.answers.push(Answer { method: "REGISTER", status: 401, headers });
    forbid(&mut world);
    let phone = world.add_phone(EndpointOptions::default());
    world.create_account(phone, account("bob"));
    world.run(600_000);
    assert_eq!(registration_error(&world, phone), Some(ErrorCode::WrongPassword));
    assert_eq!(world.server.registers().len(), 2, "it is not tried again");
}

/// RFC 3261 22.1: a wrong password is tried once, whatever nonces the server asks with, and not again by itself.
#[test]
fn a_wrong_password_is_not_hammered() {
    let mut world = World::new();
    world.server.add_user("bob", "another");
    let phone = world.add_phone(EndpointOptions::default());
    let id = world.create_account(phone, account("bob"));
    world.run(3_600_000);
    assert_eq!(registration_error(&world, phone), Some(ErrorCode::WrongPassword));
    assert_eq!(world.server.registers().len(), 2);
    world.cut(phone);
    world.command_now(phone, Command::NetworkChanged { online: Some(true) }).unwrap();
    world.run(3_600_000);
    assert_eq!(world.server.registers().len(), 2);
    world.command(phone, Command::Register(id));
    world.run(3_600_000);
    assert!(world.server.registers().len() <= 4, "one more attempt for each wish");
}
