//! `name-addr` and `addr-spec` with header parameters: From, To, Contact, Route and their like.

use std::borrow::Cow;

use super::params::{Param, Params};
use super::text::{Set, closing_quote, cut, find, find_outside, rest, trim, unquote};
use super::uri::NOT_URI;
use super::{HeaderError, Uri};

/// A URI with an optional display name before it and parameters behind it, borrowed from its header line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameAddr<'a> {
    display: &'a str,
    uri: &'a str,
    params: Params<'a>,
}

impl<'a> NameAddr<'a> {
    /// Reads one value.
    ///
    /// # Errors
    /// What breaks the grammar. The URI itself is read by [`uri`](Self::uri).
    pub fn parse(text: &'a str) -> Result<Self, HeaderError> {
        let text = trim(text);
        let (display, uri, params) = match find_outside(text, b'<') {
            Some(open) => {
                let (display, after) = cut(text, open);
                let after = rest(after);
                let (uri, params) = cut(after, NOT_URI.find(after));
                let error = if find(params, b'>') < params.len() { HeaderError::Uri } else { HeaderError::Unclosed };
                (trim(display), uri, params.strip_prefix('>').ok_or(error)?)
            }
            None => {
                if text.starts_with('"') {
                    return Err(HeaderError::Unclosed);
                }
                // Without angle brackets all parameters are the header's, and neither comma nor question mark
                // may stand in the URI (RFC 3261 section 20).
                let (uri, params) = cut(text, find(text, b';'));
                let uri = trim(uri);
                if uri.bytes().any(|b| matches!(b, b',' | b'?')) {
                    return Err(HeaderError::Syntax);
                }
                if NOT_URI.find(uri) < uri.len() {
                    return Err(HeaderError::Uri);
                }
                ("", uri, params)
            }
        };
        check_display(display)?;
        if uri.is_empty() {
            return Err(HeaderError::Uri);
        }
        Ok(Self { display, uri, params: Params::parse(params)? })
    }

    /// Reads one value whose URI may have headers though no angle brackets stand around it: the whole is the URI then.
    pub(super) fn parse_bare_headers(text: &'a str) -> Result<Self, HeaderError> {
        let uri = trim(text);
        if find(uri, b'?') == uri.len()
            || uri.bytes().any(|b| matches!(b, b'<' | b','))
            || NOT_URI.find(uri) < uri.len()
        {
            return Self::parse(text);
        }
        Ok(Self { display: "", uri, params: Params::default() })
    }

    /// What the display name says, where there is one.
    #[must_use]
    pub fn display_name(&self) -> Option<Cow<'a, str>> {
        if self.display.is_empty() { None } else { Some(unquote(self.display)) }
    }

    /// The URI as written.
    #[must_use]
    pub const fn uri_text(&self) -> &'a str {
        self.uri
    }

    /// The URI.
    ///
    /// # Errors
    /// What breaks the grammar of URIs.
    pub fn uri(&self) -> Result<Uri<'a>, HeaderError> {
        Uri::parse_checked(self.uri)
    }

    /// What a parameter says: `Some(None)` if it has no value, `None` if it is not there.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<Option<Cow<'a, str>>> {
        self.params.get(name).map(|param| param.value())
    }

    /// The least number that a parameter says.
    pub(super) fn least(&self, name: &str) -> Option<u32> {
        self.params.least(name)
    }

    /// The tag, as written.
    #[must_use]
    pub fn tag(&self) -> Option<&'a str> {
        self.params.get("tag").and_then(|param| param.raw)
    }

    /// The parameters in order.
    pub fn params(&self) -> impl Iterator<Item = Param<'a>> + use<'a> {
        self.params.iter()
    }
}

const NOT_DISPLAY: Set = Set::new("\",;>\\").and_controls();

/// By the grammar a display name is a quoted string or tokens. In the field it is also a name with accents,
/// brackets or an `@`; what could be mistaken for the rest of the header is refused all the same.
fn check_display(display: &str) -> Result<(), HeaderError> {
    if display.starts_with('"') {
        let end = closing_quote(display).ok_or(HeaderError::Unclosed)?;
        return if end + 1 == display.len() { Ok(()) } else { Err(HeaderError::Syntax) };
    }
    let broken = |b: u8| NOT_DISPLAY.has(b) && !matches!(b, b' ' | b'\t');
    if display.bytes().any(broken) { Err(HeaderError::Syntax) } else { Ok(()) }
}

/// Writes a value: the display name quoted if there is one, the URI in angle brackets.
#[must_use]
pub fn write_name_addr(display: Option<&str>, uri: &str) -> String {
    let mut text = display.filter(|name| !name.is_empty()).map(super::quote).unwrap_or_default();
    if !text.is_empty() {
        text.push(' ');
    }
    text.push('<');
    text.push_str(uri);
    text.push('>');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> NameAddr<'_> {
        NameAddr::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    /// RFC 3261 20.10, 25.1
    #[test]
    fn display_names_come_quoted_bare_or_not_at_all() {
        assert_eq!(
            read(r#""J Rosenberg \\\""       <sip:j@e.com>  ;  tag = 98"#).display_name().unwrap(),
            r#"J Rosenberg \""#
        );
        assert_eq!(read("caller<sip:caller@example.com>;tag=323").display_name().unwrap(), "caller");
        assert_eq!(read("Jürgen Groß <sip:j@e.com>").display_name().unwrap(), "Jürgen Groß");
        assert_eq!(read("<sip:j@e.com>").display_name(), None);
        assert_eq!(read("\"\" <sip:j@e.com>").display_name().unwrap(), "");
        assert_eq!(read(r#""<sip:fake@e.com>" <sip:real@e.com>"#).uri_text(), "sip:real@e.com");
    }

    /// RFC 3261 20
    #[test]
    fn parameters_outside_are_the_headers_and_inside_the_uris() {
        let outside = read("sip:a@b;tag=1");
        assert_eq!((outside.uri_text(), outside.tag()), ("sip:a@b", Some("1")));
        let inside = read("<sip:a@b;tag=1>");
        assert_eq!(inside.tag(), None);
        assert_eq!(inside.uri().unwrap().param("tag"), Some(Some("1")));
        let instance = read(r#"<sip:a@b>;+sip.instance="<urn:uuid:0-1>";reg-id=1;expires=60"#);
        assert_eq!(instance.param("+sip.instance").unwrap().unwrap(), "<urn:uuid:0-1>");
    }

    #[test]
    fn what_breaks_the_grammar_is_refused() {
        for bad in [
            "",
            "\"Mr. J. User <sip:j.user@example.com>",
            "Bell, Alexander <sip:a.g.bell@bell-tel.com>;tag=43",
            "\"Watson, Thomas\" < sip:t.watson@example.org >",
            "sip:user@example.com?Route=%3Csip:sip.example.com%3E",
            "sip:a,b@c",
            "<sip:a@b",
            "<>",
            "\"a\" b <sip:a@b>",
            "\"Joe\" <sip:joe@example.org>;;;;",
            "<sip:a@b> x",
            "\"a\"",
        ] {
            assert!(NameAddr::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        let text = write_name_addr(Some("a \"b\" <c>\\"), "sip:a@b");
        let read = read(&text);
        assert_eq!((read.display_name().unwrap().as_ref(), read.uri_text()), ("a \"b\" <c>\\", "sip:a@b"));
        assert_eq!(write_name_addr(None, "sip:a@b"), "<sip:a@b>");
        assert_eq!(write_name_addr(Some(""), "sip:a@b"), "<sip:a@b>");
    }
}
