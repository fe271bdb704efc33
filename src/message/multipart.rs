//! Bodies of several parts (RFC 2046 section 5.1, RFC 5621), and the session description among them.

use crate::common::limits;

use super::headers::Headers;
use super::{HeaderName, ParseError, reader};

/// One part of a body: header lines of its own, and its octets.
#[derive(Debug, Clone)]
pub struct Part<'a> {
    /// Its header lines: Content-Type, Content-Disposition, Content-ID and their like.
    pub headers: Headers,
    /// Its body.
    pub body: &'a [u8],
}

/// Takes a body apart at its boundary. What stands before the first and behind the last delimiter is for readers that
/// know nothing of parts, and left out; a last delimiter that is missing is forgiven.
///
/// # Errors
/// No delimiter at all, a part whose header lines cannot be read, more parts than
/// [`BODY_PARTS`](crate::common::limits::BODY_PARTS).
pub fn parts<'a>(body: &'a [u8], boundary: &str) -> Result<Vec<Part<'a>>, ParseError> {
    let mut all = Vec::new();
    let mut begin = None;
    let mut at = 0;
    let mut closed = false;
    while at < body.len() && !closed {
        let line = body.get(at..).unwrap_or_default();
        let length = line.iter().position(|b| *b == b'\n').map_or(line.len(), |end| end + 1);
        let line = line.get(..length).unwrap_or_default();
        if let Some(last) = delimiter(line, boundary) {
            if let Some(begin) = begin {
                all.push(part(body.get(begin..without_line_end(body, at).max(begin)).unwrap_or_default())?);
            }
            if all.len() > limits::BODY_PARTS {
                return Err(ParseError::Multipart);
            }
            begin = Some(at + length);
            closed = last;
        }
        at += length;
    }
    match begin {
        None => Err(ParseError::Multipart),
        Some(begin) if !closed => {
            all.push(part(body.get(begin..).unwrap_or_default())?);
            Ok(all)
        }
        Some(_) => Ok(all),
    }
}

/// Whether the line is a delimiter, and then whether it is the last.
fn delimiter(line: &[u8], boundary: &str) -> Option<bool> {
    let after = line.strip_prefix(b"--")?.strip_prefix(boundary.as_bytes())?;
    let (last, padding) = after.strip_prefix(b"--").map_or((false, after), |padding| (true, padding));
    padding.iter().all(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n')).then_some(last)
}

/// The line end before a delimiter belongs to the delimiter.
fn without_line_end(body: &[u8], at: usize) -> usize {
    let before = body.get(..at).unwrap_or_default();
    let before = before.strip_suffix(b"\n").unwrap_or(before);
    before.strip_suffix(b"\r").unwrap_or(before).len()
}

fn part(octets: &[u8]) -> Result<Part<'_>, ParseError> {
    let (headers, begin) = reader::part(octets)?;
    Ok(Part { headers, body: octets.get(begin..).unwrap_or_default() })
}

/// What a body brings for a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionBody<'a> {
    /// Nothing, or what may be left alone.
    Nothing,
    /// A session description.
    Description(&'a str),
    /// Something that whoever sent it wants understood, and that is no session description: 415.
    NotUnderstood,
}

/// Looks for the session description of a message: the body itself, or one of its parts (RFC 5621 section 3). A body
/// that may be left alone (`handling=optional`) is. Of several alternatives the last counts, because it is the
/// one that its sender likes best.
#[must_use]
pub fn session_body<'a>(headers: &Headers, body: &'a [u8]) -> SessionBody<'a> {
    look_into(headers, body, 0)
}

fn look_into<'a>(headers: &Headers, body: &'a [u8], depth: usize) -> SessionBody<'a> {
    if body.is_empty() {
        return SessionBody::Nothing;
    }
    let disposition = headers.content_disposition().and_then(Result::ok);
    let otherwise = match disposition {
        Some(disposition) if disposition.is_optional() => SessionBody::Nothing,
        _ => SessionBody::NotUnderstood,
    };
    let encoded = headers.values(HeaderName::ContentEncoding).any(|coding| !coding.eq_ignore_ascii_case("identity"));
    let Some(Ok(kind)) = headers.content_type() else { return otherwise };
    if encoded {
        return otherwise;
    }
    if kind.is_sdp() {
        let session = disposition.is_none_or(|disposition| disposition.is("session"));
        return match std::str::from_utf8(body) {
            Ok(text) if session => SessionBody::Description(text),
            _ => otherwise,
        };
    }
    let boundary = kind.param("boundary").flatten();
    let (Some(boundary), true) = (boundary, kind.is_multipart()) else { return otherwise };
    if depth == limits::BODY_DEPTH {
        return otherwise;
    }
    let Ok(parts) = parts(body, &boundary) else { return otherwise };
    let mut found = SessionBody::Nothing;
    let alternative = kind.is("multipart", "alternative");
    for part in &parts {
        match (look_into(&part.headers, part.body, depth + 1), found) {
            (SessionBody::Description(_), SessionBody::Description(_)) if !alternative => {}
            (description @ SessionBody::Description(_), _) => found = description,
            (SessionBody::NotUnderstood, SessionBody::Nothing) => found = otherwise,
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&str, &str)]) -> Headers {
        let mut headers = Headers::default();
        for (name, value) in lines {
            headers.push_named(name, *value);
        }
        headers
    }

    fn mixed() -> Headers {
        headers(&[("Content-Type", "multipart/mixed;boundary=\"b 1\"")])
    }

    /// RFC 2046 5.1.1: parts have their own header lines and octets; preamble and epilogue are left out
    #[test]
    fn parts_have_their_own_headers_and_octets() {
        let body = b"preamble\r\n--b\r\nContent-Type: text/plain\r\nContent-ID:\r\n <1>\r\n\r\nline\r\n\r\n--b \r\n\r\n\xff--b\r\n--b--\r\nepilogue\r\n--b\r\n";
        let parts = parts(body, "b").unwrap();
        assert_eq!(parts.len(), 2);
        assert_eq!(parts[0].headers.get_named("content-id"), Some("<1>"));
        assert_eq!((parts[0].body, parts[1].body), (&b"line\r\n"[..], &b"\xff--b"[..]));
        assert!(parts[1].headers.is_empty());
    }

    /// RFC 2046 5.1.1: a body without a delimiter, or of too many parts, is refused
    #[test]
    fn what_has_no_parts_is_refused() {
        for bad in ["", "--c\r\n\r\n", "x--b\r\n", "--b\r\nno colon\r\n\r\nx\r\n--b--", "--b\r\nA: b"] {
            assert!(parts(bad.as_bytes(), "b").is_err(), "{bad}");
        }
        assert!(parts(b"--b--", "b").unwrap().is_empty());
        let many = "--b\r\n\r\nx\r\n".repeat(limits::BODY_PARTS + 2);
        assert_eq!(parts(many.as_bytes(), "b").unwrap_err(), ParseError::Multipart);
        let all = "--b\r\n\r\nx\r\n".repeat(limits::BODY_PARTS);
        assert_eq!(parts(all.as_bytes(), "b").unwrap().len(), limits::BODY_PARTS);
    }

    #[test]
    fn a_last_delimiter_that_is_missing_is_forgiven() {
        let parts = parts(b"--b\n\none\n--b\n\ntwo", "b").unwrap();
        assert_eq!(parts.iter().map(|part| part.body).collect::<Vec<_>>(), [b"one", b"two"]);
    }

    /// RFC 5621 3.1: the session description is found among other parts
    /// RFC 3261 7.4.1: a body of several parts is understood
    #[test]
    fn the_session_description_is_found_among_parts() {
        let body = b"--b 1\r\nContent-Type: application/isup\r\n\r\n\x01\r\n--b 1\r\nc: application/sdp\r\n\r\nv=0\r\n\r\n--b 1--\r\n";
        assert_eq!(session_body(&mixed(), body), SessionBody::Description("v=0\r\n"));
        let sdp = headers(&[("c", "application/sdp"), ("Content-Disposition", "session")]);
        assert_eq!(session_body(&sdp, b"v=0"), SessionBody::Description("v=0"));
        assert_eq!(session_body(&sdp, b""), SessionBody::Nothing);
    }

    /// RFC 2046 5.1.4: of alternatives the last one that is understood counts
    #[test]
    fn of_alternatives_the_last_counts_and_of_others_the_first() {
        let body = b"--b\r\nc: application/sdp\r\n\r\nv=1\r\n--b\r\nc: application/sdp\r\n\r\nv=2\r\n--b--";
        let alternative = headers(&[("c", "multipart/alternative;boundary=b")]);
        assert_eq!(session_body(&alternative, body), SessionBody::Description("v=2"));
        let mixed = headers(&[("c", "multipart/mixed;boundary=b")]);
        assert_eq!(session_body(&mixed, body), SessionBody::Description("v=1"));
    }

    /// RFC 5621 4: handling=optional lets a body be left alone
    /// RFC 3261 20.11: what is not understood is refused unless its handling is optional
    #[test]
    fn what_is_not_understood_may_be_left_alone_only_where_it_says_so() {
        for (lines, expected) in [
            (&[("c", "application/x")][..], SessionBody::NotUnderstood),
            (&[], SessionBody::NotUnderstood),
            (&[("c", "application/x"), ("Content-Disposition", "render;handling=optional")], SessionBody::Nothing),
            (&[("c", "application/sdp"), ("Content-Disposition", "early-session")], SessionBody::NotUnderstood),
            (&[("c", "application/sdp"), ("e", "gzip")], SessionBody::NotUnderstood),
            (&[("c", "application/sdp"), ("e", "Identity")], SessionBody::Description("x")),
            (&[("c", "multipart/mixed")], SessionBody::NotUnderstood),
            (&[("c", "multipart/mixed;boundary=b")], SessionBody::NotUnderstood),
        ] {
            assert_eq!(session_body(&headers(lines), b"x"), expected, "{lines:?}");
        }
        assert_eq!(session_body(&headers(&[("c", "application/sdp")]), b"\xff"), SessionBody::NotUnderstood);
    }

    /// RFC 5621 3.4: parts nest, to a depth
    #[test]
    fn parts_within_parts_have_a_bottom() {
        let nested = |depth: usize| {
            let mut body = String::from("v=0");
            let mut kind = String::from("application/sdp");
            for level in 0..depth {
                body = format!("--b{level}\r\nContent-Type: {kind}\r\n\r\n{body}\r\n--b{level}--\r\n");
                kind = format!("multipart/mixed;boundary=b{level}");
            }
            session_body(&headers(&[("Content-Type", &kind)]), body.as_bytes()) == SessionBody::Description("v=0")
        };
        assert!(nested(limits::BODY_DEPTH) && !nested(limits::BODY_DEPTH + 1) && !nested(300));
    }
}
