//! What the application is asked for when a server challenges, and what it answers.

use super::{AccountId, CredentialsId};
use crate::common::secret::Secret;

/// The hash functions of digest authentication (RFC 7616, RFC 8760). The `-sess` variants use the same HA1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DigestAlgorithm {
    /// MD5.
    Md5,
    /// SHA-256.
    Sha256,
    /// SHA-512/256.
    Sha512_256,
}

impl DigestAlgorithm {
    /// The name in challenges.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
            Self::Sha512_256 => "SHA-512-256",
        }
    }
}

/// A set of credentials for one realm. What is not there is not known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Credentials {
    /// The user name; without one, the account's.
    pub username: Option<String>,
    /// The password; or one HA1 for each algorithm that the server may use.
    pub password: Option<Secret>,
    /// `H(username:realm:password)` with MD5, in hex.
    pub ha1_md5: Option<Secret>,
    /// The same with SHA-256.
    pub ha1_sha256: Option<Secret>,
    /// The same with SHA-512/256.
    pub ha1_sha512_256: Option<Secret>,
    /// An access token (RFC 8898).
    pub bearer_token: Option<Secret>,
}

/// What kind of credentials a server asks for first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialsKind {
    /// A password or HA1 (RFC 7616).
    Digest,
    /// An access token (RFC 8898). Where `algorithms` is not empty a password will do as well.
    Bearer,
}

/// A challenge that the application is asked to help with. Never asked for a realm that the account may not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialsRequest {
    /// For the answer, [`Input::Credentials`](super::Input::Credentials).
    pub id: CredentialsId,
    /// Whose credentials.
    pub account: AccountId,
    /// The server's realm.
    pub realm: String,
    /// What it asks for.
    pub kind: CredentialsKind,
    /// The digest algorithms that it takes and that are allowed, in its order.
    pub algorithms: Vec<DigestAlgorithm>,
    /// Where an access token can be had, as the server says: `https:` and nobody's proof that it is the right place.
    pub authz_server: Option<String>,
    /// The scope that a token needs, as the server says.
    pub scope: Option<String>,
    /// Whether what was tried last was refused.
    pub rejected: bool,
}
