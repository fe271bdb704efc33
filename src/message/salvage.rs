//! What is left of a request that cannot be framed: enough to tell its sender so.

use crate::common::limits;

use super::text::{cut, find, is_token, rest, trim};
use super::{HeaderName, Method, Request};

/// The lines that a response gives back.
const GIVEN_BACK: [HeaderName; 5] =
    [HeaderName::Via, HeaderName::From, HeaderName::To, HeaderName::CallId, HeaderName::CSeq];

/// Reads of a head what a response to it gives back, as it stands there. `None` where it is no request, or an ACK, or
/// has no Via, so that nothing can be answered.
pub(super) fn salvage(head: &[u8]) -> Option<Request> {
    let text = String::from_utf8_lossy(head.get(..limits::MESSAGE_OCTETS).unwrap_or(head));
    let mut lines =
        text.trim_start_matches(['\r', '\n']).split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    let start = trim(lines.next()?);
    let (method, after) = cut(start, find(start, b' '));
    let version = after.rsplit(' ').next().unwrap_or("");
    if !starts_with_sip(version) || starts_with_sip(method) || !is_token(method) || method == Method::Ack.as_str() {
        return None;
    }
    let mut request = Request::new(Method::from(method), "");
    let mut kept: Option<(HeaderName, String)> = None;
    let mut octets = 0;
    for line in lines.take(limits::HEADER_LINES).take_while(|line| !line.is_empty()) {
        octets += line.len();
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = &mut kept {
                value.push(' ');
                value.push_str(trim(line));
            }
            continue;
        }
        push(&mut request, kept.take());
        let (name, value) = cut(line, find(line, b':'));
        let name = HeaderName::of(trim(name));
        let again = name != HeaderName::Via && request.headers.get(name).is_some();
        if GIVEN_BACK.contains(&name) && !again && octets <= limits::MESSAGE_OCTETS / 2 {
            kept = Some((name, trim(rest(value)).to_owned()));
        }
    }
    push(&mut request, kept);
    request.headers.get(HeaderName::Via).is_some().then_some(request)
}

fn push(request: &mut Request, line: Option<(HeaderName, String)>) {
    if let Some((name, value)) = line {
        request.headers.push(name, value);
    }
}

fn starts_with_sip(text: &str) -> bool {
    text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("SIP/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3261 8.2.6.2: also a request that cannot be framed gets back its Via, From, To, Call-ID and CSeq
    #[test]
    fn what_a_response_gives_back_is_kept_as_it_came() {
        let text = "\r\nINVITE  sip:a@b  SIP/2.0\r\nv: SIP/2.0/WS a;;\r\n ;x\r\nSubject: x\r\n y\r\nTo : \"b\r\nFoobar\r\nTo: c\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n\r\nVia: z";
        let request = salvage(text.as_bytes()).unwrap();
        let lines: Vec<_> = request.headers.iter().collect();
        assert_eq!(lines, [("Via", "SIP/2.0/WS a;; ;x"), ("To", "\"b"), ("Call-ID", "1"), ("CSeq", "1 INVITE")]);
        assert_eq!(*request.method(), Method::Invite);
    }

    /// RFC 3261 17.2.1: no response to an ACK, to a response, or to what has no Via
    #[test]
    fn what_cannot_be_answered_is_not() {
        for bad in [
            "",
            "\r\n",
            "INVITE sip:a@b SIP/2.0\r\nTo: x\r\n\r\n",
            "ACK sip:a@b SIP/2.0\r\nVia: x\r\n\r\n",
            "SIP/2.0 999 x\r\nVia: x\r\n\r\n",
            "SIP/2.0 999 SIP/2.0\r\nVia: x\r\n\r\n",
            "SIP/2.0\r\nVia: x\r\n\r\n",
            "INVITE sip:a@b HTTP/1.1\r\nVia: x\r\n\r\n",
            "INVITE sip:a@b\r\nVia: x\r\n\r\n",
            "IN@VITE sip:a@b SIP/2.0\r\nVia: x\r\n\r\n",
        ] {
            assert!(salvage(bad.as_bytes()).is_none(), "{bad}");
        }
    }

    #[test]
    fn no_more_is_kept_than_a_response_may_have() {
        let vias = ["INVITE sip:a@b SIP/2.0\r\n", &"Via: x\r\n".repeat(1000)].concat();
        assert_eq!(salvage(vias.as_bytes()).unwrap().headers.len(), limits::HEADER_LINES);
        let long = ["INVITE sip:a@b SIP/2.0\r\nVia: x\r\nTo: ", &"y".repeat(limits::MESSAGE_OCTETS)].concat();
        assert_eq!(salvage(long.as_bytes()).unwrap().headers.len(), 1);
        let folds = ["INVITE sip:a@b SIP/2.0\r\nVia: x\r\n", &" y\r\n".repeat(10_000)].concat();
        assert!(salvage(folds.as_bytes()).unwrap().headers.get(HeaderName::Via).unwrap().len() < 1000);
    }
}
