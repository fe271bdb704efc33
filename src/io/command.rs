//! What the application asks for.

use super::{AccountId, AccountOptions, CallId, CallOptions};

/// A request of the application. Each is completed exactly once.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Command {
    /// Make an account; it connects and registers by itself. Completed with [`Reply::Account`] at once.
    CreateAccount(Box<AccountOptions>),
    /// Register, or refresh at once. Completed when the registrar has answered.
    Register(AccountId),
    /// Remove the binding but keep the account and, for servers that remember it, the push token.
    Unregister(AccountId),
    /// Log out: remove the binding without push parameters, so that nobody pushes any more, and forget the account.
    RemoveAccount(AccountId),
    /// Call `target`: a `sip:`, `sips:` or `tel:` URI, or a user name of the account's domain.
    /// Completed with [`Reply::Call`] once the call exists: at once, or, while the account makes its first connection
    /// or registration, as soon as that is done; a failure of it, or ten seconds, fail the call.
    MakeCall {
        /// Who calls.
        account: AccountId,
        /// Who is called.
        target: String,
        /// The rest.
        options: CallOptions,
    },
    /// Answer an incoming call. Completed when the 200 has left.
    Answer(CallId),
    /// Decline an incoming call, with the account's code or this one (400 to 699).
    Decline(CallId, Option<u16>),
    /// End a call in whatever phase: CANCEL, decline or BYE.
    Hangup(CallId),
    /// Stop or start sending the microphone.
    Mute(CallId, bool),
    /// The page is about to sleep: carry out each account's background policy.
    Suspend,
    /// The page is awake again after so many milliseconds.
    Resume {
        /// How long it slept, in milliseconds.
        suspended_ms: u64,
    },
    /// End all calls, remove all bindings, close all flows.
    Stop,
}

/// What a completed command brings.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reply {
    /// Nothing but that it is done.
    Done,
    /// The new account.
    Account(AccountId),
    /// The new call.
    Call(CallId),
}
