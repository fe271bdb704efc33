//! A strict JSON reader (RFC 8259) that walks the text in place.
//!
//! No tree is built: a [`Json`] is a slice of the text that is known to be one value. Numbers are integers here;
//! a fraction is cut off, an exponent is refused.

use std::borrow::Cow;

pub use super::writer::{Writer, push_integer};
use crate::common::limits;

/// Why a text is not JSON that we take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonError {
    /// It breaks the grammar.
    Syntax,
    /// It nests deeper than [`limits::JSON_DEPTH`].
    TooDeep,
}

/// One JSON value inside a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Json<'a>(&'a str);

impl<'a> Json<'a> {
    /// Takes a text that is exactly one value, white space around it allowed.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn parse(text: &'a str) -> Result<Self, JsonError> {
        let mut scanner = Scanner { text, at: 0 };
        scanner.space();
        let value = scanner.value(limits::JSON_DEPTH)?;
        scanner.space();
        if scanner.at == text.len() { Ok(value) } else { Err(JsonError::Syntax) }
    }

    /// The value as it was written.
    #[must_use]
    pub const fn raw(self) -> &'a str {
        self.0
    }

    fn first(self) -> u8 {
        self.0.as_bytes().first().copied().unwrap_or(b'n')
    }

    /// Whether it is `null`.
    #[must_use]
    pub fn is_null(self) -> bool {
        self.first() == b'n'
    }

    /// Whether it is an object.
    #[must_use]
    pub fn is_object(self) -> bool {
        self.first() == b'{'
    }

    /// Whether it is an array.
    #[must_use]
    pub fn is_array(self) -> bool {
        self.first() == b'['
    }

    /// The truth value, if it is one.
    #[must_use]
    pub fn boolean(self) -> Option<bool> {
        match self.first() {
            b't' => Some(true),
            b'f' => Some(false),
            _ => None,
        }
    }

    /// The number, if it is one that is not negative, has no exponent and fits. A fraction is cut off.
    #[must_use]
    pub fn integer(self) -> Option<u64> {
        let mut value: u64 = 0;
        let mut digits = self.0.bytes();
        let first = digits.next()?;
        if !first.is_ascii_digit() {
            return None;
        }
        value = value.checked_add(u64::from(first - b'0'))?;
        let mut fraction = false;
        for byte in digits {
            match byte {
                b'0'..=b'9' if fraction => {}
                b'0'..=b'9' => value = value.checked_mul(10)?.checked_add(u64::from(byte - b'0'))?,
                b'.' => fraction = true,
                _ => return None,
            }
        }
        Some(value)
    }

    /// The text with its escapes resolved, if it is a string. A lone surrogate becomes U+FFFD.
    #[must_use]
    pub fn text(self) -> Option<Cow<'a, str>> {
        let inner = self.0.strip_prefix('"')?.strip_suffix('"')?;
        if inner.as_bytes().contains(&b'\\') { Some(Cow::Owned(unescape(inner))) } else { Some(Cow::Borrowed(inner)) }
    }

    /// Name and value of each member; nothing if it is not an object.
    #[must_use]
    pub fn members(self) -> Members<'a> {
        Members(Parts::new(self, b'{'))
    }

    /// Each item; nothing if it is not an array.
    #[must_use]
    pub fn items(self) -> Items<'a> {
        Items(Parts::new(self, b'['))
    }

    /// The member `name`; of several, the last.
    #[must_use]
    pub fn get(self, name: &str) -> Option<Json<'a>> {
        let mut found = None;
        for (key, value) in self.members() {
            if key == name {
                found = Some(value);
            }
        }
        found
    }
}

/// What an object or array is made of, walked once.
struct Parts<'a> {
    scanner: Scanner<'a>,
    live: bool,
}

impl<'a> Parts<'a> {
    fn new(value: Json<'a>, open: u8) -> Self {
        Self { scanner: Scanner { text: value.0, at: 1 }, live: value.first() == open }
    }

    /// Steps over white space and a comma; `false` at the end.
    fn step(&mut self) -> bool {
        self.scanner.space();
        if self.live && self.scanner.peek() == Some(b',') {
            self.scanner.at += 1;
            self.scanner.space();
        }
        self.live &= !matches!(self.scanner.peek(), None | Some(b'}' | b']'));
        self.live
    }

    fn value(&mut self) -> Option<Json<'a>> {
        self.scanner.value(limits::JSON_DEPTH).ok()
    }
}

/// The members of an object.
pub struct Members<'a>(Parts<'a>);

impl<'a> Iterator for Members<'a> {
    type Item = (Cow<'a, str>, Json<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        if !self.0.step() {
            return None;
        }
        let name = self.0.value()?.text()?;
        self.0.scanner.space();
        self.0.scanner.at += 1;
        self.0.scanner.space();
        Some((name, self.0.value()?))
    }
}

/// The items of an array.
pub struct Items<'a>(Parts<'a>);

impl<'a> Iterator for Items<'a> {
    type Item = Json<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.step() { self.0.value() } else { None }
    }
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.peek() == Some(byte) {
            self.at += 1;
            Ok(())
        } else {
            Err(JsonError::Syntax)
        }
    }

    /// Steps over one value, checking all of it.
    fn value(&mut self, depth: usize) -> Result<Json<'a>, JsonError> {
        let start = self.at;
        match self.peek().ok_or(JsonError::Syntax)? {
            b'"' => self.string()?,
            b'{' => self.nested(depth, b'}')?,
            b'[' => self.nested(depth, b']')?,
            b't' => self.word("true")?,
            b'f' => self.word("false")?,
            b'n' => self.word("null")?,
            _ => self.number()?,
        }
        self.text.get(start..self.at).map(Json).ok_or(JsonError::Syntax)
    }

    fn nested(&mut self, depth: usize, close: u8) -> Result<(), JsonError> {
        let depth = depth.checked_sub(1).ok_or(JsonError::TooDeep)?;
        self.at += 1;
        self.space();
        if self.peek() == Some(close) {
            self.at += 1;
            return Ok(());
        }
        loop {
            if close == b'}' {
                if self.peek() != Some(b'"') {
                    return Err(JsonError::Syntax);
                }
                self.string()?;
                self.space();
                self.expect(b':')?;
                self.space();
            }
            self.value(depth)?;
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(byte) if byte == close => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(JsonError::Syntax),
            }
            self.space();
        }
    }

    fn word(&mut self, word: &str) -> Result<(), JsonError> {
        if self.text.get(self.at..).is_some_and(|rest| rest.as_bytes().starts_with(word.as_bytes())) {
            self.at += word.len();
            Ok(())
        } else {
            Err(JsonError::Syntax)
        }
    }

    fn string(&mut self) -> Result<(), JsonError> {
        self.at += 1;
        loop {
            let byte = self.peek().ok_or(JsonError::Syntax)?;
            self.at += 1;
            match byte {
                b'"' => return Ok(()),
                b'\\' => {
                    let escape = self.peek().ok_or(JsonError::Syntax)?;
                    self.at += 1;
                    match escape {
                        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                        b'u' => {
                            for _ in 0..4 {
                                if !self.peek().is_some_and(|b| b.is_ascii_hexdigit()) {
                                    return Err(JsonError::Syntax);
                                }
                                self.at += 1;
                            }
                        }
                        _ => return Err(JsonError::Syntax),
                    }
                }
                0..=0x1f => return Err(JsonError::Syntax),
                _ => {}
            }
        }
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start { Err(JsonError::Syntax) } else { Ok(()) }
    }

    fn number(&mut self) -> Result<(), JsonError> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }
}

/// Resolves the escapes of a string that the scanner has passed.
fn unescape(inner: &str) -> String {
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    let mut high: Option<u32> = None;
    while let Some(c) = chars.next() {
        if c != '\\' {
            if high.take().is_some() {
                out.push(char::REPLACEMENT_CHARACTER);
            }
            out.push(c);
            continue;
        }
        let escape = chars.next().unwrap_or('\\');
        if escape == 'u' {
            let mut unit = 0;
            for _ in 0..4 {
                unit = unit * 16 + chars.next().and_then(|c| c.to_digit(16)).unwrap_or(0);
            }
            if let Some(first) = high.take() {
                if (0xdc00..0xe000).contains(&unit) {
                    let point = 0x1_0000 + ((first - 0xd800) << 10) + (unit - 0xdc00);
                    out.push(char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER));
                    continue;
                }
                out.push(char::REPLACEMENT_CHARACTER);
            }
            if (0xd800..0xdc00).contains(&unit) {
                high = Some(unit);
            } else {
                out.push(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            continue;
        }
        if high.take().is_some() {
            out.push(char::REPLACEMENT_CHARACTER);
        }
        out.push(match escape {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            other => other,
        });
    }
    if high.is_some() {
        out.push(char::REPLACEMENT_CHARACTER);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_grammar_allows_is_read() {
        for text in
            ["null", " true ", "-0.5e+3", "\"\\u00e9\\n\"", "[]", "{}", "[1,[2,{\"a\":null}]]", "{ \"a\" : [ ] }"]
        {
            assert!(Json::parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_the_grammar_forbids_is_refused() {
        for text in [
            "",
            " ",
            "nul",
            "tru",
            "01",
            "1.",
            "-",
            "+1",
            ".5",
            "1e",
            "[1,]",
            "[,1]",
            "{\"a\":1,}",
            "{a:1}",
            "{\"a\" 1}",
            "{\"a\":}",
            "\"",
            "\"\\x\"",
            "\"\\u12g4\"",
            "\"a\nb\"",
            "[1}",
            "1 2",
            "{}{}",
            "'a'",
            "NaN",
            "\u{feff}1",
            "[",
            "{\"a\":1",
        ] {
            assert_eq!(Json::parse(text), Err(JsonError::Syntax), "{text}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let deep = |n: usize| "[".repeat(n) + &"]".repeat(n);
        assert!(Json::parse(&deep(limits::JSON_DEPTH)).is_ok());
        assert_eq!(Json::parse(&deep(limits::JSON_DEPTH + 1)), Err(JsonError::TooDeep));
        assert_eq!(Json::parse(&"[".repeat(1_000_000)), Err(JsonError::TooDeep));
    }

    #[test]
    fn integers_lose_their_fraction_and_refuse_what_does_not_fit() {
        let integer = |text| Json::parse(text).unwrap().integer();
        assert_eq!(integer("0"), Some(0));
        assert_eq!(integer("1764000000000"), Some(1_764_000_000_000));
        assert_eq!(integer("18446744073709551615"), Some(u64::MAX));
        assert_eq!(integer("18446744073709551616"), None);
        assert_eq!(integer("12.9"), Some(12));
        assert_eq!(integer("1e3"), None);
        assert_eq!(integer("-1"), None);
        assert_eq!(integer("\"1\""), None);
    }

    #[test]
    fn escapes_and_surrogates_are_resolved() {
        let text = |text| Json::parse(text).unwrap().text().unwrap().into_owned();
        assert_eq!(text(r#""a\"\\\/\b\f\n\r\t\u0041\u00e9""#), "a\"\\/\u{8}\u{c}\n\r\tAé");
        assert_eq!(text(r#""\ud83d\ude00""#), "😀");
        assert_eq!(text(r#""\ud83dx""#), "\u{fffd}x");
        assert_eq!(text(r#""\ude00""#), "\u{fffd}");
        assert_eq!(text(r#""\ud83d\ud83d\ude00\n""#), "\u{fffd}😀\n");
        assert_eq!(text(r#""x\ud83d""#), "x\u{fffd}");
    }

    #[test]
    fn members_and_items_come_in_order() {
        let json = Json::parse(r#" { "a" : 1 , "b":[true, "x" ,{}], "\u0063":null } "#).unwrap();
        let names: Vec<_> = json.members().map(|(name, value)| (name.into_owned(), value.raw())).collect();
        assert_eq!(names, [("a".to_owned(), "1"), ("b".to_owned(), r#"[true, "x" ,{}]"#), ("c".to_owned(), "null")]);
        let items: Vec<_> = json.get("b").unwrap().items().map(Json::raw).collect();
        assert_eq!(items, ["true", "\"x\"", "{}"]);
        assert!(json.get("c").unwrap().is_null());
        assert_eq!(json.get("d"), None);
        assert_eq!(json.items().count(), 0);
        assert_eq!(Json::parse("{}").unwrap().members().count(), 0);
    }

    #[test]
    fn of_a_member_given_twice_the_last_counts() {
        assert_eq!(Json::parse(r#"{"a":1,"a":2}"#).unwrap().get("a").unwrap().integer(), Some(2));
    }
}
