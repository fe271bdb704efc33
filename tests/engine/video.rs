//! Video in calls: offered, accepted and refused, added and taken away, held, without a camera.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::io::{
    CallId, CallOptions, CallState, Command, CommandId, ErrorCode, Event, Extra, MediaCommand, MediaDirection, Reply,
    Video,
};

use crate::session::{Talk, talking, talking_with};
use crate::world::{World, account};

const BOTH: Option<MediaDirection> = Some(MediaDirection::SendRecv);
const SEND: Option<MediaDirection> = Some(MediaDirection::SendOnly);
const NEITHER: Option<MediaDirection> = Some(MediaDirection::Inactive);
const RECEIVE: Option<MediaDirection> = Some(MediaDirection::RecvOnly);

/// Alice calls bob with `offered`; bob answers with `answered`, or without a word about it.
fn called(offered: Video, remote: Video, answered: Option<Video>) -> Talk {
    let mut world = World::new();
    let (alice, from) = world.add_registered("alice");
    world.server.add_user("bob", "secret");
    let bob = world.add_phone(sipwake::io::EndpointOptions::default());
    world.create_account(bob, sipwake::io::AccountOptions { remote_video: remote, ..account("bob") });
    world.run(500);
    let options = CallOptions { video: offered, ..CallOptions::default() };
    let made = world.command_now(alice, Command::MakeCall { account: from, target: "bob".to_owned(), options });
    let Ok(Reply::Call(call)) = made else { panic!("{made:?}") };
    world.run(300);
    let theirs = world.only_call(bob).id;
    if let Some(video) = answered {
        world.command_now(bob, Command::SetVideo(theirs, video)).unwrap();
    }
    world.command(bob, Command::Answer(theirs, Extra::default()));
    world.run(500);
    assert_eq!(world.state(alice, call), Some(CallState::Connected));
    Talk { world, alice, bob, call, theirs }
}

fn seen(talk: &Talk) -> (Option<MediaDirection>, Option<MediaDirection>) {
    (talk.world.only_call(talk.alice).video, talk.world.only_call(talk.bob).video)
}

fn set(talk: &mut Talk, phone: usize, call: CallId, video: Video) -> CommandId {
    let command = talk.world.command(phone, Command::SetVideo(call, video));
    talk.world.run(300);
    command
}

fn result(talk: &Talk, phone: usize, command: CommandId) -> Option<Result<Reply, ErrorCode>> {
    talk.world.result(phone, command).map(|result| result.map_err(|error| error.code))
}

/// Whether the camera of a phone is in use, as its media session was told last.
fn camera(talk: &Talk, phone: usize) -> bool {
    let told = talk.world.phones[phone].media.iter().rev().find_map(|(_, command)| match command {
        MediaCommand::Open { video, .. } => Some(*video),
        MediaCommand::Direction { video, .. } => Some(matches!(video, Some(MediaDirection::SendRecv))),
        _ => None,
    });
    told.unwrap()
}

fn requested(talk: &Talk, phone: usize) -> Vec<bool> {
    let of = |event: &Event| match event {
        Event::VideoRequested { accepted, .. } => Some(*accepted),
        _ => None,
    };
    talk.world.phones[phone].events.iter().filter_map(of).collect()
}

/// RFC 3264 6: the answer says which way each stream flows; it is asked for with a camera of ours or without.
#[test]
fn video_that_is_offered_is_answered_as_the_answer_says_or_the_account() {
    for (answered, remote, alice, bob, used) in [
        (None, Video::Receive, SEND, RECEIVE, false),
        (None, Video::Send, BOTH, BOTH, true),
        (Some(Video::Send), Video::Off, BOTH, BOTH, true),
        (Some(Video::Receive), Video::Send, SEND, RECEIVE, false),
    ] {
        let talk = called(Video::Send, remote, answered);
        assert_eq!(seen(&talk), (alice, bob));
        assert!(camera(&talk, talk.alice));
        assert_eq!(camera(&talk, talk.bob), used);
        assert_eq!(requested(&talk, talk.bob), [false; 0], "an INVITE says so itself");
    }
}

/// RFC 3264 6: a stream is refused by port 0, and the others go on; the camera is given back.
#[test]
fn video_that_is_refused_leaves_an_audio_call_and_a_free_camera() {
    for answered in [None, Some(Video::Off)] {
        let remote = if answered.is_some() { Video::Send } else { Video::Off };
        let talk = called(Video::Send, remote, answered);
        assert_eq!(seen(&talk), (None, None));
        assert!(!camera(&talk, talk.alice) && !camera(&talk, talk.bob));
        let ok = talk.responses("INVITE").pop().unwrap();
        assert!(ok.contains("m=video 0 "), "{ok}");
    }
}

#[test]
fn a_call_that_rings_says_what_video_the_caller_offers() {
    let mut world = World::new();
    let (alice, from) = world.add_registered("alice");
    let (bob, _) = world.add_registered("bob");
    for (video, seen) in [(Video::Off, None), (Video::Receive, SEND), (Video::Send, BOTH)] {
        let options = CallOptions { video, ..CallOptions::default() };
        let made = world.command_now(alice, Command::MakeCall { account: from, target: "bob".to_owned(), options });
        let Ok(Reply::Call(call)) = made else { panic!("{made:?}") };
        world.run(300);
        assert_eq!(world.only_call(bob).video, seen);
        world.command(alice, Command::Hangup(call, Extra::default()));
        world.run(300);
    }
}

/// RFC 3264 6: an answer has no stream that the offer has not.
#[test]
fn an_answer_with_video_to_an_offer_without_it_opens_no_camera() {
    let talk = called(Video::Off, Video::Send, Some(Video::Send));
    assert_eq!(seen(&talk), (None, None));
    assert!(!camera(&talk, talk.bob));
}

/// RFC 3264 8.1, 8.2: a stream is added by a further media line, and taken away by port 0.
#[test]
fn video_is_added_to_a_call_and_taken_away_by_either_side() {
    let mut talk = talking();
    let (alice, bob, call, theirs) = (talk.alice, talk.bob, talk.call, talk.theirs);
    let command = set(&mut talk, alice, call, Video::Send);
    assert_eq!(result(&talk, alice, command), Some(Ok(Reply::Done)));
    assert_eq!(seen(&talk), (SEND, RECEIVE), "without their camera");
    assert_eq!(requested(&talk, bob), [true]);
    let command = set(&mut talk, bob, theirs, Video::Send);
    assert_eq!(result(&talk, bob, command), Some(Ok(Reply::Done)));
    assert_eq!(seen(&talk), (BOTH, BOTH));
    assert_eq!(requested(&talk, alice), [false; 0], "there was video");
    let command = set(&mut talk, bob, theirs, Video::Off);
    assert_eq!(result(&talk, bob, command), Some(Ok(Reply::Done)));
    assert_eq!(seen(&talk), (None, None));
    assert!(!camera(&talk, alice) && !camera(&talk, bob));
    assert!(String::from_utf8_lossy(talk.requests(bob, "INVITE").last().unwrap().body()).contains("m=video 0 "));
    set(&mut talk, alice, call, Video::Send);
    assert_eq!(seen(&talk), (SEND, RECEIVE));
    talk.is_up();
}

#[test]
fn who_adds_video_that_the_far_end_does_not_take_is_told() {
    let mut talk = called(Video::Off, Video::Off, None);
    let (alice, bob, call) = (talk.alice, talk.bob, talk.call);
    let command = set(&mut talk, alice, call, Video::Send);
    assert_eq!(result(&talk, alice, command), Some(Err(ErrorCode::Rejected)));
    assert_eq!(seen(&talk), (None, None));
    assert_eq!(requested(&talk, bob), [false]);
    assert!(!camera(&talk, alice));
    let command = talk.hold(true);
    talk.world.run(300);
    assert_eq!(talk.result(command), Some(Ok(Reply::Done)));
    assert_eq!(seen(&talk), (None, None));
    assert_eq!(requested(&talk, bob), [false], "a line with port 0 asks for nothing");
}

/// RFC 3264 8: a refused offer leaves the session as it was.
#[test]
fn a_refused_change_of_video_changes_nothing() {
    let mut talk = talking();
    let (alice, call) = (talk.alice, talk.call);
    talk.answer("INVITE", 488, &[]);
    let command = set(&mut talk, alice, call, Video::Send);
    assert_eq!(result(&talk, alice, command), Some(Err(ErrorCode::BadDescription)));
    assert_eq!(seen(&talk), (None, None));
    assert!(!camera(&talk, alice));
    let last = talk.world.phones[alice].media.last().unwrap().1.clone();
    assert_eq!(last, MediaCommand::Direction { direction: MediaDirection::SendRecv, video: None });
    talk.is_up();
}

/// RFC 3264 8.4: a hold is one of every stream.
#[test]
fn a_hold_holds_the_video_as_well() {
    let mut talk = called(Video::Send, Video::Send, None);
    talk.hold(true);
    talk.world.run(300);
    assert_eq!(seen(&talk), (SEND, RECEIVE));
    assert!(talk.world.only_call(talk.bob).remote_hold);
    talk.hold(false);
    talk.world.run(300);
    assert_eq!(seen(&talk), (BOTH, BOTH));
}

#[test]
fn the_camera_is_muted_apart_from_the_microphone() {
    let mut talk = called(Video::Send, Video::Send, None);
    let (alice, call) = (talk.alice, talk.call);
    talk.world.command_now(alice, Command::MuteVideo(call, true)).unwrap();
    let info = talk.world.only_call(alice);
    assert_eq!((info.muted, info.video_muted), (false, true));
    let last = talk.world.phones[alice].media.last().unwrap().1.clone();
    assert_eq!(last, MediaCommand::Mute { on: true, video: true });
    talk.world.command_now(alice, Command::MuteVideo(call, false)).unwrap();
    assert!(!talk.world.only_call(alice).video_muted);
}

#[test]
fn a_call_without_a_camera_goes_on_and_says_so() {
    let mut world = World::new();
    let (alice, from) = world.add_registered("alice");
    let (bob, _) = world.add_registered("bob");
    world.phones[alice].no_camera = true;
    let options = CallOptions { video: Video::Send, ..CallOptions::default() };
    world.command_now(alice, Command::MakeCall { account: from, target: "bob".to_owned(), options }).unwrap();
    world.run(300);
    let theirs = world.only_call(bob).id;
    world.command_now(bob, Command::SetVideo(theirs, Video::Send)).unwrap();
    world.command(bob, Command::Answer(theirs, Extra::default()));
    world.run(500);
    assert_eq!(world.only_call(alice).video, RECEIVE);
    assert_eq!(world.only_call(bob).video, SEND);
    let of = |event: &&Event| matches!(event, Event::Problem { error, .. } if error.code == ErrorCode::NoCamera);
    assert_eq!(world.phones[alice].events.iter().filter(of).count(), 1);
}

#[test]
fn video_that_cannot_be_added_for_want_of_a_camera_is_not_even_offered() {
    let mut talk = talking_with(|world| world.phones[0].no_camera = true);
    let (alice, call) = (talk.alice, talk.call);
    let before = talk.requests(alice, "INVITE").len();
    let command = set(&mut talk, alice, call, Video::Send);
    assert_eq!(result(&talk, alice, command), Some(Err(ErrorCode::NoCamera)));
    assert_eq!(talk.requests(alice, "INVITE").len(), before);
    let command = set(&mut talk, alice, call, Video::Receive);
    assert_eq!(result(&talk, alice, command), Some(Ok(Reply::Done)));
    assert_eq!(seen(&talk), (NEITHER, NEITHER), "both are willing, and neither sends");
    talk.is_up();
}

#[test]
fn how_media_is_doing_is_told_to_who_asks_while_the_call_lives() {
    let mut talk = talking();
    let (alice, call) = (talk.alice, talk.call);
    let command = talk.world.command(alice, Command::Stats(call));
    talk.world.run(100);
    assert_eq!(result(&talk, alice, command), Some(Ok(Reply::Stats("[]".to_owned()))));
    let command = talk.world.command(alice, Command::Stats(call));
    talk.world.command_now(alice, Command::Hangup(call, Extra::default())).unwrap();
    assert_eq!(result(&talk, alice, command), Some(Err(ErrorCode::CallEnded)));
    let late = talk.world.command_now(alice, Command::Stats(call)).map_err(|error| error.code);
    assert_eq!(late, Err(ErrorCode::NotFound));
}

/// RFC 3261 13.2.1: the 2xx repeats what early media has said. What the answer is to have of video beside that cannot be in
/// it, and there is no camera before it.
#[test]
fn early_media_is_answered_as_it_is_and_its_video_changes_after_the_answer() {
    let mut world = World::new();
    let (alice, from) = world.add_registered("alice");
    let (bob, _) = world.add_registered("bob");
    let options = CallOptions { video: Video::Send, ..CallOptions::default() };
    let made = world.command_now(alice, Command::MakeCall { account: from, target: "bob".to_owned(), options });
    let Ok(Reply::Call(call)) = made else { panic!("{made:?}") };
    world.run(300);
    let theirs = world.only_call(bob).id;
    world.command(bob, Command::Progress { call: theirs, early_media: true, extra: Extra::default() });
    world.run(300);
    let mut talk = Talk { world, alice, bob, call, theirs };
    let said = talk.world.only_call(bob).video;
    let other = if said == RECEIVE { (Video::Receive, Video::Send) } else { (Video::Off, Video::Send) };
    for (video, expected) in [(other.0, Ok(Reply::Done)), (other.1, Err(ErrorCode::InvalidState))] {
        let command = set(&mut talk, bob, theirs, video);
        assert_eq!(result(&talk, bob, command), Some(expected), "{video:?}");
    }
    assert!(!camera(&talk, bob), "nobody has answered");
    talk.world.command(bob, Command::Answer(theirs, Extra::default()));
    talk.world.run(500);
    let command = set(&mut talk, bob, theirs, Video::Send);
    talk.world.run(1_000);
    assert_eq!(result(&talk, bob, command), Some(Ok(Reply::Done)));
    assert!(camera(&talk, bob));
    assert_eq!(seen(&talk), (BOTH, BOTH));
}

/// RFC 3515 2.4.2: the call that a REFER asks for is ours, and so is what it offers.
#[test]
fn a_call_that_a_refer_asks_for_has_video_where_its_acceptance_says_so() {
    let mut talk = talking();
    let (carol, _) = talk.world.add_registered("carol");
    let (alice, bob) = (talk.alice, talk.bob);
    let target = "carol".to_owned();
    talk.world.command(alice, Command::Transfer { call: talk.call, target, extra: Extra::default() });
    talk.world.run(100);
    let asked = talk.world.phones[bob].events.iter().rev().find_map(|event| match event {
        Event::ReferReceived { referral, .. } => Some(*referral),
        _ => None,
    });
    let accept = Command::AcceptReferral { referral: asked.unwrap(), video: Video::Send };
    talk.world.command_now(bob, accept).unwrap();
    talk.world.run(300);
    assert_eq!(talk.world.only_call(carol).video, BOTH, "what is offered");
}
