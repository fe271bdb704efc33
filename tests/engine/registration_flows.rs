//! Flows: the choice of a server, the loss of one, hints from outside, and two at one time.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::bridge::{NetworkChanged, NetworkInterface};
use sipwake::host::HostInput;
use sipwake::io::{
    AccountId, AccountOptions, Command, EndpointOptions, Event, Extra, FlowEvent, FlowId, Input, KeepAlive,
    MediaCommand, MediaEvent, RegistrationState, SipServer, TransportState,
};
use sipwake::message::{HeaderName, Method, Request};

use crate::registration::last;
use crate::server::Answer;
use crate::world::{World, account};

const ONE: &str = "wss://one.example.test/ws";
const TWO: &str = "wss://two.example.test/ws";

fn bob(servers: &[&str]) -> AccountOptions {
    AccountOptions { servers: servers.iter().map(|url| (*url).into()).collect(), ..account("bob") }
}

fn phone(options: AccountOptions) -> (World, usize, AccountId) {
    let mut world = World::new();
    world.server.add_user("bob", "secret");
    world.server.add_user("carol", "secret");
    world.server.outbound = options.flows > 1;
    let phone = world.add_phone(EndpointOptions::default());
    let id = world.create_account(phone, options);
    world.run(100);
    (world, phone, id)
}

fn close(world: &mut World, phone: usize, flow: FlowId) {
    world.phones[phone].flows.retain(|open| *open != flow);
    world.server.connection_closed(phone, flow);
    world.happen(phone, Input::Flow { flow, event: FlowEvent::Closed { code: 1006, clean: false } });
}

fn count(world: &World, method: &Method) -> usize {
    world.server.requests.iter().filter(|request| request.method() == method).count()
}

fn last_of(world: &World, method: &Method) -> Request {
    world.server.requests.iter().rfind(|request| request.method() == method).unwrap().clone()
}

#[test]
fn the_heaviest_server_comes_first() {
    let servers = vec![SipServer { url: ONE.into(), weight: 1 }, SipServer { url: TWO.into(), weight: 9 }];
    let (world, phone, _) = phone(AccountOptions { servers, ..account("bob") });
    assert_eq!(world.phones[phone].open_urls(), [TWO]);
}

#[test]
fn a_server_that_takes_no_connection_gives_way_at_once_and_is_not_returned_to() {
    let mut world = World::new();
    world.server.add_user("bob", "secret");
    let phone = world.add_phone(EndpointOptions::default());
    world.phones[phone].down = vec![ONE];
    world.create_account(phone, bob(&[ONE, TWO]));
    world.run(200);
    assert_eq!(world.phones[phone].open_urls(), [TWO]);
    assert!(world.server.is_bound("bob"));
    world.phones[phone].down.clear();
    world.run(600_000);
    assert_eq!(world.phones[phone].open_urls(), [TWO]);
}

#[test]
fn a_server_that_takes_connections_and_answers_nothing_is_left_for_the_next() {
    let mut world = World::new();
    world.server.add_user("bob", "secret");
    let phone = world.add_phone(EndpointOptions::default());
    world.phones[phone].mute = vec![ONE];
    world.create_account(phone, bob(&[ONE, TWO]));
    world.run(60_000);
    assert_eq!(world.phones[phone].open_urls(), [TWO]);
    assert!(world.server.is_bound("bob"));
}

/// RFC 3261 21.5.4: a server that is out of service is left for another at once, as long as it says.
#[test]
fn a_503_is_about_one_server_where_there_are_two() {
    let mut world = World::new();
    world.server.add_user("bob", "secret");
    let headers = vec![("Retry-After", "300".to_owned())];
    world.server.answers.push(Answer { method: "REGISTER", status: 503, headers });
    let phone = world.add_phone(EndpointOptions::default());
    world.create_account(phone, bob(&[ONE, TWO]));
    world.run(3_000);
    assert_eq!(world.phones[phone].open_urls(), [TWO]);
    assert!(world.server.is_bound("bob"));
    let flow = world.phones[phone].flows[0];
    close(&mut world, phone, flow);
    world.phones[phone].down = vec![TWO];
    world.run(60_000);
    assert!(world.phones[phone].urls.iter().filter(|(_, url)| url == ONE).count() == 1, "not before its time");
    world.run(300_000);
    assert_eq!(world.phones[phone].open_urls(), [ONE]);
}

#[test]
fn a_frozen_path_is_found_although_nothing_says_so() {
    for keep_alive in [KeepAlive::Auto, KeepAlive::Options] {
        let (mut world, phone, _) = phone(AccountOptions { keep_alive, ..account("bob") });
        let before = world.phones[phone].flows.clone();
        world.phones[phone].deaf = true;
        world.run(50_000);
        world.phones[phone].deaf = false;
        world.run(40_000);
        assert_ne!(world.phones[phone].flows, before, "{keep_alive:?}");
        assert!(world.server.is_bound("bob"));
    }
}

/// RFC 3261 11: any answer to the question will do, so a challenge is not answered and nobody is told.
#[test]
fn options_keep_a_flow_alive_and_are_asked_once_a_time() {
    let (mut world, phone, _) = phone(AccountOptions { keep_alive: KeepAlive::Options, ..account("bob") });
    let flows = world.phones[phone].flows.clone();
    world.run(300_000);
    assert_eq!(world.phones[phone].flows, flows);
    assert!((10..=16).contains(&count(&world, &Method::Options)), "{}", count(&world, &Method::Options));
    assert!(!world.phones[phone].sent.iter().any(|text| text == "\r\n\r\n"));
    let options = last_of(&world, &Method::Options);
    assert_eq!(options.headers.get(HeaderName::ProxyAuthorization), None);
}

#[test]
fn a_socket_that_holds_back_too_much_is_replaced() {
    let (mut world, phone, _) = phone(account("bob"));
    let flow = world.phones[phone].flows[0];
    world.happen(phone, Input::Flow { flow, event: FlowEvent::Congested });
    world.run(5_000);
    assert_ne!(world.phones[phone].flows[0], flow);
    assert!(world.server.is_bound("bob"));
}

#[test]
fn a_changed_network_is_found_out_in_seconds() {
    for online in [None, Some(true), Some(false)] {
        let (mut world, phone, _) = phone(account("bob"));
        let flow = world.phones[phone].flows[0];
        world.command_now(phone, Command::NetworkChanged { online }).unwrap();
        world.run(6_000);
        assert_eq!(world.phones[phone].flows, [flow], "a flow that answers stays");
        world.phones[phone].deaf = true;
        world.command_now(phone, Command::NetworkChanged { online }).unwrap();
        world.run(5_000);
        world.phones[phone].deaf = false;
        world.run(4_000);
        assert_ne!(world.phones[phone].flows, [flow]);
        assert!(world.server.is_bound("bob"), "{online:?}");
    }
}

#[test]
fn a_network_that_comes_back_ends_the_wait() {
    let (mut world, phone, _) = phone(account("bob"));
    world.phones[phone].offline = true;
    world.cut(phone);
    world.run(100_000);
    world.phones[phone].offline = false;
    world.command_now(phone, Command::NetworkChanged { online: Some(false) }).unwrap();
    world.run(100);
    let waiting = world.phones[phone].flows.is_empty();
    world.command_now(phone, Command::NetworkChanged { online: Some(true) }).unwrap();
    world.run(100);
    assert!(waiting, "no network is no reason to try");
    assert!(world.server.is_bound("bob"));
}

fn talking() -> (World, usize, usize, sipwake::io::CallId) {
    let mut world = World::new();
    let (alice, id) = world.add_registered("alice");
    let (bob, _) = world.add_registered("bob");
    let call = world.call(alice, id, "bob");
    world.run(200);
    let theirs = world.only_call(bob).id;
    world.command(bob, Command::Answer(theirs, Extra::default()));
    world.run(300);
    world.media_event(alice, MediaEvent::Connected { connected: true });
    (world, alice, bob, call)
}

fn restarts(world: &World, phone: usize) -> usize {
    let restart = |command: &MediaCommand| matches!(command, MediaCommand::Offer { restart: true });
    world.phones[phone].media.iter().filter(|(_, command)| restart(command)).count()
}

/// The rule: signalling lost → a new flow, and ICE is not started anew for that; media lost and signalling sound → ICE is
/// started anew, and the flow stays.
#[test]
fn lost_media_restarts_ice_and_never_replaces_a_sound_flow() {
    let (mut world, alice, _, _) = talking();
    let flow = world.phones[alice].flows[0];
    world.media_event(alice, MediaEvent::Connected { connected: false });
    world.run(4_000);
    assert_eq!(restarts(&world, alice), 1);
    world.media_event(alice, MediaEvent::Connected { connected: true });
    world.run(20_000);
    assert_eq!(world.phones[alice].flows, [flow]);
}

#[test]
fn a_lost_flow_is_replaced_and_ice_is_left_alone_while_media_flows() {
    let (mut world, alice, bob, _) = talking();
    world.cut(alice);
    world.run(5_000);
    assert_eq!(restarts(&world, alice), 0);
    assert_eq!((world.calls(alice).len(), world.calls(bob).len()), (1, 1));
}

#[test]
fn media_that_is_lost_with_its_flow_waits_for_the_new_one() {
    let (mut world, alice, _, _) = talking();
    let flow = world.phones[alice].flows[0];
    world.phones[alice].deaf = true;
    world.media_event(alice, MediaEvent::Failed(sipwake::io::MediaFailure::ConnectionLost));
    world.run(4_900);
    assert_eq!(restarts(&world, alice), 0, "nobody would hear of it");
    assert_eq!(world.phones[alice].flows, [flow]);
    world.run(200);
    assert_ne!(world.phones[alice].flows.first(), Some(&flow), "found five seconds after media was lost");
    world.phones[alice].deaf = false;
    world.run(3_000);
    assert_eq!(restarts(&world, alice), 1);
    assert_eq!(world.calls(alice).len(), 1);
}

/// RFC 3608 6.1, 6.2: the way of requests outside dialogs, as the last 200 said, and none for REGISTER itself.
#[test]
fn the_service_route_is_the_way_of_new_requests() {
    let (mut world, phone, id) = phone(account("bob"));
    let routes = "<sip:p1.example.test;lr>, <sip:p2.example.test;lr;x=1>;param=2";
    world.server.register_headers = vec![("Service-Route", routes.to_owned())];
    world.command(phone, Command::Register(id));
    world.run(100);
    world.call(phone, id, "carol");
    world.run(100);
    let invite = last_of(&world, &Method::Invite);
    let lines: Vec<_> = invite.headers.lines(HeaderName::Route).collect();
    assert_eq!(lines, ["<sip:p1.example.test;lr>", "<sip:p2.example.test;lr;x=1>"]);
    let options = Command::SendOptions { account: id, target: "carol".to_owned(), extra: Extra::default() };
    world.command(phone, options);
    world.run(100);
    assert_eq!(last_of(&world, &Method::Options).headers.lines(HeaderName::Route).count(), 2);
    assert_eq!(last_of(&world, &Method::Register).headers.get(HeaderName::Route), None);
    world.server.register_headers.clear();
    world.command(phone, Command::Register(id));
    world.run(100);
    world.call(phone, id, "carol");
    world.run(100);
    assert_eq!(last_of(&world, &Method::Invite).headers.get(HeaderName::Route), None, "replaced by each 200");
}

/// RFC 3608 5: only loose routers, all or none, and not without end.
#[test]
fn a_service_route_that_cannot_be_used_is_left_out_whole() {
    let many = vec!["<sip:p.example.test;lr>"; 40].join(", ");
    for routes in ["<sip:a;lr>, <sip:strict.example.test>", "<tel:+1;lr>", "<sip:a;lr>, <", "<sip:a;lr?X=y>", &many] {
        let (mut world, phone, id) = phone(account("bob"));
        world.server.register_headers = vec![("Service-Route", routes.to_owned())];
        world.command(phone, Command::Register(id));
        world.run(100);
        assert_eq!(last(&world, phone).state, RegistrationState::Registered);
        world.call(phone, id, "carol");
        world.run(100);
        assert_eq!(last_of(&world, &Method::Invite).headers.get(HeaderName::Route), None, "{routes}");
    }
}

/// RFC 5626 4.3: `ob` asks for the flow, where the registrar has outbound and there is no GRUU.
#[test]
fn what_makes_a_dialog_asks_for_its_flow_where_the_registrar_has_outbound() {
    for (outbound, gruu, asks) in [(true, false, true), (true, true, false), (false, false, false)] {
        let mut world = World::new();
        world.server.add_user("bob", "secret");
        world.server.add_user("carol", "secret");
        world.server.outbound = outbound;
        world.server.gruu = gruu.then(|| "sip:bob@example.test;gr=1".to_owned());
        let phone = world.add_phone(EndpointOptions::default());
        let id = world.create_account(phone, account("bob"));
        world.run(100);
        world.call(phone, id, "carol");
        world.run(100);
        let invite = last_of(&world, &Method::Invite);
        let contact = invite.headers.get(HeaderName::Contact).unwrap();
        assert_eq!(contact.ends_with(";ob>"), asks, "{contact}");
        assert!(!last_of(&world, &Method::Register).headers.get(HeaderName::Contact).unwrap().contains(";ob"));
    }
}

/// RFC 5627 4.2: the public GRUU alone, in whatever quotes, and the temporary one is of no use.
#[test]
fn the_public_gruu_is_taken_and_the_temporary_one_is_not() {
    for (gruu, taken) in [
        ("sip:bob@example.test;gr=urn:uuid:f8", true),
        ("sip:bob@example.test;gr=\"", false),
        ("sip:bob@example.test", false),
        ("sip:bob@example.test;gr;pn-prid=x", false),
        ("sip:bob@example.test;gr\";temp-gruu=\"sip:tmp@example.test;gr", true),
    ] {
        let mut world = World::new();
        world.server.add_user("bob", "secret");
        world.server.add_user("carol", "secret");
        world.server.gruu = Some(gruu.to_owned());
        let phone = world.add_phone(EndpointOptions::default());
        let id = world.create_account(phone, account("bob"));
        world.run(5_000);
        if last(&world, phone).state != RegistrationState::Registered {
            // A Contact that cannot be read is none.
            assert!(!taken);
            continue;
        }
        world.call(phone, id, "carol");
        world.run(100);
        let invite = last_of(&world, &Method::Invite);
        let contact = invite.headers.get(HeaderName::Contact).unwrap();
        assert_eq!(contact.contains(";gr"), taken, "{gruu}: {contact}");
        assert!(!contact.contains("tmp"));
    }
}

fn doubled() -> (World, usize, AccountId) {
    let (mut world, phone, id) = phone(AccountOptions { flows: 2, ..bob(&[ONE, TWO]) });
    world.run(200);
    (world, phone, id)
}

/// RFC 5626 4.2, 4.2.1: two flows to two servers, one instance, two reg-ids, each with a Call-ID of its own.
#[test]
fn two_flows_are_registered_where_the_registrar_supports_that() {
    let (world, phone, _) = doubled();
    assert_eq!(world.phones[phone].open_urls(), [ONE, TWO]);
    let ids: Vec<_> = world.server.bindings.iter().map(|binding| binding.reg_id).collect();
    assert_eq!(ids, [1, 2]);
    assert_eq!(world.server.bindings[0].instance, world.server.bindings[1].instance);
    assert_ne!(world.server.bindings[0].contact, world.server.bindings[1].contact);
    let registers = world.server.registers();
    assert_ne!(registers[0].headers.call_id(), registers[registers.len() - 1].headers.call_id());
    let states: Vec<_> = world.phones[phone]
        .events
        .iter()
        .filter_map(|event| match event {
            Event::RegistrationChanged(info) => Some(info.state),
            _ => None,
        })
        .collect();
    assert_eq!(states, [RegistrationState::Registering, RegistrationState::Registered], "one registration to see");
}

/// RFC 5626 4.2.1: a registrar without outbound would send every call twice.
#[test]
fn a_registrar_without_outbound_gets_one_flow() {
    let mut world = World::new();
    world.server.add_user("bob", "secret");
    let phone = world.add_phone(EndpointOptions::default());
    world.create_account(phone, AccountOptions { flows: 2, ..bob(&[ONE, TWO]) });
    world.run(60_000);
    assert_eq!((world.phones[phone].flows.len(), world.server.bindings.len()), (1, 1));
}

#[test]
fn one_server_gets_one_flow() {
    let (mut world, phone, _) = phone(AccountOptions { flows: 2, ..bob(&[ONE]) });
    world.run(60_000);
    assert_eq!(world.phones[phone].flows.len(), 1);
}

/// RFC 5626 4.2: a request leaves on whatever flow works, and says where it is.
#[test]
fn without_the_first_flow_requests_leave_on_the_second() {
    let (mut world, phone, id) = doubled();
    world.phones[phone].down = vec![ONE];
    let (first, second) = (world.phones[phone].flows[0], world.phones[phone].flows[1]);
    close(&mut world, phone, first);
    world.run(10);
    assert_eq!(last(&world, phone).state, RegistrationState::Registered, "it can be reached");
    assert!(
        !world.phones[phone]
            .events
            .iter()
            .any(|event| matches!(event, Event::ConnectivityChanged { state: TransportState::Waiting, .. }))
    );
    world.call(phone, id, "carol");
    world.run(100);
    let sent = world.phones[phone].sent.iter().rposition(|text| text.starts_with("INVITE")).unwrap();
    assert_eq!(world.phones[phone].sent_on[sent], second);
    let contact = world.server.bindings[0].contact.clone();
    let invite = last_of(&world, &Method::Invite);
    assert!(invite.headers.get(HeaderName::Contact).unwrap().contains(&contact));
    // RFC 5626 4.5: without haste, as long as the other works; and then it comes back.
    world.run(20_000);
    let tried = |world: &World| world.phones[phone].urls.iter().filter(|(_, url)| url == ONE).count();
    assert_eq!(tried(&world), 1);
    world.phones[phone].down.clear();
    world.run(100_000);
    assert_eq!(world.server.bindings.len(), 2);
}

#[test]
fn when_both_flows_are_lost_there_is_haste_again() {
    let (mut world, phone, _) = doubled();
    for flow in world.phones[phone].flows.clone() {
        close(&mut world, phone, flow);
    }
    world.run(5_000);
    assert!(world.server.is_bound("bob"));
    assert_eq!(last(&world, phone).state, RegistrationState::Registered);
    world.run(200_000);
    assert_eq!(world.server.bindings.len(), 2);
}

/// RFC 5626 4.3: what comes on the second flow is answered there, with its Contact.
#[test]
fn a_call_comes_on_either_flow_and_outlives_it() {
    let (mut world, phone, _) = doubled();
    let (carol, carols) = world.add_registered("carol");
    world.call(carol, carols, "bob");
    world.run(100);
    let call = world.only_call(phone);
    world.command(phone, Command::Answer(call.id, Extra::default()));
    world.run(300);
    let ok =
        world.phones[phone].sent.iter().position(|text| text.starts_with("SIP/2.0 200") && text.contains("INVITE"));
    let ok = ok.unwrap();
    let flow = world.phones[phone].sent_on[ok];
    assert_eq!(world.phones[phone].url_of(flow), Some(TWO));
    let binding = world.server.bindings.iter().find(|binding| binding.flow == flow).unwrap();
    assert!(world.phones[phone].sent[ok].contains(&binding.contact));
    // The flow of the call is lost: it goes on over the other at once.
    close(&mut world, phone, flow);
    world.run(300);
    assert_eq!(count(&world, &Method::Update), 1);
    assert_eq!((world.calls(phone).len(), world.calls(carol).len()), (1, 1));
}

#[test]
fn unregistering_and_removing_leave_no_flow_behind() {
    let (mut world, phone, id) = doubled();
    world.command(phone, Command::Unregister(id));
    world.run(200);
    assert!(world.server.bindings.is_empty());
    world.command(phone, Command::Register(id));
    world.run(500);
    assert_eq!(world.server.bindings.len(), 2);
    world.command(phone, Command::UnregisterAll(id));
    world.run(200);
    assert!(world.server.bindings.is_empty());
    world.command(phone, Command::Register(id));
    world.run(500);
    world.command(phone, Command::RemoveAccount(id));
    world.run(200);
    assert!(world.server.bindings.is_empty() && world.phones[phone].flows.is_empty());
    assert!(world.phones[phone].endpoint.accounts().is_empty());
}

#[test]
fn a_phone_that_slept_comes_back_with_both_flows() {
    let (mut world, phone, _) = doubled();
    let command = world.command(phone, Command::Suspend);
    world.run(200);
    assert_eq!(world.result(phone, command), Some(Ok(sipwake::io::Reply::Done)));
    assert!(world.phones[phone].flows.is_empty());
    world.run(300_000);
    assert!(world.phones[phone].flows.is_empty(), "nothing wakes by itself");
    world.command_now(phone, Command::Resume { suspended_ms: 300_000 }).unwrap();
    world.run(500);
    assert_eq!(world.phones[phone].open_urls(), [ONE, TWO]);
    assert_eq!(world.server.bindings.len(), 2);
}

/// RFC 5626 4.2.1: a registrar that has outbound no more keeps one binding.
#[test]
fn the_second_flow_goes_when_the_registrar_has_no_outbound_any_more() {
    let (mut world, phone, id) = doubled();
    world.server.outbound = false;
    world.server.bindings.retain(|binding| binding.reg_id == 1);
    world.command(phone, Command::Register(id));
    world.run(500);
    assert_eq!(world.phones[phone].open_urls(), [ONE]);
    assert_eq!(last(&world, phone).state, RegistrationState::Registered);
}

fn refused_second() -> (World, usize, AccountId) {
    let mut world = World::new();
    world.server.add_user("bob", "secret");
    world.server.outbound = true;
    world.server.second_status = Some(403);
    let phone = world.add_phone(EndpointOptions::default());
    let id = world.create_account(phone, AccountOptions { flows: 2, ..bob(&[ONE, TWO]) });
    world.run(1_000);
    assert_eq!(world.phones[phone].open_urls(), [ONE], "a refused flow is not kept open");
    assert_eq!(last(&world, phone).state, RegistrationState::Registered);
    (world, phone, id)
}

fn seconds(world: &World) -> usize {
    let second = |request: &&Request| request.headers.get(HeaderName::Contact).unwrap().contains("reg-id=2");
    world.server.registers().into_iter().filter(second).count()
}

/// RFC 5626 4.5: 45 to 90 seconds at first while the other flow works, doubled each time, half an hour at most.
#[test]
fn a_second_flow_that_was_refused_is_asked_for_again_with_patience() {
    let (mut world, phone, _) = refused_second();
    world.run(43_000);
    assert_eq!(seconds(&world), 1);
    world.run(50_000);
    assert_eq!(seconds(&world), 2);
    world.run(7_200_000);
    // Waits of 180, 360, 720, 1440 and then 1800 seconds, each at least half of that.
    assert!((5..=12).contains(&seconds(&world)), "{}", seconds(&world));
    world.server.second_status = None;
    world.run(1_900_000);
    assert_eq!(world.phones[phone].open_urls(), [ONE, TWO]);
    assert_eq!(world.server.bindings.len(), 2);
}

/// RFC 5626 4.5: what changes meanwhile ends the wait: another network, a new first flow, the application's wish.
#[test]
fn a_second_flow_that_was_refused_is_asked_for_again_when_things_change() {
    for change in 0..3 {
        let (mut world, phone, id) = refused_second();
        world.server.second_status = None;
        match change {
            0 => {
                world.command_now(phone, Command::NetworkChanged { online: Some(true) }).unwrap();
            }
            1 => {
                let flow = world.phones[phone].flows[0];
                close(&mut world, phone, flow);
            }
            _ => {
                world.command(phone, Command::Register(id));
            }
        }
        world.run(5_000);
        assert_eq!(world.server.bindings.len(), 2, "{change}");
    }
    let (mut world, phone, _) = refused_second();
    world.command_now(phone, Command::NetworkChanged { online: Some(false) }).unwrap();
    world.run(1_000);
    assert_eq!(seconds(&world), 1, "no network is no reason to try");
}

/// A page that sleeps tries nothing, however long ago the second flow was refused.
#[test]
fn a_refused_second_flow_does_not_wake_who_sleeps_or_has_unregistered() {
    for sleeps in [true, false] {
        let (mut world, phone, id) = refused_second();
        world.command(phone, if sleeps { Command::Suspend } else { Command::Unregister(id) });
        world.run(400_000);
        assert_eq!(seconds(&world), 1);
        let command = if sleeps { Command::Resume { suspended_ms: 400_000 } } else { Command::Register(id) };
        world.server.second_status = None;
        world.command(phone, command);
        world.run(1_000);
        assert_eq!(world.server.bindings.len(), 2);
    }
}

fn network(online: bool, address_changed: bool) -> HostInput {
    HostInput::Network(NetworkChanged {
        online,
        interface: NetworkInterface::Cellular,
        expensive: true,
        constrained: false,
        address_changed,
    })
}

/// The host knows the network better than a page: another address means another flow, anything else a question.
#[test]
fn the_hosts_word_on_the_network_renews_or_asks() {
    let mut world = World::new();
    let phone = world.add_iphone("bob");
    world.run(500);
    assert!(world.server.is_bound("bob"));
    let flow = world.phones[phone].flows[0];
    world.host_input(phone, network(true, false));
    world.host_input(phone, network(false, false));
    world.run(6_000);
    assert_eq!(world.phones[phone].flows, [flow]);
    world.host_input(phone, network(true, true));
    world.run(500);
    assert_ne!(world.phones[phone].flows, [flow]);
    assert!(world.server.is_bound("bob"));
    assert_eq!(world.shell(phone).problems, 0);
}
