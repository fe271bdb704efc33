//! Challenges: what of them can be answered.

use std::borrow::Cow;

use super::digest::{Algorithm, MD5, Qop};
use crate::common::limits::CHALLENGES;
use crate::message::{self, AuthParams};

/// A challenge that can be answered as far as its form goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Challenge {
    pub(super) realm: String,
    pub(super) scheme: Scheme,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scheme {
    Digest(Digest),
    Bearer { authz_server: Option<String>, scope: Option<String> },
}

/// What a digest challenge says (RFC 7616 section 3.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Digest {
    pub(super) nonce: String,
    pub(super) opaque: Option<String>,
    /// `None`: one that is not supported.
    pub(super) algorithm: Option<Algorithm>,
    /// Whether the challenge named its algorithm, so that the answer does too.
    pub(super) algorithm_named: bool,
    /// What the answer uses: `auth` wherever it is offered.
    pub(super) qop: Qop,
    pub(super) stale: bool,
    /// Whether the user's name goes out hashed.
    pub(super) userhash: bool,
    /// Whether the server says that it reads UTF-8 and `username*`.
    pub(super) utf8: bool,
}

impl Challenge {
    /// Reads a challenge; `None` where it is of another scheme, lacks what every one must have, or says it twice.
    pub(super) fn read(challenge: &AuthParams<'_>) -> Option<Self> {
        let once = |name| challenge.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name)).count() < 2;
        let text = |name| challenge.get(name).map(Cow::into_owned);
        let is = |name, value: &str| challenge.get(name).is_some_and(|said| said.eq_ignore_ascii_case(value));
        if !once("realm") {
            return None;
        }
        let realm = text("realm")?;
        if challenge.scheme.eq_ignore_ascii_case("Bearer") {
            // RFC 8898 section 4.
            let scheme = Scheme::Bearer { authz_server: text("authz_server"), scope: text("scope") };
            return Some(Self { realm, scheme });
        }
        let whole = ["nonce", "algorithm", "qop"].into_iter().all(once);
        if !whole || !challenge.scheme.eq_ignore_ascii_case("Digest") {
            return None;
        }
        let named = challenge.get("algorithm");
        let mut algorithm = named.as_deref().map_or(Some(MD5), Algorithm::parse);
        let qop = challenge.get("qop").and_then(|list| qop_of(&list)).unwrap_or_else(|| {
            // Only forms of protection that are not supported, if any.
            algorithm = algorithm.filter(|_| challenge.get("qop").is_none());
            Qop::None
        });
        let scheme = Scheme::Digest(Digest {
            nonce: text("nonce")?,
            opaque: text("opaque"),
            algorithm,
            algorithm_named: named.is_some(),
            qop,
            stale: is("stale", "true"),
            userhash: is("userhash", "true"),
            utf8: is("charset", "UTF-8"),
        });
        Some(Self { realm, scheme })
    }
}

/// The best of a list of qop values; `None` where none of them is supported.
fn qop_of(list: &str) -> Option<Qop> {
    let options = || list.split(',').map(str::trim).filter(|option| !option.is_empty());
    let has = |name: &str| options().any(|option| option.eq_ignore_ascii_case(name));
    if has("auth") {
        Some(Qop::Auth)
    } else if has("auth-int") {
        Some(Qop::AuthInt)
    } else if options().next().is_none() {
        Some(Qop::None)
    } else {
        None
    }
}

/// All challenges of these header lines that can be answered, in their order; at most [`CHALLENGES`]. A line that
/// cannot be read is passed over.
pub(super) fn challenges<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<Challenge> {
    let mut found = Vec::new();
    for challenge in lines.filter_map(|line| message::challenges(line).ok()).flatten() {
        if found.len() < CHALLENGES {
            found.extend(Challenge::read(&challenge));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::DigestAlgorithm;

    fn read(line: &str) -> Vec<Challenge> {
        challenges(std::iter::once(line))
    }

    fn digest(line: &str) -> Digest {
        match read(line).remove(0).scheme {
            Scheme::Digest(digest) => digest,
            Scheme::Bearer { .. } => panic!("no digest"),
        }
    }

    /// RFC 7616 3.3
    #[test]
    fn a_plain_challenge_is_md5_without_qop() {
        let expected = Digest {
            nonce: "abc=".into(),
            opaque: None,
            algorithm: Some(MD5),
            algorithm_named: false,
            qop: Qop::None,
            stale: false,
            userhash: false,
            utf8: false,
        };
        assert_eq!(digest(r#"Digest realm="lab.example", nonce="abc=""#), expected);
    }

    /// RFC 7616 3.3
    #[test]
    fn blanks_case_and_quotes_around_tokens_do_not_matter() {
        let line = "dIGEST  REALM = \"a\" ,nonce=\"n\",,Algorithm=\"sha-256\", QOP=auth , stale=TRUE,Charset=utf-8, UserHash=True";
        let challenge = digest(line);
        assert_eq!(challenge.algorithm, Some(Algorithm { hash: DigestAlgorithm::Sha256, session: false }));
        assert_eq!(challenge.qop, Qop::Auth);
        assert!(challenge.stale && challenge.algorithm_named && challenge.userhash && challenge.utf8);
    }

    /// RFC 7616 3.3: auth wherever it is offered, auth-int where it stands alone.
    #[test]
    fn of_a_list_of_qop_values_auth_is_chosen() {
        let qop = |qop: &str| {
            let challenge = digest(&format!(r#"Digest realm="a", nonce="n", qop="{qop}""#));
            (challenge.algorithm.is_some(), challenge.qop)
        };
        assert_eq!(qop("auth,auth-int"), (true, Qop::Auth));
        assert_eq!(qop("auth-int, Auth"), (true, Qop::Auth));
        assert_eq!(qop("auth-int"), (true, Qop::AuthInt));
        assert_eq!(qop("x, auth-int"), (true, Qop::AuthInt));
        assert_eq!(qop("x"), (false, Qop::None));
        assert_eq!(qop(""), (true, Qop::None));
    }

    /// RFC 8760 2.1
    #[test]
    fn algorithms_that_are_not_supported_are_no_md5() {
        for algorithm in ["SHA-512", "SHA-1", "AKAv1-MD5", "token"] {
            assert_eq!(digest(&format!(r#"Digest realm="a", nonce="n", algorithm={algorithm}"#)).algorithm, None);
        }
    }

    /// RFC 8760 2.4
    #[test]
    fn several_challenges_in_one_line_or_in_several_keep_their_order() {
        let one = r#"Basic realm="x", Digest realm="a", nonce="1", algorithm=SHA-256, Digest realm="a", nonce="2""#;
        let two = r#"Digest nonce="3", realm="b""#;
        let all = challenges([one, two].into_iter()).into_iter();
        let nonces: Vec<_> = all
            .map(|c| match c.scheme {
                Scheme::Digest(digest) => digest.nonce,
                Scheme::Bearer { .. } => String::new(),
            })
            .collect();
        assert_eq!(nonces, ["1", "2", "3"]);
    }

    /// RFC 8898 4
    #[test]
    fn a_bearer_challenge_says_where_tokens_can_be_had() {
        let line = r#"Bearer realm="a", scope="sip call", authz_server="https://id.example/", error="invalid_token""#;
        let scheme =
            Scheme::Bearer { authz_server: Some("https://id.example/".into()), scope: Some("sip call".into()) };
        assert_eq!(read(line), [Challenge { realm: "a".into(), scheme }]);
        assert_eq!(read("Bearer scope=\"x\""), []);
    }

    /// RFC 3261 25.1: a quoted string is one value, whatever is in it.
    #[test]
    fn commas_and_equal_signs_in_quotes_end_nothing() {
        let line = r#"Digest realm="a, Digest nonce=\"x\"", nonce="1\\2", opaque="=""#;
        assert_eq!(read(line)[0].realm, r#"a, Digest nonce="x""#);
        assert_eq!(digest(line).nonce, r"1\2");
        assert_eq!(digest(line).opaque.as_deref(), Some("="));
    }

    #[test]
    fn other_schemes_with_credentials_of_their_own_form_are_passed_over() {
        assert_eq!(read("Negotiate YWJj==, Digest realm=\"a\", nonce=\"n\"").len(), 1);
    }

    #[test]
    fn broken_challenges_are_dropped() {
        for line in [
            "",
            "Digest",
            "Digest realm=\"a\"",
            "Digest nonce=\"n\"",
            "Digest realm=\"a, nonce=\"n\"",
            "Digest realm=\"a\", nonce=\"n",
            "Digest realm=\"a\", nonce=\"n\\",
            "Digest realm=\"a\", nonce=\"n\", nonce=\"m\"",
            "Digest realm=\"a\", nonce=\"n\", qop=\"auth\", qop=\"auth-int\"",
            "Digest realm=\"a\", nonce=\"n\", =x",
            "Digest realm=\"a\", nonce=\"n\" ;x",
            "Bearer realm=\"a\", realm=\"b\"",
            "realm=\"a\", nonce=\"n\"",
            "=",
            "\"",
        ] {
            assert_eq!(read(line), [], "{line}");
        }
    }

    #[test]
    fn a_broken_line_leaves_the_others_readable() {
        let lines = ["Digest realm=\"a", "Digest realm=\"b\", nonce=\"n\""];
        assert_eq!(challenges(lines.into_iter()).len(), 1);
    }

    #[test]
    fn more_challenges_than_the_limit_do_not_count() {
        let line = "Digest realm=\"a\", nonce=\"n\"";
        assert_eq!(challenges(std::iter::repeat_n(line, CHALLENGES + 5)).len(), CHALLENGES);
    }
}
