//! URIs: `sip`, `sips`, `tel`, and all others as scheme and opaque rest.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::common::lists::Gather;
use crate::common::{limits, search};

use super::HeaderError;
use super::text::{Set, cut, find, number, rest, unescape, unescaped};

/// A URI, borrowed from the text it stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uri<'a> {
    text: &'a str,
    scheme: &'a str,
    user: Option<&'a str>,
    password: Option<&'a str>,
    host: &'a str,
    port: Option<u16>,
    params: &'a str,
    headers: &'a str,
}

/// Parameters whose presence on one side alone makes two SIP URIs different (RFC 3261 section 19.1.4).
const SIGNIFICANT: [&str; 5] = ["transport", "user", "ttl", "method", "maddr"];

/// What stands in no URI.
pub(super) const NOT_URI: Set = Set::new("<>\"").and_controls();
const NOT_SCHEME: Set = Set::alphanumeric_and("+-.").not();
/// The underscore is in no host by the grammar, and in many in the field.
const HOST: Set = Set::alphanumeric_and("-._");
const PARAMS_OR_HEADERS: Set = Set::new(";?");
const IPV6: Set = Set::new("0123456789abcdefABCDEF:.");

impl<'a> Uri<'a> {
    /// Reads a URI.
    ///
    /// # Errors
    /// What breaks the grammar, or too many parameters.
    pub fn parse(text: &'a str) -> Result<Self, HeaderError> {
        if NOT_URI.find(text) < text.len() {
            return Err(HeaderError::Uri);
        }
        Self::parse_checked(text)
    }

    /// Reads a text in which nothing stands that stands in no URI.
    pub(super) fn parse_checked(text: &'a str) -> Result<Self, HeaderError> {
        let (scheme, after) = cut(text, NOT_SCHEME.find(text));
        let after = after.strip_prefix(':').filter(|after| !after.is_empty()).ok_or(HeaderError::Uri)?;
        if !scheme.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return Err(HeaderError::Uri);
        }
        let mut uri = Self { text, scheme, user: None, password: None, host: "", port: None, params: "", headers: "" };
        if scheme.eq_ignore_ascii_case("tel") {
            let (user, params) = cut(after, find(after, b';'));
            if user.is_empty() {
                return Err(HeaderError::Uri);
            }
            uri.user = Some(user);
            uri.params = params;
        } else if uri.is_sip() {
            uri.read_sip(after)?;
        } else {
            uri.host = after;
        }
        check(uri.params, b';')?;
        check(uri.headers, b'&')?;
        Ok(uri)
    }

    fn read_sip(&mut self, text: &'a str) -> Result<(), HeaderError> {
        // An unescaped `@` can stand nowhere but behind the user part, while `;` and `?` may stand in it.
        let mut after = text;
        if let Some(at) = text.bytes().position(|b| b == b'@') {
            let (info, host) = cut(text, at);
            after = rest(host);
            let (user, password) = cut(info, find(info, b':'));
            if user.is_empty() {
                return Err(HeaderError::Uri);
            }
            self.user = Some(user);
            self.password = if password.is_empty() { None } else { Some(rest(password)) };
        }
        let (address, tail) = cut(after, PARAMS_OR_HEADERS.find(after));
        (self.host, self.port) = host_and_port(address)?;
        let (params, headers) = cut(tail, find(tail, b'?'));
        self.params = params;
        self.headers = headers;
        Ok(())
    }

    /// The URI as written.
    #[must_use]
    pub const fn as_str(&self) -> &'a str {
        self.text
    }

    /// The URI as written, without the headers behind the question mark: what may stand in a request line.
    #[must_use]
    pub fn without_headers(&self) -> &'a str {
        cut(self.text, self.text.len() - self.headers.len()).0
    }

    /// What the first header of this name behind the question mark says, percent escapes undone.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<Cow<'a, str>> {
        self.headers().find(|(written, _)| same(written, name, true)).map(|(_, value)| unescape(value))
    }

    /// The scheme as written.
    #[must_use]
    pub const fn scheme(&self) -> &'a str {
        self.scheme
    }

    /// Whether the scheme is `sip` or `sips`.
    #[must_use]
    pub fn is_sip(&self) -> bool {
        self.scheme.eq_ignore_ascii_case("sip") || self.is_sips()
    }

    /// Whether the scheme is `sips`.
    #[must_use]
    pub fn is_sips(&self) -> bool {
        self.scheme.eq_ignore_ascii_case("sips")
    }

    /// The user part as written, without the password; the number of a `tel` URI.
    #[must_use]
    pub const fn user(&self) -> Option<&'a str> {
        self.user
    }

    /// The user part with its percent escapes undone.
    #[must_use]
    pub fn user_decoded(&self) -> Option<Cow<'a, str>> {
        self.user.map(unescape)
    }

    /// The host as written, an IPv6 address with its brackets; of a scheme that is not known, all behind the colon;
    /// empty for `tel`.
    #[must_use]
    pub const fn host(&self) -> &'a str {
        self.host
    }

    /// The port, where one is written.
    #[must_use]
    pub const fn port(&self) -> Option<u16> {
        self.port
    }

    /// The parameters in order: name, and value where there is one, as written.
    pub fn params(&self) -> impl Iterator<Item = (&'a str, Option<&'a str>)> + use<'a> {
        pairs(rest(self.params), b';')
    }

    /// The parameters as written, with the first semicolon.
    pub(super) const fn params_text(&self) -> &'a str {
        self.params
    }

    /// The value of a parameter as written: `Some(None)` if it has no value, `None` if it is not there.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<Option<&'a str>> {
        self.params().find(|(written, _)| same(written, name, true)).map(|(_, value)| value)
    }

    /// The headers behind the question mark, as written.
    pub fn headers(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        pairs(rest(self.headers), b'&').map(|(name, value)| (name, value.unwrap_or("")))
    }

    /// Whether both name the same resource: SIP URIs by RFC 3261 section 19.1.4, `tel` by RFC 3966 section 4; URIs of
    /// other schemes must be written alike.
    #[must_use]
    pub fn same_as(&self, other: &Uri<'_>) -> bool {
        if !self.scheme.eq_ignore_ascii_case(other.scheme) {
            return false;
        }
        let sip = self.is_sip();
        if !sip && self.host.is_empty() {
            return same_number(self.user, other.user) && self.has_same_params(other, true);
        }
        same_option(self.user, other.user)
            && same_option(self.password, other.password)
            && (if sip { same_host(self.host, other.host) } else { self.host == other.host })
            && self.port == other.port
            && self.has_same_params(other, false)
            && self.has_same_headers(other)
    }

    /// Whether no parameter of one contradicts the other, or, if `all` count, whether both have the same ones. Of
    /// parameters of one name the first counts.
    fn has_same_params(&self, other: &Uri<'_>, all: bool) -> bool {
        let (ours, theirs) = (sorted(self.params()), sorted(other.params()));
        let alone = |name: &str| !all && !SIGNIFICANT.iter().any(|significant| same(significant, name, true));
        let (mut ours, mut theirs) = (ours.iter().peekable(), theirs.iter().peekable());
        loop {
            let order = match (ours.peek(), theirs.peek()) {
                (Some((a, _)), Some((b, _))) => compare(a, b, true),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => return true,
            };
            let agree = match order {
                Ordering::Less => ours.next().is_some_and(|(name, _)| alone(name)),
                Ordering::Greater => theirs.next().is_some_and(|(name, _)| alone(name)),
                Ordering::Equal => match (ours.next(), theirs.next()) {
                    (Some((_, Some(a))), Some((_, Some(b)))) => same(a, b, true),
                    (a, b) => a.and_then(|a| a.1).is_none() && b.and_then(|b| b.1).is_none(),
                },
            };
            if !agree {
                return false;
            }
        }
    }

    /// Headers are never left out of account, in whatever order they stand.
    fn has_same_headers(&self, other: &Uri<'_>) -> bool {
        let order = |a: (&str, &str), b: (&str, &str)| compare(a.0, b.0, true).then_with(|| compare(a.1, b.1, false));
        let (ours, theirs) = (ordered(self.headers(), order), ordered(other.headers(), order));
        ours.len() == theirs.len()
            && ours.iter().zip(&theirs).all(|(a, b)| same(a.0, b.0, true) && same(a.1, b.1, false))
    }
}

/// Parameters in the order of their names, the first of each name alone.
fn sorted<'a>(params: impl Iterator<Item = (&'a str, Option<&'a str>)>) -> Vec<(&'a str, Option<&'a str>)> {
    let mut all = ordered(params, |a, b| compare(a.0, b.0, true));
    all.dedup_by(|later, first| same(later.0, first.0, true));
    all
}

fn ordered<T: Copy>(items: impl Iterator<Item = T>, order: impl Fn(T, T) -> Ordering) -> Vec<T> {
    let items: Vec<T> = items.gather();
    let follows = |a: usize, b: usize| match (items.get(a), items.get(b)) {
        (Some(a), Some(b)) => order(*a, *b) == Ordering::Greater,
        _ => false,
    };
    search::in_order(items.len(), &follows).into_iter().filter_map(|index| items.get(index).copied()).collect()
}

/// The order of what two texts say once percent escapes are undone.
fn compare(a: &str, b: &str, any_case: bool) -> Ordering {
    let octets = |text| unescaped(text).map(|b| if any_case { b.to_ascii_lowercase() } else { b });
    octets(a).cmp(octets(b))
}

/// Whether both hosts are the same. IPv6 addresses are compared by what they say (RFC 5954 section 4.2), also in the
/// form with three colons that the grammar of RFC 3261 has by mistake.
fn same_host(a: &str, b: &str) -> bool {
    let address = |host: &str| {
        let inner = host.strip_prefix('[')?.strip_suffix(']')?;
        let (before, after) = search::cut(inner, ":::").unwrap_or((inner, ""));
        let repaired = [before, "::", after].concat();
        if after.is_empty() { inner.parse::<std::net::Ipv6Addr>() } else { repaired.parse() }.ok()
    };
    match (address(a), address(b)) {
        (Some(a), Some(b)) => a == b,
        _ => a.eq_ignore_ascii_case(b),
    }
}

/// Whether both numbers of `tel` URIs are the same: visual separators do not count.
fn same_number(a: Option<&str>, b: Option<&str>) -> bool {
    let digits = |text: Option<&str>| -> Vec<u8> {
        let octets = text.unwrap_or("").bytes().filter(|b| !matches!(b, b'-' | b'.' | b'(' | b')'));
        octets.map(|b| b.to_ascii_lowercase()).collect()
    };
    digits(a) == digits(b)
}

/// Whether both texts say the same once percent escapes are undone.
fn same(a: &str, b: &str, any_case: bool) -> bool {
    compare(a, b, any_case) == Ordering::Equal
}

fn same_option(a: Option<&str>, b: Option<&str>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => same(a, b, false),
        (a, b) => a.is_none() == b.is_none(),
    }
}

/// Whether parameters or headers, with what they begin with, are not too many and all have names.
fn check(text: &str, between: u8) -> Result<(), HeaderError> {
    let mut count = 0;
    if text.len() == 1 {
        return Err(HeaderError::Uri);
    }
    for (name, _) in pairs(rest(text), between) {
        count += 1;
        if count > limits::PARAMETERS {
            return Err(HeaderError::TooManyParameters);
        }
        if name.is_empty() {
            return Err(HeaderError::Uri);
        }
    }
    Ok(())
}

fn pairs(text: &str, between: u8) -> impl Iterator<Item = (&str, Option<&str>)> {
    let mut left = Some(text).filter(|text| !text.is_empty());
    std::iter::from_fn(move || {
        let text = left?;
        let (pair, after) = cut(text, find(text, between));
        left = if after.is_empty() { None } else { Some(rest(after)) };
        let (name, value) = cut(pair, find(pair, b'='));
        Some((name, if value.is_empty() { None } else { Some(rest(value)) }))
    })
}

/// Reads `host`, `host:port`, `[IPv6]` or `[IPv6]:port`.
pub(super) fn host_and_port(text: &str) -> Result<(&str, Option<u16>), HeaderError> {
    let (host, port) = if text.starts_with('[') {
        let end = text.bytes().position(|b| b == b']').ok_or(HeaderError::Uri)?;
        let (host, port) = cut(text, end + 1);
        let inner = host.trim_matches(['[', ']']);
        if !IPV6.has_all(inner) || find(inner, b':') == inner.len() {
            return Err(HeaderError::Uri);
        }
        (host, port)
    } else {
        let (host, port) = cut(text, find(text, b':'));
        if host.is_empty() || !HOST.has_all(host) {
            return Err(HeaderError::Uri);
        }
        (host, port)
    };
    if port.is_empty() {
        return Ok((host, None));
    }
    let port = port.strip_prefix(':').ok_or(HeaderError::Uri)?;
    Ok((host, Some(number(port).map_err(|_| HeaderError::Uri)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn uri(text: &str) -> Uri<'_> {
        Uri::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"))
    }

    /// RFC 3261 19.1.1
    #[test]
    fn a_sip_uri_is_read_into_its_parts() {
        let uri = uri("sips:alice.smith:secret@example.com:5061;transport=ws;lr?Subject=a%20b&Replaces=x");
        assert_eq!(
            (uri.scheme(), uri.user(), uri.host(), uri.port()),
            ("sips", Some("alice.smith"), "example.com", Some(5061))
        );
        assert_eq!(uri.param("TRANSPORT"), Some(Some("ws")));
        assert_eq!(uri.param("lr"), Some(None));
        assert_eq!(uri.param("gr"), None);
        assert_eq!(uri.headers().collect::<Vec<_>>(), [("Subject", "a%20b"), ("Replaces", "x")]);
    }

    /// RFC 3261 19.1.1, 25.1
    #[test]
    fn the_user_part_may_hold_what_elsewhere_separates() {
        let uri = uri(
            "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@example.com",
        );
        assert_eq!(uri.user(), Some("1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*"));
        assert_eq!(uri.host(), "example.com");
        assert_eq!(
            super::Uri::parse("sip:user;par=u%40example.net@example.com").unwrap().user_decoded().unwrap(),
            "user;par=u@example.net"
        );
    }

    #[test]
    fn parameter_values_are_kept_whole() {
        assert_eq!(uri("sip:a@b;gr=urn:uuid:f81d-x;y=1").param("gr"), Some(Some("urn:uuid:f81d-x")));
        assert_eq!(uri("sip:a@b;maddr=[::1];lr=on").param("maddr"), Some(Some("[::1]")));
    }

    /// RFC 3261 25.1
    /// RFC 5118 4.1, 4.2
    #[test]
    fn ipv6_references_need_brackets() {
        assert_eq!(uri("sip:[2001:db8::10]:5070").port(), Some(5070));
        assert_eq!(uri("sip:[2001:db8::10:5070]").host(), "[2001:db8::10:5070]");
        assert_eq!(uri("sip:a@[2001:db8:::192.0.2.1];lr").host(), "[2001:db8:::192.0.2.1]");
        assert!(Uri::parse("sip:2001:db8::10").is_err());
    }

    /// RFC 3261 25.1
    #[test]
    fn other_schemes_are_opaque() {
        let tel = uri("tel:+1-201-555-0123;phone-context=example.com");
        assert_eq!((tel.user(), tel.param("phone-context")), (Some("+1-201-555-0123"), Some(Some("example.com"))));
        assert_eq!(uri("urn:service:sos").host(), "service:sos");
        assert_eq!(uri("nobodyKnowsThisScheme:totallyopaquecontent").scheme(), "nobodyKnowsThisScheme");
    }

    #[test]
    fn what_is_no_uri_is_refused() {
        for bad in [
            "",
            "sip",
            "sip:",
            ":a",
            "1sip:a",
            "sip:@b",
            "sip:a@",
            "sip:a b@c",
            "<sip:a@b>",
            "sip:a@b:",
            "sip:a@b:x",
            "sip:a@b:65536",
            "sip:a@b c",
            "sip:a@[::1",
            "sip:a@[b]",
            "sip:a@b;;lr",
            "sip:a@b;",
            "sip:a@b@c",
            "sip:a@b\0",
            "tel:",
            "tel:;a=b",
            "sip:*",
            "sip:a@h/x",
        ] {
            assert!(Uri::parse(bad).is_err(), "{bad}");
        }
    }

    /// RFC 3261 19.1.4
    #[test]
    fn equality_follows_the_examples_of_the_rfc() {
        for (a, b) in [
            ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com;security=on"),
            ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;newparam=5"),
            (
                "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
                "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
            ),
            (
                "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
                "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
            ),
        ] {
            assert!(uri(a).same_as(&uri(b)) && uri(b).same_as(&uri(a)), "{a} {b}");
        }
        for (a, b) in [
            ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
            ("sip:bob@biloxi.com", "sips:bob@biloxi.com"),
            ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
            ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
            ("sip:alice@atlanta.com", "sip:atlanta.com"),
            ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
            ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
            ("sip:carol@chicago.com", "sips:carol@chicago.com"),
            ("sip:carol@chicago.com;method=INVITE", "sip:carol@chicago.com"),
            ("sip:carol@chicago.com;user=phone", "sip:carol@chicago.com"),
            ("sip:carol@chicago.com;ttl=1", "sip:carol@chicago.com"),
            ("sip:carol@chicago.com;maddr=a", "sip:carol@chicago.com"),
            ("sip:carol:one@chicago.com", "sip:carol:One@chicago.com"),
            ("sip:carol:@chicago.com", "sip:carol@chicago.com"),
            ("sip:carol@chicago.com:6000", "sip:carol@chicago.com:5060"),
            ("sip:c@chicago.com?a=1&a=1", "sip:c@chicago.com?a=1&a=2"),
            ("tel:1", "tel:2"),
        ] {
            assert!(!uri(a).same_as(&uri(b)) && !uri(b).same_as(&uri(a)), "{a} {b}");
        }
    }

    /// RFC 3261 19.1.4: equality is not transitive
    #[test]
    fn equality_that_is_not_transitive_is_so_in_the_rfc() {
        let (on, none, off) =
            ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com", "sip:carol@chicago.com;security=off");
        assert!(uri(on).same_as(&uri(none)) && uri(none).same_as(&uri(off)) && !uri(on).same_as(&uri(off)));
    }

    /// RFC 5954 4.2: IPv6 addresses compare by what they say
    #[test]
    fn addresses_are_the_same_however_they_are_written() {
        for (a, b) in [
            ("sip:[2001:db8::9:1]", "sip:[2001:DB8:0:0::9:0001]"),
            ("sip:[::ffff:192.0.2.10]", "sip:[::FFFF:c000:20a]"),
            ("sip:[2001:db8:::192.0.2.1]", "sip:[2001:db8::192.0.2.1]"),
        ] {
            assert!(uri(a).same_as(&uri(b)), "{a} {b}");
        }
        assert!(!uri("sip:[2001:db8::9:1]").same_as(&uri("sip:[2001:db8::9:2]")));
        assert!(!uri("sip:[::ffff:192.0.2.10]").same_as(&uri("sip:192.0.2.10")));
    }

    /// RFC 3966 4: visual separators and the order of parameters make no other number
    #[test]
    fn numbers_are_the_same_without_their_separators() {
        for (a, b) in [
            ("tel:+1-201-555-0123", "TEL:+1(201)555.0123"),
            ("tel:863-1234;phone-context=+1-914-555;x=1", "tel:8631234;X=1;phone-context=+1-914-555"),
        ] {
            assert!(uri(a).same_as(&uri(b)) && uri(b).same_as(&uri(a)), "{a} {b}");
        }
        for (a, b) in [("tel:+12015550123", "tel:12015550123"), ("tel:+1;ext=1", "tel:+1"), ("tel:1;x=a", "tel:1;x=b")]
        {
            assert!(!uri(a).same_as(&uri(b)) && !uri(b).same_as(&uri(a)), "{a} {b}");
        }
    }

    #[test]
    fn a_parameter_that_stands_twice_counts_once() {
        let twice = uri("sip:a@b;x=1;x=2");
        assert!(twice.same_as(&twice) && twice.same_as(&uri("sip:a@b;x=1")) && !twice.same_as(&uri("sip:a@b;x=2")));
    }

    /// RFC 3261 19.1.1: the headers of a URI can be asked for and left out
    #[test]
    fn headers_can_be_asked_for_and_left_out() {
        let uri = uri("sip:a?b@c;d?Subject=a%20b&%53ubject=x&Replaces=");
        assert_eq!(uri.as_str(), "sip:a?b@c;d?Subject=a%20b&%53ubject=x&Replaces=");
        assert_eq!(uri.without_headers(), "sip:a?b@c;d");
        assert_eq!((uri.header("subject").unwrap(), uri.header("replaces").unwrap()), ("a b".into(), "".into()));
        assert_eq!(uri.header("To"), None);
    }
}
