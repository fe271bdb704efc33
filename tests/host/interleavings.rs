//! Every order of eight events, and what holds in each of them.
//!
//! The page in here is the least that the bridge asks of one: it joins by ids, keeps what was answered or declined
//! before its INVITE, and says what became of it. Whether the engine does so is the scenarios' matter. A violation names its
//! invariant and prints the events as the steps of a scenario file.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use super::phone::Phone;
use sipwake::bridge::{
    CallAction, CallEnded, CallIncoming, CallIncomingReply, CallPerform, CallPerformReply, CallPerformTimedOut,
    CallStart, CallState, CallStateName, EndReason, Incoming, Kind, Payload, PerformState, PushIncoming,
    PushIncomingReply, PushOutcome, PushRefusal, PushResolved, RequestRefusal, ResetReason,
};
use sipwake::host::{Effect, HostInput, Rule};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Push(usize),
    Invite(usize),
    Cancel(usize),
    Answer,
    End,
    ActionTimedOut,
    RegistrationLost,
    PageDied,
    PageBack,
    /// The application calls: call B is ours.
    Start,
    /// The system lets it start.
    Begin,
    /// The system does not.
    Refuse,
    /// The far end answers it.
    Connect,
    /// From now on an answer waits for something in the page: a person who may use the microphone, say.
    AnswersWait,
    /// Twenty seconds without anything.
    Time,
}
use What::{
    ActionTimedOut, Answer, AnswersWait, Begin, Cancel, Connect, End, Invite, PageBack, PageDied, Push, Refuse,
    RegistrationLost, Start, Time,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sip {
    Idle,
    /// It is ours, and the system was asked.
    Asked,
    /// The server keeps it until there is a page.
    Held,
    Ringing,
    Answered,
    Over,
}

struct Open {
    uuid: String,
    push_id: String,
    call: usize,
    declined: bool,
    /// The request of an answer that waits.
    answer: Option<String>,
}

const NAMES: [&str; 2] = ["A", "B"];

struct Model {
    phone: Phone,
    /// Reports are taken only before the next event.
    slow: bool,
    reported: usize,
    seen: usize,
    sip: [Sip; 2],
    uuids: [Option<String>; 2],
    pushes: Vec<Open>,
    /// `call.incoming` that wait for their reply.
    asked: Vec<(String, usize)>,
    /// Which call each screen is about.
    screens: Vec<(String, usize)>,
    declined: [bool; 2],
    answers: Vec<String>,
    timed_out: Vec<(String, usize)>,
    fresh: u32,
    /// The host heard how it ended.
    told: [bool; 2],
    answers_wait: bool,
    /// The system has said whether our call may start.
    decided: bool,
    /// Calls that the page holds.
    held: [bool; 2],
    /// Effects that the system has looked through for what it is asked for.
    asked_for: usize,
    violations: Vec<&'static str>,
}

impl Model {
    fn new(off: Option<Rule>, slow: bool) -> Self {
        let mut phone = Phone::new();
        if let Some(rule) = off {
            phone.host.switch_off(rule);
        }
        phone.load();
        phone.auto_report = !slow;
        phone.run(200);
        phone.take();
        Self {
            phone,
            slow,
            reported: 0,
            seen: 0,
            sip: [Sip::Idle; 2],
            uuids: [None, None],
            pushes: Vec::new(),
            asked: Vec::new(),
            screens: Vec::new(),
            declined: [false; 2],
            answers: Vec::new(),
            timed_out: Vec::new(),
            fresh: 0,
            told: [false; 2],
            answers_wait: false,
            decided: false,
            held: [false; 2],
            asked_for: 0,
            violations: Vec::new(),
        }
    }

    fn alive(&self) -> bool {
        self.phone.page.is_some()
    }

    fn violated(&mut self, invariant: &'static str) {
        if !self.violations.contains(&invariant) {
            self.violations.push(invariant);
        }
    }

    /// The system takes the reports that it has.
    fn take_reports(&mut self) {
        while self.reported < self.phone.effects.len() {
            let effect = &self.phone.effects[self.reported];
            self.reported += 1;
            if let (Effect::ReportIncoming { uuid, .. }, true) = (effect, self.slow) {
                let uuid = uuid.clone();
                if !self.phone.shown.contains(&uuid) {
                    self.phone.shown.push(uuid.clone());
                }
                self.phone.tell(HostInput::Reported { uuid, error: None });
            }
        }
    }

    /// Does it; false: it cannot be now.
    fn step(&mut self, what: What) -> bool {
        self.take_reports();
        self.page();
        let before = self.phone.log.len();
        match what {
            Push(call) => {
                let payload = format!(r#"{{"call-id":"{}","from-uri":"sip:alice@example.com"}}"#, NAMES[call]);
                self.phone.push(&payload);
                if !self.phone.log[before..].iter().any(|line| line.starts_with("report ")) {
                    self.violated("everyPushIsReported");
                }
                self.note_screens(call);
            }
            Invite(call) if self.sip[call] == Sip::Idle => {
                self.sip[call] = Sip::Held;
                self.release();
            }
            Cancel(call) => match self.sip[call] {
                Sip::Held => self.sip[call] = Sip::Over,
                Sip::Answered if !self.is_ours(call) => return false,
                Sip::Asked | Sip::Ringing | Sip::Answered => {
                    self.sip[call] = Sip::Over;
                    self.ended(call, EndReason::RemoteEnded);
                }
                _ => return false,
            },
            Start if self.alive() && self.sip[1] == Sip::Idle => {
                let call_uuid = "bbbbbbbb-bbbb-4ccc-8ddd-000000000001".to_owned();
                (self.sip[1], self.uuids[1]) = (Sip::Asked, Some(call_uuid.clone()));
                self.phone.request(&CallStart { call_uuid, ..CallStart::default() });
                self.note_screens(1);
            }
            Begin | Refuse if self.uuids[1].is_some() && !self.decided => {
                self.decided = true;
                let uuid = self.uuids[1].clone().unwrap();
                if what == Begin {
                    let number = self.phone.uuids.iter().position(|known| *known == uuid).unwrap() + 1;
                    self.phone.user(number, CallAction::Start);
                } else {
                    let (action, refusal) = (CallAction::Start, RequestRefusal::Unentitled);
                    self.phone.tell(HostInput::RequestRefused { uuid, action, refusal });
                }
            }
            Connect if self.alive() && self.sip[1] == Sip::Ringing => {
                self.sip[1] = Sip::Answered;
                let (call_uuid, state) = (self.uuids[1].clone().unwrap(), CallStateName::Connected);
                self.phone.event(&CallState { call_uuid, state, at: 0, sip_call_id: None });
            }
            Answer | End => {
                let Some(uuid) = self.phone.shown.first().cloned() else { return false };
                let number = self.phone.uuids.iter().position(|known| *known == uuid).unwrap() + 1;
                let of = self.screens.iter().find(|(screen, _)| *screen == uuid).map(|(_, call)| *call);
                if what == End {
                    if let Some(call) = of {
                        self.declined[call] = true;
                    }
                    self.phone.user(number, CallAction::End);
                } else {
                    self.phone.user(number, CallAction::Answer);
                    self.answers.push(format!("a{}", self.phone.actions()));
                }
            }
            ActionTimedOut => {
                let open = self.answers.iter().find(|id| !self.is_settled(id));
                let Some(action_id) = open.cloned() else { return false };
                self.timed_out.push((action_id.clone(), self.phone.log.len()));
                self.phone.tell(HostInput::ActionTimedOut { action_id });
            }
            RegistrationLost if self.alive() && !self.pushes.is_empty() => {
                for open in std::mem::take(&mut self.pushes) {
                    self.resolved(&open, PushOutcome::RegistrationFailed);
                    // What was declined and what the server still has is the next registration's.
                    self.declined[open.call] = false;
                }
            }
            PageDied if self.alive() => {
                self.phone.page = None;
                self.pushes.clear();
                self.asked.clear();
                for call in 0..2 {
                    self.sip[call] = match self.sip[call] {
                        // A call of ours goes with its page.
                        Sip::Asked => Sip::Over,
                        Sip::Ringing if self.is_ours(call) => Sip::Over,
                        Sip::Ringing => Sip::Held,
                        Sip::Answered => Sip::Over,
                        other => other,
                    };
                }
                self.phone.tell(HostInput::PageLost(ResetReason::ProcessTerminated));
            }
            PageBack if !self.alive() => {
                self.phone.load();
                self.seen = 0;
                self.phone.run(20);
                self.page();
                self.release();
            }
            AnswersWait => self.answers_wait = true,
            Time => {
                self.take_reports();
                self.phone.run(20_000);
                // A decline is kept as long as its INVITE may take, and no longer.
                self.declined = [false; 2];
                self.pushes.clear();
            }
            _ => return false,
        }
        self.page();
        self.phone.run(20);
        self.system();
        self.page();
        self.check();
        true
    }

    fn is_ours(&self, call: usize) -> bool {
        self.uuids[call].as_ref().is_some_and(|uuid| uuid.starts_with("bbbbbbbb"))
    }

    /// The system begins what it is asked for.
    fn system(&mut self) {
        while self.asked_for < self.phone.effects.len() {
            self.asked_for += 1;
            if let Effect::RequestAction { uuid, action, .. } = &self.phone.effects[self.asked_for - 1]
                && self.phone.shown.contains(uuid)
            {
                let number = self.phone.uuids.iter().position(|known| known == uuid).unwrap() + 1;
                let action = *action;
                self.phone.user(number, action);
                self.phone.run(20);
            }
        }
    }

    fn is_settled(&self, id: &str) -> bool {
        let ended = |line: &String| line.split_once(' ').is_some_and(|(word, of)| of == id && word.starts_with('f'));
        self.phone.log.iter().any(ended) || self.timed_out.iter().any(|(timed_out, _)| timed_out == id)
    }

    /// New screens are about this call.
    fn note_screens(&mut self, call: usize) {
        for uuid in self.phone.uuids.clone() {
            if !self.screens.iter().any(|(known, _)| *known == uuid) {
                self.screens.push((uuid, call));
            }
        }
    }

    fn release(&mut self) {
        for call in 0..2 {
            if self.sip[call] == Sip::Held && self.alive() {
                self.invite(call);
                self.page();
            }
        }
    }

    fn invite(&mut self, call: usize) {
        let open = self.pushes.iter().position(|open| open.call == call).map(|index| self.pushes.remove(index));
        let uuid = match &open {
            Some(open) => open.uuid.clone(),
            None => {
                self.fresh += 1;
                format!("aaaaaaaa-bbbb-4ccc-8ddd-{:012}", self.fresh)
            }
        };
        self.uuids[call] = Some(uuid.clone());
        self.sip[call] = Sip::Ringing;
        if let Some(open) = &open {
            self.resolved(open, PushOutcome::Bound);
            if open.declined {
                self.sip[call] = Sip::Over;
                return self.ended(call, EndReason::Local);
            }
        }
        let invite = CallIncoming {
            call_uuid: uuid.clone(),
            sip_call_id: NAMES[call].to_owned(),
            push_id: open.as_ref().map(|open| open.push_id.clone()),
            from_uri: "sip:alice@example.com".to_owned(),
            ..CallIncoming::default()
        };
        let id = self.phone.request(&invite);
        self.asked.push((id, call));
        self.note_screens(call);
        if let Some(request) = open.and_then(|open| open.answer) {
            self.answered(call, &uuid, &request);
        }
    }

    fn answered(&mut self, call: usize, uuid: &str, request: &str) {
        let meant = self.screens.iter().find(|(screen, _)| screen == uuid).map(|(_, of)| *of);
        if meant.is_some_and(|meant| meant != call) {
            self.violated("anAnswerAnswersItsOwnCall");
        }
        self.sip[call] = Sip::Answered;
        let state = CallStateName::Connected;
        self.phone.event(&CallState { call_uuid: uuid.to_owned(), state, at: 0, sip_call_id: None });
        self.reply_perform(request, PerformState::Done);
    }

    fn reply_perform(&mut self, request: &str, state: PerformState) {
        self.phone.reply(request, &CallPerformReply { state, ..CallPerformReply::default() });
    }

    fn ended(&mut self, call: usize, reason: EndReason) {
        let call_uuid = self.uuids[call].clone().unwrap_or_default();
        if self.alive() {
            self.told[call] = true;
            self.phone.event(&CallEnded { call_uuid, reason, ..CallEnded::default() });
        }
    }

    fn resolved(&mut self, open: &Open, outcome: PushOutcome) {
        let (push_id, call_uuid) = (open.push_id.clone(), open.uuid.clone());
        self.phone.event(&PushResolved { push_id, call_uuid, outcome, sip: None });
    }

    /// The page reads what it got.
    fn page(&mut self) {
        while self.alive() && self.seen < self.phone.got.len() {
            let incoming = self.phone.got[self.seen].clone();
            self.seen += 1;
            match (incoming.message_type.as_str(), incoming.kind) {
                (PushIncoming::TYPE, Kind::Request) => self.page_push(&incoming),
                (CallPerform::TYPE, Kind::Request) => self.page_perform(&incoming),
                (CallPerformTimedOut::TYPE, _) => {
                    let event: CallPerformTimedOut = incoming.read().unwrap();
                    for open in self.pushes.iter_mut().filter(|open| open.uuid == event.call_uuid) {
                        open.answer = None;
                    }
                }
                (CallStart::TYPE, Kind::Reply) if incoming.error.is_some() && self.sip[1] == Sip::Asked => {
                    self.sip[1] = Sip::Over;
                }
                (CallIncoming::TYPE, Kind::Reply) => {
                    let asked = self.asked.iter().position(|(id, _)| incoming.re.as_ref() == Some(id));
                    if let (Some(index), Ok(reply)) = (asked, incoming.read::<CallIncomingReply>()) {
                        let (_, call) = self.asked.remove(index);
                        self.uuids[call] = Some(reply.call_uuid);
                    }
                }
                _ => {}
            }
        }
    }

    fn page_push(&mut self, incoming: &Incoming) {
        let push: PushIncoming = incoming.read().unwrap();
        let call = NAMES.iter().position(|name| push.sip_call_id.as_deref() == Some(name)).unwrap();
        let (mut reason, mut bound) = (None, None);
        if self.pushes.iter().any(|open| open.call == call) {
            reason = Some(PushRefusal::Duplicate);
            bound = Some(push.call_uuid.clone());
        } else if matches!(self.sip[call], Sip::Ringing | Sip::Answered) {
            bound = self.uuids[call].clone();
        } else if self.sip[call] == Sip::Over && self.uuids[call].is_some() {
            reason = Some(PushRefusal::Ended);
        } else {
            let (uuid, push_id) = (push.call_uuid, push.push_id);
            self.pushes.push(Open { uuid, push_id, call, declined: false, answer: None });
        }
        let accepted = reason.is_none();
        self.phone.reply(&incoming.id, &PushIncomingReply { accepted, reason, bound_call_uuid: bound });
    }

    fn page_perform(&mut self, incoming: &Incoming) {
        let perform: CallPerform = incoming.read().unwrap();
        let live = |call: &usize| matches!(self.sip[*call], Sip::Ringing | Sip::Answered);
        let call = (0..2).filter(live).find(|call| self.uuids[*call].as_ref() == Some(&perform.call_uuid));
        let open = self.pushes.iter().position(|open| open.uuid == perform.call_uuid);
        match (perform.action, call, open) {
            (CallAction::Answer, Some(_), _) if self.answers_wait => {}
            (CallAction::Answer, Some(call), _) => self.answered(call, &perform.call_uuid, &incoming.id),
            (CallAction::Answer, None, Some(index)) => {
                self.pushes[index].answer = Some(incoming.id.clone());
                self.reply_perform(&incoming.id, PerformState::Pending);
            }
            (CallAction::End, Some(call), _) => {
                self.sip[call] = Sip::Over;
                self.reply_perform(&incoming.id, PerformState::Done);
                self.ended(call, EndReason::Local);
            }
            (CallAction::End, None, index) => {
                if let Some(index) = index {
                    self.pushes[index].declined = true;
                }
                self.reply_perform(&incoming.id, PerformState::Done);
            }
            (CallAction::Start, ..) if self.sip[1] == Sip::Asked => {
                self.sip[1] = Sip::Ringing;
                self.reply_perform(&incoming.id, PerformState::Done);
            }
            (CallAction::Hold, Some(call), _) => {
                self.held[call] = true;
                self.reply_perform(&incoming.id, PerformState::Done);
            }
            _ => self.reply_perform(&incoming.id, PerformState::Failed),
        }
    }

    fn check(&mut self) {
        if (0..2).all(|call| self.sip[call] == Sip::Answered && !self.held[call]) {
            self.violated("oneCallTalks");
        }
        for call in 0..2 {
            let is_shown = |uuid: &String| self.phone.shown.contains(uuid);
            let screens = self.screens.iter().filter(|(uuid, of)| *of == call && is_shown(uuid)).count();
            if screens > 1 {
                self.violated("noCallHasTwoScreens");
            }
            // A push of what is over is shown as that and is gone at once.
            if screens > 0 && self.sip[call] == Sip::Over && self.told[call] {
                self.violated("aCallThatIsOverIsNotShown");
            }
            let live = matches!(self.sip[call], Sip::Ringing | Sip::Answered);
            if live && self.declined[call] {
                self.violated("aDeclineIsNeverLost");
            }
            // A report that the system has not taken yet will be a screen.
            if live && screens == 0 && !self.slow && self.alive() {
                self.violated("noCallIsWithoutScreen");
            }
        }
    }

    /// Everything comes to its end by itself.
    fn finish(&mut self) {
        self.take_reports();
        self.page();
        for call in 0..2 {
            // Who talks hangs up; who rings in the page alone is nobody's.
            if self.sip[call] == Sip::Answered {
                self.sip[call] = Sip::Over;
                self.ended(call, EndReason::RemoteEnded);
            }
        }
        self.phone.run(300_000);
        if self.slow {
            self.take_reports();
            self.phone.run(300_000);
        }
        self.page();
        if !self.phone.shown.is_empty() {
            self.violated("everyReportedCallEnds");
        }
        for number in 1..=self.phone.actions() {
            let id = format!("a{number}");
            let ends: Vec<usize> = (0..self.phone.log.len())
                .filter(|index| {
                    let line = self.phone.log[*index].as_str();
                    line.strip_prefix("fulfil ").or_else(|| line.strip_prefix("fail ")) == Some(id.as_str())
                })
                .collect();
            let timed_out = self.timed_out.iter().find(|(of, _)| *of == id).map(|(_, at)| *at);
            let right = match timed_out {
                Some(_) => ends.is_empty(),
                None => ends.len() == 1,
            };
            if !right {
                self.violated("everyActionIsSettledOnceAndInTime");
            }
        }
    }
}

/// The events as steps of a scenario file.
fn as_steps(events: &[What]) -> String {
    let lines: Vec<String> = events
        .iter()
        .enumerate()
        .map(|(index, what)| {
            let at = (index + 1) * 1_000;
            let input = match what {
                Push(call) => format!(r#""input":"push","call":"{}""#, NAMES[*call]),
                Invite(call) => format!(r#""input":"invite","call":"{}""#, NAMES[*call]),
                Cancel(call) => format!(r#""input":"hangup","call":"{}""#, NAMES[*call]),
                Answer => r##""input":"answer","call":"#1","action":"answer""##.to_owned(),
                End => r##""input":"end","call":"#1","action":"end""##.to_owned(),
                ActionTimedOut => r#""input":"actionTimedOut","action":"answer""#.to_owned(),
                RegistrationLost => r#""input":"register","status":403"#.to_owned(),
                PageDied => r#""input":"pageDied""#.to_owned(),
                PageBack => r#""input":"pageBack""#.to_owned(),
                AnswersWait => r#""input":"answersWait""#.to_owned(),
                Start => r#""input":"start","call":"B""#.to_owned(),
                Begin => r#""input":"systemStarts""#.to_owned(),
                Refuse => r#""input":"systemRefuses""#.to_owned(),
                Connect => r#""input":"far","does":"answer""#.to_owned(),
                Time => r#""input":"wait","ms":20000"#.to_owned(),
            };
            format!("    {{\"at\":{at},{input}}}")
        })
        .collect();
    lines.join(",\n")
}

/// Replays the events. `Err(k)`: the `k`th cannot be where it is. `Ok`: the invariant that was violated, if one was.
fn replay(events: &[What], off: Option<Rule>, slow: bool) -> Result<(Vec<&'static str>, Vec<String>), usize> {
    let mut model = Model::new(off, slow);
    for (index, what) in events.iter().enumerate() {
        if !model.step(*what) {
            return Err(index);
        }
    }
    model.finish();
    Ok((model.violations, model.phone.log))
}

/// The next order of the events' indexes; `keep` of them stay. False: there is none.
fn next_order(order: &mut [usize], keep: usize) -> bool {
    // What follows the prefix is brought to its last order first.
    order[keep..].sort_unstable_by(|a, b| b.cmp(a));
    let Some(at) = (1..order.len()).rev().find(|at| order[at - 1] < order[*at]) else { return false };
    let swap = (at..order.len()).rev().find(|other| order[*other] > order[at - 1]).unwrap();
    order.swap(at - 1, swap);
    order[at..].reverse();
    true
}

/// Replays every order; gives how many could be, and the first that violates something.
fn all_orders(events: &[What], off: Option<Rule>, slow: bool) -> (usize, Option<(Vec<&'static str>, String)>) {
    let mut order: Vec<usize> = (0..events.len()).collect();
    let mut count = 0;
    loop {
        let sequence: Vec<What> = order.iter().map(|index| events[*index]).collect();
        let keep = match replay(&sequence, off, slow) {
            Ok((violated, log)) if !violated.is_empty() => {
                let shown = format!("{}\nwhat the host did: {log:#?}", as_steps(&sequence));
                return (count, Some((violated, shown)));
            }
            Ok(_) => {
                count += 1;
                events.len()
            }
            Err(index) => index + 1,
        };
        if !next_order(&mut order, keep) {
            return (count, None);
        }
    }
}

const ONE_CALL: [What; 8] = [Push(0), Push(0), Invite(0), Cancel(0), Answer, End, PageDied, PageBack];
const TWO_CALLS: [What; 8] = [Push(0), Push(1), Invite(0), Invite(1), Answer, End, Cancel(0), Time];
const TROUBLE: [What; 8] =
    [Push(0), Invite(0), Answer, ActionTimedOut, RegistrationLost, PageDied, PageBack, AnswersWait];

const OURS: [What; 7] = [Start, Begin, Connect, Cancel(1), End, Invite(0), Answer];
const OUR_TROUBLE: [What; 6] = [Start, Begin, Connect, PageDied, PageBack, Time];
const REFUSED: [What; 6] = [Start, Refuse, Cancel(1), PageDied, PageBack, Time];

/// WebAssembly is told five of the events; natively it is all of them.
fn enough(events: &[What]) -> Vec<What> {
    let wasm = cfg!(target_arch = "wasm32");
    // A caller who gives up leaves little for what would come after it.
    let told = events.iter().copied().filter(|what| !wasm || !matches!(what, Cancel(_)));
    told.take(if wasm { 5 } else { events.len() }).collect()
}

fn holds(events: &[What], least: usize, slow: &[bool]) {
    let (events, least) = (enough(events), if cfg!(target_arch = "wasm32") { 1 } else { least });
    for slow in slow.iter().copied() {
        let (count, violation) = all_orders(&events, None, slow);
        if let Some((violated, steps)) = violation {
            panic!("{violated:?} (slow: {slow}):\n{steps}");
        }
        assert!(count >= least, "only {count} orders");
    }
}

#[test]
fn every_order_of_two_pushes_invite_cancel_answer_end_and_the_pages_death_holds() {
    holds(&ONE_CALL, 100, &[false, true]);
}

#[test]
fn every_order_of_two_calls_with_answer_end_and_time_holds() {
    holds(&TWO_CALLS, 100, &[false]);
}

#[test]
fn every_order_with_a_late_answer_a_lost_registration_and_a_lost_page_holds() {
    holds(&TROUBLE, 100, &[false, true]);
}

#[test]
fn every_order_of_a_call_of_ours_with_another_call_holds() {
    holds(&OURS, 20, &[false]);
}

#[test]
fn every_order_of_a_call_of_ours_with_a_refusal_and_a_lost_page_holds() {
    holds(&OUR_TROUBLE, 5, &[false]);
    holds(&REFUSED, 5, &[false]);
}

/// Each rule is there for something: without it a named invariant does not hold.
#[cfg(not(target_arch = "wasm32"))]
#[test]
fn without_any_one_rule_an_invariant_fails() {
    let lonely: &[What] = &[Push(0), Answer, Time];
    let wanted: [(Rule, &str, &[What], bool); 16] = [
        (Rule::EndWaitsForReport, "everyReportedCallEnds", &[Push(0), Invite(0), Cancel(0)], true),
        (Rule::InviteLimit, "everyReportedCallEnds", &[Push(0), Time], false),
        (Rule::RingLimit, "everyReportedCallEnds", &[Push(0), Invite(0)], false),
        (Rule::ClaimLimit, "everyReportedCallEnds", &[Push(0), Invite(0), Answer, PageDied, PageBack], false),
        (Rule::EveryPushIsReported, "everyPushIsReported", &ONE_CALL, false),
        (Rule::PushJoinsCall, "noCallHasTwoScreens", &ONE_CALL, false),
        (Rule::PushOfTheOver, "aCallThatIsOverIsNotShown", &ONE_CALL, false),
        (Rule::InviteJoinsCall, "noCallHasTwoScreens", &ONE_CALL, false),
        (Rule::IdsAreCertain, "anAnswerAnswersItsOwnCall", &[Push(0), Invite(1), Answer], false),
        (Rule::InviteIsReported, "noCallIsWithoutScreen", &ONE_CALL, false),
        (Rule::EndIsTold, "aDeclineIsNeverLost", &ONE_CALL, false),
        (Rule::DeclineIsKept, "aDeclineIsNeverLost", &ONE_CALL, false),
        (Rule::TimeOutIsFinal, "everyActionIsSettledOnceAndInTime", &TROUBLE, false),
        (Rule::EndFailsActions, "everyActionIsSettledOnceAndInTime", lonely, false),
        (Rule::EndReachesPage, "noCallIsWithoutScreen", &TROUBLE, false),
        (Rule::OneCallTalks, "oneCallTalks", &OURS, false),
    ];
    let mut wrong = Vec::new();
    for (rule, invariant, events, slow) in wanted {
        match all_orders(events, Some(rule), slow).1 {
            Some((violated, _)) if violated.contains(&invariant) => {}
            Some((violated, steps)) => wrong.push(format!("{rule:?}: {violated:?} instead of {invariant}\n{steps}")),
            None => wrong.push(format!("{rule:?}: nothing fails")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
