//! Stopping: whoever waits for something is told so, whatever it is.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use sipwake::io::{
    BackgroundPolicy, Body, CallOptions, Command, CommandId, DtmfMethod, ErrorCode, Event, Extra, PublicationId, Reply,
    SubscriptionId,
};

use crate::far::Far;
use crate::world::account;

fn text() -> Body {
    Body { content_type: "text/plain".to_owned(), octets: b"x".to_vec() }
}

fn ask(far: &mut Far, command: Command) -> CommandId {
    far.world.command(far.phone, command)
}

/// A command that the far end has heard of, or not yet, and has not answered.
fn asked(far: &mut Far, command: Command) -> CommandId {
    let id = ask(far, command);
    far.run(100);
    id
}

fn in_call(far: &mut Far, command: impl Fn(sipwake::io::CallId) -> Command) -> CommandId {
    let (call, _, _) = far.talking();
    asked(far, command(call))
}

fn published(far: &mut Far) -> PublicationId {
    let command = publish(far);
    let request = far.request("PUBLISH");
    far.reply(&request, 200, "", &["SIP-ETag: one", "Expires: 600"], "");
    match far.world.result(far.phone, command) {
        Some(Ok(Reply::Publication(id))) => id,
        other => panic!("{other:?}"),
    }
}

fn publish(far: &mut Far) -> CommandId {
    let (account, event) = (far.account, "presence".to_owned());
    asked(far, Command::Publish { account, event, expires: 600, body: text(), extra: Extra::default() })
}

fn subscriber(far: &mut Far) -> SubscriptionId {
    let contact = far.contact();
    let lines = [
        "Via: SIP/2.0/WSS far.invalid;branch=z9hG4bKsub",
        "Max-Forwards: 70",
        "From: <sip:bob@example.test>;tag=bob",
        "To: <sip:alice@example.test>",
        "Call-ID: sub",
        "CSeq: 1 SUBSCRIBE",
        "Contact: <sip:bob@far.invalid;transport=ws>",
        "Event: presence",
        "Expires: 600",
    ];
    far.send(crate::far::text(&format!("SUBSCRIBE {contact} SIP/2.0"), &lines, ""));
    far.run(100);
    let of = |event: &Event| match event {
        Event::SubscribeReceived { subscription, .. } => Some(*subscription),
        _ => None,
    };
    let id = far.world.phones[far.phone].events.iter().find_map(of).expect("a subscriber");
    asked(far, Command::AcceptSubscriber { subscription: id, pending: false, body: text() });
    id
}

/// Commands that are not completed when `Stop` comes, by name.
type Waiting = (&'static str, fn(&mut Far) -> CommandId);

const WAITING: [Waiting; 26] = [
    ("register", |far| {
        far.world.server.silent = true;
        let account = far.account;
        asked(far, Command::Register(account))
    }),
    ("unregister", |far| {
        far.world.server.silent = true;
        let account = far.account;
        asked(far, Command::Unregister(account))
    }),
    ("unregister all", |far| {
        far.world.server.silent = true;
        let account = far.account;
        asked(far, Command::UnregisterAll(account))
    }),
    ("remove the account", |far| {
        far.world.server.silent = true;
        let account = far.account;
        asked(far, Command::RemoveAccount(account))
    }),
    ("suspend", |far| {
        far.world.server.silent = true;
        ask(far, Command::Suspend)
    }),
    ("call while the account comes up", |far| {
        far.world.server.silent = true;
        let account = far.world.create_account(far.phone, account("bob"));
        ask(far, Command::MakeCall { account, target: "carol".to_owned(), options: CallOptions::default() })
    }),
    ("answer", |far| {
        far.invite_sdp("ringing", &[], 1);
        let call = far.only_call().id;
        ask(far, Command::Answer(call, Extra::default()))
    }),
    ("hold", |far| in_call(far, |call| Command::Hold(call, true))),
    ("renegotiate", |far| in_call(far, |call| Command::Renegotiate { call, restart: true })),
    ("digits by INFO", |far| {
        let digits = |call| Command::Dtmf {
            call,
            digits: "12".to_owned(),
            method: DtmfMethod::Info,
            duration_ms: 100,
            gap_ms: 100,
        };
        in_call(far, digits)
    }),
    ("digits in the media", |far| {
        let digits = |call| Command::Dtmf {
            call,
            digits: "1234".to_owned(),
            method: DtmfMethod::Media,
            duration_ms: 6_000,
            gap_ms: 100,
        };
        far.world.phones[far.phone].media_dtmf = true;
        in_call(far, digits)
    }),
    ("INFO", |far| in_call(far, |call| Command::Info { call, body: text(), extra: Extra::default() })),
    ("MESSAGE in a call", |far| {
        let account = far.account;
        in_call(far, |call| Command::SendMessage {
            account,
            call: Some(call),
            target: String::new(),
            body: text(),
            extra: Extra::default(),
        })
    }),
    ("MESSAGE", |far| {
        let (account, target) = (far.account, "bob".to_owned());
        asked(far, Command::SendMessage { account, call: None, target, body: text(), extra: Extra::default() })
    }),
    ("OPTIONS", |far| {
        let (account, target) = (far.account, "bob".to_owned());
        asked(far, Command::SendOptions { account, target, extra: Extra::default() })
    }),
    ("transfer", |far| {
        in_call(far, |call| Command::Transfer { call, target: "carol".to_owned(), extra: Extra::default() })
    }),
    ("transfer to a call", |far| {
        let (to, _, _) = far.talking();
        in_call(far, |call| Command::TransferToCall { call, to, extra: Extra::default() })
    }),
    ("REFER", |far| {
        let (account, target, refer_to) = (far.account, "bob".to_owned(), "carol".to_owned());
        asked(far, Command::Refer { account, target, refer_to, extra: Extra::default() })
    }),
    ("SUBSCRIBE", |far| {
        let (account, target, event) = (far.account, "bob".to_owned(), "presence".to_owned());
        let (accept, body, extra) = (Vec::new(), Body::default(), Extra::default());
        asked(far, Command::Subscribe { account, target, event, accept, expires: 600, body, extra })
    }),
    ("NOTIFY that left", |far| {
        let subscription = subscriber(far);
        let first = far.request("NOTIFY");
        far.reply(&first, 200, "", &[], "");
        asked(far, Command::Notify { subscription, body: text(), terminate: None })
    }),
    ("NOTIFY that waits for its turn", |far| {
        let subscription = subscriber(far);
        asked(far, Command::Notify { subscription, body: text(), terminate: None })
    }),
    ("PUBLISH", publish),
    ("changed publication", |far| {
        let publication = published(far);
        asked(far, Command::Republish(publication, text()))
    }),
    ("publication that changes twice", |far| {
        let publication = published(far);
        asked(far, Command::Republish(publication, text()));
        asked(far, Command::Republish(publication, text()))
    }),
    ("removed publication", |far| {
        let publication = published(far);
        asked(far, Command::Unpublish(publication))
    }),
    ("removed publication whose change is on its way", |far| {
        let publication = published(far);
        asked(far, Command::Republish(publication, text()));
        asked(far, Command::Unpublish(publication))
    }),
];

#[test]
fn whoever_waits_when_the_engine_stops_is_told_that_it_stopped() {
    for (name, begin) in WAITING {
        let mut options = account("alice");
        options.events = vec!["presence".to_owned()];
        options.background_policy = BackgroundPolicy::Unregister;
        let mut far = Far::with(options);
        let command = begin(&mut far);
        assert_eq!(far.world.result(far.phone, command), None, "{name} does not wait");
        let stop = far.world.command(far.phone, Command::Stop);
        far.run(60_000);
        let error = far.world.result(far.phone, command).unwrap_or_else(|| panic!("{name} never ends")).err();
        assert_eq!(error.map(|error| error.code), Some(ErrorCode::Stopped), "{name}");
        assert_eq!(far.world.result(far.phone, stop), Some(Ok(Reply::Done)), "{name}");
        let ends = far.world.phones[far.phone].completed.iter().filter(|(id, _)| *id == command).count();
        assert_eq!(ends, 1, "{name}");
    }
}
