//! Responses.

use super::text::push_number;
use super::writer::{self, Body};
use super::{HeaderName, Headers, Method, Request, WriteError, reason_phrase};

/// A response.
#[derive(Clone)]
pub struct Response {
    pub(super) status: u16,
    pub(super) reason: String,
    /// What came before the header lines, where it is not what the writer would write.
    pub(super) start: Option<Box<[u8]>>,
    pub(super) sip_2: bool,
    pub(super) body: Body,
    /// The header lines. Content-Length takes care of itself.
    pub headers: Headers,
}

impl Response {
    /// A response without headers and body.
    #[must_use]
    pub fn new(status: u16, reason: impl Into<String>) -> Self {
        Self {
            status,
            reason: reason.into(),
            start: None,
            sip_2: true,
            body: Body::default(),
            headers: Headers::default(),
        }
    }

    /// The response to a request, with its usual reason phrase: Via, From, To, Call-ID and CSeq are the request's, and
    /// where a dialog may follow from it, Record-Route too; a 100 gives back the Timestamp. The To tag is the caller's to add.
    #[must_use]
    pub fn to(request: &Request, status: u16) -> Self {
        let mut response = Self::new(status, reason_phrase(status));
        let names = [HeaderName::Via, HeaderName::From, HeaderName::To, HeaderName::CallId, HeaderName::CSeq];
        for name in names {
            response.headers.copy(&request.headers, name);
        }
        if *request.method() == Method::Invite && matches!(status, 101..=299) {
            response.headers.copy(&request.headers, HeaderName::RecordRoute);
        }
        if status == 100 {
            response.headers.copy(&request.headers, HeaderName::Timestamp);
        }
        response
    }

    /// Adds a tag to To where it has none.
    pub fn add_tag(&mut self, tag: &str) {
        if matches!(self.headers.to(), Some(Ok(to)) if to.tag().is_some()) {
            return;
        }
        let to = self.headers.get(HeaderName::To).unwrap_or_default();
        // A bare addr-spec would take the tag for a parameter of its own URI's: brackets make it plain.
        let to = if to.contains('<') { [to, ";tag=", tag].concat() } else { ["<", to, ">;tag=", tag].concat() };
        self.headers.set(HeaderName::To, to);
    }

    /// The status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The reason phrase as it came.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Whether the response says that it is SIP 2.0.
    #[must_use]
    pub const fn is_sip_2(&self) -> bool {
        self.sip_2
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body.octets
    }

    /// Changes the body and its Content-Type.
    pub fn set_body(&mut self, content_type: &str, body: Vec<u8>) {
        self.headers.set(HeaderName::ContentType, content_type);
        self.body = Body::built(body);
    }

    /// Removes the body and its Content-Type.
    pub fn clear_body(&mut self) {
        self.headers.remove(HeaderName::ContentType);
        self.body = Body::built(Vec::new());
    }

    /// The response as octets.
    ///
    /// # Errors
    /// What must not stand on the wire.
    pub fn to_octets(&self) -> Result<Vec<u8>, WriteError> {
        writer::write(&self.headers, &self.body, self.reason.len() + 32, |octets| {
            if let Some(start) = &self.start {
                writer::start(octets, start, writer::line_end(&self.headers));
                return Ok(());
            }
            if !matches!(self.status, 100..=699) {
                return Err(WriteError::Status);
            }
            if self.reason.bytes().any(|b| matches!(b, b'\r' | b'\n' | 0)) {
                return Err(WriteError::Reason);
            }
            let mut start = String::from("SIP/2.0 ");
            push_number(&mut start, self.status.into());
            start.push(' ');
            start.push_str(&self.reason);
            octets.extend_from_slice(start.as_bytes());
            octets.extend_from_slice(writer::line_end(&self.headers));
            Ok(())
        })
    }
}

impl std::fmt::Debug for Response {
    /// Says the status and nothing that names a person or opens a door.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = String::from("Response ");
        push_number(&mut text, self.status.into());
        f.write_str(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Message;

    fn invite() -> Request {
        let text = "INVITE sip:bob@example.com SIP/2.0\r\nv: SIP/2.0/WS a;branch=z9hG4bK1,\r\n SIP/2.0/WS b;branch=z9hG4bK2\r\n\
            Via: SIP/2.0/WS c;branch=z9hG4bK3\r\nRecord-Route: <sip:p;lr>\r\nf: <sip:a@b>;tag=1\r\nt: <sip:bob@example.com>\r\n\
            i: x\r\nCSeq: 1 INVITE\r\nMax-Forwards: 70\r\n\r\n";
        match Message::parse(text.into()) {
            Ok(Message::Request(request)) => request,
            other => panic!("{other:?}"),
        }
    }

    /// RFC 3261 8.2.6.2
    #[test]
    fn a_response_carries_what_identifies_its_request() {
        let text = String::from_utf8(Response::to(&invite(), 486).to_octets().unwrap()).unwrap();
        assert_eq!(
            text,
            "SIP/2.0 486 Busy Here\r\nVia: SIP/2.0/WS a;branch=z9hG4bK1, SIP/2.0/WS b;branch=z9hG4bK2\r\nVia: SIP/2.0/WS c;branch=z9hG4bK3\r\n\
             From: <sip:a@b>;tag=1\r\nTo: <sip:bob@example.com>\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"
        );
    }

    /// RFC 3261 12.1.1
    #[test]
    fn record_route_is_for_responses_that_make_a_dialog() {
        for (status, there) in [(100, false), (180, true), (200, true), (486, false)] {
            assert_eq!(
                Response::to(&invite(), status).headers.get(HeaderName::RecordRoute).is_some(),
                there,
                "{status}"
            );
        }
    }

    /// RFC 3261 8.2.6.1
    #[test]
    fn a_100_gives_the_timestamp_back() {
        let mut invite = invite();
        invite.headers.push(HeaderName::Timestamp, "54");
        assert_eq!(Response::to(&invite, 100).headers.get(HeaderName::Timestamp), Some("54"));
        assert_eq!(Response::to(&invite, 180).headers.get(HeaderName::Timestamp), None);
    }

    #[test]
    fn octets_that_are_no_utf8_are_given_back_as_they_came() {
        let octets = b"OPTIONS sip:b@c SIP/2.0\r\nFrom: \"M\xfcller\" <sip:a@b>;tag=1\r\n\r\n".to_vec();
        let Ok(Message::Request(request)) = Message::parse(octets) else { panic!() };
        let written = Response::to(&request, 200).to_octets().unwrap();
        assert!(written.windows(8).any(|window| window == b"\"M\xfcller\""));
    }

    #[test]
    fn what_would_say_something_else_is_not_written() {
        assert_eq!(Response::new(99, "").to_octets(), Err(WriteError::Status));
        assert_eq!(Response::new(700, "").to_octets(), Err(WriteError::Status));
        assert_eq!(Response::new(200, "OK\r\nX: y").to_octets(), Err(WriteError::Reason));
    }
}
