//! Session-ID (RFC 7989): one name for a call from end to end.

use super::HeaderError;
use super::params::value_and_params;

/// The name of a side that is not known yet.
const NIL: &str = "00000000000000000000000000000000";

/// A Session-ID value, borrowed from its header line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionId<'a> {
    /// The half of whoever wrote the header: 32 hexadecimal digits.
    pub local: &'a str,
    /// The half of the other side; `None` where it is not said or not known yet.
    pub remote: Option<&'a str>,
}

impl<'a> SessionId<'a> {
    /// Reads a value.
    ///
    /// # Errors
    /// What breaks the grammar.
    pub fn parse(text: &'a str) -> Result<Self, HeaderError> {
        let half = |text: &'a str| {
            if text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
                Ok(text)
            } else {
                Err(HeaderError::Syntax)
            }
        };
        let (local, params) = value_and_params(text)?;
        let remote = params.raw("remote").map(half).transpose()?;
        Ok(Self { local: half(local)?, remote: remote.filter(|remote| *remote != NIL) })
    }

    /// The value as text.
    #[must_use]
    pub fn to_text(&self) -> String {
        [self.local, ";remote=", self.remote.unwrap_or(NIL)].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCAL: &str = "ab30317f1a784dc48ff824d0d3715d86";

    /// RFC 7989 5
    #[test]
    fn both_halves_are_read_and_written() {
        let text = [LOCAL, ";remote=47755a9de7794ba387653f2099600ef2"].concat();
        let id = SessionId::parse(&text).unwrap();
        assert_eq!((id.local, id.remote), (LOCAL, Some("47755a9de7794ba387653f2099600ef2")));
        assert_eq!(id.to_text(), text);
        let first = SessionId { local: LOCAL, remote: None };
        assert_eq!(SessionId::parse(&first.to_text()), Ok(first));
        assert_eq!(SessionId::parse(LOCAL), Ok(first));
    }

    #[test]
    fn what_breaks_the_grammar_is_refused() {
        for bad in ["", "ab30", "xb30317f1a784dc48ff824d0d3715d86", "ab30317f1a784dc48ff824d0d3715d86;remote=1"] {
            assert!(SessionId::parse(bad).is_err(), "{bad}");
        }
    }
}
