//! One forwarded request: its branches, what they answered, and which answer goes back.

use std::time::{Duration, Instant};

use crate::message::{Message, Start};
use crate::registrar::Connection;

/// RFC 3261 timers B and F: no answer at all.
pub const UNANSWERED: Duration = Duration::from_secs(32);
/// RFC 3261 timer C: rings and rings.
pub const RINGING: Duration = Duration::from_secs(180);
/// How long a cancelled branch that never said anything may hold up the caller's 487.
pub const CANCELLING: Duration = Duration::from_secs(5);

/// The Reason of the CANCEL to those who were too late.
pub const ELSEWHERE: &str = "SIP;cause=200;text=\"Call completed elsewhere\"";

/// One copy of the request on its way to one client.
pub struct Branch {
    pub number: u32,
    pub connection: Connection,
    /// Which phone or browser; empty within a dialog.
    pub device: String,
    /// As sent, with our Via on top.
    pub request: Message,
    pub provisional: bool,
    /// A CANCEL is to go out with these Reason values as soon as the client has answered provisionally.
    pub cancel: Option<Vec<String>>,
    pub cancelled: bool,
    /// The same phone has a newer branch: this one is no longer waited for.
    pub superseded: bool,
    /// The final status; the response where the client itself sent it.
    pub ended: Option<(u16, Option<Message>)>,
    pub deadline: Instant,
}

impl Branch {
    /// Whether the caller must still wait for it.
    pub fn open(&self) -> bool {
        self.ended.is_none() && !self.superseded
    }
}

/// A request and its branches.
pub struct Relay {
    /// Key of the server transaction.
    pub key: String,
    pub source: Connection,
    /// The user it is for; empty within a dialog.
    pub user: String,
    /// As received, with our `received` in its Via.
    pub request: Message,
    /// As forwarded, but for Request-URI and our Via.
    pub forward: Message,
    pub branches: Vec<Branch>,
    /// Sleeping phones that were pushed and have not registered yet.
    pub awaited: Vec<String>,
    pub hold_until: Instant,
    pub cancelled: bool,
    /// The status that went back. After this nothing but a 2xx follows.
    pub finished: Option<u16>,
    /// The last response that went back, for a request that comes again.
    pub last: Option<Message>,
    pub remove_at: Option<Instant>,
}

impl Relay {
    /// Whether it is an INVITE.
    pub fn is_invite(&self) -> bool {
        self.request.method() == "INVITE"
    }

    /// The branch of this number.
    pub fn branch(&mut self, number: u32) -> Option<&mut Branch> {
        self.branches.iter_mut().find(|branch| branch.number == number)
    }

    /// When something is due.
    pub fn next_timeout(&self) -> Option<Instant> {
        let hold = (!self.awaited.is_empty()).then_some(self.hold_until);
        let branches = self.branches.iter().filter(|branch| branch.ended.is_none()).map(|branch| branch.deadline);
        match self.remove_at {
            Some(at) => Some(at),
            None => branches.chain(hold).min(),
        }
    }

    /// The answer to give when nobody is waited for any more. RFC 3261 section 16.7: 6xx before all, else the lowest
    /// class, the first that came; what a client said goes before what we concluded.
    pub fn best(&self) -> (u16, Option<Message>) {
        if self.cancelled {
            return (487, None);
        }
        let mut best: Option<&(u16, Option<Message>)> = None;
        let rank = |ended: &(u16, Option<Message>)| {
            let class = if ended.0 >= 600 { 0 } else { ended.0 / 100 };
            (ended.1.is_none(), class)
        };
        for ended in self.branches.iter().filter(|branch| !branch.superseded).filter_map(|branch| branch.ended.as_ref())
        {
            if best.is_none_or(|have| rank(ended) < rank(have)) {
                best = Some(ended);
            }
        }
        best.cloned().unwrap_or((480, None))
    }
}

/// The CANCEL for a request that was sent (RFC 3261 section 9.1).
pub fn cancel_of(request: &Message, reasons: &[String]) -> Message {
    let mut cancel = hop(request, "CANCEL");
    for reason in reasons {
        cancel.push("Reason", reason.clone());
    }
    cancel
}

/// The ACK for a final response other than 2xx (RFC 3261 section 17.1.1.3).
pub fn ack_of(request: &Message, response: &Message) -> Message {
    let mut ack = hop(request, "ACK");
    if let Some(to) = response.get("To") {
        ack.set("To", to);
    }
    ack
}

fn hop(request: &Message, method: &str) -> Message {
    let mut message = Message::request(method, request.uri());
    if let Some(via) = request.get("Via") {
        message.push("Via", via);
    }
    message.push("Max-Forwards", "70");
    for name in ["Route", "From", "To", "Call-ID"] {
        for value in request.all(name) {
            message.push(name, value);
        }
    }
    let number = request.cseq().map(|(number, _)| number).unwrap_or_default();
    message.push("CSeq", format!("{number} {method}"));
    message
}

/// The status of a response.
pub fn status(message: &Message) -> u16 {
    match message.start {
        Start::Response { status, .. } => status,
        Start::Request { .. } => 0,
    }
}
