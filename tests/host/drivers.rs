//! Sockets and media of the page on the host: io's lists there and back.

use super::phone::{Phone, options};
use sipwake::bridge::drivers::{PageMedia, post_flow_command, read_flow_event};
use sipwake::bridge::{Link, ResetReason};
use sipwake::common::secret::Secret;
use sipwake::host::{Effect, HostInput, HostOptions, Profile};
use sipwake::io::{FlowCommand, FlowEvent, FlowId, IceServer, MediaCommand, MediaEvent, MediaFailure, MediaId};

fn flow(phone: &mut Phone, flow: u32, command: FlowCommand) {
    let now = phone.now();
    post_flow_command(phone.page.as_mut().unwrap(), now, FlowId(flow), command);
    phone.settle();
}

fn open(phone: &mut Phone, number: u32) {
    flow(phone, number, FlowCommand::Open { url: "wss://sip.example.com/ws".to_owned() });
}

fn flow_events(phone: &Phone) -> Vec<(u32, FlowEvent)> {
    phone
        .got
        .iter()
        .filter_map(read_flow_event)
        .map(|read| read.unwrap())
        .map(|(flow, event)| (flow.0, event))
        .collect()
}

fn command() -> MediaCommand {
    MediaCommand::Open {
        call_uuid: "u".to_owned(),
        microphone: false,
        video: true,
        ice_servers: vec![IceServer {
            urls: vec!["turn:t.example.com".to_owned()],
            username: Some("u".to_owned()),
            credential: Some(Secret::new("c")),
        }],
        gathering_limit_ms: 700,
        first_usable_candidate: false,
        test_tone_hz: 440,
        trickle: true,
    }
}

struct Media {
    phone: Phone,
    relay: PageMedia,
    /// The number of the last command of the page.
    asked: u32,
}

impl Media {
    fn new() -> Self {
        Self { phone: Phone::awake(), relay: PageMedia::default(), asked: 100 }
    }

    fn post(&mut self, media: u32, command: MediaCommand) {
        let now = self.phone.now();
        let link: &mut Link = self.phone.page.as_mut().unwrap();
        self.asked += 1;
        self.relay.post(link, now, MediaId(media), self.asked, command);
        self.phone.settle();
    }

    fn tell(&mut self, media: u32, number: u32, event: MediaEvent) {
        self.phone.tell(HostInput::Media { media: MediaId(media), number, event });
    }

    /// What the page hears, and to which of its commands.
    fn events(&mut self) -> Vec<(u32, u32, MediaEvent)> {
        let got = std::mem::take(&mut self.phone.got);
        let link: &mut Link = self.phone.page.as_mut().unwrap();
        let read = got.iter().filter_map(|incoming| self.relay.read(link, incoming));
        read.filter_map(|read| read.unwrap()).map(|(media, number, event)| (media.0, number, event)).collect()
    }

    fn effects(&mut self) -> Vec<MediaCommand> {
        let effects = std::mem::take(&mut self.phone.effects).into_iter();
        effects
            .filter_map(|effect| match effect {
                Effect::Media { command, .. } => Some(command),
                _ => None,
            })
            .collect()
    }
}

#[test]
fn a_socket_of_the_host_does_what_the_page_wants_and_tells_what_happens() {
    let mut phone = Phone::awake();
    open(&mut phone, 3);
    flow(&mut phone, 3, FlowCommand::Send(b"OPTIONS sip:x SIP/2.0\r\n\r\n".to_vec()));
    flow(&mut phone, 3, FlowCommand::Send(vec![0xff, 0x00]));
    let effects = std::mem::take(&mut phone.effects);
    assert_eq!(
        effects,
        [
            Effect::Socket {
                flow: FlowId(3),
                command: FlowCommand::Open { url: "wss://sip.example.com/ws".to_owned() }
            },
            Effect::Socket { flow: FlowId(3), command: FlowCommand::Send(b"OPTIONS sip:x SIP/2.0\r\n\r\n".to_vec()) },
            Effect::Socket { flow: FlowId(3), command: FlowCommand::Send(vec![0xff, 0x00]) },
        ]
    );
    let events = [
        FlowEvent::Opened { protocol: "sip".to_owned() },
        FlowEvent::Received("SIP/2.0 200 Ökay\r\n\r\n".as_bytes().to_vec()),
        FlowEvent::Received(vec![0xff]),
        FlowEvent::Closed { code: 1006, clean: false },
    ];
    for event in events.clone() {
        phone.tell(HostInput::Socket { flow: FlowId(3), event });
    }
    let told: Vec<_> = flow_events(&phone).into_iter().map(|(_, event)| event).collect();
    assert_eq!(told, events);
}

#[test]
fn nothing_is_told_of_a_socket_that_is_closed_or_was_never_opened() {
    let mut phone = Phone::awake();
    open(&mut phone, 1);
    flow(&mut phone, 1, FlowCommand::Close { code: 1000 });
    flow(&mut phone, 1, FlowCommand::Send(vec![1]));
    flow(&mut phone, 2, FlowCommand::Send(vec![1]));
    for number in [1, 2] {
        let event = FlowEvent::Closed { code: 1000, clean: true };
        phone.tell(HostInput::Socket { flow: FlowId(number), event });
    }
    assert!(flow_events(&phone).is_empty());
    assert_eq!(phone.effects.len(), 2);
}

#[test]
fn a_socket_that_holds_back_too_much_is_closed_and_told_as_lost() {
    let mut phone = Phone::awake();
    open(&mut phone, 1);
    phone.tell(HostInput::Socket { flow: FlowId(1), event: FlowEvent::Congested });
    assert_eq!(flow_events(&phone), [(1, FlowEvent::Closed { code: 1006, clean: false })]);
    let close = Effect::Socket { flow: FlowId(1), command: FlowCommand::Close { code: 1000 } };
    assert_eq!(phone.effects.last(), Some(&close));
    phone.tell(HostInput::Socket { flow: FlowId(1), event: FlowEvent::Received(b"late".to_vec()) });
    assert_eq!(flow_events(&phone).len(), 1);
}

#[test]
fn only_websockets_are_opened_and_not_too_many() {
    let mut phone = Phone::awake();
    flow(&mut phone, 1, FlowCommand::Open { url: "file:///etc/passwd".to_owned() });
    assert_eq!(flow_events(&phone), [(1, FlowEvent::Failed)]);
    for number in 2..40 {
        open(&mut phone, number);
    }
    let opened = phone.effects.iter().filter(|effect| matches!(effect, Effect::Socket { .. })).count();
    assert_eq!(opened, 32);
    assert_eq!(flow_events(&phone).len(), 7);
}

#[test]
fn sockets_and_media_of_a_page_that_is_gone_are_closed_and_its_messages_lost() {
    let mut media = Media::new();
    open(&mut media.phone, 1);
    media.post(4, command());
    media.phone.effects.clear();
    media.phone.deaf = true;
    media.phone.tell(HostInput::Socket { flow: FlowId(1), event: FlowEvent::Received(b"old".to_vec()) });
    media.phone.deaf = false;
    media.phone.tell(HostInput::PageLost(ResetReason::ProcessTerminated));
    assert_eq!(
        media.phone.effects[..2],
        [
            Effect::Socket { flow: FlowId(1), command: FlowCommand::Close { code: 1001 } },
            Effect::Media { media: MediaId(4), number: 0, command: MediaCommand::Close },
        ]
    );
    media.phone.load();
    media.phone.run(200);
    media.phone.tell(HostInput::Socket { flow: FlowId(1), event: FlowEvent::Closed { code: 1001, clean: true } });
    assert!(flow_events(&media.phone).is_empty());
}

#[test]
fn sockets_are_not_read_while_the_page_has_enough_to_do() {
    let mut phone = Phone::awake();
    open(&mut phone, 1);
    phone.take();
    phone.deaf = true;
    for _ in 0..70 {
        phone.tell(HostInput::Socket { flow: FlowId(1), event: FlowEvent::Received(vec![b'x'; 100]) });
    }
    assert_eq!(phone.take(), ["read false"]);
    phone.deaf = false;
    phone.run(10_000);
    assert_eq!(phone.take(), ["read true"]);
    assert_eq!(flow_events(&phone).len(), 70);
}

#[test]
fn a_media_session_of_the_host_does_what_the_page_wants_and_tells_what_happens() {
    let mut media = Media::new();
    let offer = MediaCommand::Accept { sdp: "v=0 offer".to_owned() };
    let answer = MediaCommand::SetAnswer { provisional: false, sdp: "v=0 answer".to_owned() };
    let mute = MediaCommand::Mute { on: true, video: false };
    for command in [command(), offer.clone(), MediaCommand::Offer { restart: false }, answer.clone(), mute.clone()] {
        media.post(4, command);
    }
    assert_eq!(media.effects(), [command(), offer, MediaCommand::Offer { restart: false }, answer, mute]);
    // The host has numbers of its own, from the first command on; the page's come back with the answers.
    media.tell(4, 3, MediaEvent::Described { sdp: "v=0 b".to_owned() });
    media.tell(4, 2, MediaEvent::Described { sdp: "v=0 a".to_owned() });
    media.tell(4, 4, MediaEvent::Applied);
    media.tell(4, 0, MediaEvent::Connected { connected: true });
    media.tell(4, 0, MediaEvent::Failed(MediaFailure::ConnectionLost));
    assert_eq!(
        media.events(),
        [
            (4, 103, MediaEvent::Described { sdp: "v=0 b".to_owned() }),
            (4, 102, MediaEvent::Described { sdp: "v=0 a".to_owned() }),
            (4, 104, MediaEvent::Applied),
            (4, 0, MediaEvent::Connected { connected: true }),
            (4, 0, MediaEvent::Failed(MediaFailure::ConnectionLost)),
        ]
    );
    media.post(4, MediaCommand::Close);
    assert_eq!(media.effects(), [MediaCommand::Close]);
    media.tell(4, 0, MediaEvent::Connected { connected: false });
    assert!(media.events().is_empty());
}

#[test]
fn a_failure_answers_the_request_that_waits() {
    let mut media = Media::new();
    media.post(4, command());
    media.post(4, MediaCommand::Offer { restart: false });
    media.tell(4, 2, MediaEvent::Failed(MediaFailure::NoMicrophone));
    assert_eq!(media.events(), [(4, 102, MediaEvent::Failed(MediaFailure::NoMicrophone))]);
}

#[test]
fn a_host_that_does_not_answer_is_a_failure_too() {
    let mut media = Media::new();
    media.post(4, command());
    media.post(4, MediaCommand::Offer { restart: false });
    let page = media.phone.page.as_mut().unwrap();
    let mut failed = None;
    for second in 0..60 {
        let mut now = media.phone.now;
        now += second * 1_000;
        page.timeout(sipwake::common::time::Now { mono: sipwake::common::time::Mono(now), wall: now });
        while let Some(event) = page.poll() {
            if let sipwake::bridge::LinkEvent::TimedOut { id, .. } = event {
                failed = media.relay.timed_out(&id);
            }
        }
    }
    assert_eq!(failed, Some((MediaId(4), 102, MediaEvent::Failed(MediaFailure::HostTimeout))));
}

#[test]
fn what_is_wanted_of_no_session_fails() {
    let mut media = Media::new();
    media.post(9, MediaCommand::Offer { restart: false });
    media.post(9, MediaCommand::Mute { on: true, video: false });
    media.post(9, MediaCommand::Close);
    assert!(media.effects().is_empty());
    assert_eq!(media.events(), []);
    media.post(8, MediaCommand::Offer { restart: false });
    assert_eq!(media.events(), [(8, 104, MediaEvent::Failed(MediaFailure::Other))]);
}

#[test]
fn a_host_without_drivers_knows_none_of_it() {
    let mut phone = Phone::with(HostOptions { profile: Profile::PageMedia, transport: false, ..options() });
    phone.load();
    phone.run(200);
    assert_eq!(phone.welcome.as_ref().unwrap().capabilities, ["push.mustReport", "state"]);
    open(&mut phone, 1);
    let mut relay = PageMedia::default();
    let now = phone.now();
    relay.post(phone.page.as_mut().unwrap(), now, MediaId(1), 1, command());
    phone.settle();
    assert!(phone.effects.is_empty());
    let reply = phone.got.iter().find(|incoming| incoming.re.is_some()).unwrap();
    assert_eq!(reply.error.as_ref().unwrap().code, "unknownType");
}
