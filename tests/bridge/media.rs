//! Media sessions of the host: each command arrives as it was meant, and each answer finds its session.

use super::channel::Pair;
use sipwake::bridge::LinkEvent;
use sipwake::bridge::drivers::{HostMedia, PageMedia};
use sipwake::io::{MediaCommand, MediaDirection, MediaEvent, MediaFailure, MediaId};

const MEDIA: MediaId = MediaId(7);

/// A page and a host with one media session.
struct Media {
    pair: Pair,
    page: PageMedia,
    host: HostMedia,
}

impl Media {
    fn new() -> Self {
        Self { pair: Pair::connected(), page: PageMedia::default(), host: HostMedia::default() }
    }

    /// What the host is told to do when the page wants this.
    fn arrives(&mut self, command: MediaCommand) -> MediaCommand {
        let now = self.pair.now();
        self.page.post(&mut self.pair.page, now, MEDIA, command);
        self.pair.settle();
        let incoming = self.pair.host_side.received.pop().expect("a message");
        let read = self.host.read(&mut self.pair.host, now, &incoming).expect("a media message").expect("readable");
        self.pair.settle();
        assert_eq!(read.0, MEDIA);
        read.1
    }

    /// What the page hears when the host tells this.
    fn heard(&mut self, event: MediaEvent) -> Vec<MediaEvent> {
        let now = self.pair.now();
        self.host.post(&mut self.pair.host, now, MEDIA, event);
        self.pair.settle();
        self.quiet()
    }

    fn quiet(&mut self) -> Vec<MediaEvent> {
        let received = std::mem::take(&mut self.pair.page_side.received);
        let read = |incoming| self.page.read(incoming).expect("about media").expect("readable");
        received.iter().filter_map(read).map(|(media, event)| (media == MEDIA).then_some(event).unwrap()).collect()
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
        let command = MediaCommand::Direction { direction };
        assert_eq!(media.arrives(command.clone()), command);
        assert_eq!(media.quiet(), []);
    }
    assert_eq!(media.arrives(MediaCommand::Rollback), MediaCommand::Rollback);
    assert_eq!(media.quiet(), []);
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
    assert_eq!(media.arrives(MediaCommand::Mute { on: true }), MediaCommand::Mute { on: true });
}

#[test]
fn digits_do_not_stand_in_the_way_of_a_hold() {
    let mut media = Media::new();
    media.arrives(dtmf("123"));
    media.arrives(MediaCommand::Offer { restart: false });
    let described = MediaEvent::Described { sdp: "v=0".to_owned() };
    assert_eq!(media.heard(described.clone()), [described]);
    assert_eq!(media.heard(MediaEvent::DtmfSent), [MediaEvent::DtmfSent]);
}

#[test]
fn the_host_has_as_long_for_digits_as_they_take() {
    let mut media = Media::new();
    let now = media.pair.now();
    media.page.post(&mut media.pair.page, now, MEDIA, dtmf("1,2,3,4,5,"));
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
    assert_eq!(told, (MEDIA, MediaEvent::Failed(MediaFailure::HostTimeout)));
}

#[test]
fn a_failure_answers_what_it_is_about() {
    let mut media = Media::new();
    let described = MediaEvent::Described { sdp: "v=0".to_owned() };
    media.arrives(dtmf("1"));
    media.arrives(MediaCommand::Offer { restart: true });
    let lost = MediaEvent::Failed(MediaFailure::ConnectionLost);
    assert_eq!(media.heard(lost.clone()), [lost]);
    let unsupported = MediaEvent::Failed(MediaFailure::Unsupported);
    assert_eq!(media.heard(unsupported.clone()), [unsupported]);
    assert_eq!(media.heard(described.clone()), [described], "the offer was not answered by either");
    media.arrives(dtmf("2"));
    media.arrives(MediaCommand::Accept { sdp: "nonsense".to_owned() });
    let bad = MediaEvent::Failed(MediaFailure::BadDescription);
    assert_eq!(media.heard(bad.clone()), [bad]);
    assert_eq!(media.heard(MediaEvent::DtmfSent), [MediaEvent::DtmfSent], "and neither were the digits");
}
