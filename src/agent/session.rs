//! What an established call has besides its dialog: the changes of its session, its timer, the repair of its media.

use super::cause::Cause;
use super::repair::Repair;
use crate::common::time::Mono;
use crate::dialog::{Modification, SessionTimer};
use crate::io::{CommandId, Extra, MediaDirection, MediaFailure, Video};
use crate::message::{Headers, Method, Request};
use crate::sdp::{Direction, SessionDescription};
use crate::transaction::{ClientId, ServerId};

/// Who asked for something and is told how it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asker {
    /// A command of the application.
    Command(CommandId),
    /// The user, through the host's call screen; the number is the asker's own.
    Host(u32),
}

/// What media says of audio and of video.
pub(crate) type Directions = (MediaDirection, Option<MediaDirection>);

/// What the answer to an offer of ours says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answered {
    pub(crate) audio: Direction,
    /// Seen from us.
    pub(crate) video: Option<MediaDirection>,
}

/// A re-INVITE of ours on its way.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reinvite {
    pub(crate) client: ClientId,
    pub(crate) auth_rounds: u8,
    /// When it is given up with a CANCEL; passed once that has left.
    pub(crate) cancel_at: Option<Mono>,
}

#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) modification: Modification<Asker>,
    /// The application's headers for the changes that it asked for.
    pub(crate) extra: Extra,
    pub(crate) timer: SessionTimer,
    pub(crate) reinvite: Option<Reinvite>,
    /// The answer to our offer, while it is being taken.
    pub(crate) accepted: Option<Cause>,
    /// Whether the far end takes UPDATE, as its last Allow said.
    pub(crate) takes_update: bool,
    /// What media was told last about its directions.
    pub(crate) told: Directions,
    /// The same before our offer on its way.
    pub(crate) told_before: Directions,
    /// What the answer to our offer says, while it is being taken.
    pub(crate) answered: Option<Answered>,
    /// Why the offer that media is making has no video of ours.
    pub(crate) no_camera: Option<MediaFailure>,
    /// The call's flow is gone: nothing leaves until the account is registered on a new one.
    pub(crate) adrift: bool,
    /// A lost flow took an exchange with it: the far end may believe in another session than we do.
    pub(crate) out_of_step: bool,
    /// How often that was tried to be mended.
    pub(crate) resyncs: u8,
    /// A request of theirs that waits until their last answer is taken.
    pub(crate) deferred: Option<(ServerId, Request)>,
    pub(crate) repair: Option<Repair>,
    /// The far end sent a request since ours left: it lives, whatever becomes of ours.
    pub(crate) heard: bool,
    /// The origin of our last description.
    pub(crate) origin: Option<String>,
    /// Its media session is not the one that made that.
    pub(crate) restored: bool,
}

impl Session {
    pub(crate) fn new() -> Self {
        Self {
            modification: Modification::default(),
            extra: Extra::default(),
            timer: SessionTimer::default(),
            reinvite: None,
            accepted: None,
            takes_update: false,
            told: (MediaDirection::SendRecv, None),
            told_before: (MediaDirection::SendRecv, None),
            answered: None,
            no_camera: None,
            adrift: false,
            out_of_step: false,
            resyncs: 0,
            deferred: None,
            repair: None,
            heard: false,
            origin: None,
            restored: false,
        }
    }

    /// Learns from a message of the far end which methods it takes.
    pub(crate) fn learn(&mut self, headers: &Headers) {
        if let Some(takes) = headers.allows(&Method::Update) {
            self.takes_update = takes;
        }
    }

    /// Their answer to an offer of ours is being taken.
    pub(crate) fn answer(&mut self, sdp: &str) {
        let audio = SessionDescription::parse(sdp).map(|answer| answer.direction());
        self.answered = audio.map(|audio| Answered { audio, video: video_in(sdp, false) });
    }

    pub(crate) fn next_timeout(&self) -> Option<Mono> {
        let repair = self.repair.as_ref().map(|repair| repair.next_timeout(self.adrift));
        let cancel = self.reinvite.and_then(|reinvite| reinvite.cancel_at);
        [self.modification.next_timeout(), self.timer.next_timeout(), repair, cancel].into_iter().flatten().min()
    }
}

/// What an offer of ours says (RFC 3264 section 8.4).
pub(crate) const fn offered(hold: bool, remote_hold: bool) -> MediaDirection {
    match (hold, remote_hold) {
        (false, false) => MediaDirection::SendRecv,
        (false, true) => MediaDirection::RecvOnly,
        (true, false) => MediaDirection::SendOnly,
        (true, true) => MediaDirection::Inactive,
    }
}

/// What an answer of ours may say at most: media narrows it to what their offer allows.
pub(crate) const fn allowed(hold: bool) -> MediaDirection {
    offered(hold, false)
}

/// The same with the video that is wanted: it is held as the audio is.
pub(crate) const fn directions(audio: MediaDirection, video: Video) -> Directions {
    let video = match (video, audio) {
        (Video::Off, _) => None,
        (Video::Send, _) => Some(audio),
        (Video::Receive, MediaDirection::SendRecv | MediaDirection::RecvOnly) => Some(MediaDirection::RecvOnly),
        (Video::Receive, MediaDirection::SendOnly | MediaDirection::Inactive) => Some(MediaDirection::Inactive),
    };
    (audio, video)
}

/// Which way video flows by a description, seen from us. `None`: it has none, or refuses it.
pub(crate) fn video_in(sdp: &str, ours: bool) -> Option<MediaDirection> {
    Some(match (SessionDescription::parse(sdp)?.video()?, ours) {
        (Direction::SendRecv, _) => MediaDirection::SendRecv,
        (Direction::Inactive, _) => MediaDirection::Inactive,
        (Direction::SendOnly, true) | (Direction::RecvOnly, false) => MediaDirection::SendOnly,
        (Direction::RecvOnly, true) | (Direction::SendOnly, false) => MediaDirection::RecvOnly,
    })
}

/// Whether an answer with this direction, to our offer of `ours`, says that the far end holds us; `None` where it
/// could not say otherwise.
pub(crate) const fn holds(ours: MediaDirection, answer: Direction) -> Option<bool> {
    match (ours, answer) {
        (MediaDirection::SendRecv, Direction::SendRecv | Direction::RecvOnly)
        | (MediaDirection::SendOnly, Direction::RecvOnly | Direction::SendRecv) => Some(false),
        (MediaDirection::SendRecv, Direction::SendOnly | Direction::Inactive)
        | (MediaDirection::SendOnly, Direction::Inactive) => Some(true),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3264 8.4: hold is `sendonly`, or `inactive` where the far end holds as well.
    #[test]
    fn the_direction_says_who_holds() {
        assert_eq!(offered(true, false), MediaDirection::SendOnly);
        assert_eq!(offered(true, true), MediaDirection::Inactive);
        assert_eq!(offered(false, true), MediaDirection::RecvOnly);
        assert_eq!(allowed(false), MediaDirection::SendRecv);
    }

    /// RFC 3264 8.4: a hold is one of every stream.
    #[test]
    fn video_is_held_as_the_audio_is() {
        let (both, ours) = (MediaDirection::SendRecv, MediaDirection::SendOnly);
        assert_eq!(directions(both, Video::Off), (both, None));
        assert_eq!(directions(ours, Video::Send), (ours, Some(ours)));
        assert_eq!(directions(both, Video::Receive).1, Some(MediaDirection::RecvOnly));
        assert_eq!(directions(ours, Video::Receive).1, Some(MediaDirection::Inactive));
    }

    #[test]
    fn a_description_of_theirs_is_seen_from_here() {
        let sdp = "v=0\r\nm=audio 9 RTP/AVP 0\r\nm=video 9 RTP/AVP 96\r\na=sendonly\r\n";
        assert_eq!(video_in(sdp, true), Some(MediaDirection::SendOnly));
        assert_eq!(video_in(sdp, false), Some(MediaDirection::RecvOnly));
        assert_eq!(video_in(&sdp.replace("video 9", "video 0"), true), None);
    }

    #[test]
    fn an_answer_tells_a_hold_only_where_it_could_say_otherwise() {
        assert_eq!(holds(MediaDirection::SendRecv, Direction::SendOnly), Some(true));
        assert_eq!(holds(MediaDirection::SendRecv, Direction::RecvOnly), Some(false));
        assert_eq!(holds(MediaDirection::SendOnly, Direction::RecvOnly), Some(false));
        assert_eq!(holds(MediaDirection::SendOnly, Direction::Inactive), Some(true));
        assert_eq!(holds(MediaDirection::Inactive, Direction::Inactive), None);
        assert_eq!(holds(MediaDirection::RecvOnly, Direction::SendOnly), None);
    }
}
