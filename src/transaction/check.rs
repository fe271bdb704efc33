//! What a message must have before anything can be done with it.

use crate::common::limits::VIA_VALUES;
use crate::message::{CSeq, HeaderName, Headers, Method, Request, Response};

/// The start of every branch that follows RFC 3261.
pub(super) const COOKIE: &str = "z9hG4bK";

/// Where a request stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It can be worked with.
    Fine(CSeq),
    /// It gets this status.
    Refuse(u16),
    /// It cannot even be answered: it has no Via.
    Drop,
}

/// Checks the lines that frame a request: Via, From, To, Call-ID, CSeq.
pub(super) fn request(request: &Request) -> Verdict {
    let headers = &request.headers;
    let Some(via) = headers.via() else { return Verdict::Drop };
    if !request.is_sip_2() {
        return Verdict::Refuse(505);
    }
    if via.is_err() || headers.values(HeaderName::Via).nth(VIA_VALUES).is_some() {
        return Verdict::Refuse(400);
    }
    let Some(cseq) = framing(headers) else { return Verdict::Refuse(400) };
    if cseq.method != *request.method() {
        return Verdict::Refuse(400);
    }
    Verdict::Fine(cseq)
}

/// Checks a response and gives its CSeq. With more than one Via it is not for us (RFC 3261 section 8.1.3.3).
pub(super) fn response(response: &Response) -> Option<CSeq> {
    let headers = &response.headers;
    headers.via()?.ok()?;
    if !response.is_sip_2() || headers.values(HeaderName::Via).nth(1).is_some() {
        return None;
    }
    framing(headers)
}

/// The CSeq, if From, To, Call-ID and CSeq are there once each and readable.
fn framing(headers: &Headers) -> Option<CSeq> {
    for name in [HeaderName::From, HeaderName::To, HeaderName::CallId, HeaderName::CSeq] {
        if headers.lines(name).nth(1).is_some() {
            return None;
        }
    }
    headers.from()?.ok()?;
    headers.to()?.ok()?;
    headers.call_id()?;
    headers.cseq()?.ok()
}

/// What tells a server transaction from another (RFC 3261 section 17.2.3), the method left out: branch and sent-by of
/// the topmost Via; without the cookie of RFC 3261, what RFC 2543 went by.
pub(super) fn server_key(request: &Request, cseq: &CSeq) -> String {
    let headers = &request.headers;
    let Some(Ok(via)) = headers.via() else { return String::new() };
    let mut key = String::with_capacity(96);
    // The cookie alone is no branch (RFC 4475 section 3.2.1).
    match via.branch().filter(|branch| branch.len() > COOKIE.len() && branch.starts_with(COOKIE)) {
        Some(branch) => {
            key.push_str(branch);
            key.push(' ');
            for byte in via.host().bytes() {
                key.push(char::from(byte.to_ascii_lowercase()));
            }
            key.push(' ');
            if let Some(port) = via.port() {
                push_number(&mut key, u32::from(port));
            }
        }
        None => {
            let from_tag = headers.from().and_then(Result::ok).and_then(|from| from.tag()).unwrap_or_default();
            let via = headers.values(HeaderName::Via).next().unwrap_or_default();
            for part in [request.uri(), via, headers.call_id().unwrap_or_default(), from_tag] {
                key.push_str(part);
                key.push(' ');
            }
            push_number(&mut key, cseq.number);
        }
    }
    key
}

/// What a request outside dialogs has in common with its copies that came by other ways (RFC 3261 section 8.2.2.2):
/// Call-ID, CSeq and the tag of From.
pub(super) fn merge_key(request: &Request, cseq: &CSeq) -> Option<String> {
    let headers = &request.headers;
    let from = headers.from()?.ok()?;
    if headers.to()?.ok()?.tag().is_some() {
        return None;
    }
    let mut key = [headers.call_id()?, " ", from.tag().unwrap_or_default(), " ", cseq.method.as_str(), " "].concat();
    push_number(&mut key, cseq.number);
    Some(key)
}

/// Decimal digits without the formatting machinery.
pub(super) fn push_number(text: &mut String, number: u32) {
    if number >= 10 {
        push_number(text, number / 10);
    }
    text.push(char::from_digit(number % 10, 10).unwrap_or('0'));
}

/// The tag of responses that nobody has a tag for: the same for the same request, as RFC 3261 section 8.2.7
/// wants it of those that keep no state. It never names a dialog.
#[must_use]
pub fn tag_for(request: &Request) -> String {
    let headers = &request.headers;
    // FNV-1a, 64 bits.
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for text in [headers.get(HeaderName::Via), headers.get(HeaderName::CallId)].into_iter().flatten() {
        for byte in text.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    let mut tag = String::with_capacity(16);
    for position in 0..16_u32 {
        tag.push(char::from_digit(((hash >> (4 * position)) & 15) as u32, 16).unwrap_or('0'));
    }
    tag
}

/// Whether this is a response that a caller may still have to acknowledge.
pub(super) fn is_2xx_to_invite(response: &Response, cseq: &CSeq) -> bool {
    (200..300).contains(&response.status()) && cseq.method == Method::Invite
}
