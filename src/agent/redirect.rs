//! Redirection (RFC 3261 section 8.1.3.4): 3xx to our requests followed, and given to their INVITE.

use super::Agent;
use super::outcome::outcome;
use super::outgoing::target_uri;
use crate::common::limits;
use crate::common::time::Now;
use crate::io::{CallId, Error, ErrorCode, OutcomeKind};
use crate::message::{HeaderName, Headers, Request, Response, Uri};
use crate::transaction::ClientId;

/// Where a request of ours has been, and where it may still go.
#[derive(Debug, Default)]
pub(crate) struct Redirection {
    /// Redirections followed.
    followed: u8,
    /// Request-URIs that had their turn, but for the present one.
    tried: Vec<String>,
    /// Targets with their preference in thousandths, the best first.
    targets: Vec<(u16, String)>,
    /// The present target came from a 3xx and has asked for no credentials yet: it gets none unasked.
    pub(super) stranger: bool,
}

impl Redirection {
    /// Takes a 3xx to this request. False where it is not followed: not so often, or not such a one.
    pub(super) fn follow(&mut self, limit: u8, request: &Request, response: &Response) -> bool {
        // 305 would hand the choice of our proxy to whoever answers, 380 describes something else in its body.
        if self.followed >= limit || !matches!(response.status(), 300..=304 | 306..=379 | 381..=399) {
            return false;
        }
        self.followed += 1;
        self.add(&response.headers, request.uri());
        true
    }

    /// Makes this request one to the next target, if there is one.
    pub(super) fn next(&mut self, request: &mut Request) -> bool {
        if self.targets.is_empty() {
            return false;
        }
        let (_, target) = self.targets.remove(0);
        self.tried.push(request.uri().to_owned());
        self.stranger = true;
        request.set_uri(target);
        request.headers.remove(HeaderName::Authorization);
        request.headers.remove(HeaderName::ProxyAuthorization);
        true
    }

    /// Adds the Contacts of a 3xx that a request to `present` may go to.
    fn add(&mut self, headers: &Headers, present: &str) {
        let secure = Uri::parse(present).is_ok_and(|uri| uri.is_sips());
        for contact in headers.contacts().flatten() {
            let Some(target) = target_of(contact.uri_text(), secure) else { continue };
            let known = self.tried.iter().chain(self.targets.iter().map(|(_, uri)| uri)).map(String::as_str);
            // The same target again would be a loop.
            if known.chain([present]).any(|known| is_same(known, &target)) || self.targets.len() >= limits::REDIRECTS {
                continue;
            }
            let preference = contact.preference();
            let place = self.targets.iter().take_while(|(other, _)| *other >= preference).count();
            self.targets.insert(place, (preference, target));
        }
    }
}

fn is_same(one: &str, other: &str) -> bool {
    match (Uri::parse(one), Uri::parse(other)) {
        (Ok(one), Ok(other)) => one.same_as(&other),
        _ => one == other,
    }
}

/// The Request-URI that a Contact means: SIP alone, as safe as before, and without what it would put into our headers
/// (section 19.1.5).
fn target_of(text: &str, secure: bool) -> Option<String> {
    let uri = Uri::parse(text).ok()?;
    let method = uri.params().any(|(name, _)| name.eq_ignore_ascii_case("method"));
    if !uri.is_sip() || (secure && !uri.is_sips()) || uri.host().is_empty() || method {
        return None;
    }
    Some(uri.without_headers().to_owned())
}

impl Agent {
    /// A 3xx to our INVITE. False where it is not followed: then the call ends with it.
    pub(super) fn redirected(&mut self, now: Now, id: CallId, client: ClientId, response: &Response) -> bool {
        let Some(call) = self.call_mut(id) else { return false };
        let account = call.account;
        let limit = self.find_account(account).map_or(0, |account| account.options.max_redirects);
        let Some(call) = self.call_mut(id) else { return false };
        call.redirection.follow(limit, &call.invite, response) && self.next_target(now, id, client)
    }

    /// Sends the INVITE to the next target, if there is one.
    pub(super) fn next_target(&mut self, now: Now, id: CallId, client: ClientId) -> bool {
        let Some(call) = self.call_mut(id) else { return false };
        if !call.redirection.next(&mut call.invite) {
            return false;
        }
        call.auth_rounds = 0;
        self.forget_use(client);
        self.invite_again(now, id);
        true
    }

    /// Sends the caller elsewhere.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`] or [`ErrorCode::InvalidState`], where there is nothing to redirect;
    /// [`ErrorCode::InvalidOption`] for a status outside 300 to 399 or no target; [`ErrorCode::InvalidTarget`].
    pub fn redirect(&mut self, now: Now, id: CallId, status: u16, targets: &[String]) -> Result<(), Error> {
        let extra = self.lent();
        let call = self.call_mut(id).ok_or(ErrorCode::NotFound)?;
        if !call.is_unanswered() || call.replacing.is_some() {
            return Err(ErrorCode::InvalidState.into());
        }
        let account = call.account;
        if !(300..=399).contains(&status) {
            return Err(Error::option("status"));
        }
        if targets.is_empty() || targets.len() > limits::REDIRECTS {
            return Err(Error::option("targets"));
        }
        let domain = self.find_account(account).ok_or(ErrorCode::NotFound)?.options.domain.clone();
        let mut contacts = Vec::new();
        for target in targets {
            contacts.push(["<", &target_uri(target, &domain)?, ">"].concat());
        }
        if let Some(call) = self.call_mut(id) {
            call.redirect_to = contacts;
            call.extra = extra;
        }
        let mut redirected = outcome(OutcomeKind::Declined, true);
        redirected.status = Some(status);
        self.refuse(now, id, status, redirected);
        self.pump(now);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(contacts: &[&str], present: &str) -> Vec<String> {
        let mut headers = Headers::default();
        for contact in contacts {
            headers.push(HeaderName::Contact, *contact);
        }
        let mut redirection = Redirection { tried: vec!["sip:tried@a.example".to_owned()], ..Redirection::default() };
        redirection.add(&headers, present);
        redirection.targets.into_iter().map(|(_, target)| target).collect()
    }

    /// RFC 3261 8.1.3.4, 16.5: by preference, and where that is equal in the order of the response.
    #[test]
    fn targets_are_tried_by_their_preference() {
        let contacts = ["<sip:c@x.example>;q=0.2, <sip:a@x.example>", "<sip:d@x.example>;q=0.1", "<sip:b@x.example>"];
        assert_eq!(
            after(&contacts, "sip:bob@x.example"),
            ["sip:a@x.example", "sip:b@x.example", "sip:c@x.example", "sip:d@x.example"]
        );
    }

    /// RFC 3261 8.1.3.4: a target is tried once.
    #[test]
    fn a_target_that_had_its_turn_is_left_out() {
        let contacts = ["<sip:bob@X.example>, <sip:tried@A.example>, <sip:n@x.example>, <sip:n@x.example>"];
        assert_eq!(after(&contacts, "sip:bob@x.example"), ["sip:n@x.example"]);
    }

    /// RFC 3261 8.1.3.4, 19.1.5
    #[test]
    fn only_sip_targets_count_and_bring_no_headers() {
        let contacts = ["<tel:+1>, <mailto:a@b>, <sip:a@x.example;method=BYE>, <sip:a@x.example?Route=%3Csip:x%3E>"];
        assert_eq!(after(&contacts, "sip:bob@x.example"), ["sip:a@x.example"]);
        assert_eq!(after(&["<sip:a@x.example>, <sips:b@x.example>"], "sips:bob@x.example"), ["sips:b@x.example"]);
    }
}
