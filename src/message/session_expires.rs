//! Session-Expires and Min-SE (RFC 4028): how long a session lives without a refresh, and who refreshes it.

use std::borrow::Cow;

use super::HeaderError;
use super::params::{Params, value_and_params};
use super::text::{number, push_number};

/// Who sends the refreshes, as seen from the request that carries the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refresher {
    /// The side that sent the request.
    Uac,
    /// The side that answered it.
    Uas,
}

impl Refresher {
    /// The value of the parameter.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Uac => "uac",
            Self::Uas => "uas",
        }
    }
}

/// A Session-Expires value, borrowed from its header line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionExpires<'a> {
    /// The interval in seconds.
    pub seconds: u32,
    /// Who refreshes; `None` where it is not said, or said in a word that nobody knows.
    pub refresher: Option<Refresher>,
    params: Params<'a>,
}

impl<'a> SessionExpires<'a> {
    /// Reads a value.
    ///
    /// # Errors
    /// What breaks the grammar.
    pub fn parse(text: &'a str) -> Result<Self, HeaderError> {
        let (seconds, params) = value_and_params(text)?;
        let said = params.raw("refresher").unwrap_or("");
        let refresher =
            [Refresher::Uac, Refresher::Uas].into_iter().find(|side| side.as_str().eq_ignore_ascii_case(said));
        Ok(Self { seconds: number(seconds)?, refresher, params })
    }

    /// What a parameter says: `Some(None)` if it has no value, `None` if it is not there.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<Option<Cow<'a, str>>> {
        self.params.get(name).map(|param| param.value())
    }
}

/// Reads a Min-SE value: seconds; its parameters say nothing that is known.
///
/// # Errors
/// What breaks the grammar.
pub(super) fn min_se(text: &str) -> Result<u32, HeaderError> {
    number(value_and_params(text)?.0)
}

/// Writes a Session-Expires value.
#[must_use]
pub fn write_session_expires(seconds: u32, refresher: Option<Refresher>) -> String {
    let mut text = String::with_capacity(24);
    push_number(&mut text, seconds.into());
    if let Some(side) = refresher {
        text.push_str(";refresher=");
        text.push_str(side.as_str());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4028 4
    #[test]
    fn interval_refresher_and_other_parameters_are_read() {
        let value = SessionExpires::parse("1800 ; Refresher = UAS;x=y").unwrap();
        assert_eq!((value.seconds, value.refresher), (1800, Some(Refresher::Uas)));
        assert_eq!(value.param("X").unwrap().unwrap(), "y");
        assert_eq!(SessionExpires::parse("90").unwrap().refresher, None);
        assert_eq!(SessionExpires::parse("90;refresher=proxy").unwrap().refresher, None);
        assert_eq!(min_se("120;lr"), Ok(120));
    }

    #[test]
    fn what_breaks_the_grammar_is_refused() {
        for bad in ["", "soon", "-1", "4294967296", "90 s", "90;", "90;refresher=\"uac", ";refresher=uac"] {
            assert!(SessionExpires::parse(bad).is_err(), "{bad}");
            assert!(min_se(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_written_reads_back() {
        for side in [None, Some(Refresher::Uac), Some(Refresher::Uas)] {
            let text = write_session_expires(4_294_967_295, side);
            let read = SessionExpires::parse(&text).unwrap();
            assert_eq!((read.seconds, read.refresher), (4_294_967_295, side));
        }
    }
}
