//! What depends on time, on a clock of its own; the rest is tested over real sockets in `tests/e2e/`.

use std::time::Duration;

use super::*;
use crate::message::Message;
use crate::options::User;

const ALICE: Connection = 1;
const BOB: Connection = 2;

struct World {
    core: Core,
    now: Instant,
    sent: Vec<(Connection, Message)>,
    pushes: Vec<Push>,
    registers: u32,
}

impl World {
    fn new() -> World {
        let users = ["alice", "bob"].map(|name| User { name: name.into(), password: "x".into() }).to_vec();
        let options = Options { users, proxy_auth: false, realm: "sipwake.local".into(), ..Options::default() };
        let core = Core::new(Arc::new(options), "127.0.0.1:1".into());
        let mut world = World { core, now: Instant::now(), sent: Vec::new(), pushes: Vec::new(), registers: 0 };
        world.core.connected(ALICE, "127.0.0.1".into());
        world.core.connected(BOB, "127.0.0.1".into());
        world
    }

    fn collect(&mut self) {
        for effect in self.core.take_effects() {
            match effect {
                Effect::Send { connection, octets } => {
                    self.sent.push((connection, Message::parse(&octets).unwrap()));
                }
                Effect::Push(push) => self.pushes.push(push),
            }
        }
    }

    fn receive(&mut self, from: Connection, text: &str) {
        assert!(self.core.received(self.now, from, text.as_bytes()));
        self.collect();
    }

    /// Lets time pass, every timer at its moment.
    fn pass(&mut self, seconds: u64) {
        let end = self.now + Duration::from_secs(seconds);
        while let Some(next) = self.core.next_timeout().filter(|next| *next <= end) {
            self.now = next.max(self.now);
            self.core.timeout(self.now);
            self.collect();
        }
        self.now = end;
    }

    /// bob registers, past the digest.
    fn register(&mut self, connection: Connection, params: &str, expires: u32) {
        self.registers += 1;
        let text = format!(
            "REGISTER sip:sipwake.local SIP/2.0\r\nCall-ID: r\r\nCSeq: {} REGISTER\r\nExpires: {expires}\r\n\
             Contact: <sip:b{connection}@b.invalid{params}>;+sip.instance=\"<urn:uuid:1>\";reg-id=1\r\n\r\n",
            self.registers
        );
        let request = Message::parse(text.as_bytes());
        let options = self.core.options.clone();
        let outcome = self.core.registrar.register(self.now, &options, "bob", connection, &request.unwrap());
        for binding in outcome.unwrap().bound {
            self.core.woken(self.now, &binding);
        }
        self.collect();
    }

    fn invite(&mut self) {
        self.receive(ALICE, &request("INVITE", "z9hG4bKi"));
    }

    fn statuses(&self, connection: Connection) -> Vec<u16> {
        let to = self.sent.iter().filter(|(at, _)| *at == connection);
        to.map(|(_, message)| crate::relay::status(message)).filter(|status| *status > 100).collect()
    }

    fn methods(&self, connection: Connection) -> Vec<&str> {
        let to = self.sent.iter().filter(|(at, message)| *at == connection && !message.uri().is_empty());
        to.map(|(_, message)| message.method()).collect()
    }

    /// bob answers the last INVITE he got.
    fn answer(&mut self, status: u16) {
        let invite = self.sent.iter().rev().find(|(at, message)| *at == BOB && message.method() == "INVITE");
        let response = Message::response(&invite.unwrap().1, status, "Test", "b");
        self.receive(BOB, &String::from_utf8(response.octets()).unwrap());
    }
}

fn request(method: &str, branch: &str) -> String {
    format!(
        "{method} sip:bob@sipwake.local SIP/2.0\r\nVia: SIP/2.0/WS a.invalid;branch={branch}\r\n\
         From: <sip:alice@sipwake.local>;tag=a\r\nTo: <sip:bob@sipwake.local>\r\nCall-ID: c\r\nCSeq: 1 {method}\r\n\
         Contact: <sip:a@a.invalid>\r\nContent-Length: 0\r\n\r\n"
    )
}

const TOKEN: &str = ";app-id=a;pn-voip-tok=t";

#[test]
fn a_phone_that_never_says_anything_is_given_up_after_timer_b() {
    let mut world = World::new();
    world.register(BOB, "", 600);
    world.invite();
    world.pass(31);
    assert!(world.statuses(ALICE).is_empty());
    world.pass(1);
    assert_eq!(world.statuses(ALICE), [408]);
    assert_eq!(world.methods(BOB), ["INVITE"]);
}

#[test]
fn a_phone_that_rings_and_rings_is_cancelled_after_timer_c() {
    let mut world = World::new();
    world.register(BOB, "", 600);
    world.invite();
    world.answer(180);
    world.pass(179);
    assert_eq!(world.statuses(ALICE), [180]);
    world.pass(1);
    assert_eq!(world.statuses(ALICE), [180, 408]);
    assert_eq!(world.methods(BOB), ["INVITE", "CANCEL"]);
}

#[test]
fn a_cancelled_call_ends_in_time_though_the_phone_says_nothing() {
    let mut world = World::new();
    world.register(BOB, "", 600);
    world.invite();
    world.receive(ALICE, &request("CANCEL", "z9hG4bKi"));
    assert_eq!(world.statuses(ALICE), [200]);
    world.pass(5);
    assert_eq!(world.statuses(ALICE), [200, 487]);
    assert_eq!(world.methods(BOB), ["INVITE"]);
}

#[test]
fn an_invite_waits_exactly_as_long_as_it_is_told() {
    let mut world = World::new();
    world.register(BOB, TOKEN, 600);
    world.register(BOB, TOKEN, 0);
    world.invite();
    assert_eq!(world.pushes.len(), 1);
    world.pass(24);
    assert!(world.statuses(ALICE).is_empty());
    world.pass(1);
    assert_eq!(world.statuses(ALICE), [480]);
}

#[test]
fn the_wait_ends_when_the_only_phone_has_come() {
    let mut world = World::new();
    world.register(BOB, TOKEN, 600);
    world.register(BOB, TOKEN, 0);
    world.invite();
    world.register(BOB, TOKEN, 600);
    world.answer(180);
    world.pass(100);
    assert_eq!(world.statuses(ALICE), [180]);
    world.answer(200);
    assert_eq!(world.statuses(ALICE), [180, 200]);
}

#[test]
fn a_push_that_is_refused_ends_the_wait() {
    let mut world = World::new();
    world.register(BOB, TOKEN, 600);
    world.register(BOB, TOKEN, 0);
    world.invite();
    let push = world.pushes.remove(0);
    world.core.pushed(world.now, &push, false, false);
    world.collect();
    assert_eq!(world.statuses(ALICE), [480]);
}

#[test]
fn a_binding_ends_with_its_time() {
    let mut world = World::new();
    world.register(BOB, "", 60);
    world.pass(61);
    world.invite();
    assert_eq!(world.statuses(ALICE), [480]);
}

#[test]
fn nothing_is_kept_of_a_call_that_is_over() {
    let mut world = World::new();
    world.register(BOB, "", 600);
    world.invite();
    world.answer(486);
    world.pass(40);
    assert_eq!(world.core.relays.len(), 0);
    assert_eq!(world.core.keys.len(), 0);
}

#[test]
fn a_request_that_comes_again_gets_its_answer_again_and_is_not_forwarded() {
    let mut world = World::new();
    world.register(BOB, "", 600);
    world.invite();
    world.answer(180);
    world.invite();
    assert_eq!(world.statuses(ALICE), [180, 180]);
    assert_eq!(world.methods(BOB), ["INVITE"]);
}

#[test]
fn a_foreign_client_cannot_answer_for_the_phone() {
    let mut world = World::new();
    world.register(BOB, "", 600);
    world.invite();
    let (_, invite) = world.sent.iter().find(|(at, _)| *at == BOB).unwrap();
    let forged = String::from_utf8(Message::response(invite, 200, "OK", "x").octets()).unwrap();
    world.core.connected(3, "127.0.0.1".into());
    world.receive(3, &forged);
    assert!(world.statuses(ALICE).is_empty());
}
