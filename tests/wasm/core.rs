//! The core, driven by hand: it needs nothing of the platform.

use sipwake::common::random::{Random, Seeded};
use sipwake::common::time::{Mono, Now};
use sipwake::endpoint::Endpoint;
use sipwake::io::{AccountOptions, Command, CommandId, EndpointOptions, FlowCommand, FlowEvent, Input, Output, Reply};
use wasm_bindgen_test::wasm_bindgen_test;

fn drain(endpoint: &mut Endpoint) -> Vec<Output> {
    std::iter::from_fn(|| endpoint.poll()).collect()
}

#[wasm_bindgen_test]
fn an_account_connects_and_sends_its_register() {
    let at = |ms| Now { mono: Mono(ms), wall: 1_700_000_000_000 + ms };
    let mut endpoint = Endpoint::new(EndpointOptions::default(), Random::new(Seeded(7)));
    endpoint.handle(at(0), Input::Timeout);
    let options = AccountOptions {
        username: "alice".into(),
        domain: "example.com".into(),
        servers: vec!["ws://127.0.0.1:5080".into()],
        ..AccountOptions::default()
    };
    let id = CommandId(1);
    endpoint.handle(at(1), Input::Command { id, command: Command::CreateAccount(Box::new(options)) });
    let outputs = drain(&mut endpoint);
    assert!(outputs.iter().any(|o| matches!(o, Output::Completed { result: Ok(Reply::Account(_)), .. })));
    let flow = outputs.iter().find_map(|output| match output {
        Output::Flow { flow, command: FlowCommand::Open { url } } if url == "ws://127.0.0.1:5080" => Some(*flow),
        _ => None,
    });
    let flow = flow.expect("a connection is asked for");
    endpoint.handle(at(2), Input::Flow { flow, event: FlowEvent::Opened { protocol: "sip".into() } });
    let sent = drain(&mut endpoint).into_iter().find_map(|output| match output {
        Output::Flow { command: FlowCommand::Send(octets), .. } => String::from_utf8(octets).ok(),
        _ => None,
    });
    assert!(sent.expect("a REGISTER").starts_with("REGISTER sip:example.com SIP/2.0\r\n"));
}
