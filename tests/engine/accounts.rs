//! Several accounts of one endpoint: nothing of one gets into another.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::io::{AccountId, AccountOptions, Command, EndpointOptions, Event, FlowEvent, FlowId, RegistrationState};
use sipwake::message::{HeaderName, Method, Request};

use crate::world::{DELAY, World, account};

struct Two {
    world: World,
    phone: usize,
    anna: AccountId,
    ben: AccountId,
}

/// One phone with two accounts, on the same server or on two.
fn two(same: bool) -> Two {
    let mut world = World::new();
    world.server.add_user("anna", "secret");
    world.server.add_user("ben", "secret");
    world.server.add_user("carol", "secret");
    let phone = world.add_phone(EndpointOptions::default());
    let servers = vec![if same { "wss://sip.example.test/ws" } else { "wss://other.example.test/ws" }.into()];
    let anna = world.create_account(phone, account("anna"));
    world.run(100);
    world.server.register_headers = vec![("Service-Route", "<sip:only-ben.example.test;lr>".to_owned())];
    let ben = world.create_account(phone, AccountOptions { servers, ..account("ben") });
    world.run(100);
    Two { world, phone, anna, ben }
}

impl Two {
    fn flow_of(&self, user: &str) -> FlowId {
        self.world.server.bindings.iter().find(|binding| binding.user == user).unwrap().flow
    }

    fn contact_of(&self, user: &str) -> String {
        self.world.server.bindings.iter().find(|binding| binding.user == user).unwrap().contact.clone()
    }

    /// What left on this flow.
    fn sent_on(&self, flow: FlowId) -> Vec<&str> {
        let phone = &self.world.phones[self.phone];
        let pairs = phone.sent_on.iter().zip(&phone.sent);
        pairs.filter(|(on, _)| **on == flow).map(|(_, text)| text.as_str()).collect()
    }

    fn arrives(&mut self, flow: FlowId, text: &str) {
        let octets = text.as_bytes().to_vec();
        self.world.deliver(self.phone, DELAY, flow, FlowEvent::Received(octets));
        self.world.run(100);
    }

    fn last_request(&self, method: &Method) -> Request {
        self.world.server.requests.iter().rfind(|request| request.method() == method).unwrap().clone()
    }
}

fn invite(uri: &str, to: &str) -> String {
    let body = crate::world::sdp(1);
    format!(
        "INVITE {uri} SIP/2.0\r\nVia: SIP/2.0/WSS x.invalid;branch=z9hG4bKstray\r\nMax-Forwards: 70\r\n\
         From: <sip:carol@example.test>;tag=c\r\nTo: <sip:{to}@example.test>\r\nCall-ID: stray\r\nCSeq: 1 INVITE\r\n\
         Contact: <sip:carol@x.invalid>\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[test]
fn each_account_has_its_own_flow_contact_and_credentials() {
    for same in [true, false] {
        let two = two(same);
        let (anna, ben) = (two.flow_of("anna"), two.flow_of("ben"));
        assert_ne!(anna, ben);
        let url = |flow| two.world.phones[two.phone].url_of(flow).unwrap();
        assert_eq!(url(anna) == url(ben), same);
        assert_ne!(two.contact_of("anna"), two.contact_of("ben"));
        let (on_anna, on_ben) = (two.sent_on(anna).concat(), two.sent_on(ben).concat());
        assert!(!on_anna.contains("ben") && !on_ben.contains("anna"), "{on_anna}\n{on_ben}");
        let calls: Vec<_> =
            two.world.server.registers().iter().map(|r| r.headers.call_id().unwrap().to_owned()).collect();
        assert_ne!(calls[0], calls[calls.len() - 1], "a sequence of its own");
    }
}

/// RFC 3608 6.1: the service route of one account is the way of its own requests alone.
#[test]
fn a_service_route_is_one_accounts_own() {
    let mut two = two(true);
    two.world.call(two.phone, two.anna, "carol");
    two.world.run(100);
    assert_eq!(two.last_request(&Method::Invite).headers.get(HeaderName::Route), None);
    two.world.call(two.phone, two.ben, "carol");
    two.world.run(100);
    let route = Some("<sip:only-ben.example.test;lr>");
    assert_eq!(two.last_request(&Method::Invite).headers.get(HeaderName::Route), route);
    let flow = two.flow_of("ben");
    assert!(two.sent_on(flow).iter().any(|text| text.starts_with("INVITE")));
}

#[test]
fn credentials_for_one_realm_are_not_given_by_the_other_account() {
    let mut two = two(false);
    let before = two.sent_on(two.flow_of("ben")).len();
    two.world.call(two.phone, two.anna, "carol");
    two.world.run(200);
    assert_eq!(two.sent_on(two.flow_of("ben")).len(), before);
    let challenged = two.last_request(&Method::Invite);
    let credentials = challenged.headers.get(HeaderName::ProxyAuthorization).unwrap();
    assert!(credentials.contains("username=\"anna\""), "{credentials}");
}

/// RFC 3261 8.2.2.1: a request for the Contact of another account came the wrong way.
#[test]
fn an_invite_for_the_other_accounts_contact_is_refused() {
    let mut two = two(true);
    let (flow, contact) = (two.flow_of("anna"), two.contact_of("ben"));
    two.arrives(flow, &invite(&contact, "ben"));
    assert!(two.world.calls(two.phone).is_empty());
    assert!(two.sent_on(flow).last().unwrap().starts_with("SIP/2.0 404 "));
}

#[test]
fn an_invite_rings_at_the_account_whose_flow_it_comes_on() {
    let mut two = two(true);
    let (flow, contact) = (two.flow_of("ben"), two.contact_of("ben"));
    two.arrives(flow, &invite(&contact, "ben"));
    assert_eq!(two.world.only_call(two.phone).account, two.ben);
    let ringing = two.sent_on(flow).into_iter().rfind(|text| text.starts_with("SIP/2.0 180")).unwrap();
    assert!(ringing.contains(&contact), "{ringing}");
}

/// RFC 3261 12.2.2: a BYE that comes on the flow of another account ends nothing.
#[test]
fn a_request_of_a_call_on_the_flow_of_the_other_account_is_refused() {
    let mut two = two(true);
    let (flow, contact) = (two.flow_of("ben"), two.contact_of("ben"));
    two.arrives(flow, &invite(&contact, "ben"));
    let ringing = two.sent_on(flow).into_iter().rfind(|text| text.starts_with("SIP/2.0 180")).unwrap();
    let to = ringing.lines().find(|line| line.starts_with("To:")).unwrap().to_owned();
    let bye = format!(
        "BYE {contact} SIP/2.0\r\nVia: SIP/2.0/WSS x.invalid;branch=z9hG4bKbye\r\nMax-Forwards: 70\r\n\
         From: <sip:carol@example.test>;tag=c\r\n{to}\r\nCall-ID: stray\r\nCSeq: 2 BYE\r\nContent-Length: 0\r\n\r\n"
    );
    let annas = two.flow_of("anna");
    two.arrives(annas, &bye);
    assert!(two.sent_on(annas).last().unwrap().starts_with("SIP/2.0 481 "));
    assert_eq!(two.world.calls(two.phone).len(), 1);
    two.arrives(flow, &bye.replace("z9hG4bKbye", "z9hG4bKbye2"));
    assert!(two.world.calls(two.phone).is_empty());
}

#[test]
fn what_one_account_loses_or_gives_up_does_not_touch_the_other() {
    let mut two = two(false);
    let (anna, ben) = (two.flow_of("anna"), two.flow_of("ben"));
    two.world.phones[two.phone].flows.retain(|flow| *flow != anna);
    two.world.server.connection_closed(two.phone, anna);
    let closed = FlowEvent::Closed { code: 1006, clean: false };
    two.world.happen(two.phone, sipwake::io::Input::Flow { flow: anna, event: closed });
    two.world.run(5_000);
    assert_eq!(two.flow_of("ben"), ben);
    assert_ne!(two.flow_of("anna"), anna);
    two.world.command(two.phone, Command::Unregister(two.anna));
    two.world.run(100);
    assert!(!two.world.server.is_bound("anna") && two.world.server.is_bound("ben"));
    two.world.command(two.phone, Command::RemoveAccount(two.anna));
    two.world.run(100);
    assert!(two.world.server.is_bound("ben"));
    let states: Vec<_> = two.world.phones[two.phone]
        .events
        .iter()
        .filter_map(|event| match event {
            Event::RegistrationChanged(info) if info.account == two.ben => Some(info.state),
            _ => None,
        })
        .collect();
    assert_eq!(states, [RegistrationState::Registering, RegistrationState::Registered]);
}

#[test]
fn options_of_the_endpoint_that_cannot_be_are_refused_by_name() {
    let name = |change: fn(&mut EndpointOptions)| {
        let mut options = EndpointOptions::default();
        change(&mut options);
        sipwake::endpoint::Endpoint::check(&options).err().and_then(|error| error.field)
    };
    assert_eq!(name(|_| {}), None);
    assert_eq!(name(|o| (o.gathering_limit_ms, o.token_wait_ms, o.test_tone_hz) = (60_000, 60_000, 20_000)), None);
    assert_eq!(name(|o| o.instance = "urn:uuid:00000000-0000-4000-8000-000000000000".to_owned()), None);
    assert_eq!(name(|o| o.gathering_limit_ms = 60_001), Some("gatheringLimitMs"));
    assert_eq!(name(|o| o.token_wait_ms = 60_001), Some("tokenWaitMs"));
    assert_eq!(name(|o| o.test_tone_hz = 20_001), Some("testToneHz"));
    assert_eq!(name(|o| o.instance = "urn:x\"".to_owned()), Some("instance"));
    assert_eq!(name(|o| o.user_agent = "a\nb".to_owned()), Some("userAgent"));
    assert_eq!(name(|o| o.push_id_header = Some("a b".to_owned())), Some("pushIdHeader"));
}

/// RFC 5626 4.1: what cannot be an instance is never written into a Contact.
#[test]
fn an_instance_that_cannot_be_is_replaced() {
    let mut world = World::new();
    world.server.add_user("bob", "secret");
    let phone = world.add_phone(EndpointOptions { instance: "a\">;x=\"".to_owned(), ..EndpointOptions::default() });
    world.create_account(phone, account("bob"));
    world.run(100);
    assert!(world.server.bindings[0].instance.starts_with("<urn:uuid:"));
}
