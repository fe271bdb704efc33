//! Digest challenges: what of them can be answered.

use std::borrow::Cow;

use super::digest::Algorithm;
use crate::common::limits::CHALLENGES;
use crate::message::{self, AuthParams};

/// A digest challenge that can be answered as far as its form goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Challenge {
    pub(super) realm: String,
    pub(super) nonce: String,
    pub(super) opaque: Option<String>,
    /// `None`: one that is not supported.
    pub(super) algorithm: Option<Algorithm>,
    /// Whether the challenge named its algorithm, so that the answer does too.
    pub(super) algorithm_named: bool,
    /// Whether the answer uses `qop=auth`.
    pub(super) qop_auth: bool,
    pub(super) stale: bool,
}

impl Challenge {
    /// Reads a challenge; `None` where it is no digest challenge, lacks what every one must have, or says it twice.
    fn read(challenge: &AuthParams<'_>) -> Option<Self> {
        if !challenge.scheme.eq_ignore_ascii_case("Digest") {
            return None;
        }
        let once = |name| challenge.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name)).count() < 2;
        if !once("realm") || !once("nonce") || !once("algorithm") || !once("qop") {
            return None;
        }
        let named = challenge.get("algorithm");
        let mut algorithm = named.as_deref().map_or(Some(Algorithm::Md5), Algorithm::parse);
        let qop_auth = match challenge.get("qop") {
            None => false,
            Some(list) => {
                let mut options = list.split(',').map(str::trim).filter(|option| !option.is_empty()).peekable();
                let some = options.peek().is_some();
                let auth = options.any(|option| option.eq_ignore_ascii_case("auth"));
                if some && !auth {
                    // Only forms of protection that are not supported.
                    algorithm = None;
                }
                auth
            }
        };
        Some(Self {
            realm: challenge.get("realm")?.into_owned(),
            nonce: challenge.get("nonce")?.into_owned(),
            opaque: challenge.get("opaque").map(Cow::into_owned),
            algorithm,
            algorithm_named: named.is_some(),
            qop_auth,
            stale: challenge.get("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true")),
        })
    }
}

/// All digest challenges of these header lines, in their order; at most [`CHALLENGES`]. A line that cannot be read is
/// passed over.
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

    fn read(line: &str) -> Vec<Challenge> {
        challenges(std::iter::once(line))
    }

    #[test]
    fn a_plain_challenge_is_md5_without_qop() {
        let expected = Challenge {
            realm: "lab.example".into(),
            nonce: "abc=".into(),
            opaque: None,
            algorithm: Some(Algorithm::Md5),
            algorithm_named: false,
            qop_auth: false,
            stale: false,
        };
        assert_eq!(read(r#"Digest realm="lab.example", nonce="abc=""#), [expected]);
    }

    #[test]
    fn blanks_case_and_quotes_around_tokens_do_not_matter() {
        let challenge = &read("dIGEST  REALM = \"a\" ,nonce=\"n\",,Algorithm=\"sha-256\", QOP=auth , stale=TRUE")[0];
        assert_eq!(challenge.algorithm, Some(Algorithm::Sha256));
        assert!(challenge.qop_auth && challenge.stale && challenge.algorithm_named);
    }

    #[test]
    fn a_list_of_qop_values_gives_auth_and_auth_int_alone_gives_nothing() {
        let qop = |qop: &str| {
            let challenge = read(&format!(r#"Digest realm="a", nonce="n", qop="{qop}""#)).remove(0);
            (challenge.algorithm.is_some(), challenge.qop_auth)
        };
        assert_eq!(qop("auth,auth-int"), (true, true));
        assert_eq!(qop("auth-int, auth"), (true, true));
        assert_eq!(qop("auth-int"), (false, false));
        assert_eq!(qop(""), (true, false));
    }

    /// RFC 7616 3.3
    #[test]
    fn algorithms_that_are_not_supported_are_no_md5() {
        for algorithm in ["MD5-sess", "SHA-256-sess", "SHA-512-256", "token"] {
            let line = format!(r#"Digest realm="a", nonce="n", algorithm={algorithm}"#);
            assert_eq!(read(&line)[0].algorithm, None, "{algorithm}");
        }
    }

    /// RFC 8760 2.3
    #[test]
    fn several_challenges_in_one_line_or_in_several_keep_their_order() {
        let one = r#"Basic realm="x", Digest realm="a", nonce="1", algorithm=SHA-256, Digest realm="a", nonce="2""#;
        let two = r#"Digest nonce="3", realm="b""#;
        let nonces: Vec<_> = challenges([one, two].into_iter()).into_iter().map(|c| c.nonce).collect();
        assert_eq!(nonces, ["1", "2", "3"]);
    }

    #[test]
    fn commas_and_equal_signs_in_quotes_end_nothing() {
        let challenge = &read(r#"Digest realm="a, Digest nonce=\"x\"", nonce="1\\2", opaque="=""#)[0];
        assert_eq!(challenge.realm, r#"a, Digest nonce="x""#);
        assert_eq!(challenge.nonce, r"1\2");
        assert_eq!(challenge.opaque.as_deref(), Some("="));
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
