//! The lexical rules that all headers share: tokens, quoted strings, escapes, comma lists.

use std::borrow::Cow;

use super::HeaderError;

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Whether `b` may stand in a token (RFC 3261 section 25.1).
pub(crate) const fn is_token_octet(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~')
}

/// Whether `text` is a token: not empty, and nothing in it that separates.
#[must_use]
pub fn is_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_token_octet)
}

/// Without white space at both ends. Values are unfolded already, so blanks and tabs are all there is.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// `text` cut before octet `at`; `at` is always the place of an ASCII octet or the end.
pub(crate) fn cut(text: &str, at: usize) -> (&str, &str) {
    text.split_at_checked(at).unwrap_or((text, ""))
}

/// `text` without its first octet, which is ASCII.
pub(crate) fn rest(text: &str) -> &str {
    text.get(1..).unwrap_or("")
}

/// Where in `text`, which begins with a quotation mark, the closing one stands.
pub(crate) fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, b) in text.bytes().enumerate().skip(1) {
        match b {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some(at),
            _ => {}
        }
    }
    None
}

/// The place of the first octet outside quoted strings and angle brackets for which `wanted` holds;
/// an angle bracket itself counts as outside.
pub(crate) fn find_outside(text: &str, wanted: impl Fn(u8) -> bool) -> Option<usize> {
    let (mut quoted, mut escaped, mut angle) = (false, false, false);
    for (at, b) in text.bytes().enumerate() {
        if quoted {
            match b {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => quoted = false,
                _ => {}
            }
        } else if angle {
            angle = b != b'>';
        } else if wanted(b) {
            return Some(at);
        } else {
            quoted = b == b'"';
            angle = b == b'<';
        }
    }
    None
}

/// The elements of a comma list, trimmed; commas in quoted strings and angle brackets do not count, and
/// empty elements are left out.
pub fn split_list(text: &str) -> impl Iterator<Item = &str> {
    let mut left = text;
    std::iter::from_fn(move || {
        while !left.is_empty() {
            let at = find_outside(left, |b| b == b',').unwrap_or(left.len());
            let (element, after) = cut(left, at);
            left = rest(after);
            let element = trim(element);
            if !element.is_empty() {
                return Some(element);
            }
        }
        None
    })
}

/// A quoted string that says `text`: quotation marks around it, and a backslash before each `"` and `\`.
/// Line ends and NUL cannot be said in a SIP header; they become blanks.
#[must_use]
pub fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(c);
            }
            '\r' | '\n' | '\0' => quoted.push(' '),
            _ => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// What a quoted string says; a text without quotation marks says itself.
#[must_use]
pub fn unquote(text: &str) -> Cow<'_, str> {
    let Some(inner) = text.strip_prefix('"').and_then(|t| t.strip_suffix('"')) else {
        return Cow::Borrowed(text);
    };
    if !inner.bytes().any(|b| b == b'\\') {
        return Cow::Borrowed(inner);
    }
    let mut said = String::with_capacity(inner.len());
    let mut escaped = false;
    for c in inner.chars() {
        if c == '\\' && !escaped {
            escaped = true;
        } else {
            said.push(c);
            escaped = false;
        }
    }
    Cow::Owned(said)
}

fn escape(text: &str, allowed: impl Fn(u8) -> bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for b in text.bytes() {
        if b.is_ascii_alphanumeric()
            || matches!(b, b'-' | b'_' | b'.' | b'!' | b'~' | b'*' | b'\'' | b'(' | b')')
            || allowed(b)
        {
            escaped.push(char::from(b));
        } else {
            escaped.push('%');
            for nibble in [b >> 4, b & 15] {
                escaped.push(char::from(HEX.get(usize::from(nibble)).copied().unwrap_or(b'0')));
            }
        }
    }
    escaped
}

/// `text` as the user part of a SIP URI: every octet that may not stand there is percent-escaped.
#[must_use]
pub fn escape_user(text: &str) -> String {
    escape(text, |b| matches!(b, b'&' | b'=' | b'+' | b'$' | b',' | b';' | b'?' | b'/'))
}

/// `text` as the value of a URI parameter: every octet that may not stand there is percent-escaped.
#[must_use]
pub fn escape_pvalue(text: &str) -> String {
    escape(text, |b| matches!(b, b'[' | b']' | b'/' | b':' | b'&' | b'+' | b'$'))
}

/// `text` as the name or the value of a URI header (`?name=value`): every octet that may not stand there is
/// percent-escaped.
#[must_use]
pub fn escape_uri_header(text: &str) -> String {
    escape(text, |b| matches!(b, b'[' | b']' | b'/' | b'?' | b':' | b'+' | b'$'))
}

fn hex(b: Option<u8>) -> Option<u8> {
    let digit = char::from(b?).to_digit(16)?;
    u8::try_from(digit).ok()
}

/// The octets that `text` says, percent escapes undone. A `%` without two hexadecimal digits says itself.
pub(crate) fn unescaped(text: &str) -> impl Iterator<Item = u8> {
    let mut octets = text.bytes();
    std::iter::from_fn(move || {
        let b = octets.next()?;
        if b == b'%' {
            let mut ahead = octets.clone();
            if let (Some(high), Some(low)) = (hex(ahead.next()), hex(ahead.next())) {
                octets = ahead;
                return Some(high << 4 | low);
            }
        }
        Some(b)
    })
}

/// `text` with its percent escapes undone; octets that are no UTF-8 become U+FFFD.
#[must_use]
pub fn unescape(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|b| b == b'%') {
        return Cow::Borrowed(text);
    }
    match String::from_utf8(unescaped(text).collect()) {
        Ok(said) => Cow::Owned(said),
        Err(error) => Cow::Owned(String::from_utf8_lossy(error.as_bytes()).into_owned()),
    }
}

/// A number of decimal digits and nothing else.
pub(crate) fn number<T: std::str::FromStr>(text: &str) -> Result<T, HeaderError> {
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(HeaderError::Number);
    }
    text.parse().map_err(|_| HeaderError::Number)
}

/// Appends a number in decimal digits, without the formatting machinery.
pub(crate) fn push_number(text: &mut String, number: u64) {
    if number > 9 {
        push_number(text, number / 10);
    }
    text.push(char::from(b'0'.wrapping_add(u8::try_from(number % 10).unwrap_or(0))));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_in_quotes_and_angle_brackets_do_not_split() {
        let list = r#" "a,\",b" <sip:c,d@e> ;x="1,2" , <sip:f;g,h>,, i "#;
        let elements: Vec<_> = split_list(list).collect();
        assert_eq!(elements, [r#""a,\",b" <sip:c,d@e> ;x="1,2""#, "<sip:f;g,h>", "i"]);
    }

    #[test]
    fn an_unclosed_quote_swallows_the_rest_of_a_list() {
        assert_eq!(split_list("a, \"b, c").collect::<Vec<_>>(), ["a", "\"b, c"]);
    }

    #[test]
    fn what_is_quoted_can_be_unquoted() {
        for text in ["", "plain", "a \"b\" \\ c", "\\", "\"", "Jürgen 😀"] {
            assert_eq!(unquote(&quote(text)), text);
        }
    }

    #[test]
    fn quoting_keeps_line_ends_out() {
        assert_eq!(quote("a\r\nb\0c"), "\"a  b c\"");
    }

    #[test]
    fn what_is_escaped_can_be_unescaped() {
        for text in ["", "alice", "a b@c:d%e", "ü;=?&/", "\r\n"] {
            assert_eq!(unescape(&escape_user(text)), text);
            assert_eq!(unescape(&escape_pvalue(text)), text);
            assert_eq!(unescape(&escape_uri_header(text)), text);
        }
        assert_eq!(escape_user("a@b c"), "a%40b%20c");
        assert_eq!(escape_pvalue("a;b=c"), "a%3Bb%3Dc");
    }

    #[test]
    fn a_lone_percent_sign_says_itself() {
        assert_eq!(unescape("100%"), "100%");
        assert_eq!(unescape("%4"), "%4");
        assert_eq!(unescape("%+1%41"), "%+1A");
        assert_eq!(unescape("%ff"), "\u{fffd}");
    }

    #[test]
    fn numbers_are_digits_within_range() {
        assert_eq!(number::<u32>("0068"), Ok(68));
        for bad in ["", "-1", "+1", "1 ", "4294967296", "1.0"] {
            assert_eq!(number::<u32>(bad), Err(HeaderError::Number));
        }
        let mut text = String::new();
        push_number(&mut text, 0);
        push_number(&mut text, 18_446_744_073_709_551_615);
        assert_eq!(text, "018446744073709551615");
    }

    #[test]
    fn tokens_hold_nothing_that_separates() {
        assert!(is_token("!interesting-Method0123456789_*+`.%indeed'~"));
        for bad in ["", "a b", "a:b", "a/b", "é", "a\"", "a\n"] {
            assert!(!is_token(bad), "{bad}");
        }
    }
}
