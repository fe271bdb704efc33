//! An authentication session (RFC 7616 section 3.6): a challenge that is being answered, and its answers.

use super::challenge::Digest;
use super::digest::{Algorithm, MD5, Protection, Qop, hash, nonce_count};
use crate::common::random::Random;
use crate::message::{AuthParams, Request, quote};

/// Who asked, and for what: only the like of it gets the same answer. An answer meant for the registrar does not go
/// out with a call, where the far end could read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scope {
    pub(super) proxy: bool,
    pub(super) register: bool,
}

/// Where a nonce comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// The server has just asked with it: if it refuses the first answer, the password is wrong.
    Challenge,
    /// The server announced it, or it is remembered from an earlier time: a refusal says nothing.
    Kept,
}

#[derive(Debug)]
pub(super) struct Session {
    pub(super) scope: Scope,
    pub(super) realm: String,
    /// Nothing goes out until something new is learnt: a nonce that cannot tell a second use from a replay.
    pub(super) spent: bool,
    /// `None`: a bearer token.
    pub(super) digest: Option<DigestSession>,
}

#[derive(Debug)]
pub(super) struct DigestSession {
    pub(super) algorithm: Algorithm,
    /// Whether the answers name the algorithm.
    pub(super) named: bool,
    pub(super) nonce: String,
    pub(super) opaque: Option<String>,
    pub(super) qop: Qop,
    pub(super) userhash: bool,
    pub(super) utf8: bool,
    /// How often the nonce has been used.
    pub(super) count: u32,
    pub(super) origin: Origin,
    /// Fresh answers in a row that the server called stale.
    pub(super) stale: u8,
    /// For the `-sess` algorithms, once the first answer is made: the nonces of both sides that it was made with.
    pub(super) began_with: Option<(String, String)>,
}

impl DigestSession {
    pub(super) fn new(challenge: &Digest, algorithm: Algorithm, stale: u8) -> Self {
        Self {
            algorithm,
            named: challenge.algorithm_named,
            nonce: challenge.nonce.clone(),
            opaque: challenge.opaque.clone(),
            qop: challenge.qop,
            userhash: challenge.userhash,
            // Who knows more than MD5 or hashed names knows RFC 7616, and so `username*`.
            utf8: challenge.utf8 || challenge.userhash || algorithm != MD5,
            count: 0,
            origin: Origin::Challenge,
            stale,
            began_with: None,
        }
    }

    /// Whether the nonce is good for more than one answer.
    pub(super) fn is_reusable(&self) -> bool {
        self.qop != Qop::None && self.count < u32::MAX
    }

    /// The value of Authorization or Proxy-Authorization for this request.
    pub(super) fn answer(
        &mut self,
        realm: &str,
        username: &str,
        ha1: &str,
        request: &Request,
        random: &mut Random,
    ) -> String {
        self.count = self.count.saturating_add(1);
        let count = nonce_count(self.count);
        let cnonce = match &self.began_with {
            // Some servers make A1 from the nonces of each request; so they find the same.
            Some((_, cnonce)) => cnonce.clone(),
            None if self.qop == Qop::None && !self.algorithm.session => String::new(),
            None => random.token(20),
        };
        if self.algorithm.session && self.began_with.is_none() {
            self.began_with = Some((self.nonce.clone(), cnonce.clone()));
        }
        let digest =
            self.protection(ha1, &count, &cnonce).digest(request.method().as_str(), request.uri(), request.body());
        let mut value = String::with_capacity(320);
        value.push_str("Digest ");
        if self.userhash {
            value.push_str("username=");
            value.push_str(&quote(&hash(self.algorithm.hash, &[username, realm])));
            value.push_str(", userhash=true");
        } else if self.utf8 && !username.is_ascii() {
            value.push_str("username*=UTF-8''");
            push_escaped(&mut value, username);
        } else {
            value.push_str("username=");
            value.push_str(&quote(username));
        }
        for (name, text) in
            [(", realm=", realm), (", nonce=", &self.nonce), (", uri=", request.uri()), (", response=", &digest)]
        {
            value.push_str(name);
            value.push_str(&quote(text));
        }
        if self.named {
            value.push_str(", algorithm=");
            value.push_str(&self.algorithm.name());
        }
        if let Some(qop) = self.qop.name() {
            for part in [", qop=", qop, ", nc=", &count] {
                value.push_str(part);
            }
        }
        if !cnonce.is_empty() {
            value.push_str(", cnonce=");
            value.push_str(&quote(&cnonce));
        }
        if let Some(opaque) = &self.opaque {
            value.push_str(", opaque=");
            value.push_str(&quote(opaque));
        }
        value
    }

    fn protection<'a>(&'a self, ha1: &'a str, count: &'a str, cnonce: &'a str) -> Protection<'a> {
        let began_with = self.began_with.as_ref().map_or((&*self.nonce, cnonce), |(nonce, own)| (nonce, own));
        Protection { algorithm: self.algorithm, ha1, nonce: &self.nonce, qop: self.qop, count, cnonce, began_with }
    }

    /// Whether the server proves that it knows the credentials, where it says that it does (RFC 7616 section 3.5).
    /// `answer` is what the request carried, `info` the Authentication-Info of its response.
    pub(super) fn is_proof(&self, ha1: &str, answer: &AuthParams<'_>, info: &AuthParams<'_>, body: &[u8]) -> bool {
        let Some(proof) = info.get("rspauth") else { return true };
        let said = |name| answer.get(name).unwrap_or_default();
        let (nonce, uri, count, cnonce) = (said("nonce"), said("uri"), said("nc"), said("cnonce"));
        if self.algorithm.session && self.began_with.is_none() {
            // The session began anew meanwhile, and with what the old one began is not known any more.
            return true;
        }
        let qop = match info.get("qop") {
            None => self.qop,
            Some(qop) if qop.eq_ignore_ascii_case("auth") => Qop::Auth,
            Some(qop) if qop.eq_ignore_ascii_case("auth-int") => Qop::AuthInt,
            Some(_) => return false,
        };
        let repeats = |name, own: &str| info.get(name).is_none_or(|theirs| theirs.eq_ignore_ascii_case(own));
        let protection = Protection { nonce: &nonce, qop, ..self.protection(ha1, &count, &cnonce) };
        repeats("nc", &count)
            && repeats("cnonce", &cnonce)
            && protection.digest("", &uri, body).eq_ignore_ascii_case(&proof)
    }

    /// The server says which nonce comes next (RFC 7616 section 3.5). The session goes on, and so does its A1.
    pub(super) fn next_nonce(&mut self, nonce: &str) {
        if nonce != self.nonce {
            nonce.clone_into(&mut self.nonce);
            self.count = 0;
        }
        self.origin = Origin::Kept;
        self.stale = 0;
    }
}

/// Appends a text as RFC 8187 section 3.2 writes the value of a parameter.
fn push_escaped(value: &mut String, text: &str) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            value.push(char::from(byte));
        } else {
            value.push('%');
            for digit in [byte >> 4, byte & 15] {
                value.push(char::from(HEX.get(usize::from(digit)).copied().unwrap_or(b'0')));
            }
        }
    }
}
