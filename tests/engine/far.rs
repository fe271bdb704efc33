//! A scripted far end: everything that one phone sends, but REGISTER, comes here, and the test answers by hand.

use sipwake::io::{
    AccountId, AccountOptions, CallId, CallInfo, CallState, Command, EndpointOptions, FlowEvent, Input, MediaCommand,
    MediaEvent, Reply,
};
use sipwake::message::{HeaderName, Message, Request, Response};

use crate::world::{World, account, sdp};

/// Time for a message to reach the phone, for media to describe, and for the answer to come back.
const SOON: u64 = 100;

/// One registered phone, and what is on the other side of its flow.
pub struct Far {
    pub world: World,
    pub phone: usize,
    pub account: AccountId,
    branch: u32,
}

/// A dialog as the far end sees it.
#[derive(Debug, Clone)]
pub struct Peer {
    pub call_id: String,
    /// Our From, tag included.
    pub local: String,
    /// Our To, tag included.
    pub remote: String,
    /// The phone's Contact URI.
    pub target: String,
    /// The number of our last request.
    pub cseq: u32,
}

/// Lines with their ends, and the length of the body.
pub fn text(start: &str, headers: &[&str], body: &str) -> String {
    let mut text = format!("{start}\r\n");
    for header in headers {
        text.push_str(&format!("{header}\r\n"));
    }
    text.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    text
}

pub fn header(headers: &sipwake::message::Headers, name: HeaderName) -> String {
    headers.get(name).unwrap_or_default().to_owned()
}

impl Far {
    /// The phone is `alice`, with the usual options.
    pub fn new() -> Self {
        Self::with(account("alice"))
    }

    pub fn with(options: AccountOptions) -> Self {
        Self::with_endpoint(options, EndpointOptions::default())
    }

    /// The same with an endpoint of another kind.
    pub fn with_endpoint(options: AccountOptions, endpoint: EndpointOptions) -> Self {
        let mut world = World::new();
        world.server.add_user(&options.username, "secret");
        let name = options.username.clone();
        let phone = world.add_phone(endpoint);
        let account = world.create_account(phone, options);
        world.run(SOON);
        assert!(world.server.is_bound(&name), "{name} is not registered");
        world.far = Some(Vec::new());
        Self { world, phone, account, branch: 0 }
    }

    pub fn run(&mut self, ms: u64) {
        self.world.run(ms);
    }

    /// Everything that came, in order.
    pub fn heard(&self) -> &[Message] {
        self.world.far.as_deref().unwrap()
    }

    /// What came since the last time.
    pub fn take(&mut self) -> Vec<Message> {
        self.world.far.replace(Vec::new()).unwrap()
    }

    /// The requests with this method that came.
    pub fn requests(&self, method: &str) -> Vec<Request> {
        let one = |message: &Message| match message {
            Message::Request(request) if request.method().as_str() == method => Some(request.clone()),
            _ => None,
        };
        self.heard().iter().filter_map(one).collect()
    }

    /// The last request with this method.
    pub fn request(&self, method: &str) -> Request {
        self.requests(method).pop().unwrap_or_else(|| panic!("no {method}: {:?}", self.lines()))
    }

    pub fn count(&self, method: &str) -> usize {
        self.requests(method).len()
    }

    /// The responses that came, to requests with this method.
    pub fn responses(&self, method: &str) -> Vec<Response> {
        let one = |message: &Message| match message {
            Message::Response(response) if header(&response.headers, HeaderName::CSeq).ends_with(method) => {
                Some(response.clone())
            }
            _ => None,
        };
        self.heard().iter().filter_map(one).collect()
    }

    pub fn statuses(&self, method: &str) -> Vec<u16> {
        self.responses(method).iter().map(Response::status).collect()
    }

    /// The last response to a request with this method.
    pub fn response(&self, method: &str) -> Response {
        self.responses(method).pop().unwrap_or_else(|| panic!("no response to {method}: {:?}", self.lines()))
    }

    /// First words of everything that came.
    pub fn lines(&self) -> Vec<String> {
        let line = |message: &Message| match message {
            Message::Request(request) => request.method().as_str().to_owned(),
            Message::Response(response) => {
                format!("{} {}", response.status(), header(&response.headers, HeaderName::CSeq))
            }
        };
        self.heard().iter().map(line).collect()
    }

    /// Sends octets as they are.
    pub fn send(&mut self, text: String) {
        let flow = *self.world.phones[self.phone].flows.last().expect("a flow");
        self.world.deliver(self.phone, crate::world::DELAY, flow, FlowEvent::Received(text.into_bytes()));
    }

    /// A response as the far end `tag` gives it, with its Contact `sip:TAG@TAG.invalid`; `headers` are whole lines. Empty `tag`:
    /// no To tag and no Contact. Sends it and lets it come.
    pub fn reply(&mut self, request: &Request, status: u16, tag: &str, headers: &[&str], body: &str) {
        let text = answer(request, status, tag, headers, body);
        self.send(text);
        self.run(SOON);
    }

    /// The same with a session description of the far end number `index`.
    pub fn reply_sdp(&mut self, request: &Request, status: u16, tag: &str, headers: &[&str], index: usize) {
        let mut headers = headers.to_vec();
        headers.push("Content-Type: application/sdp");
        self.reply(request, status, tag, &headers, &sdp(index));
    }

    /// The phone calls, and its INVITE is here, with credentials if it has any.
    pub fn called(&mut self) -> (CallId, Request) {
        self.called_with(sipwake::io::CallOptions::default())
    }

    pub fn called_with(&mut self, options: sipwake::io::CallOptions) -> (CallId, Request) {
        let command = Command::MakeCall { account: self.account, target: "bob".to_owned(), options };
        let Ok(Reply::Call(call)) = self.world.command_now(self.phone, command) else { panic!("no call") };
        self.run(SOON);
        (call, self.request("INVITE"))
    }

    /// An INVITE to the phone; `headers` are whole lines.
    pub fn invite(&mut self, call_id: &str, headers: &[&str], body: &str) -> Request {
        self.branch += 1;
        let contact = self.contact();
        let lines = [
            format!("Via: SIP/2.0/WSS far.invalid;branch=z9hG4bKfar{}", self.branch),
            "Max-Forwards: 70".to_owned(),
            "From: \"Bob\" <sip:bob@example.test>;tag=bob".to_owned(),
            "To: <sip:alice@example.test>".to_owned(),
            format!("Call-ID: {call_id}"),
            "CSeq: 1 INVITE".to_owned(),
            "Contact: <sip:bob@far.invalid;transport=ws>".to_owned(),
        ];
        let mut all: Vec<&str> = lines.iter().map(String::as_str).collect();
        all.extend(headers);
        let text = text(&format!("INVITE {contact} SIP/2.0"), &all, body);
        self.send(text.clone());
        self.run(SOON);
        match Message::parse(text.into_bytes()) {
            Ok(Message::Request(request)) => request,
            _ => panic!("no request"),
        }
    }

    /// The same with an offer of the far end number `index`.
    pub fn invite_sdp(&mut self, call_id: &str, headers: &[&str], index: usize) -> Request {
        let mut headers = headers.to_vec();
        headers.push("Content-Type: application/sdp");
        self.invite(call_id, &headers, &sdp(index))
    }

    /// The Contact URI of the phone's binding.
    pub fn contact(&self) -> String {
        self.world.server.bindings.last().expect("a binding").contact.clone()
    }

    /// The dialog that the phone's INVITE and our answer with `tag` make.
    pub fn peer(&self, invite: &Request, tag: &str) -> Peer {
        let contact = invite.headers.contacts().next().unwrap().unwrap().uri_text().to_owned();
        Peer {
            call_id: header(&invite.headers, HeaderName::CallId),
            local: format!("{};tag={tag}", header(&invite.headers, HeaderName::To)),
            remote: header(&invite.headers, HeaderName::From),
            target: contact,
            cseq: 100,
        }
    }

    /// The dialog that our INVITE and a response of the phone make.
    pub fn peer_of_response(&self, invite: &Request, response: &Response) -> Peer {
        let contact = response.headers.contacts().next().unwrap().unwrap().uri_text().to_owned();
        Peer {
            call_id: header(&invite.headers, HeaderName::CallId),
            local: header(&invite.headers, HeaderName::From),
            remote: header(&response.headers, HeaderName::To),
            target: contact,
            cseq: invite.headers.cseq().unwrap().unwrap().number,
        }
    }

    /// Sends a request in a dialog, with its next number (an ACK and a CANCEL with the last), and lets it come.
    pub fn ask(&mut self, peer: &mut Peer, method: &str, headers: &[&str], body: &str) {
        self.say(peer, method, headers, body);
        self.run(SOON);
    }

    /// The same, and time stands still.
    pub fn say(&mut self, peer: &mut Peer, method: &str, headers: &[&str], body: &str) {
        if method != "ACK" {
            peer.cseq += 1;
        }
        self.branch += 1;
        let lines = [
            format!("Via: SIP/2.0/WSS far.invalid;branch=z9hG4bKfar{}", self.branch),
            "Max-Forwards: 70".to_owned(),
            format!("From: {}", peer.local),
            format!("To: {}", peer.remote),
            format!("Call-ID: {}", peer.call_id),
            format!("CSeq: {} {method}", peer.cseq),
            "Contact: <sip:bob@far.invalid;transport=ws>".to_owned(),
        ];
        let mut all: Vec<&str> = lines.iter().map(String::as_str).collect();
        if method == "ACK" || method == "BYE" {
            all.truncate(6);
        }
        all.extend(headers);
        let text = text(&format!("{method} {} SIP/2.0", peer.target), &all, body);
        self.send(text);
    }

    /// The CANCEL of our INVITE.
    pub fn cancel(&mut self, invite: &Request, headers: &[&str]) {
        let line = |name| format!("{}: {}", HeaderName::as_str(name), header(&invite.headers, name));
        let lines = [HeaderName::Via, HeaderName::From, HeaderName::To, HeaderName::CallId].map(line);
        let number = invite.headers.cseq().unwrap().unwrap().number;
        let cseq = format!("CSeq: {number} CANCEL");
        let mut all: Vec<&str> = lines.iter().map(String::as_str).collect();
        all.extend(["Max-Forwards: 70", &cseq]);
        all.extend(headers);
        let text = text(&format!("CANCEL {} SIP/2.0", invite.uri()), &all, "");
        self.send(text);
        self.run(SOON);
    }

    /// The answers that media was given, and whether they were provisional.
    pub fn answers(&self) -> Vec<(String, bool)> {
        let answer = |(_, command): &(_, MediaCommand)| match command {
            MediaCommand::SetAnswer { sdp, provisional } => Some((sdp.clone(), *provisional)),
            _ => None,
        };
        self.world.phones[self.phone].media.iter().filter_map(answer).collect()
    }

    /// ICE and DTLS of the phone's last media session are up, or are not.
    pub fn connected(&mut self, connected: bool) {
        let media = *self.world.phones[self.phone].open_media.last().expect("a session");
        self.world.input(self.phone, Input::Media { media, number: 0, event: MediaEvent::Connected { connected } });
    }

    pub fn state(&self, call: CallId) -> Option<CallState> {
        self.world.state(self.phone, call)
    }

    pub fn only_call(&self) -> CallInfo {
        self.world.only_call(self.phone)
    }

    /// A call of the phone's that the far end `bob` answered, and its INVITE and dialog.
    pub fn talking(&mut self) -> (CallId, Request, Peer) {
        let (call, invite) = self.called();
        self.reply_sdp(&invite, 200, "bob", &[], 1);
        assert_eq!(self.state(call), Some(CallState::Connected));
        let peer = self.peer(&invite, "bob");
        (call, invite, peer)
    }

    /// A call of the far end's that the phone answered, acknowledged.
    pub fn taken(&mut self, call_id: &str) -> (CallId, Request, Peer) {
        let invite = self.invite_sdp(call_id, &[], 1);
        let call = self.world.calls(self.phone).last().expect("a call").id;
        let command = Command::Answer(call, sipwake::io::Extra::default());
        self.world.command(self.phone, command);
        self.run(SOON);
        let response = self.response("INVITE");
        assert_eq!(response.status(), 200);
        let mut peer = self.peer_of_response(&invite, &response);
        self.ask(&mut peer, "ACK", &[], "");
        (call, invite, peer)
    }
}

/// The text of a response, as [`Far::reply`] sends it.
pub fn answer(request: &Request, status: u16, tag: &str, headers: &[&str], body: &str) -> String {
    let line = |name| format!("{}: {}", HeaderName::as_str(name), header(&request.headers, name));
    let mut lines: Vec<String> = request.headers.lines(HeaderName::Via).map(|via| format!("Via: {via}")).collect();
    lines.extend([HeaderName::From, HeaderName::CallId, HeaderName::CSeq].map(line));
    let to = line(HeaderName::To);
    if tag.is_empty() || to.contains(";tag=") {
        lines.push(to);
    } else {
        lines.push(format!("{to};tag={tag}"));
    }
    if !tag.is_empty() && !headers.iter().any(|line| line.starts_with("Contact:")) {
        lines.push(format!("Contact: <sip:{tag}@{tag}.invalid;transport=ws>"));
    }
    let mut all: Vec<&str> = lines.iter().map(String::as_str).collect();
    all.extend(headers);
    text(&format!("SIP/2.0 {status} Whatever"), &all, body)
}
