//! What the refusal of a request says could be left out of it (RFC 3261 section 8.1.3.5).

use crate::message::{HeaderName, Headers, Request, Response};

/// Extensions that the engine asks for by itself and can do without. What else a request insists on is the
/// application's, or decides what becomes of it.
const OURS: [&str; 6] = ["100rel", "timer", "replaces", "gruu", "outbound", "path"];

/// Leaves out of a request what its refusal says is not known there, so that it can be sent once more. False where
/// nothing can be left out: then it is refused for good. Each time there is less to leave out, so that it ends.
pub(super) fn amend(request: &mut Request, response: &Response) -> bool {
    response.status() == 420 && leave_out(&mut request.headers, &response.headers)
}

fn leave_out(headers: &mut Headers, refusal: &Headers) -> bool {
    let unknown = |tag: &str| refusal.has_token(HeaderName::Unsupported, tag);
    // Without what the application insists on, or what it is about, it would be another request.
    let vital = |tag: &str| {
        let about = tag.eq_ignore_ascii_case("replaces") && headers.get(HeaderName::Replaces).is_some();
        unknown(tag) && (about || !OURS.iter().any(|ours| ours.eq_ignore_ascii_case(tag)))
    };
    if headers.values(HeaderName::Require).chain(headers.values(HeaderName::ProxyRequire)).any(vital) {
        return false;
    }
    let mut changed = false;
    for name in [HeaderName::Supported, HeaderName::Require] {
        let kept: Vec<&str> = headers.values(name).filter(|tag| !unknown(tag)).collect();
        if kept.len() == headers.values(name).count() {
            continue;
        }
        changed = true;
        let kept = kept.join(", ");
        if kept.is_empty() {
            headers.remove(name);
        } else {
            headers.set(name, kept);
        }
    }
    if changed && unknown("timer") {
        headers.remove(HeaderName::SessionExpires);
        headers.remove(HeaderName::MinSe);
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Method;

    fn refused(lines: &[(HeaderName, &str)], unsupported: &[&str]) -> Option<Vec<(HeaderName, String)>> {
        let mut request = Request::new(Method::Invite, "sip:bob@example.com");
        for (name, value) in lines {
            request.headers.push(*name, *value);
        }
        let mut response = Response::to(&request, 420);
        for value in unsupported {
            response.headers.push(HeaderName::Unsupported, *value);
        }
        let names = [HeaderName::Supported, HeaderName::Require, HeaderName::SessionExpires, HeaderName::MinSe];
        let amended = amend(&mut request, &response);
        let left = |name: HeaderName| Some((name, request.headers.get(name)?.to_owned()));
        amended.then(|| names.into_iter().filter_map(left).collect())
    }

    /// RFC 3261 8.1.3.5, 21.4.15
    #[test]
    fn what_is_not_known_there_is_left_out() {
        let lines = [
            (HeaderName::Supported, "outbound, Timer, gruu"),
            (HeaderName::Supported, "100rel"),
            (HeaderName::Require, "100rel"),
            (HeaderName::SessionExpires, "1800"),
            (HeaderName::MinSe, "90"),
        ];
        let left = |unsupported: &[&str]| refused(&lines, unsupported);
        let line = |name, value: &str| (name, value.to_owned());
        let timer = [line(HeaderName::SessionExpires, "1800"), line(HeaderName::MinSe, "90")];
        assert_eq!(
            left(&["100REL"]),
            Some([&[line(HeaderName::Supported, "outbound, Timer, gruu")][..], &timer].concat())
        );
        assert_eq!(left(&["timer, 100rel", "gruu"]), Some(vec![line(HeaderName::Supported, "outbound")]));
        assert_eq!(left(&["outbound, timer, 100rel, gruu"]), Some(vec![]));
        assert_eq!(left(&["other"]), None);
        assert_eq!(left(&[]), None);
    }

    /// RFC 3261 8.1.3.5, RFC 3891 4: a request that is about an extension is none without it.
    #[test]
    fn what_a_request_is_about_is_not_left_out() {
        let replaces = [(HeaderName::Replaces, "c;to-tag=a;from-tag=b"), (HeaderName::Require, "replaces")];
        assert_eq!(refused(&replaces, &["replaces"]), None);
        let others = [(HeaderName::Supported, "timer"), (HeaderName::Require, "answermode")];
        assert_eq!(refused(&others, &["timer, answermode"]), None);
        assert_eq!(refused(&[(HeaderName::ProxyRequire, "privacy"), others[0]], &["privacy, timer"]), None);
    }
}
