//! REFER (RFC 3515): what becomes of one that we sent, and of one that somebody sent to us.
//!
//! Both make a subscription of their own to what the new call does; its state is the first line of a response,
//! in a body of type `message/sipfrag`.

use super::subscription::refresh_after;
use crate::common::time::Mono;
use crate::message::reason_phrase;

/// How long the far end may stay silent after it agreed, in milliseconds (RFC 6665 section 4.1.2: Timer N).
const SILENCE_MS: u64 = 32_000;
/// How long a subscription lives whose NOTIFY does not say it, and how long one is listened to that says `terminated`
/// before the new call has a final status, in milliseconds: some user agents say so in every NOTIFY.
const UNSAID_MS: u64 = 180_000;
/// How long the NOTIFYs of a transfer that is done still get their 200, in milliseconds.
const LINGER_MS: u64 = 32_000;
/// How long the subscription that comes with a REFER to us lives unless it is refreshed, in seconds.
pub const REFERRAL_S: u32 = 180;

/// The media type of a piece of SIP (RFC 3420).
pub const SIPFRAG: &str = "message/sipfrag;version=2.0";

/// The status in a sipfrag body. Only the first line counts; empty lines before it, a bare line feed behind it and
/// a version in any case are overlooked, and nothing else.
#[must_use]
pub fn sipfrag_status(body: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(body).ok()?;
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    let version = line.get(..8).filter(|version| version.eq_ignore_ascii_case("SIP/2.0 "))?;
    let rest = line.get(version.len()..)?;
    let (digits, after) = (rest.get(..3)?, rest.get(3..)?);
    if !(after.is_empty() || after.starts_with(' ')) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().filter(|status| (100..=699).contains(status))
}

/// The sipfrag body that says `status`.
#[must_use]
pub fn sipfrag(status: u16) -> Vec<u8> {
    ["SIP/2.0 ", &status.to_string(), " ", reason_phrase(status), "\r\n"].concat().into_bytes()
}

/// What is known of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The last status of the new call, or of the refused REFER.
    pub status: u16,
    /// Whether no other will follow.
    pub done: bool,
}

/// A REFER that we sent.
#[derive(Debug, Clone)]
pub struct Transfer {
    status: u16,
    done: bool,
    /// When the silence has lasted too long; once done, when it is forgotten.
    until: Mono,
    /// When the subscription that came with it is refreshed.
    refresh_at: Option<Mono>,
}

impl Transfer {
    /// The REFER leaves.
    #[must_use]
    pub fn new(now: Mono) -> Self {
        Self { status: 100, done: false, until: now.after(2 * SILENCE_MS), refresh_at: None }
    }

    /// Whether the last word was said.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        self.done
    }

    /// A 2xx came. `subscribes` is false where it says that no NOTIFY will follow (RFC 4488).
    pub fn accepted(&mut self, now: Mono, status: u16, subscribes: bool) -> Option<Progress> {
        if self.done {
            return None;
        }
        if subscribes {
            self.until = self.until.max(now.after(SILENCE_MS));
            return None;
        }
        self.finish(now, status)
    }

    /// The REFER was refused.
    pub fn refused(&mut self, now: Mono, status: u16) -> Option<Progress> {
        self.finish(now, status)
    }

    /// A NOTIFY came; `status` is that of its body, where it has a readable one.
    pub fn notified(
        &mut self,
        now: Mono,
        status: Option<u16>,
        terminated: bool,
        expires: Option<u32>,
    ) -> Option<Progress> {
        if self.done {
            return None;
        }
        let status = status.unwrap_or(self.status);
        if status >= 200 {
            return self.finish(now, status);
        }
        self.lives(now, expires.filter(|_| !terminated));
        let news = self.status != status;
        self.status = status;
        // The first NOTIFY says 100 most often; that too is a word of the far end.
        (news || status == 100).then_some(Progress { status, done: false })
    }

    /// For how long the subscription lives now, in seconds, where that was said: before its end it is refreshed.
    fn lives(&mut self, now: Mono, seconds: Option<u32>) {
        self.until = now.after(seconds.map_or(UNSAID_MS, |seconds| u64::from(seconds) * 1000 + SILENCE_MS));
        self.refresh_at = seconds.filter(|seconds| *seconds > 0).map(|seconds| now.after(refresh_after(seconds)));
    }

    /// Whether a SUBSCRIBE is to leave that lets the subscription live on (RFC 3515 section 2.4.4).
    pub fn refreshes(&mut self, now: Mono) -> bool {
        self.refresh_at.take_if(|at| *at <= now).is_some()
    }

    /// The SUBSCRIBE was accepted for so many seconds. One that was refused changes nothing: the far end may speak
    /// until the time is over.
    pub fn refreshed(&mut self, now: Mono, seconds: u32) {
        if !self.done {
            self.lives(now, Some(seconds.min(REFERRAL_S)));
        }
    }

    /// Time has passed: the far end has been silent for too long.
    pub fn timeout(&mut self, now: Mono) -> Option<Progress> {
        if self.done || now < self.until { None } else { self.finish(now, self.status) }
    }

    /// Whether it can be forgotten.
    #[must_use]
    pub fn is_over(&self, now: Mono) -> bool {
        self.done && self.until <= now
    }

    /// When time matters.
    #[must_use]
    pub fn next_timeout(&self) -> Mono {
        self.refresh_at.map_or(self.until, |at| at.min(self.until))
    }

    fn finish(&mut self, now: Mono, status: u16) -> Option<Progress> {
        if std::mem::replace(&mut self.done, true) {
            return None;
        }
        self.status = status;
        self.refresh_at = None;
        self.until = now.after(LINGER_MS);
        Some(Progress { status, done: true })
    }
}

/// What the next NOTIFY of a referral says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// The status of the new call.
    pub status: u16,
    /// `Some`: the subscription lives for so many seconds more.
    pub expires: Option<u32>,
    /// Where it does not: why.
    pub reason: &'static str,
}

/// A REFER that somebody sent to us and that is being followed.
#[derive(Debug, Clone)]
pub struct Referral {
    /// What the last NOTIFY said.
    told: Option<u16>,
    /// What the next has to say.
    waiting: Option<u16>,
    status: u16,
    in_flight: bool,
    expires_at: Mono,
    over: bool,
}

impl Referral {
    /// It was accepted: a NOTIFY is due at once (section 2.4.4). `subscribes` is false where none is wanted.
    #[must_use]
    pub fn new(now: Mono, subscribes: bool) -> Self {
        Self {
            told: None,
            waiting: Some(100),
            status: 100,
            in_flight: false,
            expires_at: now.after(u64::from(REFERRAL_S) * 1000),
            over: !subscribes,
        }
    }

    /// The new call has this status now.
    pub fn progress(&mut self, status: u16) {
        // A final status is the last one, whatever the call does afterwards.
        if self.status >= 200 || status <= 100 {
            return;
        }
        self.status = status;
        self.waiting = Some(status);
    }

    /// The subscription is refreshed, or with 0 ended; both want a NOTIFY (RFC 6665 section 4.2.1.4).
    pub fn refresh(&mut self, now: Mono, seconds: u32) {
        self.expires_at = now.after(u64::from(seconds.min(REFERRAL_S)) * 1000);
        self.waiting = Some(self.status);
        self.told = None;
    }

    /// The NOTIFY that is to leave now: one after the other, and never the same twice.
    pub fn next(&mut self, now: Mono) -> Option<Report> {
        if self.over || self.in_flight {
            return None;
        }
        let expired = self.expires_at <= now;
        let status = match self.waiting.take().filter(|status| self.told != Some(*status)) {
            Some(status) => status,
            None if expired => self.status,
            None => return None,
        };
        self.told = Some(status);
        self.in_flight = true;
        let (expires, reason) = match (status >= 200, expired) {
            (true, _) => (None, "noresource"),
            (false, true) => (None, "timeout"),
            (false, false) => {
                let seconds = self.expires_at.since(now).div_ceil(1000);
                (Some(u32::try_from(seconds).unwrap_or(REFERRAL_S)), "")
            }
        };
        self.over = expires.is_none();
        Some(Report { status, expires, reason })
    }

    /// The last NOTIFY was answered; `heard`: with a 2xx. Who does not want one gets no other.
    pub fn answered(&mut self, heard: bool) {
        self.in_flight = false;
        self.over |= !heard;
    }

    /// Whether nothing is left to tell.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.over && !self.in_flight
    }

    /// When time matters.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Mono> {
        (!self.over && !self.in_flight).then_some(self.expires_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Mono = Mono(1_000);

    /// RFC 3420 2.1: a sipfrag may be a status line alone.
    /// RFC 3515 2.4.5: it begins with a status line.
    #[test]
    fn the_status_is_in_the_first_line() {
        for good in
            ["SIP/2.0 180 Ringing\r\n", "sip/2.0 180", "\r\nSIP/2.0 180 \nFrom: x", "SIP/2.0 180 Es läutet\r\n\r\n"]
        {
            assert_eq!(sipfrag_status(good.as_bytes()), Some(180), "{good}");
        }
        for bad in [
            "",
            "180",
            "SIP/2.0 18 Ringing",
            "SIP/2.0 1800",
            "SIP/2.0 099 x",
            "SIP/2.0 700 x",
            "SIP/3.0 180 R",
            "SIP/2.0 1é0",
        ] {
            assert_eq!(sipfrag_status(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(sipfrag_status(b"\xff"), None);
        assert_eq!(sipfrag(486), b"SIP/2.0 486 Busy Here\r\n");
        assert_eq!(sipfrag_status(&sipfrag(200)), Some(200));
    }

    /// RFC 3515 2.4.5: the status of the new call, until a final one.
    #[test]
    fn progress_is_told_until_the_final_status() {
        let mut transfer = Transfer::new(START);
        assert_eq!(transfer.accepted(START, 202, true), None);
        let told = |transfer: &mut Transfer, status| transfer.notified(START, Some(status), false, Some(60));
        assert_eq!(told(&mut transfer, 100), Some(Progress { status: 100, done: false }));
        assert_eq!(told(&mut transfer, 180), Some(Progress { status: 180, done: false }));
        assert_eq!(told(&mut transfer, 180), None);
        let end = transfer.notified(START, Some(200), true, None);
        assert_eq!(end, Some(Progress { status: 200, done: true }));
        assert_eq!(transfer.notified(START, Some(486), true, None), None, "there is one last word");
        assert!(!transfer.is_over(START) && transfer.is_over(START.after(LINGER_MS)));
    }

    #[test]
    fn a_notify_may_overtake_the_202() {
        let mut transfer = Transfer::new(START);
        assert!(transfer.notified(START, Some(200), true, None).is_some_and(|progress| progress.done));
        assert_eq!(transfer.accepted(START, 202, true), None);
    }

    #[test]
    fn who_says_terminated_in_every_notify_is_heard_to_the_end() {
        let mut transfer = Transfer::new(START);
        let progress = transfer.notified(START, Some(100), true, None);
        assert_eq!(progress, Some(Progress { status: 100, done: false }));
        let later = START.after(60_000);
        assert_eq!(transfer.timeout(later), None);
        assert_eq!(transfer.notified(later, Some(200), true, None), Some(Progress { status: 200, done: true }));
    }

    /// RFC 4488 4: Refer-Sub: false in the 2xx means that no NOTIFY follows.
    #[test]
    fn without_a_subscription_the_202_is_the_last_word() {
        let mut transfer = Transfer::new(START);
        assert_eq!(transfer.accepted(START, 202, false), Some(Progress { status: 202, done: true }));
    }

    #[test]
    fn silence_ends_with_what_was_known() {
        let mut transfer = Transfer::new(START);
        transfer.accepted(START, 202, true);
        transfer.notified(START, Some(180), false, Some(10));
        assert_eq!(transfer.timeout(START.after(10_000)), None);
        assert!(transfer.refreshes(START.after(5_000)));
        let end = transfer.timeout(transfer.next_timeout());
        assert_eq!(end, Some(Progress { status: 180, done: true }));
    }

    /// RFC 3515 2.4.4: the subscription is extended by SUBSCRIBE.
    #[test]
    fn a_transfer_that_takes_longer_than_its_subscription_refreshes_it() {
        let mut transfer = Transfer::new(START);
        transfer.accepted(START, 202, true);
        transfer.notified(START, Some(180), false, Some(60));
        assert_eq!(transfer.next_timeout(), START.after(54_000));
        assert!(!transfer.refreshes(START.after(53_999)));
        assert!(transfer.refreshes(START.after(54_000)));
        assert!(!transfer.refreshes(START.after(54_000)), "once");
        transfer.refreshed(START.after(54_000), u32::MAX);
        assert_eq!(transfer.next_timeout(), START.after(54_000 + 162_000), "no longer than was asked for");
        transfer.notified(START.after(60_000), Some(200), true, None);
        assert!(!transfer.refreshes(START.after(600_000)), "it is over");
    }

    #[test]
    fn a_body_that_cannot_be_read_changes_nothing() {
        let mut transfer = Transfer::new(START);
        transfer.notified(START, Some(180), false, None);
        assert_eq!(transfer.notified(START, None, false, None), None);
        assert!(!transfer.is_done());
    }

    /// RFC 3515 2.4.4: a NOTIFY at once, and one with the final status that ends the subscription.
    #[test]
    fn a_referral_reports_100_then_progress_then_the_end() {
        let mut referral = Referral::new(START, true);
        assert_eq!(referral.next(START), Some(Report { status: 100, expires: Some(180), reason: "" }));
        referral.progress(180);
        assert_eq!(referral.next(START), None, "one after the other");
        referral.answered(true);
        assert_eq!(referral.next(START).map(|report| report.status), Some(180));
        referral.progress(183);
        referral.progress(200);
        referral.answered(true);
        assert_eq!(referral.next(START), Some(Report { status: 200, expires: None, reason: "noresource" }));
        assert!(!referral.is_over());
        referral.answered(true);
        assert!(referral.is_over());
        referral.progress(486);
        assert_eq!(referral.next(START), None);
    }

    #[test]
    fn the_same_progress_is_not_told_twice() {
        let mut referral = Referral::new(START, true);
        referral.next(START);
        referral.answered(true);
        referral.progress(180);
        referral.next(START);
        referral.answered(true);
        referral.progress(180);
        assert_eq!(referral.next(START), None);
    }

    /// RFC 6665 4.2.1.4: refreshing wants a NOTIFY, and so does the end.
    #[test]
    fn a_refresh_and_an_end_are_answered_with_a_notify() {
        let mut referral = Referral::new(START, true);
        referral.next(START);
        referral.answered(true);
        referral.refresh(START, 60);
        assert_eq!(referral.next(START), Some(Report { status: 100, expires: Some(60), reason: "" }));
        referral.answered(true);
        referral.refresh(START, 0);
        assert_eq!(referral.next(START), Some(Report { status: 100, expires: None, reason: "timeout" }));
    }

    #[test]
    fn an_expired_subscription_ends_with_a_last_notify() {
        let mut referral = Referral::new(START, true);
        referral.next(START);
        referral.answered(true);
        let end = referral.next_timeout().unwrap();
        assert_eq!(referral.next(end), Some(Report { status: 100, expires: None, reason: "timeout" }));
    }

    #[test]
    fn who_does_not_listen_is_told_nothing_more() {
        let mut referral = Referral::new(START, true);
        referral.next(START);
        referral.answered(false);
        referral.progress(200);
        assert_eq!(referral.next(START), None);
        assert!(referral.is_over());
        assert!(Referral::new(START, false).is_over());
    }
}
