//! History-Info (RFC 7044): every target that the request was sent to, in order.

use std::borrow::Cow;

use super::{HeaderError, NameAddr, Uri};

/// One History-Info value, borrowed from its header line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryInfo<'a> {
    /// The address as written.
    pub address: NameAddr<'a>,
    /// The URI, read.
    pub uri: Uri<'a>,
}

impl<'a> HistoryInfo<'a> {
    /// Reads one value.
    ///
    /// # Errors
    /// What breaks the grammar.
    pub fn parse(text: &'a str) -> Result<Self, HeaderError> {
        let address = NameAddr::parse(text)?;
        Ok(Self { address, uri: address.uri()? })
    }

    /// Its place in the tree of targets: `1`, `1.1`, `1.2.1`. What is no such place counts as not there.
    #[must_use]
    pub fn index(&self) -> Option<Cow<'a, str>> {
        let index = self.address.param("index")??;
        let numbers = index.split('.').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
        if numbers { Some(index) } else { None }
    }

    /// What the Reason header in the URI says, escapes undone, for [`Reason::parse`](super::Reason::parse): why the
    /// request did not stay with this target.
    #[must_use]
    pub fn reason(&self) -> Option<Cow<'a, str>> {
        self.uri.header("Reason")
    }

    /// What the Privacy header in the URI says, escapes undone: `history` where the value shall not be told.
    #[must_use]
    pub fn privacy(&self) -> Option<Cow<'a, str>> {
        self.uri.header("Privacy")
    }

    /// How the target came about: the parameter `rc` (a change of the user), `mp` (another user in his place) or
    /// `np` (no change), with the index of the target before.
    #[must_use]
    pub fn cause_of_target(&self) -> Option<(&'static str, Cow<'a, str>)> {
        ["rc", "mp", "np"].into_iter().find_map(|name| Some((name, self.address.param(name)??)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Reason;

    /// RFC 7044 5
    #[test]
    fn index_reason_and_privacy_are_read() {
        let text = "<sip:bob@192.0.2.4?Privacy=history&Reason=SIP%3Bcause%3D302%3Btext%3D%22Moved%20Temporarily%22>;index=1.1.1;mp=1.1";
        let entry = HistoryInfo::parse(text).unwrap();
        assert_eq!(entry.index().unwrap(), "1.1.1");
        let reason = entry.reason().unwrap();
        let reason = Reason::parse(&reason).unwrap();
        assert_eq!((reason.cause, reason.text.as_deref()), (Some(302), Some("Moved Temporarily")));
        assert_eq!(entry.privacy().unwrap(), "history");
        assert_eq!(entry.cause_of_target().unwrap(), ("mp", "1.1".into()));
        assert_eq!(entry.uri.without_headers(), "sip:bob@192.0.2.4");
    }

    #[test]
    fn what_is_not_said_is_not_there() {
        let entry = HistoryInfo::parse("<sip:bob@example.com>;index=first").unwrap();
        assert!(entry.index().is_none() && entry.reason().is_none() && entry.privacy().is_none());
        assert!(entry.cause_of_target().is_none());
        assert!(HistoryInfo::parse("<sip:bob@example.com>;index=1..2").unwrap().index().is_none());
    }

    #[test]
    fn what_breaks_the_grammar_is_refused() {
        for bad in ["", "<sip:a@b?>;index=1", "<sip:a@b>;index=\"1", "sip:a@b?Reason=x;index=1"] {
            assert!(HistoryInfo::parse(bad).is_err(), "{bad}");
        }
    }
}
