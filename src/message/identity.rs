//! P-Asserted-Identity, P-Preferred-Identity (RFC 3325) and Privacy (RFC 3323): who calls, and who shall not learn it.

use super::text::trim;
use super::{HeaderError, HeaderName, Headers, NameAddr};

impl Headers {
    /// All P-Asserted-Identity values: who the network says it is.
    pub fn asserted_identities(&self) -> impl Iterator<Item = Result<NameAddr<'_>, HeaderError>> {
        self.addresses(HeaderName::PAssertedIdentity)
    }

    /// All P-Preferred-Identity values: who the user wants to be.
    pub fn preferred_identities(&self) -> impl Iterator<Item = Result<NameAddr<'_>, HeaderError>> {
        self.addresses(HeaderName::PPreferredIdentity)
    }

    /// All Privacy values: `id`, `header`, `session`, `user`, `none`, `critical`, `history`. They are separated by
    /// semicolons; some write commas.
    pub fn privacy(&self) -> impl Iterator<Item = &str> {
        self.lines(HeaderName::Privacy)
            .flat_map(|line| line.split([';', ',']))
            .map(trim)
            .filter(|value| !value.is_empty())
    }

    /// Whether this kind of privacy is asked for.
    #[must_use]
    pub fn has_privacy(&self, kind: &str) -> bool {
        self.privacy().any(|value| value.eq_ignore_ascii_case(kind))
    }
}

impl NameAddr<'_> {
    /// Whether it stands for somebody who does not want to be named: `anonymous` in the URI (RFC 3323 section 4.1,
    /// RFC 3261 section 8.1.1.3).
    #[must_use]
    pub fn is_anonymous(&self) -> bool {
        self.uri().is_ok_and(|uri| {
            uri.host().eq_ignore_ascii_case("anonymous.invalid")
                || uri.user().is_some_and(|user| user.eq_ignore_ascii_case("anonymous"))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3325 9.1
    #[test]
    fn identities_come_as_lists_and_lines() {
        let mut headers = Headers::default();
        headers.push(HeaderName::PAssertedIdentity, "\"Cullen, J\" <sip:fluffy@cisco.com>, tel:+14085264000");
        headers.push(HeaderName::PAssertedIdentity, "<sips:a@b>");
        headers.push(HeaderName::PPreferredIdentity, "<sip:p@b>");
        let uris: Vec<_> = headers.asserted_identities().map(|identity| identity.unwrap().uri_text()).collect();
        assert_eq!(uris, ["sip:fluffy@cisco.com", "tel:+14085264000", "sips:a@b"]);
        assert_eq!(headers.preferred_identities().count(), 1);
    }

    /// RFC 3323 4.2
    #[test]
    fn kinds_of_privacy_are_told_apart_in_any_case() {
        let mut headers = Headers::default();
        assert!(!headers.has_privacy("id"));
        headers.push(HeaderName::Privacy, "Header ; user;critical");
        headers.push(HeaderName::Privacy, "ID, session");
        assert_eq!(headers.privacy().collect::<Vec<_>>(), ["Header", "user", "critical", "ID", "session"]);
        assert!(headers.has_privacy("id") && headers.has_privacy("CRITICAL") && !headers.has_privacy("none"));
    }

    /// RFC 3261 8.1.1.3
    /// RFC 3323 4.1.1.3
    #[test]
    fn anonymous_callers_are_known_by_their_uri() {
        for (text, anonymous) in [
            ("\"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=1", true),
            ("<sip:c8oqz84zk7z@Anonymous.Invalid>", true),
            ("<sip:Anonymous@example.com>", true),
            ("\"Anonymous\" <sip:alice@example.com>", false),
            ("<tel:+1>", false),
        ] {
            assert_eq!(NameAddr::parse(text).unwrap().is_anonymous(), anonymous, "{text}");
        }
    }
}
