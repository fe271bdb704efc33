//! SIP messages as the proxy handles them. `rsipstack` reads them; here they become a start line, a list of header
//! lines with one value each where the proxy works on values, and a body, and are written again.

use rsipstack::sip::{SipMessage, Uri, parse_uri, parser::parse_message};

/// Headers whose comma lists are split when read, because the proxy adds and takes single values.
const SPLIT: [&str; 5] = ["Via", "Route", "Record-Route", "Contact", "Path"];

/// What stands on the first line.
#[derive(Clone, Debug, PartialEq)]
pub enum Start {
    /// A request: the method and the Request-URI as they came.
    Request { method: String, uri: String },
    /// A response.
    Response { status: u16, reason: String },
}

/// One SIP message.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    pub start: Start,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Message {
    /// Reads a whole message. None: `rsipstack` refuses it.
    pub fn parse(octets: &[u8]) -> Option<Message> {
        let read = parse_message(octets).ok()?;
        let first = octets.split(|octet| *octet == b'\r' || *octet == b'\n').next()?;
        let mut words = std::str::from_utf8(first).ok()?.splitn(3, ' ');
        let (start, headers, mut body) = match read {
            SipMessage::Request(request) => {
                let method = words.next()?.to_string();
                (Start::Request { method, uri: words.next()?.to_string() }, request.headers, request.body)
            }
            SipMessage::Response(response) => {
                let reason = words.nth(2).unwrap_or_default().to_string();
                (Start::Response { status: response.status_code.code(), reason }, response.headers, response.body)
            }
        };
        let mut list: Vec<(String, String)> = Vec::new();
        for header in headers.iter() {
            if SPLIT.contains(&header.name()) {
                list.extend(split(header.value(), ',').map(|value| (header.name().to_string(), value.to_string())));
            } else {
                list.push((header.name().to_string(), header.value().to_string()));
            }
        }
        let has_length = list.iter().any(|(name, _)| name == "Content-Length");
        list.retain(|(name, _)| name != "Content-Length");
        if !has_length {
            // RFC 7118: the WebSocket message is the frame, the header may be missing.
            let gap = octets.windows(4).position(|four| four == b"\r\n\r\n")?;
            body = octets.get(gap + 4..).unwrap_or_default().to_vec();
        }
        Some(Message { start, headers: list, body })
    }

    /// A new request with no header yet.
    pub fn request(method: &str, uri: &str) -> Message {
        let start = Start::Request { method: method.to_string(), uri: uri.to_string() };
        Message { start, headers: Vec::new(), body: Vec::new() }
    }

    /// The response to a request: what RFC 3261 section 8.2.6 says it copies. `tag` goes into To where none is.
    pub fn response(request: &Message, status: u16, reason: &str, tag: &str) -> Message {
        let mut headers = Vec::new();
        for (name, value) in &request.headers {
            match name.as_str() {
                "Via" | "From" | "Call-ID" | "CSeq" => headers.push((name.clone(), value.clone())),
                "To" => {
                    let tagged = status == 100 || Address::parse(value).is_some_and(|to| to.tag().is_some());
                    let value = if tagged { value.clone() } else { format!("{value};tag={tag}") };
                    headers.push((name.clone(), value));
                }
                _ => {}
            }
        }
        Message { start: Start::Response { status, reason: reason.to_string() }, headers, body: Vec::new() }
    }

    /// The octets of the message.
    pub fn octets(&self) -> Vec<u8> {
        let mut text = match &self.start {
            Start::Request { method, uri } => format!("{method} {uri} SIP/2.0\r\n"),
            Start::Response { status, reason } => format!("SIP/2.0 {status} {reason}\r\n"),
        };
        for (name, value) in &self.headers {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str(&format!("Content-Length: {}\r\n\r\n", self.body.len()));
        let mut octets = text.into_bytes();
        octets.extend_from_slice(&self.body);
        octets
    }

    /// The method of a request, the method of CSeq for a response.
    pub fn method(&self) -> &str {
        match &self.start {
            Start::Request { method, .. } => method,
            Start::Response { .. } => self.cseq().map(|(_, method)| method).unwrap_or_default(),
        }
    }

    /// The Request-URI; empty for a response.
    pub fn uri(&self) -> &str {
        match &self.start {
            Start::Request { uri, .. } => uri,
            Start::Response { .. } => "",
        }
    }

    /// Replaces the Request-URI.
    pub fn set_uri(&mut self, new: &str) {
        if let Start::Request { uri, .. } = &mut self.start {
            *uri = new.to_string();
        }
    }

    /// The first value of a header.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(have, _)| have.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// All values of a header.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.headers.iter().filter(move |(have, _)| have.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// The value as a number.
    pub fn number(&self, name: &str) -> Option<u32> {
        self.get(name)?.trim().parse().ok()
    }

    /// Adds a header at the end.
    pub fn push(&mut self, name: &str, value: impl Into<String>) {
        self.headers.push((name.to_string(), value.into()));
    }

    /// Adds a header above all others of its name.
    pub fn push_first(&mut self, name: &str, value: impl Into<String>) {
        let at = self.headers.iter().position(|(have, _)| have.eq_ignore_ascii_case(name)).unwrap_or(0);
        self.headers.insert(at, (name.to_string(), value.into()));
    }

    /// Puts a header in the place of the first of its name.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        match self.headers.iter_mut().find(|(have, _)| have.eq_ignore_ascii_case(name)) {
            Some(line) => line.1 = value.into(),
            None => self.push(name, value),
        }
    }

    /// Takes the first value of a header away.
    pub fn take_first(&mut self, name: &str) -> Option<String> {
        let at = self.headers.iter().position(|(have, _)| have.eq_ignore_ascii_case(name))?;
        Some(self.headers.remove(at).1)
    }

    /// Number and method of CSeq.
    pub fn cseq(&self) -> Option<(u32, &str)> {
        let (number, method) = self.get("CSeq")?.trim().split_once([' ', '\t'])?;
        Some((number.parse().ok()?, method.trim()))
    }

    /// Whether a comma list of tokens (Supported, Require) names the token.
    pub fn lists(&self, name: &str, token: &str) -> bool {
        self.all(name).any(|value| value.split(',').any(|item| item.trim().eq_ignore_ascii_case(token)))
    }
}

/// A name-addr or addr-spec with header parameters.
#[derive(Clone, Debug)]
pub struct Address {
    pub display: String,
    /// The URI as it was written.
    pub text: String,
    pub uri: Uri,
    pub params: Vec<(String, Option<String>)>,
}

impl Address {
    /// Reads From, To, one Contact, one Route.
    pub fn parse(value: &str) -> Option<Address> {
        let value = value.trim();
        let mut quoted = false;
        let mut escaped = false;
        let mut open = None;
        for (at, character) in value.char_indices() {
            match character {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                '<' if !quoted => {
                    open = Some(at);
                    break;
                }
                _ => {}
            }
        }
        let (display, text, rest) = match open {
            Some(at) => {
                let (text, rest) = value.get(at + 1..)?.split_once('>')?;
                (unquote(value.get(..at)?.trim()), text, rest)
            }
            None => match value.split_once(';') {
                Some((text, _)) => (String::new(), text, value.get(text.len()..)?),
                None => (String::new(), value, ""),
            },
        };
        let uri = parse_uri(text).ok()?;
        Some(Address { display, text: text.trim().to_string(), uri, params: params(rest) })
    }

    /// A header parameter: absent, without a value, with one.
    pub fn param(&self, name: &str) -> Option<Option<&str>> {
        find(&self.params, name)
    }

    /// The tag.
    pub fn tag(&self) -> Option<&str> {
        self.param("tag").flatten()
    }

    /// The user part.
    pub fn user(&self) -> &str {
        self.uri.user().unwrap_or_default()
    }
}

/// Finds a parameter by its name.
pub fn find<'a>(params: &'a [(String, Option<String>)], name: &str) -> Option<Option<&'a str>> {
    params.iter().find(|(have, _)| have.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_deref())
}

/// Reads `;name=value;name`, quotes kept off the values.
pub fn params(text: &str) -> Vec<(String, Option<String>)> {
    split(text, ';')
        .map(|part| match part.split_once('=') {
            Some((name, value)) => (name.trim().to_string(), Some(unquote(value.trim()))),
            None => (part.to_string(), None),
        })
        .collect()
}

/// The parameters of a URI's text.
pub fn uri_params(uri: &str) -> Vec<(String, Option<String>)> {
    let main = uri.split('?').next().unwrap_or_default();
    main.split_once(';').map(|(_, rest)| params(rest)).unwrap_or_default()
}

/// User, host and port: what tells one client's Contact from another's.
pub fn place(uri: &Uri) -> String {
    let host = uri.host_with_port.to_string().to_ascii_lowercase();
    format!("{}@{host}", uri.user().unwrap_or_default())
}

/// Splits at a character outside quotes and angle brackets; empty parts are dropped.
pub fn split(text: &str, at: char) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let mut escaped = false;
    let mut depth = 0_u32;
    text.split(move |character: char| {
        match character {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '<' if !quoted => depth += 1,
            '>' if !quoted => depth = depth.saturating_sub(1),
            _ if character == at && !quoted && depth == 0 => return true,
            _ => {}
        }
        false
    })
    .map(str::trim)
    .filter(|part| !part.is_empty())
}

/// The content of a quoted string, or the text itself.
pub fn unquote(text: &str) -> String {
    let Some(inner) = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return text.to_string();
    };
    let mut out = String::new();
    let mut escaped = false;
    for character in inner.chars() {
        if character == '\\' && !escaped {
            escaped = true;
        } else {
            out.push(character);
            escaped = false;
        }
    }
    out
}

/// The usual phrase of a status.
pub fn phrase(status: u16) -> &'static str {
    match status {
        100 => "Trying",
        200 => "OK",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        423 => "Interval Too Brief",
        430 => "Flow Failed",
        480 => "Temporarily Unavailable",
        481 => "Call/Transaction Does Not Exist",
        482 => "Loop Detected",
        483 => "Too Many Hops",
        487 => "Request Terminated",
        500 => "Server Internal Error",
        555 => "Push Notification Service Not Supported",
        _ => "Response",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INVITE: &str = "INVITE sip:bob@sipwake.local SIP/2.0\r\nv: SIP/2.0/WS a.invalid;branch=z9hG4bKa, SIP/2.0/WS b.invalid;branch=z9hG4bKb\r\n\
        f: \"Al; <ice>\" <sip:alice@sipwake.local>;tag=1\r\nt: <sip:bob@sipwake.local>\r\ni: c1\r\nCSeq: 7 INVITE\r\n";

    #[test]
    fn via_lists_become_one_value_a_line() {
        let message = Message::parse(format!("{INVITE}l: 0\r\n\r\n").as_bytes()).unwrap();
        assert_eq!(message.all("Via").count(), 2);
        assert_eq!(message.cseq(), Some((7, "INVITE")));
    }

    #[test]
    fn a_message_without_content_length_keeps_its_body() {
        let message = Message::parse(format!("{INVITE}\r\nv=0\r\n").as_bytes()).unwrap();
        assert_eq!(message.body, b"v=0\r\n");
        assert!(String::from_utf8(message.octets()).unwrap().contains("Content-Length: 5\r\n"));
    }

    #[test]
    fn a_quoted_bracket_is_no_uri() {
        let message = Message::parse(format!("{INVITE}l: 0\r\n\r\n").as_bytes()).unwrap();
        let from = Address::parse(message.get("From").unwrap()).unwrap();
        assert_eq!((from.display.as_str(), from.user(), from.tag()), ("Al; <ice>", "alice", Some("1")));
    }

    #[test]
    fn a_reason_phrase_goes_through_unchanged() {
        let text = "SIP/2.0 486 Not now\r\nVia: SIP/2.0/WS a.invalid;branch=z9hG4bKa\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(Message::parse(text.as_bytes()).unwrap().octets(), text.as_bytes());
    }

    #[test]
    fn uri_and_header_parameters_are_told_apart() {
        let contact = Address::parse("<sip:x@y.invalid;pn-prid=ab>;reg-id=1;+sip.instance=\"<urn:uuid:1>\"").unwrap();
        assert_eq!(contact.param("+sip.instance"), Some(Some("<urn:uuid:1>")));
        assert_eq!(contact.param("pn-prid"), None);
        assert_eq!(find(&uri_params(&contact.text), "PN-PRID"), Some(Some("ab")));
    }
}
