//! Content-Disposition (RFC 3261 section 20.11) and MIME-Version.

use std::borrow::Cow;

use super::HeaderError;
use super::params::{Params, token_and_params};
use super::text::{cut, find, number, rest, trim};

/// A Content-Disposition value, borrowed from its header line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentDisposition<'a> {
    /// What the body is for, as written: `session`, `early-session`, `render`, `icon`, `alert`, others.
    pub kind: &'a str,
    params: Params<'a>,
}

impl<'a> ContentDisposition<'a> {
    /// Reads a value.
    ///
    /// # Errors
    /// What breaks the grammar.
    pub fn parse(text: &'a str) -> Result<Self, HeaderError> {
        let (kind, params) = token_and_params(text)?;
        Ok(Self { kind, params })
    }

    /// Whether the body is for this, in any case.
    #[must_use]
    pub fn is(&self, kind: &str) -> bool {
        self.kind.eq_ignore_ascii_case(kind)
    }

    /// Whether who does not know what to do with the body may leave it alone; if not, the request deserves 415.
    #[must_use]
    pub fn is_optional(&self) -> bool {
        self.params.raw("handling").is_some_and(|said| said.eq_ignore_ascii_case("optional"))
    }

    /// What a parameter says: `Some(None)` if it has no value, `None` if it is not there.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<Option<Cow<'a, str>>> {
        self.params.get(name).map(|param| param.value())
    }
}

/// Reads a MIME-Version value into its two numbers.
///
/// # Errors
/// What breaks the grammar.
pub(super) fn mime_version(text: &str) -> Result<(u32, u32), HeaderError> {
    let (major, minor) = cut(text, find(text, b'.'));
    Ok((number(trim(major))?, number(trim(rest(minor)))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3261 20.11
    #[test]
    fn purpose_and_handling_are_read() {
        let disposition = ContentDisposition::parse("Session ; handling = Optional;x=\"y\"").unwrap();
        assert!(disposition.is("session") && disposition.is_optional());
        assert_eq!(disposition.param("x").unwrap().unwrap(), "y");
        assert!(!ContentDisposition::parse("icon").unwrap().is_optional());
        assert!(!ContentDisposition::parse("icon;handling=required").unwrap().is_optional());
    }

    /// RFC 3261 20.24
    #[test]
    fn versions_are_two_numbers() {
        assert_eq!(mime_version("1.0"), Ok((1, 0)));
        for bad in ["", "1", "1.", ".0", "1.0.0", "one.two"] {
            assert!(mime_version(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_breaks_the_grammar_is_refused() {
        for bad in ["", ";handling=optional", "a b", "a;handling=\"x", "a/b"] {
            assert!(ContentDisposition::parse(bad).is_err(), "{bad}");
        }
    }
}
