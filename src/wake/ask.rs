//! What the application wants of calls that the system shows. The system is asked first, so that its call screen and the
//! page never differ; what it lets happen comes back as `call.perform`.

use super::push::handle_of;
use super::{Wake, WakeEvent};
use crate::agent::Agent;
use crate::bridge::{CallAction, CallRequest, CallStart, Incoming, IntentStartCall};
use crate::common::lists::Keep;
use crate::common::time::{Mono, Now};
use crate::io::{CallId, CallInfo, CallState, Command, CommandId, Direction, Error, ErrorCode, Event, Reply};

/// How long the host may take to say whether a call may start, in milliseconds. Then it fails.
const START_MS: u64 = 10_000;
/// How long the host may take to say that it asks the system, in milliseconds. Then the engine does it by itself.
const ASK_MS: u64 = 3_000;
/// How long the action may take to come after that, in milliseconds.
const TAKEN_MS: u64 = 10_000;

/// A call that waits for the system's leave.
#[derive(Debug)]
pub(super) struct Start {
    request: String,
    call: CallId,
    until: Mono,
}

/// A command of the application that waits for its action.
#[derive(Debug)]
pub(super) struct Asked {
    request: String,
    call_uuid: String,
    action: CallAction,
    id: CommandId,
    command: Command,
    until: Mono,
}

/// What a command is to the system.
fn action_of(command: &Command) -> Option<(CallId, CallAction, Option<&String>)> {
    Some(match command {
        Command::With(_, command) => return action_of(command),
        Command::Answer(call, _) => (*call, CallAction::Answer, None),
        Command::Decline(call, ..) | Command::Hangup(call, _) => (*call, CallAction::End, None),
        Command::Hold(call, on) => (*call, if *on { CallAction::Hold } else { CallAction::Unhold }, None),
        Command::Mute(call, on) => (*call, if *on { CallAction::Mute } else { CallAction::Unmute }, None),
        Command::Dtmf { call, digits, .. } => (*call, CallAction::Dtmf, Some(digits)),
        _ => return None,
    })
}

/// Whether the system would let it happen. What cannot be at all is refused by the agent.
fn can_be(call: &CallInfo, action: CallAction) -> bool {
    match action {
        _ if call.state == CallState::Ended => false,
        CallAction::End => true,
        CallAction::Answer => call.direction == Direction::Incoming && call.connected_at.is_none(),
        _ => call.connected_at.is_some(),
    }
}

impl Wake {
    /// Asks the system for what the application wants. Gives the command back where that is not the system's matter.
    pub fn ask(&mut self, now: Now, agent: &Agent, id: CommandId, command: Command) -> Option<Command> {
        let wanted = action_of(&command).filter(|_| self.call_ui && self.link.is_live());
        let Some((call, action, digits)) = wanted else { return Some(command) };
        let Some(call) = agent.call(call).filter(|call| can_be(call, action)) else { return Some(command) };
        let request = CallRequest { call_uuid: call.uuid, action, digits: digits.cloned(), group_with: None };
        self.asked.push(Asked {
            request: self.link.request(now, &request, ASK_MS),
            call_uuid: request.call_uuid,
            action,
            id,
            command,
            until: now.mono.after(ASK_MS),
        });
        None
    }

    /// The command of the application that this action is about.
    pub(super) fn take_asked(&mut self, uuid: &str, action: CallAction, digits: Option<&str>) -> Option<CommandId> {
        let found = self.asked.iter().position(|asked| {
            let same = action_of(&asked.command).and_then(|(.., digits)| digits).map(String::as_str) == digits;
            // The user may press other digits meanwhile.
            asked.call_uuid == uuid && asked.action == action && (same || action != CallAction::Dtmf)
        });
        let asked = self.asked.remove(found?);
        self.link.forget(&asked.request);
        self.out.push_back(WakeEvent::Run { id: asked.id, command: asked.command });
        Some(asked.id)
    }

    /// Nobody waits for the system any more where `which` says so: the engine does it by itself.
    pub(super) fn release(&mut self, which: impl Fn(&Asked) -> bool) {
        while let Some(index) = self.asked.iter().position(&which) {
            let asked = self.asked.remove(index);
            self.link.forget(&asked.request);
            self.out.push_back(WakeEvent::Run { id: asked.id, command: asked.command });
        }
    }

    /// The same for a call that is over, or for all.
    pub(super) fn release_call(&mut self, call: Option<&CallInfo>) {
        self.release(|asked| call.is_none_or(|call| call.uuid == asked.call_uuid));
        if let Some(call) = call {
            self.starts.keep(|start| start.call != call.id);
        }
    }

    /// A command was completed. It may have been an action of the system as well.
    pub fn completed(&mut self, now: Now, agent: &Agent, id: CommandId, result: &Result<Reply, Error>) {
        let Some(action) = self.actions.iter().find(|action| action.command == Some(id)) else { return };
        // That the 200 has left is told with its time.
        if action.action != CallAction::Answer || result.is_err() {
            let (number, result) = (action.number, result.as_ref().map(|_| ()).map_err(Clone::clone));
            self.performed(now, agent, number, result);
        }
    }

    /// A call of ours is to start.
    pub(super) fn start(&mut self, now: Now, agent: &Agent, call: CallId, video: bool) {
        let Some(call) = agent.call(call) else { return };
        let request = CallStart {
            account: agent.account(call.account).map(|(name, _)| name.to_owned()).unwrap_or_default(),
            handle: handle_of(&call.remote_uri),
            display_name: call.remote_name,
            call_uuid: call.uuid,
            video,
        };
        let request = self.link.request(now, &request, START_MS);
        self.starts.push(Start { request, call: call.id, until: now.mono.after(START_MS) });
    }

    /// The host's answer to `call.start` or `call.request`.
    pub(super) fn ask_replied(&mut self, now: Now, agent: &mut Agent, reply: &Incoming) -> bool {
        let Some(request) = reply.re.as_ref() else { return false };
        let refused = reply.error.as_ref().map(|error| error.code.as_str());
        if let Some(asked) = self.asked.iter_mut().find(|asked| asked.request == *request) {
            asked.until = now.mono.after(if refused.is_some() { 0 } else { TAKEN_MS });
            return true;
        }
        let Some(start) = self.starts.iter().find(|start| start.request == *request) else { return false };
        let call = start.call;
        match refused {
            None => return true,
            Some("tooManyCalls") => agent.refuse_call(now, call, ErrorCode::TooManyCalls),
            Some(_) => agent.refuse_call(now, call, ErrorCode::HostRefused),
        }
        self.starts.keep(|start| start.call != call);
        true
    }

    /// The system lets a call start. False where that comes too late.
    pub(super) fn perform_start(&mut self, now: Now, agent: &mut Agent, call: &CallInfo) -> bool {
        self.starts.keep(|start| start.call != call.id);
        agent.begin_call(now, call.id) || call.direction == Direction::Outgoing
    }

    pub(super) fn next_ask_timeout(&self) -> Option<Mono> {
        let starts = self.starts.iter().map(|start| start.until);
        self.asked.iter().map(|asked| asked.until).chain(starts).min()
    }

    pub(super) fn ask_timeout(&mut self, now: Now, agent: &mut Agent) {
        self.release(|asked| asked.until <= now.mono);
        while let Some(index) = self.starts.iter().position(|start| start.until <= now.mono) {
            let start = self.starts.remove(index);
            self.link.forget(&start.request);
            agent.refuse_call(now, start.call, ErrorCode::HostUnreachable);
        }
    }

    /// Somebody asked for a call outside the page.
    pub(super) fn call_wanted(&mut self, intent: IntentStartCall) {
        self.out.push_back(WakeEvent::Event(Event::CallWanted {
            account: intent.account,
            target: intent.handle.value,
            name: intent.display_name,
            video: intent.video,
            source: intent.source.name(),
        }));
    }
}
