//! Media sessions of the page. Those of a connected call outlive it, so that the audio never stops.

use super::calls::{Call, CallKey, Phase};
use super::page::DRIVERS;
use super::{Effect, Host};
use crate::common::time::Now;
use crate::io::{MediaCommand, MediaEvent, MediaFailure, MediaId};

/// One media session.
#[derive(Debug)]
pub(super) struct Session {
    media: MediaId,
    call_uuid: String,
    connected: bool,
    /// Its page is gone, and no other has spoken for it yet.
    orphaned: bool,
}

impl Host {
    fn session(&mut self, media: MediaId) -> Option<&mut Session> {
        self.sessions.iter_mut().find(|session| session.media == media)
    }

    pub(super) fn media_command(&mut self, now: Now, media: MediaId, number: u32, command: MediaCommand) {
        let opens = matches!(command, MediaCommand::Open { .. });
        let full = self.sessions.len() >= DRIVERS;
        let known = self.session(media);
        if opens && known.is_some() {
            return;
        }
        if (opens && full) || (!opens && known.is_none()) {
            if !matches!(command, MediaCommand::Close | MediaCommand::Mute { .. }) {
                let event = match command {
                    MediaCommand::Stats => MediaEvent::Stats { report: String::new() },
                    _ => MediaEvent::Failed(MediaFailure::Other),
                };
                self.media.post(&mut self.link, now, media, number, event);
            }
            return;
        }
        if let Some(session) = known
            && std::mem::take(&mut session.orphaned)
        {
            // What happened to it while there was no page.
            let connected = session.connected;
            self.media.post(&mut self.link, now, media, 0, MediaEvent::Connected { connected });
        }
        if let MediaCommand::Open { call_uuid, .. } = &command {
            let call_uuid = call_uuid.clone();
            self.sessions.push(Session { media, call_uuid, connected: false, orphaned: false });
        } else if command == MediaCommand::Close {
            self.sessions.retain(|session| session.media != media);
        }
        self.effects.push_back(Effect::Media { media, number, command });
    }

    /// Something happened in a media session of the page.
    pub(super) fn media_event(&mut self, now: Now, media: MediaId, number: u32, event: MediaEvent) {
        let Some(session) = self.session(media) else { return };
        if let MediaEvent::Connected { connected } = event {
            session.connected = connected;
        }
        if !session.orphaned {
            self.media.post(&mut self.link, now, media, number, event);
        }
    }

    /// The page is gone: what its connected calls are heard by goes on, and waits for the next.
    pub(super) fn media_orphaned(&mut self) {
        self.media.clear();
        for mut session in std::mem::take(&mut self.sessions) {
            let call = self.calls.by_uuid(&session.call_uuid);
            if call.is_some_and(|call| call.phase == Phase::Connected) {
                session.orphaned = true;
                self.sessions.push(session);
            } else {
                self.close_media(session.media);
            }
        }
    }

    /// A call is over. What no page speaks for is closed.
    pub(super) fn close_orphans(&mut self, key: CallKey) {
        let Some(uuid) = self.calls.get(key).map(|call| call.uuid.clone()) else { return };
        for session in std::mem::take(&mut self.sessions) {
            if session.orphaned && session.call_uuid.eq_ignore_ascii_case(&uuid) {
                self.close_media(session.media);
            } else {
                self.sessions.push(session);
            }
        }
    }

    fn close_media(&mut self, media: MediaId) {
        self.effects.push_back(Effect::Media { media, number: 0, command: MediaCommand::Close });
    }

    /// The media sessions of a call, for a page that comes up.
    pub(super) fn media_of(&self, call: &Call) -> Vec<u64> {
        let of_call = self.sessions.iter().filter(|session| session.call_uuid.eq_ignore_ascii_case(&call.uuid));
        of_call.map(|session| u64::from(session.media.0)).collect()
    }
}
