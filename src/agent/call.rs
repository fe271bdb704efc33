//! One call: what is known of it, in which phase it is, and its timers.

use super::dtmf::Dtmf;
use super::early::{Fork, LateOffer};
use super::identity::{self, InviteIdentity};
use super::incoming::sdp_of;
use super::progress::Prelude;
use super::redirect::Redirection;
use super::reliable::Provisional;
use super::session::{self, Session};
use super::trickle::Trickle;
use crate::common::time::Mono;
use crate::dialog::Dialog;
use crate::io::{
    AccountId, CallId, CallInfo, CallState, CommandId, Direction, Extra, FlowId, HeaderList, Identity, MediaDirection,
    MediaId, Video,
};
use crate::message::{Request, Response};
use crate::transaction::{ClientId, ServerId};

/// RFC 3261 timer values, in milliseconds.
pub(super) const T1_MS: u64 = 500;
pub(super) const T2_MS: u64 = 4_000;
/// How long a 2xx is repeated, a lost flow is waited for, an ended call is remembered: 64 · T1.
pub(super) const LINGER_MS: u64 = 64 * T1_MS;
/// How often it is said that it rings (13.3.1.1), and how often where that cannot be lost (RFC 3262 section 3).
const RINGING_MS: u64 = 60_000;
const RINGING_RELIABLY_MS: u64 = 150_000;

/// Where a call is. The application sees the coarser [`CallState`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Incoming: the INVITE got its 100 and nobody was told.
    Arrived,
    /// Incoming: 180 sent.
    Ringing,
    /// Incoming: our description is being made.
    Answering,
    /// Incoming: 200 sent, no ACK yet.
    Answered,
    /// Outgoing: our description is being made.
    Preparing,
    /// Outgoing: INVITE sent, perhaps answered provisionally.
    Calling,
    /// Both sides agreed and know it.
    Established,
    /// Over for the application. The wire may still owe a final response, which gets its ACK and BYE.
    Over,
}

/// What the media session was asked for last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Job {
    None,
    /// Our part of the first exchange: the 200's answer, or its offer where the INVITE had none, or our INVITE's offer.
    First,
    /// The same before the answer, without a microphone.
    Early,
    /// Their answer to that is being taken, from their PRACK.
    TakeEarly,
    /// The microphone for the answer to a call that has its description.
    Microphone,
    /// Our answer to a re-INVITE, an UPDATE or a PRACK.
    Again,
    /// Our answer to the offer of a far end that our INVITE left it to.
    TakeOffer,
    /// Their answer is being taken; failure ends the call.
    TakeAnswer,
    /// Our offer for a change of the session.
    Offer,
    /// Their answer in a change of the session is being taken; failure ends nothing.
    TakeAgain,
}

/// A 2xx that is repeated until its ACK comes (13.3.1.4): even on a reliable transport, for a proxy may lose it.
#[derive(Debug)]
pub(crate) struct Repeat {
    pub(crate) server: ServerId,
    pub(crate) response: Response,
    pub(crate) cseq: u32,
    pub(crate) at: Mono,
    pub(crate) pause_ms: u64,
    pub(crate) until: Mono,
    /// Its transaction went with its flow: it is sent as it is, on whatever flow there is.
    pub(crate) moved: bool,
}

/// A request of theirs whose answer is being made.
#[derive(Debug)]
pub(crate) struct Reoffer {
    pub(crate) server: ServerId,
    pub(crate) request: Request,
    /// What we wanted of video before it.
    pub(crate) video: Video,
}

#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) id: CallId,
    pub(crate) uuid: String,
    pub(crate) account: AccountId,
    pub(crate) direction: Direction,
    pub(crate) phase: Phase,
    /// Where the INVITE came or left.
    pub(crate) flow: FlowId,
    /// The INVITE as it came or as it left.
    pub(crate) invite: Request,
    pub(crate) server: Option<ServerId>,
    pub(crate) client: Option<ClientId>,
    pub(crate) local_tag: String,
    pub(crate) dialog: Option<Dialog>,
    pub(crate) media: Option<MediaId>,
    pub(crate) job: Job,
    /// The number of the last command to media, and of the one that the job is.
    pub(crate) asked: u32,
    pub(crate) job_number: u32,
    pub(crate) repeat: Option<Repeat>,
    pub(crate) reoffer: Option<Reoffer>,
    /// Our description is there, but the INVITE's flow is gone: it leaves when the INVITE comes again.
    pub(crate) ready: Option<String>,
    /// The 200 carried our offer: the ACK brings the answer.
    pub(crate) answer_in_ack: bool,
    /// The far ends that our INVITE reached, but for the one that the call is with.
    pub(crate) forks: Vec<Fork>,
    /// The numbers of the early answers that media is taking.
    pub(crate) early_answers: Vec<u32>,
    /// The fork whose description media took first.
    pub(crate) heard: Option<String>,
    /// Offers of theirs that media answers, one after the other.
    pub(crate) late: Vec<LateOffer>,
    /// The ACK to the 2xx, for its repetitions.
    pub(crate) ack: Option<Request>,
    /// There was no flow for it: it leaves on the next.
    pub(crate) ack_waits: bool,
    pub(crate) redirection: Redirection,
    /// Contacts of the 3xx that ends an incoming call.
    pub(crate) redirect_to: Vec<String>,
    /// The call whose place this one takes, until it has it.
    pub(crate) replacing: Option<CallId>,
    /// The call whose place it takes if somebody answers it.
    pub(crate) replaces: Option<CallId>,
    /// It was answered without a person.
    pub(crate) auto_answered: bool,
    /// Our reliable provisional response that has no PRACK yet.
    pub(crate) provisional: Option<Provisional>,
    pub(crate) next_rseq: Option<u32>,
    pub(crate) prelude: Prelude,
    /// A provisional response said that it rings there.
    pub(crate) ringing_there: bool,
    /// A provisional response brought a description.
    pub(crate) early: bool,
    /// The system was not asked yet whether it may start; whether its INVITE then leaves without an offer.
    pub(crate) held_back: Option<bool>,
    /// Hung up between our 200 and its ACK: BYE when the ACK is there (15).
    pub(crate) bye_after_ack: bool,
    /// Given up: a 2xx that comes all the same gets ACK and BYE.
    pub(crate) given_up: bool,
    pub(crate) auth_rounds: u8,
    /// A REFER came in its dialog.
    pub(crate) was_referred: bool,
    /// The flow of an unanswered INVITE is gone; until then it may come again on another.
    pub(crate) orphaned_until: Option<Mono>,
    /// When the caller's invitation expires (13.3.1).
    pub(crate) expires_at: Option<Mono>,
    /// When it is said again that it rings (13.3.1.1).
    pub(crate) ring_at: Option<Mono>,
    /// When an ended call is forgotten.
    pub(crate) forgotten_at: Option<Mono>,
    /// The final response that ended an incoming call, for the same INVITE on another flow.
    pub(crate) refused_with: Option<u16>,
    /// What the application adds to the final response or to the request that ends the call.
    pub(crate) extra: Extra,
    /// `answer` commands that wait for the 200.
    pub(crate) waiting: Vec<CommandId>,
    pub(crate) remote_uri: String,
    pub(crate) remote_name: Option<String>,
    pub(crate) asserted_identity: Option<Identity>,
    pub(crate) diverted_from: Option<String>,
    pub(crate) auto_answer_s: Option<u32>,
    pub(crate) on_hold: bool,
    pub(crate) remote_hold: bool,
    pub(crate) muted: bool,
    /// What we want of video; `None`: nobody has said.
    pub(crate) video: Option<Video>,
    /// What offer and answer say of it, seen from us.
    pub(crate) video_agreed: Option<MediaDirection>,
    pub(crate) video_muted: bool,
    /// `stats` commands that wait for media.
    pub(crate) asking: Vec<CommandId>,
    pub(crate) media_connected: bool,
    pub(crate) connected_at: Option<u64>,
    pub(crate) call_id: String,
    pub(crate) session: Session,
    pub(crate) dtmf: Dtmf,
    pub(crate) trickle: Trickle,
}

/// What a call begins with.
#[derive(Debug)]
pub(crate) struct Beginning {
    pub(crate) id: CallId,
    pub(crate) uuid: String,
    pub(crate) account: AccountId,
    pub(crate) flow: FlowId,
    pub(crate) invite: Request,
    pub(crate) local_tag: String,
    pub(crate) remote_uri: String,
    pub(crate) remote_name: Option<String>,
}

impl Call {
    /// A call whose INVITE came.
    pub(crate) fn incoming(beginning: Beginning, server: ServerId, dialog: Dialog) -> Self {
        let InviteIdentity { asserted, diverted_from, auto_answer_s } = identity::of_invite(&beginning.invite.headers);
        Self {
            server: Some(server),
            dialog: Some(dialog),
            asserted_identity: asserted,
            video_agreed: sdp_of(&beginning.invite).and_then(|sdp| session::video_in(&sdp, false)),
            diverted_from,
            auto_answer_s,
            ..Self::new(beginning, Direction::Incoming, Phase::Arrived)
        }
    }

    /// A call whose INVITE leaves as soon as our description is there.
    pub(crate) fn outgoing(beginning: Beginning) -> Self {
        Self { job: Job::First, ..Self::new(beginning, Direction::Outgoing, Phase::Preparing) }
    }

    /// A call that an earlier page had, in its confirmed dialog.
    pub(crate) fn restored(beginning: Beginning, direction: Direction, dialog: Dialog) -> Self {
        Self { dialog: Some(dialog), ..Self::new(beginning, direction, Phase::Established) }
    }

    fn new(beginning: Beginning, direction: Direction, phase: Phase) -> Self {
        let Beginning { id, uuid, account, flow, invite, local_tag, remote_uri, remote_name } = beginning;
        Self {
            id,
            uuid,
            account,
            direction,
            phase,
            flow,
            server: None,
            client: None,
            local_tag,
            dialog: None,
            media: None,
            job: Job::None,
            repeat: None,
            reoffer: None,
            ready: None,
            answer_in_ack: false,
            forks: Vec::new(),
            early_answers: Vec::new(),
            asked: 0,
            job_number: 0,
            heard: None,
            late: Vec::new(),
            ack: None,
            ack_waits: false,
            redirection: Redirection::default(),
            redirect_to: Vec::new(),
            replacing: None,
            replaces: None,
            auto_answered: false,
            provisional: None,
            next_rseq: None,
            prelude: Prelude::default(),
            ringing_there: false,
            early: false,
            held_back: None,
            bye_after_ack: false,
            given_up: false,
            auth_rounds: 0,
            was_referred: false,
            orphaned_until: None,
            expires_at: None,
            ring_at: None,
            forgotten_at: None,
            refused_with: None,
            extra: Extra::default(),
            waiting: Vec::new(),
            remote_uri,
            remote_name,
            asserted_identity: None,
            diverted_from: None,
            auto_answer_s: None,
            on_hold: false,
            remote_hold: false,
            muted: false,
            video: None,
            video_agreed: None,
            video_muted: false,
            asking: Vec::new(),
            media_connected: false,
            connected_at: None,
            session: Session::new(),
            dtmf: Dtmf::default(),
            trickle: Trickle::default(),
            call_id: invite.headers.call_id().unwrap_or_default().to_owned(),
            invite,
        }
    }

    pub(crate) fn info(&self) -> CallInfo {
        CallInfo {
            id: self.id,
            uuid: self.uuid.clone(),
            account: self.account,
            direction: self.direction,
            state: self.state(),
            remote_uri: self.remote_uri.clone(),
            remote_name: self.remote_name.clone(),
            asserted_identity: self.asserted_identity.clone().map(Box::new),
            diverted_from: self.diverted_from.clone(),
            auto_answer_s: self.auto_answer_s,
            replaces: self.replaces,
            on_hold: self.on_hold,
            remote_hold: self.remote_hold,
            muted: self.muted,
            video: self.video_agreed,
            video_muted: self.video_muted,
            media_connected: self.media_connected,
            connected_at: self.connected_at,
            sip_call_id: self.call_id.clone(),
            headers: HeaderList::new(),
        }
    }

    fn state(&self) -> CallState {
        match self.phase {
            Phase::Arrived | Phase::Preparing => CallState::Connecting,
            Phase::Ringing => CallState::Ringing,
            Phase::Answering => CallState::Answering,
            Phase::Answered | Phase::Established => CallState::Connected,
            Phase::Calling if self.early => CallState::Early,
            Phase::Calling if self.ringing_there => CallState::Ringing,
            Phase::Calling => CallState::Connecting,
            Phase::Over => CallState::Ended,
        }
    }

    /// What we want of video.
    pub(crate) fn video(&self) -> Video {
        self.video.unwrap_or_default()
    }

    pub(crate) fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// Whether there is a dialog that both sides know.
    pub(crate) fn is_confirmed(&self) -> bool {
        matches!(self.phase, Phase::Answered | Phase::Established)
    }

    /// An incoming call whose INVITE has no final response yet.
    pub(crate) fn is_unanswered(&self) -> bool {
        matches!(self.phase, Phase::Arrived | Phase::Ringing | Phase::Answering)
    }

    /// An outgoing call that nobody has answered.
    pub(crate) fn is_inviting(&self) -> bool {
        matches!(self.phase, Phase::Preparing | Phase::Calling) && self.dialog.is_none()
    }

    /// Its flow is gone. True where media has an offer of ours that will have no answer.
    pub(crate) fn flow_lost(&mut self, now: Mono) -> bool {
        if self.is_unanswered() {
            // A server that holds or forks the INVITE sends it again to our next flow; the call waits for that.
            self.server = None;
            // It is said again there, with the next number.
            if self.provisional.take().is_some() {
                self.prelude.unsaid();
            }
            self.orphaned_until = Some(now.after(LINGER_MS));
        }
        if self.phase != Phase::Established {
            return false;
        }
        self.session.adrift = true;
        // What was being agreed may or may not have reached the far end: it is offered anew on the next flow.
        let cut_off = self.reoffer.take().is_some() || self.repeat.take().is_some() || self.session.deferred.is_some();
        self.session.out_of_step |= cut_off;
        self.session.deferred = None;
        std::mem::take(&mut self.answer_in_ack)
    }

    /// It is said now that it rings.
    pub(crate) fn rings(&mut self, now: Mono, reliably: bool) {
        self.ring_at = Some(now.after(if reliably { RINGING_RELIABLY_MS } else { RINGING_MS }));
    }

    pub(crate) fn next_timeout(&self) -> Option<Mono> {
        let repeat = self.repeat.as_ref().map(|repeat| repeat.at.min(repeat.until));
        let session = match self.phase {
            Phase::Answered | Phase::Established => self.session.next_timeout(),
            Phase::Calling => self.session.modification.next_timeout(),
            _ => None,
        };
        let digits = if self.is_over() { None } else { self.dtmf.next_timeout() };
        let provisional = self.provisional.as_ref().and_then(Provisional::next_timeout);
        let expires = self.expires_at.filter(|_| self.is_unanswered() || self.is_inviting());
        let rings = self.ring_at.filter(|_| self.is_unanswered());
        [repeat, expires, rings, provisional, self.orphaned_until, self.forgotten_at, session, digits]
            .into_iter()
            .flatten()
            .min()
    }

    pub(crate) fn is_due(&self, now: Mono) -> bool {
        self.next_timeout().is_some_and(|at| at <= now)
    }

    pub(crate) fn is_forgotten(&self, now: Mono) -> bool {
        self.is_over() && self.forgotten_at.is_some_and(|at| at <= now)
    }
}
