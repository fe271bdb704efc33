//! Going to sleep within the time that the host gives, and waking up by a push: what is sent, in which order, and what waits.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::bridge::{CallAction, EndReason, Environment, Launch, SuspendPolicy, TokenKind};
use sipwake::host::{HostInput, HostOptions};
use sipwake::io::{
    AccountId, AccountOptions, BackgroundPolicy, CallState, Command, Extra, FlowEvent, PushPreset, RegistrationState,
};
use sipwake::message::{HeaderName, Method, Request};

use crate::push::{last_register, token, with};
use crate::registration::last;
use crate::server::Binding;
use crate::shell::TOKEN;
use crate::world::World;

/// What the host gives, and what of it the page keeps for the way back.
const BUDGET_MS: u64 = 5_000;
const MARGIN_MS: u64 = 250;

fn phone(policy: BackgroundPolicy) -> (World, usize, AccountId) {
    let mut world = World::new();
    let options = AccountOptions { background_policy: policy, ..with(PushPreset::Rfc8599Apns) };
    let phone = world.add_iphone_with(options, HostOptions::default());
    let id = world.phones[phone].endpoint.accounts()[0].id;
    (world, phone, id)
}

/// The app goes to the background; what the page says of it after so many milliseconds.
fn sleep(world: &mut World, phone: usize, policy: Option<SuspendPolicy>, ms: u64) -> Option<(bool, bool)> {
    world.phones[phone].shell.as_mut().unwrap().suspended = None;
    world.host_input(phone, HostInput::WillSuspend { budget_ms: BUDGET_MS, policy });
    world.run(ms);
    world.shell(phone).suspended
}

fn push(world: &mut World, phone: usize, call_id: &str, launch: Launch) {
    let payload = format!("{{\"aps\":{{\"call-id\":\"{call_id}\"}}}}");
    let (must_report, locked, unlocked_since_boot) = (true, false, true);
    world.host_input(phone, HostInput::Push { payload, must_report, launch, locked, unlocked_since_boot });
}

fn registers(world: &World) -> usize {
    world.server.registers().len()
}

/// RFC 8599 4.1.2: a binding that is to bring pushes stays. The socket is closed, for a dead one would be tried first.
#[test]
fn the_binding_stays_and_the_socket_is_closed() {
    let (mut world, phone, _) = phone(BackgroundPolicy::CloseTransport);
    let before = registers(&world);
    assert_eq!(sleep(&mut world, phone, None, 500), Some((true, true)));
    assert_eq!(registers(&world), before);
    assert!(world.phones[phone].flows.is_empty());
    assert_eq!(world.server.tokens, [("bob".to_owned(), TOKEN.to_owned())]);
}

/// For servers that keep tokens apart from bindings: the binding goes, its parameters stay in.
#[test]
fn the_binding_is_removed_with_its_token_in_it() {
    let (mut world, phone, _) = phone(BackgroundPolicy::Unregister);
    assert_eq!(sleep(&mut world, phone, None, 500), Some((true, false)));
    assert!(!world.server.is_bound("bob") && world.phones[phone].flows.is_empty());
    assert_eq!(world.server.tokens, [("bob".to_owned(), TOKEN.to_owned())]);
    assert!(
        last_register(&world, phone).contains(";pn-prid=VOIP>") && last_register(&world, phone).contains("expires=0")
    );
}

#[test]
fn nothing_is_done_where_nothing_shall_be() {
    let (mut world, phone, _) = phone(BackgroundPolicy::Keep);
    let before = registers(&world);
    world.phones[phone].shell.as_mut().unwrap().keeps = true;
    assert_eq!(sleep(&mut world, phone, None, 500), Some((true, true)));
    assert_eq!((registers(&world), world.phones[phone].flows.len()), (before, 1));
}

#[test]
fn the_hosts_policy_goes_before_the_accounts() {
    let all = [BackgroundPolicy::CloseTransport, BackgroundPolicy::Unregister, BackgroundPolicy::Keep];
    for of_account in all {
        for (of_host, bound, open) in [
            (SuspendPolicy::CloseTransport, true, 0),
            (SuspendPolicy::Unregister, false, 0),
            (SuspendPolicy::Keep, true, 1),
        ] {
            let (mut world, phone, _) = phone(of_account);
            world.phones[phone].shell.as_mut().unwrap().keeps = of_host == SuspendPolicy::Keep;
            assert_eq!(sleep(&mut world, phone, Some(of_host), 500), Some((true, bound)), "{of_account:?} {of_host:?}");
            assert_eq!(world.phones[phone].flows.len(), open);
        }
    }
}

/// The system waits for nobody: what is not done by then is said to be not done, while there is time to say it.
#[test]
fn a_registrar_that_is_silent_does_not_outlast_the_budget() {
    let (mut world, phone, _) = phone(BackgroundPolicy::Unregister);
    world.server.silent = true;
    assert_eq!(sleep(&mut world, phone, None, BUDGET_MS - MARGIN_MS - 50), None);
    world.run(100);
    assert_eq!(world.shell(phone).suspended, Some((false, true)), "not done, and a binding is left");
}

/// A budget of nothing is answered at once.
#[test]
fn a_budget_of_nothing_is_answered_at_once() {
    for budget_ms in [0, 100] {
        let (mut world, phone, _) = phone(BackgroundPolicy::Unregister);
        world.server.silent = true;
        world.host_input(phone, HostInput::WillSuspend { budget_ms, policy: None });
        world.run(50);
        assert!(world.shell(phone).suspended.is_some());
    }
}

#[test]
fn a_phone_with_a_call_does_not_sleep_until_it_is_over() {
    let (mut world, phone, _) = phone(BackgroundPolicy::Unregister);
    let (alice, alices) = world.add_registered("alice");
    let call = world.call(alice, alices, "bob");
    world.run(300);
    world.perform(phone, CallAction::Answer);
    world.run(300);
    let before = registers(&world);
    assert_eq!(sleep(&mut world, phone, None, 60_000), Some((false, true)));
    assert_eq!((registers(&world), world.phones[phone].flows.len()), (before, 1), "the call needs its flow");
    assert_eq!(world.only_call(phone).state, CallState::Connected);
    world.command(alice, Command::Hangup(call, Extra::default()));
    world.run(500);
    assert!(!world.server.is_bound("bob") && world.phones[phone].flows.is_empty(), "now it sleeps");
}

/// An open push is a call that is to come.
#[test]
fn a_phone_with_an_open_push_does_not_sleep_until_it_is_resolved() {
    let (mut world, phone, _) = phone(BackgroundPolicy::CloseTransport);
    push(&mut world, phone, "nobodys", Launch::Foreground);
    world.run(100);
    assert_eq!(sleep(&mut world, phone, None, 10_000), Some((false, true)));
    assert_eq!(world.phones[phone].flows.len(), 1);
    world.run(6_000);
    assert_eq!(world.shell(phone).shown[0].ended, Some(EndReason::Unanswered));
    assert!(world.phones[phone].flows.is_empty(), "now it sleeps");
}

/// What the user has asked for last is done first: nobody is pushed to who has logged out.
#[test]
fn a_log_out_is_carried_out_before_the_phone_sleeps() {
    let (mut world, phone, id) = phone(BackgroundPolicy::CloseTransport);
    world.command(phone, Command::RemoveAccount(id));
    assert_eq!(sleep(&mut world, phone, None, 500), Some((true, false)));
    assert_eq!((world.server.is_bound("bob"), world.server.tokens.len()), (false, 0));
}

/// A token that came while the phone slept is told when it wakes.
#[test]
fn a_token_that_changes_in_the_sleep_is_told_on_waking() {
    let (mut world, phone, _) = phone(BackgroundPolicy::CloseTransport);
    sleep(&mut world, phone, None, 500);
    let before = registers(&world);
    world.tell_token(phone, token(TokenKind::Voip, Some("NEW"), Environment::Production));
    assert_eq!(registers(&world), before, "it sleeps");
    world.host_input(phone, HostInput::Resumed { suspended_for_ms: 60_000 });
    world.run(500);
    assert_eq!(world.server.tokens, [("bob".to_owned(), "NEW".to_owned())]);
}

/// RFC 8599 4.1.3: a push is answered by a REGISTER before anything else, on a new flow with a new Contact, and the nonce that
/// is known saves a round trip.
#[test]
fn what_a_woken_phone_sends_first_is_a_register_with_credentials() {
    for policy in [BackgroundPolicy::CloseTransport, BackgroundPolicy::Unregister] {
        let (mut world, phone, _) = phone(policy);
        let contact = world.server.bindings[0].contact.clone();
        sleep(&mut world, phone, None, 500);
        let before = world.phones[phone].sent.len();
        push(&mut world, phone, "nobodys", Launch::Suspended);
        world.run(500);
        let sent = &world.phones[phone].sent[before..];
        assert_eq!(sent.len(), 1, "{sent:?}");
        assert!(sent[0].starts_with("REGISTER ") && sent[0].contains("\r\nAuthorization: Digest "), "{}", sent[0]);
        assert!(sent[0].contains(&format!(";pn-prid={TOKEN}")));
        assert_eq!(last(&world, phone).state, RegistrationState::Registered);
        assert_ne!(world.server.bindings[0].contact, contact);
    }
}

/// RFC 8599 4.1.3: also where the phone is awake and registered: the server holds the request until it hears.
#[test]
fn a_push_to_a_phone_that_is_awake_refreshes_its_binding_on_the_flow_that_is_there() {
    let (mut world, phone, _) = phone(BackgroundPolicy::CloseTransport);
    let (before, flow) = (registers(&world), world.phones[phone].flows.clone());
    push(&mut world, phone, "nobodys", Launch::Foreground);
    world.run(500);
    assert_eq!((registers(&world), &world.phones[phone].flows), (before + 1, &flow));
}

fn held_invite(world: &World) -> Request {
    let invite = |request: &&&Request| *request.method() == Method::Invite;
    (*world.server.requests.iter().collect::<Vec<_>>().iter().rfind(invite).unwrap()).clone()
}

/// RFC 8599 5.6.1: the network may let the INVITE go before it has answered the REGISTER.
#[test]
fn an_invite_that_overtakes_the_answer_to_register_is_taken() {
    let (mut world, phone, _) = phone(BackgroundPolicy::Unregister);
    sleep(&mut world, phone, None, 500);
    let (alice, alices) = world.add_registered("alice");
    let call = world.call(alice, alices, "bob");
    world.run(100);
    // It hears of the REGISTER and says nothing final.
    world.server.register_status = Some(100);
    let call_id = world.server.pushes[0].call_id.clone();
    push(&mut world, phone, &call_id, Launch::Suspended);
    world.run(100);
    assert_eq!(last(&world, phone).state, RegistrationState::Registering);
    let registers = world.server.registers();
    let contact = registers.last().unwrap().headers.contacts().next().unwrap().unwrap().uri_text().to_owned();
    let (flow, user, instance) = (world.phones[phone].flows[0], "bob".to_owned(), "urn:uuid:x".to_owned());
    world.server.bindings.push(Binding { user, phone, flow, contact, instance, reg_id: 0 });
    let invite = held_invite(&world);
    let origin = world.phones[alice].flows[0];
    for (to, flow, octets) in world.server.fork((alice, origin), invite) {
        world.deliver(to, 5, flow, FlowEvent::Received(octets));
    }
    world.run(200);
    assert_eq!(world.sent(phone, "SIP/2.0 180"), 1);
    assert_eq!(world.shell(phone).shown.len(), 1, "one call, one screen");
    world.perform(phone, CallAction::Answer);
    world.run(500);
    assert_eq!(world.state(alice, call), Some(CallState::Connected));
    assert_eq!(last(&world, phone).state, RegistrationState::Registering);
}

/// A push for a call that is over ends at once, whoever ended it; the phone registers for none of them.
#[test]
fn a_push_for_a_call_that_was_is_over_at_once() {
    let (mut world, phone, _) = phone(BackgroundPolicy::CloseTransport);
    let (alice, alices) = world.add_registered("alice");
    for declined in [true, false] {
        let call = world.call(alice, alices, "bob");
        world.run(300);
        let call_id = held_invite(&world).headers.get(HeaderName::CallId).unwrap().to_owned();
        if declined {
            world.perform(phone, CallAction::End);
        } else {
            world.command(alice, Command::Hangup(call, Extra::default()));
        }
        world.run(300);
        let (shown, before) = (world.shell(phone).shown.len(), registers(&world));
        push(&mut world, phone, &call_id, Launch::Foreground);
        world.run(300);
        let late = &world.shell(phone).shown[shown..];
        assert!(late.len() == 1 && late[0].ended.is_some(), "{late:?}");
        assert_eq!(registers(&world), before);
    }
}
