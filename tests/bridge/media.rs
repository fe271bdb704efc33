//! Media sessions of the host: each command arrives as it was meant, and each answer finds its session.

use super::channel::Pair;
use sipwake::bridge::LinkEvent;
use sipwake::bridge::drivers::{HostMedia, PageMedia};
use sipwake::io::{IceCandidate, MediaCommand, MediaDirection, MediaEvent, MediaFailure, MediaId};

const MEDIA: MediaId = MediaId(7);

/// A page and a host with one media session.
struct Media {
    pair: Pair,
    page: PageMedia,
    host: HostMedia,
    /// The number of the page's last command.
    asked: u32,
    /// The numbers that the host gave them.
    numbers: Vec<u32>,
}

impl Media {
    fn new() -> Self {
        Self {
            pair: Pair::connected(),
            page: PageMedia::default(),
            host: HostMedia::default(),
            asked: 100,
            numbers: Vec::new(),
        }
    }

    /// What the host is told to do when the page wants this.
    fn arrives(&mut self, command: MediaCommand) -> MediaCommand {
        let now = self.pair.now();
        self.asked += 1;
        self.page.post(&mut self.pair.page, now, MEDIA, self.asked, command);
        self.pair.settle();
        let incoming = self.pair.host_side.received.pop().expect("a message");
        let read = self.host.read(&mut self.pair.host, now, &incoming).expect("a media message").expect("readable");
        self.pair.settle();
        assert_eq!(read.0, MEDIA);
        self.numbers.push(read.1);
        read.2
    }

    /// What the page hears when the host tells this of the last command.
    fn heard(&mut self, event: MediaEvent) -> Vec<MediaEvent> {
        let number = *self.numbers.last().expect("a command");
        let told = self.heard_of(number, event);
        told.into_iter().map(|(number, event)| (number == self.asked).then_some(event).expect("the number")).collect()
    }

    /// The same of the command with this number of the host's, and with the number of the page's that it answers.
    fn heard_of(&mut self, number: u32, event: MediaEvent) -> Vec<(u32, MediaEvent)> {
        let now = self.pair.now();
        self.host.post(&mut self.pair.host, now, MEDIA, number, event);
        self.pair.settle();
        self.told()
    }

    fn quiet(&mut self) -> Vec<MediaEvent> {
        self.told().into_iter().map(|(_, event)| event).collect()
    }

    fn told(&mut self) -> Vec<(u32, MediaEvent)> {
        let received = std::mem::take(&mut self.pair.page_side.received);
        let link = &mut self.pair.page;
        let read = |incoming| self.page.read(link, incoming).expect("about media").expect("readable");
        received
            .iter()
            .filter_map(read)
            .map(|(media, number, event)| (media == MEDIA).then_some((number, event)).unwrap())
            .collect()
    }
}

fn dtmf(digits: &str) -> MediaCommand {
    MediaCommand::Dtmf { digits: digits.to_owned(), duration_ms: 250, gap_ms: 80 }
}

#[test]
fn directions_and_rollback_arrive_and_are_answered_by_nothing() {
    let mut media = Media::new();
    for direction in
        [MediaDirection::SendRecv, MediaDirection::SendOnly, MediaDirection::RecvOnly, MediaDirection::Inactive]
    {
        for video in [None, Some(direction)] {
            let command = MediaCommand::Direction { direction, video };
            assert_eq!(media.arrives(command.clone()), command);
            assert_eq!(media.quiet(), []);
        }
    }
    assert_eq!(media.arrives(MediaCommand::Rollback), MediaCommand::Rollback);
    assert_eq!(media.quiet(), []);
}

/// RFC 8838 4: candidates go both ways apart from the descriptions.
#[test]
fn candidates_go_both_ways_and_answer_nothing() {
    let mut media = Media::new();
    media.arrives(MediaCommand::Offer { restart: false });
    for (ufrag, candidate) in [("u", "candidate:1 1 udp 1 192.0.2.1 4000 typ host"), ("", "")] {
        let candidate = IceCandidate { mid: "0".into(), ufrag: ufrag.into(), candidate: candidate.into() };
        let command = MediaCommand::Candidate(candidate.clone());
        assert_eq!(media.arrives(command.clone()), command);
        assert_eq!(
            media.heard_of(0, MediaEvent::Candidate(candidate.clone())),
            [(0, MediaEvent::Candidate(candidate))]
        );
    }
    assert_eq!(media.heard_of(0, MediaEvent::GatheringDone), [(0, MediaEvent::GatheringDone)]);
    let described = MediaEvent::Described { sdp: "v=0".to_owned() };
    let offer = media.asked - 2;
    assert_eq!(media.heard_of(1, described.clone()), [(offer, described)], "the offer still has its answer");
}

#[test]
fn the_camera_is_muted_apart_from_the_microphone() {
    let mut media = Media::new();
    for video in [true, false] {
        assert_eq!(media.arrives(MediaCommand::Mute { on: true, video }), MediaCommand::Mute { on: true, video });
    }
}

#[test]
fn a_camera_that_is_not_there_answers_no_request() {
    let mut media = Media::new();
    media.arrives(MediaCommand::Offer { restart: false });
    for why in [MediaFailure::NoCamera, MediaFailure::CameraDenied] {
        assert_eq!(media.heard_of(0, MediaEvent::Failed(why)), [(0, MediaEvent::Failed(why))]);
    }
    let described = MediaEvent::Described { sdp: "v=0".to_owned() };
    assert_eq!(media.heard(described.clone()), [described]);
}

#[test]
fn what_a_session_is_asked_is_answered_even_where_there_is_nothing_to_say() {
    let mut media = Media::new();
    for report in ["[1]", "[2]"] {
        media.arrives(MediaCommand::Stats);
        let stats = MediaEvent::Stats { report: report.to_owned() };
        assert_eq!(media.heard(stats.clone()), std::slice::from_ref(&stats));
        assert_eq!(media.heard(stats), [], "nobody waits for it any more");
    }
    media.arrives(MediaCommand::Stats);
    let nothing = MediaEvent::Stats { report: String::new() };
    assert_eq!(media.heard(MediaEvent::Failed(MediaFailure::Unsupported)), [nothing], "no failure of the session");
}

#[test]
fn an_offer_says_whether_ice_starts_anew() {
    for restart in [false, true] {
        let mut media = Media::new();
        assert_eq!(media.arrives(MediaCommand::Offer { restart }), MediaCommand::Offer { restart });
        let described = MediaEvent::Described { sdp: "v=0".to_owned() };
        assert_eq!(media.heard(described.clone()), [described]);
    }
}

#[test]
fn an_answer_says_whether_it_is_provisional() {
    for provisional in [true, false] {
        let mut media = Media::new();
        let command = MediaCommand::SetAnswer { sdp: "v=0".to_owned(), provisional };
        assert_eq!(media.arrives(command.clone()), command);
        assert_eq!(media.heard(MediaEvent::Applied), [MediaEvent::Applied]);
    }
}

#[test]
fn digits_arrive_with_their_times_and_are_answered_when_they_are_sent() {
    let mut media = Media::new();
    assert_eq!(media.arrives(dtmf("12,#")), dtmf("12,#"));
    assert_eq!(media.quiet(), []);
    assert_eq!(media.heard(MediaEvent::DtmfSent), [MediaEvent::DtmfSent]);
    assert_eq!(media.heard(MediaEvent::DtmfSent), [], "nobody waits for it any more");
}

#[test]
fn digits_that_cannot_be_sent_are_answered_so_and_the_session_goes_on() {
    let mut media = Media::new();
    media.arrives(dtmf("1"));
    let failed = MediaEvent::Failed(MediaFailure::Unsupported);
    assert_eq!(media.heard(failed.clone()), [failed]);
    assert_eq!(
        media.arrives(MediaCommand::Mute { on: true, video: false }),
        MediaCommand::Mute { on: true, video: false }
    );
}

#[test]
fn digits_do_not_stand_in_the_way_of_a_hold() {
    let mut media = Media::new();
    media.arrives(dtmf("123"));
    media.arrives(MediaCommand::Offer { restart: false });
    let described = MediaEvent::Described { sdp: "v=0".to_owned() };
    assert_eq!(media.heard(described.clone()), [described]);
    let digits = media.numbers[0];
    assert_eq!(media.heard_of(digits, MediaEvent::DtmfSent), [(101, MediaEvent::DtmfSent)]);
}

#[test]
fn the_host_has_as_long_for_digits_as_they_take() {
    let mut media = Media::new();
    let now = media.pair.now();
    media.page.post(&mut media.pair.page, now, MEDIA, 7, dtmf("1,2,3,4,5,"));
    media.pair.lose.push("media.dtmf");
    let mut timed_out = None;
    for _ in 0..60 {
        media.pair.now += 1_000;
        let now = media.pair.now();
        media.pair.page.timeout(now);
        while let Some(event) = media.pair.page.poll() {
            if let LinkEvent::TimedOut { id, .. } = event {
                timed_out = timed_out.or(media.page.timed_out(&id).map(|told| (media.pair.now, told)));
            }
        }
    }
    let (at, told) = timed_out.expect("it is not waited for without end");
    assert!(at - now.mono.0 >= 30_000, "{at}");
    assert_eq!(told, (MEDIA, 7, MediaEvent::Failed(MediaFailure::HostTimeout)));
}

#[test]
fn a_failure_answers_what_it_is_about() {
    let mut media = Media::new();
    let described = MediaEvent::Described { sdp: "v=0".to_owned() };
    media.arrives(dtmf("1"));
    media.arrives(MediaCommand::Offer { restart: true });
    let (digits, offer) = (media.numbers[0], media.numbers[1]);
    let lost = MediaEvent::Failed(MediaFailure::ConnectionLost);
    assert_eq!(media.heard_of(0, lost.clone()), [(0, lost)]);
    let unsupported = MediaEvent::Failed(MediaFailure::Unsupported);
    assert_eq!(media.heard_of(digits, unsupported.clone()), [(101, unsupported)]);
    assert_eq!(media.heard_of(offer, described.clone()), [(102, described)], "the offer was not answered by either");
    media.arrives(MediaCommand::SetAnswer { sdp: "v=0".to_owned(), provisional: true });
    media.arrives(MediaCommand::Accept { sdp: "nonsense".to_owned() });
    let bad = MediaEvent::Failed(MediaFailure::BadDescription);
    assert_eq!(media.heard(bad.clone()), [MediaEvent::Failed(MediaFailure::BadDescription)]);
    let answer = media.numbers[2];
    assert_eq!(media.heard_of(answer, bad.clone()), [(103, bad.clone())]);
    assert_eq!(media.heard_of(answer, bad), [], "it was answered");
}
