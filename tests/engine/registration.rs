#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::common::secret::Secret;
use sipwake::io::{
    AccountOptions, Command, EndpointOptions, ErrorCode, Event, PushOptions, PushPreset, RegistrationInfo,
    RegistrationState, Reply,
};
use sipwake::message::HeaderName;

use crate::world::{World, account};

pub fn registrations(world: &World, phone: usize) -> Vec<RegistrationInfo> {
    world.phones[phone]
        .events
        .iter()
        .filter_map(|event| match event {
            Event::RegistrationChanged(info) => Some(info.clone()),
            _ => None,
        })
        .collect()
}

pub fn last(world: &World, phone: usize) -> RegistrationInfo {
    registrations(world, phone).pop().expect("a registration event")
}

/// RFC 3261 10.2
/// RFC 7118 5.1
#[test]
fn an_account_registers_by_itself() {
    let mut world = World::new();
    let (phone, _) = world.add_registered("bob");
    let info = last(&world, phone);
    assert_eq!(info.state, RegistrationState::Registered);
    assert!(info.expires_at.is_some());
    let register = world.server.registers()[0];
    let contact = register.headers.get(HeaderName::Contact).unwrap();
    assert!(contact.contains(";reg-id=1;+sip.instance=\"<urn:uuid:"), "{contact}");
    assert_eq!(register.headers.get(HeaderName::Supported), Some("path, outbound, gruu"));
}

#[test]
fn an_account_whose_servers_cannot_be_reached_by_any_url_is_refused() {
    let mut world = World::new();
    let phone = world.add_phone(EndpointOptions::default());
    for url in ["http://sip.example.test/", "not a url", ""] {
        let options = AccountOptions { servers: vec![url.into()], ..account("bob") };
        let error = world.command_now(phone, Command::CreateAccount(Box::new(options))).unwrap_err();
        assert_eq!((error.code, error.field), (ErrorCode::BadServerUrl, Some("servers")));
    }
    assert_eq!(world.phones[phone].endpoint.accounts().len(), 0);
}

#[test]
fn without_a_host_no_push_token_is_waited_for() {
    let mut world = World::new();
    world.server.add_user("bob", "secret");
    let phone = world.add_phone(EndpointOptions::default());
    let push = Some(PushOptions { preset: Some(PushPreset::Rfc8599Apns), ..PushOptions::default() });
    world.create_account(phone, AccountOptions { push, ..account("bob") });
    world.run(1_000);
    assert_eq!(last(&world, phone).state, RegistrationState::Registered);
}

/// RFC 3261 10.2.4
/// RFC 7616 3.4
#[test]
fn the_binding_is_refreshed_without_another_challenge() {
    let mut world = World::new();
    world.server.expires = 60;
    let (phone, _) = world.add_registered("bob");
    assert_eq!(world.server.registers().len(), 2);
    world.run(58_000);
    // The cached nonce, used again with a rising count, saves the round trip.
    assert_eq!(world.server.registers().len(), 3);
    let authorization = world.server.registers()[2].headers.get(HeaderName::Authorization).unwrap();
    assert!(authorization.contains("nc=00000002"), "{authorization}");
    assert_eq!(last(&world, phone).state, RegistrationState::Registered);
}

#[test]
fn a_wrong_password_is_told_and_not_tried_again() {
    let mut world = World::new();
    world.server.add_user("bob", "another");
    let phone = world.add_phone(EndpointOptions::default());
    world.create_account(phone, account("bob"));
    world.run(60_000);
    let info = last(&world, phone);
    assert_eq!(info.state, RegistrationState::Failed);
    assert_eq!(info.error.map(|e| e.code), Some(ErrorCode::WrongPassword));
    assert!(!info.will_retry);
    assert_eq!(world.server.registers().len(), 2);
}

#[test]
fn credentials_go_to_no_realm_that_is_not_listed() {
    let mut world = World::new();
    world.server.add_user("bob", "secret");
    world.server.realm = "evil.test".to_owned();
    let phone = world.add_phone(EndpointOptions::default());
    let mut options = account("bob");
    options.realms = vec!["example.test".to_owned()];
    world.create_account(phone, options);
    world.run(1_000);
    assert_eq!(last(&world, phone).error.map(|e| e.code), Some(ErrorCode::RealmNotAllowed));
    assert!(world.phones[phone].sent.iter().all(|text| !text.contains("Authorization")));
}

/// RFC 3261 10.2.8
#[test]
fn a_server_that_wants_longer_bindings_gets_them() {
    let mut world = World::new();
    world.server.min_expires = 1_800;
    world.server.expires = 10_000;
    world.add_registered("bob");
    let contact = world.server.registers().last().unwrap().headers.get(HeaderName::Contact).unwrap().to_owned();
    assert!(contact.ends_with("expires=1800"), "{contact}");
}

/// RFC 5626 4.2.1
#[test]
fn a_new_flow_gets_a_new_contact_and_a_new_registration() {
    let mut world = World::new();
    let (phone, _) = world.add_registered("bob");
    let before = world.server.bindings[0].contact.clone();
    world.cut(phone);
    assert_eq!(last(&world, phone).state, RegistrationState::Registering);
    world.run(5_000);
    assert!(world.server.is_bound("bob"));
    assert_ne!(world.server.bindings[0].contact, before);
    assert_eq!(last(&world, phone).state, RegistrationState::Registered);
}

/// RFC 3261 21.5.4, 20.33
#[test]
fn a_server_in_trouble_is_asked_again_later() {
    let mut world = World::new();
    world.server.add_user("bob", "secret");
    world.server.register_status = Some(503);
    let phone = world.add_phone(EndpointOptions::default());
    world.create_account(phone, account("bob"));
    world.run(500);
    let info = last(&world, phone);
    assert_eq!((info.state, info.status, info.will_retry), (RegistrationState::Failed, Some(503), true));
    world.server.register_status = None;
    world.run(5_000);
    assert_eq!(last(&world, phone).state, RegistrationState::Registered);
}

#[test]
fn an_unknown_domain_is_told_as_such() {
    let mut world = World::new();
    world.server.register_status = Some(404);
    let phone = world.add_phone(EndpointOptions::default());
    world.create_account(phone, account("bob"));
    world.run(500);
    assert_eq!(last(&world, phone).error.map(|e| e.code), Some(ErrorCode::UnknownUser));
}

/// RFC 3261 10.2.4: who refreshes is a matter of the user agent; the registrar keeps what is refreshed in time.
#[test]
fn an_application_that_refreshes_is_told_in_time_and_may_do_it() {
    let mut world = World::new();
    world.server.add_user("bob", "secret");
    let phone = world.add_phone(EndpointOptions::default());
    let id = world.create_account(phone, AccountOptions { expires: 60, refreshes_itself: true, ..account("bob") });
    world.run(500);
    let told = |world: &World| {
        let events = world.phones[phone].events.iter();
        events.filter(|event| matches!(event, Event::RegistrationExpiring { .. })).count()
    };
    let sent = world.sent(phone, "REGISTER");
    world.run(53_000);
    assert_eq!(told(&world), 0);
    world.run(2_000);
    assert_eq!((told(&world), world.sent(phone, "REGISTER")), (1, sent));
    let until = last(&world, phone).expires_at.unwrap();
    assert!(world.phones[phone].events.contains(&Event::RegistrationExpiring { account: id, expires_at: until }));
    let command = world.command(phone, Command::Register(id));
    world.run(1_000);
    assert_eq!(world.result(phone, command), Some(Ok(Reply::Done)));
    world.run(60_000);
    assert_eq!(told(&world), 2);
    assert_eq!(last(&world, phone).state, RegistrationState::Unregistered, "the second time it was not done");
}

/// RFC 3261 10.2.2
#[test]
fn unregistering_completes_when_the_binding_is_gone() {
    let mut world = World::new();
    let (phone, account) = world.add_registered("bob");
    let command = world.command(phone, Command::Unregister(account));
    assert_eq!(world.result(phone, command), None);
    world.run(100);
    assert_eq!(world.result(phone, command), Some(Ok(Reply::Done)));
    assert!(!world.server.is_bound("bob"));
    assert_eq!(last(&world, phone).state, RegistrationState::Unregistered);
}

#[test]
fn removing_an_account_logs_out_and_closes_the_flow() {
    let mut world = World::new();
    let (phone, account) = world.add_registered("bob");
    let command = world.command(phone, Command::RemoveAccount(account));
    world.run(100);
    assert_eq!(world.result(phone, command), Some(Ok(Reply::Done)));
    assert!(world.phones[phone].flows.is_empty());
    assert!(world.phones[phone].endpoint.accounts().is_empty());
}

/// RFC 3261 10.2.7
#[test]
fn a_silent_server_ends_a_registration_with_a_time_out_and_another_attempt() {
    let mut world = World::new();
    world.server.silent = true;
    let phone = world.add_phone(EndpointOptions::default());
    let account = world.create_account(phone, account("bob"));
    let command = world.command(phone, Command::Register(account));
    world.run(40_000);
    assert_eq!(world.result(phone, command), Some(Err(ErrorCode::Timeout.into())));
    world.server.add_user("bob", "secret");
    world.server.silent = false;
    world.run(60_000);
    assert!(world.server.is_bound("bob"));
}

#[test]
fn an_unreachable_server_is_told_and_tried_again() {
    let mut world = World::new();
    world.server.add_user("bob", "secret");
    let phone = world.add_phone(EndpointOptions::default());
    world.phones[phone].offline = true;
    let account = world.create_account(phone, account("bob"));
    let command = world.command(phone, Command::Register(account));
    world.run(1_000);
    assert_eq!(world.result(phone, command), Some(Err(ErrorCode::ConnectionFailed.into())));
    world.phones[phone].offline = false;
    world.run(60_000);
    assert!(world.server.is_bound("bob"));
}

#[test]
fn stopping_removes_the_binding_and_refuses_what_comes_after() {
    let mut world = World::new();
    let (phone, account) = world.add_registered("bob");
    let command = world.command(phone, Command::Stop);
    world.run(3_000);
    assert_eq!(world.result(phone, command), Some(Ok(Reply::Done)));
    assert!(!world.server.is_bound("bob"));
    assert!(world.phones[phone].flows.is_empty());
    assert_eq!(world.command_now(phone, Command::Register(account)), Err(ErrorCode::Stopped.into()));
}

#[test]
fn stopping_completes_what_waits_for_a_registration_or_a_removal() {
    let mut world = World::new();
    world.server.add_user("bob", "secret");
    let phone = world.add_phone(EndpointOptions::default());
    world.server.silent = true;
    let bob = world.create_account(phone, account("bob"));
    let commands = [Command::Register(bob), Command::Unregister(bob), Command::RemoveAccount(bob), Command::Stop]
        .map(|command| world.command(phone, command));
    world.run(60_000);
    for command in commands {
        assert!(world.result(phone, command).is_some(), "{command:?} never ends");
    }
}

/// RFC 8599 4.1.2: who logs out is not pushed to any more, whatever is asked for meanwhile.
#[test]
fn an_account_on_its_way_out_registers_no_more() {
    let mut world = World::new();
    let (phone, bob) = world.add_registered("bob");
    let removal = world.command(phone, Command::RemoveAccount(bob));
    for command in [Command::Register(bob), Command::Unregister(bob), Command::UnregisterAll(bob)] {
        assert_eq!(world.command_now(phone, command), Err(ErrorCode::NotFound.into()));
    }
    world.run(60_000);
    assert_eq!(world.result(phone, removal), Some(Ok(Reply::Done)));
    assert_eq!(world.phones[phone].endpoint.accounts().len(), 0);
    assert!(!world.server.is_bound("bob"));
}

#[test]
fn what_can_never_be_sent_is_refused_when_the_account_is_made() {
    let mut world = World::new();
    let phone = world.add_phone(EndpointOptions::default());
    let mut refused = |options| world.command_now(phone, Command::CreateAccount(Box::new(options))).unwrap_err().field;
    for uri in ["", "junk", "sip:bob@example.test\r\nX: y", "mailto:bob@example.test"] {
        let options = AccountOptions { preferred_identity: Some(uri.into()), ..account("bob") };
        assert_eq!(refused(options), Some("preferredIdentity"), "{uri:?}");
    }
    for hash in ["", "secret", "0123456789abcdef0123456789abcdeg"] {
        let options = AccountOptions { ha1_md5: Some(Secret::new(hash)), ..account("bob") };
        assert_eq!(refused(options), Some("ha1"), "{hash:?}");
    }
}

/// RFC 3261 10.2.4: a registrar that says no to a binding that it has made before may say yes another time; it is asked
/// without haste, and the user of the phone has to do nothing.
#[test]
fn a_refusal_of_what_worked_before_is_asked_again_without_haste() {
    for status in [403, 404] {
        let mut world = World::new();
        world.server.expires = 60;
        let (phone, _) = world.add_registered("bob");
        world.server.register_status = Some(status);
        world.run(60_000);
        let info = last(&world, phone);
        assert_eq!((info.state, info.status, info.will_retry), (RegistrationState::Failed, Some(status), true));
        let asked = world.server.registers().len();
        world.run(3_600_000);
        let more = world.server.registers().len() - asked;
        assert!((4..=8).contains(&more), "{more} in an hour");
        world.server.register_status = None;
        world.run(2_700_000);
        assert_eq!(last(&world, phone).state, RegistrationState::Registered);
    }
}

/// The same where it never worked: the options are wrong, and no patience mends them.
#[test]
fn a_refusal_of_what_never_worked_is_final() {
    let mut world = World::new();
    world.server.add_user("bob", "secret");
    world.server.register_status = Some(404);
    let phone = world.add_phone(EndpointOptions::default());
    world.create_account(phone, account("bob"));
    world.run(3_600_000);
    assert_eq!(world.server.registers().len(), 1);
    assert!(!last(&world, phone).will_retry);
}

/// Credentials that were taken and are taken no more are the user's to mend: tried again they could lock the user out.
#[test]
fn credentials_that_are_refused_are_not_tried_again_though_they_worked_before() {
    let mut world = World::new();
    world.server.expires = 60;
    let (phone, _) = world.add_registered("bob");
    world.server.gate.users.clear();
    world.server.add_user("bob", "another");
    world.run(60_000);
    let info = last(&world, phone);
    assert_eq!((info.error.map(|e| e.code), info.will_retry), (Some(ErrorCode::WrongPassword), false));
    let asked = world.server.registers().len();
    world.run(3_600_000);
    assert_eq!(world.server.registers().len(), asked);
}

/// RFC 3261 10.2.4: when a binding has run out it is there no more, whether its refresh is answered or not.
#[test]
fn a_binding_that_runs_out_while_its_refresh_hangs_is_registered_no_more() {
    let mut world = World::new();
    world.server.expires = 60;
    let (phone, _) = world.add_registered("bob");
    let registered_at = world.now;
    world.server.silent = true;
    world.run(59_500);
    assert_eq!(last(&world, phone).state, RegistrationState::Registered);
    world.run(registered_at + 60_100 - world.now);
    let info = last(&world, phone);
    assert_ne!(info.state, RegistrationState::Registered);
    assert_eq!(info.expires_at, None);
    world.server.silent = false;
    world.run(120_000);
    assert_eq!(last(&world, phone).state, RegistrationState::Registered);
}
