//! What a dialog and its session timer leave to the next page, one fact in each line.

use super::Dialog;
use super::session_timer::{Agreed, LONGEST_S, SMALLEST_S, SessionTimer};
use crate::common::limits;
use crate::common::lists::Gather;
use crate::common::time::Now;
use crate::message::{HeaderName, Message, Method, Uri};

/// Our requests go on so many numbers later: those that were used last may not have been kept (RFC 3261 section 12.2.1.1
/// wants them to rise).
const SKIP: u32 = 10;
/// A CSeq beyond it is not taken up: there must be room for all that follow (RFC 3261 section 8.1.1.5).
const LAST_CSEQ: u32 = 1 << 30;

/// How exactly the end of a session is told, in milliseconds. It is half a minute before the far end's.
const STEP_MS: u64 = 10_000;

impl Dialog {
    /// All that there is to know of it.
    #[must_use]
    pub fn snapshot(&self) -> String {
        let (ours, theirs) =
            (self.local_cseq.to_string(), self.remote_cseq.map_or_else(String::new, |n| n.to_string()));
        let mut text =
            [&self.call_id, &self.local_tag, &self.remote_tag, &self.local, &self.remote, &ours, &theirs, &self.target]
                .map(String::as_str)
                .join("\n");
        for route in &self.routes {
            text.push('\n');
            text.push_str(route);
        }
        text
    }

    /// Takes up what [`Dialog::snapshot`] gave; `None` where that is nothing to send requests by.
    #[must_use]
    pub fn restore(text: &str) -> Option<Self> {
        let mut lines = text.split('\n').map(str::to_owned);
        let mut next = || lines.next();
        let (call_id, local_tag, remote_tag) = (next()?, next()?, next()?);
        let (local, remote, ours, theirs, target) = (next()?, next()?, next()?, next()?, next()?);
        let number = |text: &str| text.parse().ok().filter(|number| *number < LAST_CSEQ);
        let dialog = Self {
            local_cseq: number(&ours)? + SKIP,
            remote_cseq: if theirs.is_empty() { None } else { Some(number(&theirs)?) },
            routes: lines.gather(),
            call_id,
            local_tag,
            remote_tag,
            local,
            remote,
            target,
        };
        (dialog.routes.len() <= limits::ROUTES && dialog.is_sound()).then_some(dialog)
    }

    /// Whether its requests are what they are meant to be when somebody reads them.
    fn is_sound(&self) -> bool {
        let mut probe = self.with_cseq(Method::Bye, 1);
        probe.headers.push(HeaderName::Via, "SIP/2.0/WSS a.invalid;branch=z9hG4bKa");
        let Some(Ok(Message::Request(read))) = probe.to_octets().ok().map(Message::receive) else { return false };
        let headers = &read.headers;
        let mirrored = Self { local_tag: self.remote_tag.clone(), remote_tag: self.local_tag.clone(), ..self.clone() };
        !self.local_tag.is_empty()
            && mirrored.matches(headers)
            && headers.routes().filter(Result::is_ok).count() == self.routes.len()
            && read.parsed_uri().is_ok()
            && [&self.local, &self.remote].into_iter().chain(&self.routes).all(|text| is_address(text))
            && Uri::parse(&self.target).is_ok_and(|uri| uri.is_sip())
    }
}

fn is_address(text: &str) -> bool {
    Uri::parse(super::inside_brackets(text)).is_ok()
}

impl SessionTimer {
    /// What was agreed; empty: nothing. When it ends is told by the clock that the next page has as well, and no more
    /// exactly than two clocks run.
    #[must_use]
    pub fn snapshot(&self, now: Now) -> String {
        let Some(Agreed { seconds, we_refresh, end_at, .. }) = self.agreed else { return String::new() };
        let end = now.wall.saturating_add(end_at.since(now.mono));
        let end = end - end % STEP_MS + STEP_MS;
        let numbers = [seconds.into(), we_refresh.into(), end, self.min_s.unwrap_or(0).into()];
        numbers.map(|number: u64| number.to_string()).join(" ")
    }

    /// Takes up what [`SessionTimer::snapshot`] gave. A refresh of ours is due at once. False: the session is over.
    #[must_use]
    pub fn restore(&mut self, now: Now, text: &str) -> bool {
        let mut numbers = text.split(' ').map(|number| number.parse::<u64>().ok());
        let mut next = || numbers.next().flatten();
        let (Some(seconds), Some(we_refresh), Some(end), Some(min)) = (next(), next(), next(), next()) else {
            return true;
        };
        let left = end.saturating_sub(now.wall);
        let (Ok(seconds), Ok(min)) = (u32::try_from(seconds), u32::try_from(min)) else { return true };
        let mut agreed = Agreed::new(now.mono, seconds, we_refresh == 1);
        agreed.refresh_at = agreed.refresh_at.map(|_| now.mono);
        agreed.end_at = agreed.end_at.min(now.mono.after(left));
        self.agreed = Some(agreed);
        self.min_s = Some(min).filter(|min| (SMALLEST_S..=LONGEST_S).contains(min));
        left > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::common::time::Mono;

    fn dialog(routes: &[&str]) -> Dialog {
        Dialog {
            call_id: "c1@host".to_owned(),
            local_tag: "lt".to_owned(),
            remote_tag: "rt".to_owned(),
            local: "<sip:bob@example.com>".to_owned(),
            remote: "\"Alice > <sip\" <sip:alice@example.com>".to_owned(),
            local_cseq: 4,
            remote_cseq: Some(7),
            target: "sip:a1@a.invalid;transport=ws".to_owned(),
            routes: routes.iter().map(|route| (*route).to_owned()).collect(),
        }
    }

    /// RFC 3261 12.2.1.1: Call-ID, tags, target and routes are the same, and the numbers go on.
    #[test]
    fn a_dialog_is_the_same_afterwards_and_its_numbers_go_on() {
        for routes in
            [&[] as &[&str], &["<sip:p1.example.com;lr>", "<sip:p2.example.com;lr>"], &["<sip:strict.example.com>"]]
        {
            let mut before = dialog(routes);
            let mut after = Dialog::restore(&before.snapshot()).unwrap();
            assert!(!after.in_order(7) && after.in_order(8));
            let (old, new) = (before.request(Method::Invite), after.request(Method::Invite));
            assert!(new.headers.cseq().unwrap().unwrap().number > old.headers.cseq().unwrap().unwrap().number);
            for name in [HeaderName::Route, HeaderName::From, HeaderName::To, HeaderName::CallId] {
                assert_eq!(old.headers.lines(name).collect::<Vec<_>>(), new.headers.lines(name).collect::<Vec<_>>());
            }
            assert_eq!(old.uri(), new.uri());
        }
    }

    #[test]
    fn nothing_is_made_of_what_is_cut_or_would_say_something_else_on_the_wire() {
        let text = dialog(&["<sip:p1.example.com;lr>"]).snapshot();
        for end in 0..text.len() {
            if let Some(dialog) = Dialog::restore(&text[..end]) {
                assert!(dialog.target.starts_with("sip:a"), "{dialog:?}");
            }
        }
        for (old, new) in [
            ("lt", "lt>"),
            ("lt", ""),
            ("rt", "rt;x=1"),
            ("c1@host", "c1\r\nX: 1"),
            ("\n4\n", "\n4294967295\n"),
            ("\n7\n", "\n-1\n"),
            ("sip:a1@", "mailto:a1@"),
            ("sip:a1@a", "sip:a1@a b"),
            ("<sip:p1.example.com;lr>", "<sip:p1.example.com;lr>, <sip:p2.example.com>"),
            ("<sip:p1.example.com;lr>", "\n"),
        ] {
            assert_eq!(Dialog::restore(&text.replacen(old, new, 1)), None, "{old} {new}");
        }
        let many = [&text, &"\n<sip:p1.example.com;lr>".repeat(limits::ROUTES) as &str].concat();
        assert_eq!(Dialog::restore(&many), None);
    }

    /// RFC 4028 10: the session ends when it would have ended.
    #[test]
    fn a_session_timer_runs_on_by_the_wall_clock() {
        let mut headers = crate::message::Headers::default();
        headers.push(HeaderName::SessionExpires, "600;refresher=uas");
        let mut before = SessionTimer::new(600);
        let start = Now { mono: Mono(50_000), wall: 1_000_000 };
        before.accepted(start.mono, &headers);
        let text = before.snapshot(start);
        let mut after = SessionTimer::default();
        let later = Now { mono: Mono(3), wall: start.wall + 100_000 };
        assert!(after.restore(later, &text));
        assert_eq!(after.next_timeout(), Some(later.mono.after(470_000)));
        let mut after = SessionTimer::default();
        assert!(!after.restore(Now { mono: Mono(3), wall: start.wall + 600_000 }, &text));
        for text in ["", "x", "600", "600 1 5", "99999999999 1 9 9", "1 1 18446744073709551615 1"] {
            let mut timer = SessionTimer::default();
            let _ = timer.restore(start, text);
            assert!(timer.next_timeout().is_none_or(|at| at <= start.mono.after(86_400_000)));
        }
    }
}
