//! Everything at once: what the engine itself finds wrong with a message, over every header it knows.

use crate::common::limits;

use super::params::token_and_params;
use super::text::{is_token, number};
use super::{
    AnswerMode, HeaderError, HeaderName, Headers, MediaType, Message, Method, NameAddr, RAck, Reason, ReferTo,
    Replaces, RetryAfter, SessionExpires, SessionId, TargetDialog, Uri, Via, challenges,
};

/// One thing that is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Problem {
    /// A stable name: `missing`, `repeated`, `malformed`, `tooMany`, `control`, `version`, `requestUri`, `cseqMethod`.
    pub code: &'static str,
    /// Which header it is about.
    pub header: Option<HeaderName>,
    /// The response that a request deserves for it; none where the message is itself a response.
    pub status: Option<u16>,
}

/// Headers without which no message can be answered or matched.
const REQUIRED: [HeaderName; 5] =
    [HeaderName::Via, HeaderName::From, HeaderName::To, HeaderName::CallId, HeaderName::CSeq];

/// Headers that a message has at most once.
const SINGLE: [HeaderName; 27] = [
    HeaderName::From,
    HeaderName::To,
    HeaderName::CallId,
    HeaderName::CSeq,
    HeaderName::MaxForwards,
    HeaderName::ContentType,
    HeaderName::ContentDisposition,
    HeaderName::Expires,
    HeaderName::MinExpires,
    HeaderName::FlowTimer,
    HeaderName::SessionExpires,
    HeaderName::MinSe,
    HeaderName::RSeq,
    HeaderName::RAck,
    HeaderName::Event,
    HeaderName::SubscriptionState,
    HeaderName::RetryAfter,
    HeaderName::ReferTo,
    HeaderName::ReferredBy,
    HeaderName::Replaces,
    HeaderName::Join,
    HeaderName::TargetDialog,
    HeaderName::ReferSub,
    HeaderName::AnswerMode,
    HeaderName::PrivAnswerMode,
    HeaderName::SipEtag,
    HeaderName::SipIfMatch,
];

/// What is wrong with a message. Nothing: the engine accepts it.
#[must_use]
pub fn validate(message: &Message) -> Vec<Problem> {
    let headers = message.headers();
    let mut problems = Vec::new();
    let mut add = |code, header, status| {
        let status = if matches!(message, Message::Request(_)) { Some(status) } else { None };
        let problem = Problem { code, header, status };
        if !problems.contains(&problem) {
            problems.push(problem);
        }
    };
    if !message.is_sip_2() {
        add("version", None, 505);
    }
    for name in REQUIRED {
        if headers.get(name).is_none() {
            add("missing", Some(name), 400);
        }
    }
    for name in SINGLE {
        if headers.lines(name).count() > 1 {
            add("repeated", Some(name), 400);
        }
    }
    if headers.values(HeaderName::Via).count() > limits::VIA_VALUES {
        add("tooMany", Some(HeaderName::Via), 400);
    }
    for line in &headers.lines {
        let value = headers.value(line);
        if has_control(value) {
            add("control", Some(line.name), 400);
        }
        if check(line.name, value).is_err() {
            add("malformed", Some(line.name), 400);
        }
    }
    if headers.contact_is_star() && headers.values(HeaderName::Contact).count() > 1 {
        add("malformed", Some(HeaderName::Contact), 400);
    }
    if !message.body().is_empty() && headers.get(HeaderName::ContentType).is_none() {
        add("missing", Some(HeaderName::ContentType), 400);
    }
    if let Message::Request(request) = message {
        if request.parsed_uri().is_err() {
            add("requestUri", None, 400);
        }
        if let Some(Ok(cseq)) = headers.cseq()
            && cseq.method != *request.method()
        {
            add("cseqMethod", Some(HeaderName::CSeq), 400);
        }
        if headers.contact_is_star() && *request.method() != Method::Register {
            add("malformed", Some(HeaderName::Contact), 400);
        }
    }
    problems
}

/// Whether a control character stands outside of quoted pairs.
fn has_control(value: &str) -> bool {
    let (mut quoted, mut escaped) = (false, false);
    for b in value.bytes() {
        if escaped {
            escaped = false;
        } else if quoted && b == b'\\' {
            escaped = true;
        } else if b == b'"' {
            quoted = !quoted;
        } else if (b < b' ' && b != b'\t') || b == 0x7f {
            return true;
        }
    }
    false
}

/// Whether a value is one that a header of this name may have.
#[must_use]
pub fn is_value(name: HeaderName, value: &str) -> bool {
    check(name, value).is_ok()
}

fn check(name: HeaderName, value: &str) -> Result<(), HeaderError> {
    match name {
        HeaderName::Via => each(value, |value| Via::parse(value).map(drop)),
        HeaderName::From | HeaderName::To | HeaderName::ReferredBy | HeaderName::ReplyTo => address(value),
        HeaderName::Contact if value == "*" => Ok(()),
        HeaderName::Contact
        | HeaderName::Route
        | HeaderName::RecordRoute
        | HeaderName::Path
        | HeaderName::ServiceRoute
        | HeaderName::PAssertedIdentity
        | HeaderName::PPreferredIdentity
        | HeaderName::Diversion
        | HeaderName::HistoryInfo => each(value, |value| if value == "*" { Ok(()) } else { address(value) }),
        HeaderName::CallId => visible(value),
        HeaderName::CSeq => super::CSeq::parse(value).map(drop),
        HeaderName::MaxForwards => number::<u8>(value).map(drop),
        HeaderName::Expires | HeaderName::MinExpires | HeaderName::FlowTimer | HeaderName::ContentLength => {
            number::<u32>(value).map(drop)
        }
        HeaderName::RSeq => super::rack::rseq_number(value).map(drop),
        HeaderName::SessionExpires => SessionExpires::parse(value).map(drop),
        HeaderName::MinSe => super::session_expires::min_se(value).map(drop),
        HeaderName::RetryAfter => RetryAfter::parse(value).map(drop),
        HeaderName::Reason => each(value, |value| Reason::parse(value).map(drop)),
        HeaderName::ContentType => MediaType::parse(value).map(drop),
        HeaderName::Accept => each(value, |value| MediaType::parse(value).map(drop)),
        HeaderName::ContentDisposition | HeaderName::Event | HeaderName::SubscriptionState => {
            token_and_params(value).map(drop)
        }
        HeaderName::InfoPackage => token_and_params(value).map(drop),
        HeaderName::RecvInfo => each(value, |value| token_and_params(value).map(drop)),
        HeaderName::MimeVersion => super::content::mime_version(value).map(drop),
        HeaderName::SessionId => SessionId::parse(value).map(drop),
        HeaderName::AnswerMode | HeaderName::PrivAnswerMode => AnswerMode::parse(value).map(drop),
        HeaderName::Replaces | HeaderName::Join => Replaces::parse(value).map(drop),
        HeaderName::TargetDialog => TargetDialog::parse(value).map(drop),
        HeaderName::ReferTo => ReferTo::parse(value).map(drop),
        HeaderName::ReferSub => super::refer_to::refer_sub(value).map(drop),
        HeaderName::RAck => RAck::parse(value).map(drop),
        HeaderName::SipEtag | HeaderName::SipIfMatch => token(value),
        HeaderName::Allow
        | HeaderName::Supported
        | HeaderName::Require
        | HeaderName::ProxyRequire
        | HeaderName::Unsupported
        | HeaderName::AllowEvents
        | HeaderName::ContentEncoding => each(value, token),
        HeaderName::WwwAuthenticate
        | HeaderName::ProxyAuthenticate
        | HeaderName::Authorization
        | HeaderName::ProxyAuthorization => match challenges(value)?.first() {
            Some(first) if !first.scheme.is_empty() => Ok(()),
            _ => Err(HeaderError::Syntax),
        },
        HeaderName::AuthenticationInfo | HeaderName::ProxyAuthenticationInfo => challenges(value).map(drop),
        _ => Ok(()),
    }
}

fn each(value: &str, check: impl Fn(&str) -> Result<(), HeaderError>) -> Result<(), HeaderError> {
    super::split_list(value).try_for_each(check)
}

fn address(value: &str) -> Result<(), HeaderError> {
    NameAddr::parse(value).and_then(|address| Uri::parse(address.uri_text())).map(drop)
}

fn token(value: &str) -> Result<(), HeaderError> {
    if is_token(value) { Ok(()) } else { Err(HeaderError::Syntax) }
}

fn visible(value: &str) -> Result<(), HeaderError> {
    if value.is_empty() || value.bytes().any(|b| b <= b' ') { Err(HeaderError::Syntax) } else { Ok(()) }
}

impl Headers {
    /// Whether the message can be answered or matched: Via, From, To, Call-ID and CSeq are there and can be read.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        matches!(self.via(), Some(Ok(_)))
            && matches!(self.from(), Some(Ok(_)))
            && matches!(self.to(), Some(Ok(_)))
            && self.call_id().is_some()
            && matches!(self.cseq(), Some(Ok(_)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "Via: SIP/2.0/WS a.invalid;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n";

    fn problems(head: &str) -> Vec<(&'static str, Option<HeaderName>)> {
        let text = format!("OPTIONS sip:c@d SIP/2.0\r\n{head}\r\n");
        let message = Message::parse(text.into()).unwrap();
        assert_eq!(message.headers().is_usable(), head.starts_with(GOOD));
        validate(&message).iter().map(|problem| (problem.code, problem.header)).collect()
    }

    #[test]
    fn a_good_message_has_no_problem() {
        assert_eq!(problems(GOOD), []);
    }

    /// RFC 3261 8.1.1, 8.2
    #[test]
    fn missing_headers_are_named() {
        let missing: Vec<_> = REQUIRED.iter().map(|name| ("missing", Some(*name))).collect();
        assert_eq!(problems("Max-Forwards: 70\r\n"), missing);
    }

    /// RFC 3261 8.2
    #[test]
    fn malformed_headers_are_named() {
        for (line, name) in [
            ("Via: SIP/2.0/WS", HeaderName::Via),
            ("Contact: <sip:a@b>, <sip:>", HeaderName::Contact),
            ("Contact: *", HeaderName::Contact),
            ("m: <sip:a@b>, *", HeaderName::Contact),
            ("Route: <sip:a@b;lr", HeaderName::Route),
            ("Expires: 10000000000000", HeaderName::Expires),
            ("Min-Expires: x", HeaderName::MinExpires),
            ("x: 1800;refresher", HeaderName::Other),
            ("Session-Expires: soon", HeaderName::SessionExpires),
            ("RAck: 1 INVITE", HeaderName::RAck),
            ("Retry-After: x", HeaderName::RetryAfter),
            ("Reason: ;cause=1", HeaderName::Reason),
            ("Accept: text", HeaderName::Accept),
            ("Event: a b", HeaderName::Event),
            ("Allow: INVITE, A@B", HeaderName::Allow),
            ("Replaces: ;x=y", HeaderName::Replaces),
            ("WWW-Authenticate: realm=\"x\"", HeaderName::WwwAuthenticate),
        ] {
            let found = problems(&format!("{GOOD}{line}\r\n"));
            if name == HeaderName::Other {
                assert_eq!(found, [], "{line}");
            } else {
                assert_eq!(found, [("malformed", Some(name))], "{line}");
            }
        }
    }

    #[test]
    fn repeated_headers_are_named() {
        assert_eq!(problems(&format!("{GOOD}t: <sip:c@d>\r\n")), [("repeated", Some(HeaderName::To))]);
    }

    #[test]
    fn control_characters_are_found_outside_of_quoted_pairs() {
        assert_eq!(problems(&format!("{GOOD}Subject: a\0b\r\n")), [("control", Some(HeaderName::Subject))]);
        assert_eq!(problems(&format!("{GOOD}Reply-To: \"\\\0\\\x7f\" <sip:a@b>\r\n")), []);
    }

    #[test]
    fn too_many_vias_are_found() {
        let vias = "Via: SIP/2.0/WS a, SIP/2.0/WS b\r\n".repeat(limits::VIA_VALUES / 2);
        assert_eq!(problems(&format!("{GOOD}{vias}")), [("tooMany", Some(HeaderName::Via))]);
    }

    /// RFC 3261 8.1.1.5, 8.2
    #[test]
    fn start_line_and_cseq_are_checked() {
        let check = |start: &str| {
            let message = Message::parse(format!("{start}\r\n{GOOD}\r\n").into()).unwrap();
            validate(&message).iter().map(|problem| (problem.code, problem.status)).collect::<Vec<_>>()
        };
        assert_eq!(check("OPTIONS sip:c@d SIP/7.0"), [("version", Some(505))]);
        assert_eq!(check("OPTIONS <sip:c@d> SIP/2.0"), [("requestUri", Some(400))]);
        assert_eq!(check("INVITE sip:c@d SIP/2.0"), [("cseqMethod", Some(400))]);
        assert_eq!(check("SIP/2.0 200 OK"), []);
        assert_eq!(check("SIP/3.0 200 OK"), [("version", None)]);
    }

    /// RFC 3261 20.15
    #[test]
    fn a_body_needs_a_type() {
        let message = Message::parse(format!("OPTIONS sip:c@d SIP/2.0\r\n{GOOD}\r\nbody").into()).unwrap();
        assert_eq!(validate(&message).first().map(|problem| problem.header), Some(Some(HeaderName::ContentType)));
    }
}
