//! Two lives of a page: what the first leaves, the second goes on with.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::host::HostInput;
use sipwake::io::{AccountId, AccountOptions, Command, EndpointOptions, Event, RegistrationState};
use sipwake::message::{HeaderName, Request};

use crate::registration::last;
use crate::server::Answer;
use crate::wake::push_account;
use crate::world::{World, account};

/// A page that registered, and what it left.
fn first_life() -> (World, usize, String) {
    let mut world = World::new();
    world.server.add_user("bob", "secret");
    let phone = world.add_phone(EndpointOptions::default());
    world.create_account(phone, account("bob"));
    world.run(100);
    assert_eq!(world.server.registers().len(), 2, "challenged once");
    let state = world.phones[phone].saved.clone().expect("something to keep");
    (world, phone, state)
}

fn second_life(world: &mut World, phone: usize, state: &str, options: AccountOptions) -> AccountId {
    let state = Some(state.to_owned());
    let id = world.next_page(phone, EndpointOptions { state, ..EndpointOptions::default() }, options, 77);
    world.run(100);
    id
}

fn authorization(request: &Request) -> Option<&str> {
    request.headers.get(HeaderName::Authorization)
}

fn call_id_and_cseq(request: &Request) -> (String, u32) {
    (request.headers.call_id().unwrap().to_owned(), request.headers.cseq().unwrap().unwrap().number)
}

/// RFC 7616 3.6: the first REGISTER of another page carries credentials with the nonce that is known, and its next count.
#[test]
fn a_page_started_anew_registers_in_one_round_trip() {
    let (mut world, phone, state) = first_life();
    let before = call_id_and_cseq(world.server.registers()[1]);
    let instance = world.server.bindings[0].instance.clone();
    second_life(&mut world, phone, &state, account("bob"));
    let registers = world.server.registers();
    assert_eq!(registers.len(), 3, "no challenge");
    assert!(authorization(registers[2]).unwrap().contains("nc=00000002"));
    // RFC 3261 10.2: one Call-ID, and a CSeq that goes on.
    assert_eq!(call_id_and_cseq(registers[2]), (before.0, before.1 + 1));
    assert_eq!(world.server.bindings[0].instance, instance);
    assert_eq!(last(&world, phone).state, RegistrationState::Registered);
}

#[test]
fn a_third_page_goes_on_where_the_second_was() {
    let (mut world, phone, state) = first_life();
    second_life(&mut world, phone, &state, account("bob"));
    let state = world.phones[phone].saved.clone().unwrap();
    second_life(&mut world, phone, &state, account("bob"));
    assert!(authorization(world.server.registers()[3]).unwrap().contains("nc=00000003"));
}

/// RFC 7616 3.3: a nonce that the server has forgotten meanwhile costs a round trip and no more.
#[test]
fn a_nonce_that_is_too_old_is_asked_for_anew() {
    let (mut world, phone, state) = first_life();
    world.server.gate = crate::gate::Gate::new();
    world.server.add_user("bob", "secret");
    second_life(&mut world, phone, &state, account("bob"));
    assert_eq!(world.server.registers().len(), 4);
    assert_eq!(last(&world, phone).state, RegistrationState::Registered);
}

#[test]
fn nothing_secret_is_left_and_nothing_of_it_is_traced() {
    let (world, phone, state) = first_life();
    for secret in ["secret", "response=", "password"] {
        assert!(!state.contains(secret), "{secret}");
    }
    for event in &world.phones[phone].events {
        if let Event::Trace(entry) = event {
            assert!(!entry.text.contains("sipwake-state"), "{}", entry.text);
        }
    }
}

/// What one account left is for no other: not for another user, domain, server or name.
#[test]
fn only_the_same_account_takes_it_up() {
    let (_, _, state) = first_life();
    let base = account("bob");
    for other in [
        AccountOptions { name: "other".to_owned(), ..base.clone() },
        AccountOptions { auth_username: Some("carol".to_owned()), ..base.clone() },
        AccountOptions { domain: "other.test".to_owned(), ..base.clone() },
        AccountOptions { servers: vec!["wss://elsewhere.example.test".into()], ..base.clone() },
        AccountOptions { username: "carol".to_owned(), ..base },
    ] {
        let mut world = World::new();
        world.server.add_user("bob", "secret");
        world.server.add_user("carol", "secret");
        let phone = world.add_phone(EndpointOptions { state: Some(state.clone()), ..EndpointOptions::default() });
        world.create_account(phone, other);
        world.run(100);
        assert_eq!(authorization(world.server.registers()[0]), None);
    }
}

/// Accounts that this page has not made yet are not forgotten by what it leaves itself.
#[test]
fn what_is_known_of_an_account_that_is_not_there_yet_is_kept() {
    let (mut world, phone, state) = first_life();
    world.server.add_user("carol", "secret");
    second_life(&mut world, phone, &state, account("carol"));
    let state = world.phones[phone].saved.clone().unwrap();
    let before = world.server.registers().len();
    second_life(&mut world, phone, &state, account("bob"));
    assert_eq!(world.server.registers().len(), before + 1, "no challenge");
}

#[test]
fn an_account_that_is_removed_leaves_nothing() {
    let (mut world, phone, state) = first_life();
    let id = second_life(&mut world, phone, &state, account("bob"));
    world.command(phone, Command::RemoveAccount(id));
    world.run(100);
    let state = world.phones[phone].saved.clone().unwrap();
    assert!(!state.contains("bob"), "{state}");
}

/// RFC 3261 10.3: a registrar that does not take the old Call-ID and CSeq gets new ones at once.
#[test]
fn a_call_id_that_the_registrar_does_not_like_is_given_up() {
    for status in [400, 500] {
        let (mut world, phone, state) = first_life();
        let old = call_id_and_cseq(world.server.registers()[1]).0;
        world.server.answers.push(Answer { method: "REGISTER", status, headers: Vec::new() });
        second_life(&mut world, phone, &state, account("bob"));
        assert_eq!(last(&world, phone).state, RegistrationState::Registered);
        assert_ne!(call_id_and_cseq(world.server.registers()[3]).0, old);
    }
}

/// What is kept may be cut, changed or made by somebody else: the page is then as if nothing had been left.
#[test]
fn whatever_is_found_the_page_registers() {
    let (_, _, state) = first_life();
    let mut hostile: Vec<String> =
        (0..state.len()).step_by(7).filter_map(|end| Some(state.get(..end)?.to_owned())).collect();
    hostile.push(state.replace("sipwake-state 1", "sipwake-state 2"));
    hostile.push(state.replacen("auth", "htua", 1));
    hostile.push(state.repeat(400));
    let call_id = state.rsplit('\n').nth(1).unwrap();
    let evil = call_id.replace(' ', "> ");
    hostile.push(state.replace(call_id, &evil));
    let big = format!("{} 4294967295", call_id.split(' ').next().unwrap());
    let record = format!("registration {}\n{call_id}\n", call_id.len());
    hostile.push(state.replace(&record, &format!("registration {}\n{big}\n", big.len())));
    hostile.push(state.replace("nc=00000001", "nc=zzzzzzzz"));
    for state in hostile {
        let mut world = World::new();
        world.server.add_user("bob", "secret");
        let phone = world.add_phone(EndpointOptions { state: Some(state), ..EndpointOptions::default() });
        world.create_account(phone, account("bob"));
        world.run(500);
        assert!(world.server.is_bound("bob"));
        assert!(world.server.registers().iter().all(|request| call_id_and_cseq(request).1 < 1 << 31));
    }
}

fn dies(world: &mut World, phone: usize) {
    world.reload(phone, push_account("bob"), 900);
    world.run(300);
}

/// With a host the host keeps it: the page that comes after a death registers in one round trip.
#[test]
fn the_host_keeps_it_while_the_page_dies() {
    let mut world = World::new();
    let phone = world.add_iphone("bob");
    assert_eq!(world.phones[phone].saved, None, "not in the page");
    assert_eq!(authorization(world.server.registers()[0]), None);
    let (before, call_id) = (world.server.registers().len(), call_id_and_cseq(world.server.registers()[0]).0);
    dies(&mut world, phone);
    let registers = world.server.registers();
    assert!(registers.len() > before);
    assert!(registers[before..].iter().all(|request| authorization(request).is_some()));
    assert_eq!(call_id_and_cseq(registers[before]).0, call_id);
    assert_eq!(world.shell(phone).problems, 0);
    for event in &world.phones[phone].events {
        if let Event::Trace(entry) = event {
            assert!(!entry.text.contains("valueB64") || entry.text.contains("\"valueB64\":\"[redacted]\""));
        }
    }
}

/// What the app kept through its own death is given back before the page is loaded.
#[test]
fn the_apps_next_life_gives_it_back() {
    let mut world = World::new();
    let phone = world.add_iphone("bob");
    let (key, value) = world.shell(phone).kept.last().cloned().expect("the app was asked to keep it");
    let mut later = World::new();
    later.server.add_user("bob", "secret");
    later.server.gate = world.server.gate;
    let mut shell = Some(HostInput::KeptState { key, value });
    let phone = later.add_iphone_after(push_account("bob"), Default::default(), shell.take());
    assert!(authorization(later.server.registers()[0]).is_some());
    assert!(later.server.is_bound("bob") && later.shell(phone).problems == 0);
}

/// A host that is asked for what it never had, or has rubbish, costs nothing.
#[test]
fn rubbish_from_the_host_is_nothing() {
    for value in ["", "====", "AAAA", "/////w==", &"QUFB".repeat(40_000)] {
        let mut world = World::new();
        let kept = HostInput::KeptState { key: "engine".to_owned(), value: value.to_owned() };
        world.add_iphone_after(push_account("bob"), Default::default(), Some(kept));
        assert_eq!(authorization(world.server.registers()[0]), None);
    }
}

/// What one server makes as long as can be takes nothing from what is known of the others.
#[test]
fn what_is_too_long_of_one_account_takes_nothing_from_another() {
    let (mut world, phone, state) = first_life();
    let long = "n".repeat(65_480 - state.len());
    let state = [&state, "account 5\nother\nauth ", &long.len().to_string(), "\n", &long, "\n"].concat();
    assert!(state.len() < 64 * 1024);
    second_life(&mut world, phone, &state, account("alice"));
    let saved = world.phones[phone].saved.clone().unwrap();
    assert!(saved.len() <= 64 * 1024, "{}", saved.len());
    second_life(&mut world, phone, &saved, account("bob"));
    assert!(authorization(world.server.registers().last().unwrap()).unwrap().contains("nc=00000002"));
}
