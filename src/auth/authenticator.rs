//! What one account knows about challenges, and its answers to them.

use super::challenge::{Challenge, Scheme, challenges};
use super::digest::{Algorithm, Qop};
use super::session::{DigestSession, Origin, Scope, Session};
use super::snapshot;
use super::wallet::{AuthOptions, Question, Wallet};
use crate::common::limits::CHALLENGES;
use crate::common::lists::Gather;
use crate::common::random::Random;
use crate::io::{Credentials, CredentialsKind, DigestAlgorithm, Error, ErrorCode};
use crate::message::{self, AuthParams, HeaderName, Method, Request, Response};

/// How often in a row a fresh answer may be called stale before it counts as refused.
const STALE_IN_A_ROW: u8 = 3;

/// What follows from a challenge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Learnt {
    /// The request can be sent again.
    Ready,
    /// Once the application has answered this, [`Authenticator::learn_again`].
    Ask(Question),
}

/// Answers challenges with one account's credentials, ahead of time where it can.
#[derive(Debug)]
pub struct Authenticator {
    wallet: Wallet,
    /// The realm that the registrar named first, where the application lists none.
    pinned: Option<String>,
    sessions: Vec<Session>,
}

impl Authenticator {
    /// An authenticator that knows no challenge yet.
    #[must_use]
    pub fn new(options: AuthOptions) -> Self {
        Self { wallet: Wallet::new(options), pinned: None, sessions: Vec::new() }
    }

    /// Learns from a 401 or 407 to `request`, which is given as it was sent. After [`Learnt::Ready`] the request can
    /// be sent again, with a new branch and CSeq, once [`Authenticator::authorize`] has been over it. `may_pin`: the
    /// challenge comes from the registrar on our own flow, so that its realm becomes the account's if there is none yet.
    ///
    /// # Errors
    ///
    /// `WrongPassword`: a fresh answer was refused. `RealmNotAllowed`: none of the realms may have these credentials.
    /// `NoCredentials`: there is no password, and no HA1 or token for what is asked. `NoSupportedAlgorithm`: no
    /// challenge can be answered. Each carries the response's status.
    pub fn learn(&mut self, request: &Request, response: &Response, may_pin: bool) -> Result<Learnt, Error> {
        self.take(request, response, may_pin, None)
    }

    /// The same once more, after the application has answered for `realm`.
    ///
    /// # Errors
    /// As [`Authenticator::learn`]; the refusal of what the request carried is not judged again, and what does not
    /// fit the challenge is `NoCredentials`.
    pub fn learn_again(
        &mut self,
        request: &Request,
        response: &Response,
        may_pin: bool,
        realm: &str,
    ) -> Result<Learnt, Error> {
        self.take(request, response, may_pin, Some(realm))
    }

    /// What the application said for a realm; `None`: nothing.
    pub fn give(&mut self, realm: &str, credentials: Option<Credentials>) {
        self.wallet.give(realm, credentials);
    }

    /// Puts the answers that are known into a request, in place of those it has. The request must be complete: its
    /// body may be part of the answer.
    pub fn authorize(&mut self, request: &mut Request, random: &mut Random) {
        request.headers.remove(HeaderName::Authorization);
        request.headers.remove(HeaderName::ProxyAuthorization);
        let register = *request.method() == Method::Register;
        let Self { sessions, wallet, .. } = self;
        for session in sessions.iter_mut().filter(|session| session.scope.register == register && !session.spent) {
            let Session { scope, realm, digest, spent } = session;
            let value = match digest {
                Some(digest) => {
                    // Known again once the application has given it.
                    let Some(ha1) = wallet.ha1(realm, digest.algorithm.hash) else { continue };
                    let value = digest.answer(realm, wallet.username(realm), ha1.expose(), request, random);
                    // Without a qop nothing tells a second use from a replay: such a nonce is good for one answer.
                    *spent = !digest.is_reusable();
                    value
                }
                None => {
                    let Some(token) = wallet.token(realm) else { continue };
                    // What the far end of one call asked for is not for the far end of the next.
                    *spent = !scope.proxy && !scope.register;
                    ["Bearer ", token.expose()].concat()
                }
            };
            let name = if scope.proxy { HeaderName::ProxyAuthorization } else { HeaderName::Authorization };
            request.headers.push(name, value);
        }
    }

    /// Learns from a final response that is no challenge: that what the request carried was good, and which nonce
    /// comes next. False where the server claims to know the credentials and cannot prove it.
    pub fn concluded(&mut self, request: &Request, response: &Response) -> bool {
        let mut authentic = true;
        let register = *request.method() == Method::Register;
        for (proxy, answered, info) in [
            (false, HeaderName::Authorization, HeaderName::AuthenticationInfo),
            (true, HeaderName::ProxyAuthorization, HeaderName::ProxyAuthenticationInfo),
        ] {
            let scope = Scope { proxy, register };
            let answers = request.headers.lines(answered).filter_map(credentials).gather();
            for answer in &answers {
                if response.status() != 403
                    && let Some(index) = self.session_of(scope, answer)
                    && let Some(session) = self.sessions.get(index)
                {
                    self.wallet.proven(&session.realm);
                }
            }
            for info in response.headers.lines(info).filter_map(credentials) {
                // It says by the client's nonce which answer it is about; or there is but one.
                let about = match info.get("cnonce") {
                    Some(cnonce) => answers.iter().find(|answer| answer.get("cnonce").as_ref() == Some(&cnonce)),
                    None => answers.iter().find(|answer| answer.get("nonce").is_some()),
                };
                if let Some(answer) = about {
                    authentic &= self.informed(scope, answer, &info, response.body());
                }
            }
        }
        authentic
    }

    /// Learns from a 403 to a request. `None`: it says nothing about the credentials, for there were none or they were good
    /// before; else whether the application may be asked for others.
    pub fn forbidden(&mut self, request: &Request) -> Option<bool> {
        let register = *request.method() == Method::Register;
        let mut result = None;
        for (proxy, name) in [(false, HeaderName::Authorization), (true, HeaderName::ProxyAuthorization)] {
            for answer in request.headers.lines(name).filter_map(credentials) {
                let index = self.session_of(Scope { proxy, register }, &answer);
                if let Some(index) = index
                    && self.sessions.get(index).is_some_and(|session| !self.wallet.is_proven(&session.realm))
                {
                    let session = self.sessions.remove(index);
                    result = Some(self.wallet.refused(&session.realm) || result == Some(true));
                }
            }
        }
        result
    }

    fn informed(&mut self, scope: Scope, answer: &AuthParams<'_>, info: &AuthParams<'_>, body: &[u8]) -> bool {
        let index = self.session_of(scope, answer);
        let Some(session) = index.and_then(|index| self.sessions.get_mut(index)) else { return true };
        let Some(digest) = &mut session.digest else { return true };
        let Some(ha1) = self.wallet.ha1(&session.realm, digest.algorithm.hash) else { return true };
        if !digest.is_proof(ha1.expose(), answer, info, body) {
            return false;
        }
        if let Some(nonce) = info.get("nextnonce").filter(|nonce| !nonce.is_empty()) {
            digest.next_nonce(&nonce);
            session.spent = false;
        }
        true
    }

    /// What is remembered beyond the page: the pinned realm, nonces and their counts. Nothing in it is secret.
    #[must_use]
    pub fn snapshot(&self) -> String {
        snapshot::write(self.pinned.as_deref(), &self.sessions)
    }

    /// Takes up what [`Authenticator::snapshot`] gave at another time. False where it cannot be read: then nothing
    /// is remembered, and the next request is simply challenged.
    pub fn restore(&mut self, text: &str) -> bool {
        let Some((pinned, sessions)) = snapshot::read(text) else { return false };
        if self.wallet.options.realms.is_empty() && self.pinned.is_none() {
            self.pinned = pinned;
        }
        for session in sessions.into_iter().take(CHALLENGES) {
            let allowed = session.digest.as_ref().is_some_and(|digest| self.is_good(digest.algorithm));
            if allowed && self.is_allowed(&session.realm, false) && self.find(session.scope, &session.realm).is_none() {
                self.sessions.push(session);
            }
        }
        true
    }

    fn find(&self, scope: Scope, realm: &str) -> Option<usize> {
        self.sessions.iter().position(|session| session.scope == scope && session.realm == realm)
    }

    /// The session that an answer of ours belongs to.
    fn session_of(&self, scope: Scope, answer: &AuthParams<'_>) -> Option<usize> {
        match answer.get("realm") {
            Some(realm) => self.find(scope, &realm),
            None => self.sessions.iter().position(|session| session.scope == scope && session.digest.is_none()),
        }
    }

    fn is_allowed(&self, realm: &str, may_pin: bool) -> bool {
        let listed = &self.wallet.options.realms;
        if listed.is_empty() {
            self.pinned.as_ref().map_or(may_pin, |pinned| *pinned == realm)
        } else {
            listed.iter().any(|listed| *listed == realm)
        }
    }

    fn is_good(&self, algorithm: Algorithm) -> bool {
        algorithm.hash != DigestAlgorithm::Md5 || !self.wallet.options.forbid_md5
    }

    fn take(
        &mut self,
        request: &Request,
        response: &Response,
        may_pin: bool,
        told: Option<&str>,
    ) -> Result<Learnt, Error> {
        let register = *request.method() == Method::Register;
        let mut result = Err(ErrorCode::NoSupportedAlgorithm);
        for (proxy, asked, answered) in [
            (false, HeaderName::WwwAuthenticate, HeaderName::Authorization),
            (true, HeaderName::ProxyAuthenticate, HeaderName::ProxyAuthorization),
        ] {
            let scope = Scope { proxy, register };
            let asked = challenges(response.headers.lines(asked));
            let answered = request.headers.lines(answered).filter_map(credentials).filter(|_| told.is_none()).gather();
            for answer in &answered {
                self.keep(scope, answer, &asked);
            }
            let mut done: Vec<&str> = Vec::new();
            for challenge in &asked {
                let realm = &*challenge.realm;
                if !done.contains(&realm) {
                    done.push(realm);
                    let of_realm = asked.iter().filter(|asked| asked.realm == realm).gather();
                    result = more_telling(result, self.take_realm(scope, realm, &of_realm, &answered, may_pin, told));
                }
            }
        }
        result.map_err(|code| Error::sip(code, response.status()))
    }

    /// An answer that is not asked for again goes out again, even if its nonce is good for one request only: it has
    /// served for that request, which another server on its way has challenged now.
    fn keep(&mut self, scope: Scope, answer: &AuthParams<'_>, asked: &[Challenge]) {
        if let Some(session) = self.session_of(scope, answer).and_then(|index| self.sessions.get_mut(index))
            && !asked.iter().any(|challenge| challenge.realm == session.realm)
        {
            session.spent = false;
        }
    }

    /// Everything that one realm asks.
    fn take_realm(
        &mut self,
        scope: Scope,
        realm: &str,
        asked: &[&Challenge],
        answered: &[AuthParams<'_>],
        may_pin: bool,
        told: Option<&str>,
    ) -> Result<Learnt, ErrorCode> {
        if !self.is_allowed(realm, may_pin) {
            return Err(ErrorCode::RealmNotAllowed);
        }
        let mut verdict = Refusal::None;
        let mut stale = 0;
        if let Some(index) = self.find(scope, realm)
            && let Some(session) = self.sessions.get(index)
        {
            (verdict, stale) = judge_answer(session, asked, answered);
            if verdict != Refusal::None {
                self.sessions.remove(index);
                let may_ask = self.wallet.refused(realm);
                if !may_ask && (verdict == Refusal::Digest || self.wallet.options.ask) {
                    return Err(ErrorCode::WrongPassword);
                }
            }
        }
        let bearer = asked.iter().find_map(|challenge| match &challenge.scheme {
            Scheme::Bearer { authz_server, scope } if self.wallet.options.tokens => Some((authz_server, scope)),
            _ => None,
        });
        // A token that was just refused by nobody's fault but its own: a password may do instead.
        if bearer.is_some() && self.wallet.token(realm).is_some() && verdict != Refusal::Token {
            self.accept(scope, realm, None, false);
            return Ok(Learnt::Ready);
        }
        let mut algorithms: Vec<DigestAlgorithm> = Vec::new();
        for challenge in asked {
            let Scheme::Digest(digest) = &challenge.scheme else { continue };
            let Some(algorithm) = digest.algorithm.filter(|algorithm| self.is_good(*algorithm)) else { continue };
            // RFC 8760 section 2.4: the topmost that is supported.
            if self.wallet.can_answer(realm, algorithm.hash) {
                self.accept(scope, realm, Some(DigestSession::new(digest, algorithm, stale)), digest.stale);
                return Ok(Learnt::Ready);
            }
            if !algorithms.contains(&algorithm.hash) {
                algorithms.push(algorithm.hash);
            }
        }
        if bearer.is_none() && algorithms.is_empty() {
            return Err(ErrorCode::NoSupportedAlgorithm);
        }
        // What the application said does not fit.
        if self.wallet.has_given(realm) {
            self.wallet.give(realm, None);
        }
        if !self.wallet.options.ask || told == Some(realm) {
            return Err(if verdict == Refusal::None { ErrorCode::NoCredentials } else { ErrorCode::WrongPassword });
        }
        let (authz_server, scope) = bearer.map(|(server, scope)| (server.clone(), scope.clone())).unwrap_or_default();
        Ok(Learnt::Ask(Question {
            realm: realm.to_owned(),
            kind: if bearer.is_some() { CredentialsKind::Bearer } else { CredentialsKind::Digest },
            algorithms,
            authz_server,
            scope,
            rejected: self.wallet.was_rejected(realm),
        }))
    }

    fn accept(&mut self, scope: Scope, realm: &str, digest: Option<DigestSession>, anew: bool) {
        let known = self.find(scope, realm).map(|index| self.sessions.remove(index));
        let mut session = Session { scope, realm: realm.to_owned(), spent: false, digest };
        if let Some(known) = known.and_then(|known| known.digest)
            && let Some(digest) = session.digest.as_mut().filter(|digest| digest.nonce == known.nonce)
            && digest.algorithm == known.algorithm
            && digest.qop == known.qop
            && digest.qop != Qop::None
            && !anew
        {
            // The same challenge twice: what was used of its nonce stays used.
            digest.count = known.count;
            digest.began_with = known.began_with;
        }
        if self.wallet.options.realms.is_empty() && self.pinned.is_none() {
            self.pinned = Some(realm.to_owned());
        }
        if self.sessions.len() >= CHALLENGES {
            self.sessions.remove(0);
        }
        self.sessions.push(session);
    }
}

/// What of an answer was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refusal {
    /// Nothing, or it says nothing about the credentials.
    None,
    /// The password or HA1.
    Digest,
    /// The token.
    Token,
}

/// Whether a challenge means that the credentials of the request's answer are wrong; and how often in a row, with this
/// time, a fresh answer was called stale.
fn judge_answer(session: &Session, asked: &[&Challenge], answered: &[AuthParams<'_>]) -> (Refusal, u8) {
    let Some(digest) = &session.digest else {
        let carried = answered.iter().any(|answer| answer.scheme.eq_ignore_ascii_case("Bearer"));
        return (if carried { Refusal::Token } else { Refusal::None }, 0);
    };
    let Some(answer) = answered.iter().find(|answer| answer.get("realm").is_some_and(|realm| realm == session.realm))
    else {
        return (Refusal::None, 0);
    };
    let nonce = answer.get("nonce");
    // To ask again what was just answered, and not to call it stale, is to refuse the answer.
    let asks_again = asked.iter().any(|challenge| {
        matches!(&challenge.scheme, Scheme::Digest(digest) if !digest.stale && nonce.as_deref() == Some(&digest.nonce))
    });
    if asks_again && nonce.as_deref() == Some(&digest.nonce) {
        return (Refusal::Digest, digest.stale);
    }
    // A nonce that was used before, was not asked with, or is not the present one says nothing about the password.
    let count = answer.get("nc").and_then(|nc| u32::from_str_radix(&nc, 16).ok()).unwrap_or(digest.count);
    let present = nonce.is_some_and(|nonce| nonce == digest.nonce);
    if count > 1 || !present || digest.origin == Origin::Kept {
        return (Refusal::None, 0);
    }
    let stale = digest.stale + 1;
    let says_stale = asked.iter().any(|challenge| matches!(&challenge.scheme, Scheme::Digest(digest) if digest.stale));
    (if says_stale && stale <= STALE_IN_A_ROW { Refusal::None } else { Refusal::Digest }, stale)
}

/// One set of credentials, or one Authentication-Info.
fn credentials(line: &str) -> Option<AuthParams<'_>> {
    message::challenges(line).ok()?.into_iter().next()
}

/// Of two results the one to go by: a refusal, a question, something that worked, else the error that says most.
fn more_telling(a: Result<Learnt, ErrorCode>, b: Result<Learnt, ErrorCode>) -> Result<Learnt, ErrorCode> {
    let rank = |result: &Result<Learnt, ErrorCode>| match result {
        Err(ErrorCode::WrongPassword) => 5,
        Ok(Learnt::Ask(_)) => 4,
        Ok(Learnt::Ready) => 3,
        Err(ErrorCode::RealmNotAllowed) => 2,
        Err(ErrorCode::NoCredentials) => 1,
        Err(_) => 0,
    };
    if rank(&b) > rank(&a) { b } else { a }
}

#[cfg(test)]
mod tests;
