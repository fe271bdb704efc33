//! Walks the machine's whole state space, breadth first: every input in every state that can be reached. Prints what it
//! found (`cargo test -- --nocapture registration_cannot_stick`) and writes it to `target/test/registration-states.txt`.

use super::*;
use crate::common::random::Seeded;

/// More states than this, and the machine has grown something that does not end.
const MOST_STATES: usize = 20_000;
const START: Mono = Mono(1_000_000);
const PURPOSES: [Purpose; 4] = [Purpose::Bind, Purpose::Unregister, Purpose::LogOut, Purpose::Everything];

/// All that can happen to a registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Input {
    /// The application, a wake-up or a background policy asks.
    Want(Purpose),
    /// What REGISTER says has changed: a token, the instance.
    News,
    FlowUp,
    FlowLost,
    /// No server can be reached.
    Unreachable,
    /// A REGISTER that is due leaves.
    Leaves,
    /// The final response, or its time-out.
    Response(Reply),
    /// The machine's own deadline.
    Time,
    /// The account sleeps.
    Rest,
}

/// The answers that the machine tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reply {
    Ok,
    OkForEver,
    OkWithoutUs,
    Challenge,
    TooBrief,
    TooBriefForNothing,
    MovedForNow,
    MovedForGood,
    MovedNowhere,
    Final,
    Later,
    LaterAsAsked,
    TimedOut,
}

const REPLIES: [Reply; 13] = [
    Reply::Ok,
    Reply::OkForEver,
    Reply::OkWithoutUs,
    Reply::Challenge,
    Reply::TooBrief,
    Reply::TooBriefForNothing,
    Reply::MovedForNow,
    Reply::MovedForGood,
    Reply::MovedNowhere,
    Reply::Final,
    Reply::Later,
    Reply::LaterAsAsked,
    Reply::TimedOut,
];

fn inputs() -> Vec<Input> {
    let mut inputs = vec![Input::News, Input::FlowUp, Input::FlowLost, Input::Unreachable, Input::Leaves];
    inputs.extend([Input::Time, Input::Rest]);
    inputs.extend(PURPOSES.map(Input::Want));
    inputs.extend(REPLIES.map(Input::Response));
    inputs
}

#[derive(Clone)]
struct World {
    registration: Registration,
    flow: bool,
    now: Mono,
    clients: u32,
}

impl World {
    fn new() -> Self {
        let registration = Registration::new(600, &mut Random::new(Seeded(1)));
        Self { registration, flow: false, now: START, clients: 0 }
    }

    fn now(&self) -> Now {
        Now { mono: self.now, wall: self.now.0 }
    }

    fn purpose(&self) -> Option<Purpose> {
        match self.registration.phase {
            Phase::Pending(_, purpose) => Some(purpose),
            _ => None,
        }
    }

    fn answer(&self, reply: Reply, purpose: Purpose) -> Answer {
        let to = |registrar: &str, for_good| Some(Moved { registrar: registrar.to_owned(), for_good });
        let refused = |status, after_s, retry| Answer::Refused {
            error: Error::sip(ErrorCode::RegistrationRejected, status),
            after_s,
            retry,
        };
        match reply {
            Reply::Ok | Reply::OkForEver | Reply::OkWithoutUs if purpose != Purpose::Bind => Answer::Removed,
            Reply::Ok => Answer::Granted(60),
            Reply::OkForEver => Answer::Granted(u32::MAX),
            Reply::OkWithoutUs => Answer::Missing(200),
            Reply::Challenge => Answer::Again(401),
            Reply::TooBrief => Answer::TooBrief(Some(self.registration.expires.saturating_add(60))),
            Reply::TooBriefForNothing => Answer::TooBrief(None),
            Reply::MovedForNow => Answer::Moved(302, to("sip:now.example", false)),
            Reply::MovedForGood => Answer::Moved(301, to("sip:good.example", true)),
            Reply::MovedNowhere => Answer::Moved(302, None),
            Reply::Final => refused(403, None, false),
            Reply::Later => refused(500, None, true),
            Reply::LaterAsAsked => refused(503, Some(120), true),
            Reply::TimedOut => Answer::Refused { error: ErrorCode::Timeout.into(), after_s: None, retry: true },
        }
    }

    /// What the agent does with it. False where it cannot happen now.
    fn step(&mut self, input: Input) -> bool {
        let mut random = Random::new(Seeded(7));
        let now = self.now();
        match input {
            Input::Want(purpose) => self.registration.want(purpose, Some(CommandId(1))),
            Input::News if self.registration.is_idle() => return false,
            Input::News => self.registration.want_again(Purpose::Bind),
            Input::FlowUp if self.flow => return false,
            Input::FlowUp => self.flow = true,
            Input::FlowLost if !self.flow => return false,
            Input::FlowLost => {
                self.flow = false;
                self.registration.flow_lost();
            }
            Input::Unreachable => {
                let Some(purpose) = self.registration.due().filter(|_| !self.flow) else { return false };
                if self.registration.is_leaving() {
                    let error = ErrorCode::ConnectionFailed.into();
                    let answer = Answer::Refused { error, after_s: None, retry: false };
                    self.registration.answered(now, purpose, answer, &mut random);
                } else {
                    self.registration.error = Some(ErrorCode::ConnectionFailed.into());
                    self.registration.take_all_waiting();
                }
            }
            Input::Leaves => {
                let Some(purpose) = self.registration.due().filter(|_| self.flow) else { return false };
                self.clients += 1;
                self.registration.sent(ClientId(self.clients), purpose);
            }
            Input::Response(reply) => {
                let Some(purpose) = self.purpose() else { return false };
                let answer = self.answer(reply, purpose);
                self.registration.answered(now, purpose, answer, &mut random);
            }
            Input::Time => {
                let Some(at) = self.registration.next_timeout() else { return false };
                self.now = self.now.max(at);
                self.registration.timeout(self.now, false);
            }
            Input::Rest => {
                self.registration.rest();
                self.registration.take_all_waiting();
            }
        }
        self.registration.take_waiting();
        true
    }

    /// What a reader calls the state.
    fn label(&self) -> String {
        let phase = match self.registration.phase {
            Phase::Idle => "idle".to_owned(),
            Phase::Due(purpose) => format!("due({purpose:?})"),
            Phase::Pending(_, purpose) => format!("pending({purpose:?})"),
            Phase::Bound { .. } | Phase::Expiring => "bound".to_owned(),
            Phase::Paused { asked, .. } => if asked { "paused(asked)" } else { "paused" }.to_owned(),
        };
        let next = self.registration.next.map(|next| format!(", then {next:?}")).unwrap_or_default();
        format!("{phase}{next}, {}", if self.flow { "flow" } else { "no flow" })
    }

    /// Everything that decides what the machine does next; times are as good as each other.
    fn key(&self) -> String {
        let Registration { rounds, failures, bound_until, error, waiting, moved, .. } = &self.registration;
        format!(
            "{} rounds {rounds} failures {} bound {} failed {} waiting {} moved {moved:?}",
            self.label(),
            failures.min(&1),
            bound_until.is_some(),
            error.is_some(),
            !waiting.is_empty(),
        )
    }

    /// Why this state ends: nobody wants anything, or a deadline, the machine's own or that of a layer below.
    fn exit(&self) -> Option<&'static str> {
        match self.registration.phase {
            Phase::Idle => Some("nobody wants anything"),
            Phase::Due(_) if self.flow => Some("leaves at once"),
            Phase::Due(_) => Some("the connection tries for ever, and says when it fails"),
            Phase::Pending(..) if self.flow => Some("timer F of the transaction"),
            Phase::Pending(..) => None,
            Phase::Bound { .. } | Phase::Expiring | Phase::Paused { .. } => {
                self.registration.next_timeout().map(|_| "its own timer")
            }
        }
    }

    fn check(&self, path: &str) {
        let registration = &self.registration;
        assert!(self.exit().is_some(), "stuck: {path}");
        let rests = !matches!(registration.phase, Phase::Due(_) | Phase::Pending(..));
        assert!(!rests || registration.waiting.is_empty(), "a command is forgotten: {path}");
        match registration.state() {
            RegistrationState::Failed => assert!(registration.error.is_some(), "failed of nothing: {path}"),
            RegistrationState::Registered => assert!(registration.bound_until.is_some(), "not bound: {path}"),
            _ => {}
        }
        assert!(!(registration.is_idle() && registration.will_retry()), "{path}");
        if let Some(at) = registration.next_timeout() {
            let wait = at.since(self.now);
            assert!(wait <= LONGEST_REFRESH_MS, "{wait} ms: {path}");
        }
    }

    /// From now on everything goes well: the machine gets to where it wants, and soon. Returns whether that is a binding.
    fn recovers(mut self, path: &str) -> bool {
        for _ in 0..12 {
            match self.registration.phase {
                Phase::Idle | Phase::Bound { .. } if self.registration.waiting.is_empty() => {
                    return !self.registration.is_idle();
                }
                _ => {}
            }
            let step = match self.registration.phase {
                Phase::Due(_) if self.flow => Input::Leaves,
                Phase::Due(_) => Input::FlowUp,
                Phase::Pending(..) => Input::Response(Reply::Ok),
                _ => Input::Time,
            };
            assert!(self.step(step), "{step:?} after {path}");
        }
        panic!("does not recover: {path}, {}", self.label());
    }

    /// The server says the same for ever: no REGISTER after the other without a pause.
    fn pauses(mut self, reply: Reply, path: &str) {
        for _ in 0..24 {
            match self.registration.phase {
                Phase::Due(_) if self.flow => self.step(Input::Leaves),
                Phase::Pending(..) => self.step(Input::Response(reply)),
                _ => return,
            };
        }
        panic!("no end of {reply:?}: {path}");
    }
}

/// RFC 3261 10.2.7: whatever the registrar and the network do, in whatever order, the machine has a deadline, an answer
/// to wait for or nothing to do, and comes back as soon as they do.
#[test]
fn registration_cannot_stick() {
    let start = World::new();
    let mut seen = vec![start.key()];
    let mut known: std::collections::HashSet<String> = seen.iter().cloned().collect();
    let mut queue = std::collections::VecDeque::from([(start, String::new())]);
    let mut lines = std::collections::BTreeSet::new();
    let mut exits = std::collections::BTreeSet::new();
    let mut transitions = 0;
    while let Some((world, path)) = queue.pop_front() {
        world.check(&path);
        world.clone().recovers(&path);
        for reply in REPLIES {
            world.clone().pauses(reply, &path);
        }
        exits.insert(format!("{:<44} ends by: {}", world.label(), world.exit().unwrap()));
        for input in inputs() {
            let mut after = world.clone();
            if !after.step(input) {
                continue;
            }
            transitions += 1;
            if let Input::Want(purpose) = input {
                // The last word counts, whatever was said before.
                let bound = after.clone().recovers(&path);
                assert_eq!(bound, purpose == Purpose::Bind, "{purpose:?} after {path}");
            }
            lines.insert(format!("{:<44} {:<28} {}", world.label(), format!("{input:?}"), after.label()));
            let key = after.key();
            if known.insert(key.clone()) {
                seen.push(key);
                assert!(seen.len() < MOST_STATES, "the states do not end");
                queue.push_back((after, format!("{path} {input:?}")));
            }
        }
    }
    let mut report = format!("{} states, {transitions} transitions, {} inputs\n\n", seen.len(), inputs().len());
    for line in inputs().iter().map(|input| format!("input {input:?}")).chain(exits).chain(lines) {
        report.push_str(line.trim_end());
        report.push('\n');
    }
    println!("{report}");
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("registration-states.txt"), report).unwrap();
    assert!(seen.len() > 100, "the walk did not leave the house");
}
