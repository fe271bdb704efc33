//! What a registrar may say, and what becomes of it.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::host::HostOptions;
use sipwake::io::{
    AccountId, AccountOptions, Command, EndpointOptions, ErrorCode, PushOptions, PushPreset, PushSupport,
    RegistrationState, Reply,
};
use sipwake::message::HeaderName;

use crate::registration::{last, registrations};
use crate::server::Answer;
use crate::world::{World, account};

fn world() -> (World, usize) {
    let mut world = World::new();
    world.server.add_user("bob", "secret");
    let phone = world.add_phone(EndpointOptions::default());
    (world, phone)
}

fn says(world: &mut World, status: u16, headers: &[(&'static str, &str)]) {
    let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    world.server.answers.push(Answer { method: "REGISTER", status, headers });
}

/// The account is registered, and the registrar has forgotten what it was asked meanwhile.
fn registered(options: AccountOptions) -> (World, usize, AccountId) {
    let (mut world, phone) = world();
    let id = world.create_account(phone, options);
    world.run(100);
    assert_eq!(last(&world, phone).state, RegistrationState::Registered);
    (world, phone, id)
}

fn contact(world: &World) -> String {
    world.server.registers().last().unwrap().headers.get(HeaderName::Contact).unwrap().to_owned()
}

/// RFC 3261 10.2.7: every final response leaves the registration in a defined state, from which it comes back by itself or
/// when it is asked to.
#[test]
fn no_final_response_leaves_the_registration_stuck() {
    for status in (300..=699).filter(|status| !matches!(status, 401 | 407)) {
        for refreshes in [false, true] {
            let (mut world, phone) = world();
            let id = if refreshes {
                let id = world.create_account(phone, account("bob"));
                world.run(100);
                id
            } else {
                world.server.register_status = Some(status);
                world.create_account(phone, account("bob"))
            };
            world.server.register_status = Some(status);
            let command = world.command(phone, Command::Register(id));
            world.run(500);
            let info = last(&world, phone);
            assert_eq!(info.state, RegistrationState::Failed, "{status}");
            assert_eq!((info.status, info.error.is_some()), (Some(status), true), "{status}");
            assert!(world.result(phone, command).is_some_and(|result| result.is_err()), "{status}");
            assert!(world.server.registers().len() < 12, "{status}: one after the other");
            world.server.register_status = None;
            if !info.will_retry {
                world.command(phone, Command::Register(id));
            }
            // What it has refused that it did before it is asked without haste.
            world.run(if refreshes { 90_000 } else { 20_000 });
            assert_eq!(last(&world, phone).state, RegistrationState::Registered, "{status}");
        }
    }
}

/// RFC 3261 10.2.7, 20.33: not before the time the registrar names, not much later, and not because of a new connection.
#[test]
fn retry_after_is_respected_whatever_the_connection_does() {
    let (mut world, phone) = world();
    says(&mut world, 503, &[("Retry-After", "120 (maintenance);duration=60")]);
    world.create_account(phone, account("bob"));
    world.run(60_000);
    world.cut(phone);
    world.run(59_900);
    assert_eq!(world.server.registers().len(), 1);
    world.run(13_000);
    assert_eq!(last(&world, phone).state, RegistrationState::Registered);
}

/// RFC 3261 21.3.3: the registrar is elsewhere, this time.
#[test]
fn a_302_is_followed_once_and_not_remembered() {
    let (mut world, phone) = world();
    says(&mut world, 302, &[("Contact", "<sip:ignored@reg2.example.test:5070;transport=tcp>;expires=60")]);
    let id = world.create_account(phone, account("bob"));
    world.run(100);
    assert_eq!(last(&world, phone).state, RegistrationState::Registered);
    let uris = |world: &World| -> Vec<String> {
        world.server.registers().iter().map(|register| register.uri().to_owned()).collect()
    };
    let (home, other) = ("sip:example.test", "sip:reg2.example.test:5070");
    assert_eq!(uris(&world), [home, other, other], "challenge included");
    let first = world.server.registers()[0].headers.call_id().unwrap().to_owned();
    assert!(world.server.registers().iter().all(|register| register.headers.call_id() == Some(&first)));
    world.command(phone, Command::Register(id));
    world.run(100);
    assert_eq!(uris(&world).last().map(String::as_str), Some(home));
}

/// RFC 3261 21.3.2
#[test]
fn a_301_is_remembered() {
    let (mut world, phone) = world();
    says(&mut world, 301, &[("Contact", "<http://x>, <sip:reg3.example.test>")]);
    let id = world.create_account(phone, account("bob"));
    world.run(100);
    world.command(phone, Command::Register(id));
    world.run(100);
    let registers = world.server.registers();
    assert_eq!(registers.last().unwrap().uri(), "sip:reg3.example.test");
    assert_eq!(registers.iter().filter(|register| register.uri() == "sip:example.test").count(), 1);
}

/// RFC 3261 8.1.3.4: what cannot be followed, or leads in a circle, is a failure that says so.
#[test]
fn redirections_that_lead_nowhere_end() {
    for contact in ["<sip:other.example.test;transport=ws>", "<tel:+1>", "<sips:x;transport=WSS>", "*"] {
        let (mut world, phone) = world();
        says(&mut world, 302, &[("Contact", contact)]);
        world.create_account(phone, account("bob"));
        world.run(1_000);
        let info = last(&world, phone);
        let code = info.error.map(|error| error.code);
        assert_eq!((info.status, code), (Some(302), Some(ErrorCode::RegistrationRejected)), "{contact}");
        assert!(!info.will_retry);
    }
    let (mut world, phone) = world();
    for round in 0..20 {
        let contact = if round % 2 == 0 { "<sip:a.example.test>" } else { "<sip:b.example.test>" };
        says(&mut world, 302, &[("Contact", contact)]);
    }
    world.create_account(phone, account("bob"));
    world.run(1_000);
    assert_eq!(last(&world, phone).state, RegistrationState::Failed);
    assert!(world.server.registers().len() <= 6);
}

/// RFC 3261 10.2.4, 10.3: a 200 in which we are not is no registration; JsSIP says nothing then and SIP.js is stuck.
#[test]
fn a_200_without_our_contact_is_told_and_tried_again() {
    let ours = "<sip:me@x.invalid>;+sip.instance=\"<urn:uuid:0>\";expires=600";
    for headers in [vec![], vec![("Contact", "<sip:other@elsewhere.invalid>;expires=600")], vec![("Contact", ours)]] {
        let (mut world, phone) = world();
        says(&mut world, 200, &headers);
        let id = world.create_account(phone, account("bob"));
        let command = world.command(phone, Command::Register(id));
        world.run(50);
        let info = last(&world, phone);
        assert_eq!(info.error.map(|error| error.code), Some(ErrorCode::BindingMissing));
        assert!(info.will_retry);
        assert!(world.result(phone, command).is_some());
        world.run(5_000);
        assert_eq!(last(&world, phone).state, RegistrationState::Registered);
    }
}

/// RFC 3261 10.2.4, 10.3: our own clock alone counts, and no lifetime makes a phone register all day or never again.
#[test]
fn odd_lifetimes_and_clocks_are_survived() {
    let (mut world, phone, _) = registered(account("bob"));
    let user = contact(&world).split(['<', '>']).nth(1).unwrap().to_owned();
    let me = |tail: &str| format!("<{user}>{tail}");
    // What the 200 says, and after how many seconds the next REGISTER is due.
    for (contact, expires, due) in [
        (me(";expires=60"), None, 54..=54),
        (me(""), Some("120"), 108..=108),
        (me(""), None, 540..=540),
        (me(";expires=1"), None, 1..=1),
        (me(";expires=soon"), Some("later"), 540..=540),
        (me(";expires=4294967295"), None, 86_400..=86_400),
        (me(";expires=99999999999999"), None, 540..=540),
        (me(";expires=\"80\""), None, 72..=72),
    ] {
        let mut headers = vec![("Contact", contact.as_str()), ("Date", "Thu, 01 Jan 1970 00:00:00 GMT")];
        headers.extend(expires.map(|expires| ("Expires", expires)));
        let before = world.server.registers().len();
        says(&mut world, 200, &headers);
        let id = world.phones[phone].endpoint.accounts()[0].id;
        world.command(phone, Command::Register(id));
        world.run(50);
        assert_eq!(world.server.registers().len(), before + 1);
        assert_eq!(last(&world, phone).state, RegistrationState::Registered);
        world.server.answers.push(Answer {
            method: "REGISTER",
            status: 200,
            headers: vec![("Contact", me(";expires=3600"))],
        });
        world.run(due.start() * 1_000 - 100);
        assert_eq!(world.server.registers().len(), before + 1, "{contact}");
        world.run(200);
        assert_eq!(world.server.registers().len(), before + 2, "{contact}");
    }
    says(&mut world, 200, &[("Contact", &me(";expires=0"))]);
    let id = world.phones[phone].endpoint.accounts()[0].id;
    world.command(phone, Command::Register(id));
    world.run(50);
    assert_eq!(last(&world, phone).error.map(|error| error.code), Some(ErrorCode::BindingMissing));
}

/// RFC 3261 10.2.8: a registrar that always wants more is not followed for ever.
#[test]
fn a_chain_of_423_ends() {
    let (mut world, phone) = world();
    for step in 1..20 {
        says(&mut world, 423, &[("Min-Expires", &(600 + step * 60).to_string())]);
    }
    world.create_account(phone, account("bob"));
    world.run(1_000);
    let info = last(&world, phone);
    assert_eq!((info.state, info.status), (RegistrationState::Failed, Some(423)));
    assert!(world.server.registers().len() <= 6);
}

/// RFC 5626 11.6: the first hop cannot keep a flow, so the account registers without.
#[test]
fn a_439_means_without_outbound() {
    let (mut world, phone) = world();
    says(&mut world, 439, &[]);
    world.create_account(phone, account("bob"));
    world.run(100);
    assert_eq!(last(&world, phone).state, RegistrationState::Registered);
    assert!(!contact(&world).contains("reg-id") && contact(&world).contains("+sip.instance"));
    let supported = world.server.registers().last().unwrap().headers.get(HeaderName::Supported);
    assert_eq!(supported, Some("path, gruu"));
    world.cut(phone);
    world.run(5_000);
    assert!(contact(&world).contains(";reg-id=1"), "another first hop may");
}

/// RFC 3261 10.2.2: all bindings, those of other devices included.
#[test]
fn all_bindings_can_be_removed_at_once() {
    let (mut world, phone, id) = registered(account("bob"));
    let command = world.command(phone, Command::UnregisterAll(id));
    world.run(100);
    assert_eq!(world.result(phone, command), Some(Ok(Reply::Done)));
    let register = world.server.registers().pop().unwrap().clone();
    assert_eq!(register.headers.get(HeaderName::Contact), Some("*"));
    assert_eq!(register.headers.get(HeaderName::Expires), Some("0"));
    assert!(!world.server.is_bound("bob"));
    assert_eq!(last(&world, phone).state, RegistrationState::Unregistered);
    world.run(700_000);
    assert!(!world.server.is_bound("bob"), "and it stays so");
}

#[test]
fn the_applications_headers_and_contact_parameters_are_where_they_belong() {
    let options = AccountOptions {
        register_headers: vec![("X-Tenant".to_owned(), "7".to_owned())],
        contact_params: ";+sip.ice;methods=\"INVITE\"".to_owned(),
        ..account("bob")
    };
    let (mut world, phone, id) = registered(options);
    let register = world.server.registers().pop().unwrap().clone();
    assert_eq!(register.headers.get_named("X-Tenant"), Some("7"));
    assert!(contact(&world).contains(">;+sip.ice;methods=\"INVITE\";reg-id=1"), "{}", contact(&world));
    world.server.add_user("carol", "secret");
    world.call(phone, id, "carol");
    world.run(100);
    let invite = world.server.requests.iter().rfind(|request| request.method().as_str() == "INVITE").unwrap();
    assert_eq!(invite.headers.get_named("X-Tenant"), None);
    assert!(invite.headers.get(HeaderName::Contact).unwrap().ends_with(">;+sip.ice;methods=\"INVITE\""));
}

#[test]
fn options_that_would_break_a_register_are_refused() {
    let (mut world, phone) = world();
    let field = |world: &mut World, options: AccountOptions| {
        world.command_now(phone, Command::CreateAccount(Box::new(options))).unwrap_err().field
    };
    for (name, value) in [("Contact", "x"), ("X-A", "b\r\nVia: c"), ("Bad Name", "x"), ("CSeq", "1")] {
        let register_headers = vec![(name.to_owned(), value.to_owned())];
        let options = AccountOptions { register_headers, ..account("bob") };
        assert_eq!(field(&mut world, options), Some("registerHeaders"), "{name}");
    }
    for params in ["x=1", ";expires=1", ";PN-prid=1", ";x=\"", ";a,<sip:b@c>", ";+sip.instance=x", ";a\r\n"] {
        let options = AccountOptions { contact_params: params.to_owned(), ..account("bob") };
        assert_eq!(field(&mut world, options), Some("contactParams"), "{params}");
    }
    for flows in [0, 3] {
        assert_eq!(field(&mut world, AccountOptions { flows, ..account("bob") }), Some("flows"));
    }
}

fn pushed() -> AccountOptions {
    AccountOptions {
        push: Some(PushOptions { preset: Some(PushPreset::Rfc8599Apns), ..PushOptions::default() }),
        ..account("bob")
    }
}

/// A phone with a token, whose registrar adds these headers to its 200.
fn with_token(headers: &[(&'static str, &str)]) -> (World, usize) {
    let mut world = World::new();
    world.server.add_user("bob", "secret");
    world.server.register_headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    let phone = world.add_iphone_with(pushed(), HostOptions::default());
    world.run(1_000);
    assert!(contact(&world).contains("pn-prid="), "{}", contact(&world));
    (world, phone)
}

/// RFC 8599 4.1.4: what the registrar says about pushes is told, and changes nothing.
#[test]
fn the_promise_to_push_is_told_and_its_absence_is_no_error() {
    let caps = |text: &'static str| vec![("Feature-Caps", text)];
    for (headers, support) in [
        (caps("*;+sip.pns=\"apns\";+sip.pnsreg=\"130\""), PushSupport::Promised),
        (caps("+sip.pns=\"APNS\""), PushSupport::Promised),
        (caps("*;+sip.pns=\"fcm\", *;+sip.pns=\"apns\""), PushSupport::Promised),
        (caps("*;+sip.pns=\"fcm\""), PushSupport::Unknown),
        (caps("\"\"\"<<"), PushSupport::Unknown),
        (vec![], PushSupport::Unknown),
    ] {
        let (world, phone) = with_token(&headers);
        let info = last(&world, phone);
        assert_eq!((info.state, info.push), (RegistrationState::Registered, Some(support)), "{headers:?}");
    }
    let (world, phone, _) = registered(account("bob"));
    assert_eq!(last(&world, phone).push, None, "who asks for no pushes is told nothing about them");
}

/// RFC 8599 4.1.1: 555 is told; the account registers without.
#[test]
fn a_555_is_told_and_the_account_registers_without_pushes() {
    let mut world = World::new();
    world.server.add_user("bob", "secret");
    says(&mut world, 555, &[]);
    let phone = world.add_iphone_with(pushed(), HostOptions::default());
    world.run(1_000);
    let info = last(&world, phone);
    assert_eq!((info.state, info.push), (RegistrationState::Registered, Some(PushSupport::Refused)));
    assert!(!contact(&world).contains("pn-"));
}

/// RFC 8599 6.1: the PURR stands in the Contact of what makes a dialog, where the server gave one, and nothing else of a
/// push does.
#[test]
fn the_purr_goes_into_dialogs_alone_and_the_token_nowhere_but_register() {
    let (mut world, phone) = with_token(&[("Feature-Caps", "*;+sip.pns=\"apns\";+sip.pnspurr=\"ab c;d\"")]);
    let id = world.phones[phone].endpoint.accounts()[0].id;
    world.server.add_user("carol", "secret");
    world.call(phone, id, "carol");
    world.run(300);
    let invite = world.server.requests.iter().rfind(|request| request.method().as_str() == "INVITE").unwrap();
    let uri = invite.headers.get(HeaderName::Contact).unwrap();
    assert!(uri.ends_with(";transport=ws;pn-purr=ab%20c%3Bd>"), "{uri}");
    for text in world.phones[phone].sent.iter().filter(|text| !text.starts_with("REGISTER")) {
        assert!(!text.contains("pn-prid") && !text.contains("pn-provider") && !text.contains("pn-param"), "{text}");
    }
    assert!(!contact(&world).contains("pn-purr"));
}

#[test]
fn the_last_wish_counts_whatever_was_asked_before() {
    let (mut world, phone, id) = registered(account("bob"));
    let wishes: [fn(AccountId) -> Command; 4] =
        [Command::Unregister, Command::Register, Command::UnregisterAll, Command::Register];
    let commands: Vec<_> = wishes.iter().map(|wish| world.command(phone, wish(id))).collect();
    world.run(1_000);
    assert!(world.server.is_bound("bob"));
    assert!(commands.iter().all(|command| world.result(phone, *command) == Some(Ok(Reply::Done))));
    assert_eq!(registrations(&world, phone).pop().unwrap().state, RegistrationState::Registered);
}

/// RFC 3261 10.2.4: where the machine sleeps the monotonic clock may stand still, and nobody says a word; the wall clock
/// tells. One that is set back tells nothing.
#[test]
fn a_sleep_that_only_the_wall_clock_saw_is_noticed() {
    for (ahead, noticed) in [(3_600_000_i64, true), (9_000, false), (-3_600_000, false)] {
        let (mut world, phone, _) = registered(account("bob"));
        world.server.bindings.clear();
        let before = world.server.registers().len();
        world.start = world.start.saturating_add_signed(ahead);
        world.run(40_000);
        assert_eq!(world.server.is_bound("bob"), noticed, "{ahead}");
        assert_eq!(world.server.registers().len() - before, usize::from(noticed));
        assert_eq!(last(&world, phone).state, RegistrationState::Registered);
        // A flow that died meanwhile is replaced within seconds of the first thing that happens.
        let flow = world.phones[phone].flows[0];
        world.start += 3_600_000;
        world.phones[phone].deaf = true;
        world.run(35_000);
        world.phones[phone].deaf = false;
        world.run(60_000);
        assert_ne!(world.phones[phone].flows, [flow]);
        assert!(world.server.is_bound("bob"));
    }
}
