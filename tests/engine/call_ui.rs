//! Calls that the system shows: what the application does goes through the system first, and both show the same.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::bridge::{CallAction, EndReason, Handle, HandleType, IntentStartCall, RequestRefusal, StartSource};
use sipwake::host::{HostInput, HostOptions, Profile};
use sipwake::io::{CallId, CallState, Command, CommandId, ErrorCode, Event, Extra, OutcomeKind, Reply};

use crate::wake::push_account;
use crate::world::World;

struct Scene {
    world: World,
    alice: usize,
    bob: usize,
}

/// Bob's phone has a call screen; alice's is a browser.
fn scene() -> Scene {
    scene_with(HostOptions::default())
}

fn scene_with(options: HostOptions) -> Scene {
    let mut world = World::new();
    let (alice, _) = world.add_registered("alice");
    let bob = world.add_iphone_with(push_account("bob"), options);
    Scene { world, alice, bob }
}

impl Scene {
    /// Bob's application calls alice.
    fn call(&mut self) -> CallId {
        let account = self.world.phones[self.bob].endpoint.accounts()[0].id;
        self.world.call(self.bob, account, "alice")
    }

    /// The same, answered.
    fn talk(&mut self) -> CallId {
        let call = self.call();
        self.world.run(500);
        let theirs = self.world.only_call(self.alice).id;
        self.world.command(self.alice, Command::Answer(theirs, Extra::default()));
        self.world.run(1_000);
        assert_eq!(self.world.state(self.bob, call), Some(CallState::Connected));
        call
    }

    fn command(&mut self, command: Command) -> CommandId {
        self.world.command(self.bob, command)
    }

    fn told(&self, words: &[&str]) -> usize {
        let posted = self.world.phones[self.bob].posted.iter();
        posted.filter(|text| words.iter().all(|word| text.contains(word))).count()
    }
}

#[test]
fn a_call_starts_when_the_system_lets_it() {
    let mut scene = scene();
    let call = scene.call();
    assert_eq!(scene.world.sent(scene.bob, "INVITE"), 0, "not before the system was asked");
    assert!(scene.world.phones[scene.bob].open_media.is_empty());
    scene.world.run(1_000);
    assert_eq!(scene.world.state(scene.alice, scene.world.only_call(scene.alice).id), Some(CallState::Ringing));
    let shell = scene.world.shell(scene.bob);
    assert_eq!(shell.shown[0].uuid, scene.world.only_call(scene.bob).uuid);
    assert_eq!(shell.fulfilled, shell.by_itself);
    assert_eq!(shell.outgoing, ["connecting"]);
    let theirs = scene.world.only_call(scene.alice).id;
    scene.world.command(scene.alice, Command::Answer(theirs, Extra::default()));
    scene.world.run(500);
    assert_eq!(scene.world.shell(scene.bob).outgoing, ["connecting", "connected"]);
    assert_eq!(scene.world.state(scene.bob, call), Some(CallState::Connected));
}

/// The refusal has its own error, and nothing of the call was on the wire.
#[test]
fn a_call_that_the_system_refuses_fails_before_anything_is_sent() {
    for (refusal, code) in [
        (RequestRefusal::TooManyCalls, ErrorCode::TooManyCalls),
        (RequestRefusal::Unentitled, ErrorCode::HostRefused),
        (RequestRefusal::Other, ErrorCode::HostRefused),
    ] {
        let mut scene = scene();
        scene.world.phones[scene.bob].shell.as_mut().unwrap().refuses_requests = Some(refusal);
        scene.call();
        scene.world.run(20_000);
        let outcome = scene.world.outcomes(scene.bob).pop().unwrap();
        assert_eq!((outcome.kind, outcome.error.unwrap().code), (OutcomeKind::Failed, code));
        assert_eq!(scene.world.sent(scene.bob, "INVITE"), 0);
        assert!(scene.world.shell(scene.bob).shown.is_empty());
        assert!(scene.world.calls(scene.bob).is_empty() && scene.world.phones[scene.bob].open_media.is_empty());
    }
}

#[test]
fn more_calls_than_the_system_shows_are_refused() {
    let mut scene = scene_with(HostOptions { maximum_call_groups: 1, ..HostOptions::default() });
    scene.talk();
    scene.call();
    scene.world.run(1_000);
    let outcome = scene.world.outcomes(scene.bob).pop().unwrap();
    assert_eq!(outcome.error.unwrap().code, ErrorCode::TooManyCalls);
    assert_eq!(scene.world.calls(scene.bob).len(), 1);
}

#[test]
fn a_call_that_is_hung_up_before_it_may_start_never_starts() {
    let mut scene = scene();
    scene.world.phones[scene.bob].shell.as_mut().unwrap().ignores_starts = true;
    let call = scene.call();
    scene.world.run(100);
    let hung_up = scene.command(Command::Hangup(call, Extra::default()));
    scene.world.run(20_000);
    assert!(scene.world.result(scene.bob, hung_up).unwrap().is_ok());
    assert_eq!(scene.world.outcomes(scene.bob)[0].kind, OutcomeKind::Cancelled);
    assert_eq!(scene.world.sent(scene.bob, "INVITE"), 0);
}

#[test]
fn a_host_that_says_nothing_of_a_start_fails_the_call() {
    let mut scene = scene();
    scene.world.phones[scene.bob].shell.as_mut().unwrap().ignores_starts = true;
    scene.call();
    scene.world.run(1_500);
    assert_eq!(scene.world.calls(scene.bob).len(), 1);
    scene.world.run(2_000);
    assert_eq!(scene.world.outcomes(scene.bob)[0].error.clone().unwrap().code, ErrorCode::HostRefused);
}

/// Where the page owns the audio no call of its own is on the screen: the two exclude each other.
#[test]
fn a_page_with_its_own_audio_starts_calls_by_itself() {
    let mut scene = scene_with(HostOptions { profile: Profile::PageMedia, ..HostOptions::default() });
    scene.talk();
    assert!(scene.world.shell(scene.bob).shown.is_empty());
    assert_eq!(scene.told(&["\"call.start\""]), 0);
}

#[test]
fn a_user_who_gives_up_on_the_screen_cancels_the_call() {
    let mut scene = scene();
    scene.call();
    scene.world.run(500);
    scene.world.perform(scene.bob, CallAction::End);
    scene.world.run(500);
    assert_eq!(scene.world.sent(scene.bob, "CANCEL"), 1);
    assert!(scene.world.calls(scene.alice).is_empty() && scene.world.calls(scene.bob).is_empty());
}

#[test]
fn a_call_that_is_hung_up_at_once_is_over_everywhere() {
    let mut scene = scene();
    let call = scene.call();
    let hung_up = scene.command(Command::Hangup(call, Extra::default()));
    scene.world.run(5_000);
    assert!(scene.world.result(scene.bob, hung_up).is_some());
    assert!(scene.world.shell(scene.bob).shown.iter().all(|shown| shown.ended.is_some()));
    assert!(scene.world.calls(scene.alice).is_empty() && scene.world.calls(scene.bob).is_empty());
}

#[test]
fn buttons_of_the_page_are_actions_of_the_system() {
    let mut scene = scene();
    let call = scene.talk();
    for (command, action) in [
        (Command::Hold(call, true), "hold"),
        (Command::Hold(call, false), "unhold"),
        (Command::Mute(call, true), "mute"),
        (Command::Mute(call, false), "unmute"),
    ] {
        let id = scene.command(command);
        assert!(scene.world.result(scene.bob, id).is_none(), "{action}: the system was not asked");
        scene.world.run(1_000);
        assert_eq!(scene.world.result(scene.bob, id), Some(Ok(Reply::Done)), "{action}");
        let last = scene.world.shell(scene.bob).by_itself.last().unwrap().clone();
        assert!(last.contains(action), "{last} for {action}");
        assert!(scene.world.shell(scene.bob).fulfilled.contains(&last), "{action}");
        let info = scene.world.only_call(scene.bob);
        assert_eq!((info.on_hold, info.muted), (action == "hold", action == "mute"));
    }
    let id = scene.command(Command::Hangup(call, Extra::default()));
    scene.world.run(1_000);
    assert_eq!(scene.world.result(scene.bob, id), Some(Ok(Reply::Done)));
    assert_eq!(scene.world.shell(scene.bob).shown[0].ended, Some(EndReason::Local));
    assert!(scene.world.calls(scene.alice).is_empty());
    // What the page had said is not said back to it as news of the user.
    assert_eq!(scene.told(&["call.perform", "\"kind\":\"request\"", "\"origin\":\"user\""]), 0);
}

#[test]
fn a_button_of_the_page_answers_and_the_screen_follows() {
    let mut scene = scene();
    let account = scene.world.phones[scene.alice].endpoint.accounts()[0].id;
    scene.world.call(scene.alice, account, "bob");
    scene.world.run(500);
    let call = scene.world.only_call(scene.bob).id;
    let id = scene.command(Command::Answer(call, Extra::default()));
    scene.world.run(500);
    assert_eq!(scene.world.result(scene.bob, id), Some(Ok(Reply::Done)));
    let shell = scene.world.shell(scene.bob);
    assert_eq!((shell.fulfilled.len(), shell.shown.len(), shell.shown[0].ended), (1, 1, None));
    assert_eq!(scene.world.state(scene.bob, call), Some(CallState::Connected));
}

#[test]
fn a_button_declines_with_the_status_that_the_application_gave() {
    let mut scene = scene();
    let account = scene.world.phones[scene.alice].endpoint.accounts()[0].id;
    scene.world.call(scene.alice, account, "bob");
    scene.world.run(500);
    let call = scene.world.only_call(scene.bob).id;
    scene.command(Command::Decline(call, Some(480), Extra::default()));
    scene.world.run(500);
    assert_eq!(scene.world.sent(scene.bob, "SIP/2.0 480"), 1);
    assert_eq!(scene.world.shell(scene.bob).shown[0].ended, Some(EndReason::Local));
}

#[test]
fn what_the_system_refuses_or_never_begins_the_page_does_alone() {
    for refused in [true, false] {
        let mut scene = scene();
        let call = scene.talk();
        let shell = scene.world.phones[scene.bob].shell.as_mut().unwrap();
        shell.refuses_requests = refused.then_some(RequestRefusal::Other);
        shell.ignores_requests = true;
        let id = scene.command(Command::Hold(call, true));
        scene.world.run(4_000);
        assert_eq!(scene.world.result(scene.bob, id), Some(Ok(Reply::Done)));
        assert!(scene.world.only_call(scene.alice).remote_hold);
        let id = scene.command(Command::Hangup(call, Extra::default()));
        scene.world.run(4_000);
        assert_eq!(scene.world.result(scene.bob, id), Some(Ok(Reply::Done)));
        assert!(scene.world.calls(scene.alice).is_empty());
        assert!(scene.world.shell(scene.bob).shown[0].ended.is_some());
    }
}

#[test]
fn a_button_whose_call_ends_first_is_answered() {
    let mut scene = scene();
    let call = scene.talk();
    scene.world.phones[scene.bob].shell.as_mut().unwrap().ignores_requests = true;
    let id = scene.command(Command::Hold(call, true));
    let theirs = scene.world.only_call(scene.alice).id;
    scene.world.command(scene.alice, Command::Hangup(theirs, Extra::default()));
    scene.world.run(500);
    assert!(scene.world.result(scene.bob, id).unwrap().is_err());
}

#[test]
fn an_engine_that_stops_answers_every_button() {
    let mut scene = scene();
    let call = scene.talk();
    scene.world.phones[scene.bob].shell.as_mut().unwrap().ignores_requests = true;
    let id = scene.command(Command::Hold(call, true));
    let stopped = scene.command(Command::Stop);
    scene.world.run(3_000);
    assert!(scene.world.result(scene.bob, id).is_some());
    assert_eq!(scene.world.result(scene.bob, stopped), Some(Ok(Reply::Done)));
}

/// The system unmutes by itself when a call of ours is connected; nobody wanted that.
#[test]
fn an_unmute_that_comes_with_the_connect_is_ignored() {
    let mut scene = scene();
    scene.call();
    scene.world.run(500);
    scene.world.perform(scene.bob, CallAction::Mute);
    scene.world.run(100);
    assert!(scene.world.only_call(scene.bob).muted);
    let theirs = scene.world.only_call(scene.alice).id;
    scene.world.command(scene.alice, Command::Answer(theirs, Extra::default()));
    scene.world.run(100);
    let unmute = scene.world.perform(scene.bob, CallAction::Unmute);
    scene.world.run(500);
    assert!(scene.world.only_call(scene.bob).muted, "the call stays as the user wants it");
    let shell = scene.world.shell(scene.bob);
    assert!(shell.fulfilled.contains(&unmute));
    assert!(shell.by_itself.last().unwrap().starts_with("asked mute"), "and the screen shows that");
    scene.world.perform(scene.bob, CallAction::Unmute);
    scene.world.run(500);
    assert!(!scene.world.only_call(scene.bob).muted, "later it is the user's word");
}

#[test]
fn a_call_that_is_asked_for_outside_the_page_is_told_to_the_application() {
    let mut scene = scene();
    let intent = IntentStartCall {
        account: Some("bob@example.test".to_owned()),
        handle: Handle { handle_type: HandleType::Generic, value: "alice@example.test".to_owned() },
        display_name: Some("Alice".to_owned()),
        video: true,
        source: StartSource::Recents,
    };
    scene.world.host_input(scene.bob, HostInput::StartIntent(intent));
    scene.world.run(200);
    let wanted = scene.world.phones[scene.bob].events.iter().find_map(|event| match event {
        Event::CallWanted { account, target, name, video, source } => {
            Some((account.clone(), target.clone(), name.clone(), *video, *source))
        }
        _ => None,
    });
    let expected = (Some("bob@example.test".to_owned()), "alice@example.test".to_owned(), Some("Alice".to_owned()));
    assert_eq!(wanted, Some((expected.0, expected.1, expected.2, true, "recents")));
}
