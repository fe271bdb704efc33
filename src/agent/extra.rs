//! The application's own headers: which it may add, and how they get into messages.

use super::Agent;
use super::account::Account;
use crate::common::lists::Gather;
use crate::common::time::Now;
use crate::io::{AccountId, Error, Extra, RequestHeader};
use crate::message::{self, HeaderName, Headers, Method, Request};
use crate::transaction::ClientId;

/// What the engine alone can know: who talks to whom, over which way, in which dialog and in which state, by whose
/// credentials. Every other header that it writes gives way to the application's; Require, where each value counts by itself,
/// holds both.
const OURS: [HeaderName; 37] = [
    HeaderName::Via,
    HeaderName::From,
    HeaderName::To,
    HeaderName::CallId,
    HeaderName::CSeq,
    HeaderName::Contact,
    HeaderName::MaxForwards,
    HeaderName::ContentLength,
    HeaderName::ContentType,
    HeaderName::RecordRoute,
    HeaderName::Route,
    HeaderName::Path,
    HeaderName::ServiceRoute,
    HeaderName::Allow,
    HeaderName::AllowEvents,
    HeaderName::Supported,
    HeaderName::Unsupported,
    HeaderName::Authorization,
    HeaderName::WwwAuthenticate,
    HeaderName::ProxyAuthorization,
    HeaderName::ProxyAuthenticate,
    HeaderName::AuthenticationInfo,
    HeaderName::ProxyAuthenticationInfo,
    HeaderName::Expires,
    HeaderName::MinExpires,
    HeaderName::SessionExpires,
    HeaderName::MinSe,
    HeaderName::RSeq,
    HeaderName::RAck,
    HeaderName::Event,
    HeaderName::SubscriptionState,
    HeaderName::ReferTo,
    HeaderName::Replaces,
    HeaderName::TargetDialog,
    HeaderName::SipEtag,
    HeaderName::SipIfMatch,
    HeaderName::RecvInfo,
];

/// Whether the application may add these headers: none that is the engine's alone, none twice that a message has once
/// (RFC 3261 section 7.3.1), none that cannot be read or could break a line.
pub(crate) fn check_headers(headers: &[(String, String)]) -> Result<(), Error> {
    let mut seen = Vec::new();
    let fits = headers.iter().all(|(name, value)| {
        let known = HeaderName::of(name);
        let again = known != HeaderName::Other && !known.is_list() && seen.contains(&known);
        seen.push(known);
        message::is_token(name)
            && !OURS.contains(&known)
            && !again
            && message::is_value(known, value)
            && !value.bytes().any(|b| (b < b' ' && b != b'\t') || b == 0x7f)
    });
    if fits { Ok(()) } else { Err(Error::option("headers")) }
}

/// The same for those of every request.
pub(super) fn check_request_headers(headers: &[RequestHeader]) -> Result<(), Error> {
    let fits = headers.iter().all(|header| {
        header.method.as_ref().is_none_or(|method| message::is_token(method))
            && check_headers(&[(header.name.clone(), header.value.clone())]).is_ok()
    });
    if fits { Ok(()) } else { Err(Error::option("requestHeaders")) }
}

/// Writes what the application adds. Where the engine has written a header of that name it gives way.
pub(super) fn add_headers(headers: &mut Headers, extra: &[(String, String)]) {
    for (name, _) in extra {
        let known = HeaderName::of(name);
        if known != HeaderName::Other {
            headers.remove(known);
        }
    }
    for (name, value) in extra {
        headers.push_named(name, value.as_str());
    }
}

/// Writes what every request of an account has, where nothing of that name is there yet: a request that is sent once
/// more has it already.
pub(super) fn dress(request: &mut Request, account: &Account, user_agent: &str) {
    let absent = account
        .options
        .request_headers
        .iter()
        .filter(|header| header.method.as_ref().is_none_or(|method| method == request.method().as_str()))
        .filter(|header| request.headers.get_named(&header.name).is_none())
        .gather();
    for header in absent {
        request.headers.push_named(&header.name, header.value.as_str());
    }
    if request.headers.get(HeaderName::UserAgent).is_none() {
        request.headers.push(HeaderName::UserAgent, user_agent);
    }
}

impl Agent {
    /// The headers for what the command sends that is asked next; those of an earlier one are forgotten.
    ///
    /// # Errors
    /// [`crate::io::ErrorCode::InvalidOption`] for headers that cannot be sent.
    pub fn lend_headers(&mut self, extra: Extra) -> Result<(), Error> {
        check_headers(&extra.headers)?;
        self.lent = extra;
        Ok(())
    }

    /// What was lent, for the command that is being carried out.
    pub(super) fn lent(&mut self) -> Extra {
        std::mem::take(&mut self.lent)
    }

    /// Gives an INVITE up with a CANCEL that carries these headers.
    pub(super) fn cancel_invite(&mut self, now: Now, account: AccountId, client: ClientId, extra: &Extra) {
        let mut cancel = Request::new(Method::Cancel, "");
        add_headers(&mut cancel.headers, &extra.headers);
        if let Some(account) = self.find_account(account) {
            dress(&mut cancel, account, &self.options.user_agent);
        }
        self.transactions.cancel(now.mono, client, &cancel.headers.list());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, value: &str) -> bool {
        check_headers(&[(name.to_owned(), value.to_owned())]).is_ok()
    }

    #[test]
    fn the_engines_own_headers_cannot_be_doubled() {
        for name in OURS {
            assert!(!check(name.as_str(), "1"), "{}", name.as_str());
            assert!(!check(&name.as_str().to_ascii_lowercase(), "1"));
        }
        for compact in ["v", "F", "t", "i", "m", "l", "c", "k", "x", "o", "u", "r"] {
            assert!(!check(compact, "1"), "{compact}");
        }
    }

    #[test]
    fn lines_cannot_be_broken() {
        assert!(check("X-Thing", "a\tb"));
        for (name, value) in
            [("Bad Name", "1"), ("", "1"), ("X:", "1"), ("X", "a\r\nVia: b"), ("X", "a\0"), ("X", "\n")]
        {
            assert!(!check(name, value), "{name:?} {value:?}");
        }
    }

    /// RFC 3261 7.3.1: a header that is no list stands in a message once.
    #[test]
    fn what_a_message_has_once_is_not_taken_twice() {
        let twice = |name: &str| check_headers(&[(name.to_owned(), "a".to_owned()), (name.to_owned(), "b".to_owned())]);
        for name in ["User-Agent", "Subject", "Priority", "Referred-By"] {
            assert_eq!(twice(name), Err(Error::option("headers")), "{name}");
        }
        for name in ["X-Thing", "Reason", "Warning"] {
            assert_eq!(twice(name), Ok(()), "{name}");
        }
    }
}
