//! The session timer (RFC 4028): how long a session lives without a refresh, and which side refreshes it.

use crate::common::time::Mono;
use crate::message::{HeaderName, Headers, Refresher, write_session_expires};

/// The smallest interval that may be asked for, in seconds (RFC 4028 section 4).
pub const SMALLEST_S: u32 = 90;
/// The longest interval that is kept, in seconds: a day. A longer one is as good as none.
pub(super) const LONGEST_S: u32 = 86_400;
/// A session ends so many milliseconds before its expiry, or a third of the interval (section 10).
const MARGIN_MS: u64 = 32_000;

/// 422 responses in a row that are followed.
const RAISES: u8 = 5;

/// What both sides agreed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Agreed {
    pub(super) seconds: u32,
    pub(super) we_refresh: bool,
    /// When we refresh; passed once it is wanted.
    pub(super) refresh_at: Option<Mono>,
    /// When we end the session because nobody refreshed it.
    pub(super) end_at: Mono,
}

/// What a deadline brings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Nothing.
    Nothing,
    /// A refresh.
    Refresh,
    /// The session is over.
    End,
}

/// The machine.
#[derive(Debug, Clone, Default)]
pub struct SessionTimer {
    /// The interval that we ask for, in seconds; 0: none.
    wanted_s: u32,
    /// The smallest interval that is allowed on the way, as a 422 or a request of theirs said.
    pub(super) min_s: Option<u32>,
    /// How often it was raised since the last success.
    raises: u8,
    pub(super) agreed: Option<Agreed>,
}

impl SessionTimer {
    /// A session without a timer so far. `wanted_s` is asked for, where it is not 0.
    #[must_use]
    pub fn new(wanted_s: u32) -> Self {
        let mut timer = Self::default();
        timer.want(wanted_s);
        timer
    }

    /// What we ask for from now on, where nothing is agreed yet.
    pub fn want(&mut self, wanted_s: u32) {
        self.wanted_s = if wanted_s == 0 { 0 } else { wanted_s.max(SMALLEST_S) };
    }

    /// The smallest interval that the path allows, as far as we know.
    fn min(&self) -> u32 {
        self.min_s.unwrap_or(SMALLEST_S).max(SMALLEST_S)
    }

    /// What a request of ours says that begins or refreshes the session: INVITE or UPDATE (sections 7.1 and 7.4).
    pub fn write(&self, headers: &mut Headers) {
        let (seconds, refresher) = match self.agreed {
            // Who refreshes stays who refreshes: seen from this request, that is us or them.
            Some(agreed) => (agreed.seconds, Some(if agreed.we_refresh { Refresher::Uac } else { Refresher::Uas })),
            None if self.wanted_s == 0 => return,
            None => (self.wanted_s, None),
        };
        headers.set(HeaderName::SessionExpires, write_session_expires(seconds.max(self.min()), refresher));
        match self.min_s {
            // Whoever was told a minimum says it again, so that nobody on the way goes below it (section 7.1).
            Some(min) => headers.set(HeaderName::MinSe, min.to_string()),
            None => headers.remove(HeaderName::MinSe),
        }
    }

    /// 422: the interval is too small for somebody on the way. False where asking for more would not help.
    pub fn too_brief(&mut self, response: &Headers) -> bool {
        let Some(Ok(min)) = response.min_se() else { return false };
        let asked = self.agreed.map_or(self.wanted_s, |agreed| agreed.seconds).max(self.min());
        if min <= asked || min > LONGEST_S || self.raises == RAISES {
            return false;
        }
        self.raises += 1;
        self.min_s = Some(min);
        true
    }

    /// A 2xx to our INVITE or UPDATE came (section 7.2).
    pub fn accepted(&mut self, now: Mono, response: &Headers) {
        self.raises = 0;
        self.agreed = match response.session_expires() {
            Some(Ok(value)) => {
                let we_refresh = value.refresher != Some(Refresher::Uas);
                Some(Agreed::new(now, value.seconds, we_refresh))
            }
            // What cannot be read leaves what was agreed, as a refresh; nothing said ends it (section 10).
            Some(Err(_)) => self.agreed.map(|agreed| Agreed::new(now, agreed.seconds, agreed.we_refresh)),
            None => None,
        };
    }

    /// Whether a request of theirs asks for so small an interval that it deserves a 422, with this Min-SE (section 9).
    #[must_use]
    pub fn refusal(&self, request: &Headers) -> Option<u32> {
        let asked = request.session_expires()?.ok()?.seconds;
        (asked < SMALLEST_S && request.supports("timer")).then_some(SMALLEST_S)
    }

    /// We accept their INVITE or UPDATE: what our 2xx says (section 9), and what is agreed from now on.
    pub fn accept(&mut self, now: Mono, request: &Headers, response: &mut Headers) {
        let supported = request.supports("timer");
        let min = match request.min_se() {
            Some(Ok(min)) => min.clamp(SMALLEST_S, LONGEST_S),
            _ => SMALLEST_S,
        };
        let asked = match request.session_expires() {
            Some(Ok(value)) => Some((value.seconds, value.refresher)),
            _ => None,
        };
        let (seconds, said) = match asked {
            Some((seconds, said)) => {
                // It may be made smaller, but not below what the path allows.
                let wanted = if self.wanted_s == 0 { seconds } else { seconds.min(self.wanted_s) };
                (wanted.max(min), said)
            }
            None if self.wanted_s == 0 => {
                self.agreed = None;
                return;
            }
            None => (self.wanted_s.max(min), None),
        };
        let refresher = match (supported, said) {
            // Who does not know the timer cannot refresh (table 2).
            (false, _) => Refresher::Uas,
            (true, Some(said)) => said,
            (true, None) => match self.agreed {
                Some(agreed) if agreed.we_refresh => Refresher::Uas,
                _ => Refresher::Uac,
            },
        };
        response.set(HeaderName::SessionExpires, write_session_expires(seconds, Some(refresher)));
        if supported {
            response.push(HeaderName::Require, "timer");
        }
        if let Some(Ok(min)) = request.min_se() {
            self.min_s = Some(min.clamp(SMALLEST_S, LONGEST_S));
        }
        self.agreed = Some(Agreed::new(now, seconds, refresher == Refresher::Uas));
    }

    /// Whether there is a timer.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.agreed.is_some()
    }

    /// What has come due. A refresh is told once, and again after the next success.
    pub fn timeout(&mut self, now: Mono) -> Due {
        let Some(agreed) = &mut self.agreed else { return Due::Nothing };
        if agreed.end_at <= now {
            self.agreed = None;
            return Due::End;
        }
        if agreed.refresh_at.is_some_and(|at| at <= now) {
            agreed.refresh_at = None;
            return Due::Refresh;
        }
        Due::Nothing
    }

    /// When [`Self::timeout`] is to be called.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Mono> {
        self.agreed.map(|agreed| agreed.refresh_at.unwrap_or(agreed.end_at).min(agreed.end_at))
    }

    /// The session is over.
    pub fn stop(&mut self) {
        self.agreed = None;
    }
}

impl Agreed {
    pub(super) fn new(now: Mono, seconds: u32, we_refresh: bool) -> Self {
        // Below the smallest there is nothing to agree on; whoever says so gets the smallest.
        let seconds = seconds.clamp(SMALLEST_S, LONGEST_S);
        let ms = u64::from(seconds) * 1000;
        Self {
            seconds,
            we_refresh,
            refresh_at: we_refresh.then(|| now.after(ms / 2)),
            end_at: now.after(ms - MARGIN_MS.min(ms / 3)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Mono = Mono(10_000);

    fn headers(lines: &[(HeaderName, &str)]) -> Headers {
        let mut headers = Headers::default();
        for (name, value) in lines {
            headers.push(*name, *value);
        }
        headers
    }

    fn expires(value: &str) -> Headers {
        headers(&[(HeaderName::SessionExpires, value)])
    }

    fn written(timer: &SessionTimer) -> (Option<String>, Option<String>) {
        let mut written = Headers::default();
        timer.write(&mut written);
        let get = |name| written.get(name).map(str::to_owned);
        (get(HeaderName::SessionExpires), get(HeaderName::MinSe))
    }

    fn answered(timer: &mut SessionTimer, request: &Headers) -> (Option<String>, bool) {
        let mut response = Headers::default();
        timer.accept(NOW, request, &mut response);
        (response.get(HeaderName::SessionExpires).map(str::to_owned), response.requires("timer"))
    }

    /// RFC 4028 7.1: the first request leaves the choice of the refresher to the callee.
    #[test]
    fn the_first_request_asks_for_the_interval_alone() {
        assert_eq!(written(&SessionTimer::new(1_800)), (Some("1800".to_owned()), None));
        assert_eq!(written(&SessionTimer::new(30)), (Some("90".to_owned()), None));
        assert_eq!(written(&SessionTimer::new(0)), (None, None));
    }

    /// RFC 4028 7.4: a refresh keeps the interval and the roles.
    #[test]
    fn a_refresh_says_who_refreshes_as_seen_from_itself() {
        for (said, kept) in [("uac", "uac"), ("uas", "uas")] {
            let mut timer = SessionTimer::new(1_800);
            timer.accepted(NOW, &expires(&["600;refresher=", said].concat()));
            assert_eq!(written(&timer).0, Some(["600;refresher=", kept].concat()));
        }
        let mut timer = SessionTimer::new(0);
        let request = headers(&[(HeaderName::SessionExpires, "600;refresher=uac"), (HeaderName::Supported, "timer")]);
        answered(&mut timer, &request);
        assert_eq!(written(&timer).0.as_deref(), Some("600;refresher=uas"), "they refresh, and this request is ours");
    }

    /// RFC 4028 7.3: after a 422 the Min-SE is asked for, and said.
    #[test]
    fn a_422_raises_the_interval_as_often_as_it_rises() {
        let mut timer = SessionTimer::new(90);
        assert!(timer.too_brief(&headers(&[(HeaderName::MinSe, "200")])));
        assert_eq!(written(&timer), (Some("200".to_owned()), Some("200".to_owned())));
        assert!(timer.too_brief(&headers(&[(HeaderName::MinSe, "300")])));
        assert!(!timer.too_brief(&headers(&[(HeaderName::MinSe, "300")])), "the same again leads nowhere");
        for bad in ["soon", "4000000000"] {
            assert!(!timer.too_brief(&headers(&[(HeaderName::MinSe, bad)])));
        }
        assert!(!timer.too_brief(&Headers::default()));
    }

    /// RFC 4028 10: refresh at half the interval; BYE 32 seconds, or a third of it, before the end.
    #[test]
    fn the_refresher_refreshes_at_half_time_and_ends_an_unrefreshed_session() {
        let mut timer = SessionTimer::new(1_800);
        timer.accepted(NOW, &expires("1800;refresher=uac"));
        assert_eq!(timer.next_timeout(), Some(NOW.after(900_000)));
        assert_eq!(timer.timeout(NOW.after(899_999)), Due::Nothing);
        assert_eq!(timer.timeout(NOW.after(900_000)), Due::Refresh);
        assert_eq!(timer.next_timeout(), Some(NOW.after(1_768_000)));
        assert_eq!(timer.timeout(NOW.after(1_768_000)), Due::End);
        assert!(!timer.is_running());
    }

    /// RFC 4028 10.
    #[test]
    fn who_does_not_refresh_ends_a_small_session_after_two_thirds() {
        let mut timer = SessionTimer::new(0);
        timer.accepted(NOW, &expires("90;refresher=uas"));
        assert_eq!(timer.next_timeout(), Some(NOW.after(60_000)));
        assert_eq!(timer.timeout(NOW.after(59_999)), Due::Nothing);
        assert_eq!(timer.timeout(NOW.after(60_000)), Due::End);
    }

    /// RFC 4028 7.2: without Session-Expires in the 2xx the session has no expiry.
    #[test]
    fn a_2xx_without_the_header_ends_the_timer() {
        let mut timer = SessionTimer::new(1_800);
        timer.accepted(NOW, &expires("1800;refresher=uac"));
        timer.accepted(NOW, &Headers::default());
        assert_eq!(timer.next_timeout(), None);
    }

    #[test]
    fn a_2xx_that_cannot_be_read_counts_as_a_refresh() {
        let mut timer = SessionTimer::new(1_800);
        timer.accepted(NOW, &expires("1800;refresher=uac"));
        timer.accepted(NOW.after(1_000), &expires("soon"));
        assert_eq!(timer.next_timeout(), Some(NOW.after(901_000)));
    }

    /// RFC 4028 9, table 2: who refreshes by what the caller supports and says.
    #[test]
    fn the_callee_chooses_the_refresher_by_the_table() {
        for (supported, asked, said, required) in [
            ("", "600", "600;refresher=uas", false),
            ("", "600;refresher=uac", "600;refresher=uas", false),
            ("timer", "600", "600;refresher=uac", true),
            ("timer", "600;refresher=uac", "600;refresher=uac", true),
            ("timer", "600;refresher=uas", "600;refresher=uas", true),
        ] {
            let request = headers(&[(HeaderName::Supported, supported), (HeaderName::SessionExpires, asked)]);
            let mut timer = SessionTimer::new(0);
            assert_eq!(answered(&mut timer, &request), (Some(said.to_owned()), required), "{supported} {asked}");
            assert_eq!(timer.next_timeout(), Some(NOW.after(if said.ends_with("uas") { 300_000 } else { 568_000 })));
        }
    }

    /// RFC 4028 9: the callee may lower the interval, but not below Min-SE.
    #[test]
    fn the_callee_lowers_the_interval_to_its_own_but_not_below_the_minimum() {
        for (min, said) in [("100", "300"), ("400", "400")] {
            let request = headers(&[(HeaderName::SessionExpires, "600"), (HeaderName::MinSe, min)]);
            let mut timer = SessionTimer::new(300);
            assert_eq!(answered(&mut timer, &request).0, Some([said, ";refresher=uas"].concat()));
        }
    }

    /// RFC 4028 9: the callee may want a timer that the caller did not ask for.
    #[test]
    fn a_callee_that_wants_a_timer_says_so_and_one_that_does_not_stays_silent() {
        let request = headers(&[(HeaderName::Supported, "timer")]);
        assert_eq!(answered(&mut SessionTimer::new(600), &request), (Some("600;refresher=uac".to_owned()), true));
        assert_eq!(answered(&mut SessionTimer::new(0), &request), (None, false));
        assert_eq!(
            answered(&mut SessionTimer::new(600), &Headers::default()),
            (Some("600;refresher=uas".to_owned()), false)
        );
    }

    /// RFC 4028 9: below the minimum it is 422, where the caller understands that.
    #[test]
    fn too_small_an_interval_is_refused_where_the_caller_knows_the_timer() {
        let timer = SessionTimer::new(0);
        let request = |supported| headers(&[(HeaderName::SessionExpires, "89"), (HeaderName::Supported, supported)]);
        assert_eq!(timer.refusal(&request("timer")), Some(90));
        assert_eq!(timer.refusal(&request("100rel")), None);
        assert_eq!(timer.refusal(&expires("90")), None);
        assert_eq!(timer.refusal(&expires("x")), None);
    }
}
