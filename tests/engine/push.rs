//! What REGISTER says about pushes: every preset to the octet, every change at once, and nothing of it anywhere else.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::bridge::{CallAction, Environment, PushToken, TokenKind};
use sipwake::common::secret::Secret;
use sipwake::host::{HostInput, HostOptions};
use sipwake::io::{
    AccountOptions, Body, Command, DtmfMethod, ErrorCode, Event, Extra, PushOptions, PushPreset, PushService,
    RegistrationState, Reply,
};
use sipwake::message::Message;

use crate::registration::last;
use crate::server::Answer;
use crate::shell::TOKEN;
use crate::world::{World, account};

pub const IM: &str = "00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00FF";
const ALL: [PushPreset; 5] = [
    PushPreset::Rfc8599Apns,
    PushPreset::FreeswitchApn,
    PushPreset::Flexisip,
    PushPreset::LinphoneLegacy,
    PushPreset::Portsip,
];

pub fn with(preset: PushPreset) -> AccountOptions {
    let push = PushOptions { preset: Some(preset), ..PushOptions::default() };
    AccountOptions { push: Some(push), ..account("bob") }
}

pub fn token(kind: TokenKind, token: Option<&str>, environment: Environment) -> PushToken {
    let topic = if kind == TokenKind::Voip { "com.example.phone.voip" } else { "com.example.phone" };
    PushToken {
        kind,
        provider: "apns".to_owned(),
        token: token.map(Secret::new),
        environment,
        bundle_id: "com.example.phone".to_owned(),
        topic: topic.to_owned(),
        team_id: Some("ABCDE12345".to_owned()),
        contact_params: None,
    }
}

impl World {
    /// The host tells of a token, and the registrar hears of it.
    pub fn tell_token(&mut self, phone: usize, token: PushToken) {
        self.host_input(phone, HostInput::Token(token));
        self.run(200);
    }
}

/// The last REGISTER, with names in place of what is random or of the moment.
pub fn last_register(world: &World, phone: usize) -> String {
    let text = world.phones[phone].sent.iter().rfind(|text| text.starts_with("REGISTER ")).unwrap();
    let Message::Request(request) = Message::parse(text.clone().into_bytes()).unwrap() else { panic!() };
    let headers = &request.headers;
    let via = headers.via().unwrap().unwrap();
    let contact = headers.contacts().next().unwrap().unwrap();
    let uri = contact.uri().unwrap();
    let tag = headers.from().unwrap().unwrap().param("tag").flatten().unwrap().into_owned();
    let mut out = String::new();
    for line in text.replace("\r\n", "\n").lines() {
        if line.starts_with("Authorization: ") {
            continue;
        }
        let line = line
            .replace(via.branch().unwrap(), "BRANCH")
            .replace(headers.call_id().unwrap(), "CALL-ID")
            .replace(&tag, "TAG")
            .replace(uri.user().unwrap(), "USER")
            .replace(uri.host(), "HOST")
            .replace(TOKEN, "VOIP")
            .replace(IM, "IM");
        let line = if line.starts_with("CSeq: ") { "CSeq: N REGISTER".to_owned() } else { line };
        out.push_str(&line);
        out.push('\n');
    }
    out
}

/// A phone with this preset and these tokens.
fn phone_with(preset: PushPreset, environment: Environment, voip: bool, im: bool) -> (World, usize) {
    let mut world = World::new();
    let phone = world.add_iphone_with(with(preset), HostOptions::default());
    world.tell_token(phone, token(TokenKind::Voip, voip.then_some(TOKEN), environment));
    world.tell_token(phone, token(TokenKind::Im, im.then_some(IM), environment));
    (world, phone)
}

fn register_of(preset: PushPreset, environment: Environment, voip: bool, im: bool) -> String {
    let (world, phone) = phone_with(preset, environment, voip, im);
    last_register(&world, phone)
}

/// The REGISTER to which a preset adds these URI parameters, and these lines at its end.
fn expected(params: &str, lines: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!(
        "REGISTER sip:example.test SIP/2.0\n\
         Via: SIP/2.0/WSS HOST;branch=BRANCH\n\
         Max-Forwards: 70\n\
         From: <sip:bob@example.test>;tag=TAG\n\
         To: <sip:bob@example.test>\n\
         Call-ID: CALL-ID\n\
         CSeq: N REGISTER\n\
         Contact: <sip:USER@HOST;transport=ws{params}>;reg-id=1\
         ;+sip.instance=\"<urn:uuid:00000000-0000-4000-8000-000000000000>\";expires=600\n\
         Supported: path, outbound, gruu\n\
         Allow: INVITE, ACK, BYE, CANCEL, PRACK, OPTIONS, UPDATE, INFO, MESSAGE, REFER, SUBSCRIBE, NOTIFY\n\
         {lines}User-Agent: sipwake/{version}\n\
         Content-Length: 0\n\n"
    )
}

/// RFC 8599 4.1.1: provider, parameter and identifier of the push service, in the URI.
#[test]
fn the_register_of_rfc_8599_is_this() {
    let uri = ";pn-provider=apns;pn-param=ABCDE12345.com.example.phone.voip;pn-prid=VOIP";
    for (environment, im) in [(Environment::Production, false), (Environment::Sandbox, true)] {
        assert_eq!(register_of(PushPreset::Rfc8599Apns, environment, true, im), expected(uri, ""));
    }
    let without = register_of(PushPreset::Rfc8599Apns, Environment::Production, false, true);
    assert_eq!(without, expected("", ""), "a token that is not for calls is not asked to bring them");
}

/// mod_apn finds names by searching, cuts at the next semicolon, and one generation of it loses what follows the platform.
#[test]
fn the_register_of_freeswitchs_mod_apn_is_this() {
    for (voip, im, uri) in [
        (true, false, ";app-id=com.example.phone;pn-voip-tok=VOIP;pn-platform=iOS"),
        (true, true, ";app-id=com.example.phone;pn-voip-tok=VOIP;pn-im-tok=IM;pn-platform=iOS"),
        (false, true, ";app-id=com.example.phone;pn-im-tok=IM;pn-platform=iOS"),
    ] {
        let text = register_of(PushPreset::FreeswitchApn, Environment::Production, voip, im);
        assert_eq!(text, expected(uri, ""));
        // The generation of 2018 ends a token at the next semicolon, so that none may stand before the bracket; that of
        // 2020 wants the bracket right behind the platform.
        assert!(!text.contains("VOIP>") && !text.contains("IM>") && text.contains(";pn-platform=iOS>"), "{text}");
    }
}

/// Flexisip refuses the whole set where it counts more services than tokens, or fewer.
#[test]
fn the_register_of_flexisip_is_this() {
    let param = "pn-param=ABCDE12345.com.example.phone.";
    for (environment, voip, im, provider, rest) in [
        (Environment::Production, true, false, "apns", "voip;pn-prid=VOIP:voip"),
        (Environment::Production, false, true, "apns", "remote;pn-prid=IM:remote"),
        (Environment::Production, true, true, "apns", "voip&remote;pn-prid=VOIP:voip&IM:remote"),
        (Environment::Sandbox, true, true, "apns.dev", "voip&remote;pn-prid=VOIP:voip&IM:remote"),
    ] {
        let uri = format!(";pn-provider={provider};{param}{rest}");
        assert_eq!(register_of(PushPreset::Flexisip, environment, voip, im), expected(&uri, ""));
    }
}

#[test]
fn the_register_of_an_older_linphone_is_this() {
    for (environment, stage) in [(Environment::Production, "prod"), (Environment::Sandbox, "dev")] {
        let uri = format!(";pn-type=apple;app-id=com.example.phone.voip.{stage};pn-tok=VOIP");
        assert_eq!(register_of(PushPreset::LinphoneLegacy, environment, true, true), expected(&uri, ""));
    }
}

/// PortSIP reads a header, and hears by the same header that nobody wants pushes any more.
#[test]
fn the_register_of_portsip_is_this() {
    let line = |device: &str, calls: bool, messages: bool| {
        format!(
            "X-P-Push: device-os=ios;device-uid={device};allow-call-push={calls};allow-message-push={messages};\
             app-id=com.example.phone\n"
        )
    };
    for (im, device) in [(false, "VOIP"), (true, "VOIP|IM")] {
        let (mut world, phone) = phone_with(PushPreset::Portsip, Environment::Production, true, im);
        assert_eq!(last_register(&world, phone), expected("", &line(device, true, im)));
        let id = world.phones[phone].endpoint.accounts()[0].id;
        world.command(phone, Command::Unregister(id));
        world.run(200);
        assert!(last_register(&world, phone).contains(&line(device, true, im)), "still to be pushed to");
        world.command(phone, Command::RemoveAccount(id));
        world.run(200);
        assert!(last_register(&world, phone).contains(&line(device, false, false)), "logged out");
    }
    let only_messages = register_of(PushPreset::Portsip, Environment::Production, false, true);
    assert_eq!(only_messages, expected("", &line("|IM", true, true)));
}

/// RFC 8599 4.1.1: without a token there is nothing to push to, and what is left would be a question.
#[test]
fn without_tokens_no_preset_says_anything() {
    for preset in ALL {
        assert_eq!(register_of(preset, Environment::Production, false, false), expected("", ""), "{preset:?}");
    }
}

/// The react-native-pjsip form: parameters after the bracket, in the order written, what has no value left out whole.
#[test]
fn templates_are_filled_as_written() {
    let push = PushOptions {
        preset: None,
        reg_contact_params: ";z={voip-token};a={im-token};k={topic}.{platform};e={environment};fix;i={instance}".into(),
        contact_uri_params: ";t={team};b={bundle};pn-tok={voip-token}".into(),
    };
    let mut world = World::new();
    let options = AccountOptions { push: Some(push), contact_params: ";mine=1".into(), ..account("bob") };
    let phone = world.add_iphone_with(options, HostOptions::default());
    let text = last_register(&world, phone);
    let contact = text.lines().find(|line| line.starts_with("Contact: ")).unwrap();
    assert_eq!(
        contact,
        "Contact: <sip:USER@HOST;transport=ws;t=ABCDE12345;b=com.example.phone;pn-tok=VOIP>\
         ;z=VOIP;k=com.example.phone.voip.iOS;e=sandbox;fix;i=urn:uuid:00000000-0000-4000-8000-000000000000;mine=1\
         ;reg-id=1;+sip.instance=\"<urn:uuid:00000000-0000-4000-8000-000000000000>\";expires=600"
    );
}

/// RFC 8599 4.1.1: a value is a pvalue, and what cannot stand in one is escaped; letters keep their case.
#[test]
fn whatever_a_token_is_it_stays_one_parameter() {
    let evil = "aB>;x=1,\"\r\nEvil: 1\u{e9}?[]/:&+$";
    for preset in ALL {
        let mut world = World::new();
        let phone = world.add_iphone_with(with(preset), HostOptions::default());
        world.tell_token(phone, token(TokenKind::Voip, Some(evil), Environment::Production));
        let text = last_register(&world, phone);
        assert!(text.contains("aB%3E%3Bx%3D1%2C%22%0D%0AEvil:%201%C3%A9%3F[]/:&+$"), "{preset:?} {text}");
        assert!(!text.lines().any(|line| line.starts_with("Evil")), "{preset:?}");
    }
}

#[test]
fn parameters_that_the_host_has_ready_stand_where_the_template_stood() {
    let ready = |text: &str| {
        let contact_params = Some(Secret::new(text));
        PushToken { contact_params, ..token(TokenKind::Voip, Some(TOKEN), Environment::Production) }
    };
    let push = PushOptions { reg_contact_params: ";t={voip-token}".into(), ..PushOptions::default() };
    let template = AccountOptions { push: Some(push), ..account("bob") };
    for (options, text, uri, header) in [
        (template.clone(), ";x=VOIP", "", ";x=VOIP"),
        (with(PushPreset::FreeswitchApn), ";pn-x=VOIP", ";pn-x=VOIP", ""),
        // None of these may: they are another's, or no parameters.
        (template.clone(), ";expires=0", "", ";t=VOIP"),
        (template, ";x=1>\r\nEvil: 1", "", ";t=VOIP"),
        (
            with(PushPreset::LinphoneLegacy),
            ";transport=tcp",
            ";pn-type=apple;app-id=com.example.phone.voip.prod;pn-tok=VOIP",
            "",
        ),
        (
            with(PushPreset::LinphoneLegacy),
            ";x=1>;y",
            ";pn-type=apple;app-id=com.example.phone.voip.prod;pn-tok=VOIP",
            "",
        ),
    ] {
        let mut world = World::new();
        let phone = world.add_iphone_with(options, HostOptions::default());
        world.tell_token(phone, ready(&text.replace("VOIP", TOKEN)));
        let register = last_register(&world, phone);
        assert!(register.contains(&format!("transport=ws{uri}>{header};reg-id=1")), "{text}: {register}");
        assert!(!register.contains("Evil"));
    }
}

/// RFC 8599 4.1.1: a token that changed is told at once, and so is one that died.
#[test]
fn a_token_that_changes_or_dies_is_told_to_the_registrar_at_once() {
    let (mut world, phone) = phone_with(PushPreset::Rfc8599Apns, Environment::Production, true, false);
    let before = world.server.registers().len();
    world.tell_token(phone, token(TokenKind::Voip, Some("aBcD"), Environment::Production));
    assert_eq!(world.server.registers().len(), before + 1);
    assert_eq!(world.server.tokens, [("bob".to_owned(), "aBcD".to_owned())]);
    world.tell_token(phone, token(TokenKind::Voip, Some("aBcD"), Environment::Production));
    assert_eq!(world.server.registers().len(), before + 1, "the same again is nothing new");
    world.tell_token(phone, token(TokenKind::Voip, None, Environment::Production));
    assert_eq!(world.server.registers().len(), before + 2);
    assert_eq!(world.server.tokens, []);
    assert_eq!(last(&world, phone).state, RegistrationState::Registered, "calls reach it while it is awake");
}

/// The same while a REGISTER is under way: the newest word is the last.
#[test]
fn a_token_that_changes_while_a_register_is_on_its_way_follows_it() {
    let (mut world, phone) = phone_with(PushPreset::Rfc8599Apns, Environment::Production, true, false);
    let id = world.phones[phone].endpoint.accounts()[0].id;
    world.command(phone, Command::Register(id));
    for name in ["T1", "T2"] {
        world.host_input(phone, HostInput::Token(token(TokenKind::Voip, Some(name), Environment::Production)));
    }
    world.run(500);
    assert_eq!(world.server.tokens, [("bob".to_owned(), "T2".to_owned())]);
}

/// RFC 8599 4.1.2: who wants no pushes any more removes the binding without `pn-prid`; who only sleeps leaves it in.
#[test]
fn a_log_out_names_no_token_and_an_unregister_does() {
    for preset in [PushPreset::Rfc8599Apns, PushPreset::FreeswitchApn, PushPreset::Flexisip, PushPreset::LinphoneLegacy]
    {
        let (mut world, phone) = phone_with(preset, Environment::Production, true, true);
        let id = world.phones[phone].endpoint.accounts()[0].id;
        world.command(phone, Command::Unregister(id));
        world.run(200);
        let text = last_register(&world, phone);
        assert!(text.contains("VOIP") && text.contains(";expires=0\n"), "{text}");
        world.command(phone, Command::RemoveAccount(id));
        world.run(200);
        let text = last_register(&world, phone);
        assert!(text.contains("<sip:USER@HOST;transport=ws>;reg-id=1;") && text.contains(";expires=0\n"), "{text}");
    }
}

/// RFC 3261 10.2: a Contact URI beyond 512 octets, which is as much as some registrars take, is warned of once.
#[test]
fn a_contact_that_is_longer_than_many_registrars_take_is_warned_of() {
    let warnings = |world: &World, phone: usize| {
        let is = |event: &&Event| matches!(event, Event::Problem { error, account: Some(_) } if error.code == ErrorCode::ContactTooLong);
        world.phones[phone].events.iter().filter(is).count()
    };
    let (mut world, phone) = phone_with(PushPreset::Rfc8599Apns, Environment::Production, true, false);
    let uri = |world: &World| {
        let registers = world.server.registers();
        registers[registers.len() - 1].headers.contacts().next().unwrap().unwrap().uri_text().len()
    };
    let room = 512 - (uri(&world) - TOKEN.len());
    world.tell_token(phone, token(TokenKind::Voip, Some(&"a".repeat(room)), Environment::Production));
    assert_eq!((uri(&world), warnings(&world, phone)), (512, 0));
    world.tell_token(phone, token(TokenKind::Voip, Some(&"a".repeat(room + 1)), Environment::Production));
    assert_eq!((uri(&world), warnings(&world, phone)), (513, 1));
    world.run(3_600_000);
    assert_eq!(warnings(&world, phone), 1, "once, not with each refresh");
}

/// RFC 8599 4.1.1: the parameters open a door to the device, and stand in REGISTER alone: in no other request, in no
/// response, in no event and in no line of the trace.
#[test]
fn no_token_leaves_in_anything_but_register() {
    for preset in ALL {
        let mut world = World::new();
        let options = AccountOptions { events: vec!["presence".into()], ..with(preset) };
        let phone = world.add_iphone_with(options, HostOptions::default());
        world.tell_token(phone, token(TokenKind::Im, Some(IM), Environment::Production));
        let (alice, alices) = world.add_registered("alice");
        let id = world.phones[phone].endpoint.accounts()[0].id;
        everything(&mut world, (phone, id, "alice"), (alice, alices, "bob"));
        let mut methods = Vec::new();
        for text in &world.phones[phone].sent {
            let first = text.split(' ').next().unwrap();
            if first == "REGISTER" {
                continue;
            }
            for word in [TOKEN, IM, "pn-", "app-id", "X-P-Push", "com.example.phone"] {
                assert!(!text.contains(word), "{preset:?}: {word} in {text}");
            }
            methods.push(first.to_owned());
        }
        for method in [
            "INVITE",
            "ACK",
            "BYE",
            "CANCEL",
            "OPTIONS",
            "MESSAGE",
            "SUBSCRIBE",
            "NOTIFY",
            "PUBLISH",
            "REFER",
            "INFO",
            "SIP/2.0",
        ] {
            assert!(methods.iter().any(|seen| seen == method), "no {method} left");
        }
        for event in &world.phones[phone].events {
            let event = format!("{event:?}");
            assert!(!event.contains(TOKEN) && !event.contains(IM), "{preset:?} {event}");
        }
        let posted = world.phones[phone].posted.iter().filter(|text| !text.contains("REGISTER "));
        assert!(posted.clone().count() > 0 && posted.clone().all(|text| !text.contains(TOKEN) && !text.contains(IM)));
    }
}

/// One phone and another do to each other whatever there is to do.
fn everything(
    world: &mut World,
    (phone, id, him): (usize, sipwake::io::AccountId, &str),
    (far, far_id, us): (usize, sipwake::io::AccountId, &str),
) {
    let body = || Body { content_type: "text/plain".into(), octets: b"hello".to_vec() };
    let extra = Extra::default;
    for (of, account, target) in [(phone, id, him), (far, far_id, us)] {
        let target = target.to_owned();
        let message =
            Command::SendMessage { account, call: None, target: target.clone(), body: body(), extra: extra() };
        world.command(of, message);
        world.command(of, Command::SendOptions { account, target: target.clone(), extra: extra() });
        let (event, accept) = ("presence".to_owned(), Vec::new());
        let subscribe = Command::Subscribe {
            account,
            target: target.clone(),
            event: event.clone(),
            accept,
            expires: 600,
            body: Body::default(),
            extra: extra(),
        };
        world.command(of, subscribe);
        world.command(of, Command::Publish { account, event, expires: 600, body: body(), extra: extra() });
        world.run(500);
        let asked = world.phones[phone].events.iter().find_map(|event| match event {
            Event::SubscribeReceived { subscription, .. } => Some(*subscription),
            _ => None,
        });
        if let Some(subscription) = asked {
            world.command(phone, Command::AcceptSubscriber { subscription, pending: false, body: body() });
        }
        let call = world.call(of, account, &target);
        world.run(300);
        world.command(of, Command::Hangup(call, extra()));
        world.run(300);
        let call = world.call(of, account, &target);
        world.run(300);
        if of == phone {
            let theirs = world.only_call(far).id;
            world.command(far, Command::Answer(theirs, extra()));
        } else {
            world.perform(phone, CallAction::Answer);
        }
        world.run(500);
        let (digits, method) = ("1".to_owned(), DtmfMethod::Info);
        world.command(of, Command::Dtmf { call, digits, method, duration_ms: 100, gap_ms: 50 });
        world.run(500);
        world.command(of, Command::Hold(call, true));
        world.run(500);
        world.command(of, Command::Transfer { call, target: "sip:carol@example.test".into(), extra: extra() });
        world.run(500);
        world.command(of, Command::Hangup(call, extra()));
        world.run(500);
    }
}

fn ask(world: &mut World, phone: usize, provider: Option<&str>) -> sipwake::io::CommandId {
    let id = world.phones[phone].endpoint.accounts()[0].id;
    world.command(phone, Command::QueryPush(id, provider.map(str::to_owned)))
}

/// The Contacts of the REGISTERs that the registrar has seen after so many.
fn contacts_after(world: &World, before: usize) -> Vec<String> {
    let seen = world.server.registers();
    let text = |request: &&sipwake::message::Request| {
        request.headers.contacts().next().unwrap().unwrap().uri_text().to_owned()
    };
    seen.iter().skip(before).map(text).collect()
}

/// RFC 8599 4.1.5: a question names one service or just asks, and no token. The registration with pushes follows at once.
#[test]
fn the_network_is_asked_what_it_can_push_with() {
    let service = |provider: &str| PushService { provider: provider.to_owned(), ..PushService::default() };
    let promised = PushService { refresh_s: Some(130), purr: Some("a.b".into()), ..service("apns") };
    let web = PushService { vapid: Some("KEY".into()), ..service("webpush") };
    for (provider, asked, answer, found) in [
        (
            Some("apns"),
            ";transport=ws;pn-provider=apns",
            "+sip.pns=\"apns\";+sip.pnsreg=130;+sip.pnspurr=a.b",
            vec![promised],
        ),
        (Some("a;b"), ";transport=ws;pn-provider=a%3Bb", "", vec![]),
        (
            None,
            ";transport=ws;pn-provider",
            "*;+sip.pns=\"fcm\", *;+sip.pns=\"webpush\";+sip.vapid=\"KEY\"",
            vec![service("fcm"), web],
        ),
    ] {
        let (mut world, phone) = phone_with(PushPreset::Rfc8599Apns, Environment::Production, true, false);
        if !answer.is_empty() {
            world.server.register_headers = vec![("Feature-Caps", answer.to_owned())];
        }
        let before = world.server.registers().len();
        let command = ask(&mut world, phone, provider);
        world.run(500);
        assert_eq!(world.result(phone, command), Some(Ok(Reply::PushServices(found))));
        let contacts = contacts_after(&world, before);
        assert_eq!(contacts.len(), 2, "{contacts:?}");
        assert!(contacts[0].ends_with(asked), "{contacts:?}");
        assert!(contacts[1].contains(";pn-prid="), "{contacts:?}");
        assert_eq!(last(&world, phone).state, RegistrationState::Registered);
        assert_eq!(world.server.tokens.len(), 1);
    }
}

/// RFC 8599 4.1.5: 555 says no, and takes nothing from the registration.
#[test]
fn a_555_to_the_question_is_its_answer_and_no_more() {
    let (mut world, phone) = phone_with(PushPreset::Portsip, Environment::Production, true, false);
    let events = world.phones[phone].events.len();
    world.server.answers.push(Answer { method: "REGISTER", status: 555, headers: Vec::new() });
    let command = ask(&mut world, phone, Some("fcm"));
    world.run(500);
    assert_eq!(world.result(phone, command), Some(Ok(Reply::PushServices(Vec::new()))));
    assert!(last_register(&world, phone).contains("X-P-Push: "), "its pushes are asked for as before");
    let problem = |event: &Event| matches!(event, Event::Problem { .. });
    assert!(!world.phones[phone].events[events..].iter().any(problem));
}

#[test]
fn a_question_that_is_refused_fails_and_the_registration_stays() {
    for status in [400, 403, 500, 606] {
        let (mut world, phone) = phone_with(PushPreset::Rfc8599Apns, Environment::Production, true, false);
        world.server.answers.push(Answer { method: "REGISTER", status, headers: Vec::new() });
        let command = ask(&mut world, phone, Some("apns"));
        world.run(500);
        let Some(Err(error)) = world.result(phone, command) else { panic!("{status}") };
        assert_eq!(error.status, Some(status));
        assert_eq!(last(&world, phone).state, RegistrationState::Registered, "{status}");
        assert!(last_register(&world, phone).contains(";pn-prid=VOIP"));
    }
}

/// Whatever happens meanwhile, whoever asked is told, once.
#[test]
fn a_question_never_stays_open() {
    let account_of = |world: &World, phone: usize| world.phones[phone].endpoint.accounts()[0].id;
    type Meanwhile = fn(&mut World, usize, sipwake::io::AccountId);
    let happens: [(&str, Meanwhile); 6] = [
        ("a second question", |world, phone, _| {
            let second = ask(world, phone, None);
            assert_eq!(world.result(phone, second).unwrap().unwrap_err().code, ErrorCode::Busy);
        }),
        ("the flow is lost", |world, phone, _| world.cut(phone)),
        ("silence", |world, _, _| world.server.silent = true),
        ("it is asked to register", |world, phone, id| {
            world.command(phone, Command::Register(id));
        }),
        ("it is asked to log out", |world, phone, id| {
            world.command(phone, Command::RemoveAccount(id));
        }),
        ("all is stopped", |world, phone, _| {
            world.command(phone, Command::Stop);
        }),
    ];
    for (what, meanwhile) in happens {
        let (mut world, phone) = phone_with(PushPreset::Rfc8599Apns, Environment::Production, true, false);
        let id = account_of(&world, phone);
        let command = ask(&mut world, phone, Some("apns"));
        meanwhile(&mut world, phone, id);
        world.run(40_000);
        assert!(world.result(phone, command).is_some(), "{what}");
    }
}

/// Who is not registered asks all the same, and is not registered afterwards.
#[test]
fn a_question_leaves_nobody_registered_who_was_not() {
    let mut world = World::new();
    world.server.add_user("bob", "secret");
    let phone = world.add_phone(sipwake::io::EndpointOptions::default());
    world.create_account(phone, AccountOptions { register: false, ..account("bob") });
    let command = ask(&mut world, phone, None);
    world.run(1_000);
    assert_eq!(world.result(phone, command), Some(Ok(Reply::PushServices(Vec::new()))));
    assert!(!world.server.is_bound("bob"));
    let wrong = ask(&mut world, phone, Some(""));
    assert_eq!(world.result(phone, wrong).unwrap().unwrap_err().field, Some("provider"));
}
