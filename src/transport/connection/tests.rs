use super::*;
use crate::common::random::Seeded;

struct Bench {
    connection: Connection,
    ids: FlowIds,
    random: Random,
    now: Mono,
}

impl Bench {
    fn new(servers: &[&str]) -> Self {
        let options = ConnectionOptions {
            servers: servers.iter().map(|s| (*s).into()).collect(),
            connect_timeout_ms: 5_000,
            keep_alive: KeepAlive::Crlf,
            keep_alive_ms: 25_000,
        };
        let mut random = Random::new(Seeded(7));
        let (connection, ids) = (Connection::new(options, &mut random), FlowIds::default());
        Self { connection, ids, random, now: Mono(1_000) }
    }

    /// One that is open and kept alive in this way.
    fn kept(keep_alive: KeepAlive) -> (Self, FlowId) {
        let (mut bench, flow) = Self::open(TWO);
        bench.connection.keep_alive = keep_alive;
        (bench, flow)
    }

    fn shun(&mut self, ms: u64) {
        self.connection.shun(self.now, ms, &mut self.ids, &mut self.random);
    }

    fn probe(&mut self) {
        self.connection.probe(self.now, &mut self.ids, &mut self.random);
    }

    fn is_asked(&mut self) -> bool {
        self.events().iter().any(|event| matches!(event, TransportEvent::Probe { .. }))
    }

    /// One that is open.
    fn open(servers: &[&str]) -> (Self, FlowId) {
        let mut bench = Self::new(servers);
        bench.connect();
        let flow = bench.come_up();
        bench.events();
        (bench, flow)
    }

    fn connect(&mut self) {
        self.connection.connect(self.now, &mut self.ids, &mut self.random);
    }

    fn event(&mut self, flow: FlowId, event: FlowEvent) {
        self.connection.event(self.now, flow, event, &mut self.ids, &mut self.random);
    }

    fn close(&mut self, flow: FlowId) {
        self.event(flow, FlowEvent::Closed { code: 1006, clean: false });
    }

    fn receive(&mut self, flow: FlowId, octets: &[u8]) {
        self.event(flow, FlowEvent::Received(octets.to_vec()));
    }

    /// The flow that is being opened answers.
    fn come_up(&mut self) -> FlowId {
        let Phase::Opening(flow) = self.connection.phase else { panic!("nothing is opening") };
        self.event(flow, FlowEvent::Opened { protocol: "sip".into() });
        flow
    }

    fn wait(&mut self, ms: u64) {
        let end = self.now.after(ms);
        while let Some(at) = self.connection.next_timeout().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.connection.timeout(self.now, &mut self.ids, &mut self.random);
        }
        self.now = end;
    }

    /// Jumps to the next deadline and returns how far that was.
    fn jump(&mut self) -> u64 {
        let at = self.connection.next_timeout().expect("a deadline");
        let far = at.since(self.now);
        self.wait(far);
        far
    }

    fn events(&mut self) -> Vec<TransportEvent> {
        std::iter::from_fn(|| self.connection.poll()).collect()
    }

    fn commands(&mut self) -> Vec<FlowCommand> {
        let command = |event| match event {
            TransportEvent::Command { command, .. } => Some(command),
            _ => None,
        };
        self.events().into_iter().filter_map(command).collect()
    }

    fn opened_urls(&mut self) -> Vec<String> {
        let url = |command| match command {
            FlowCommand::Open { url } => Some(url),
            _ => None,
        };
        self.commands().into_iter().filter_map(url).collect()
    }
}

const ONE: &[&str] = &["wss://one.example/ws"];
const TWO: &[&str] = &["wss://one.example/ws", "ws://two.example/ws"];

fn down(flow: FlowId, was_up: bool, code: ErrorCode) -> TransportEvent {
    TransportEvent::Down { flow: Some(flow), was_up, error: code.into() }
}

fn command(flow: FlowId, command: FlowCommand) -> TransportEvent {
    TransportEvent::Command { flow, command }
}

#[test]
fn connecting_opens_the_first_server_and_the_handshake_brings_the_flow_up() {
    let mut bench = Bench::new(TWO);
    bench.connect();
    let open = FlowCommand::Open { url: TWO[0].into() };
    assert_eq!(bench.events(), [TransportEvent::State(TransportState::Connecting), command(FlowId(1), open)]);
    assert_eq!(bench.connection.flow(), None);
    let flow = bench.come_up();
    assert_eq!(bench.events(), [TransportEvent::State(TransportState::Connected), TransportEvent::Up { flow }]);
    assert_eq!(bench.connection.flow(), Some(flow));
    assert!(bench.connection.secure());
}

#[test]
fn connecting_twice_opens_one_flow() {
    let (mut bench, _) = Bench::open(ONE);
    bench.connect();
    assert_eq!(bench.events(), []);
}

#[test]
fn each_flow_has_a_via_host_of_its_own() {
    let (mut bench, flow) = Bench::open(ONE);
    let first = bench.connection.via().to_owned();
    assert!(first.starts_with("SIP/2.0/WSS ") && first.ends_with(".invalid"), "{first}");
    bench.close(flow);
    bench.jump();
    assert_ne!(bench.connection.via(), first);
}

#[test]
fn an_attempt_without_an_answer_is_closed_and_the_next_server_tried_at_once() {
    let mut bench = Bench::new(TWO);
    bench.connect();
    bench.events();
    bench.wait(5_000);
    assert_eq!(
        bench.events(),
        [
            command(FlowId(1), FlowCommand::Close { code: 1000 }),
            down(FlowId(1), false, ErrorCode::Timeout),
            command(FlowId(2), FlowCommand::Open { url: TWO[1].into() }),
        ]
    );
    assert!(!bench.connection.secure());
}

/// RFC 7118 4.1
#[test]
fn a_server_that_does_not_choose_sip_is_left() {
    let mut bench = Bench::new(ONE);
    bench.connect();
    bench.events();
    bench.event(FlowId(1), FlowEvent::Opened { protocol: String::new() });
    assert_eq!(
        bench.events(),
        [
            command(FlowId(1), FlowCommand::Close { code: 1000 }),
            down(FlowId(1), false, ErrorCode::NotSip),
            TransportEvent::State(TransportState::Waiting),
        ]
    );
}

#[test]
fn a_socket_that_cannot_be_made_is_a_bad_url() {
    let mut bench = Bench::new(ONE);
    bench.connect();
    bench.events();
    bench.event(FlowId(1), FlowEvent::Failed);
    assert_eq!(bench.events()[0], down(FlowId(1), false, ErrorCode::BadServerUrl));
}

#[test]
fn without_a_usable_url_nothing_is_tried_and_no_attempt_follows() {
    let mut bench = Bench::new(&["https://one.example", ""]);
    bench.connect();
    let error = Error { field: Some("servers"), ..ErrorCode::BadServerUrl.into() };
    assert_eq!(bench.events(), [TransportEvent::Down { flow: None, was_up: false, error }]);
    assert_eq!((bench.connection.state(), bench.connection.next_timeout()), (TransportState::Idle, None));
}

#[test]
fn unusable_urls_are_passed_over() {
    let mut bench = Bench::new(&["nonsense", TWO[1]]);
    bench.connect();
    assert_eq!(bench.opened_urls(), [TWO[1]]);
}

/// RFC 5626 4.5
#[test]
fn waits_double_with_jitter_up_to_half_a_minute() {
    let mut bench = Bench::new(ONE);
    bench.connect();
    let mut waits = Vec::new();
    for _ in 0..12 {
        let Phase::Opening(flow) = bench.connection.phase else { panic!() };
        bench.close(flow);
        waits.push(bench.jump());
    }
    for (index, wait) in waits.iter().enumerate() {
        let bound = (2_000 << index).min(30_000);
        assert!((bound / 2..=bound).contains(wait), "{waits:?}");
    }
    assert_ne!(waits[10], waits[11]);
}

#[test]
fn every_server_is_tried_once_a_round_and_the_order_goes_on() {
    let mut bench = Bench::new(TWO);
    bench.connect();
    bench.close(FlowId(1));
    bench.close(FlowId(2));
    assert_eq!(bench.opened_urls(), TWO);
    assert_eq!(bench.connection.state(), TransportState::Waiting);
    bench.jump();
    assert_eq!(bench.opened_urls(), [TWO[0]]);
}

#[test]
fn a_lost_flow_is_reported_and_its_proven_server_comes_first_again() {
    let (mut bench, flow) = Bench::open(TWO);
    bench.connection.proven(bench.now);
    bench.close(flow);
    assert_eq!(
        bench.events(),
        [down(flow, true, ErrorCode::ConnectionFailed), TransportEvent::State(TransportState::Waiting)]
    );
    assert!((1_000..=2_000).contains(&bench.jump()));
    assert_eq!(bench.opened_urls(), [TWO[0]]);
}

#[test]
fn a_server_that_takes_connections_and_drops_them_gives_way_to_the_next() {
    let (mut bench, flow) = Bench::open(TWO);
    bench.close(flow);
    bench.jump();
    assert_eq!(bench.opened_urls(), [TWO[1]]);
}

#[test]
fn accepting_connections_alone_does_not_shorten_the_waits() {
    let (mut bench, mut flow) = Bench::open(ONE);
    let mut wait = 0;
    for _ in 0..6 {
        bench.close(flow);
        wait = bench.jump();
        flow = bench.come_up();
    }
    assert!(wait >= 15_000, "{wait}");
}

#[test]
fn a_flow_that_was_up_for_a_minute_counts_as_proven() {
    let (mut bench, flow) = Bench::open(TWO);
    bench.wait(60_000);
    bench.events();
    bench.close(flow);
    bench.jump();
    assert_eq!(bench.opened_urls(), [TWO[0]]);
}

#[test]
fn connect_cuts_a_wait_short() {
    let (mut bench, flow) = Bench::open(ONE);
    bench.close(flow);
    bench.events();
    bench.connect();
    assert_eq!(bench.opened_urls(), ONE);
    bench.wait(4_000);
    assert_eq!(bench.events(), []);
}

#[test]
fn closing_is_clean_and_final() {
    let (mut bench, flow) = Bench::open(ONE);
    bench.connection.close(bench.now);
    assert_eq!(
        bench.events(),
        [
            command(flow, FlowCommand::Close { code: 1000 }),
            down(flow, true, ErrorCode::Stopped),
            TransportEvent::State(TransportState::Idle),
        ]
    );
    bench.close(flow);
    assert_eq!((bench.events(), bench.connection.next_timeout()), (vec![], None));
}

#[test]
fn closing_while_waiting_ends_the_wait() {
    let (mut bench, flow) = Bench::open(ONE);
    bench.close(flow);
    bench.events();
    bench.connection.close(bench.now);
    assert_eq!(bench.events(), [TransportEvent::State(TransportState::Idle)]);
    assert_eq!(bench.connection.next_timeout(), None);
}

#[test]
fn renewing_replaces_an_open_flow_at_once_and_ignores_the_old_socket() {
    let (mut bench, old) = Bench::open(ONE);
    bench.connection.renew(bench.now, &mut bench.ids, &mut bench.random);
    assert_eq!(
        bench.events(),
        [
            command(old, FlowCommand::Close { code: 1000 }),
            down(old, true, ErrorCode::FlowLost),
            TransportEvent::State(TransportState::Connecting),
            command(FlowId(2), FlowCommand::Open { url: ONE[0].into() }),
        ]
    );
    bench.receive(old, b"OPTIONS sip:a SIP/2.0\r\n\r\n");
    bench.close(old);
    bench.event(old, FlowEvent::Opened { protocol: "sip".into() });
    assert_eq!(bench.events(), []);
    assert_eq!(bench.come_up(), FlowId(2));
}

#[test]
fn abandoning_an_open_flow_goes_on_with_the_next_server_after_a_wait() {
    let (mut bench, flow) = Bench::open(TWO);
    bench.connection.abandon(bench.now, &mut bench.random);
    assert_eq!(bench.events()[1], down(flow, true, ErrorCode::FlowLost));
    assert!(bench.jump() >= 1_000);
    assert_eq!(bench.opened_urls(), [TWO[1]]);
}

#[test]
fn messages_go_out_on_an_open_flow_alone() {
    let mut bench = Bench::new(ONE);
    bench.connect();
    assert!(!bench.connection.send(bench.now, b"x".to_vec()));
    let flow = bench.come_up();
    bench.events();
    assert!(bench.connection.send(bench.now, b"x".to_vec()));
    assert_eq!(bench.events(), [command(flow, FlowCommand::Send(b"x".to_vec()))]);
}

#[test]
fn messages_come_up_and_keep_alives_do_not() {
    let (mut bench, flow) = Bench::open(ONE);
    for octets in [&b""[..], b"\r\n", b"\n", b"\r\n\r\n"] {
        bench.receive(flow, octets);
    }
    bench.receive(flow, b"\r\nSIP/2.0 200 OK\r\n\r\n");
    let message = TransportEvent::Message { flow, octets: b"\r\nSIP/2.0 200 OK\r\n\r\n".to_vec() };
    let pong = command(flow, FlowCommand::Send(PONG.to_vec()));
    assert_eq!(bench.events(), [pong, message]);
}

/// RFC 5626 4.4.1
#[test]
fn keep_alives_leave_within_their_interval() {
    let (mut bench, _) = Bench::open(ONE);
    for _ in 0..3 {
        assert!((20_000..25_000).contains(&bench.jump()));
        assert_eq!(bench.commands(), [FlowCommand::Send(PING.to_vec())]);
    }
}

#[test]
fn no_interval_means_no_keep_alive() {
    let (mut bench, flow) = Bench::open(ONE);
    bench.connection.keep_alive_ms = 0;
    bench.close(flow);
    bench.jump();
    bench.come_up();
    assert_eq!(bench.connection.next_timeout(), None);
}

#[test]
fn a_server_that_never_answered_a_ping_is_not_held_to_it() {
    let (mut bench, flow) = Bench::open(ONE);
    bench.wait(300_000);
    assert_eq!(bench.connection.flow(), Some(flow));
}

/// RFC 5626 4.4.1
#[test]
fn a_server_that_has_answered_and_stops_is_left() {
    let (mut bench, flow) = Bench::open(ONE);
    bench.jump();
    bench.receive(flow, PONG);
    bench.events();
    bench.jump();
    bench.wait(10_000);
    let ping = command(flow, FlowCommand::Send(PING.to_vec()));
    let close = command(flow, FlowCommand::Close { code: 1000 });
    assert_eq!(bench.events()[..3], [ping, close, down(flow, true, ErrorCode::ConnectionFailed)]);
}

#[test]
fn a_message_in_place_of_the_pong_shows_that_the_flow_lives() {
    let (mut bench, flow) = Bench::open(ONE);
    bench.receive(flow, PONG);
    bench.jump();
    bench.wait(5_000);
    bench.receive(flow, b"SIP/2.0 200 OK\r\n\r\n");
    bench.wait(9_000);
    assert_eq!(bench.connection.flow(), Some(flow));
}

#[test]
fn what_a_server_answers_is_remembered_on_its_next_flow() {
    let (mut bench, flow) = Bench::open(ONE);
    bench.receive(flow, PONG);
    bench.close(flow);
    bench.jump();
    bench.come_up();
    bench.jump();
    bench.jump();
    assert_eq!(bench.connection.state(), TransportState::Waiting);
}

/// RFC 5626 4.4.1, 4.5
#[test]
fn a_flow_timer_sets_the_pace_and_holds_the_server_to_its_pong() {
    let (mut bench, flow) = Bench::open(ONE);
    bench.connection.set_flow_timer(bench.now, 10);
    assert!((8_000..10_000).contains(&bench.jump()));
    bench.wait(10_000);
    assert_eq!(bench.events().last(), Some(&TransportEvent::State(TransportState::Waiting)));
    assert_eq!(bench.connection.flow(), None);
    assert_ne!(bench.connection.phase, Phase::Open(flow));
}

#[test]
fn a_server_that_promised_pongs_and_never_sent_one_costs_one_flow_not_each() {
    let (mut bench, _) = Bench::open(ONE);
    bench.connection.set_flow_timer(bench.now, 10);
    bench.wait(25_000);
    let flow = bench.come_up();
    bench.connection.set_flow_timer(bench.now, 10);
    bench.wait(120_000);
    assert_eq!(bench.connection.flow(), Some(flow));
}

#[test]
fn flow_timers_of_nothing_are_no_promise_and_tiny_ones_are_stretched() {
    let (mut bench, _) = Bench::open(ONE);
    bench.connection.set_flow_timer(bench.now, 0);
    assert!(bench.connection.next_timeout().unwrap().since(bench.now) >= 20_000);
    bench.connection.set_flow_timer(bench.now, 1);
    assert!(bench.connection.next_timeout().unwrap().since(bench.now) >= 4_000);
}

#[test]
fn what_comes_for_unknown_flows_or_before_the_handshake_changes_nothing() {
    let mut bench = Bench::new(ONE);
    bench.receive(FlowId(9), b"SIP/2.0 200 OK\r\n\r\n");
    bench.close(FlowId(9));
    bench.connect();
    bench.events();
    bench.receive(FlowId(1), b"SIP/2.0 200 OK\r\n\r\n");
    bench.event(FlowId(9), FlowEvent::Opened { protocol: "sip".into() });
    assert_eq!((bench.events(), bench.connection.state()), (vec![], TransportState::Connecting));
}

#[test]
fn a_flow_timer_and_a_proof_hold_for_their_own_flow_alone() {
    let (mut bench, flow) = Bench::open(TWO);
    bench.connection.set_flow_timer(bench.now, 10);
    bench.connection.proven(bench.now);
    bench.close(flow);
    bench.jump();
    let flow = bench.come_up();
    assert!(bench.connection.next_timeout().unwrap().since(bench.now) >= 20_000);
    bench.events();
    bench.close(flow);
    bench.jump();
    assert_eq!(bench.opened_urls(), [TWO[1]]);
}

#[test]
fn the_same_flow_timer_again_does_not_put_the_keep_alive_off() {
    let (mut bench, _) = Bench::open(ONE);
    bench.connection.set_flow_timer(bench.now, 10);
    let due = bench.connection.next_timeout();
    bench.wait(5_000);
    bench.connection.set_flow_timer(bench.now, 10);
    assert_eq!(bench.connection.next_timeout(), due);
}

/// RFC 5626 4.4.1: a server that does not know these pings is asked in a way that every server knows.
#[test]
fn a_server_that_does_not_answer_crlf_is_asked_by_options() {
    let (mut bench, flow) = Bench::kept(KeepAlive::Auto);
    bench.jump();
    assert_eq!(bench.commands(), [FlowCommand::Send(PING.to_vec())]);
    bench.wait(PONG_MS);
    assert!(bench.is_asked());
    bench.receive(flow, b"SIP/2.0 404 Not Found\r\n\r\n");
    bench.events();
    for _ in 0..3 {
        bench.jump();
        assert!(bench.is_asked(), "and from then on in this way alone");
        bench.receive(flow, b"SIP/2.0 200 OK\r\n\r\n");
    }
    bench.wait(9_000);
    assert_eq!(bench.connection.flow(), Some(flow));
}

#[test]
fn a_half_open_flow_is_found_although_its_server_never_answered_a_ping() {
    let (mut bench, flow) = Bench::kept(KeepAlive::Auto);
    let asked = bench.jump();
    bench.wait(2 * PONG_MS);
    assert_eq!(bench.connection.flow(), None);
    assert!(asked + 2 * PONG_MS <= 45_000);
    assert!(bench.events().contains(&down(flow, true, ErrorCode::ConnectionFailed)));
}

#[test]
fn options_alone_are_sent_where_the_application_wants_that() {
    let (mut bench, flow) = Bench::kept(KeepAlive::Options);
    bench.jump();
    assert_eq!(bench.events(), [TransportEvent::Probe { flow }]);
    bench.wait(PONG_MS);
    assert_eq!(bench.connection.flow(), None);
}

#[test]
fn requests_that_come_in_prove_nothing_about_the_other_direction() {
    let (mut bench, flow) = Bench::open(ONE);
    bench.receive(flow, PONG);
    bench.jump();
    for _ in 0..5 {
        bench.wait(1_900);
        bench.receive(flow, b"NOTIFY sip:a SIP/2.0\r\n\r\n");
        assert_eq!(bench.connection.flow(), Some(flow));
    }
    bench.wait(600);
    assert_eq!(bench.connection.flow(), None);
}

#[test]
fn a_flow_on_which_nothing_is_answered_is_left_after_three_quarters_of_a_minute() {
    let (mut bench, flow) = Bench::open(ONE);
    bench.connection.keep_alive_ms = 0;
    bench.connection.timers.clear(Timer::KeepAlive);
    assert!(bench.connection.send(bench.now, b"SIP/2.0 200 OK\r\n\r\n".to_vec()));
    assert!(bench.connection.send(bench.now, b"ACK sip:a SIP/2.0\r\n\r\n".to_vec()));
    assert_eq!(bench.connection.next_timeout(), None, "nothing of that has an answer");
    bench.connection.send(bench.now, b"INFO sip:a SIP/2.0\r\n\r\n".to_vec());
    bench.wait(40_000);
    bench.receive(flow, b"SIP/2.0 100 Trying\r\n\r\n");
    assert_eq!(bench.connection.next_timeout(), None);
    bench.connection.send(bench.now, b"INFO sip:a SIP/2.0\r\n\r\n".to_vec());
    bench.wait(30_000);
    bench.connection.send(bench.now, b"INFO sip:a SIP/2.0\r\n\r\n".to_vec());
    bench.receive(flow, b"NOTIFY sip:a SIP/2.0\r\n\r\n");
    bench.wait(14_999);
    assert_eq!(bench.connection.flow(), Some(flow));
    bench.wait(1);
    assert_eq!(bench.connection.flow(), None);
}

#[test]
fn a_socket_that_holds_back_too_much_is_left() {
    let (mut bench, flow) = Bench::open(ONE);
    bench.event(flow, FlowEvent::Congested);
    let close = command(flow, FlowCommand::Close { code: 1000 });
    assert_eq!(bench.events()[..2], [close, down(flow, true, ErrorCode::ConnectionFailed)]);
}

#[test]
fn a_hint_makes_a_flow_answer_soon_or_go() {
    let (mut bench, flow) = Bench::open(ONE);
    assert!(bench.connection.is_sound());
    bench.probe();
    bench.probe();
    assert_eq!(bench.events(), [TransportEvent::Probe { flow }], "asked once");
    assert!(!bench.connection.is_sound());
    bench.receive(flow, b"SIP/2.0 407 Proxy Authentication Required\r\n\r\n");
    assert!(bench.connection.is_sound());
    bench.receive(flow, PONG);
    bench.events();
    bench.probe();
    assert_eq!(bench.commands(), [FlowCommand::Send(PING.to_vec())], "where the server answers those");
    bench.wait(4_999);
    assert_eq!(bench.connection.flow(), Some(flow));
    bench.wait(1);
    assert_eq!(bench.connection.flow(), None);
}

#[test]
fn a_hint_cuts_a_wait_short_and_leaves_an_attempt_alone() {
    let (mut bench, flow) = Bench::open(ONE);
    bench.close(flow);
    bench.events();
    bench.probe();
    assert_eq!(bench.opened_urls(), ONE);
    bench.probe();
    assert_eq!(bench.events(), []);
}

/// RFC 3261 21.5.4: another server at once, and this one not before its time.
#[test]
fn a_server_that_asks_for_it_is_left_alone() {
    let (mut bench, flow) = Bench::open(TWO);
    assert!(bench.connection.has_alternative(bench.now));
    bench.shun(100_000);
    assert!(bench.events().contains(&down(flow, true, ErrorCode::FlowLost)));
    let second = bench.come_up();
    assert_eq!(bench.connection.url(), Some(TWO[1]));
    assert!(!bench.connection.has_alternative(bench.now));
    bench.close(second);
    bench.events();
    bench.jump();
    assert_eq!(bench.opened_urls(), [TWO[1]], "the other has asked to be left alone");
    bench.come_up();
    bench.wait(100_000);
    assert!(bench.connection.has_alternative(bench.now));
}

#[test]
fn where_all_servers_ask_to_be_left_alone_they_are_tried_all_the_same() {
    let (mut bench, _) = Bench::open(TWO);
    bench.shun(100_000);
    bench.come_up();
    bench.shun(100_000);
    let third = bench.come_up();
    assert_eq!(bench.connection.flow(), Some(third));
}

/// RFC 5626 4.2: two flows are of use only to two servers.
#[test]
fn a_second_flow_goes_elsewhere() {
    let mut bench = Bench::new(TWO);
    bench.connection.beside(Some(TWO[0]), true);
    bench.connect();
    assert_eq!(bench.opened_urls(), [TWO[1]]);
    bench.close(FlowId(1));
    // RFC 5626 4.5: while the other flow works there is no hurry.
    let wait = bench.jump();
    assert!((45_000..=90_000).contains(&wait), "{wait}");
    assert_eq!(bench.opened_urls(), [TWO[1]]);
}
