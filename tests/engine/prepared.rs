//! Candidates are gathered for a call that a push announces, before its INVITE is here (RFC 8445 section 5.1 says nothing
//! of when); whatever becomes of the push, nothing stays open.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::bridge::{CallAction, Launch};
use sipwake::host::{HostInput, HostOptions, Profile};
use sipwake::io::{CallId, CallState, Command, Extra, FlowEvent, MediaCommand, MediaId};

use crate::wake::push_account;
use crate::world::{DELAY, World};

struct Scene {
    world: World,
    alice: usize,
    bob: usize,
    call: CallId,
}

/// Bob's phone sleeps, alice's call is held, the push is out.
fn held(profile: Profile) -> Scene {
    let mut world = World::new();
    let (alice, alices) = world.add_registered("alice");
    let options = HostOptions { profile, ..HostOptions::default() };
    let bob = world.add_iphone_with(push_account("bob"), options);
    world.background(bob);
    let call = world.call(alice, alices, "bob");
    world.run(100);
    Scene { world, alice, bob, call }
}

impl Scene {
    /// The sessions that bob's page was told to make ready, and those that it was told to open.
    fn sessions(&self) -> (Vec<MediaId>, Vec<MediaId>) {
        let (mut ready, mut open) = (Vec::new(), Vec::new());
        for (media, command) in &self.world.phones[self.bob].media {
            match command {
                MediaCommand::Prepare { .. } => ready.push(*media),
                MediaCommand::Open { .. } => open.push(*media),
                _ => {}
            }
        }
        (ready, open)
    }

    fn is_gathering(&self) -> bool {
        !self.world.phones[self.bob].prepared.is_empty()
    }

    fn hangs_up(&mut self) {
        self.world.command_now(self.alice, Command::Hangup(self.call, Extra::default())).unwrap();
    }

    fn leaves_nothing(&self) {
        let phone = &self.world.phones[self.bob];
        assert!(phone.prepared.is_empty() && phone.open_media.is_empty(), "{:?}", phone.media);
    }
}

#[test]
fn a_push_begins_gathering_and_the_call_takes_it_over() {
    let mut scene = held(Profile::PageMedia);
    scene.world.server.keeps = true;
    scene.world.push(scene.bob, 100);
    scene.world.run(400);
    assert!(scene.world.calls(scene.bob).is_empty(), "the INVITE is not here");
    assert!(scene.is_gathering());
    for (to, flow, octets) in scene.world.server.release("bob") {
        scene.world.deliver(to, DELAY, flow, FlowEvent::Received(octets));
    }
    scene.world.run(500);
    assert_eq!(scene.world.only_call(scene.bob).state, CallState::Ringing);
    assert!(scene.is_gathering());
    scene.world.perform(scene.bob, CallAction::Answer);
    // The screen of a phone whose page owns the sound goes first.
    scene.world.run(3_000);
    assert_eq!(scene.world.state(scene.alice, scene.call), Some(CallState::Connected));
    let (ready, open) = scene.sessions();
    assert_eq!((ready.len(), &ready), (1, &open));
    assert!(!scene.is_gathering());
    scene.hangs_up();
    scene.world.run(500);
    scene.leaves_nothing();
}

#[test]
fn a_push_without_a_call_closes_what_it_began() {
    let mut scene = held(Profile::PageMedia);
    scene.hangs_up();
    scene.world.push(scene.bob, 100);
    scene.world.run(500);
    assert!(scene.is_gathering());
    scene.world.run(15_500);
    scene.leaves_nothing();
    assert_eq!(scene.sessions().0.len(), 1);
}

#[test]
fn a_call_that_is_not_answered_closes_what_its_push_began() {
    let endings: [fn(&mut Scene); 3] = [
        |scene| drop(scene.world.perform(scene.bob, CallAction::End)),
        Scene::hangs_up,
        |scene| scene.world.provider_reset(scene.bob),
    ];
    for end in endings {
        let mut scene = held(Profile::PageMedia);
        scene.world.push(scene.bob, 100);
        scene.world.run(500);
        assert!(scene.is_gathering());
        end(&mut scene);
        scene.world.run(1_000);
        scene.leaves_nothing();
    }
}

#[test]
fn who_has_declined_before_the_invite_gathers_nothing_more() {
    let mut scene = held(Profile::PageMedia);
    scene.world.server.keeps = true;
    scene.world.push(scene.bob, 100);
    scene.world.run(400);
    assert!(scene.is_gathering());
    scene.world.perform(scene.bob, CallAction::End);
    scene.world.run(100);
    scene.leaves_nothing();
}

#[test]
fn a_registration_that_fails_closes_what_the_push_began() {
    let mut scene = held(Profile::PageMedia);
    scene.world.server.register_status = Some(403);
    scene.world.push(scene.bob, 100);
    scene.world.run(1_000);
    assert_eq!(scene.sessions().0.len(), 1);
    scene.leaves_nothing();
}

#[test]
fn two_pushes_for_one_call_gather_once() {
    let mut scene = held(Profile::PageMedia);
    scene.world.server.keeps = true;
    scene.world.push(scene.bob, 100);
    scene.world.run(200);
    let payload = format!("{{\"aps\":{{\"call-id\":\"{}\"}}}}", scene.world.server.pushes[0].call_id);
    let (launch, locked) = (Launch::Foreground, false);
    let again = HostInput::Push { payload, must_report: true, launch, locked, unlocked_since_boot: true };
    scene.world.host_input(scene.bob, again);
    scene.world.run(200);
    assert_eq!(scene.sessions().0.len(), 1);
    assert!(scene.is_gathering());
}

/// The host has seen the push before the page, and owns the sessions.
#[test]
fn with_media_of_the_host_the_page_makes_nothing_ready() {
    let mut scene = held(Profile::HostMedia);
    scene.world.push(scene.bob, 100);
    scene.world.run(500);
    scene.world.perform(scene.bob, CallAction::Answer);
    scene.world.run(500);
    assert_eq!(scene.world.state(scene.alice, scene.call), Some(CallState::Connected));
    assert!(scene.sessions().0.is_empty());
}
