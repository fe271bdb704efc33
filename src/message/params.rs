//! Header parameters: `;name=value`, the value a token, a host or a quoted string.

use std::borrow::Cow;

use crate::common::limits;

use super::HeaderError;
use super::text::{NOT_TOKEN, Set, closing_quote, cut, find, is_token, number, trim, trim_start, unquote};

/// Parameters that decide what a message is about, and so must not come twice in one value (RFC 3261 section 7.3.1): whom
/// to believe, the first or the second, is a question that another reader may answer otherwise. Of other parameters the
/// first counts, or the least.
const DECISIVE: [&str; 10] =
    ["tag", "branch", "reg-id", "+sip.instance", "pub-gruu", "refresher", "id", "reason", "boundary", "handling"];

/// Whether a name has been seen before; only for a few names that are listed.
pub(super) fn is_doubled(seen: &mut u32, name: &str, names: &[&str]) -> bool {
    let Some(index) = names.iter().position(|known| known.eq_ignore_ascii_case(name)) else { return false };
    let bit = 1 << index;
    let doubled = *seen & bit != 0;
    *seen |= bit;
    doubled
}

/// The parameters behind a header value, checked once and read when asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Params<'a> {
    text: &'a str,
}

/// One parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Param<'a> {
    /// The name as written; names compare without regard to case.
    pub name: &'a str,
    /// The value as written, quotation marks and all.
    pub raw: Option<&'a str>,
}

impl<'a> Param<'a> {
    /// What the value says: a quoted string without its quotation marks and backslashes.
    #[must_use]
    pub fn value(&self) -> Option<Cow<'a, str>> {
        self.raw.map(unquote)
    }
}

impl<'a> Params<'a> {
    /// Reads what follows a value: nothing, or parameters that each begin with a semicolon.
    ///
    /// # Errors
    /// What breaks the grammar, too many parameters, or one twice that decides what the message is about.
    pub fn parse(text: &'a str) -> Result<Self, HeaderError> {
        let text = trim_start(text);
        if text.is_empty() || text.starts_with(';') { Self::parse_bare(text) } else { Err(HeaderError::Syntax) }
    }

    /// The same where the first semicolon may be missing.
    pub(super) fn parse_bare(text: &'a str) -> Result<Self, HeaderError> {
        let text = trim(text);
        let mut left = text;
        let (mut count, mut seen) = (0, 0);
        while !left.is_empty() {
            let (param, after) = next(left)?;
            left = after;
            if is_doubled(&mut seen, param.name, &DECISIVE) {
                return Err(HeaderError::Syntax);
            }
            count += 1;
            if count > limits::PARAMETERS {
                return Err(HeaderError::TooManyParameters);
            }
        }
        Ok(Self { text })
    }

    /// The parameters in order.
    pub fn iter(&self) -> impl Iterator<Item = Param<'a>> + use<'a> {
        let mut left = self.text;
        std::iter::from_fn(move || {
            let (param, after) = next(left).ok()?;
            left = after;
            Some(param)
        })
    }

    /// The first parameter of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Param<'a>> {
        self.iter().find(|param| param.name.eq_ignore_ascii_case(name))
    }

    /// The value of the first parameter of this name, as written; `None` also where it has none.
    #[must_use]
    pub fn raw(&self, name: &str) -> Option<&'a str> {
        self.get(name)?.raw
    }

    /// The least number of those that this parameter names, if it comes more than once: to take a time for too short does no
    /// harm.
    pub(super) fn least(&self, name: &str) -> Option<u32> {
        let named = self.iter().filter(|param| param.name.eq_ignore_ascii_case(name));
        named.filter_map(|param| number(param.value()?.as_ref()).ok()).min()
    }

    /// The parameters as written, with the first semicolon.
    #[must_use]
    pub const fn as_str(&self) -> &'a str {
        self.text
    }
}

/// What stands before the first semicolon, trimmed, and the parameters that begin there.
pub(super) fn value_and_params(text: &str) -> Result<(&str, Params<'_>), HeaderError> {
    let (value, params) = cut(text, find(text, b';'));
    Ok((trim(value), Params::parse(params)?))
}

/// A token and the parameters behind it.
pub(super) fn token_and_params(text: &str) -> Result<(&str, Params<'_>), HeaderError> {
    let (token, params) = value_and_params(text)?;
    if is_token(token) { Ok((token, params)) } else { Err(HeaderError::Syntax) }
}

/// Values are tokens and hosts by the grammar; colons and brackets come bare in `received`, and more than that
/// in the field. What would end the parameter or the value is refused.
const NOT_VALUE: Set = Set::new("\",;<>\\").and_controls();

/// Reads the parameter at the start of `text`, behind its semicolon, and what follows it.
fn next(text: &str) -> Result<(Param<'_>, &str), HeaderError> {
    let text = trim_start(text.strip_prefix(';').unwrap_or(text));
    let (name, after) = cut(text, NOT_TOKEN.find(text));
    if name.is_empty() {
        return Err(HeaderError::Syntax);
    }
    let mut after = trim_start(after);
    let mut raw = None;
    if let Some(value) = after.strip_prefix('=') {
        let value = trim_start(value);
        let end = if value.starts_with('"') {
            closing_quote(value).ok_or(HeaderError::Unclosed)? + 1
        } else {
            NOT_VALUE.find(value)
        };
        let (value, rest) = cut(value, end);
        raw = Some(value);
        after = trim_start(rest);
    }
    if after.is_empty() || after.starts_with(';') { Ok((Param { name, raw }, after)) } else { Err(HeaderError::Syntax) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3261 7.3.1
    #[test]
    fn blanks_around_semicolon_and_equals_sign_do_not_count() {
        let params = Params::parse(" ; newparam =   newvalue ;  secondparam ; q = 0.33").unwrap();
        let read: Vec<_> = params.iter().map(|p| (p.name, p.raw)).collect();
        assert_eq!(read, [("newparam", Some("newvalue")), ("secondparam", None), ("q", Some("0.33"))]);
    }

    /// RFC 3261 25.1
    #[test]
    fn quoted_values_hold_anything() {
        let params = Params::parse(r#";+sip.instance="<urn:uuid:1;2>";methods="A,\"B\"";tag=a/b"#).unwrap();
        assert_eq!(params.get("+SIP.Instance").unwrap().value().unwrap(), "<urn:uuid:1;2>");
        assert_eq!(params.get("methods").unwrap().value().unwrap(), "A,\"B\"");
        assert_eq!(params.get("tag").unwrap().value().unwrap(), "a/b");
        assert_eq!(params.get("none"), None);
    }

    #[test]
    fn addresses_come_with_and_without_brackets() {
        let params = Params::parse(";received=2001:db8::9:255;x=[2001:db8::9]").unwrap();
        assert_eq!(params.get("received").unwrap().raw, Some("2001:db8::9:255"));
        assert_eq!(params.get("x").unwrap().raw, Some("[2001:db8::9]"));
    }

    #[test]
    fn what_breaks_the_grammar_is_refused() {
        for bad in ["a=b", ";", ";a;", ";;a", ";a b", ";a=b c", ";a=\"b", ";a=\"b\"c", ";=b", ";a=b,c", ";a=<b>"] {
            assert!(Params::parse(bad).is_err(), "{bad}");
        }
    }

    /// RFC 3261 7.3.1: what decides what a message is about comes once; of a time the least counts; of the rest the first.
    #[test]
    fn a_parameter_that_decides_comes_once() {
        for name in DECISIVE {
            let twice = format!(";{name}=a;x;{}=b", name.to_uppercase());
            assert_eq!(Params::parse(&twice), Err(HeaderError::Syntax), "{twice}");
            assert!(Params::parse(&format!(";{name}=a;x")).is_ok());
        }
        let times = Params::parse(";expires=60;a=1;Expires=\"30\";expires=x;a=2").unwrap();
        assert_eq!((times.least("expires"), times.raw("a")), (Some(30), Some("1")));
        assert_eq!(times.least("none"), None);
    }

    #[test]
    fn there_is_a_limit() {
        assert!(Params::parse(&";a".repeat(limits::PARAMETERS)).is_ok());
        assert_eq!(Params::parse(&";a".repeat(limits::PARAMETERS + 1)), Err(HeaderError::TooManyParameters));
    }
}
