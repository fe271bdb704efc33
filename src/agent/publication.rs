//! Event state that we publish (RFC 3903): made, refreshed, changed and removed under the entity tag that the server
//! gives it. One PUBLISH at a time; what changes meanwhile leaves with the next.

use super::Agent;
use super::messaging::{check_body, set_body};
use super::outcome::error_of;
use super::request::{DialogRef, Purpose};
use crate::common::backoff;
use crate::common::limits;
use crate::common::lists::Gather;
use crate::common::time::{Mono, Now};
use crate::dialog::subscription::refresh_after;
use crate::io::{AccountId, Body, CommandId, Error, ErrorCode, Event, Extra, HeaderList, PublicationId, Reply};
use crate::message::{HeaderName, Method, Response, is_token};

/// The first pause before another attempt, in milliseconds; it doubles with each failure.
const FIRST_PAUSE_MS: u64 = 5_000;
/// The longest pause, in milliseconds.
const LONGEST_PAUSE_MS: u64 = 600_000;

/// What a PUBLISH does (section 4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    Initial,
    Refresh,
    Modify,
    Remove,
}

/// State of ours on the server.
#[derive(Debug)]
pub(super) struct Publication {
    id: PublicationId,
    pub(super) account: AccountId,
    event: String,
    body: Body,
    extra: Extra,
    /// Seconds to ask for.
    asked: u32,
    etag: Option<String>,
    /// The body is another than the server's.
    changed: bool,
    removing: bool,
    in_flight: Option<Operation>,
    /// The 412 to what was sent last: a second one in a row is no news.
    unknown: bool,
    failures: u32,
    refresh_at: Option<Mono>,
    expires_at: Option<Mono>,
    /// Nothing leaves before.
    retry_at: Option<Mono>,
    /// Who waits for the first answer.
    command: Option<CommandId>,
    /// Who waits for the change that is on its way, and for the one after it.
    waiting: Vec<CommandId>,
    later: Vec<CommandId>,
    told: bool,
}

impl Publication {
    /// State that the server does not have yet.
    fn new(id: PublicationId, account: AccountId, event: String, asked: u32, body: Body) -> Self {
        Self {
            id,
            account,
            event,
            body,
            extra: Extra::default(),
            asked,
            etag: None,
            changed: true,
            removing: false,
            in_flight: None,
            unknown: false,
            failures: 0,
            refresh_at: None,
            expires_at: None,
            retry_at: None,
            command: None,
            waiting: Vec::new(),
            later: Vec::new(),
            told: false,
        }
    }

    /// Those of the last command that had any stay.
    fn replace_headers(&mut self, extra: Extra) {
        if !extra.headers.is_empty() {
            self.extra = extra;
        }
    }

    fn due(&mut self, now: Mono) -> Option<Operation> {
        let passed = |at: Option<Mono>| at.is_some_and(|at| at <= now);
        if self.in_flight.is_some() {
            return None;
        }
        if passed(self.expires_at) {
            // The server has forgotten it by now.
            self.expires_at = None;
            self.refresh_at = None;
            self.etag = None;
        }
        let operation = match &self.etag {
            Some(_) if self.removing => Some(Operation::Remove),
            _ if self.removing || self.retry_at.is_some_and(|at| at > now) => None,
            None => Some(Operation::Initial),
            Some(_) if self.changed => Some(Operation::Modify),
            Some(_) => passed(self.refresh_at).then_some(Operation::Refresh),
        }?;
        self.in_flight = Some(operation);
        self.retry_at = None;
        self.waiting.append(&mut self.later);
        if matches!(operation, Operation::Initial | Operation::Modify) {
            self.changed = false;
        }
        Some(operation)
    }

    /// The commands that wait for the server.
    pub(super) fn into_commands(self) -> impl Iterator<Item = CommandId> {
        self.command.into_iter().chain(self.waiting).chain(self.later)
    }

    pub(super) fn next_timeout(&self, ready: bool) -> Option<Mono> {
        let times = [self.retry_at, self.refresh_at.max(self.retry_at), self.expires_at];
        times.into_iter().flatten().min().filter(|_| ready && self.in_flight.is_none())
    }

    fn granted(&mut self, now: Mono, seconds: u32) {
        self.expires_at = Some(now.after(u64::from(seconds) * 1000));
        self.refresh_at = Some(now.after(refresh_after(seconds)));
        self.failures = 0;
        self.unknown = false;
    }

    fn pause(&mut self, now: Mono, retry_after: Option<u32>) {
        let own = backoff::doubled(FIRST_PAUSE_MS, LONGEST_PAUSE_MS, self.failures);
        self.failures = self.failures.saturating_add(1);
        self.retry_at = Some(now.after(retry_after.map_or(own, |seconds| u64::from(seconds) * 1000)));
    }
}

impl Agent {
    /// Publishes state of the account's own address, and keeps it published; `command` is completed once the server has it.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`], [`ErrorCode::InvalidOption`], [`ErrorCode::FlowLost`], [`ErrorCode::Busy`] where there
    /// are too many.
    #[allow(clippy::too_many_arguments)]
    pub fn publish(
        &mut self,
        now: Now,
        account: AccountId,
        event: String,
        expires: u32,
        body: Body,
        extra: Extra,
        command: CommandId,
    ) -> Result<(), Error> {
        let found = self.find_account(account).ok_or(ErrorCode::NotFound)?;
        if !is_token(&event) {
            return Err(Error::option("event"));
        }
        if expires == 0 {
            return Err(Error::option("expires"));
        }
        check_body(&body)?;
        super::extra::check_headers(&extra.headers)?;
        if body.content_type.is_empty() {
            return Err(Error::option("body"));
        }
        if found.flow().is_none() {
            return Err(ErrorCode::FlowLost.into());
        }
        if self.usages.publications.len() >= limits::PUBLICATIONS {
            return Err(ErrorCode::Busy.into());
        }
        let id = PublicationId(self.new_id());
        let command = Some(command);
        let publication = Publication { extra, command, ..Publication::new(id, account, event, expires, body) };
        self.usages.publications.push(publication);
        self.publish_due(now, id);
        self.pump(now);
        Ok(())
    }

    /// Changes what is published; `command` is completed once the server has it.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`], [`ErrorCode::InvalidOption`] for a body that cannot be sent, [`ErrorCode::FlowLost`]:
    /// then the new state leaves with the next flow all the same.
    pub fn republish(&mut self, now: Now, id: PublicationId, body: Body, command: CommandId) -> Result<(), Error> {
        check_body(&body)?;
        if body.content_type.is_empty() {
            return Err(Error::option("body"));
        }
        let extra = self.lent();
        let account = self.publication_mut(id).ok_or(ErrorCode::NotFound)?.account;
        let ready = self.ready_flow(account).is_some();
        let publication = self.publication_mut(id).filter(|found| !found.removing).ok_or(ErrorCode::NotFound)?;
        publication.replace_headers(extra);
        publication.body = body;
        publication.changed = true;
        if !ready {
            return Err(ErrorCode::FlowLost.into());
        }
        publication.later.push(command);
        self.pump(now);
        Ok(())
    }

    /// Removes what is published; `command` is completed once the server has forgotten it.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`]; [`ErrorCode::FlowLost`] where it ends here but the server has to find out by itself.
    pub fn unpublish(&mut self, now: Now, id: PublicationId, command: CommandId) -> Result<(), Error> {
        let extra = self.lent();
        let account = self.publication_mut(id).ok_or(ErrorCode::NotFound)?.account;
        let ready = self.ready_flow(account).is_some();
        let publication = self.publication_mut(id).filter(|found| !found.removing).ok_or(ErrorCode::NotFound)?;
        publication.replace_headers(extra);
        publication.removing = true;
        if !ready {
            self.forget_publication(id, None);
            self.pump(now);
            return Err(ErrorCode::FlowLost.into());
        }
        publication.later.push(command);
        self.pump(now);
        Ok(())
    }

    fn publication_mut(&mut self, id: PublicationId) -> Option<&mut Publication> {
        self.usages.publications.iter_mut().find(|publication| publication.id == id)
    }

    /// Sends the PUBLISH that is due. True where one was.
    fn publish_due(&mut self, now: Now, id: PublicationId) -> bool {
        let Some(publication) = self.publication_mut(id) else { return false };
        let Some(operation) = publication.due(now.mono) else { return false };
        let (account, extra) = (publication.account, publication.extra.clone());
        let target = self.find_account(account).map(|account| account.address_of_record()).unwrap_or_default();
        let sent = self.outside(account, Method::Publish, &target, &extra).and_then(|mut request| {
            let Some(publication) = self.publication_mut(id) else { return Err(ErrorCode::NotFound.into()) };
            let expires = if operation == Operation::Remove { 0 } else { publication.asked };
            request.headers.push(HeaderName::Event, publication.event.as_str());
            request.headers.push(HeaderName::Expires, expires.to_string());
            if let Some(etag) = &publication.etag {
                request.headers.push(HeaderName::SipIfMatch, etag.as_str());
            }
            if matches!(operation, Operation::Initial | Operation::Modify) {
                set_body(&mut request, publication.body.clone());
            }
            self.send_request(now, account, DialogRef::None, request, Purpose::Publish(id))
        });
        if let Err(error) = sent {
            self.publish_done(now, id, Err(error));
        }
        true
    }

    /// A PUBLISH has been answered, or never will be.
    pub(super) fn publish_done(&mut self, now: Now, id: PublicationId, result: Result<&Response, Error>) {
        let Some(publication) = self.publication_mut(id) else { return };
        let Some(operation) = publication.in_flight.take() else { return };
        let (status, error) = match &result {
            Ok(response) if response.status() < 300 => (response.status(), None),
            Ok(response) => (response.status(), Some(error_of(response))),
            Err(error) => (error.status.unwrap_or(0), Some(error.clone())),
        };
        let response = result.ok();
        let header = |name: HeaderName| response.and_then(|response| response.headers.get(name));
        if operation == Operation::Remove {
            // 412 as well: then it is gone already.
            self.forget_publication(id, error.filter(|_| status != 412));
            return;
        }
        let carried_body = matches!(operation, Operation::Initial | Operation::Modify);
        let seconds = |name: HeaderName| header(name).and_then(|value| value.parse::<u32>().ok());
        match (status, &error) {
            (200..=299, _) => {
                let Some(etag) = header(HeaderName::SipEtag).filter(|etag| is_token(etag)) else {
                    // Without it nothing could ever be refreshed (section 4.1).
                    self.forget_publication(id, Some(Error::sip(ErrorCode::MalformedMessage, status)));
                    return;
                };
                publication.etag = Some(etag.to_owned());
                let granted = seconds(HeaderName::Expires).unwrap_or(publication.asked).min(publication.asked);
                publication.granted(now.mono, granted.max(1));
                let command = publication.command.take();
                let waiting = std::mem::take(&mut publication.waiting);
                if let Some(command) = command {
                    self.complete(command, Ok(Reply::Publication(id)));
                }
                for command in waiting {
                    self.complete(command, Ok(Reply::Done));
                }
                self.tell_publication(id, true, None);
            }
            // The server does not know the tag any more: published anew, once (section 4.1).
            (412, _) if !std::mem::replace(&mut publication.unknown, true) => {
                publication.etag = None;
                publication.expires_at = None;
                publication.refresh_at = None;
                publication.later.append(&mut publication.waiting);
            }
            (423, _) if seconds(HeaderName::MinExpires).is_some_and(|least| least > publication.asked) => {
                publication.asked = seconds(HeaderName::MinExpires).unwrap_or(publication.asked);
                publication.changed |= carried_body;
                if operation == Operation::Refresh {
                    publication.refresh_at = Some(now.mono);
                }
                publication.later.append(&mut publication.waiting);
            }
            (_, Some(error)) => {
                let after = seconds(HeaderName::RetryAfter);
                let passing = after.is_some() || matches!(status, 0 | 408 | 500 | 502..=504);
                if publication.command.is_some() || !passing || publication.removing {
                    let error = error.clone();
                    self.forget_publication(id, Some(error));
                    return;
                }
                publication.changed |= carried_body;
                if operation == Operation::Refresh {
                    publication.refresh_at = Some(now.mono);
                }
                let waiting = std::mem::take(&mut publication.waiting);
                publication.pause(now.mono, after);
                let lost = publication.etag.is_none();
                let error = error.clone();
                for command in waiting {
                    self.complete(command, Err(error.clone()));
                }
                if lost {
                    self.tell_publication(id, false, Some(error));
                }
            }
            (_, None) => {}
        }
    }

    fn tell_publication(&mut self, id: PublicationId, published: bool, error: Option<Error>) {
        let Some(publication) = self.publication_mut(id) else { return };
        if published || publication.told {
            publication.told = published;
            self.tell(Event::PublicationChanged { publication: id, published, error, headers: HeaderList::new() });
        }
    }

    /// It is gone, by an error or as it was wanted.
    fn forget_publication(&mut self, id: PublicationId, error: Option<Error>) {
        let Some(index) = self.usages.publications.iter().position(|publication| publication.id == id) else { return };
        let publication = self.usages.publications.remove(index);
        let end = error.clone().unwrap_or_else(|| ErrorCode::Stopped.into());
        if let Some(command) = publication.command {
            self.complete(command, Err(end));
        } else {
            self.tell(Event::PublicationChanged {
                publication: id,
                published: false,
                error: error.clone(),
                headers: HeaderList::new(),
            });
        }
        for command in publication.waiting.into_iter().chain(publication.later) {
            self.complete(command, error.clone().map_or(Ok(Reply::Done), Err));
        }
    }

    pub(super) fn settle_publications(&mut self, now: Now) -> bool {
        let mut changed = false;
        for id in self.usages.publications.iter().map(|publication| publication.id).gather() {
            let Some(publication) = self.publication_mut(id) else { continue };
            let account = publication.account;
            if publication.removing && publication.in_flight.is_none() && publication.etag.is_none() {
                self.forget_publication(id, None);
                changed = true;
            } else if self.ready_flow(account).is_some() {
                changed |= self.publish_due(now, id);
            }
        }
        changed
    }

    /// Removes what is published of an account, or of all, as far as the server can be told.
    pub(super) fn end_publications(&mut self, now: Now, account: Option<AccountId>) {
        let all = &self.usages.publications;
        let ids =
            all.iter().filter(|found| account.is_none_or(|id| found.account == id)).map(|found| found.id).gather();
        for id in ids {
            if let Some(publication) = self.publication_mut(id) {
                publication.removing = true;
                // An answer that has not come yet brings a tag that nobody will use.
                publication.in_flight = None;
                let mut waiting = std::mem::take(&mut publication.waiting);
                waiting.append(&mut publication.later);
                for command in waiting {
                    self.complete(command, Err(ErrorCode::Stopped.into()));
                }
            }
            self.publish_due(now, id);
            self.forget_publication(id, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::common::random::{Random, Seeded};

    /// Whatever the server says: what is published waits for an answer, for a time or for a flow, and never spins.
    #[test]
    fn no_sequence_of_answers_leaves_it_stuck_or_spinning() {
        let mut random = Random::new(Seeded(3));
        let mut done = [0_u32; 4];
        for _ in 0..2_000 {
            let mut now = Mono(1_000);
            let mut publication = publication();
            for _ in 0..60 {
                if let Some(operation) = publication.due(now) {
                    done[operation as usize] += 1;
                }
                assert_eq!(publication.due(now), None, "one at a time");
                match random.below(6) {
                    0 if publication.in_flight.take().is_some() => {
                        publication.etag = Some("t".to_owned());
                        publication.granted(now, 1 + random.below(900) as u32);
                    }
                    1 => {
                        if let Some(operation) = publication.in_flight.take() {
                            publication.changed |= operation != Operation::Refresh;
                            publication.refresh_at = Some(now);
                            publication.pause(now, None);
                        }
                    }
                    2 if publication.in_flight.take().is_some() => {
                        publication.etag = None;
                        publication.expires_at = None;
                        publication.refresh_at = None;
                    }
                    3 => publication.changed = true,
                    4 if random.below(20) == 0 => publication.removing = true,
                    _ => now = publication.next_timeout(true).unwrap_or(now).max(now),
                }
                if publication.removing && publication.etag.is_none() {
                    break;
                }
                let mut next = publication.clone_for_test();
                let due = next.due(now).is_some();
                let later = next.next_timeout(true).is_some_and(|at| at > now);
                assert!(due || later || next.in_flight.is_some(), "{next:?}");
            }
        }
        assert!(done.iter().all(|times| *times > 100), "{done:?}");
    }

    fn publication() -> Publication {
        Publication::new(PublicationId(1), AccountId(1), "presence".to_owned(), 600, Body::default())
    }

    impl Publication {
        fn clone_for_test(&self) -> Self {
            Self {
                etag: self.etag.clone(),
                changed: self.changed,
                removing: self.removing,
                in_flight: self.in_flight,
                refresh_at: self.refresh_at,
                expires_at: self.expires_at,
                retry_at: self.retry_at,
                ..publication()
            }
        }
    }
}
