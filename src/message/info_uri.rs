//! Alert-Info, Call-Info and Error-Info (RFC 3261 sections 20.4, 20.9 and 20.18): a URI with parameters.

use std::borrow::Cow;

use super::HeaderError;
use super::params::{Param, Params};
use super::text::{cut, find, number, rest, trim};

/// One value, borrowed from its header line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InfoUri<'a> {
    /// What stands in the angle brackets; by some senders it is no URI (`<intercom>`), or there are no brackets. Empty
    /// where there are only parameters.
    pub uri: &'a str,
    params: Params<'a>,
}

impl<'a> InfoUri<'a> {
    /// Reads one value. The grammar wants angle brackets; in the field they are missing, and so is the URI.
    ///
    /// # Errors
    /// What cannot be read even so.
    pub fn parse(text: &'a str) -> Result<Self, HeaderError> {
        let text = trim(text);
        let (uri, params) = match text.strip_prefix('<') {
            Some(inner) => {
                let (uri, after) = cut(inner, find(inner, b'>'));
                if after.is_empty() {
                    return Err(HeaderError::Unclosed);
                }
                (uri, rest(after))
            }
            None => cut(text, find(text, b';')),
        };
        let uri = trim(uri);
        if text.is_empty() || super::uri::NOT_URI.find(uri) < uri.len() {
            return Err(HeaderError::Uri);
        }
        Ok(Self { uri, params: Params::parse(params)? })
    }

    /// What a parameter says: `Some(None)` if it has no value, `None` if it is not there.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<Option<Cow<'a, str>>> {
        self.params.get(name).map(|param| param.value())
    }

    /// The parameters in order.
    pub fn params(&self) -> impl Iterator<Item = Param<'a>> + use<'a> {
        self.params.iter()
    }

    /// The `purpose` parameter: `icon`, `info`, `card` and others.
    #[must_use]
    pub fn purpose(&self) -> Option<&'a str> {
        self.params.raw("purpose")
    }

    /// The `answer-after` parameter in seconds.
    #[must_use]
    pub fn answer_after(&self) -> Option<u32> {
        number(self.param("answer-after")??.as_ref()).ok()
    }

    /// Whether it says `info=alert-autoanswer`, as a parameter or in place of the URI: then the `delay` parameter in
    /// seconds, nought where there is none.
    #[must_use]
    pub fn alert_autoanswer(&self) -> Option<u32> {
        let parameter = self.param("info").flatten().is_some_and(|info| info.eq_ignore_ascii_case("alert-autoanswer"));
        if !parameter && !self.uri.eq_ignore_ascii_case("info=alert-autoanswer") {
            return None;
        }
        Some(self.param("delay").flatten().and_then(|delay| number(delay.as_ref()).ok()).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3261 20.4, 20.9
    #[test]
    fn uri_and_parameters_are_read() {
        let info = InfoUri::parse("<http://wwww.example.com/alice/photo.jpg> ;purpose=icon;x=\"a;b\"").unwrap();
        assert_eq!((info.uri, info.purpose()), ("http://wwww.example.com/alice/photo.jpg", Some("icon")));
        assert_eq!((info.param("X").unwrap().unwrap(), info.params().count()), ("a;b".into(), 2));
        assert_eq!(InfoUri::parse("<intercom>").unwrap().uri, "intercom");
        assert_eq!(InfoUri::parse("Ring Answer").unwrap_err(), HeaderError::Uri);
    }

    #[test]
    fn answering_by_itself_is_asked_for_in_several_ways() {
        let read = |text| InfoUri::parse(text).unwrap();
        assert_eq!(read("<sip:example.com>;answer-after=0").answer_after(), Some(0));
        assert_eq!(read("<sip:example.com>;Answer-After = \"5\"").answer_after(), Some(5));
        assert_eq!(read("<sip:example.com>").answer_after(), None);
        assert_eq!(read("<http://example.com>;info=alert-autoanswer;delay=3").alert_autoanswer(), Some(3));
        assert_eq!(read("info=alert-autoanswer").alert_autoanswer(), Some(0));
        assert_eq!(read(";info=Alert-AutoAnswer").alert_autoanswer(), Some(0));
        assert_eq!(read("<http://example.com>;info=alert-external").alert_autoanswer(), None);
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for bad in ["", "<a", "<a>b", "<a>;", "<a b>", "<a\">", ";x=\"", "a>"] {
            assert!(InfoUri::parse(bad).is_err(), "{bad}");
        }
    }
}
