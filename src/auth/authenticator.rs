//! What one account knows about challenges, and its answers to them.

use super::challenge::{Challenge, challenges};
use super::digest::{Algorithm, Protection, nonce_count, response};
use crate::common::limits::CHALLENGES;
use crate::common::random::Random;
use crate::common::secret::Secret;
use crate::io::{Error, ErrorCode};
use crate::message::{self, HeaderName, Method, Request, Response, quote};

/// How often in a row a fresh answer may be called stale before it counts as refused.
const STALE_IN_A_ROW: u8 = 3;

/// Who the user is, and for which realms.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    /// The user name of the credentials.
    pub username: String,
    /// The password; or one HA1 for each algorithm.
    pub password: Option<Secret>,
    /// `H(username:realm:password)` with MD5, in hex.
    pub ha1_md5: Option<Secret>,
    /// The same with SHA-256.
    pub ha1_sha256: Option<Secret>,
    /// The realms that may be answered. Empty: the one that the registrar names first, and no other.
    pub realms: Vec<String>,
    /// Whether MD5 is not good enough.
    pub forbid_md5: bool,
}

impl Credentials {
    /// H(A1) for an algorithm and a realm, if there is something to make it from.
    fn ha1(&self, algorithm: Algorithm, realm: &str) -> Option<Secret> {
        if let Some(password) = &self.password {
            return Some(Secret::new(algorithm.hash(&[&self.username, realm, password.expose()])));
        }
        let ha1 = match algorithm {
            Algorithm::Md5 => &self.ha1_md5,
            Algorithm::Sha256 => &self.ha1_sha256,
        };
        ha1.as_ref().map(|ha1| Secret::new(ha1.expose().to_ascii_lowercase()))
    }

    fn allows(&self, algorithm: Algorithm) -> bool {
        algorithm != Algorithm::Md5 || !self.forbid_md5
    }
}

/// Who asked, and for what: only the like of it gets the same answer. An answer meant for the registrar does not go
/// out with a call, where the far end could read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Scope {
    proxy: bool,
    register: bool,
}

/// A challenge that is being answered.
#[derive(Debug)]
struct Entry {
    scope: Scope,
    challenge: Challenge,
    algorithm: Algorithm,
    ha1: Secret,
    /// How often the nonce has been used.
    count: u32,
    /// Fresh answers in a row that the server called stale.
    stale: u8,
}

/// Answers challenges with one account's credentials, ahead of time where it can.
#[derive(Debug)]
pub struct Authenticator {
    credentials: Credentials,
    /// The realm that the registrar named first, where the application lists none.
    pinned: Option<String>,
    entries: Vec<Entry>,
}

impl Authenticator {
    /// An authenticator that knows no challenge yet.
    #[must_use]
    pub fn new(credentials: Credentials) -> Self {
        Self { credentials, pinned: None, entries: Vec::new() }
    }

    /// Learns from a 401 or 407 to `request`, which is given as it was sent. After `Ok` the request can be sent again,
    /// with a new branch and CSeq, once [`Authenticator::authorize`] has been over it. `may_pin`: the challenge comes
    /// from the registrar on our own flow, so that its realm becomes the account's if there is none yet.
    ///
    /// # Errors
    ///
    /// `WrongPassword`: a fresh answer was refused. `RealmNotAllowed`: none of the realms may have these credentials.
    /// `NoCredentials`: there is no password, and no HA1 for what is asked. `NoSupportedAlgorithm`: no challenge can
    /// be answered. Each carries the response's status.
    pub fn learn(&mut self, request: &Request, response: &Response, may_pin: bool) -> Result<(), Error> {
        let register = *request.method() == Method::Register;
        let mut result = Err(ErrorCode::NoSupportedAlgorithm);
        for (proxy, asked, answered) in [
            (false, HeaderName::WwwAuthenticate, HeaderName::Authorization),
            (true, HeaderName::ProxyAuthenticate, HeaderName::ProxyAuthorization),
        ] {
            let asked = challenges(response.headers.lines(asked));
            let answered: Vec<_> = request.headers.lines(answered).filter_map(Answered::read).collect();
            result = more_telling(result, self.learn_from(Scope { proxy, register }, asked, &answered, may_pin));
        }
        result.map_err(|code| Error::sip(code, response.status()))
    }

    /// Puts the answers that are known into a request, in place of those it has.
    pub fn authorize(&mut self, request: &mut Request, random: &mut Random) {
        request.headers.remove(HeaderName::Authorization);
        request.headers.remove(HeaderName::ProxyAuthorization);
        let register = *request.method() == Method::Register;
        for entry in self.entries.iter_mut().filter(|entry| entry.scope.register == register) {
            entry.count = entry.count.saturating_add(1);
            let value = answer(&self.credentials.username, entry, request.method().as_str(), request.uri(), random);
            let name = if entry.scope.proxy { HeaderName::ProxyAuthorization } else { HeaderName::Authorization };
            request.headers.push(name, value);
        }
        // Without a qop nothing tells a second use from a replay: such a nonce is good for one answer.
        let register = |entry: &Entry| entry.scope.register == register;
        self.entries.retain(|entry| !register(entry) || (entry.challenge.qop_auth && entry.count < u32::MAX));
    }

    fn learn_from(
        &mut self,
        scope: Scope,
        asked: Vec<Challenge>,
        answered: &[Answered],
        may_pin: bool,
    ) -> Result<(), ErrorCode> {
        let mut result = Err(ErrorCode::NoSupportedAlgorithm);
        let mut done: Vec<String> = Vec::new();
        for challenge in asked {
            // RFC 8760 section 2.4: of one realm, the topmost that is supported.
            if done.contains(&challenge.realm) {
                continue;
            }
            let one = self.usable(&challenge, may_pin).and_then(|(algorithm, ha1)| {
                done.push(challenge.realm.clone());
                self.accept(scope, challenge, algorithm, ha1, answered)
            });
            result = more_telling(result, one);
        }
        result
    }

    /// Whether a challenge can and may be answered, and with what.
    fn usable(&self, challenge: &Challenge, may_pin: bool) -> Result<(Algorithm, Secret), ErrorCode> {
        let algorithm = challenge.algorithm.filter(|algorithm| self.credentials.allows(*algorithm));
        let algorithm = algorithm.ok_or(ErrorCode::NoSupportedAlgorithm)?;
        let allowed = if self.credentials.realms.is_empty() {
            self.pinned.as_ref().map_or(may_pin, |pinned| *pinned == challenge.realm)
        } else {
            self.credentials.realms.contains(&challenge.realm)
        };
        if !allowed {
            return Err(ErrorCode::RealmNotAllowed);
        }
        let ha1 = self.credentials.ha1(algorithm, &challenge.realm).ok_or(ErrorCode::NoCredentials)?;
        Ok((algorithm, ha1))
    }

    fn accept(
        &mut self,
        scope: Scope,
        challenge: Challenge,
        algorithm: Algorithm,
        ha1: Secret,
        answered: &[Answered],
    ) -> Result<(), ErrorCode> {
        let known = self.entries.iter().position(|e| e.scope == scope && e.challenge.realm == challenge.realm);
        let known = known.map(|index| self.entries.remove(index));
        let mut stale = 0;
        if let Some(answer) = answered.iter().find(|answer| answer.realm == challenge.realm)
            && !answer.reused
        {
            stale = known.map_or(0, |entry| entry.stale) + 1;
            if !challenge.stale || stale > STALE_IN_A_ROW {
                return Err(ErrorCode::WrongPassword);
            }
        }
        if self.credentials.realms.is_empty() && self.pinned.is_none() {
            self.pinned = Some(challenge.realm.clone());
        }
        if self.entries.len() >= CHALLENGES {
            self.entries.remove(0);
        }
        self.entries.push(Entry { scope, challenge, algorithm, ha1, count: 0, stale });
        Ok(())
    }
}

/// An answer that a refused request carried.
struct Answered {
    realm: String,
    /// Whether its nonce had been used before: then the refusal says nothing about the password.
    reused: bool,
}

impl Answered {
    fn read(line: &str) -> Option<Self> {
        let answer = message::challenges(line).ok()?.into_iter().next()?;
        let count = answer.get("nc").and_then(|nc| u32::from_str_radix(&nc, 16).ok());
        Some(Self { realm: answer.get("realm")?.into_owned(), reused: count.is_some_and(|count| count > 1) })
    }
}

/// Of two results the one to go by: something that worked, else the error that says most.
fn more_telling(a: Result<(), ErrorCode>, b: Result<(), ErrorCode>) -> Result<(), ErrorCode> {
    let rank = |result: &Result<(), ErrorCode>| match result {
        Err(ErrorCode::WrongPassword) => 4,
        Ok(()) => 3,
        Err(ErrorCode::RealmNotAllowed) => 2,
        Err(ErrorCode::NoCredentials) => 1,
        Err(_) => 0,
    };
    if rank(&b) > rank(&a) { b } else { a }
}

/// The value of Authorization or Proxy-Authorization.
fn answer(username: &str, entry: &Entry, method: &str, uri: &str, random: &mut Random) -> String {
    let challenge = &entry.challenge;
    let count = nonce_count(entry.count);
    let cnonce = if challenge.qop_auth { random.token(20) } else { String::new() };
    let protection = challenge.qop_auth.then_some(Protection { count: &count, cnonce: &cnonce });
    let digest = response(entry.algorithm, entry.ha1.expose(), &challenge.nonce, protection, method, uri);
    let mut value = String::with_capacity(320);
    value.push_str("Digest username=");
    value.push_str(&quote(username));
    for (name, text) in [
        (", realm=", challenge.realm.as_str()),
        (", nonce=", &challenge.nonce),
        (", uri=", uri),
        (", response=", &digest),
    ] {
        value.push_str(name);
        value.push_str(&quote(text));
    }
    if challenge.algorithm_named {
        value.push_str(", algorithm=");
        value.push_str(entry.algorithm.name());
    }
    if challenge.qop_auth {
        value.push_str(", qop=auth, nc=");
        value.push_str(&count);
        value.push_str(", cnonce=");
        value.push_str(&quote(&cnonce));
    }
    if let Some(opaque) = &challenge.opaque {
        value.push_str(", opaque=");
        value.push_str(&quote(opaque));
    }
    value
}

#[cfg(test)]
mod tests;
