//! Reason (RFC 3326): why a request or a dialog ended.

use std::borrow::Cow;

use super::HeaderError;
use super::params::Params;
use super::text::{cut, find, is_token, number, trim};

/// One Reason value, borrowed from its header line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason<'a> {
    /// Whose code it is, as written: `SIP`, `Q.850` and others.
    pub protocol: &'a str,
    /// The code.
    pub cause: Option<u16>,
    /// The words for people.
    pub text: Option<Cow<'a, str>>,
}

impl<'a> Reason<'a> {
    /// Reads one value.
    ///
    /// # Errors
    /// What breaks the grammar.
    pub fn parse(text: &'a str) -> Result<Self, HeaderError> {
        let (protocol, params) = cut(text, find(text, b';'));
        let protocol = trim(protocol);
        if !is_token(protocol) {
            return Err(HeaderError::Syntax);
        }
        let params = Params::parse(params)?;
        Ok(Self {
            protocol,
            cause: params.get("cause").and_then(|param| number(param.raw?).ok()),
            text: params.get("text").and_then(|param| param.value()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3326 2
    #[test]
    fn protocol_cause_and_text_are_read() {
        let reason = Reason::parse("SIP ;cause=200 ;text=\"Call completed elsewhere\"").unwrap();
        assert_eq!((reason.protocol, reason.cause), ("SIP", Some(200)));
        assert_eq!(reason.text.unwrap(), "Call completed elsewhere");
        let reason = Reason::parse("Q.850;cause=16").unwrap();
        assert_eq!((reason.protocol, reason.cause, reason.text), ("Q.850", Some(16), None));
    }

    #[test]
    fn what_breaks_the_grammar_is_refused() {
        for bad in ["", ";cause=1", "a b;cause=1", "SIP;text=\"x"] {
            assert!(Reason::parse(bad).is_err(), "{bad}");
        }
    }
}
