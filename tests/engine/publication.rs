//! PUBLISH against a state compositor that gives entity tags.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::io::{AccountId, Body, Command, CommandId, ErrorCode, Event, Extra, PublicationId, Reply};
use sipwake::message::{HeaderName, Method, Request, Response, Uri};

use crate::world::World;

/// State that somebody published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    pub user: String,
    pub event: String,
    pub etag: String,
    pub body: String,
}

/// The part of the server that keeps published state (RFC 3903 section 6).
#[derive(Debug)]
pub struct Compositor {
    pub published: Vec<Published>,
    tags: u32,
    pub min_expires: u32,
    pub longest: u32,
    /// Answers the next with this status instead.
    pub next_status: Option<u16>,
    /// Answers without SIP-ETag.
    pub tagless: bool,
}

impl Default for Compositor {
    fn default() -> Self {
        Self { published: Vec::new(), tags: 0, min_expires: 60, longest: 3_600, next_status: None, tagless: false }
    }
}

impl Compositor {
    pub fn publish(&mut self, request: &Request) -> Response {
        if let Some(status) = self.next_status.take() {
            return Response::to(request, status);
        }
        let user = Uri::parse(request.uri()).unwrap().user().unwrap().to_owned();
        let event = request.headers.event().expect("an Event").unwrap().package.to_owned();
        let asked = request.headers.expires().expect("Expires").unwrap();
        if asked > 0 && asked < self.min_expires {
            let mut response = Response::to(request, 423);
            response.headers.push(HeaderName::MinExpires, self.min_expires.to_string());
            return response;
        }
        let body = String::from_utf8(request.body().to_vec()).unwrap();
        let known = request.headers.sip_if_match().map(|etag| self.published.iter().position(|p| p.etag == etag));
        self.tags += 1;
        let etag = format!("tag{}", self.tags);
        match known {
            Some(None) => return Response::to(request, 412),
            Some(Some(index)) if asked == 0 => {
                self.published.remove(index);
            }
            Some(Some(index)) => {
                let published = &mut self.published[index];
                published.etag.clone_from(&etag);
                if !body.is_empty() {
                    published.body = body;
                }
            }
            None if body.is_empty() => return Response::to(request, 400),
            None => self.published.push(Published { user, event, etag: etag.clone(), body }),
        }
        let mut response = Response::to(request, 200);
        response.headers.push(HeaderName::Expires, asked.min(self.longest).to_string());
        if !self.tagless {
            response.headers.push(HeaderName::SipEtag, etag);
        }
        response
    }
}

fn state(text: &str) -> Body {
    Body { content_type: "application/pidf+xml".to_owned(), octets: text.as_bytes().to_vec() }
}

fn publish(account: AccountId, expires: u32) -> Command {
    Command::Publish { account, event: "presence".to_owned(), expires, body: state("open"), extra: Extra::default() }
}

struct One {
    world: World,
    alice: usize,
    account: AccountId,
}

fn one() -> One {
    let mut world = World::new();
    let (alice, account) = world.add_registered("alice");
    One { world, alice, account }
}

impl One {
    fn published(expires: u32) -> (Self, PublicationId) {
        let mut one = one();
        let command = one.command(publish(one.account, expires));
        let Some(Ok(Reply::Publication(id))) = one.world.result(one.alice, command) else {
            panic!("{:?}", one.world.result(one.alice, command))
        };
        (one, id)
    }

    fn command(&mut self, command: Command) -> CommandId {
        let command = self.world.command(self.alice, command);
        self.world.run(50);
        command
    }

    fn failed(&self, command: CommandId) -> sipwake::io::Error {
        self.world.result(self.alice, command).unwrap().unwrap_err()
    }

    fn sent(&self) -> Vec<&Request> {
        let authorized = |request: &&Request| request.headers.get(HeaderName::ProxyAuthorization).is_some();
        self.world.server.requests.iter().filter(|r| *r.method() == Method::Publish).filter(authorized).collect()
    }

    fn kept(&self) -> Vec<&str> {
        self.world.server.compositor.published.iter().map(|published| published.body.as_str()).collect()
    }

    fn changes(&self) -> Vec<(bool, Option<ErrorCode>)> {
        let of = |event: &Event| match event {
            Event::PublicationChanged { published, error, .. } => {
                Some((*published, error.as_ref().map(|error| error.code)))
            }
            _ => None,
        };
        self.world.phones[self.alice].events.iter().filter_map(of).collect()
    }
}

/// RFC 3903 4.1: the first PUBLISH has a body and no tag.
#[test]
fn state_is_published_for_the_accounts_own_address() {
    let (one, _) = One::published(600);
    let request = one.sent().pop().unwrap();
    assert_eq!(request.uri(), "sip:alice@example.test");
    assert_eq!(request.headers.get(HeaderName::Event), Some("presence"));
    assert_eq!(request.headers.get(HeaderName::Expires), Some("600"));
    assert_eq!(request.headers.get(HeaderName::SipIfMatch), None);
    assert_eq!(request.headers.get(HeaderName::ContentType), Some("application/pidf+xml"));
    assert_eq!(one.kept(), ["open"]);
    assert_eq!(one.changes(), [(true, None)]);
}

/// RFC 3903 4.2: refreshed with the tag and without a body; each answer has another tag.
#[test]
fn what_is_published_is_refreshed_with_the_latest_tag() {
    let (mut one, _) = One::published(600);
    one.world.run(1_200_000);
    let sent = one.sent();
    assert!((3..=4).contains(&sent.len()), "{}", sent.len());
    for (index, request) in sent.iter().enumerate().skip(1) {
        assert_eq!(request.headers.sip_if_match(), Some(format!("tag{index}").as_str()));
        assert!(request.body().is_empty() && request.headers.get(HeaderName::ContentType).is_none());
    }
    assert_eq!(one.kept(), ["open"]);
}

/// RFC 3903 4.3: changed with tag and body.
/// RFC 3903 4: one PUBLISH at a time.
#[test]
fn changes_that_come_together_leave_one_after_the_other_and_the_last_wins() {
    let (mut one, id) = One::published(600);
    let first = one.world.command(one.alice, Command::Republish(id, state("1")));
    let second = one.world.command(one.alice, Command::Republish(id, state("2")));
    let third = one.world.command(one.alice, Command::Republish(id, state("3")));
    one.world.run(100);
    for command in [first, second, third] {
        assert_eq!(one.world.result(one.alice, command), Some(Ok(Reply::Done)));
    }
    let bodies: Vec<_> = one.sent().iter().skip(1).map(|r| String::from_utf8(r.body().to_vec()).unwrap()).collect();
    assert_eq!(bodies, ["1", "3"]);
    assert_eq!(one.kept(), ["3"]);
}

/// RFC 3903 4.4: removed with Expires: 0.
#[test]
fn what_is_published_can_be_removed() {
    let (mut one, id) = One::published(600);
    let command = one.command(Command::Unpublish(id));
    assert_eq!(one.world.result(one.alice, command), Some(Ok(Reply::Done)));
    assert_eq!(one.sent().pop().unwrap().headers.get(HeaderName::Expires), Some("0"));
    assert!(one.kept().is_empty());
    assert_eq!(one.changes(), [(true, None), (false, None)]);
    let again = one.command(Command::Unpublish(id));
    assert_eq!(one.failed(again).code, ErrorCode::NotFound);
    one.world.run(2_000_000);
    assert_eq!(one.sent().len(), 2);
}

/// RFC 3903 4.1: 412 means that the server has forgotten it: published anew.
#[test]
fn what_the_server_has_forgotten_is_published_anew() {
    let (mut one, id) = One::published(600);
    one.world.server.compositor.published.clear();
    one.world.run(600_000);
    assert_eq!(one.kept(), ["open"]);
    let command = one.command(Command::Republish(id, state("closed")));
    assert_eq!(one.world.result(one.alice, command), Some(Ok(Reply::Done)));
    one.world.server.compositor.published.clear();
    let command = one.command(Command::Republish(id, state("open again")));
    assert_eq!(one.world.result(one.alice, command), Some(Ok(Reply::Done)));
    assert_eq!(one.kept(), ["open again"]);
}

/// RFC 3903 6: 423 with Min-Expires.
#[test]
fn a_time_too_short_is_raised() {
    let (one, _) = One::published(20);
    assert_eq!(one.sent().pop().unwrap().headers.get(HeaderName::Expires), Some("60"));
    assert_eq!(one.kept(), ["open"]);
}

#[test]
fn a_refused_publication_fails_its_command_and_is_gone() {
    for status in [403, 489, 404, 503] {
        let mut one = one();
        one.world.server.compositor.next_status = Some(status);
        let command = one.command(publish(one.account, 600));
        assert_eq!(one.failed(command).status, Some(status));
        assert!(one.changes().is_empty());
        one.world.run(1_000_000);
        assert_eq!(one.sent().len(), 1);
    }
}

/// RFC 3903 4.1: a 200 without SIP-ETag is none.
#[test]
fn an_answer_without_a_tag_is_an_error() {
    let mut one = one();
    one.world.server.compositor.tagless = true;
    let command = one.command(publish(one.account, 600));
    assert_eq!(one.failed(command).code, ErrorCode::MalformedMessage);
}

#[test]
fn a_refresh_that_fails_for_a_while_is_tried_again_and_one_that_is_forbidden_ends_it() {
    let (mut one, _) = One::published(600);
    one.world.server.compositor.next_status = Some(503);
    one.world.run(550_000);
    assert_eq!(one.changes(), [(true, None), (true, None)], "five seconds later it went through");
    assert_eq!(one.kept(), ["open"]);
    one.world.server.compositor.next_status = Some(403);
    one.world.run(600_000);
    assert_eq!(one.changes().last(), Some(&(false, Some(ErrorCode::Forbidden))));
    let sent = one.sent().len();
    one.world.run(1_000_000);
    assert_eq!(one.sent().len(), sent);
}

#[test]
fn a_publication_outlives_its_flow() {
    let (mut one, id) = One::published(600);
    one.world.cut(one.alice);
    let late = one.command(Command::Republish(id, state("away")));
    assert_eq!(one.failed(late).code, ErrorCode::FlowLost);
    one.world.run(5_000);
    assert_eq!(one.kept(), ["away"], "the state leaves with the next flow, as the error says");
    one.world.run(1_200_000);
    assert_eq!(one.kept(), ["away"]);
}

#[test]
fn what_expired_without_a_flow_is_published_anew() {
    let (mut one, _) = One::published(600);
    one.world.phones[one.alice].offline = true;
    one.world.cut(one.alice);
    one.world.run(700_000);
    one.world.server.compositor.published.clear();
    one.world.phones[one.alice].offline = false;
    one.world.run(100_000);
    assert_eq!(one.kept(), ["open"]);
    assert_eq!(one.sent().pop().unwrap().headers.sip_if_match(), None);
}

#[test]
fn nothing_is_published_without_a_connection_a_body_or_a_time() {
    let mut one = one();
    let field = |one: &mut One, command: Command| one.world.command_now(one.alice, command).unwrap_err().field;
    let account = one.account;
    assert_eq!(field(&mut one, publish(account, 0)), Some("expires"));
    let Command::Publish { event, extra, .. } = publish(account, 60) else { panic!() };
    let empty = Command::Publish { account, event, expires: 60, body: Body::default(), extra };
    assert_eq!(field(&mut one, empty), Some("body"));
    one.world.phones[one.alice].offline = true;
    one.world.cut(one.alice);
    assert_eq!(one.world.command_now(one.alice, publish(account, 60)), Err(ErrorCode::FlowLost.into()));
}

#[test]
fn logging_out_removes_what_is_published() {
    let (mut one, _) = One::published(600);
    let account = one.account;
    one.command(Command::RemoveAccount(account));
    one.world.run(500);
    assert!(one.kept().is_empty());
}
