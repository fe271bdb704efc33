//! Subscriptions as the application sees them (RFC 6665).

use super::{AccountId, Error, HeaderList, SubscriptionId};

/// State of a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubscriptionState {
    /// SUBSCRIBE is on its way, or was accepted and no NOTIFY came yet.
    Subscribing,
    /// The notifier waits for somebody's permission.
    Pending,
    /// State comes.
    Active,
    /// It is over.
    Terminated,
}

/// What waits in a mailbox (RFC 3842).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Voicemail {
    /// Whether anything waits.
    pub waiting: bool,
    /// Voice messages that nobody heard yet; 0 where the summary does not say.
    pub new: u32,
    /// Voice messages that were heard.
    pub old: u32,
}

/// A subscription: ours, or of somebody to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubscriptionInfo {
    /// This engine's id.
    pub id: SubscriptionId,
    /// Whose.
    pub account: AccountId,
    /// The event package: `presence`, `dialog`, `message-summary`, `refer` or another.
    pub event: String,
    /// Whose state, or who follows ours: the URI without parameters.
    pub remote_uri: String,
    /// How it is.
    pub state: SubscriptionState,
    /// Why it ended, as Subscription-State says: `deactivated`, `timeout`, `noresource`, … cut to a token.
    pub reason: Option<String>,
    /// Why it failed.
    pub error: Option<Error>,
    /// Whether it is tried again by itself.
    pub will_retry: bool,
    /// In an event: the headers of the message that changed it; empty where none did.
    pub headers: HeaderList,
}
