//! Octets to messages: the start line, the lines of the head, the body. Every octet is looked at a fixed number of
//! times, whatever it is.

use crate::common::limits;

use super::headers::{Line, Span, Text};
use super::text::{TOKEN, cut, is_token, number, rest};
use super::writer::Body;
use super::{HeaderName, Headers, Message, Method, ParseError, Request, Response};

/// Where a head and its lines stand.
struct Head {
    /// The start line.
    begin: usize,
    start_end: usize,
    /// What follows it.
    next: usize,
    lines: Vec<Line>,
    end: usize,
}

/// Reads a message; with an error come the octets of the head, or more.
pub(super) fn read(mut octets: Vec<u8>) -> Result<Message, (ParseError, Vec<u8>)> {
    let Head { begin, start_end, next, lines, end } = match head(&octets) {
        Ok(head) => head,
        Err(error) => return Err((error, octets)),
    };
    let body = octets.split_off(end);
    let (wire, original) = decode(octets);
    let mut headers = Headers { wire, lines };
    settle(&mut headers, original.as_deref());
    let start_line = || start_line(headers.wire.get(begin..start_end).unwrap_or(""));
    let (body, mut message) = match cut_body(&headers, body).and_then(|body| Ok((body, start_line()?))) {
        Ok(read) => read,
        Err(error) => return Err((error, original.unwrap_or_else(|| headers.wire.into_bytes()))),
    };
    // What the writer would not write by itself is kept.
    let raw = original.as_deref().unwrap_or(headers.wire.as_bytes()).get(..next).unwrap_or_default();
    let canonical = begin == 0 && next == start_end + 2 && original.is_none() && is_canonical(&message, raw);
    let start = if canonical { None } else { Some(Box::from(raw)) };
    match &mut message {
        Message::Request(request) => {
            request.start = start;
            request.headers = headers;
            request.body = Body::received(body);
        }
        Message::Response(response) => {
            response.start = start;
            response.headers = headers;
            response.body = Body::received(body);
        }
    }
    Ok(message)
}

fn head(octets: &[u8]) -> Result<Head, ParseError> {
    if octets.len() > limits::MESSAGE_OCTETS {
        return Err(ParseError::TooLong);
    }
    let mut begin = 0;
    while octets.get(begin..).is_some_and(|left| left.starts_with(b"\r\n")) {
        begin += 2;
    }
    if begin == octets.len() {
        return Err(ParseError::Empty);
    }
    let mut scan = Scan::new(octets, begin)?;
    let (start_end, next) = scan.line(begin)?.ok_or(ParseError::StartLine)?;
    let (lines, end) = scan.lines(next)?;
    Ok(Head { begin, start_end, next, lines, end })
}

/// Reads the header lines of a part of a body, of which there may be none, and says where its octets begin.
pub(super) fn part(octets: &[u8]) -> Result<(Headers, usize), ParseError> {
    let mut scan = Scan::new(octets, 0)?;
    let (lines, end) = scan.lines(0)?;
    let (wire, original) = decode(octets.get(..end).unwrap_or_default().to_vec());
    let mut headers = Headers { wire, lines };
    settle(&mut headers, original.as_deref());
    Ok((headers, end))
}

/// Finds lines. All lines of a head end like the first: in CRLF as the grammar has it, or, as some tools write files,
/// all in a bare LF. A mixture would let two readers see two messages, so it is refused.
struct Scan<'a> {
    octets: &'a [u8],
    crlf: bool,
}

impl<'a> Scan<'a> {
    fn new(octets: &'a [u8], begin: usize) -> Result<Self, ParseError> {
        let left = octets.get(begin..).unwrap_or_default();
        let end = line_break(left).ok_or(ParseError::StartLine)?;
        Ok(Self { octets, crlf: left.get(end) == Some(&b'\r') })
    }

    /// End of the line that begins at `from`, without and with its line end; `None` where no line end follows.
    fn line(&mut self, from: usize) -> Result<Option<(usize, usize)>, ParseError> {
        let left = self.octets.get(from..).unwrap_or_default();
        let Some(length) = line_break(left) else { return Ok(None) };
        if length > limits::LINE_OCTETS {
            return Err(ParseError::LineTooLong);
        }
        let end = from + length;
        match (self.crlf, left.get(length), left.get(length + 1)) {
            (true, Some(b'\r'), Some(b'\n')) => Ok(Some((end, end + 2))),
            (false, Some(b'\n'), _) => Ok(Some((end, end + 1))),
            _ => Err(ParseError::LineEnd),
        }
    }

    /// The header lines from `from` on, and where the body begins.
    fn lines(&mut self, mut from: usize) -> Result<(Vec<Line>, usize), ParseError> {
        let mut lines: Vec<Line> = Vec::with_capacity(24);
        loop {
            let (end, next) = self.line(from)?.ok_or(ParseError::NoBlankLine)?;
            if end == from {
                return Ok((lines, next));
            }
            let text = self.octets.get(from..end).unwrap_or_default();
            if matches!(text.first(), Some(b' ' | b'\t')) {
                let last = lines.last_mut().ok_or(ParseError::HeaderLine)?;
                let mut span = last.text.span();
                span.value_end = offset(end);
                span.end = offset(next);
                if span.end - span.start > offset(limits::LINE_OCTETS) {
                    return Err(ParseError::LineTooLong);
                }
                last.text = Text::Kept { span, raw: None, value: Box::default() };
            } else {
                if lines.len() == limits::HEADER_LINES {
                    return Err(ParseError::TooManyLines);
                }
                lines.push(header_line(text, from, next).ok_or(ParseError::HeaderLine)?);
            }
            from = next;
        }
    }
}

/// The place of the first carriage return or line feed. Eight octets are looked at in one go, because every octet of
/// every head passes here.
fn line_break(octets: &[u8]) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let holds = |word: u64, wanted: u8| {
        let zero_where_wanted = word ^ (ONES * u64::from(wanted));
        zero_where_wanted.wrapping_sub(ONES) & !zero_where_wanted & (ONES << 7) != 0
    };
    let (words, _) = octets.as_chunks::<8>();
    let clean = words
        .iter()
        .map(|word| u64::from_le_bytes(*word))
        .take_while(|word| !holds(*word, b'\r') && !holds(*word, b'\n'));
    let start = clean.count() * 8;
    let found = octets.get(start..)?.iter().position(|b| matches!(b, b'\r' | b'\n'))?;
    Some(start + found)
}

/// No message is longer than an offset can say.
fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// Cuts a line without its line end, `from` its place and `next` that of the following line.
fn header_line(text: &[u8], from: usize, next: usize) -> Option<Line> {
    let name_end = text.iter().position(|b| !TOKEN.has(*b))?;
    let name = std::str::from_utf8(text.get(..name_end)?).ok().filter(|name| !name.is_empty())?;
    let blank = |b: &u8| matches!(b, b' ' | b'\t');
    let after = text.get(name_end..)?;
    let colon = name_end + after.iter().position(|b| !blank(b)).filter(|at| after.get(*at) == Some(&b':'))?;
    let value = text.get(colon + 1..)?;
    let leading = value.iter().position(|b| !blank(b)).unwrap_or(value.len());
    let value_end = text.iter().rposition(|b| !blank(b)).map_or(text.len(), |at| at + 1);
    Some(Line {
        name: HeaderName::of(name),
        text: Text::Wire(Span {
            start: offset(from),
            name_end: offset(from + name_end),
            value_start: offset(from + colon + 1 + leading),
            value_end: offset(from + value_end.max(colon + 1 + leading)),
            end: offset(next),
        }),
    })
}

/// The head as text. Where it is no UTF-8, every octet that does not fit becomes a question mark, so that places
/// stay the same, and the octets themselves are given back too.
fn decode(head: Vec<u8>) -> (String, Option<Vec<u8>>) {
    match String::from_utf8(head) {
        Ok(text) => (text, None),
        Err(error) => {
            let head = error.into_bytes();
            let mut text = String::with_capacity(head.len());
            for chunk in head.utf8_chunks() {
                text.push_str(chunk.valid());
                text.extend(chunk.invalid().iter().map(|_| '?'));
            }
            (text, Some(head))
        }
    }
}

/// Gives folded lines, and lines that are no UTF-8, a value that can be read.
fn settle(headers: &mut Headers, original: Option<&[u8]>) {
    let Headers { wire, lines } = headers;
    for line in lines {
        let span = line.text.span();
        let place = |start: u32, end: u32| start as usize..end as usize;
        let raw = original
            .and_then(|octets| octets.get(place(span.start, span.end)))
            .filter(|octets| std::str::from_utf8(octets).is_err());
        if raw.is_none() && matches!(line.text, Text::Wire(_)) {
            continue;
        }
        let octets =
            original.unwrap_or(wire.as_bytes()).get(place(span.value_start, span.value_end)).unwrap_or_default();
        let value = unfold(&String::from_utf8_lossy(octets));
        line.text = Text::Kept { span, raw: raw.map(Box::from), value: value.into_boxed_str() };
    }
}

/// Every line end with the white space around it becomes one blank.
fn unfold(text: &str) -> String {
    let mut value = String::with_capacity(text.len());
    for part in text.split(['\r', '\n']) {
        let part = super::text::trim(part);
        if !part.is_empty() && !value.is_empty() {
            value.push(' ');
        }
        value.push_str(part);
    }
    value
}

fn cut_body(headers: &Headers, mut body: Vec<u8>) -> Result<Vec<u8>, ParseError> {
    let mut length = None;
    for value in headers.lines(HeaderName::ContentLength) {
        let value: u32 = number(value).map_err(|_| ParseError::ContentLength)?;
        if length.is_some_and(|other| other != value) {
            return Err(ParseError::ContentLength);
        }
        length = Some(value);
    }
    if let Some(length) = length {
        if length as usize > body.len() {
            return Err(ParseError::BodyTooShort);
        }
        body.truncate(length as usize);
    }
    Ok(body)
}

fn start_line(line: &str) -> Result<Message, ParseError> {
    let (first, after) = cut(line, blank(line));
    if let Some(sip_2) = version(first) {
        let (status, reason) = cut(rest(after), blank(rest(after)));
        let status: u16 = number(status).map_err(|_| ParseError::StartLine)?;
        if !matches!(status, 100..=699) || after.len() < 4 {
            return Err(ParseError::StartLine);
        }
        let mut response = Response::new(status, rest(reason));
        response.sip_2 = sip_2;
        return Ok(Message::Response(response));
    }
    let (uri, after) = cut(rest(after), blank(rest(after)));
    let sip_2 = version(rest(after)).ok_or(ParseError::StartLine)?;
    if !is_token(first) || uri.is_empty() || uri.bytes().any(|b| b <= b' ' || b == 0x7f) {
        return Err(ParseError::StartLine);
    }
    let mut request = Request::new(Method::from(first), uri);
    request.sip_2 = sip_2;
    Ok(Message::Request(request))
}

fn blank(text: &str) -> usize {
    text.bytes().position(|b| b == b' ').unwrap_or(text.len())
}

/// Whether `text` says SIP 2.0; `None` if it is no SIP version at all.
fn version(text: &str) -> Option<bool> {
    let (name, version) = cut(text, 4);
    let (major, minor) = cut(version, version.bytes().position(|b| b == b'.')?);
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    (name.eq_ignore_ascii_case("SIP/") && digits(major) && digits(rest(minor))).then_some(version == "2.0")
}

/// Whether the writer would write this start line as it came.
fn is_canonical(message: &Message, raw: &[u8]) -> bool {
    match message {
        Message::Request(request) => request.sip_2 && raw.ends_with(b" SIP/2.0\r\n"),
        Message::Response(response) => {
            let reason = response.reason.as_bytes();
            response.sip_2 && raw.starts_with(b"SIP/2.0 ") && raw.len() == 14 + reason.len() && !reason.contains(&0)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(text: &str) -> Request {
        match read(text.into()) {
            Ok(Message::Request(request)) => request,
            other => panic!("{other:?}"),
        }
    }

    fn response(text: &str) -> Response {
        match read(text.into()) {
            Ok(Message::Response(response)) => response,
            other => panic!("{other:?}"),
        }
    }

    fn error(octets: impl Into<Vec<u8>>) -> ParseError {
        read(octets.into()).map(|_| ()).unwrap_err().0
    }

    #[test]
    fn line_breaks_are_found_wherever_they_stand() {
        for length in 0..40 {
            assert_eq!(line_break(&vec![b'\x8d'; length]), None);
            for at in 0..length {
                for wanted in [b'\r', b'\n'] {
                    let mut octets = vec![b'\x0e'; length];
                    octets[at] = wanted;
                    octets[length - 1] = wanted;
                    assert_eq!(line_break(&octets), Some(at));
                }
            }
        }
    }

    /// RFC 3261 7.1, 7.2
    #[test]
    fn requests_and_responses_are_told_apart() {
        let request = request("INVITE sip:bob@example.com SIP/2.0\r\nCall-ID: 1\r\n\r\nbody");
        assert_eq!(
            (request.method(), request.uri(), request.body()),
            (&Method::Invite, "sip:bob@example.com", &b"body"[..])
        );
        let response = response("SIP/2.0 486 Busy Here\r\nCall-ID: 1\r\n\r\n");
        assert_eq!((response.status(), response.reason()), (486, "Busy Here"));
    }

    #[test]
    fn reason_phrases_may_be_missing_or_in_any_script() {
        assert_eq!(response("SIP/2.0 100 \r\n\r\n").reason(), "");
        assert_eq!(response("SIP/2.0 100\r\n\r\n").reason(), "");
        assert_eq!(response("SIP/2.0 200 = 2**3 * 5**2 но сто\r\n\r\n").reason(), "= 2**3 * 5**2 но сто");
    }

    /// RFC 3261 7.1
    #[test]
    fn other_versions_are_read_and_marked() {
        assert!(!request("OPTIONS sip:a@b SIP/7.0\r\n\r\n").is_sip_2());
        assert!(request("OPTIONS sip:a@b SIP/2.0\r\n\r\n").is_sip_2());
        assert!(!response("SIP/2.1 200 OK\r\n\r\n").is_sip_2());
    }

    #[test]
    fn broken_start_lines_are_refused() {
        for bad in [
            "hello",
            "hello\r\n\r\n",
            "INVITE sip:a@b\r\n\r\n",
            "INVITE  sip:a@b SIP/2.0\r\n\r\n",
            "INVITE sip:a@b  SIP/2.0\r\n\r\n",
            "INVITE sip:a@b SIP/2.0 \r\n\r\n",
            "INVITE sip:a@b; lr SIP/2.0\r\n\r\n",
            "INVITE sip:a@b HTTP/1.1\r\n\r\n",
            "INVITE sip:a@b SIP/2\r\n\r\n",
            "IN@VITE sip:a@b SIP/2.0\r\n\r\n",
            " INVITE sip:a@b SIP/2.0\r\n\r\n",
            "INVITE sip:a\0@b SIP/2.0\r\n\r\n",
            "SIP/2.0 4294967301 better not break the receiver\r\n\r\n",
            "SIP/2.0 099 x\r\n\r\n",
            "SIP/2.0 999 x\r\n\r\n",
            "SIP/2.0 20 x\r\n\r\n",
            "SIP/2.0  200 x\r\n\r\n",
            "SIP/2.0\r\n\r\n",
        ] {
            assert_eq!(error(bad), ParseError::StartLine, "{bad}");
        }
    }

    /// RFC 3261 7.5
    #[test]
    fn line_ends_before_the_message_do_not_count_and_are_kept() {
        let text = "\r\n\r\nOPTIONS sip:a@b SIP/2.0\r\nCall-ID: 1\r\n\r\n";
        let request = request(text);
        assert_eq!(request.headers.call_id(), Some("1"));
        assert_eq!(request.to_octets().unwrap(), text.as_bytes());
        assert_eq!(error("\r\n\r\n"), ParseError::Empty);
        assert_eq!(error(""), ParseError::Empty);
    }

    /// RFC 3261 18.3
    #[test]
    fn the_body_is_what_content_length_says() {
        assert_eq!(request("INFO sip:a@b SIP/2.0\r\nl: 2\r\n\r\nabc").body(), b"ab");
        assert_eq!(request("INFO sip:a@b SIP/2.0\r\nContent-Length: 0\r\n\r\nabc").body(), b"");
        assert_eq!(request("INFO sip:a@b SIP/2.0\r\n\r\nabc").body(), b"abc");
        assert_eq!(request("INFO sip:a@b SIP/2.0\r\nl: 3\r\nl: 3\r\n\r\nabc").body(), b"abc");
        assert_eq!(error("INFO sip:a@b SIP/2.0\r\nl: 4\r\n\r\nabc"), ParseError::BodyTooShort);
        for bad in ["-1", "x", "", "4294967296", "1, 1", "1\r\nl: 2"] {
            assert_eq!(
                error(format!("INFO sip:a@b SIP/2.0\r\nl: {bad}\r\n\r\nabc")),
                ParseError::ContentLength,
                "{bad}"
            );
        }
    }

    #[test]
    fn a_head_without_end_is_refused() {
        for bad in ["INFO sip:a@b SIP/2.0\r\n", "INFO sip:a@b SIP/2.0\r\nTo: a\r\n", "INFO sip:a@b SIP/2.0\r\nTo: a"] {
            assert_eq!(error(bad), ParseError::NoBlankLine, "{bad}");
        }
    }

    #[test]
    fn line_ends_must_not_be_mixed() {
        for bad in ["To: a\nX: b\r\n", "To: a\rX: b\r\n", "To: a\r\r\n", "To: a\n\r\n"] {
            assert_eq!(error(format!("INFO sip:a@b SIP/2.0\r\n{bad}\r\n")), ParseError::LineEnd, "{bad:?}");
        }
        assert_eq!(error("INFO sip:a@b SIP/2.0\nTo: a\r\n\r\n"), ParseError::LineEnd);
    }

    #[test]
    fn bare_line_feeds_throughout_are_read_and_kept() {
        let text = "INFO sip:a@b SIP/2.0\nTo: a\n b\nl: 1\n\nx";
        let mut request = request(text);
        assert_eq!((request.headers.get(HeaderName::To), request.body()), (Some("a b"), &b"x"[..]));
        assert_eq!(request.to_octets().unwrap(), text.as_bytes());
        request.set_uri("sip:c@d");
        assert_eq!(request.to_octets().unwrap(), text.replace("a@b", "c@d").as_bytes());
    }

    /// RFC 3261 7.3.1
    #[test]
    fn folded_lines_read_as_one_and_are_kept() {
        let text = "INFO sip:a@b SIP/2.0\r\nSubject : \r\n one\r\n\t two  \r\n \r\nTO:x\r\n\r\n";
        let request = request(text);
        assert_eq!(request.headers.get(HeaderName::Subject), Some("one two"));
        assert_eq!(request.headers.get(HeaderName::To), Some("x"));
        assert_eq!(request.to_octets().unwrap(), text.as_bytes());
        assert_eq!(error("INFO sip:a@b SIP/2.0\r\n To: x\r\n\r\n"), ParseError::HeaderLine);
    }

    #[test]
    fn lines_without_name_or_colon_are_refused() {
        for bad in ["To", ": x", "To x: y", "T(o: x", "Tö: x"] {
            assert_eq!(error(format!("INFO sip:a@b SIP/2.0\r\n{bad}\r\n\r\n")), ParseError::HeaderLine, "{bad}");
        }
    }

    #[test]
    fn empty_values_are_values() {
        let request = request("INFO sip:a@b SIP/2.0\r\nSubject:\r\ns :  \r\n\r\n");
        assert_eq!(request.headers.lines(HeaderName::Subject).collect::<Vec<_>>(), ["", ""]);
    }

    /// RFC 3261 7.4
    #[test]
    fn octets_that_are_no_utf8_are_kept() {
        let octets =
            b"INFO sip:a@b SIP/2.0\r\nSubject: \xe9t\xe9\r\nTo: <sip:a@b>\r\nX-Fold: a\r\n b\r\n\r\n\xff\xfe".to_vec();
        let Ok(Message::Request(request)) = read(octets.clone()) else { panic!() };
        assert_eq!(request.headers.get(HeaderName::Subject), Some("\u{fffd}t\u{fffd}"));
        assert_eq!(request.headers.get(HeaderName::To), Some("<sip:a@b>"));
        assert_eq!(request.headers.get_named("x-fold"), Some("a b"));
        assert_eq!(request.body(), b"\xff\xfe");
        assert_eq!(request.to_octets().unwrap(), octets);
    }

    #[test]
    fn start_lines_are_kept_as_they_came() {
        for text in [
            "SIP/2.0 200\r\n\r\n",
            "sip/2.0 200 OK\r\n\r\n",
            "SIP/2.0 200 O\0K\r\n\r\n",
            "OPTIONS sip:a@b sip/2.0\r\n\r\n",
            "OPTIONS sip:a@b SIP/2.00\r\n\r\n",
        ] {
            let message = read(text.into()).unwrap();
            assert_eq!(String::from_utf8(message.to_octets().unwrap()).unwrap(), text);
        }
    }

    #[test]
    fn limits_hold() {
        let head = "INFO sip:a@b SIP/2.0\r\n";
        let lines = |count| format!("{head}{}\r\n", "A: b\r\n".repeat(count));
        assert!(read(lines(limits::HEADER_LINES).into()).is_ok());
        assert_eq!(error(lines(limits::HEADER_LINES + 1)), ParseError::TooManyLines);
        let long = |count| format!("{head}A: {}\r\n\r\n", "b".repeat(count));
        assert!(read(long(limits::LINE_OCTETS - 3).into()).is_ok());
        assert_eq!(error(long(limits::LINE_OCTETS)), ParseError::LineTooLong);
        let folded = format!("{head}A: b{}\r\n\r\n", "\r\n b".repeat(limits::LINE_OCTETS / 4));
        assert_eq!(error(folded), ParseError::LineTooLong);
        assert_eq!(error(vec![b'x'; limits::MESSAGE_OCTETS + 1]), ParseError::TooLong);
    }
}
