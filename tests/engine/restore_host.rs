//! A call goes through the death of its page, and its audio is the host's: it never stops.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::bridge::{CallAction, EndReason};
use sipwake::host::{HostInput, HostOptions, Profile};
use sipwake::io::{CallState, Command, Event, Extra, Input, MediaCommand, MediaEvent, MediaId, OutcomeKind, Reply};

use crate::wake::push_account;
use crate::world::World;

struct Scene {
    world: World,
    alice: usize,
    bob: usize,
}

/// Alice talks with bob, whose phone has a host.
fn talking(profile: Profile) -> Scene {
    let mut world = World::new();
    let (alice, account) = world.add_registered("alice");
    let bob = world.add_iphone_with(push_account("bob"), HostOptions { profile, ..HostOptions::default() });
    world.call(alice, account, "bob");
    world.run(500);
    world.perform(bob, CallAction::Answer);
    world.run(3_000);
    assert_eq!(world.only_call(bob).state, CallState::Connected);
    let mut scene = Scene { world, alice, bob };
    scene.media_is(true);
    assert!(scene.world.only_call(bob).media_connected);
    scene
}

impl Scene {
    fn media(&self) -> Vec<MediaId> {
        self.world.phones[self.bob].open_media.clone()
    }

    /// ICE and DTLS of bob's session are up, or are not.
    fn media_is(&mut self, connected: bool) {
        let media = self.media()[0];
        self.world.happen(self.bob, Input::Media { media, number: 0, event: MediaEvent::Connected { connected } });
        self.world.run(10);
    }

    fn dies(&mut self) {
        self.world.phones[self.bob].media.clear();
        self.world.page_dies(self.bob);
        self.world.run(300);
    }

    fn comes_back(&mut self) {
        self.world.phones[self.bob].events.clear();
        self.world.page_begins(self.bob, push_account("bob"), 900);
        self.world.run(500);
    }

    fn shown(&self) -> Vec<Option<EndReason>> {
        self.world.shell(self.bob).shown.iter().map(|shown| shown.ended).collect()
    }

    fn asked_of_media(&self, which: fn(&MediaCommand) -> bool) -> usize {
        self.world.phones[self.bob].media.iter().filter(|(_, command)| which(command)).count()
    }
}

/// RFC 3261 12.2.1.1: the far end is told the new Contact, and no session is offered, for the session is the same.
#[test]
fn the_audio_goes_on_and_so_does_the_call() {
    let mut scene = talking(Profile::HostMedia);
    let (before, media) = (scene.world.only_call(scene.bob), scene.media());
    scene.dies();
    assert_eq!((scene.media(), scene.shown()), (media.clone(), vec![None]), "without a page the host goes on");
    scene.comes_back();
    let call = scene.world.only_call(scene.bob);
    assert_eq!((&call.uuid, call.state, call.media_connected), (&before.uuid, CallState::Connected, true));
    assert_eq!(call.connected_at, before.connected_at);
    assert!(scene.world.phones[scene.bob].events.iter().any(|event| matches!(event, Event::CallRestored(_))));
    assert_eq!(scene.media(), media);
    let touches = |command: &MediaCommand| {
        matches!(command, MediaCommand::Close | MediaCommand::Open { .. } | MediaCommand::Offer { .. })
    };
    assert_eq!(scene.asked_of_media(touches), 0);
    let sent = &scene.world.phones[scene.bob].sent;
    let update = sent.iter().rfind(|text| text.starts_with("UPDATE ")).expect("a target refresh");
    assert!(update.contains("Content-Length: 0"));
    assert!(!sent.iter().any(|text| text.starts_with("INVITE ")));
    // It is there for good, and both screens and both ends still have it in hand.
    scene.world.run(60_000);
    scene.world.perform(scene.bob, CallAction::Hold);
    scene.world.run(500);
    assert!(scene.world.only_call(scene.alice).remote_hold);
    let theirs = scene.world.only_call(scene.alice).id;
    scene.world.command(scene.alice, Command::Hangup(theirs, Extra::default()));
    scene.world.run(500);
    assert_eq!(scene.shown(), [Some(EndReason::RemoteEnded)]);
    assert!(scene.media().is_empty());
    assert_eq!(scene.world.shell(scene.bob).problems, 0);
}

#[test]
fn a_session_that_is_left_alone_is_closed_with_its_call() {
    let mut scene = talking(Profile::HostMedia);
    scene.dies();
    scene.world.run(20_000);
    assert_eq!(scene.shown(), [Some(EndReason::Failed)]);
    assert!(scene.media().is_empty());
    // A page that comes later is not taken for the one that had it, and tells the far end.
    scene.comes_back();
    scene.world.run(1_000);
    assert!(scene.world.calls(scene.bob).is_empty() && scene.world.calls(scene.alice).is_empty());
    assert_eq!(scene.world.outcomes(scene.bob)[0].kind, OutcomeKind::Failed);
    assert!(scene.media().is_empty());
}

#[test]
fn an_end_without_a_page_ends_the_audio_at_once() {
    let mut scene = talking(Profile::HostMedia);
    scene.dies();
    scene.world.perform(scene.bob, CallAction::End);
    scene.world.run(10);
    assert!(scene.media().is_empty());
    scene.comes_back();
    assert!(scene.world.calls(scene.alice).is_empty());
    assert_eq!(scene.asked_of_media(|command| matches!(command, MediaCommand::Open { .. })), 0, "no microphone");
}

/// What was lost while nobody looked is found out: media that is gone is mended by a restart of ICE.
#[test]
fn media_that_was_lost_meanwhile_is_mended() {
    let mut scene = talking(Profile::HostMedia);
    scene.dies();
    scene.media_is(false);
    scene.comes_back();
    assert!(!scene.world.only_call(scene.bob).media_connected);
    scene.world.run(5_000);
    assert!(scene.asked_of_media(|command| matches!(command, MediaCommand::Offer { restart: true })) >= 1);
    scene.media_is(true);
    scene.world.run(60_000);
    assert!(scene.world.only_call(scene.bob).media_connected);
}

/// RFC 3261 14.1: a page that dies within an exchange of either side leaves a session that both agree on in the end.
#[test]
fn a_death_within_an_exchange_ends_in_one_session() {
    for moment in [2, 8, 12, 22, 27, 32, 38, 45, 60, 80] {
        for ours in [true, false] {
            let mut scene = talking(Profile::HostMedia);
            let media = scene.media();
            if ours {
                scene.world.perform(scene.bob, CallAction::Hold);
            } else {
                let theirs = scene.world.only_call(scene.alice).id;
                scene.world.command(scene.alice, Command::Hold(theirs, true));
            }
            scene.world.run(moment);
            scene.dies();
            scene.comes_back();
            scene.world.run(40_000);
            assert_eq!(scene.media(), media);
            let (one, other) = (scene.world.only_call(scene.bob), scene.world.only_call(scene.alice));
            assert_eq!((one.on_hold, one.remote_hold), (other.remote_hold, other.on_hold), "{moment} {ours}");
            let hold = scene.world.command(scene.bob, Command::Hold(one.id, !one.on_hold));
            scene.world.run(1_000);
            assert_eq!(scene.world.result(scene.bob, hold), Some(Ok(Reply::Done)), "{moment} {ours}");
        }
    }
}

/// The session of a new call is no other call's, whatever number it has.
#[test]
fn a_second_call_after_the_death_has_a_session_of_its_own() {
    let mut scene = talking(Profile::HostMedia);
    let media = scene.media();
    scene.dies();
    scene.comes_back();
    let (carol, account) = scene.world.add_registered("carol");
    scene.world.call(carol, account, "bob");
    scene.world.run(500);
    scene.world.perform(scene.bob, CallAction::Answer);
    scene.world.run(2_000);
    assert_eq!(scene.media().len(), 2);
    assert!(scene.media().contains(&media[0]));
}

/// The app is gone and its call screens with it: what it kept says whom to tell.
#[test]
fn the_apps_own_death_ends_the_call_and_the_far_end_is_told() {
    let mut scene = talking(Profile::HostMedia);
    let (key, value) = scene.world.shell(scene.bob).kept.last().cloned().expect("the app was asked to keep it");
    scene.world.app_dies(scene.bob, HostOptions::default());
    scene.world.phones[scene.bob].open_media.clear();
    scene.world.cut(scene.bob);
    scene.world.host_input(scene.bob, HostInput::KeptState { key, value });
    scene.comes_back();
    scene.world.run(1_000);
    assert!(scene.world.calls(scene.bob).is_empty() && scene.world.calls(scene.alice).is_empty());
    assert_eq!(scene.world.outcomes(scene.bob)[0].kind, OutcomeKind::Failed);
    assert!(scene.media().is_empty());
}

/// Where the audio is the page's it stops with it, and comes back with the next: a new session is offered.
#[test]
fn audio_of_the_page_comes_back_with_the_page() {
    let mut scene = talking(Profile::PageMedia);
    scene.dies();
    assert!(scene.media().is_empty());
    scene.comes_back();
    scene.world.run(500);
    assert_eq!(scene.media().len(), 1);
    scene.media_is(true);
    scene.world.run(60_000);
    assert!(scene.world.only_call(scene.bob).media_connected);
    assert_eq!(scene.world.only_call(scene.alice).state, CallState::Connected);
}

/// RFC 3261 12.2.1.1: a host that has no call screen for the calls of the application knows nothing of them, and the next
/// page goes on with them all the same.
#[test]
fn a_call_that_the_host_never_heard_of_goes_on() {
    let mut world = World::new();
    let alice = world.add_registered("alice").0;
    let options = HostOptions { profile: Profile::PageMedia, ..HostOptions::default() };
    let bob = world.add_iphone_with(push_account("bob"), options);
    world.run(500);
    let account = world.phones[bob].endpoint.accounts()[0].id;
    world.call(bob, account, "alice");
    world.run(500);
    let ringing = world.only_call(alice).id;
    world.command(alice, Command::Answer(ringing, Extra::default()));
    world.run(3_000);
    let mut scene = Scene { world, alice, bob };
    scene.dies();
    scene.comes_back();
    scene.world.run(5_000);
    assert_eq!(scene.world.only_call(alice).state, CallState::Connected);
    assert_eq!(scene.world.only_call(bob).state, CallState::Connected);
}

/// RFC 3261 15.1: an end that comes before the account of the call that a page before had is carried out when it is there.
#[test]
fn an_end_before_its_account_ends_the_call() {
    let mut scene = talking(Profile::HostMedia);
    scene.dies();
    scene.world.page_loads(scene.bob, 900);
    scene.world.run(500);
    scene.world.perform(scene.bob, CallAction::End);
    scene.world.run(500);
    assert_eq!(scene.world.only_call(scene.alice).state, CallState::Connected);
    scene.world.create_account(scene.bob, push_account("bob"));
    scene.world.run(3_000);
    assert!(scene.world.phones[scene.alice].endpoint.calls().is_empty());
}
