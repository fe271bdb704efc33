//! Media made ready ahead: a push announces a call, and candidates for it are gathered while its INVITE is on the way.

use super::{Agent, AgentEvent};
use crate::io::{CallId, MediaCommand, MediaId};

/// A media session without a call yet.
#[derive(Debug)]
pub(super) struct Prepared {
    /// The UUID that its call will have.
    uuid: String,
    media: MediaId,
}

impl Agent {
    /// Makes media ready for the call that will have this UUID, once and unless it has media already.
    pub fn prepare_media(&mut self, uuid: &str) {
        let known = self.prepared.iter().any(|prepared| prepared.uuid == uuid);
        if known || self.calls.iter().any(|call| call.uuid == uuid && call.media.is_some()) {
            return;
        }
        let media = MediaId(self.new_id());
        self.prepared.push(Prepared { uuid: uuid.to_owned(), media });
        let command = MediaCommand::Prepare { ice_servers: self.options.ice_servers.clone() };
        self.out.push_back(AgentEvent::Media { media, number: 0, command });
    }

    /// Closes what was made ready for other calls than these.
    pub fn keep_prepared(&mut self, wanted: impl Fn(&str) -> bool) {
        let left = std::mem::take(&mut self.prepared);
        for prepared in left {
            if wanted(&prepared.uuid) {
                self.prepared.push(prepared);
            } else {
                let media = prepared.media;
                self.out.push_back(AgentEvent::Media { media, number: 0, command: MediaCommand::Close });
            }
        }
    }

    /// The media session that a call is to have: what was made ready for it, or a new one.
    pub(super) fn media_for(&mut self, id: CallId) -> MediaId {
        let uuid = self.find_call(id).map(|call| call.uuid.as_str());
        let ready = self.prepared.iter().position(|prepared| Some(prepared.uuid.as_str()) == uuid);
        match ready {
            Some(index) => self.prepared.remove(index).media,
            None => MediaId(self.new_id()),
        }
    }
}
