//! The bridge: texts of the other side, line by line, to a page and to a host; payloads to every type.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sipwake::bridge::codec::{ReadRecord, WriteRecord};
use sipwake::bridge::{
    AppResumed, AppState, CallEnded, CallIncoming, CallIncomingReply, CallPerform, CallPerformReply, CallRequest,
    CallState, CallUpdate, Hello, Incoming, Link, LinkEvent, MediaAccept, MediaDone, MediaFailed, MediaOpen, MediaSdp,
    MediaState, NetworkChanged, Payload, PayloadPaths, PushIncoming, PushIncomingReply, PushResolved, PushToken,
    RegState, SessionReset, Welcome, WillSuspend, WsClosed, WsFailed, WsMessage, WsOpen, WsSend, read_payload,
    read_push, redact, write_payload,
};
use sipwake::common::random::{Random, Seeded};
use sipwake::common::time::{Mono, Now};

/// What can be read is written as something that reads the same.
fn there_and_back<P: Payload + ReadRecord + WriteRecord>(text: &str) {
    let Ok(payload) = read_payload::<P>(text) else { return };
    let written = write_payload(&payload);
    let again = read_payload::<P>(&written).expect("what was written can be read");
    assert_eq!(write_payload(&again), written);
}

macro_rules! all {
    ($text:expr, $($type:ident),* $(,)?) => { $(there_and_back::<$type>($text);)* };
}

fn drain(link: &mut Link, now: Now) -> Vec<Incoming> {
    let mut received = Vec::new();
    while let Some(event) = link.poll() {
        match event {
            LinkEvent::Received(incoming) | LinkEvent::Hello(incoming) => received.push(incoming),
            LinkEvent::Connected { .. } => link.ready(now),
            _ => {}
        }
    }
    received
}

fuzz_target!(|text: &str| {
    let _ = redact(text);
    let _ = read_push(text, &PayloadPaths::default());
    let mut page = Link::page(&mut Random::new(Seeded(1)), Hello::default());
    let mut host = Link::host(&mut Random::new(Seeded(2)));
    let mut now = Now { mono: Mono(0), wall: 1_764_000_000_000 };
    page.open(now);
    for line in text.split('\n') {
        all!(
            line,
            Hello,
            Welcome,
            SessionReset,
            PushToken,
            PushIncoming,
            PushIncomingReply,
            PushResolved,
            CallIncoming,
            CallIncomingReply,
            CallUpdate,
            CallState,
            CallEnded,
            CallRequest,
            CallPerform,
            CallPerformReply,
            AppState,
            WillSuspend,
            AppResumed,
            RegState,
            NetworkChanged,
            WsOpen,
            WsSend,
            WsMessage,
            WsClosed,
            WsFailed,
            MediaOpen,
            MediaAccept,
            MediaSdp,
            MediaDone,
            MediaState,
            MediaFailed,
        );
        page.receive(now, line);
        host.receive(now, line);
        for incoming in drain(&mut host, now) {
            if let Ok(hello) = incoming.read::<Hello>() {
                host.welcome(now, &incoming, &hello, Welcome { session: "s".to_owned(), ..Welcome::default() });
            } else {
                host.refuse_unknown(now, &incoming);
            }
        }
        for incoming in drain(&mut page, now) {
            page.refuse_payload(now, &incoming);
        }
        now.mono = Mono(now.mono.0 + 700);
        page.timeout(now);
        host.timeout(now);
    }
    drain(&mut page, now);
    drain(&mut host, now);
});
