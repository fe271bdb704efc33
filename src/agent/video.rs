//! Video of a call: who wants it, what offer and answer say of it (RFC 3264 sections 6 and 8), and what media does
//! beside descriptions: silence, and how it is doing.

use super::call::{Job, Phase};
use super::incoming::media_error;
use super::session::{self, Asker};
use super::{Agent, Call};
use crate::common::time::Now;
use crate::dialog::{Step, Wish};
use crate::io::{CallId, CommandId, Direction, Error, ErrorCode, Event, MediaCommand, MediaFailure, Reply, Video};

impl Agent {
    /// Has video in the call, or none; `asker` is told when the far end agreed. Of a call that rings here: what it will be
    /// answered with.
    ///
    /// # Errors
    /// As [`Agent::hold`].
    pub fn set_video(&mut self, now: Now, id: CallId, video: Video, asker: Asker) -> Result<(), Error> {
        let extra = self.lent();
        let rings = |call: &&mut Call| matches!(call.phase, Phase::Arrived | Phase::Ringing);
        if let Some(call) = self.call_mut(id).filter(rings) {
            // What early media has said is what the answer says, and before that there is no camera.
            if call.media.is_some() && call.video() != video {
                return Err(ErrorCode::InvalidState.into());
            }
            call.video = Some(video);
            self.tell_asker(asker, Ok(()));
            return Ok(());
        }
        let call = self.changeable(id)?;
        let modification = &call.session.modification;
        if call.video() == video && modification.step().is_none() && !modification.is_waiting() {
            self.tell_asker(asker, Ok(()));
        } else {
            self.want_with(id, Wish::Video(video), asker, extra);
        }
        self.pump(now);
        Ok(())
    }

    /// Stops or starts sending the microphone, or the camera.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`] where there is no such call or it is over.
    pub fn mute(&mut self, now: Now, id: CallId, on: bool, video: bool) -> Result<(), Error> {
        let call = self.call_mut(id).filter(|call| !call.is_over()).ok_or(ErrorCode::NotFound)?;
        let muted = if video { &mut call.video_muted } else { &mut call.muted };
        if *muted != on {
            *muted = on;
            if call.media.is_some() {
                self.media_command(id, MediaCommand::Mute { on, video });
            }
            self.tell_changed(id);
        }
        self.pump(now);
        Ok(())
    }

    /// Asks how the call's media is doing.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`] where there is no such call, [`ErrorCode::InvalidState`] where it has no media.
    pub fn stats(&mut self, now: Now, id: CallId, command: CommandId) -> Result<(), Error> {
        let call = self.call_mut(id).filter(|call| !call.is_over()).ok_or(ErrorCode::NotFound)?;
        if call.media.is_none() {
            return Err(ErrorCode::InvalidState.into());
        }
        call.asking.push(command);
        self.media_command(id, MediaCommand::Stats);
        self.pump(now);
        Ok(())
    }

    /// Media says how it is doing: to who asked first.
    pub(super) fn media_reported(&mut self, id: CallId, report: String) {
        let Some(call) = self.call_mut(id).filter(|call| !call.asking.is_empty()) else { return };
        let command = call.asking.remove(0);
        let known = !report.is_empty();
        self.complete(command, if known { Ok(Reply::Stats(report)) } else { Err(ErrorCode::Unsupported.into()) });
    }

    /// What is wanted of video in the answer to an INVITE: of an offer that brings it what the application said, else the
    /// account. Before the call is answered there is no camera.
    pub(super) fn settle_video(&mut self, id: CallId, answers: bool) {
        let Some(call) = self.call_mut(id).filter(|call| call.direction == Direction::Incoming) else { return };
        let (account, offers) = (call.account, !call.invite.body().is_empty());
        let unasked = self.account(account).map_or(Video::Off, |(_, options)| options.remote_video);
        let Some(call) = self.call_mut(id) else { return };
        let offered = call.video_agreed.is_some();
        call.video = if offers && !offered { None } else { call.video.or(offered.then_some(unasked)) };
        if !answers && call.video() == Video::Send {
            call.video = Some(Video::Receive);
        }
    }

    /// What is wanted of video while an offer of theirs is answered; the offer may bring video, or take it away.
    pub(super) fn video_for_offer(&mut self, id: CallId, offer: &str) {
        let offered = session::video_in(offer, false).is_some();
        let Some(call) = self.call_mut(id) else { return };
        let (account, wanted) = (call.account, call.video());
        let unasked = self.account(account).map_or(Video::Off, |(_, options)| options.remote_video);
        if let Some(call) = self.call_mut(id) {
            call.video = Some(match (offered, wanted) {
                (false, _) => Video::Off,
                (true, Video::Off) => unasked,
                (true, wanted) => wanted,
            });
        }
    }

    /// An offer of theirs that brought video was answered.
    pub(super) fn tell_video_requested(&mut self, id: CallId, offer: &str, before: Video) {
        if before != Video::Off || session::video_in(offer, false).is_none() {
            return;
        }
        let Some(call) = self.call_mut(id) else { return };
        let accepted = call.video_agreed.is_some();
        // What was there and is refused each time is no news.
        self.tell(Event::VideoRequested { call: id, accepted });
    }

    /// What an answer says of video. True where that is something new. Where it refuses it, the camera is given back.
    pub(super) fn note_video(&mut self, id: CallId, answer: &str, ours: bool) -> bool {
        let agreed = session::video_in(answer, ours);
        self.agree_on_video(id, agreed)
    }

    pub(super) fn agree_on_video(&mut self, id: CallId, agreed: Option<crate::io::MediaDirection>) -> bool {
        let Some(call) = self.call_mut(id) else { return false };
        let changed = call.video_agreed != agreed;
        call.video_agreed = agreed;
        let (audio, video) = call.session.told;
        if agreed.is_none() {
            call.video = Some(Video::Off);
            if video.is_some() {
                self.direct(id, (audio, None));
            }
        }
        changed
    }

    /// There is no camera, and the description that is being made is without our video. An offer that was to bring it is
    /// taken back; anything else goes on, and the application is told.
    pub(super) fn camera_failed(&mut self, id: CallId, job: Job, why: MediaFailure) {
        let Some(call) = self.call_mut(id).filter(|call| !call.is_over()) else { return };
        let account = call.account;
        if job == Job::Offer && call.session.modification.step() == Some(Step::Describing) {
            call.session.no_camera = Some(why);
        } else {
            if call.video() == Video::Send {
                call.video = Some(Video::Receive);
            }
            self.problem(media_error(why), Some(account));
        }
    }
}

impl Call {
    /// Why the offer that media has made is not what was wanted: it was to bring our video.
    pub(super) fn lacks_camera(&mut self) -> Option<MediaFailure> {
        let brings = self.session.modification.current().is_some_and(|wishes| wishes.video() == Some(Video::Send));
        self.session.no_camera.take().filter(|_| brings)
    }
}
