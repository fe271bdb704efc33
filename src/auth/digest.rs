//! The digest itself: hash functions and the request's answer.

use md5::{Digest, Md5};
use sha2::Sha256;

/// The hash functions that are supported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Md5,
    Sha256,
}

impl Algorithm {
    /// Reads the `algorithm` parameter; `None`: not supported.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.eq_ignore_ascii_case("MD5") {
            Some(Self::Md5)
        } else if text.eq_ignore_ascii_case("SHA-256") {
            Some(Self::Sha256)
        } else {
            None
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
        }
    }

    /// `H(a ":" b ":" …)` in lower-case hex.
    pub(super) fn hash(self, parts: &[&str]) -> String {
        match self {
            Self::Md5 => hash::<Md5>(parts),
            Self::Sha256 => hash::<Sha256>(parts),
        }
    }
}

fn hash<D: Digest>(parts: &[&str]) -> String {
    let mut hasher = D::new();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            hasher.update(b":");
        }
        hasher.update(part.as_bytes());
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

/// What protects an answer with `qop=auth`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Protection<'a> {
    /// How often the nonce has been used, this time included.
    pub(super) count: &'a str,
    /// The client's own nonce.
    pub(super) cnonce: &'a str,
}

/// The nonce count as it goes on the wire: eight hex digits.
pub(super) fn nonce_count(count: u32) -> String {
    let mut text = String::with_capacity(8);
    push_hex(&mut text, count, 8);
    text
}

/// The `response` parameter (RFC 7616 section 3.4.1), with qop `auth` or without one.
pub(super) fn response(
    algorithm: Algorithm,
    ha1: &str,
    nonce: &str,
    protection: Option<Protection<'_>>,
    method: &str,
    uri: &str,
) -> String {
    let ha2 = algorithm.hash(&[method, uri]);
    match protection {
        Some(Protection { count, cnonce }) => algorithm.hash(&[ha1, nonce, count, cnonce, "auth", &ha2]),
        None => algorithm.hash(&[ha1, nonce, &ha2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 2617 3.5
    #[test]
    fn the_example_of_rfc_2617_section_3_5() {
        let ha1 = Algorithm::Md5.hash(&["Mufasa", "testrealm@host.com", "Circle Of Life"]);
        assert_eq!(ha1, "939e7578ed9e3c518a452acee763bce9");
        let protection = Protection { count: "00000001", cnonce: "0a4f113b" };
        let nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093";
        assert_eq!(
            response(Algorithm::Md5, &ha1, nonce, Some(protection), "GET", "/dir/index.html"),
            "6629fae49393a05397450978507c4ef1"
        );
    }

    #[test]
    fn the_same_example_without_a_qop() {
        let ha1 = Algorithm::Md5.hash(&["Mufasa", "testrealm@host.com", "Circle Of Life"]);
        assert_eq!(
            response(Algorithm::Md5, &ha1, "dcd98b7102dd2f0e8b11d0f600bfb0c093", None, "GET", "/dir/index.html"),
            "670fd8c2df070c60b045671b8b24ff02"
        );
    }

    /// RFC 7616 3.9.1
    #[test]
    fn both_examples_of_rfc_7616_section_3_9_1() {
        let protection = Protection { count: "00000001", cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ" };
        let nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
        for (algorithm, expected) in [
            (Algorithm::Md5, "8ca523f5e9506fed4657c9700eebdbec"),
            (Algorithm::Sha256, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ] {
            let ha1 = algorithm.hash(&["Mufasa", "http-auth@example.org", "Circle of Life"]);
            assert_eq!(response(algorithm, &ha1, nonce, Some(protection), "GET", "/dir/index.html"), expected);
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
