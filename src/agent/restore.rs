//! Calls that outlive their page: what is left of each, and how the next page goes on with it.
//!
//! Only calls that both sides agreed to. Where the host has kept the media session its audio has never stopped, and a
//! target refresh on the new flow is all that the far end sees; else there is a new session, and an offer of it. Nothing
//! in it is secret: names and addresses, tags, numbers and the route set, and the first line of our last description. Keys,
//! candidates and passwords of ICE and the description itself are in none of it.

use super::call::{Beginning, Call, Job};
use super::repair::Repair;
use super::state::{push, records};
use super::{Agent, outcome, session};
use crate::common::limits;
use crate::common::time::Now;
use crate::dialog::Dialog;
use crate::io::{
    AccountId, CallId, Direction, ErrorCode, Event, FlowId, Identity, MediaCommand, MediaDirection, MediaId,
    OutcomeKind, Video,
};
use crate::message::{HeaderName, Method, Request};

/// Names of the records of a call.
const UUID: &str = "uuid";
const DIALOG: &str = "dialog";
const TIMER: &str = "timer";
const FLAGS: &str = "flags";
const REMOTE: &str = "remote";
const NAME: &str = "name";
const ASSERTED: &str = "asserted";
const DIVERTED: &str = "diverted";
const SINCE: &str = "since";
const MEDIA: &str = "media";
const ORIGIN: &str = "origin";

/// Calls that nobody has seen for so long are not taken up, in milliseconds.
const STALE_MS: u64 = 3_600_000;
/// How exactly it is noted when they were seen: each step is one more writing.
const SEEN_MS: u64 = 600_000;
/// The highest id that a media session of an earlier page may have.
const LAST_MEDIA: u32 = 1 << 30;
/// Letters of a call's UUID.
const UUID_LETTERS: usize = 64;

const DIRECTIONS: [MediaDirection; 4] =
    [MediaDirection::SendRecv, MediaDirection::SendOnly, MediaDirection::RecvOnly, MediaDirection::Inactive];

/// What the host still has of an earlier page.
#[derive(Debug)]
pub(super) struct HostHas {
    /// Calls, by UUID. Of others the user has been told that they are over.
    calls: Vec<String>,
    media: Vec<MediaId>,
}

impl Call {
    /// What the next page has to know; `None` where it could not go on with the call.
    fn snapshot(&self, now: Now) -> Option<String> {
        let dialog = self.dialog.as_ref().filter(|_| self.is_confirmed())?;
        let session = &self.session;
        let unsettled =
            self.job != Job::None || self.reoffer.is_some() || self.answer_in_ack || session.modification.offers();
        let mut flags = String::new();
        for (letter, is) in [
            ('i', self.direction == Direction::Incoming),
            ('h', self.on_hold),
            ('r', self.remote_hold),
            ('m', self.muted),
            ('n', self.video_muted),
            ('u', session.takes_update),
            ('c', self.media_connected),
            ('x', unsettled || session.out_of_step),
            ('v', self.video() == Video::Receive),
            ('w', self.video() == Video::Send),
        ] {
            if is {
                flags.push(letter);
            }
        }
        let agreed = DIRECTIONS.iter().zip('0'..).find(|(direction, _)| self.video_agreed == Some(**direction));
        flags.extend(agreed.map(|(_, digit)| digit));
        let media = self.media.map(|media| media.0.to_string());
        let asserted = self.asserted_identity.as_ref();
        let asserted = asserted.map(|who| [&who.uri, "\n", who.name.as_deref().unwrap_or_default()].concat());
        let since = self.connected_at.map(|at| at.to_string());
        let mut text = String::new();
        for (name, part) in [
            (UUID, Some(self.uuid.as_str())),
            (DIALOG, Some(dialog.snapshot().as_str())),
            (TIMER, Some(session.timer.snapshot(now).as_str())),
            (FLAGS, Some(flags.as_str())),
            (REMOTE, Some(self.remote_uri.as_str())),
            (NAME, self.remote_name.as_deref()),
            (ASSERTED, asserted.as_deref()),
            (DIVERTED, self.diverted_from.as_deref()),
            (SINCE, since.as_deref()),
            (MEDIA, media.as_deref()),
            (ORIGIN, session.origin.as_deref()),
        ] {
            if let Some(part) = part.filter(|part| !part.is_empty()) {
                push(&mut text, name, part);
            }
        }
        Some(text)
    }

    /// A description of ours is there: to the far end it is the next version of the last one (RFC 3264 section 8), even if
    /// it was another page that made that.
    pub(super) fn continue_origin(&mut self, sdp: &mut String) {
        let Some(start) = sdp.find("o=").map(|at| at + 2) else { return };
        let end = sdp.get(start..).and_then(|rest| rest.find(['\r', '\n'])).map_or(sdp.len(), |length| start + length);
        if let Some(next) = self.session.origin.as_deref().filter(|_| self.session.restored).and_then(next_version) {
            sdp.replace_range(start..end, &next);
            self.session.origin = Some(next);
        } else {
            self.session.origin = sdp.get(start..end).map(str::to_owned);
        }
    }
}

/// The origin of the description that follows the one with this (RFC 8866 section 5.2).
fn next_version(origin: &str) -> Option<String> {
    let mut parts = origin.splitn(4, ' ');
    let (user, session, version, rest) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let version = version.parse::<u64>().ok()?.checked_add(1)?;
    Some([user, " ", session, " ", &version.to_string(), " ", rest].concat())
}

/// What is left of one account's calls, and when they were seen last.
#[derive(Debug, Default)]
pub(super) struct RememberedCalls {
    pub(super) seen: u64,
    pub(super) calls: Vec<String>,
}

impl Agent {
    /// Whether calls are kept for the next page, and there is one.
    #[must_use]
    pub fn has_calls_to_keep(&self) -> bool {
        self.keeps_calls() && self.calls.iter().any(Call::is_confirmed)
    }

    pub(super) fn keeps_calls(&self) -> bool {
        self.options.keep_calls || self.options.host
    }

    /// What is left of the calls of an account.
    pub(super) fn calls_snapshot(&self, now: Now, account: AccountId) -> RememberedCalls {
        let of_account = |call: &&Call| call.account == account && self.keeps_calls();
        RememberedCalls {
            seen: now.wall - now.wall % SEEN_MS,
            calls: self.calls.iter().filter(of_account).filter_map(|call| call.snapshot(now)).collect(),
        }
    }

    /// What the host still has of an earlier page. Ids of its media sessions are given to no others.
    pub fn host_has(&mut self, calls: Vec<String>, mut media: Vec<MediaId>) {
        media.retain(|media| media.0 < LAST_MEDIA);
        self.next_id = media.iter().map(|media| media.0).chain([self.next_id]).max().unwrap_or(0);
        self.host_has = Some(HostHas { calls, media });
    }

    /// Goes on with the calls that an earlier page had, and tells of each that it is there, or that it is over.
    pub(super) fn restore_calls(&mut self, now: Now, account: AccountId, known: &RememberedCalls) {
        if !self.keeps_calls() || now.wall.saturating_sub(known.seen) > STALE_MS {
            return;
        }
        for text in known.calls.iter().take(limits::CALLS) {
            let id = CallId(self.new_id());
            if let Some((call, ended)) = read(now, id, account, text)
                && !self.too_many_calls()
                && !self.calls.iter().any(|other| other.call_id == call.call_id || other.uuid == call.uuid)
            {
                self.restore_call(now, call, ended);
            }
        }
    }

    fn restore_call(&mut self, now: Now, mut call: Call, ended: Option<ErrorCode>) {
        let (id, account, dialog) = (call.id, call.account, call.dialog.clone());
        // A host that does not show our own calls knows nothing of them.
        let unknown = (call.direction == Direction::Incoming || self.call_ui)
            && self
                .host_has
                .as_ref()
                .is_some_and(|host| !host.calls.iter().any(|uuid| uuid.eq_ignore_ascii_case(&call.uuid)));
        let lives_on = |media: &MediaId| self.host_has.as_ref().is_some_and(|host| host.media.contains(media));
        call.media = call.media.filter(lives_on);
        let lives_on = call.media.is_some();
        call.session.adrift = true;
        call.session.restored = !lives_on;
        call.media_connected &= lives_on;
        if !lives_on {
            call.session.repair = Some(Repair::disconnected(now.mono));
        }
        let unsettled = call.session.out_of_step;
        let directions = session::directions(session::offered(call.on_hold, call.remote_hold), call.video());
        self.calls.push(call);
        self.touched = true;
        if let Some(why) = ended.or(unknown.then_some(ErrorCode::CallEnded)) {
            if let Some(dialog) = dialog {
                self.bye(now, id, account, dialog);
            }
            self.end_call(now, id, outcome::of_error(OutcomeKind::Failed, why.into()));
            return;
        }
        if let Some(info) = self.call(id) {
            self.tell(Event::CallRestored(info));
        }
        if !lives_on {
            self.open_media(id, true);
            return;
        }
        if unsettled {
            self.media_command(id, MediaCommand::Rollback);
        }
        // What it was told last may not have been kept.
        if let Some(call) = self.call_mut(id) {
            call.session.told = directions;
            let (direction, video) = directions;
            self.media_command(id, MediaCommand::Direction { direction, video });
        }
    }
}

/// A call as [`Call::snapshot`] left it, and why it is over where it is.
fn read(now: Now, id: CallId, account: AccountId, text: &str) -> Option<(Call, Option<ErrorCode>)> {
    let get = |wanted: &str| records(text).find(|(name, _)| *name == wanted).map(|(_, part)| part);
    let uuid = get(UUID).filter(|uuid| uuid.len() <= UUID_LETTERS && uuid.bytes().all(|b| b.is_ascii_graphic()))?;
    let dialog = Dialog::restore(get(DIALOG)?)?;
    let flags = get(FLAGS).unwrap_or_default();
    let is = |letter: char| flags.contains(letter);
    let mut invite = Request::new(Method::Invite, dialog.local_uri());
    invite.headers.push(HeaderName::CallId, dialog.call_id());
    let beginning = Beginning {
        id,
        uuid: uuid.to_owned(),
        account,
        // None that there is.
        flow: FlowId(0),
        invite,
        local_tag: dialog.local_tag().to_owned(),
        remote_uri: get(REMOTE).unwrap_or_default().to_owned(),
        remote_name: get(NAME).map(str::to_owned),
    };
    let direction = if is('i') { Direction::Incoming } else { Direction::Outgoing };
    let mut call = Call::restored(beginning, direction, dialog);
    if let Some((uri, name)) = get(ASSERTED).and_then(|text| text.split_once('\n')) {
        let name = Some(name.to_owned()).filter(|name| !name.is_empty());
        call.asserted_identity = Some(Identity { uri: uri.to_owned(), name });
    }
    call.diverted_from = get(DIVERTED).map(str::to_owned);
    call.on_hold = is('h');
    call.remote_hold = is('r');
    call.muted = is('m');
    call.video_muted = is('n');
    call.media_connected = is('c');
    call.video = Some(if is('w') {
        Video::Send
    } else if is('v') {
        Video::Receive
    } else {
        Video::Off
    });
    call.video_agreed = DIRECTIONS.into_iter().zip('0'..).find(|(_, digit)| is(*digit)).map(|(direction, _)| direction);
    call.connected_at = get(SINCE).and_then(|at| at.parse().ok());
    call.media = get(MEDIA).and_then(|media| media.parse().ok()).map(MediaId);
    call.session.takes_update = is('u');
    call.session.out_of_step = is('x');
    call.session.origin = get(ORIGIN).filter(|text| !text.contains(char::is_control)).map(str::to_owned);
    let lives = call.session.timer.restore(now, get(TIMER).unwrap_or_default());
    Some((call, (!lives).then_some(ErrorCode::Timeout)))
}
