//! Trickle ICE (RFC 8838) by INFO (RFC 8840): our candidates that come after our description, and theirs.
//!
//! An INFO repeats all candidates of its generation (RFC 8840 section 4.4), and in one dialog none leaves before the one
//! before it has its answer (section 10.9): so what came meanwhile leaves together. Of theirs the last fragment is kept and
//! looked at again whenever media takes a description, for it may have come before that.

use super::Agent;
use super::call::{Call, Phase};
use super::progress::Exchange;
use super::request::{DialogRef, Purpose};
use crate::common::limits;
use crate::common::lists::Gather;
use crate::common::time::Now;
use crate::dialog::{Dialog, Wish};
use crate::io::{AccountId, CallId, Direction, Error, ErrorCode, IceCandidate, MediaCommand, TrickleIce};
use crate::message::{HeaderName, Headers, Method, Request, Response};
use crate::sdp::{Ice, is_candidate};
use crate::transaction::ServerId;

/// The option tag (RFC 8840 section 10.6), which is the package's name as well.
pub(super) const TAG: &str = "trickle-ice";
/// The type of a fragment (section 9).
const FRAGMENT: &str = "application/trickle-ice-sdpfrag";

/// What a call knows of late candidates.
#[derive(Debug, Default)]
pub(crate) struct Trickle {
    /// The media lines of our last description, with all candidates since.
    ours: Vec<Ours>,
    /// How many of them our last description had.
    described: usize,
    /// There will be no more.
    ended: bool,
    /// Our descriptions leave without waiting for candidates.
    at_once: bool,
    /// The last one did: a far end that takes none later needs another.
    pub(super) bare: bool,
    /// Media line and generation of each line of the description of theirs that media has.
    theirs: Vec<(String, String)>,
    /// Media line and candidate of what media has of theirs.
    given: Vec<(String, String)>,
    peers: Vec<Peer>,
}

#[derive(Debug)]
struct Ours {
    kind: String,
    mid: String,
    ufrag: String,
    pwd: String,
    candidates: Vec<String>,
}

/// One far end: the call's own, or a fork.
#[derive(Debug, Default)]
struct Peer {
    /// The tag of its dialog.
    tag: String,
    /// It has the option tag or the package.
    able: bool,
    /// Its description says that it trickles.
    willing: bool,
    /// It sent an INFO: it knows the dialog (section 4.3.2).
    heard: bool,
    /// It refused one of ours.
    refused: bool,
    /// An INFO has no answer yet.
    asked: bool,
    /// How many of our candidates it was told, and whether that was all.
    told: (usize, bool),
    /// The last fragment that it sent.
    fragment: String,
}

impl Trickle {
    fn peer(&mut self, tag: &str) -> Option<&mut Peer> {
        let known = self.peers.iter().position(|peer| peer.tag == tag);
        if known.is_none() && self.peers.len() < limits::FORKS {
            let told = (self.described, false);
            self.peers.push(Peer { tag: tag.to_owned(), told, ..Peer::default() });
        }
        self.peers.iter_mut().find(|peer| peer.tag == tag)
    }

    /// Learns from a message of the far end `tag`, with its description where it has one, whether it trickles.
    pub(super) fn learn(&mut self, tag: &str, headers: &Headers, sdp: Option<&str>) {
        let receives = headers.receives_info(TAG);
        let willing = sdp.and_then(Ice::parse).is_some_and(|ice| ice.trickles);
        if let Some(peer) = self.peer(tag) {
            peer.able = receives != Some(false) && (peer.able || headers.supports(TAG) || receives == Some(true));
            peer.willing |= willing;
        }
    }

    /// Whether the far end `tag` takes what comes late.
    fn reaches(&self, tag: &str) -> bool {
        self.peers.iter().any(|peer| peer.tag == tag && peer.able && peer.willing && !peer.refused)
    }

    fn found(&self) -> usize {
        self.ours.iter().map(|media| media.candidates.len()).sum()
    }

    /// Our description is there, with what was found so far.
    pub(super) fn described(&mut self, sdp: &str) {
        let Some(ice) = Ice::parse(sdp) else { return };
        let generation = |ours: &[Ours]| ours.first().map(|media| media.ufrag.clone());
        let before = generation(&self.ours);
        self.ours = ice
            .media
            .iter()
            .map(|media| Ours {
                kind: media.kind.to_owned(),
                mid: media.mid.to_owned(),
                ufrag: media.ufrag.to_owned(),
                pwd: media.pwd.to_owned(),
                candidates: media.candidates.iter().map(|candidate| (*candidate).to_owned()).gather(),
            })
            .gather();
        let fresh = before != generation(&self.ours);
        self.ended &= !fresh;
        // Each generation leaves as the first one did.
        self.bare |= fresh && self.at_once;
        self.described = self.found();
        for peer in &mut self.peers {
            peer.told = (self.described, peer.told.1 && !fresh);
        }
    }

    /// Media has found one more candidate, or says that there are no more.
    pub(super) fn find(&mut self, new: Option<IceCandidate>) {
        let Some(IceCandidate { mid, ufrag, candidate }) = new else {
            self.ended = !self.ours.is_empty();
            return;
        };
        let fits = |media: &&mut Ours| media.mid == mid && (ufrag.is_empty() || media.ufrag == ufrag);
        if self.found() < limits::CANDIDATES
            && is_candidate(&candidate)
            && let Some(media) = self.ours.iter_mut().find(fits)
            && !media.candidates.contains(&candidate)
        {
            media.candidates.push(candidate);
        }
    }

    /// What an INFO of ours says: all candidates of the generation (section 4.4).
    fn fragment(&self) -> String {
        let mut text = String::new();
        let none = self.found() == 0;
        for media in self.ours.iter().filter(|media| none || !media.candidates.is_empty()) {
            for part in ["m=", &media.kind, " 9 RTP/AVP 0\r\na=mid:", &media.mid, "\r\na=ice-ufrag:", &media.ufrag] {
                text.push_str(part);
            }
            for part in ["\r\na=ice-pwd:", &media.pwd, "\r\n"] {
                text.push_str(part);
            }
            for candidate in &media.candidates {
                for part in ["a=", candidate, "\r\n"] {
                    text.push_str(part);
                }
            }
            if self.ended {
                text.push_str("a=end-of-candidates\r\n");
            }
        }
        text
    }

    /// Media is about to take this description of theirs.
    pub(super) fn taken(&mut self, sdp: &str) {
        self.theirs.clear();
        self.given.clear();
        for media in Ice::parse(sdp).map(|ice| ice.media).unwrap_or_default() {
            self.theirs.push((media.mid.to_owned(), media.ufrag.to_owned()));
            for candidate in media.candidates {
                self.given.push((media.mid.to_owned(), candidate.to_owned()));
            }
        }
    }

    /// What fragments have for the description that media has, and media has not been given. What is of an unknown media
    /// line or of another generation is left alone.
    fn news(&mut self) -> Vec<IceCandidate> {
        let mut news = Vec::new();
        for ice in self.peers.iter().filter_map(|peer| Ice::parse(&peer.fragment)) {
            for media in ice.media {
                let of = |(mid, ufrag): &&(String, String)| mid == media.mid && !mid.is_empty() && ufrag == media.ufrag;
                let Some((mid, ufrag)) = self.theirs.iter().find(of) else { continue };
                for candidate in media.candidates.into_iter().chain(media.ended.then_some("")) {
                    let one = (mid.clone(), candidate.to_owned());
                    if self.given.len() < limits::CANDIDATES && !self.given.contains(&one) {
                        let (mid, candidate) = one.clone();
                        self.given.push(one);
                        news.push(IceCandidate { mid, ufrag: ufrag.clone(), candidate });
                    }
                }
            }
        }
        news
    }
}

impl Call {
    /// The far end that lacks a candidate of ours and can be told now. The dialog must be known to both (section 4.3).
    fn lacks_candidates(&self) -> Option<&str> {
        let own = self.dialog.as_ref().map(Dialog::remote_tag);
        let known = self.phase == Phase::Established || self.prelude.exchange == Exchange::Agreed;
        let can = |peer: &&Peer| {
            let lacks = peer.told.0 < self.trickle.found() || (self.trickle.ended && !peer.told.1);
            lacks
                && !peer.asked
                && self.trickle.reaches(&peer.tag)
                && match self.direction {
                    Direction::Outgoing => {
                        own.is_none_or(|own| own == peer.tag) && self.tags().any(|tag| tag == peer.tag)
                    }
                    Direction::Incoming => known || peer.heard,
                }
        };
        let live = !self.is_over() && !self.given_up && !self.session.adrift && self.media.is_some();
        self.trickle.peers.iter().filter(|_| live).find(can).map(|peer| peer.tag.as_str())
    }

    /// Whether the far end that the call is with has not been told what it can be reached at, and never will be by INFO.
    fn is_unreachable(&self) -> bool {
        let Trickle { ours, ended, bare, .. } = &self.trickle;
        let usable = |candidate: &String| candidate.contains(" typ srflx") || candidate.contains(" typ relay");
        *bare
            && self.phase == Phase::Established
            && (*ended || ours.iter().any(|media| media.candidates.iter().any(usable)))
            // One that a page before this one had the call with says anew what it can do.
            && self.dialog.as_ref().map(Dialog::remote_tag).is_some_and(|tag| {
                self.trickle.peers.iter().any(|peer| peer.tag == tag) && !self.trickle.reaches(tag)
            })
    }
}

impl Agent {
    pub(super) fn trickle_ice(&self, account: AccountId) -> TrickleIce {
        self.find_account(account).map_or(TrickleIce::Off, |account| account.options.trickle_ice)
    }

    /// What a message of ours says of it.
    pub(super) fn write_trickle(headers: &mut Headers, mode: TrickleIce) {
        if mode != TrickleIce::Off {
            headers.push(HeaderName::Supported, TAG);
            headers.push(HeaderName::RecvInfo, TAG);
        }
    }

    /// Whether the next description of a call leaves without waiting for candidates: the account knows that everybody
    /// trickles, or the caller says so.
    pub(super) fn describes_at_once(&mut self, id: CallId) -> bool {
        let Some(call) = self.find_call(id) else { return false };
        let mode = self.trickle_ice(call.account);
        let Some(call) = self.call_mut(id) else { return false };
        call.trickle.bare = match (call.direction, &call.dialog) {
            (Direction::Incoming, Some(dialog)) if mode != TrickleIce::Off => {
                let offer = super::incoming::sdp_of(&call.invite);
                call.trickle.learn(dialog.remote_tag(), &call.invite.headers, offer.as_deref());
                call.trickle.reaches(dialog.remote_tag())
            }
            _ => mode == TrickleIce::Full,
        };
        call.trickle.at_once = call.trickle.bare;
        call.trickle.bare
    }

    /// A description of ours is there, and is about to leave.
    pub(super) fn describe(&mut self, id: CallId, sdp: &mut String) {
        let off = self.find_call(id).is_some_and(|call| self.trickle_ice(call.account) == TrickleIce::Off);
        if off {
            // A browser says it of itself; the account is to do without.
            *sdp = sdp.replace("a=ice-options:trickle\r\n", "");
        }
        if let Some(call) = self.call_mut(id) {
            call.trickle.described(sdp);
        }
    }

    /// Tells far ends what media has found since they were told. True where something left.
    pub(super) fn settle_trickles(&mut self, now: Now) -> bool {
        let unreachable = self.calls.iter_mut().find(|call| call.is_unreachable()).map(|call| {
            call.trickle.bare = false;
            (call.id, call.account)
        });
        if let Some((id, account)) = unreachable {
            self.problem(ErrorCode::TrickleRefused, Some(account));
            self.want(id, Wish::Offer { restart: false }, None);
            return true;
        }
        let due = self.calls.iter().find_map(|call| {
            let account = self.find_account(call.account)?;
            account.flow().filter(|_| account.options.trickle_ice != TrickleIce::Off)?;
            Some((call.id, call.account, call.lacks_candidates()?.to_owned()))
        });
        let Some((id, account, tag)) = due else { return false };
        let Some(call) = self.call_mut(id) else { return false };
        let told = (call.trickle.found(), call.trickle.ended);
        let fragment = call.trickle.fragment();
        let Some(mut request) = call.dialog_with(&tag).map(|dialog| dialog.request(Method::Info)) else { return false };
        if let Some(peer) = call.trickle.peer(&tag) {
            peer.told = told;
            peer.asked = true;
        }
        request.headers.push(HeaderName::InfoPackage, TAG);
        request.headers.push(HeaderName::ContentDisposition, "Info-Package");
        request.set_body(FRAGMENT, fragment.into_bytes());
        let purpose = Purpose::Trickle(id, tag.clone());
        if let Err(error) = self.send_request(now, account, DialogRef::Call(id, tag.clone()), request, purpose) {
            self.trickled(account, id, &tag, Err(error));
        }
        true
    }

    /// An INFO with candidates of ours has its answer, or will have none.
    pub(super) fn trickled(&mut self, account: AccountId, id: CallId, tag: &str, result: Result<&Response, Error>) {
        let flow_lost = result.as_ref().is_err_and(|error| self.is_flow_lost(account, error));
        let Some(call) = self.call_mut(id).filter(|call| !call.is_over()) else { return };
        let Some(peer) = call.trickle.peer(tag) else { return };
        peer.asked = false;
        match result {
            Ok(response) if response.status() < 300 => {}
            // It leaves again on the next flow.
            Err(_) if flow_lost => peer.told = (0, false),
            // Too much is under way: it goes with the next candidate.
            Err(error) if error.code == ErrorCode::FlowLost => {}
            _ => {
                peer.refused = true;
                // Who needs another description is told so with that.
                if !call.trickle.bare {
                    self.problem(ErrorCode::TrickleRefused, Some(account));
                }
            }
        }
    }

    /// An INFO with candidates of theirs.
    pub(super) fn incoming_fragment(&mut self, now: Now, id: CallId, server: ServerId, request: &Request) {
        let kind = request.headers.content_type().and_then(Result::ok);
        let text = std::str::from_utf8(request.body()).ok();
        let status = match text {
            _ if !kind.is_some_and(|kind| kind.is("application", "trickle-ice-sdpfrag")) => 415,
            _ if request.body().len() > limits::FRAGMENT_OCTETS => 413,
            Some(text) if Ice::parse(text).is_some() => 200,
            _ => 400,
        };
        let mut response = self.response(request, status, "", None);
        if status == 415 {
            response.headers.push(HeaderName::Accept, FRAGMENT);
        }
        self.transactions.respond(now.mono, server, response);
        let tag = request.headers.from().and_then(Result::ok).and_then(|from| from.tag()).unwrap_or_default();
        if let (200, Some(text), Some(call)) = (status, text, self.call_mut(id))
            && let Some(peer) = call.trickle.peer(tag)
        {
            peer.heard = true;
            peer.fragment = text.to_owned();
            self.give_candidates(id);
        }
    }

    /// Gives media what has come of theirs.
    pub(super) fn give_candidates(&mut self, id: CallId) {
        let Some(call) = self.call_mut(id).filter(|call| call.media.is_some()) else { return };
        for candidate in call.trickle.news() {
            self.media_command(id, MediaCommand::Candidate(candidate));
        }
    }
}
