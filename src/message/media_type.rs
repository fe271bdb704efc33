//! Content-Type: `type/subtype;parameters`.

use std::borrow::Cow;

use super::HeaderError;
use super::params::Params;
use super::text::{cut, find, is_token, rest, trim};

/// A media type, borrowed from its header line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MediaType<'a> {
    kind: &'a str,
    subtype: &'a str,
    params: Params<'a>,
}

impl<'a> MediaType<'a> {
    /// Reads a value.
    ///
    /// # Errors
    /// What breaks the grammar.
    pub fn parse(text: &'a str) -> Result<Self, HeaderError> {
        let (range, params) = cut(text, find(text, b';'));
        let (kind, subtype) = cut(range, range.bytes().position(|b| b == b'/').ok_or(HeaderError::Syntax)?);
        let (kind, subtype) = (trim(kind), trim(rest(subtype)));
        if !is_token(kind) || !is_token(subtype) {
            return Err(HeaderError::Syntax);
        }
        Ok(Self { kind, subtype, params: Params::parse(params)? })
    }

    /// Whether it is this type, in any case and with any parameters.
    #[must_use]
    pub fn is(&self, kind: &str, subtype: &str) -> bool {
        self.kind.eq_ignore_ascii_case(kind) && self.subtype.eq_ignore_ascii_case(subtype)
    }

    /// Whether it is a body of several parts.
    #[must_use]
    pub fn is_multipart(&self) -> bool {
        self.kind.eq_ignore_ascii_case("multipart")
    }

    /// Whether it is `application/sdp`.
    #[must_use]
    pub fn is_sdp(&self) -> bool {
        self.is("application", "sdp")
    }

    /// What a parameter says: `Some(None)` if it has no value, `None` if it is not there.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<Option<Cow<'a, str>>> {
        self.params.get(name).map(|param| param.value())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3261 20.15
    #[test]
    fn case_blanks_and_parameters_do_not_hide_the_type() {
        assert!(MediaType::parse("application/sdp").unwrap().is_sdp());
        assert!(MediaType::parse("Application / SDP ; charset=utf-8").unwrap().is_sdp());
        let mixed = MediaType::parse("multipart/mixed;boundary=\"a b\"").unwrap();
        assert!(!mixed.is_sdp() && mixed.is_multipart());
        assert_eq!(mixed.param("Boundary").unwrap().unwrap(), "a b");
    }

    #[test]
    fn what_breaks_the_grammar_is_refused() {
        for bad in ["", "application", "application/", "/sdp", "a/b/c", "a/b c", "a/b;", "a/b;x=\"y"] {
            assert!(MediaType::parse(bad).is_err(), "{bad}");
        }
    }
}
