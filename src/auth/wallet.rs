//! The credentials of one account: what its options say, and what the application said when it was asked.

use super::digest;
use crate::common::secret::Secret;
use crate::io::{Credentials, CredentialsKind, DigestAlgorithm};

/// Who the user is, and for which realms.
#[derive(Debug, Clone, Default)]
pub struct AuthOptions {
    /// The user name, where the credentials name none.
    pub username: String,
    /// What is known from the beginning.
    pub credentials: Credentials,
    /// The realms that may be answered. Empty: the one that the registrar names first, and no other.
    pub realms: Vec<String>,
    /// Whether MD5 is not good enough.
    pub forbid_md5: bool,
    /// Whether tokens may leave: who reads one on the way can use it (RFC 8898 section 5).
    pub tokens: bool,
    /// Whether the application can be asked for what is missing.
    pub ask: bool,
}

/// What the application is to be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The realm that asks.
    pub realm: String,
    /// What it asks for first.
    pub kind: CredentialsKind,
    /// The digest algorithms that would do.
    pub algorithms: Vec<DigestAlgorithm>,
    /// Where tokens can be had.
    pub authz_server: Option<String>,
    /// What for.
    pub scope: Option<String>,
    /// Whether what was tried last was refused.
    pub rejected: bool,
}

/// What is known of one realm.
#[derive(Debug)]
struct Realm {
    name: String,
    /// What the application said when it was asked.
    given: Option<Credentials>,
    /// What was tried last was refused.
    rejected: bool,
    /// The application was asked anew because of that, and what it said then is not proven yet.
    asked_anew: bool,
    /// What it gets now it has taken before.
    proven: bool,
}

/// The credentials of one account.
#[derive(Debug)]
pub(super) struct Wallet {
    pub(super) options: AuthOptions,
    realms: Vec<Realm>,
}

impl Wallet {
    pub(super) fn new(options: AuthOptions) -> Self {
        Self { options, realms: Vec::new() }
    }

    fn realm(&self, name: &str) -> Option<&Realm> {
        self.realms.iter().find(|realm| realm.name == name)
    }

    /// Only for realms that may be answered, so that there are few of them.
    fn with_realm<T>(&mut self, name: &str, change: impl FnOnce(&mut Realm) -> T) -> T {
        if let Some(realm) = self.realms.iter_mut().find(|realm| realm.name == name) {
            return change(realm);
        }
        let mut realm = Realm { name: name.to_owned(), given: None, rejected: false, asked_anew: false, proven: false };
        let result = change(&mut realm);
        self.realms.push(realm);
        result
    }

    /// What a realm may get.
    fn for_realm(&self, realm: &str) -> Option<&Credentials> {
        match self.realm(realm) {
            Some(Realm { given: Some(given), .. }) => Some(given),
            Some(Realm { rejected: true, .. }) if self.options.ask => None,
            _ => Some(&self.options.credentials),
        }
    }

    pub(super) fn has_given(&self, realm: &str) -> bool {
        self.realm(realm).is_some_and(|realm| realm.given.is_some())
    }

    pub(super) fn was_rejected(&self, realm: &str) -> bool {
        self.realm(realm).is_some_and(|realm| realm.rejected)
    }

    pub(super) fn token(&self, realm: &str) -> Option<&Secret> {
        self.for_realm(realm)?.bearer_token.as_ref().filter(|token| self.options.tokens && is_token(token))
    }

    pub(super) fn username(&self, realm: &str) -> &str {
        self.for_realm(realm).and_then(|known| known.username.as_deref()).unwrap_or(&self.options.username)
    }

    pub(super) fn can_answer(&self, realm: &str, algorithm: DigestAlgorithm) -> bool {
        self.for_realm(realm).is_some_and(|known| known.password.is_some() || ha1_of(known, algorithm).is_some())
    }

    /// `H(username:realm:password)`, if there is something to make it from.
    pub(super) fn ha1(&self, realm: &str, algorithm: DigestAlgorithm) -> Option<Secret> {
        let known = self.for_realm(realm)?;
        if let Some(password) = &known.password {
            return Some(Secret::new(digest::hash(algorithm, &[self.username(realm), realm, password.expose()])));
        }
        ha1_of(known, algorithm).map(|ha1| Secret::new(ha1.expose().to_ascii_lowercase()))
    }

    /// What the application answered.
    pub(super) fn give(&mut self, realm: &str, credentials: Option<Credentials>) {
        self.with_realm(realm, |realm| {
            realm.given = credentials;
            realm.proven = false;
        });
    }

    /// What a realm got was good.
    pub(super) fn proven(&mut self, realm: &str) {
        self.with_realm(realm, |known| {
            known.rejected = false;
            known.asked_anew = false;
            known.proven = true;
        });
    }

    /// Whether a realm has taken before what it gets now.
    pub(super) fn is_proven(&self, realm: &str) -> bool {
        self.realm(realm).is_some_and(|realm| realm.proven)
    }

    /// What a realm got was refused. True where the application may be asked once more.
    pub(super) fn refused(&mut self, realm: &str) -> bool {
        let ask = self.options.ask;
        self.with_realm(realm, |known| {
            known.proven = false;
            if !ask {
                return false;
            }
            known.given = None;
            known.rejected = true;
            known.asked_anew = !known.asked_anew;
            known.asked_anew
        })
    }
}

/// What of these credentials cannot be: the name of the option.
#[must_use]
pub fn fault(credentials: &Credentials) -> Option<&'static str> {
    let Credentials { username, ha1_md5, ha1_sha256, ha1_sha512_256, bearer_token, .. } = credentials;
    let is_hash = |hash: &Option<Secret>, digits| {
        let text = hash.as_ref().map(Secret::expose);
        text.is_none_or(|text| text.len() == digits && text.bytes().all(|b| b.is_ascii_hexdigit()))
    };
    if username.as_ref().is_some_and(|name| name.is_empty() || name.chars().any(char::is_control)) {
        Some("username")
    } else if !is_hash(ha1_md5, 32) || !is_hash(ha1_sha256, 64) || !is_hash(ha1_sha512_256, 64) {
        Some("ha1")
    } else {
        bearer_token.as_ref().filter(|token| !is_token(token)).map(|_| "bearerToken")
    }
}

/// Whether a token can stand in a header: RFC 6750 section 2.1 `b64token`, and nothing that could end the line.
fn is_token(token: &Secret) -> bool {
    let text = token.expose().trim_end_matches('=');
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~+/".contains(&b))
}

fn ha1_of(known: &Credentials, algorithm: DigestAlgorithm) -> Option<&Secret> {
    match algorithm {
        DigestAlgorithm::Md5 => known.ha1_md5.as_ref(),
        DigestAlgorithm::Sha256 => known.ha1_sha256.as_ref(),
        DigestAlgorithm::Sha512_256 => known.ha1_sha512_256.as_ref(),
    }
}
