//! The requests that follow from an INVITE and are the layer's own: CANCEL, and the ACK of a refusal.

use super::check::push_number;
use crate::message::{HeaderName, Method, Request, Response};

/// The CANCEL of an INVITE (RFC 3261 section 9.1): the same Via with the same branch, the same path.
pub(super) fn cancel(invite: &Request, extra: &[(String, String)]) -> Request {
    let mut cancel = like(invite, Method::Cancel, &[HeaderName::To]);
    for (name, value) in extra {
        cancel.headers.push_named(name, value.as_str());
    }
    cancel
}

/// The ACK of a response that is no 2xx (RFC 3261 section 17.1.1.3), with the credentials of the INVITE (section 22.1).
pub(super) fn ack(invite: &Request, response: &Response) -> Request {
    let mut ack = like(invite, Method::Ack, &[HeaderName::Authorization, HeaderName::ProxyAuthorization]);
    if let Some(to) = response.headers.get(HeaderName::To) {
        ack.headers.push(HeaderName::To, to);
    }
    ack
}

fn like(invite: &Request, method: Method, also: &[HeaderName]) -> Request {
    let number = invite.headers.cseq().and_then(Result::ok).map_or(0, |cseq| cseq.number);
    let mut cseq = String::with_capacity(20);
    push_number(&mut cseq, number);
    cseq.push(' ');
    cseq.push_str(method.as_str());
    let mut request = Request::new(method, invite.uri());
    let copied = [HeaderName::Via, HeaderName::Route, HeaderName::From, HeaderName::CallId];
    for name in copied.iter().chain(also) {
        for line in invite.headers.lines(*name) {
            request.headers.push(*name, line);
        }
    }
    request.headers.push(HeaderName::CSeq, cseq);
    request.headers.push(HeaderName::MaxForwards, "70");
    request
}
