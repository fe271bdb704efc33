//! The application's hooks, over a page's own socket and media and over the host's.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use std::cell::RefCell;
use std::rc::Rc;

use sipwake::endpoint::{Hooks, MessageInfo, SdpInfo};
use sipwake::io::{AccountId, CallState, Command, ErrorCode, Event, Extra, MediaCommand, TraceKind};

use crate::world::World;

/// What the hooks were shown, and what they answer.
#[derive(Debug, Default)]
struct Seen {
    messages: Vec<(String, Option<u16>)>,
    sdps: Vec<(bool, bool, bool, String)>,
    answer: Answer,
}

#[derive(Debug, Default, Clone, Copy)]
enum Answer {
    /// Nothing is changed.
    #[default]
    Nothing,
    /// A header or a line more.
    More,
    /// What must stay is changed.
    Spoil,
    /// The hook itself fails.
    Fail,
}

#[derive(Debug)]
struct Mine(Rc<RefCell<Seen>>);

impl Hooks for Mine {
    fn has_message(&self) -> bool {
        true
    }
    fn has_sdp(&self) -> bool {
        true
    }
    fn message(&mut self, text: &str, info: &MessageInfo<'_>) -> Result<Option<String>, ()> {
        let mut seen = self.0.borrow_mut();
        seen.messages.push((info.method.to_owned(), info.status));
        match seen.answer {
            Answer::Nothing => Ok(None),
            Answer::More => Ok(Some(text.replacen("\r\n\r\n", "\r\nX-Mine: 1\r\n\r\n", 1))),
            Answer::Spoil => Ok(Some(text.replacen("Call-ID: ", "Call-ID: x", 1))),
            Answer::Fail => Err(()),
        }
    }
    fn sdp(&mut self, sdp: &str, info: &SdpInfo<'_>) -> Result<Option<String>, ()> {
        let mut seen = self.0.borrow_mut();
        seen.sdps.push((info.local, info.offer, info.provisional, info.call_uuid.to_owned()));
        match seen.answer {
            Answer::Nothing => Ok(None),
            Answer::More => Ok(Some([sdp, "a=x-mine:1\r\n"].concat())),
            Answer::Spoil => Ok(Some([sdp, "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n"].concat())),
            Answer::Fail => Err(()),
        }
    }
}

/// Alice with hooks, over her own socket or her shell's, and bob without.
fn phones(shell: bool) -> (World, usize, AccountId, usize, Rc<RefCell<Seen>>) {
    let mut world = World::new();
    let (alice, account) = if shell {
        let alice = world.add_iphone("alice");
        let account = world.phones[alice].endpoint.accounts()[0].id;
        (alice, account)
    } else {
        world.add_registered("alice")
    };
    let (bob, _) = world.add_registered("bob");
    let seen = Rc::new(RefCell::new(Seen::default()));
    world.phones[alice].endpoint.set_hooks(Mine(seen.clone()));
    world.phones[alice].sent.clear();
    (world, alice, account, bob, seen)
}

fn talk(world: &mut World, alice: usize, account: AccountId, bob: usize) {
    let call = world.call(alice, account, "bob");
    world.run(300);
    let theirs = world.only_call(bob).id;
    world.command(bob, Command::Answer(theirs, Extra::default()));
    world.run(500);
    assert_eq!(world.state(alice, call), Some(CallState::Connected));
    world.command(bob, Command::Hangup(theirs, Extra::default()));
    world.run(300);
    assert_eq!(world.state(alice, call), None);
}

fn refusals(world: &World, phone: usize) -> usize {
    let refused =
        |event: &&Event| matches!(event, Event::Problem { error, .. } if error.code == ErrorCode::HookRefused);
    world.phones[phone].events.iter().filter(refused).count()
}

#[test]
fn hooks_see_requests_responses_and_descriptions_whoever_owns_socket_and_media() {
    for shell in [false, true] {
        let (mut world, alice, account, bob, seen) = phones(shell);
        talk(&mut world, alice, account, bob);
        let seen = seen.borrow();
        let methods: Vec<_> = seen.messages.iter().map(|(method, status)| (method.as_str(), *status)).collect();
        assert!(methods.contains(&("INVITE", None)) && methods.contains(&("ACK", None)), "{methods:?}");
        assert_eq!(methods.last(), Some(&("BYE", Some(200))));
        assert_eq!(methods.len(), world.phones[alice].sent.iter().filter(|text| !text.trim().is_empty()).count());
        let sides: Vec<_> =
            seen.sdps.iter().map(|(local, offer, provisional, _)| (*local, *offer, *provisional)).collect();
        assert_eq!(sides, [(true, true, false), (false, false, false)], "shell: {shell}");
        assert!(seen.sdps.iter().all(|(.., uuid)| uuid.len() == 36));
        assert_eq!(refusals(&world, alice), 0);
    }
}

#[test]
fn what_hooks_change_is_what_leaves_what_is_used_and_what_is_traced() {
    for shell in [false, true] {
        let (mut world, alice, account, bob, seen) = phones(shell);
        seen.borrow_mut().answer = Answer::More;
        talk(&mut world, alice, account, bob);
        let messages = || world.phones[alice].sent.iter().filter(|text| !text.trim().is_empty());
        assert!(messages().count() > 2 && messages().all(|text| text.contains("\r\nX-Mine: 1\r\n")));
        let invite = messages().find(|text| text.starts_with("INVITE")).unwrap();
        assert!(invite.contains("a=x-mine:1"));
        let used = world.phones[alice].media.iter().find_map(|(_, command)| match command {
            MediaCommand::SetAnswer { sdp, .. } => Some(sdp),
            _ => None,
        });
        assert!(used.unwrap().ends_with("a=x-mine:1\r\n"));
        let traced = world.phones[alice].events.iter().any(|event| match event {
            Event::Trace(entry) => entry.kind == TraceKind::SipOut && entry.text.contains("X-Mine"),
            _ => false,
        });
        assert!(traced);
        assert_eq!(refusals(&world, alice), 0);
    }
}

/// RFC 3261 17.1.3, RFC 3264 6: a message keeps what its answer is found by, a description its media lines.
#[test]
fn what_must_stay_stays_and_the_application_is_told() {
    for (shell, answer) in [(false, Answer::Spoil), (true, Answer::Spoil), (false, Answer::Fail)] {
        let (mut world, alice, account, bob, seen) = phones(shell);
        seen.borrow_mut().answer = answer;
        talk(&mut world, alice, account, bob);
        let asked = seen.borrow().messages.len() + seen.borrow().sdps.len();
        assert_eq!(refusals(&world, alice), asked);
        assert!(world.phones[alice].sent.iter().all(|text| !text.contains("Call-ID: x") && !text.contains("m=video")));
    }
}
