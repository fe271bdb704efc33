//! The wake flow with no browser at all: engine, bridge and host joined by the virtual wire.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::bridge::{CallAction, EndReason};
use sipwake::io::{
    AccountOptions, BackgroundPolicy, CallState, Command, Extra, MediaCommand, OutcomeKind, PushOptions, PushPreset,
};
use sipwake::message::HeaderName;

use crate::shell::TOKEN;
use crate::world::{World, account};

pub fn push_account(name: &str) -> AccountOptions {
    AccountOptions {
        push: Some(PushOptions { preset: Some(PushPreset::Rfc8599Apns), ..PushOptions::default() }),
        background_policy: BackgroundPolicy::Unregister,
        ..account(name)
    }
}

struct Scene {
    world: World,
    alice: usize,
    bob: usize,
    call: sipwake::io::CallId,
}

/// Bob's phone sleeps, alice's call is held, the push is out.
fn held() -> Scene {
    let mut world = World::new();
    let (alice, alices) = world.add_registered("alice");
    let bob = world.add_iphone("bob");
    world.background(bob);
    assert!(!world.server.is_bound("bob"));
    assert!(world.phones[bob].flows.is_empty(), "no socket is left behind");
    let call = world.call(alice, alices, "bob");
    world.run(100);
    assert_eq!(world.server.pushes.len(), 1);
    Scene { world, alice, bob, call }
}

/// Bob's phone was woken by the push, and alice's call rings on it.
fn woken() -> Scene {
    let mut scene = held();
    scene.world.push(scene.bob, 100);
    scene.world.run(500);
    scene
}

fn shown(scene: &Scene) -> Vec<Option<EndReason>> {
    scene.world.shell(scene.bob).shown.iter().map(|shown| shown.ended).collect()
}

/// RFC 8599 5
#[test]
fn the_phone_wakes_rings_is_answered_and_talks() {
    let mut scene = held();
    let world = &mut scene.world;
    world.push(scene.bob, 300);
    world.run(500);
    assert_eq!(world.state(scene.alice, scene.call), Some(CallState::Ringing));
    let action = world.perform(scene.bob, CallAction::Answer);
    world.run(500);
    assert_eq!(world.shell(scene.bob).fulfilled, [action]);
    assert_eq!(world.state(scene.alice, scene.call), Some(CallState::Connected));
    let info = world.only_call(scene.bob);
    assert_eq!(info.state, CallState::Connected);
    assert_eq!(world.shell(scene.bob).shown.len(), 1, "one call, one screen");
    assert_eq!(info.uuid, world.shell(scene.bob).shown[0].uuid);
    world.perform(scene.bob, CallAction::Mute);
    world.run(50);
    assert!(world.only_call(scene.bob).muted);
    world.perform(scene.bob, CallAction::End);
    world.run(500);
    assert!(world.calls(scene.alice).is_empty());
    assert!(world.phones[scene.bob].open_media.is_empty());
    assert_eq!(world.shell(scene.bob).problems, 0);
}

/// A woken phone that was answered on its screen.
fn answered() -> Scene {
    let mut scene = woken();
    scene.world.perform(scene.bob, CallAction::Answer);
    scene.world.run(500);
    scene
}

#[test]
fn a_hold_on_the_screen_is_done_when_the_far_end_agrees() {
    let mut scene = answered();
    let (bob, world) = (scene.bob, &mut scene.world);
    let hold = world.perform(bob, CallAction::Hold);
    world.run(500);
    assert!(world.only_call(bob).on_hold && world.only_call(scene.alice).remote_hold);
    assert!(world.shell(bob).fulfilled.contains(&hold));
    let states = |world: &World, name: &str| {
        let name = format!("\"state\":\"{name}\"");
        world.phones[bob].posted.iter().filter(|text| text.contains("call.state") && text.contains(&name)).count()
    };
    assert_eq!(states(world, "held"), 1);
    let unhold = world.perform(bob, CallAction::Unhold);
    world.run(500);
    assert!(!world.only_call(bob).on_hold);
    assert!(world.shell(bob).fulfilled.contains(&unhold));
    assert_eq!(states(world, "resumed"), 1);
    world.command(scene.alice, Command::Hold(scene.call, true));
    world.run(500);
    assert_eq!(states(world, "remoteHeld"), 1);
}

#[test]
fn a_hold_on_the_screen_that_is_refused_fails_and_the_call_goes_on() {
    let mut scene = answered();
    let answer = crate::server::Answer { method: "INVITE", status: 488, headers: Vec::new() };
    scene.world.server.answers.push(answer);
    scene.world.perform(scene.bob, CallAction::Hold);
    scene.world.run(500);
    let told = |text: &&String| text.contains("call.state") && text.contains("\"state\":\"resumed\"");
    assert_eq!(
        scene.world.phones[scene.bob].posted.iter().filter(told).count(),
        1,
        "the screen shows the hold at once"
    );
    scene.world.perform(scene.bob, CallAction::Hold);
    scene.world.run(500);
    let answer = crate::server::Answer { method: "INVITE", status: 488, headers: Vec::new() };
    scene.world.server.answers.push(answer);
    let unhold = scene.world.perform(scene.bob, CallAction::Unhold);
    scene.world.run(500);
    assert!(scene.world.shell(scene.bob).failed.contains(&unhold));
    assert!(scene.world.only_call(scene.bob).on_hold);
    assert_eq!(scene.world.only_call(scene.bob).state, CallState::Connected);
    assert_eq!(shown(&scene), [None]);
}

#[test]
fn digits_on_the_screen_are_sent() {
    let mut scene = answered();
    let (bob, world) = (scene.bob, &mut scene.world);
    let digits = world.perform_with(bob, CallAction::Dtmf, Some("12#"));
    world.run(2_000);
    assert!(world.shell(bob).fulfilled.contains(&digits));
    let sent = world.phones[bob].media.iter();
    let sent: Vec<_> = sent.filter(|(_, command)| matches!(command, MediaCommand::Dtmf { .. })).collect();
    assert_eq!(sent[0].1, MediaCommand::Dtmf { digits: "12#".to_owned(), duration_ms: 160, gap_ms: 70 });
    let wrong = world.perform_with(bob, CallAction::Dtmf, None);
    world.run(500);
    assert!(world.shell(bob).failed.contains(&wrong));
}

#[test]
fn an_answer_before_the_invite_answers_it_when_it_comes() {
    let mut scene = held();
    let world = &mut scene.world;
    world.push(scene.bob, 0);
    let action = world.perform(scene.bob, CallAction::Answer);
    assert!(world.shell(scene.bob).fulfilled.is_empty(), "not before there is anything to answer");
    world.run(1_000);
    assert_eq!(world.shell(scene.bob).fulfilled, [action]);
    assert_eq!(world.state(scene.alice, scene.call), Some(CallState::Connected));
}

#[test]
fn a_decline_before_the_invite_declines_it_without_ringing() {
    let mut scene = held();
    let world = &mut scene.world;
    world.push(scene.bob, 0);
    let action = world.perform(scene.bob, CallAction::End);
    assert_eq!(world.shell(scene.bob).fulfilled, [action], "at once");
    world.run(1_000);
    assert_eq!(world.sent(scene.bob, "SIP/2.0 603"), 1);
    assert_eq!(world.sent(scene.bob, "SIP/2.0 180"), 0);
    assert_eq!(world.outcomes(scene.alice)[0].kind, OutcomeKind::Declined);
}

#[test]
fn a_caller_who_gives_up_while_the_phone_wakes_ends_the_call_within_the_limit() {
    let mut scene = held();
    let world = &mut scene.world;
    world.command_now(scene.alice, Command::Hangup(scene.call, Extra::default())).unwrap();
    world.push(scene.bob, 100);
    world.run(15_500);
    assert_eq!(shown(&scene), [Some(EndReason::Unanswered)]);
    assert!(scene.world.calls(scene.bob).is_empty());
}

#[test]
fn an_answer_whose_invite_never_comes_fails_in_time() {
    let mut scene = held();
    let world = &mut scene.world;
    world.command_now(scene.alice, Command::Hangup(scene.call, Extra::default())).unwrap();
    world.push(scene.bob, 100);
    let action = world.perform(scene.bob, CallAction::Answer);
    world.run(15_500);
    assert_eq!(world.shell(scene.bob).failed, [action]);
    assert_eq!(shown(&scene), [Some(EndReason::Failed)]);
}

#[test]
fn a_caller_who_gives_up_while_it_rings_ends_the_screen() {
    let mut scene = woken();
    let world = &mut scene.world;
    world.command_now(scene.alice, Command::Hangup(scene.call, Extra::default())).unwrap();
    world.run(500);
    assert_eq!(shown(&scene), [Some(EndReason::RemoteEnded)]);
}

/// RFC 3326 2: the screen says where the call was taken, or that it was declined for all.
#[test]
fn a_call_that_ends_elsewhere_says_so_on_the_screen() {
    for (cause, reason) in [("200", EndReason::AnsweredElsewhere), ("603", EndReason::DeclinedElsewhere)] {
        let mut scene = woken();
        let headers = vec![("Reason".to_owned(), format!("SIP;cause={cause}"))];
        scene.world.command_now(scene.alice, Command::Hangup(scene.call, Extra { headers })).unwrap();
        scene.world.run(500);
        assert_eq!(shown(&scene), [Some(reason)], "{cause}");
    }
}

#[test]
fn a_registration_that_fails_after_the_push_ends_the_call_at_once() {
    let mut scene = held();
    let world = &mut scene.world;
    world.server.register_status = Some(403);
    world.push(scene.bob, 100);
    world.run(1_000);
    assert_eq!(shown(&scene), [Some(EndReason::Failed)]);
}

#[test]
fn the_phone_goes_back_to_sleep_after_the_call() {
    let mut scene = woken();
    let world = &mut scene.world;
    world.perform(scene.bob, CallAction::Answer);
    world.run(500);
    world.command_now(scene.alice, Command::Hangup(scene.call, Extra::default())).unwrap();
    world.run(1_000);
    assert_eq!(shown(&scene), [Some(EndReason::RemoteEnded)]);
    assert!(!scene.world.server.is_bound("bob"), "unregistered again");
    assert!(scene.world.phones[scene.bob].flows.is_empty());
}

#[test]
fn a_late_push_for_a_call_that_is_over_ends_at_once() {
    let mut scene = woken();
    let world = &mut scene.world;
    world.command_now(scene.alice, Command::Hangup(scene.call, Extra::default())).unwrap();
    world.run(500);
    world.push(scene.bob, 0);
    world.run(1_000);
    assert!(shown(&scene).iter().all(Option::is_some), "{:?}", shown(&scene));
}

#[test]
fn two_pushes_for_one_call_are_one_call() {
    let mut scene = woken();
    let world = &mut scene.world;
    let pushed = world.server.pushes[0].clone();
    let payload = format!("{{\"aps\":{{\"call-id\":\"{}\"}}}}", pushed.call_id);
    world.host_input(
        scene.bob,
        sipwake::host::HostInput::Push {
            payload,
            must_report: true,
            launch: sipwake::bridge::Launch::Foreground,
            locked: false,
            unlocked_since_boot: true,
        },
    );
    world.run(500);
    let open = shown(&scene).iter().filter(|ended| ended.is_none()).count();
    assert_eq!(open, 1);
    assert_eq!(scene.world.calls(scene.bob).len(), 1);
}

#[test]
fn a_push_that_names_nobody_is_joined_to_the_only_invite() {
    let mut scene = held();
    let world = &mut scene.world;
    world.push_payload(scene.bob, 100, "{\"content-available\":true}");
    world.run(500);
    let action = world.perform(scene.bob, CallAction::Answer);
    world.run(500);
    assert_eq!(world.shell(scene.bob).fulfilled, [action]);
    assert_eq!(world.shell(scene.bob).shown.len(), 1);
}

/// RFC 8599 4.1
#[test]
fn only_register_says_anything_about_pushes() {
    let mut scene = woken();
    let world = &mut scene.world;
    world.perform(scene.bob, CallAction::Answer);
    world.run(500);
    world.perform(scene.bob, CallAction::End);
    world.run(500);
    let (registers, others): (Vec<_>, Vec<_>) =
        world.phones[scene.bob].sent.iter().partition(|text| text.starts_with("REGISTER"));
    assert!(registers.iter().all(|text| text.contains(TOKEN)), "the UNREGISTER of the background, too");
    assert!(others.len() >= 4, "{others:?}");
    assert!(others.iter().all(|text| !text.contains(TOKEN) && !text.contains("pn-")), "{others:?}");
}

#[test]
fn logging_out_says_nothing_about_pushes() {
    let mut world = World::new();
    let bob = world.add_iphone("bob");
    let id = world.phones[bob].endpoint.accounts()[0].id;
    world.command(bob, Command::RemoveAccount(id));
    world.run(500);
    let last = world.server.registers().pop().unwrap();
    let contact = last.headers.get(HeaderName::Contact).unwrap();
    assert!(contact.ends_with(";expires=0") && !contact.contains("pn-"), "{contact}");
}

#[test]
fn the_trace_shows_no_token_and_no_credentials() {
    let mut scene = held();
    scene.world.push(scene.bob, 100);
    scene.world.run(1_000);
    for phone in &scene.world.phones {
        for event in &phone.events {
            if let sipwake::io::Event::Trace(entry) = event {
                assert!(!entry.text.contains(TOKEN), "{}", entry.text);
                assert!(!entry.text.contains("response=\""), "{}", entry.text);
                assert!(!entry.text.contains("ice-pwd:p"), "{}", entry.text);
            }
        }
    }
}

/// RFC 3891 3: on the screen it is one call, whoever it is with now.
#[test]
fn a_replaced_call_stays_the_same_on_the_screen() {
    let mut scene = answered();
    let (bob, world) = (scene.bob, &mut scene.world);
    let old = world.only_call(bob);
    let ok = world.phones[bob].sent.iter().find(|text| text.starts_with("SIP/2.0 200") && text.contains("INVITE"));
    let line = |name: &str| ok.unwrap().lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    let tag = |name: &str| line(name).split(";tag=").nth(1).unwrap().to_owned();
    let replaces = format!("Replaces: {};to-tag={};from-tag={}", old.sip_call_id, tag("To:"), tag("From:"));
    let contact = world.server.bindings.iter().find(|binding| binding.phone == bob).unwrap().clone();
    let headers = [
        "Via: SIP/2.0/WSS c.invalid;branch=z9hG4bKreplaces",
        "Max-Forwards: 70",
        "From: \"Carol\" <sip:carol@example.test>;tag=carol",
        "To: <sip:bob@example.test>",
        "Call-ID: second",
        "CSeq: 1 INVITE",
        "Contact: <sip:carol@c.invalid>",
        &replaces,
        "Referred-By: <sip:alice@example.test>",
        "Content-Type: application/sdp",
    ];
    let text = crate::far::text(&format!("INVITE {} SIP/2.0", contact.contact), &headers, &crate::world::sdp(9));
    world.deliver(bob, 1, contact.flow, sipwake::io::FlowEvent::Received(text.into_bytes()));
    world.run(500);
    let new = world.only_call(bob);
    assert_eq!((new.sip_call_id.as_str(), &new.uuid), ("second", &old.uuid));
    assert_ne!(new.id, old.id);
    assert!(world.calls(scene.alice).is_empty(), "the old one has ended");
    let screen = world.shell(bob);
    assert_eq!((screen.shown.len(), screen.shown[0].ended, screen.problems), (1, None, 0));
    let end = world.perform(bob, CallAction::End);
    world.run(500);
    assert!(world.calls(bob).is_empty());
    assert!(world.shell(bob).fulfilled.contains(&end));
}
