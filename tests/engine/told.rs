//! What else page and host tell each other: accounts and secrets, sound, staying awake, the log.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::bridge::codec::SecretJson;
use sipwake::bridge::{
    AppState, AppStateName, AudioInterruption, AudioPort, AudioPortType, AudioRoute, CallAction, Config,
    InterruptionPhase, ProvisionedAccount,
};
use sipwake::common::secret::Secret;
use sipwake::host::{Effect, HostInput, HostOptions, Profile};
use sipwake::io::{AccountOptions, Command, ErrorCode, Event, Input, RegistrationState, Reply};

use crate::timers::said;
use crate::wake::push_account;
use crate::world::World;

fn with_secrets() -> HostOptions {
    HostOptions { credentials: true, keep_awake: true, ..HostOptions::default() }
}

fn route(uid: &str) -> AudioRoute {
    let port = AudioPort { port_type: AudioPortType::Speaker, name: "Speaker".to_owned(), uid: uid.to_owned() };
    AudioRoute { outputs: vec![port], inputs: Vec::new(), reason: None }
}

/// What the application heard of the host: names and payloads.
fn news(world: &World, phone: usize) -> Vec<(&'static str, &str)> {
    let events = world.phones[phone].events.iter();
    events
        .filter_map(|event| match event {
            Event::FromHost { name, payload } => Some((*name, payload.as_str())),
            _ => None,
        })
        .collect()
}

fn config() -> Config {
    let options = r#"{"username":"bob","domain":"example.test","servers":["wss://sip.example.test/ws"]}"#;
    let account = ProvisionedAccount {
        id: "work".to_owned(),
        options: SecretJson(Secret::new(options)),
        secret: Some(Secret::new("SECRET-4711")),
    };
    Config { accounts: vec![account] }
}

#[test]
fn accounts_that_the_host_provides_reach_each_page_and_their_secret_no_trace() {
    let mut world = World::new();
    let bob = world.add_iphone("bob");
    world.host_input(bob, HostInput::Config(config()));
    world.run(100);
    let provided = world.phones[bob].provided.clone();
    assert_eq!(provided.len(), 1);
    assert!(provided[0].expose().contains("SECRET-4711") && provided[0].expose().contains("\"id\":\"work\""));
    world.reload(bob, push_account("bob"), 9);
    world.run(1_000);
    assert_eq!(world.phones[bob].provided, [provided[0].clone(), provided[0].clone()], "to the next page too, once");
    let trace: Vec<&str> = world.phones[bob]
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Trace(entry) => Some(entry.text.as_str()),
            _ => None,
        })
        .collect();
    assert!(trace.iter().any(|text| text.contains("\"type\":\"config\"")));
    assert!(trace.iter().all(|text| !text.contains("4711") && !text.contains("example.test/ws\"]")), "{trace:?}");
    assert!(!format!("{:?} {:?}", provided, config()).contains("4711"));
    assert!(said(&world, bob, 0, "welcome").iter().all(|welcome| !welcome.to_string().contains("4711")));
}

#[test]
fn a_page_that_is_not_ready_yet_gets_the_accounts_when_it_is() {
    let mut world = World::new();
    let bob = world.add_iphone("bob");
    world.page_dies(bob);
    world.host_input(bob, HostInput::Config(config()));
    world.page_begins(bob, push_account("bob"), 9);
    world.run(1_000);
    assert_eq!(world.phones[bob].provided.len(), 1);
}

#[test]
fn a_secret_that_nobody_gave_is_asked_of_the_host() {
    let mut world = World::new();
    let account = AccountOptions { password: None, ..push_account("bob") };
    let bob = world.add_iphone_with(account, with_secrets());
    let asked = said(&world, bob, 0, "credentials.get");
    assert_eq!(
        (asked[0]["kind"].as_str(), asked[0]["p"]["account"].as_str()),
        (Some("request"), Some("bob@example.test"))
    );
    assert!(asked[0]["p"]["realm"].is_string());
    assert!(world.phones[bob].questions.is_empty(), "the application was not asked");
    let text = format!("{:?}", world.phones[bob].events);
    assert!(!text.contains("\"secret\":\"secret\""), "in no trace");
}

/// A phone whose server wants a password that is not there.
fn without_password(options: HostOptions) -> (World, usize) {
    let mut world = World::new();
    let bob = world.add_iphone_with(push_account("bob"), options);
    world.server.add_user("carol", "secret");
    world.phones[bob].shell.as_mut().unwrap().secret = None;
    world.create_account(bob, AccountOptions { password: None, ..push_account("carol") });
    world.run(1_000);
    (world, bob)
}

#[test]
fn where_the_host_has_no_secret_either_the_registration_says_so() {
    for options in [with_secrets(), HostOptions::default()] {
        let asked = options.credentials;
        let (world, bob) = without_password(options);
        assert_eq!(
            said(&world, bob, 0, "credentials.get").iter().filter(|m| m["kind"] == "request").count(),
            usize::from(asked)
        );
        let failed = world.phones[bob].events.iter().any(|event| {
            matches!(event, Event::RegistrationChanged(info) if info.state == RegistrationState::Failed
                && info.error.as_ref().is_some_and(|error| error.code == ErrorCode::NoCredentials))
        });
        assert!(failed, "asked: {asked}");
    }
}

#[test]
fn an_application_that_has_the_credentials_is_asked_before_the_host() {
    let mut world = World::new();
    let bob = world.add_iphone_with(push_account("bob"), with_secrets());
    world.server.add_user("carol", "secret");
    world.create_account(bob, AccountOptions { password: None, credentials: true, ..push_account("carol") });
    world.run(1_000);
    assert_eq!(world.phones[bob].questions.len(), 1);
    assert!(said(&world, bob, 0, "credentials.get").is_empty());
}

#[test]
fn the_app_is_kept_awake_as_long_as_a_call_lives_or_a_push_waits() {
    let mut world = World::new();
    let (_, alices) = world.add_registered("alice");
    let bob = world.add_iphone_with(push_account("bob"), with_secrets());
    assert!(said(&world, bob, 0, "app.keepAwake").is_empty());
    world.background(bob);
    world.call(0, alices, "bob");
    world.run(100);
    world.push(bob, 100);
    world.run(1_000);
    world.perform(bob, CallAction::Answer);
    world.run(5_000);
    let requests =
        |world: &World| said(world, bob, 0, "app.keepAwake").iter().filter(|m| m["kind"] == "request").count();
    assert_eq!(requests(&world), 1);
    assert!(said(&world, bob, 0, "app.release").is_empty());
    assert_eq!(world.shell(bob).background, Some(true));
    world.perform(bob, CallAction::End);
    world.run(1_000);
    assert_eq!((requests(&world), said(&world, bob, 0, "app.release").len()), (1, 1));
    assert_eq!(world.shell(bob).background, Some(false));
}

#[test]
fn a_page_that_asks_for_more_keeps_the_app_awake_for_the_hosts_limit_only() {
    let mut world = World::new();
    let (alice, alices) = world.add_registered("alice");
    let bob = world.add_iphone_with(push_account("bob"), with_secrets());
    world.call(alice, alices, "bob");
    world.run(1_000);
    assert_eq!(world.shell(bob).background, Some(true));
    world.run(HostOptions::default().background_ms + 1_000);
    assert_eq!(world.shell(bob).background, Some(false));
}

#[test]
fn a_page_that_dies_keeps_nothing_awake() {
    let mut world = World::new();
    let (alice, alices) = world.add_registered("alice");
    let bob = world.add_iphone_with(push_account("bob"), with_secrets());
    let call = world.call(alice, alices, "bob");
    world.run(1_000);
    assert_eq!(world.shell(bob).background, Some(true));
    world.page_dies(bob);
    world.command(alice, Command::Hangup(call, Default::default()));
    world.run(60_000);
    assert_eq!(world.shell(bob).background, Some(false));
}

#[test]
fn what_the_system_says_of_sound_and_app_reaches_the_application() {
    let mut world = World::new();
    let bob = world.add_iphone("bob");
    let state = AppState { state: AppStateName::Background, locked: true, ..AppState::default() };
    let interruption = AudioInterruption { phase: InterruptionPhase::Began, ..AudioInterruption::default() };
    for input in [
        HostInput::AudioRoute(route("out-1")),
        HostInput::AudioInterruption(interruption),
        HostInput::MediaServicesReset,
        HostInput::AudioActivated(Default::default()),
        HostInput::AudioDeactivated(Default::default()),
        HostInput::App(state),
    ] {
        world.host_input(bob, input);
        world.run(10);
    }
    let names: Vec<_> = news(&world, bob).into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        [
            "audio_route_changed",
            "audio_interrupted",
            "audio_reset",
            "audio_activated",
            "audio_deactivated",
            "app_state_changed"
        ]
    );
    assert!(news(&world, bob)[0].1.contains("out-1"));
    assert!(news(&world, bob)[5].1.contains("background"));
}

#[test]
fn a_page_that_begins_is_told_where_the_sound_goes_and_what_the_app_does() {
    let mut world = World::new();
    let bob = world.add_iphone("bob");
    world.host_input(bob, HostInput::AudioRoute(route("out-2")));
    world.host_input(bob, HostInput::AudioActivated(Default::default()));
    world.host_input(bob, HostInput::App(AppState { state: AppStateName::Inactive, ..AppState::default() }));
    world.run(100);
    world.page_dies(bob);
    let before = news(&world, bob).len();
    world.page_begins(bob, push_account("bob"), 9);
    world.run(1_000);
    let names: Vec<_> = news(&world, bob).split_off(before);
    assert!(names.iter().any(|(name, text)| *name == "audio_route_changed" && text.contains("out-2")), "{names:?}");
    assert!(names.iter().any(|(name, text)| *name == "app_state_changed" && text.contains("inactive")), "{names:?}");
    let welcome = said(&world, bob, 0, "welcome").pop().unwrap();
    assert_eq!(welcome["p"]["value"]["snapshot"]["audio"]["active"], true);
}

#[test]
fn the_snapshot_names_the_pushes_that_wait_for_their_invite() {
    let mut world = World::new();
    let (alice, alices) = world.add_registered("alice");
    let bob = world.add_iphone("bob");
    world.background(bob);
    world.call(alice, alices, "bob");
    world.run(100);
    world.page_dies(bob);
    world.push(bob, 100);
    world.page_begins(bob, push_account("bob"), 9);
    world.run(20);
    let welcome = said(&world, bob, 0, "welcome").pop().unwrap();
    let pushes = &welcome["p"]["value"]["snapshot"]["pushes"];
    assert_eq!(pushes.as_array().map(Vec::len), Some(1), "{welcome}");
    assert_eq!(pushes[0]["callUuid"].as_str(), Some(world.shell(bob).shown[0].uuid.as_str()));
}

#[test]
fn the_systems_picture_for_the_sound_is_shown_by_a_host_that_owns_it() {
    let mut world = World::new();
    let bob = world.add_iphone("bob");
    assert!(matches!(world.command_now(bob, Command::AudioPicker), Ok(Reply::Done)));
    world.run(10);
    assert_eq!(world.shell(bob).pickers, 1);
    let carol = world
        .add_iphone_with(push_account("carol"), HostOptions { profile: Profile::PageMedia, ..HostOptions::default() });
    let error = world.command_now(carol, Command::AudioPicker).unwrap_err();
    assert_eq!(error.code, ErrorCode::Unsupported);
}

#[test]
fn what_the_page_drops_stands_in_the_hosts_log_without_its_content() {
    let mut world = World::new();
    let bob = world.add_iphone("bob");
    world.input(bob, Input::Host("{\"tok-4711".to_owned()));
    world.run(10);
    let logged = &world.shell(bob).logged;
    assert_eq!(logged.len(), 1, "{logged:?}");
    assert!(matches!(&logged[0], Effect::Log { level, message } if level == "warn" && message.ends_with("shape")));
    assert!(!format!("{logged:?}").contains("4711"));
}
