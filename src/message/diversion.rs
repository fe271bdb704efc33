//! Diversion (RFC 5806): who had the call before, and why it went on.

use std::borrow::Cow;

use super::text::number;
use super::{HeaderError, NameAddr};

/// One Diversion value, borrowed from its header line. The topmost is the latest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Diversion<'a> {
    /// Who diverted the call.
    pub address: NameAddr<'a>,
}

impl<'a> Diversion<'a> {
    /// Reads one value.
    ///
    /// # Errors
    /// What breaks the grammar.
    pub fn parse(text: &'a str) -> Result<Self, HeaderError> {
        let address = NameAddr::parse(text)?;
        address.uri()?;
        Ok(Self { address })
    }

    /// Why: `user-busy`, `no-answer`, `unconditional`, `deflection`, `unavailable`, others.
    #[must_use]
    pub fn reason(&self) -> Option<Cow<'a, str>> {
        self.address.param("reason")?
    }

    /// How many diversions this value stands for: 1 where it does not say.
    #[must_use]
    pub fn counter(&self) -> u32 {
        self.number("counter").unwrap_or(1)
    }

    /// How many more diversions are allowed.
    #[must_use]
    pub fn limit(&self) -> Option<u32> {
        self.number("limit")
    }

    /// What shall not be told: `full`, `name`, `uri`, `off`, others.
    #[must_use]
    pub fn privacy(&self) -> Option<Cow<'a, str>> {
        self.address.param("privacy")?
    }

    /// Whether the network has checked who diverted: `yes` or `no`.
    #[must_use]
    pub fn screened(&self) -> Option<bool> {
        Some(self.address.param("screen")??.eq_ignore_ascii_case("yes"))
    }

    fn number(&self, name: &str) -> Option<u32> {
        number(self.address.param(name)??.as_ref()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 5806 3.1
    #[test]
    fn who_why_and_how_often_are_read() {
        let text = "\"B\" <sip:b@x>;reason=user-busy;counter=2;limit=5;privacy=\"full\";screen=no";
        let diversion = Diversion::parse(text).unwrap();
        assert_eq!((diversion.address.uri_text(), diversion.counter(), diversion.limit()), ("sip:b@x", 2, Some(5)));
        assert_eq!(
            (diversion.reason().unwrap().as_ref(), diversion.privacy().unwrap().as_ref()),
            ("user-busy", "full")
        );
        assert_eq!(diversion.screened(), Some(false));
    }

    #[test]
    fn what_is_not_said_is_the_least() {
        let diversion = Diversion::parse("<tel:+1>;counter=many").unwrap();
        assert_eq!((diversion.counter(), diversion.limit(), diversion.screened()), (1, None, None));
        assert!(diversion.reason().is_none() && diversion.privacy().is_none());
    }

    #[test]
    fn what_breaks_the_grammar_is_refused() {
        for bad in ["", "<sip:a@b", "<sip:>;reason=x", "<sip:a@b>;reason=\"x"] {
            assert!(Diversion::parse(bad).is_err(), "{bad}");
        }
    }
}
