//! Challenges and credentials: a scheme and its parameters, quoted strings and all.

use std::borrow::Cow;

use crate::common::limits;

use super::HeaderError;
use super::params::is_doubled;
use super::text::{closing_quote, cut, find, is_token, rest, split_list, trim, unquote};

/// One challenge or one set of credentials, borrowed from its header line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthParams<'a> {
    /// The scheme as written: `Digest`, `Bearer`. Empty for Authentication-Info, which has none.
    pub scheme: &'a str,
    /// Names and values as written, quotation marks and all.
    params: Vec<(&'a str, &'a str)>,
}

impl<'a> AuthParams<'a> {
    /// What a parameter says, without quotation marks and backslashes.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Cow<'a, str>> {
        self.params.iter().find(|(written, _)| written.eq_ignore_ascii_case(name)).map(|(_, value)| unquote(value))
    }

    /// Names and values as written.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.params.iter().copied()
    }
}

/// Reads the value of one WWW-Authenticate, Proxy-Authenticate, Authorization or Authentication-Info line. There
/// may be several challenges in one line: each begins with a scheme and a blank before its first parameter.
///
/// # Errors
/// What breaks the grammar, too many parameters, or one twice that decides who is answered, and how.
pub fn challenges(text: &str) -> Result<Vec<AuthParams<'_>>, HeaderError> {
    let mut all: Vec<AuthParams<'_>> = Vec::new();
    let (mut count, mut seen) = (0, 0);
    for element in split_list(text) {
        count += 1;
        if count > limits::PARAMETERS {
            return Err(HeaderError::TooManyParameters);
        }
        let (name, value) = cut(element, find(element, b'='));
        let name = trim(name);
        // A blank inside what comes before the equals sign: a scheme begins.
        let (scheme, name) = match name.bytes().position(|b| matches!(b, b' ' | b'\t')) {
            Some(blank) => {
                let (scheme, name) = cut(name, blank);
                (Some(scheme), trim(name))
            }
            None if value.is_empty() => (Some(name), ""),
            None => (None, name),
        };
        if scheme.is_some() {
            seen = 0;
        }
        if is_doubled(&mut seen, name, &["realm", "nonce", "nextnonce", "algorithm", "qop"]) {
            return Err(HeaderError::Syntax);
        }
        if let Some(scheme) = scheme {
            if !is_token(scheme) {
                return Err(HeaderError::Syntax);
            }
            all.push(AuthParams { scheme, params: Vec::new() });
        } else if all.is_empty() {
            all.push(AuthParams { scheme: "", params: Vec::new() });
        }
        let Some(last) = all.last_mut() else { return Err(HeaderError::Syntax) };
        if name.is_empty() && value.is_empty() {
            continue;
        }
        // Credentials of schemes like Bearer and Basic are one word that may end in equals signs.
        let word = is_word(name) && value.bytes().all(|b| b == b'=') && scheme.is_some();
        if !word {
            check(name, trim(rest(value)))?;
        }
        last.params.push((name, if word { "" } else { trim(rest(value)) }));
    }
    if all.is_empty() { Err(HeaderError::Syntax) } else { Ok(all) }
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~' | b'+' | b'/'))
}

fn check(name: &str, value: &str) -> Result<(), HeaderError> {
    if !is_token(name) {
        return Err(HeaderError::Syntax);
    }
    if value.starts_with('"') {
        let end = closing_quote(value).ok_or(HeaderError::Unclosed)?;
        return if end + 1 == value.len() { Ok(()) } else { Err(HeaderError::Syntax) };
    }
    if value.is_empty() || value.bytes().any(|b| b <= b' ' || matches!(b, b'"' | 0x7f)) {
        return Err(HeaderError::Syntax);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7235 2.1: a parameter comes once in a challenge.
    #[test]
    fn a_challenge_that_names_two_realms_is_none() {
        assert!(challenges(r#"Digest realm="a", nonce="n", REALM="b""#).is_err());
        assert!(challenges(r#"Digest realm="a", nonce="n", nonce="m""#).is_err());
        assert_eq!(challenges(r#"Digest realm="a", nonce="n", Digest realm="a", nonce="m""#).unwrap().len(), 2);
    }

    #[test]
    fn quoted_commas_and_escapes_stay_in_their_value() {
        let text = r#"Digest realm="a, \"b\"" , nonce = "n=1==",qop="auth,auth-int", algorithm=SHA-256, stale=FALSE"#;
        let all = challenges(text).unwrap();
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].scheme, "Digest");
        assert_eq!(all[0].get("REALM").unwrap(), "a, \"b\"");
        assert_eq!(all[0].get("nonce").unwrap(), "n=1==");
        assert_eq!(all[0].get("qop").unwrap(), "auth,auth-int");
        assert_eq!(all[0].get("algorithm").unwrap(), "SHA-256");
        assert_eq!(all[0].get("opaque"), None);
        assert_eq!(all[0].iter().count(), 5);
    }

    /// RFC 7235 4.1
    #[test]
    fn one_line_may_hold_several_challenges() {
        let all = challenges(r#"Negotiate, Digest realm="a", nonce="1", Bearer error="x", Digest realm="b",nonce="2""#)
            .unwrap();
        assert_eq!(all.iter().map(|c| c.scheme).collect::<Vec<_>>(), ["Negotiate", "Digest", "Bearer", "Digest"]);
        assert_eq!(all[3].get("realm").unwrap(), "b");
    }

    #[test]
    fn other_schemes_and_bare_parameters_are_read() {
        assert_eq!(challenges("NoOneKnowsThisScheme opaque-data=here").unwrap()[0].get("opaque-data").unwrap(), "here");
        assert_eq!(challenges("Bearer abc/def==").unwrap()[0].scheme, "Bearer");
        assert_eq!(challenges("nextnonce=\"x\", nc=00000001").unwrap()[0].get("nextnonce").unwrap(), "x");
    }

    #[test]
    fn what_breaks_the_grammar_is_refused() {
        for bad in
            ["", "Digest realm=\"a", "Digest realm=\"a\"b", "Digest a=1,realm=", "Dig@st realm=a", "Digest realm=a b"]
        {
            assert!(challenges(bad).is_err(), "{bad}");
        }
        let many = String::from("Digest a=1") + &",a=1".repeat(limits::PARAMETERS);
        assert_eq!(challenges(&many), Err(HeaderError::TooManyParameters));
    }
}
