//! A host that keeps the time, the sockets and the media: the engine has nothing of its own but its memory.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use serde_json::Value;
use sipwake::bridge::CallAction;
use sipwake::host::HostOptions;
use sipwake::io::{AccountOptions, BackgroundPolicy, CallState};

use crate::scenario::Note;
use crate::wake::push_account;
use crate::world::World;

const HOUR: u64 = 3_600_000;

fn host() -> HostOptions {
    HostOptions { timers: true, ..HostOptions::default() }
}

/// Messages of these types that page and host sent each other since `from`, with their payloads.
pub fn said(world: &World, phone: usize, from: u64, name: &str) -> Vec<Value> {
    let texts = world.shell(phone).log.iter().filter(|(at, _)| *at >= from).filter_map(|(_, note)| match note {
        Note::ToHost(text) | Note::ToPage(text) => Some(text),
        _ => None,
    });
    let messages = texts.map(|text| serde_json::from_str::<Value>(text).unwrap());
    messages.filter(|message| message["type"] == name).collect()
}

/// The engine asked nobody but the host.
fn has_nothing_of_its_own(world: &World, phone: usize, since: u32) {
    assert_eq!(world.phones[phone].timeouts, since, "its own timer rang");
    assert_eq!(world.phones[phone].timer, None);
    assert!(world.phones[phone].own_flows.is_empty(), "a socket of its own");
    assert!(world.phones[phone].own_media.is_empty(), "a media session of its own");
    assert_eq!(world.shell(phone).problems, 0);
}

#[test]
fn a_phone_wakes_rings_talks_and_sleeps_with_no_socket_no_timer_and_no_media_of_its_own() {
    let mut world = World::new();
    let (alice, alices) = world.add_registered("alice");
    let bob = world.add_iphone_with(push_account("bob"), host());
    let since = world.phones[bob].timeouts;
    has_nothing_of_its_own(&world, bob, since);
    world.background(bob);
    let call = world.call(alice, alices, "bob");
    world.run(100);
    world.push(bob, 100);
    world.run(1_000);
    world.perform(bob, CallAction::Answer);
    world.run(1_000);
    assert_eq!(world.state(alice, call), Some(CallState::Connected));
    assert_eq!(world.only_call(bob).state, CallState::Connected);
    world.run(60_000);
    world.perform(bob, CallAction::End);
    world.run(1_000);
    assert!(world.calls(alice).is_empty());
    world.background(bob);
    has_nothing_of_its_own(&world, bob, since);
}

#[test]
fn what_is_due_later_is_done_when_the_hosts_timer_rings() {
    let mut world = World::new();
    let account = AccountOptions { background_policy: BackgroundPolicy::Keep, ..push_account("bob") };
    let bob = world.add_iphone_with(account, host());
    let since = world.phones[bob].timeouts;
    let before = world.sent(bob, "REGISTER");
    world.run(HOUR);
    assert!(world.server.is_bound("bob"));
    assert!(world.sent(bob, "REGISTER") > before, "the binding is refreshed");
    assert!(!said(&world, bob, 0, "timer.fired").is_empty());
    has_nothing_of_its_own(&world, bob, since);
}

#[test]
fn to_set_the_timer_is_no_reason_to_set_it_again() {
    let mut world = World::new();
    let account = AccountOptions { background_policy: BackgroundPolicy::Keep, ..push_account("bob") };
    let bob = world.add_iphone_with(account, host());
    world.run(10_000);
    let from = world.now;
    world.run(HOUR);
    let count = |name| said(&world, bob, from, name).len();
    let (set, fired, sent) = (count("timer.set"), count("timer.fired"), count("ws.send"));
    // Each ring sets it once, and so may each message that waits for an acknowledgement.
    assert!(set <= fired + sent + 1, "{set} set, {fired} rang, {sent} sent");
    assert!(fired <= 2 * sent + 1, "{fired} rang for {sent} that were sent");
    let acks = count("ack");
    assert!(acks <= 2 * (set + fired + sent + count("ws.message") + count("state.save")), "{acks} acks, {set} set");
}

#[test]
fn the_timer_of_a_page_that_died_does_not_ring() {
    let mut world = World::new();
    let bob = world.add_iphone_with(push_account("bob"), host());
    let from = world.now;
    world.page_dies(bob);
    world.run(HOUR);
    assert_eq!(said(&world, bob, from, "timer.fired").len(), 0);
    world.page_begins(bob, push_account("bob"), 77);
    world.run(1_000);
    assert!(world.server.is_bound("bob"));
    assert!(!said(&world, bob, from, "timer.set").is_empty());
    let since = world.phones[bob].timeouts;
    world.run(HOUR);
    has_nothing_of_its_own(&world, bob, since);
}

#[test]
fn without_the_capability_the_engine_keeps_its_own_time() {
    let mut world = World::new();
    let bob = world.add_iphone("bob");
    world.run(60_000);
    assert!(said(&world, bob, 0, "timer.set").is_empty());
    assert!(world.phones[bob].timer.is_some());
}

#[test]
fn a_host_that_is_lost_keeps_no_time_any_more() {
    let mut world = World::new();
    let bob = world.add_iphone_with(push_account("bob"), host());
    assert_eq!(world.phones[bob].timer, None);
    let session = said(&world, bob, 0, "welcome").pop().unwrap()["session"].clone();
    let reset = serde_json::json!({"v": 1, "type": "session.reset", "id": "h", "kind": "event", "session": session, "seq": 900, "ack": 0,
        "at": 1, "p": {"reason": "hostRestart"}});
    world.input(bob, sipwake::io::Input::Host(reset.to_string()));
    assert!(world.phones[bob].timer.is_some(), "its hello is repeated by its own timer");
}
