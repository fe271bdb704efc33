//! What may be changed in a message that was already written: everything but what tells whose answer it is.

use super::{HeaderName, Message, validate};
use crate::common::search;

/// A message that somebody changed, ready for the wire: its Content-Length is made right, whatever it said.
/// `None` where it cannot be sent in place of `original`: it cannot be read, it breaks a rule that `original` did not
/// break, or it has another method or status, or another Via, From, To, Call-ID or CSeq (RFC 3261 17.1.3, 12.2.1.1).
#[must_use]
pub fn same_frame(original: &[u8], changed: &str) -> Option<Vec<u8>> {
    let before = Message::parse(original.to_vec()).ok()?;
    let octets = sized(changed)?;
    let after = Message::parse(octets.clone()).ok()?;
    let same_start = match (&before, &after) {
        (Message::Request(before), Message::Request(after)) => before.method() == after.method(),
        (Message::Response(before), Message::Response(after)) => before.status() == after.status(),
        _ => false,
    };
    let same = |name| before.headers().lines(name).eq(after.headers().lines(name));
    let kept = [HeaderName::Via, HeaderName::From, HeaderName::To, HeaderName::CallId, HeaderName::CSeq];
    let sound = || validate(&after).is_empty() || !validate(&before).is_empty();
    // What a message has once (RFC 3261 7.3.1); of credentials there may be several, for a realm each.
    let credentials = [HeaderName::Authorization, HeaderName::ProxyAuthorization];
    let challenges = [HeaderName::WwwAuthenticate, HeaderName::ProxyAuthenticate];
    let several = |name: HeaderName| name.is_list() || credentials.contains(&name) || challenges.contains(&name);
    let count = |message: &Message, name| message.headers().lines(name).count();
    let doubled = |name| !several(name) && count(&after, name) > 1 && count(&before, name) < 2;
    let sound = || sound() && !HeaderName::all().any(doubled);
    (same_start && after.is_sip_2() && kept.into_iter().all(same) && sound()).then_some(octets)
}

/// The same text with a Content-Length that fits its body.
fn sized(text: &str) -> Option<Vec<u8>> {
    let end = if search::contains(text, "\r\n") { "\r\n" } else { "\n" };
    let (head, body) = search::cut(text, &[end, end].concat())?;
    let mut out = String::with_capacity(text.len() + 24);
    let is_length = |line: &str| {
        let name = line.split(':').next().unwrap_or("").trim_ascii_end();
        HeaderName::of(name) == HeaderName::ContentLength
    };
    let mut rest = Some(head);
    while let Some(text) = rest {
        let (line, after) = search::cut(text, end).map_or((text, None), |(line, after)| (line, Some(after)));
        rest = after;
        if !is_length(line) {
            out.push_str(line);
            out.push_str("\r\n");
        }
    }
    out.push_str("Content-Length: ");
    out.push_str(&body.len().to_string());
    out.push_str("\r\n\r\n");
    out.push_str(body);
    Some(out.into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MESSAGE: &str = "MESSAGE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/WSS a.invalid;branch=z9hG4bK1\r\n\
        Max-Forwards: 70\r\nFrom: <sip:alice@example.com>;tag=1\r\nTo: <sip:bob@example.com>\r\nCall-ID: 1@a\r\n\
        CSeq: 1 MESSAGE\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi";
    const RINGING: &str = "SIP/2.0 180 Ringing\r\nVia: SIP/2.0/WSS a.invalid;branch=z9hG4bK1\r\n\
        From: <sip:alice@example.com>;tag=1\r\nTo: <sip:bob@example.com>;tag=2\r\nCall-ID: 1@a\r\nCSeq: 1 INVITE\r\n\
        Content-Length: 0\r\n\r\n";

    fn changed(original: &str, from: &str, to: &str) -> Option<String> {
        assert!(original.contains(from), "{from}");
        same_frame(original.as_bytes(), &original.replacen(from, to, 1)).map(|o| String::from_utf8(o).unwrap())
    }

    #[test]
    fn a_header_that_is_added_or_taken_away_goes_through() {
        let added = changed(MESSAGE, "Max-Forwards: 70\r\n", "Max-Forwards: 70\r\nX-Trace: 7\r\n").unwrap();
        assert!(added.contains("\r\nX-Trace: 7\r\n"));
        assert!(!changed(&added, "X-Trace: 7\r\n", "").unwrap().contains("X-Trace"));
    }

    /// RFC 3261 7.3.1: a hook may put another in its place, and no second one beside it.
    #[test]
    fn a_header_that_stands_once_is_not_doubled() {
        let with = MESSAGE.replacen("Max-Forwards", "User-Agent: a\r\nPriority: normal\r\nMax-Forwards", 1);
        for line in ["User-Agent: a\r\n", "Priority: normal\r\n", "Max-Forwards: 70\r\n"] {
            assert_eq!(changed(&with, line, &line.repeat(2)), None, "{line}");
        }
        assert!(changed(&with, "User-Agent: a", "User-Agent: b").is_some());
        assert!(changed(&with, "Max-Forwards", "Reason: SIP\r\nReason: Q.850\r\nMax-Forwards").is_some());
    }

    /// RFC 3261 20.14: the Content-Length is that of the body.
    #[test]
    fn a_changed_body_gets_its_content_length() {
        for original in [MESSAGE.to_owned(), MESSAGE.replace("Content-Length:", "l :")] {
            let octets = changed(&original, "hi", "good morning").unwrap();
            assert!(octets.contains("Content-Length: 12\r\n\r\ngood morning"), "{octets}");
            assert_eq!(octets.matches("12\r\n").count(), 1);
        }
        assert!(changed(RINGING, "\r\n\r\n", "\r\nContent-Type: text/plain\r\n\r\nyes").unwrap().contains("Length: 3"));
    }

    #[test]
    fn lines_that_end_in_line_feeds_alone_are_written_as_sip_has_them() {
        let octets = same_frame(MESSAGE.as_bytes(), &MESSAGE.replace("\r\n", "\n")).unwrap();
        assert_eq!(String::from_utf8(octets).unwrap(), MESSAGE);
    }

    /// RFC 3261 17.1.3: a response finds its request by the branch and the method.
    #[test]
    fn what_tells_whose_answer_it_is_stays() {
        for (from, to) in [
            ("MESSAGE sip:", "INFO sip:"),
            ("branch=z9hG4bK1", "branch=z9hG4bK2"),
            ("tag=1", "tag=3"),
            ("To: <sip:bob@", "To: <sip:carol@"),
            ("Call-ID: 1@a", "Call-ID: 2@a"),
            ("CSeq: 1 ", "CSeq: 2 "),
            ("Via: ", "Via: SIP/2.0/WSS b.invalid;branch=z9hG4bK0\r\nVia: "),
            ("Call-ID: 1@a\r\n", ""),
            (MESSAGE, RINGING),
        ] {
            assert_eq!(changed(MESSAGE, from, to), None, "{from} -> {to}");
        }
        assert_eq!(changed(RINGING, "180 Ringing", "200 OK"), None);
        assert!(changed(RINGING, "Ringing", "Klingelt").is_some());
    }

    #[test]
    fn what_cannot_be_read_or_breaks_a_rule_is_refused() {
        for (from, to) in [
            ("SIP/2.0\r\n", "SIP/3.0\r\n"),
            ("\r\n\r\n", "\r\n"),
            ("Max-Forwards: 70", "Max-Forwards: many"),
            ("Max-Forwards: 70", "no colon"),
            ("Max-Forwards: 70\r\n", "Max-Forwards: 70\n"),
        ] {
            assert_eq!(changed(MESSAGE, from, to), None, "{to:?}");
        }
        assert_eq!(same_frame(MESSAGE.as_bytes(), ""), None);
        assert_eq!(changed(MESSAGE, "hi", &"x".repeat(70_000)), None);
    }
}
