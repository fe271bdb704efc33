//! Accounts that the host provides, and secrets that only it has.

use super::codec::{SecretJson, message, record};
use crate::common::secret::Secret;

record! {
    /// An account that the host provides.
    ProvisionedAccount {
        /// Its name in all messages, unless the options have a `name`.
        id "id": String,
        /// Its options, as the application would give them to `createAccount`. No secret belongs in there.
        options "options": SecretJson,
        /// Its password. Absent: `credentials.get` asks for it when a server does.
        secret "secret": Option<Secret>,
    }
}

message! {
    /// The accounts that the host provides, all of them: one that was there and is no more is removed.
    Config, Event "config" {
        /// The accounts.
        accounts "accounts": Vec<ProvisionedAccount>,
    }
}

message! {
    /// A server asks for a secret that the application has not given.
    CredentialsGet, Request "credentials.get" {
        /// For which account.
        account "account": String,
        /// Who asks.
        realm "realm": String,
    }
}

message! {
    /// The secret.
    CredentialsGetReply, Reply "credentials.get" {
        /// The password; absent: there is none.
        secret "secret": Option<Secret>,
    }
}
