//! Who calls, who the network says it is, whom the call was for first, and whether it asks to be answered by itself.

use super::Agent;
use super::account::Account;
use super::messaging::identity_of;
use crate::io::{AccountId, CallId, CallOptions, Error, Identity};
use crate::message::{HeaderName, Headers, Request, Uri};

/// What an INVITE says about the people behind it, besides From.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct InviteIdentity {
    pub(crate) asserted: Option<Identity>,
    pub(crate) diverted_from: Option<String>,
    pub(crate) auto_answer_s: Option<u32>,
}

/// Reads an INVITE.
pub(crate) fn of_invite(headers: &Headers) -> InviteIdentity {
    InviteIdentity {
        asserted: asserted(headers),
        diverted_from: diverted_from(headers),
        auto_answer_s: headers.auto_answer().map(|asked| asked.after),
    }
}

/// P-Asserted-Identity (RFC 3325 section 9.1): a SIP URI before a telephone number. It is the network's word; who
/// else could write it is the server's business.
pub(crate) fn asserted(headers: &Headers) -> Option<Identity> {
    let mut number = None;
    for address in headers.asserted_identities().flatten() {
        match address.uri() {
            Ok(uri) if uri.is_sip() => return Some(identity_of(&address)),
            Ok(uri) if uri.scheme().eq_ignore_ascii_case("tel") => number = number.or(Some(address)),
            _ => {}
        }
    }
    number.map(|address| identity_of(&address))
}

/// Whom the call was for first: the last Diversion (RFC 5806: the latest stands on top), else the target
/// that History-Info says another one took the place of (RFC 7044 section 10.3).
fn diverted_from(headers: &Headers) -> Option<String> {
    if let Some(diversion) = headers.diversions().last() {
        return Some(identity_of(&diversion.address).uri);
    }
    let history = || headers.history();
    let replaced = history().find_map(|entry| match entry.cause_of_target() {
        Some(("mp", index)) => history().find(|entry| entry.index().as_ref() == Some(&index)),
        _ => None,
    });
    // By the older RFC 4244 only the Reason tells that a target was given up.
    let given_up = || history().next().filter(|entry| entry.reason().is_some() && history().nth(1).is_some());
    let entry = replaced.or_else(given_up)?;
    if entry.privacy().is_some_and(|privacy| privacy.eq_ignore_ascii_case("history")) {
        return None;
    }
    Some(identity_of(&entry.address).uri)
}

/// Writes who calls into an INVITE: P-Preferred-Identity (RFC 3325 section 9.2), and for a call that shall not say it
/// an anonymous From with `Privacy: id` (RFC 3323 section 4.1, RFC 3325 section 9.3).
///
/// # Errors
/// [`crate::io::ErrorCode::InvalidOption`] for a preferred identity that is neither a SIP nor a telephone URI.
pub(super) fn write(invite: &mut Request, account: &Account, options: &CallOptions) -> Result<(), Error> {
    let preferred = options.preferred_identity.as_ref().or(account.options.preferred_identity.as_ref());
    if preferred.is_some_and(|uri| !is_identity(uri)) {
        return Err(Error::option("preferredIdentity"));
    }
    let mut preferred = preferred.cloned();
    if options.anonymous {
        let tag = invite.headers.from().and_then(Result::ok).and_then(|from| from.tag()).unwrap_or_default();
        let from = ["\"Anonymous\" <sip:anonymous@anonymous.invalid>;tag=", tag].concat();
        invite.headers.set(HeaderName::From, from);
        invite.headers.push(HeaderName::Privacy, "id");
        // The network has to know who it is that it does not name.
        preferred.get_or_insert_with(|| account.address_of_record());
    }
    if let Some(uri) = preferred {
        invite.headers.push(HeaderName::PPreferredIdentity, ["<", &uri, ">"].concat());
    }
    Ok(())
}

/// Says how an INVITE was answered that asks for a way to answer it (RFC 5373 section 4.3).
pub(super) fn write_answer_mode(asked: &Headers, auto: bool, headers: &mut Headers) {
    let asks = asked.answer_mode().is_some() || asked.priv_answer_mode().is_some();
    if asks && headers.get(HeaderName::AnswerMode).is_none() {
        headers.push(HeaderName::AnswerMode, if auto { "Auto" } else { "Manual" });
    }
}

/// Whether a text is a URI that somebody can be named by.
pub(super) fn is_identity(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_graphic() && !b"<>\",".contains(&b))
        && Uri::parse(text).is_ok_and(|uri| {
            (uri.is_sip() || uri.scheme().eq_ignore_ascii_case("tel")) && uri.headers().next().is_none()
        })
}

impl Agent {
    /// The status for a call that insists on an answer without a person and cannot have it (RFC 5373 section 4.3.1).
    pub(super) fn auto_answer_refusal(&self, account: AccountId, headers: &Headers) -> Option<u16> {
        headers.auto_answer().filter(|asked| asked.require)?;
        match self.find_account(account) {
            Some(account) if !account.options.allow_auto_answer => Some(403),
            // Who talks already is not to be overheard by a third.
            _ => (self.live_call_count() > 0).then_some(486),
        }
    }

    /// A response to our INVITE, or a re-INVITE or UPDATE of theirs: the network may say who the far end is now.
    pub(super) fn note_identity(&mut self, id: CallId, headers: &Headers) {
        let Some(asserted) = asserted(headers) else { return };
        let Some(call) =
            self.call_mut(id).filter(|call| !call.is_over() && call.asserted_identity.as_ref() != Some(&asserted))
        else {
            return;
        };
        call.asserted_identity = Some(asserted);
        self.tell_changed(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(HeaderName, &str)]) -> Headers {
        let mut headers = Headers::default();
        for (name, value) in lines {
            headers.push(*name, *value);
        }
        headers
    }

    /// RFC 3325 9.1: at most one SIP and one telephone URI, in either order.
    #[test]
    fn of_several_asserted_identities_the_sip_uri_counts() {
        let both = headers(&[
            (HeaderName::PAssertedIdentity, "tel:+14085551000"),
            (HeaderName::PAssertedIdentity, "\"Cullen\" <sip:fluffy@cisco.example;user=phone>"),
        ]);
        let asserted = of_invite(&both).asserted.unwrap();
        assert_eq!((asserted.uri.as_str(), asserted.name.as_deref()), ("sip:fluffy@cisco.example", Some("Cullen")));
        let number = headers(&[(HeaderName::PAssertedIdentity, "<tel:+1;ext=2>, <http://x>, <sip:")]);
        assert_eq!(of_invite(&number).asserted.unwrap().uri, "tel:+1");
        assert_eq!(of_invite(&headers(&[(HeaderName::PAssertedIdentity, "<<>")])).asserted, None);
    }

    /// RFC 5806 4.4: the last value is the first diversion.
    #[test]
    fn the_first_who_diverted_is_the_last_in_the_list() {
        let twice = headers(&[
            (HeaderName::Diversion, "<sip:carol@x>;reason=user-busy, \"Bob\" <sip:bob@x;u=1>;reason=no-answer"),
            (HeaderName::HistoryInfo, "<sip:other@x?Reason=SIP%3Bcause%3D302>;index=1, <sip:me@x>;index=1.1;mp=1"),
        ]);
        assert_eq!(of_invite(&twice).diverted_from.as_deref(), Some("sip:bob@x"));
    }

    /// RFC 7044 10.3: the entry that `mp` names.
    #[test]
    fn history_names_the_target_whose_place_another_took() {
        let of = |value| of_invite(&headers(&[(HeaderName::HistoryInfo, value)])).diverted_from;
        let mapped = "<sip:bob@x>;index=1, <sip:bob@10.0.0.1>;index=1.1;rc=1, <sip:carol@x>;index=1.2;mp=1";
        assert_eq!(of(mapped).as_deref(), Some("sip:bob@x"));
        let older = "<sip:bob@x?Reason=SIP%3Bcause%3D302>;index=1, <sip:carol@x>;index=1.1";
        assert_eq!(of(older).as_deref(), Some("sip:bob@x"));
        assert_eq!(of("<sip:bob@x>;index=1, <sip:bob@10.0.0.1>;index=1.1;rc=1"), None, "the same person all along");
        assert_eq!(of("<sip:bob@x?Privacy=history>;index=1, <sip:carol@x>;index=1.1;mp=1"), None);
        assert_eq!(of("<sip:carol@x>;index=1.1;mp=7"), None);
    }

    #[test]
    fn the_delay_of_an_automatic_answer_is_read() {
        let of = |name, value| of_invite(&headers(&[(name, value)])).auto_answer_s;
        assert_eq!(of(HeaderName::CallInfo, "<sip:x>;answer-after=2"), Some(2));
        assert_eq!(of(HeaderName::AlertInfo, "<http://x>;info=alert-autoanswer"), Some(0));
        assert_eq!(of(HeaderName::AnswerMode, "Auto"), Some(0));
        assert_eq!(of(HeaderName::AnswerMode, "Manual"), None);
    }

    #[test]
    fn an_identity_is_a_uri_that_cannot_break_out() {
        for good in ["sip:a@b", "sips:a@b", "tel:+1"] {
            assert!(is_identity(good), "{good}");
        }
        for bad in ["a@b", "sip:a@b>,<sip:c@d", "sip:a@b\r\nX: y", "http://x", "sip:a@b?X=y", ""] {
            assert!(!is_identity(bad), "{bad}");
        }
    }
}
