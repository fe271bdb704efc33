//! Subscription-State (RFC 6665): what has become of a subscription.

use super::HeaderError;
use super::params::{Params, token_and_params};
use super::text::{number, push_number};

/// The state itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubscriptionStatus<'a> {
    /// Accepted.
    Active,
    /// Received, not yet decided on.
    Pending,
    /// Over.
    Terminated,
    /// A state that only an extension knows, as written.
    Other(&'a str),
}

impl<'a> SubscriptionStatus<'a> {
    /// The state as written on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'a str {
        match self {
            Self::Active => "active",
            Self::Pending => "pending",
            Self::Terminated => "terminated",
            Self::Other(text) => text,
        }
    }
}

/// A Subscription-State value, borrowed from its header line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubscriptionState<'a> {
    /// The state.
    pub status: SubscriptionStatus<'a>,
    params: Params<'a>,
}

impl<'a> SubscriptionState<'a> {
    /// Reads a value.
    ///
    /// # Errors
    /// What breaks the grammar.
    pub fn parse(text: &'a str) -> Result<Self, HeaderError> {
        let (state, params) = token_and_params(text)?;
        let known = [SubscriptionStatus::Active, SubscriptionStatus::Pending, SubscriptionStatus::Terminated];
        let status = known.into_iter().find(|known| known.as_str().eq_ignore_ascii_case(state));
        Ok(Self { status: status.unwrap_or(SubscriptionStatus::Other(state)), params })
    }

    /// Whether the subscription is over.
    #[must_use]
    pub fn is_terminated(&self) -> bool {
        self.status == SubscriptionStatus::Terminated
    }

    /// Why, as written: `deactivated`, `probation`, `rejected`, `timeout`, `giveup`, `noresource`, `invariant`, others.
    #[must_use]
    pub fn reason(&self) -> Option<&'a str> {
        self.params.raw("reason")
    }

    /// How long it lives, in seconds; a value that cannot be read counts as not there, of several the least.
    #[must_use]
    pub fn expires(&self) -> Option<u32> {
        self.params.least("expires")
    }

    /// How long to wait before another subscription, in seconds; a value that cannot be read counts as not there.
    #[must_use]
    pub fn retry_after(&self) -> Option<u32> {
        number(self.params.raw("retry-after")?).ok()
    }
}

/// Writes a value: a time to live for a subscription that lives, a reason for one that is over.
#[must_use]
pub fn write_subscription_state(
    status: SubscriptionStatus<'_>,
    expires: Option<u32>,
    reason: Option<&str>,
    retry_after: Option<u32>,
) -> String {
    let mut text = String::with_capacity(48);
    text.push_str(status.as_str());
    if let Some(reason) = reason {
        text.push_str(";reason=");
        text.push_str(reason);
    }
    for (name, seconds) in [(";expires=", expires), (";retry-after=", retry_after)] {
        if let Some(seconds) = seconds {
            text.push_str(name);
            push_number(&mut text, seconds.into());
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6665 8.2.3
    #[test]
    fn state_and_parameters_are_read() {
        let state = SubscriptionState::parse("Terminated ;Reason=probation; retry-after = 30").unwrap();
        assert!(state.is_terminated());
        assert_eq!((state.reason(), state.expires(), state.retry_after()), (Some("probation"), None, Some(30)));
        let state = SubscriptionState::parse("active;expires=600").unwrap();
        assert_eq!((state.status, state.expires()), (SubscriptionStatus::Active, Some(600)));
        assert_eq!(SubscriptionState::parse("waiting").unwrap().status, SubscriptionStatus::Other("waiting"));
        assert_eq!(SubscriptionState::parse("active;expires=soon").unwrap().expires(), None);
    }

    #[test]
    fn what_is_written_reads_back() {
        let text = write_subscription_state(SubscriptionStatus::Terminated, None, Some("noresource"), Some(5));
        let read = SubscriptionState::parse(&text).unwrap();
        assert_eq!((read.is_terminated(), read.reason(), read.retry_after()), (true, Some("noresource"), Some(5)));
        let text = write_subscription_state(SubscriptionStatus::Pending, Some(60), None, None);
        assert_eq!(text, "pending;expires=60");
    }

    #[test]
    fn what_breaks_the_grammar_is_refused() {
        for bad in ["", "a b", ";expires=1", "active,pending", "active;expires=\"1"] {
            assert!(SubscriptionState::parse(bad).is_err(), "{bad}");
        }
    }
}
