//! The lexical rules that all headers share: tokens, quoted strings, escapes, comma lists.

use std::borrow::Cow;

use super::HeaderError;

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// A set of octets, one bit each: asked for every octet of a header, so it has to be quick.
#[derive(Clone, Copy)]
pub(crate) struct Set([u32; 8]);

impl Set {
    /// The letters and digits, and `others`.
    pub(crate) const fn alphanumeric_and(others: &str) -> Self {
        let digits = Self::new("0123456789").and("ABCDEFGHIJKLMNOPQRSTUVWXYZ").and("abcdefghijklmnopqrstuvwxyz");
        digits.and(others)
    }

    /// These octets and no others.
    pub(crate) const fn new(octets: &str) -> Self {
        Self([0; 8]).and(octets)
    }

    /// All octets that are not here.
    pub(crate) const fn not(self) -> Self {
        let Self([a, b, c, d, e, f, g, h]) = self;
        Self([!a, !b, !c, !d, !e, !f, !g, !h])
    }

    /// These ASCII octets too.
    pub(crate) const fn and(self, octets: &str) -> Self {
        let Self([mut a, mut b, mut c, mut d, e, f, g, h]) = self;
        let mut left = octets.as_bytes();
        while let [octet, after @ ..] = left {
            let bit = 1 << (*octet & 31);
            match *octet >> 5 {
                0 => a |= bit,
                1 => b |= bit,
                2 => c |= bit,
                _ => d |= bit,
            }
            left = after;
        }
        Self([a, b, c, d, e, f, g, h])
    }

    /// The control characters and blanks too.
    pub(crate) const fn and_controls(self) -> Self {
        let Self([_, b, c, d, e, f, g, h]) = self;
        Self([u32::MAX, b | 1, c, d | 1 << 31, e, f, g, h])
    }

    /// Whether `b` is in it.
    #[inline]
    pub(crate) fn has(&self, b: u8) -> bool {
        self.0.get(usize::from(b >> 5)).is_some_and(|word| word >> (b & 31) & 1 == 1)
    }

    /// Whether every octet of `text` is in it.
    #[inline]
    pub(crate) fn has_all(&self, text: &str) -> bool {
        text.bytes().all(|b| self.has(b))
    }

    /// The place of the first octet of `text` that is in it; the length of `text` if none is.
    #[inline]
    pub(crate) fn find(&self, text: &str) -> usize {
        text.bytes().position(|b| self.has(b)).unwrap_or(text.len())
    }
}

/// What may stand in a token (RFC 3261 section 25.1).
pub(crate) const TOKEN: Set = Set::alphanumeric_and("-.!%*_+`'~");
/// What may not.
pub(crate) const NOT_TOKEN: Set = TOKEN.not();

/// Whether `text` is a token: not empty, and nothing in it that separates.
#[must_use]
pub fn is_token(text: &str) -> bool {
    !text.is_empty() && TOKEN.has_all(text)
}

/// Without white space at both ends. Values are unfolded already, so blanks and tabs are all there is.
#[inline]
pub(crate) fn trim(text: &str) -> &str {
    let text = trim_start(text);
    let end = text.bytes().rposition(|b| !matches!(b, b' ' | b'\t')).map_or(0, |at| at + 1);
    cut(text, end).0
}

/// `text` cut before octet `at`; `at` is always the place of an ASCII octet or the end.
#[inline]
pub(crate) fn cut(text: &str, at: usize) -> (&str, &str) {
    text.split_at_checked(at).unwrap_or((text, ""))
}

/// `text` without the blanks and tabs that it begins with.
#[inline]
pub(crate) fn trim_start(text: &str) -> &str {
    let blanks = text.bytes().position(|b| !matches!(b, b' ' | b'\t')).unwrap_or(text.len());
    cut(text, blanks).1
}

/// The place of an octet in `text`; the length of `text` if it is not there.
#[inline]
pub(crate) fn find(text: &str, wanted: u8) -> usize {
    text.bytes().position(|b| b == wanted).unwrap_or(text.len())
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

/// The place of the first octet of `wanted` outside quoted strings and angle brackets; an opening angle bracket
/// itself counts as outside.
pub(crate) fn find_outside(text: &str, wanted: u8) -> Option<usize> {
    if !text.as_bytes().contains(&wanted) {
        return None;
    }
    let mut octets = text.bytes().enumerate();
    loop {
        let (at, b) = octets.find(|(_, b)| *b == wanted || matches!(b, b'"' | b'<'))?;
        if b == wanted {
            return Some(at);
        }
        if b == b'<' {
            octets.find(|(_, b)| *b == b'>')?;
            continue;
        }
        while octets.find(|(_, b)| matches!(b, b'"' | b'\\'))?.1 == b'\\' {
            octets.next();
        }
    }
}

/// The elements of a comma list, trimmed; commas in quoted strings and angle brackets do not count, and
/// empty elements are left out.
#[must_use]
pub const fn split_list(text: &str) -> Elements<'_> {
    Elements(text)
}

/// What is left of a comma list: see [`split_list`].
#[derive(Debug)]
pub struct Elements<'a>(&'a str);

impl<'a> Iterator for Elements<'a> {
    type Item = &'a str;

    #[inline(never)]
    fn next(&mut self) -> Option<Self::Item> {
        while !self.0.is_empty() {
            let at = find_outside(self.0, b',').unwrap_or(self.0.len());
            let (element, after) = cut(self.0, at);
            self.0 = rest(after);
            let element = trim(element);
            if !element.is_empty() {
                return Some(element);
            }
        }
        None
    }
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

    /// RFC 3261 19.1.2
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

    /// RFC 3261 25.1
    #[test]
    fn tokens_hold_nothing_that_separates() {
        assert!(is_token("!interesting-Method0123456789_*+`.%indeed'~"));
        for bad in ["", "a b", "a:b", "a/b", "é", "a\"", "a\n"] {
            assert!(!is_token(bad), "{bad}");
        }
    }
}
