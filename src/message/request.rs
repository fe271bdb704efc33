//! Requests.

use super::text::is_token;
use super::writer::{self, Body};
use super::{HeaderError, HeaderName, Headers, Method, Uri, WriteError};

/// A request.
#[derive(Clone)]
pub struct Request {
    pub(super) method: Method,
    pub(super) uri: String,
    /// What came before the header lines, where it is not what the writer would write.
    pub(super) start: Option<Box<[u8]>>,
    pub(super) sip_2: bool,
    pub(super) body: Body,
    /// The header lines. Content-Length takes care of itself.
    pub headers: Headers,
}

impl Request {
    /// A request without headers and body.
    #[must_use]
    pub fn new(method: Method, uri: impl Into<String>) -> Self {
        Self { method, uri: uri.into(), start: None, sip_2: true, body: Body::default(), headers: Headers::default() }
    }

    /// The method.
    #[must_use]
    pub const fn method(&self) -> &Method {
        &self.method
    }

    /// The Request-URI as written.
    #[must_use]
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// The Request-URI, read.
    ///
    /// # Errors
    /// What breaks the grammar of URIs.
    pub fn parsed_uri(&self) -> Result<Uri<'_>, HeaderError> {
        Uri::parse(&self.uri)
    }

    /// Changes the Request-URI.
    pub fn set_uri(&mut self, uri: impl Into<String>) {
        self.uri = uri.into();
        self.start = None;
    }

    /// Whether the request says that it is SIP 2.0; another version deserves 505.
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

    /// The request as octets.
    ///
    /// # Errors
    /// What must not stand on the wire.
    pub fn to_octets(&self) -> Result<Vec<u8>, WriteError> {
        writer::write(&self.headers, &self.body, self.uri.len() + 32, |octets| {
            if let Some(start) = &self.start {
                writer::start(octets, start, writer::line_end(&self.headers));
                return Ok(());
            }
            let method = self.method.as_str();
            if !is_token(method) {
                return Err(WriteError::Method);
            }
            if self.uri.is_empty() || self.uri.bytes().any(|b| b <= b' ' || b == 0x7f) {
                return Err(WriteError::Uri);
            }
            for part in [method, " ", &self.uri, " SIP/2.0"] {
                octets.extend_from_slice(part.as_bytes());
            }
            octets.extend_from_slice(writer::line_end(&self.headers));
            Ok(())
        })
    }
}

impl std::fmt::Debug for Request {
    /// Says the method and nothing that names a person or opens a door.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Request ")?;
        f.write_str(self.method.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3261 20.14
    #[test]
    fn a_built_request_has_a_content_length() {
        let mut request = Request::new(Method::Message, "sip:bob@example.com");
        request.headers.push(HeaderName::CallId, "1@a");
        assert_eq!(
            request.to_octets().unwrap(),
            b"MESSAGE sip:bob@example.com SIP/2.0\r\nCall-ID: 1@a\r\nContent-Length: 0\r\n\r\n"
        );
        request.set_body("text/plain", "hü".into());
        assert_eq!(
            String::from_utf8(request.to_octets().unwrap()).unwrap(),
            "MESSAGE sip:bob@example.com SIP/2.0\r\nCall-ID: 1@a\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nhü"
        );
        request.clear_body();
        assert!(request.to_octets().unwrap().ends_with(b"Content-Length: 0\r\n\r\n"));
    }

    /// RFC 3261 7.3
    #[test]
    fn what_would_say_something_else_is_not_written() {
        let write = |method: &str, uri: &str| Request::new(Method::from(method), uri).to_octets();
        assert_eq!(write("IN VITE", "sip:a@b"), Err(WriteError::Method));
        assert_eq!(write("", "sip:a@b"), Err(WriteError::Method));
        assert_eq!(write("INVITE", ""), Err(WriteError::Uri));
        assert_eq!(write("INVITE", "sip:a@b SIP/2.0\r\nX: y"), Err(WriteError::Uri));
    }

    #[test]
    fn debug_output_names_nobody() {
        assert_eq!(format!("{:?}", Request::new(Method::Invite, "sip:bob@example.com")), "Request INVITE");
    }
}
