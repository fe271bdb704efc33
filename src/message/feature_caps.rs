//! Feature-Caps (RFC 6809): what the servers on the way can do.

use std::borrow::Cow;

use super::params::Params;
use super::text::trim;
use super::{HeaderError, HeaderName, Headers};

/// One Feature-Caps value, borrowed from its header line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeatureCaps<'a> {
    params: Params<'a>,
}

impl<'a> FeatureCaps<'a> {
    /// Reads one value: `*;+cap;+cap="value"`. In the field the `*;` is missing, or the `*`, or the semicolon.
    ///
    /// # Errors
    /// What cannot be read even so.
    pub fn parse(text: &'a str) -> Result<Self, HeaderError> {
        let text = trim(text);
        let caps = trim(text.strip_prefix('*').unwrap_or(text));
        if text.is_empty() { Err(HeaderError::Syntax) } else { Ok(Self { params: Params::parse_bare(caps)? }) }
    }

    /// What a capability says: `Some(None)` if it has no value, `None` if it is not there.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Option<Cow<'a, str>>> {
        self.params.get(name).map(|param| param.value())
    }
}

impl Headers {
    /// All Feature-Caps values that can be read.
    pub fn feature_caps(&self) -> impl Iterator<Item = FeatureCaps<'_>> {
        self.values(HeaderName::FeatureCaps).filter_map(|value| FeatureCaps::parse(value).ok())
    }

    /// What a capability says, in whichever Feature-Caps value it stands first: `Some(None)` if it has no value, `None`
    /// if it is not there.
    #[must_use]
    pub fn feature_cap(&self, name: &str) -> Option<Option<Cow<'_, str>>> {
        self.feature_caps().find_map(|caps| caps.get(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6809 6.3
    #[test]
    fn capabilities_are_found_however_they_are_written() {
        for text in [
            "*;+sip.pns=\"apns\";+sip.pnsreg=\"120\"",
            "* ; +sip.pns = \"apns\" ; +sip.pnsreg=\"120\"",
            "+sip.pns=\"apns\";+sip.pnsreg=120",
            ";+sip.pns=apns;+sip.pnsreg=120",
        ] {
            let caps = FeatureCaps::parse(text).unwrap();
            assert_eq!(caps.get("+SIP.PNS").unwrap().unwrap(), "apns", "{text}");
            assert_eq!(caps.get("+sip.pnsreg").unwrap().unwrap(), "120", "{text}");
            assert_eq!(caps.get("+sip.pnspurr"), None, "{text}");
        }
    }

    #[test]
    fn lists_and_several_lines_are_looked_through() {
        let mut headers = Headers::default();
        headers.push(HeaderName::FeatureCaps, "*;+g.a, *;+g.b=\"<x,y>\", *;;");
        headers.push(HeaderName::FeatureCaps, "+g.c;+g.b=later");
        assert_eq!(headers.feature_caps().count(), 3);
        assert_eq!(headers.feature_cap("+g.a"), Some(None));
        assert_eq!(headers.feature_cap("+g.b").unwrap().unwrap(), "<x,y>");
        assert_eq!(headers.feature_cap("+g.c"), Some(None));
        assert_eq!(headers.feature_cap("+g.d"), None);
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for bad in ["", "*;", "*;;", "* a b", "=a", "*;+a=\"", "<*>"] {
            assert!(FeatureCaps::parse(bad).is_err(), "{bad}");
        }
    }
}
