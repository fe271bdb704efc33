//! Refer-To (RFC 3515), Referred-By (RFC 3892) and Refer-Sub (RFC 4488).

use std::borrow::Cow;

use super::params::token_and_params;
use super::text::{cut, find, rest};
use super::{HeaderError, Method, NameAddr, Replaces, Uri};

/// A Refer-To value, borrowed from its header line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReferTo<'a> {
    /// The address as written.
    pub address: NameAddr<'a>,
    /// The URI, read.
    pub uri: Uri<'a>,
}

impl<'a> ReferTo<'a> {
    /// Reads a value.
    ///
    /// # Errors
    /// What breaks the grammar.
    pub fn parse(text: &'a str) -> Result<Self, HeaderError> {
        let address = NameAddr::parse_bare_headers(text)?;
        Ok(Self { address, uri: address.uri()? })
    }

    /// The URI to send the request to: without `method` and without headers.
    #[must_use]
    pub fn target(&self) -> String {
        let (text, params) = (self.uri.without_headers(), self.uri.params_text());
        let mut target = String::with_capacity(text.len());
        target.push_str(cut(text, text.len() - params.len()).0);
        for param in rest(params).split(';').filter(|param| !param.is_empty()) {
            if !cut(param, find(param, b'=')).0.eq_ignore_ascii_case("method") {
                target.push(';');
                target.push_str(param);
            }
        }
        target
    }

    /// The method that the URI asks for; INVITE where it does not say (RFC 3515 section 2.1).
    #[must_use]
    pub fn method(&self) -> Method {
        match self.uri.param("method").flatten() {
            Some(method) if super::is_token(method) => Method::from(method),
            _ => Method::Invite,
        }
    }

    /// The dialog that the call shall take the place of: the URI's `Replaces` header.
    #[must_use]
    pub fn replaces(&self) -> Option<Result<Replaces<'a>, HeaderError>> {
        self.uri.header("Replaces").map(Replaces::from_uri_header)
    }
}

/// A Referred-By value, borrowed from its header line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReferredBy<'a> {
    /// Who referred.
    pub address: NameAddr<'a>,
}

impl<'a> ReferredBy<'a> {
    /// Reads a value.
    ///
    /// # Errors
    /// What breaks the grammar.
    pub fn parse(text: &'a str) -> Result<Self, HeaderError> {
        let address = NameAddr::parse(text)?;
        address.uri()?;
        Ok(Self { address })
    }

    /// The Content-ID of the body part that proves it, without quotation marks.
    #[must_use]
    pub fn cid(&self) -> Option<Cow<'a, str>> {
        self.address.param("cid")?
    }
}

/// Reads a Refer-Sub value: whether the REFER makes a subscription.
///
/// # Errors
/// What breaks the grammar.
pub(super) fn refer_sub(text: &str) -> Result<bool, HeaderError> {
    match token_and_params(text)?.0 {
        said if said.eq_ignore_ascii_case("true") => Ok(true),
        said if said.eq_ignore_ascii_case("false") => Ok(false),
        _ => Err(HeaderError::Syntax),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3515 2.1
    #[test]
    fn the_target_has_neither_method_nor_headers() {
        let refer = ReferTo::parse("\"C\" <sip:c;method=x?y@d;method=BYE;gr=1?Replaces=a&x=y>;p").unwrap();
        assert_eq!((refer.target().as_str(), refer.method()), ("sip:c;method=x?y@d;gr=1", Method::Bye));
        assert!(refer.replaces().unwrap().is_err());
        let plain = ReferTo::parse("sip:c@d").unwrap();
        assert_eq!((plain.target().as_str(), plain.method()), ("sip:c@d", Method::Invite));
        assert!(plain.replaces().is_none());
        assert_eq!(ReferTo::parse("<tel:+123;phone-context=x>").unwrap().target(), "tel:+123;phone-context=x");
    }

    /// RFC 3515 2.1
    /// RFC 3891 6.1
    #[test]
    fn the_dialog_to_replace_is_unescaped() {
        let text =
            "<sip:dave@denver.example.org?Replaces=12345%40192.168.118.3%3Bto-tag%3D12345%3Bfrom-tag%3D5FFE-3994>";
        let replaces = ReferTo::parse(text).unwrap().replaces().unwrap().unwrap();
        assert_eq!(
            (&*replaces.call_id, &*replaces.to_tag, &*replaces.from_tag),
            ("12345@192.168.118.3", "12345", "5FFE-3994")
        );
    }

    /// Without angle brackets a question mark is not allowed, but some send it all the same.
    #[test]
    fn headers_without_angle_brackets_are_read() {
        let refer = ReferTo::parse("sip:a@b?Replaces=c%3Bto-tag%3Dd%3Bfrom-tag%3De").unwrap();
        assert_eq!(refer.target(), "sip:a@b");
        assert_eq!(refer.replaces().unwrap().unwrap().from_tag, "e");
    }

    /// RFC 3892 3
    #[test]
    fn who_referred_and_what_proves_it_are_read() {
        let by =
            ReferredBy::parse("sip:referror@referror.example;cid=\"20398823.2UWQFN309shb3@referror.example\"").unwrap();
        assert_eq!(by.address.uri_text(), "sip:referror@referror.example");
        assert_eq!(by.cid().unwrap(), "20398823.2UWQFN309shb3@referror.example");
    }

    /// RFC 4488 4
    #[test]
    fn whether_a_subscription_is_made_is_true_or_false() {
        assert_eq!((refer_sub("FALSE;x=y"), refer_sub("true")), (Ok(false), Ok(true)));
        assert!(refer_sub("maybe").is_err() && refer_sub("").is_err());
    }

    #[test]
    fn what_breaks_the_grammar_is_refused() {
        for bad in ["", "<>", "<sip:a@b", "<sip:>", "*", "a b", "<sip:a@b>, <sip:c@d>", "sip:a@b, sip:c@d"] {
            assert!(ReferTo::parse(bad).is_err(), "{bad}");
            assert!(ReferredBy::parse(bad).is_err(), "{bad}");
        }
    }
}
