//! The registration of one account (RFC 3261 section 10) as a machine: it always has a flow to wait for, a
//! response to wait for, or a timer, unless nobody wants it or the server's word is final.

use crate::common::backoff;
use crate::common::lists::Keep;
use crate::common::random::Random;
use crate::common::time::{Mono, Now};
use crate::io::{CommandId, Error, ErrorCode, RegistrationState};
use crate::transaction::ClientId;

/// Longest pause between two attempts, in milliseconds.
const LONGEST_PAUSE_MS: u64 = 300_000;
/// First pause after a failure, in milliseconds; doubled with each further one.
const FIRST_PAUSE_MS: u64 = 2_000;
/// The same where the registrar says no to what it has said yes to before: it is asked again, without haste.
const FIRST_PATIENCE_MS: u64 = 60_000;
/// The longest pause then.
const LONGEST_PATIENCE_MS: u64 = 1_800_000;
/// Challenges and 423s answered in one attempt before it counts as failed.
const ROUNDS: u8 = 4;
/// The longest binding that is asked for because a 423 says so, in seconds: one year.
pub(super) const LONGEST_EXPIRES: u32 = 31_536_000;
/// The longest pause that is kept because a Retry-After says so, in seconds: an hour, or the phone is lost.
const LONGEST_RETRY_AFTER_S: u32 = 3_600;
/// Longest time between two REGISTERs, in milliseconds, however long the server keeps the binding: a day.
const LONGEST_REFRESH_MS: u64 = 86_400_000;

/// Letters of a Call-ID that is taken up from an earlier page.
const CALL_ID_LETTERS: usize = 64;
/// A CSeq beyond it is not taken up: there must be room for all that follow (RFC 3261 section 8.1.1.5).
const LAST_CSEQ: u32 = 1 << 30;

/// What a REGISTER on its way is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Make or refresh the binding.
    Bind,
    /// Remove the binding but go on being pushed to.
    Unregister,
    /// Remove the binding and end pushes.
    LogOut,
    /// Remove all bindings of the address of record (RFC 3261 section 10.2.2).
    Everything,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nothing wanted, or the server said no for good.
    Idle,
    /// A REGISTER leaves as soon as there is a flow (and the wait for the token is over).
    Due(Purpose),
    /// A REGISTER is on its way.
    Pending(ClientId, Purpose),
    /// The binding is there; refreshed at the time given.
    Bound { refresh_at: Mono },
    /// It is there still, and the application was told to refresh it.
    Expiring,
    /// The last attempt failed; the next at the time given, which a new flow does not bring nearer where the server
    /// asked for it.
    Paused { until: Mono, asked: bool },
}

/// The machine.
#[derive(Debug)]
#[cfg_attr(test, derive(Clone))]
pub(crate) struct Registration {
    phase: Phase,
    /// Seconds asked for; raised by 423.
    pub(crate) expires: u32,
    /// Where a 3xx sent us.
    moved: Option<Moved>,
    pub(crate) call_id: String,
    pub(crate) from_tag: String,
    pub(crate) cseq: u32,
    /// They are those of an earlier page, and the registrar has not taken them yet.
    recalled: bool,
    rounds: u8,
    failures: u32,
    /// The registrar has made a binding of ours: a refusal is no fault of the options.
    worked: bool,
    /// Until when the server keeps the binding.
    bound_until: Option<Mono>,
    pub(crate) expires_at_wall: Option<u64>,
    pub(crate) status: Option<u16>,
    pub(crate) error: Option<Error>,
    waiting: Vec<CommandId>,
    /// Asked for while a REGISTER is on its way: what comes after it.
    next: Option<Purpose>,
}

/// Another URI of the registrar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Moved {
    pub(crate) registrar: String,
    /// It holds for later REGISTERs as well (301; RFC 3261 sections 21.3.2 and 21.3.3).
    pub(crate) for_good: bool,
}

/// What a final response to REGISTER says, or that there will be none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// 2xx: our binding is there for so many seconds, more than 0.
    Granted(u32),
    /// 2xx: the binding is gone, as asked.
    Removed,
    /// 2xx, but our binding is not there.
    Missing(u16),
    /// The same again, in other words: with credentials, without what the server does not have.
    Again(u16),
    /// 423, with its Min-Expires.
    TooBrief(Option<u32>),
    /// 3xx, and where to; `None` where that is nothing we could follow.
    Moved(u16, Option<Moved>),
    /// Anything else. `retry`: another attempt makes sense, `after_s`: not before so many seconds.
    Refused { error: Error, after_s: Option<u32>, retry: bool },
}

/// What became of a final response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// A further REGISTER is due at once.
    Again,
    /// The binding is there.
    Bound,
    /// The binding is gone, as wanted.
    Removed,
    /// It failed.
    Failed,
}

impl Registration {
    pub(crate) fn new(expires: u32, random: &mut Random) -> Self {
        Self {
            phase: Phase::Idle,
            expires,
            moved: None,
            call_id: random.token(24),
            from_tag: random.token(10),
            cseq: 0,
            recalled: false,
            rounds: 0,
            failures: 0,
            worked: false,
            bound_until: None,
            expires_at_wall: None,
            status: None,
            error: None,
            waiting: Vec::new(),
            next: None,
        }
    }

    /// What is remembered beyond the page: Call-ID and CSeq, so that the registrar sees one sequence of REGISTERs (RFC 3261
    /// section 10.2).
    pub(crate) fn snapshot(&self) -> String {
        [&self.call_id, " ", &self.cseq.to_string()].concat()
    }

    /// Takes up what [`Registration::snapshot`] gave, unless a REGISTER has left already.
    pub(crate) fn recall(&mut self, text: &str) {
        if let Some((call_id, cseq)) = text.split_once(' ')
            && self.cseq == 0
            && (1..=CALL_ID_LETTERS).contains(&call_id.len())
            && call_id.bytes().all(|b| b.is_ascii_alphanumeric())
            && let Ok(cseq) = cseq.parse()
            && cseq < LAST_CSEQ
        {
            call_id.clone_into(&mut self.call_id);
            self.cseq = cseq;
            self.recalled = true;
        }
    }

    /// The registrar does not like a Call-ID that is remembered: it gets a new one. False where that was not so.
    pub(crate) fn forget(&mut self, random: &mut Random) -> bool {
        if std::mem::take(&mut self.recalled) {
            self.call_id = random.token(24);
            self.cseq = 0;
            return true;
        }
        false
    }

    /// Asks for a REGISTER. One on its way is not overtaken: this one follows it.
    pub(crate) fn want(&mut self, purpose: Purpose, command: Option<CommandId>) {
        self.waiting.extend(command);
        if let Phase::Pending(_, current) = self.phase {
            self.next = if current == purpose && self.next.is_none() { None } else { Some(purpose) };
        } else {
            self.rounds = 0;
            self.next = None;
            self.phase = Phase::Due(purpose);
        }
    }

    /// Asks for a REGISTER that says something new, even though one is on its way.
    pub(crate) fn want_again(&mut self, purpose: Purpose) {
        match self.phase {
            Phase::Pending(..) => self.next = Some(purpose),
            _ => self.want(purpose, None),
        }
    }

    /// The same for a command, which is completed by that one.
    pub(crate) fn want_new(&mut self, purpose: Purpose, command: CommandId) {
        self.want_again(purpose);
        self.waiting.push(command);
    }

    /// Whether a command waits.
    pub(crate) fn is_waiting(&self, command: CommandId) -> bool {
        self.waiting.contains(&command)
    }

    /// A command waits no more; false where it did not.
    pub(crate) fn stop_waiting(&mut self, command: CommandId) -> bool {
        let waited = self.is_waiting(command);
        self.waiting.keep(|other| *other != command);
        waited
    }

    /// Whether a REGISTER should leave now, and which.
    pub(crate) fn due(&self) -> Option<Purpose> {
        match self.phase {
            Phase::Due(purpose) => Some(purpose),
            _ => None,
        }
    }

    /// Whether a REGISTER is on its way or due that takes the binding away.
    pub(crate) fn is_leaving(&self) -> bool {
        matches!(self.phase, Phase::Due(p) | Phase::Pending(_, p) if p != Purpose::Bind)
    }

    /// Whether a binding is there, and is being kept.
    pub(crate) fn is_kept(&self) -> bool {
        matches!(self.phase, Phase::Bound { .. })
    }

    /// Whether nothing is wanted any more.
    pub(crate) fn is_idle(&self) -> bool {
        self.phase == Phase::Idle
    }

    /// How many attempts have failed since one succeeded.
    pub(crate) const fn failures(&self) -> u32 {
        self.failures
    }

    /// Whether the server has our binding as far as we know.
    pub(crate) fn is_bound(&self, now: Mono) -> bool {
        self.bound_until.is_some_and(|until| until > now)
    }

    /// Whether a binding is being made and there is none yet.
    pub(crate) fn is_first_under_way(&self) -> bool {
        let binding = matches!(self.phase, Phase::Due(Purpose::Bind) | Phase::Pending(_, Purpose::Bind));
        binding && self.bound_until.is_none()
    }

    /// The REGISTER has left.
    pub(crate) fn sent(&mut self, client: ClientId, purpose: Purpose) {
        self.phase = Phase::Pending(client, purpose);
    }

    /// The purpose of the REGISTER that `client` is, if it is the one on its way.
    pub(crate) fn pending(&self, client: ClientId) -> Option<Purpose> {
        match self.phase {
            Phase::Pending(id, purpose) if id == client => Some(purpose),
            _ => None,
        }
    }

    /// Where REGISTER goes, if not to the domain.
    pub(crate) fn registrar(&self) -> Option<&str> {
        self.moved.as_ref().map(|moved| moved.registrar.as_str())
    }

    /// Takes the final response to the REGISTER on its way, which was for `purpose`.
    pub(crate) fn answered(&mut self, now: Now, purpose: Purpose, answer: Answer, random: &mut Random) -> Verdict {
        match answer {
            Answer::Granted(seconds) => self.bound(now, seconds),
            Answer::Removed => self.removed(),
            Answer::Missing(status) => {
                self.failed(now, Error::sip(ErrorCode::BindingMissing, status), None, true, random)
            }
            Answer::Again(status) => self.again(now, purpose, status, random),
            Answer::TooBrief(min_expires) => self.too_brief(now, min_expires, random),
            Answer::Moved(status, Some(moved)) if self.registrar() != Some(moved.registrar.as_str()) => {
                self.moved = Some(moved);
                self.again(now, purpose, status, random)
            }
            Answer::Moved(status, _) => {
                let error = Error::sip(ErrorCode::RegistrationRejected, status);
                self.failed(now, error, None, false, random)
            }
            Answer::Refused { error, after_s, retry } => self.failed(now, error, after_s, retry, random),
        }
    }

    /// The same again, unless there were too many rounds.
    fn again(&mut self, now: Now, purpose: Purpose, status: u16, random: &mut Random) -> Verdict {
        self.rounds = self.rounds.saturating_add(1);
        if self.rounds > ROUNDS {
            let code =
                if matches!(status, 401 | 407) { ErrorCode::WrongPassword } else { ErrorCode::RegistrationRejected };
            return self.failed(now, Error::sip(code, status), None, false, random);
        }
        self.phase = Phase::Due(purpose);
        Verdict::Again
    }

    /// 423: the server wants longer bindings (10.2.8).
    fn too_brief(&mut self, now: Now, min_expires: Option<u32>, random: &mut Random) -> Verdict {
        self.rounds = self.rounds.saturating_add(1);
        match min_expires {
            // To remove a binding is no interval that could be too brief.
            _ if self.is_leaving() => {
                self.failed(now, Error::sip(ErrorCode::RegistrationRejected, 423), None, false, random)
            }
            Some(longer) if longer > self.expires && longer <= LONGEST_EXPIRES && self.rounds <= ROUNDS => {
                self.expires = longer;
                self.phase = Phase::Due(Purpose::Bind);
                Verdict::Again
            }
            _ => self.failed(now, Error::sip(ErrorCode::RegistrationRejected, 423), None, false, random),
        }
    }

    /// The server granted so many seconds.
    fn bound(&mut self, now: Now, seconds: u32) -> Verdict {
        let granted = u64::from(seconds) * 1000;
        // Early enough for a round trip and a retry, but not more often than needed.
        let refresh = if granted > 20_000 { granted - (granted / 10).clamp(5_000, 600_000) } else { granted / 2 };
        self.phase = Phase::Bound { refresh_at: now.mono.after(refresh.clamp(1_000, LONGEST_REFRESH_MS)) };
        self.worked = true;
        self.bound_until = Some(now.mono.after(granted));
        self.expires_at_wall = Some(now.wall.saturating_add(granted));
        self.succeeded(Some(200));
        self.follow_up();
        Verdict::Bound
    }

    /// The binding is gone.
    fn removed(&mut self) -> Verdict {
        self.phase = Phase::Idle;
        self.unbound();
        self.succeeded(Some(200));
        self.follow_up();
        Verdict::Removed
    }

    fn succeeded(&mut self, status: Option<u16>) {
        self.rounds = 0;
        self.failures = 0;
        self.recalled = false;
        self.status = status;
        self.error = None;
        self.moved = self.moved.take().filter(|moved| moved.for_good);
    }

    fn unbound(&mut self) {
        self.bound_until = None;
        self.expires_at_wall = None;
    }

    fn follow_up(&mut self) {
        if let Some(next) = self.next.take() {
            self.rounds = 0;
            self.phase = Phase::Due(next);
        }
    }

    /// An attempt failed; `retry` says whether another makes sense, at the earliest after `after_s` seconds.
    pub(crate) fn failed(
        &mut self,
        now: Now,
        error: Error,
        after_s: Option<u32>,
        retry: bool,
        random: &mut Random,
    ) -> Verdict {
        let leaving = self.is_leaving();
        self.rounds = 0;
        self.failures = self.failures.saturating_add(1);
        self.moved = None;
        self.status = error.status;
        // Nobody but the user can mend credentials. All else may pass: a phone must not stay out of reach until it is asked.
        let patient = !retry && self.worked && !is_about_credentials(error.code);
        self.error = Some(error);
        self.phase = if (retry || patient) && !leaving {
            let (first, longest) =
                if patient { (FIRST_PATIENCE_MS, LONGEST_PATIENCE_MS) } else { (FIRST_PAUSE_MS, LONGEST_PAUSE_MS) };
            let pause = backoff::spread(first, longest, self.failures - 1, random);
            let asked = u64::from(after_s.unwrap_or(0).min(LONGEST_RETRY_AFTER_S)) * 1000;
            let late = if asked > pause { random.below(asked / 10) } else { 0 };
            Phase::Paused { until: now.mono.after(pause.max(asked) + late), asked: asked > 0 }
        } else {
            Phase::Idle
        };
        if leaving || !retry {
            self.unbound();
        }
        self.follow_up();
        Verdict::Failed
    }

    /// The flow went: what was on its way is due again on the next flow.
    pub(crate) fn flow_lost(&mut self) {
        self.unbound();
        self.moved = None;
        match self.phase {
            Phase::Pending(_, purpose) => {
                self.rounds = 0;
                self.phase = Phase::Due(self.next.take().unwrap_or(purpose));
            }
            // The binding named the lost flow, so it is worth nothing: bind again on the next.
            Phase::Bound { .. } | Phase::Expiring | Phase::Paused { asked: false, .. } => {
                self.phase = Phase::Due(Purpose::Bind)
            }
            Phase::Idle | Phase::Due(_) | Phase::Paused { .. } => {}
        }
    }

    /// Nothing is to be done until further notice: the account sleeps.
    pub(crate) fn rest(&mut self) {
        self.phase = Phase::Idle;
        self.next = None;
    }

    /// The refresh, the end of a pause or that of the binding has come. True where the application is to refresh the
    /// binding: if it does not, the binding ends.
    pub(crate) fn timeout(&mut self, now: Mono, by_application: bool) -> bool {
        if self.bound_until.is_some_and(|until| until <= now) {
            self.unbound();
        }
        match self.phase {
            Phase::Bound { refresh_at } if refresh_at <= now && by_application => {
                self.phase = Phase::Expiring;
                return true;
            }
            Phase::Expiring if !self.is_bound(now) => self.phase = Phase::Idle,
            Phase::Bound { refresh_at: at } | Phase::Paused { until: at, .. } if at <= now => {
                self.rounds = 0;
                self.phase = Phase::Due(Purpose::Bind);
            }
            _ => {}
        }
        false
    }

    /// When [`Self::timeout`] is to be called.
    pub(crate) fn next_timeout(&self) -> Option<Mono> {
        match self.phase {
            Phase::Bound { refresh_at: at } => Some(at),
            // While its refresh hangs the binding may run out.
            Phase::Paused { until: at, .. } => self.bound_until.into_iter().chain([at]).min(),
            _ => self.bound_until,
        }
    }

    /// Whether another attempt comes by itself.
    pub(crate) fn will_retry(&self) -> bool {
        matches!(self.phase, Phase::Paused { .. } | Phase::Due(Purpose::Bind) | Phase::Pending(_, Purpose::Bind))
    }

    /// The state the application sees.
    pub(crate) fn state(&self) -> RegistrationState {
        match self.phase {
            Phase::Due(Purpose::Bind) | Phase::Pending(_, Purpose::Bind) => {
                // A refresh of a living binding is nothing to show.
                if self.bound_until.is_some() && self.error.is_none() {
                    RegistrationState::Registered
                } else {
                    RegistrationState::Registering
                }
            }
            Phase::Due(_) | Phase::Pending(..) => RegistrationState::Unregistering,
            Phase::Bound { .. } | Phase::Expiring => RegistrationState::Registered,
            Phase::Paused { .. } => RegistrationState::Failed,
            Phase::Idle if self.error.is_some() => RegistrationState::Failed,
            // Asleep with the binding left at the server.
            Phase::Idle if self.bound_until.is_some() => RegistrationState::Registered,
            Phase::Idle => RegistrationState::Unregistered,
        }
    }

    /// The commands that wait for the outcome.
    pub(crate) fn take_waiting(&mut self) -> Vec<CommandId> {
        if matches!(self.phase, Phase::Due(_) | Phase::Pending(..)) {
            return Vec::new();
        }
        std::mem::take(&mut self.waiting)
    }

    /// The commands that wait, whatever the phase: there is no connection to wait for.
    pub(crate) fn take_all_waiting(&mut self) -> Vec<CommandId> {
        std::mem::take(&mut self.waiting)
    }
}

/// Whether this says that the user's name or password is not taken.
const fn is_about_credentials(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::WrongPassword
            | ErrorCode::RealmNotAllowed
            | ErrorCode::NoSupportedAlgorithm
            | ErrorCode::NoCredentials
            | ErrorCode::ServerNotAuthentic
    )
}

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;
