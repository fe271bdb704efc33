//! Messages to octets.

use super::headers::Text;
use super::text::{is_token, push_number};
use super::{HeaderName, Headers, WriteError};

/// A body, and whether its length has to be written anew.
#[derive(Clone)]
pub(super) struct Body {
    pub(super) octets: Vec<u8>,
    pub(super) built: bool,
}

impl Default for Body {
    fn default() -> Self {
        Self::built(Vec::new())
    }
}

impl Body {
    pub(super) const fn built(octets: Vec<u8>) -> Self {
        Self { octets, built: true }
    }

    pub(super) const fn received(octets: Vec<u8>) -> Self {
        Self { octets, built: false }
    }
}

/// How lines end: as they came, where they came.
pub(super) fn line_end(headers: &Headers) -> &'static [u8] {
    if headers.wire.is_empty() || headers.wire.ends_with("\r\n") { b"\r\n" } else { b"\n" }
}

/// Writes a start line as it came, ended as the lines below it are: these may be others by now.
pub(super) fn start(octets: &mut Vec<u8>, start: &[u8], end: &[u8]) {
    let line = start.strip_suffix(b"\n").unwrap_or(start);
    octets.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
    octets.extend_from_slice(end);
}

/// Writes start line, header lines, blank line and body. Content-Length is written anew where the body or the header
/// was built here, and left alone where all came from the wire.
pub(super) fn write(
    headers: &Headers,
    body: &Body,
    start_capacity: usize,
    start: impl FnOnce(&mut Vec<u8>) -> Result<(), WriteError>,
) -> Result<Vec<u8>, WriteError> {
    let end = line_end(headers);
    let mut capacity = start_capacity + body.octets.len() + 32;
    let mut length = body.built;
    for line in &headers.lines {
        capacity += match &line.text {
            Text::Wire(_) | Text::Kept { .. } => headers.octets(line).unwrap_or_default().len(),
            Text::Built { value, .. } => {
                length |= line.name == HeaderName::ContentLength;
                headers.name(line).len() + value.len() + 4
            }
        };
    }
    let mut octets = Vec::with_capacity(capacity);
    start(&mut octets)?;
    for line in &headers.lines {
        if length && line.name == HeaderName::ContentLength {
            continue;
        }
        if let Some(wire) = headers.octets(line) {
            octets.extend_from_slice(wire);
            continue;
        }
        let (name, value) = (headers.name(line), headers.value(line));
        if !is_token(name) {
            return Err(WriteError::HeaderName);
        }
        check_value(value)?;
        for part in [name.as_bytes(), b": ", value.as_bytes(), end] {
            octets.extend_from_slice(part);
        }
    }
    if length {
        let mut line = String::from("Content-Length: ");
        push_number(&mut line, body.octets.len() as u64);
        octets.extend_from_slice(line.as_bytes());
        octets.extend_from_slice(end);
    }
    octets.extend_from_slice(end);
    octets.extend_from_slice(&body.octets);
    Ok(octets)
}

/// No line end, ever; no NUL but as a quoted pair, where the grammar has it and a response must give it back.
fn check_value(value: &str) -> Result<(), WriteError> {
    let mut before = 0;
    for b in value.bytes() {
        if matches!(b, b'\r' | b'\n') || (b == 0 && before != b'\\') {
            return Err(WriteError::HeaderValue);
        }
        before = b;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Message, Method, Request};

    /// RFC 3261 7.3.1
    #[test]
    fn line_ends_in_names_and_values_are_refused() {
        for bad in ["a\r\nX: y", "a\nb", "a\rb", "a\0b"] {
            let mut request = Request::new(Method::Info, "sip:a@b");
            request.headers.push(HeaderName::Subject, bad);
            assert_eq!(request.to_octets(), Err(WriteError::HeaderValue));
        }
        for bad in ["", "a b", "a:b", "a\r\nb"] {
            let mut request = Request::new(Method::Info, "sip:a@b");
            request.headers.push_named(bad, "x");
            assert_eq!(request.to_octets(), Err(WriteError::HeaderName));
        }
    }

    #[test]
    fn a_changed_header_leaves_the_others_as_they_came() {
        let text = "INFO sip:a@b SIP/2.0\r\nv:SIP/2.0/WS  a\r\nSUBJECT :  x\r\n  y \r\nl: 0\r\n\r\n";
        let mut message = Message::parse(text.into()).unwrap();
        assert_eq!(message.to_octets().unwrap(), text.as_bytes());
        message.headers_mut().push_first(HeaderName::Via, "SIP/2.0/WS b");
        message.headers_mut().push(HeaderName::Expires, "1");
        assert_eq!(
            String::from_utf8(message.to_octets().unwrap()).unwrap(),
            "INFO sip:a@b SIP/2.0\r\nVia: SIP/2.0/WS b\r\nv:SIP/2.0/WS  a\r\nSUBJECT :  x\r\n  y \r\nl: 0\r\nExpires: 1\r\n\r\n"
        );
    }

    /// RFC 3261 20.14
    #[test]
    fn a_new_body_brings_its_length() {
        let text = "INFO sip:a@b SIP/2.0\r\nl: 2\r\nc: text/plain\r\n\r\nab";
        let Ok(Message::Request(mut request)) = Message::parse(text.into()) else { panic!() };
        request.set_body("text/html", b"abc".to_vec());
        assert_eq!(
            String::from_utf8(request.to_octets().unwrap()).unwrap(),
            "INFO sip:a@b SIP/2.0\r\nContent-Type: text/html\r\nContent-Length: 3\r\n\r\nabc"
        );
    }

    #[test]
    fn a_content_length_of_the_caller_is_put_right() {
        let mut request = Request::new(Method::Info, "sip:a@b");
        request.headers.push(HeaderName::ContentLength, "999");
        assert_eq!(request.to_octets().unwrap(), b"INFO sip:a@b SIP/2.0\r\nContent-Length: 0\r\n\r\n");
        let Ok(mut message) = Message::parse(b"INFO sip:a@b SIP/2.0\r\n\r\nab".to_vec()) else { panic!() };
        message.headers_mut().set(HeaderName::ContentLength, "1");
        assert_eq!(message.to_octets().unwrap(), b"INFO sip:a@b SIP/2.0\r\nContent-Length: 2\r\n\r\nab");
    }

    #[test]
    fn one_allocation_is_enough() {
        let mut request = Request::new(Method::Message, "sip:bob@example.com");
        request.headers.push(HeaderName::CallId, "1@a");
        request.set_body("text/plain", vec![b'x'; 1000]);
        let octets = request.to_octets().unwrap();
        assert!(octets.capacity() - octets.len() < 64);
    }

    #[test]
    fn all_lines_end_alike_also_below_a_start_line_that_came() {
        let mut message = Message::parse(b"SIP/2.0 200  fine\nl: 0\n\n".to_vec()).unwrap();
        *message.headers_mut() = Headers::default();
        message.headers_mut().push(HeaderName::CallId, "1");
        let octets = message.to_octets().unwrap();
        assert_eq!(octets, b"SIP/2.0 200  fine\r\nCall-ID: 1\r\n\r\n");
        assert!(Message::parse(octets).is_ok());
    }
}
