//! Methods. They compare with regard to case, and new ones are no error.

use super::vocabulary;

/// A request method.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// `INVITE`.
    Invite,
    /// `ACK`.
    Ack,
    /// `BYE`.
    Bye,
    /// `CANCEL`.
    Cancel,
    /// `REGISTER`.
    Register,
    /// `OPTIONS`.
    Options,
    /// `INFO`.
    Info,
    /// `MESSAGE`.
    Message,
    /// `UPDATE`.
    Update,
    /// `PRACK`.
    Prack,
    /// `SUBSCRIBE`.
    Subscribe,
    /// `NOTIFY`.
    Notify,
    /// `REFER`.
    Refer,
    /// `PUBLISH`.
    Publish,
    /// Any other token.
    Other(String),
}

impl Method {
    /// The method as it stands on the wire.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Other(name) => name,
            known => vocabulary::method_name(known),
        }
    }
}

impl From<&str> for Method {
    fn from(name: &str) -> Self {
        vocabulary::method(name).unwrap_or_else(|| Self::Other(name.to_owned()))
    }
}

impl std::fmt::Display for Method {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3261 7.1
    #[test]
    fn case_makes_another_method() {
        assert_eq!(Method::from("INVITE"), Method::Invite);
        assert_eq!(Method::from("invite"), Method::Other("invite".into()));
        assert_eq!(Method::from("invite").as_str(), "invite");
    }
}
