//! The digest itself: hash functions and the response to a challenge (RFC 7616 section 3.4).

use md5::{Digest, Md5};
use sha2::{Sha256, Sha512_256};

use crate::io::DigestAlgorithm;

/// The `algorithm` of a challenge: a hash function, and whether its A1 is made once for a whole session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Algorithm {
    pub(super) hash: DigestAlgorithm,
    pub(super) session: bool,
}

/// What challenges without an `algorithm` mean.
pub(super) const MD5: Algorithm = Algorithm { hash: DigestAlgorithm::Md5, session: false };

const SESSION: &str = "-sess";

impl Algorithm {
    /// Reads the `algorithm` parameter; `None`: not supported.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let all = [DigestAlgorithm::Md5, DigestAlgorithm::Sha256, DigestAlgorithm::Sha512_256];
        all.into_iter().find_map(|hash| {
            let name = hash.name();
            let start = text.get(..name.len())?;
            let end = text.get(name.len()..)?;
            let session = end.eq_ignore_ascii_case(SESSION);
            (start.eq_ignore_ascii_case(name) && (session || end.is_empty())).then_some(Self { hash, session })
        })
    }

    pub(super) fn name(self) -> String {
        [self.hash.name(), if self.session { SESSION } else { "" }].concat()
    }

    /// `H(a ":" b ":" …)` in lower-case hex.
    pub(super) fn hash(self, parts: &[&str]) -> String {
        hash(self.hash, parts)
    }
}

/// `H(a ":" b ":" …)` in lower-case hex.
pub(super) fn hash(algorithm: DigestAlgorithm, parts: &[&str]) -> String {
    let parts = parts.iter().map(|part| part.as_bytes());
    match algorithm {
        DigestAlgorithm::Md5 => hash_with::<Md5>(parts),
        DigestAlgorithm::Sha256 => hash_with::<Sha256>(parts),
        DigestAlgorithm::Sha512_256 => hash_with::<Sha512_256>(parts),
    }
}

fn hash_with<'a, D: Digest>(parts: impl Iterator<Item = &'a [u8]>) -> String {
    let mut hasher = D::new();
    for (index, part) in parts.enumerate() {
        if index > 0 {
            hasher.update(b":");
        }
        hasher.update(part);
    }
    let mut text = String::with_capacity(64);
    for byte in hasher.finalize() {
        push_hex(&mut text, u32::from(byte), 2);
    }
    text
}

/// Appends `value` in lower-case hex with `digits` digits.
fn push_hex(text: &mut String, value: u32, digits: u32) {
    for position in (0..digits).rev() {
        text.push(char::from_digit((value >> (4 * position)) & 15, 16).unwrap_or('0'));
    }
}

/// The nonce count as it goes on the wire: eight hex digits.
pub(super) fn nonce_count(count: u32) -> String {
    let mut text = String::with_capacity(8);
    push_hex(&mut text, count, 8);
    text
}

/// Quality of protection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Qop {
    /// None, as before RFC 2617.
    None,
    /// Method and URI are protected.
    Auth,
    /// The body as well.
    AuthInt,
}

impl Qop {
    /// The value on the wire; `None` where the parameter is left out.
    pub(super) const fn name(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Auth => Some("auth"),
            Self::AuthInt => Some("auth-int"),
        }
    }
}

/// Everything that a digest is made from but the message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Protection<'a> {
    pub(super) algorithm: Algorithm,
    /// `H(username:realm:password)`.
    pub(super) ha1: &'a str,
    pub(super) nonce: &'a str,
    pub(super) qop: Qop,
    /// How often the nonce has been used, this time included, as it goes on the wire.
    pub(super) count: &'a str,
    /// The client's own nonce.
    pub(super) cnonce: &'a str,
    /// For the `-sess` algorithms: the nonces of both sides that the session began with.
    pub(super) began_with: (&'a str, &'a str),
}

impl Protection<'_> {
    /// The digest over a message. Its method is empty for `rspauth` (RFC 7616 section 3.5).
    pub(super) fn digest(&self, method: &str, uri: &str, body: &[u8]) -> String {
        let algorithm = self.algorithm;
        let session;
        let ha1 = if algorithm.session {
            session = algorithm.hash(&[self.ha1, self.began_with.0, self.began_with.1]);
            &session
        } else {
            self.ha1
        };
        let ha2 = if self.qop == Qop::AuthInt {
            algorithm.hash(&[method, uri, &body_hash(algorithm.hash, body)])
        } else {
            algorithm.hash(&[method, uri])
        };
        match self.qop.name() {
            Some(qop) => algorithm.hash(&[ha1, self.nonce, self.count, self.cnonce, qop, &ha2]),
            None => algorithm.hash(&[ha1, self.nonce, &ha2]),
        }
    }
}

fn body_hash(algorithm: DigestAlgorithm, body: &[u8]) -> String {
    let body = std::iter::once(body);
    match algorithm {
        DigestAlgorithm::Md5 => hash_with::<Md5>(body),
        DigestAlgorithm::Sha256 => hash_with::<Sha256>(body),
        DigestAlgorithm::Sha512_256 => hash_with::<Sha512_256>(body),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [DigestAlgorithm; 3] = [DigestAlgorithm::Md5, DigestAlgorithm::Sha256, DigestAlgorithm::Sha512_256];

    fn protection<'a>(algorithm: Algorithm, ha1: &'a str, nonce: &'a str, cnonce: &'a str) -> Protection<'a> {
        let (qop, count) = (Qop::Auth, "00000001");
        Protection { algorithm, ha1, nonce, qop, count, cnonce, began_with: (nonce, cnonce) }
    }

    /// RFC 2617 3.5: the example, with qop and without.
    #[test]
    fn the_example_of_rfc_2617_section_3_5() {
        let ha1 = MD5.hash(&["Mufasa", "testrealm@host.com", "Circle Of Life"]);
        assert_eq!(ha1, "939e7578ed9e3c518a452acee763bce9");
        let mut protection = protection(MD5, &ha1, "dcd98b7102dd2f0e8b11d0f600bfb0c093", "0a4f113b");
        assert_eq!(protection.digest("GET", "/dir/index.html", b""), "6629fae49393a05397450978507c4ef1");
        protection.qop = Qop::None;
        assert_eq!(protection.digest("GET", "/dir/index.html", b""), "670fd8c2df070c60b045671b8b24ff02");
    }

    /// RFC 7616 3.9.1: the examples with MD5 and SHA-256.
    #[test]
    fn both_examples_of_rfc_7616_section_3_9_1() {
        let nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
        let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
        for (name, expected) in [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ] {
            let algorithm = Algorithm::parse(name).unwrap();
            let ha1 = algorithm.hash(&["Mufasa", "http-auth@example.org", "Circle of Life"]);
            let protection = protection(algorithm, &ha1, nonce, cnonce);
            assert_eq!(protection.digest("GET", "/dir/index.html", b""), expected);
        }
    }

    /// RFC 7616 3.9.2: the example as its erratum 4897 corrects it: SHA-512/256 is not SHA-512 cut short.
    #[test]
    fn the_corrected_example_of_rfc_7616_section_3_9_2() {
        let algorithm = Algorithm::parse("SHA-512-256").unwrap();
        assert_eq!(algorithm.hash(&["abc"]), "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23");
        assert_eq!(
            algorithm.hash(&["J\u{e4}s\u{f8}n Doe", "api@example.org"]),
            "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"
        );
        let ha1 = algorithm.hash(&["J\u{e4}s\u{f8}n Doe", "api@example.org", "Secret, or not?"]);
        let nonce = "5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK";
        let cnonce = "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v";
        assert_eq!(
            protection(algorithm, &ha1, nonce, cnonce).digest("GET", "/doe.json", b""),
            "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"
        );
    }

    /// RFC 7616 3.4.2, 3.4.3: A1 of a session holds the nonces that it began with; A2 of auth-int the body's hash.
    #[test]
    fn sessions_and_bodies_go_into_the_digest() {
        for hash in ALL {
            let algorithm = Algorithm { hash, session: true };
            let mut protection = protection(algorithm, "ha1", "n2", "c2");
            protection.qop = Qop::AuthInt;
            protection.began_with = ("n1", "c1");
            let a1 = algorithm.hash(&["ha1:n1:c1"]);
            let a2 = algorithm.hash(&[&["INVITE:sip:bob:", &algorithm.hash(&["v=0"])].concat()]);
            let expected = algorithm.hash(&[&[&a1, ":n2:00000001:c2:auth-int:", &a2].concat()]);
            assert_eq!(protection.digest("INVITE", "sip:bob", b"v=0"), expected);
            assert_ne!(protection.digest("INVITE", "sip:bob", b"v=1"), expected);
        }
    }

    /// RFC 8760 2.2: the names, in any case, and nothing else.
    #[test]
    fn algorithms_have_their_registered_names_alone() {
        for name in ["MD5", "MD5-sess", "SHA-256", "SHA-256-sess", "SHA-512-256", "SHA-512-256-sess"] {
            assert_eq!(Algorithm::parse(name).unwrap().name(), name);
            assert_eq!(Algorithm::parse(&name.to_lowercase()).unwrap().name(), name);
        }
        for name in ["", "MD", "MD5-", "MD5sess", "SHA256", "SHA-512", "SHA-256-session", "md5-s\u{e9}ss"] {
            assert_eq!(Algorithm::parse(name), None, "{name}");
        }
    }

    #[test]
    fn nonce_counts_are_hexadecimal() {
        assert_eq!(nonce_count(1), "00000001");
        assert_eq!(nonce_count(10), "0000000a");
        assert_eq!(nonce_count(256), "00000100");
        assert_eq!(nonce_count(u32::MAX), "ffffffff");
    }
}
