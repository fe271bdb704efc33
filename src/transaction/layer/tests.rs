mod client;
mod hostile;
mod server;

use super::*;
use crate::common::random::Seeded;

const FLOW: FlowId = FlowId(1);
const VIA: &str = "SIP/2.0/WSS k3v9.invalid";

struct Bench {
    layer: Transactions,
    random: Random,
    now: Mono,
}

/// What an event is about, in short.
#[derive(Debug, PartialEq)]
enum Seen {
    Sent(String),
    Response(ClientId, u16),
    Failed(ClientId, Failure),
    Request(ServerId, Method),
    Ack,
    Cancelled(ServerId),
    Stray(u16),
    Unacknowledged(ServerId),
}
use Seen::{Ack, Cancelled, Failed, Request as Asked, Response as Answer, Sent, Stray, Unacknowledged};

fn sent(line: &str) -> Seen {
    Sent(line.to_owned())
}

fn parse(text: &str) -> Message {
    Message::parse(text.replace('\n', "\r\n").into_bytes()).expect("a message")
}

fn request_of(octets: &[u8]) -> Request {
    match Message::parse(octets.to_vec()).expect("a message") {
        Message::Request(request) => request,
        Message::Response(_) => panic!("a response"),
    }
}

impl Bench {
    fn new() -> Self {
        Self { layer: Transactions::new(), random: Random::new(Seeded(3)), now: Mono(1_000) }
    }

    fn request(method: Method) -> Request {
        let mut request = Request::new(method.clone(), "sip:bob@lab.example");
        request.headers.push(HeaderName::From, "<sip:alice@lab.example>;tag=a1");
        request.headers.push(HeaderName::To, "<sip:bob@lab.example>");
        request.headers.push(HeaderName::CallId, "call-1");
        request.headers.push(HeaderName::CSeq, format!("7 {}", method.as_str()));
        request
    }

    fn send(&mut self, request: Request) -> ClientId {
        self.layer.send(self.now, FLOW, VIA, request, &mut self.random)
    }

    /// An INVITE that is out, its octets taken.
    fn invite(&mut self) -> (ClientId, String) {
        let mut request = Self::request(Method::Invite);
        request.headers.push(HeaderName::Route, "<sip:edge.lab.example;lr>");
        request.headers.push(HeaderName::ProxyAuthorization, "Digest x");
        let client = self.send(request);
        self.seen();
        (client, self.branch(client))
    }

    fn branch(&self, client: ClientId) -> String {
        let request = self.layer.request(client).expect("a request");
        request.headers.via().unwrap().unwrap().branch().unwrap().to_owned()
    }

    fn respond_as_peer(&mut self, branch: &str, status: u16, method: &str) {
        self.receive(&format!(
            "SIP/2.0 {status} Some\nVia: {VIA};branch={branch}\nFrom: <sip:alice@lab.example>;tag=a1\n\
             To: <sip:bob@lab.example>;tag=b1\nCall-ID: call-1\nCSeq: 7 {method}\nContent-Length: 0\n\n"
        ));
    }

    fn ask_as_peer(&mut self, method: &str, branch: &str) {
        self.receive(&incoming(method, branch));
    }

    fn receive(&mut self, text: &str) {
        self.layer.receive(self.now, FLOW, parse(text));
    }

    fn answer(&mut self, server: ServerId, request: &Request, status: u16) {
        let mut response = Response::to(request, status);
        response.headers.set(HeaderName::To, "<sip:bob@lab.example>;tag=b7");
        self.layer.respond(self.now, server, response);
    }

    fn wait(&mut self, ms: u64) {
        let end = self.now.after(ms);
        while let Some(at) = self.layer.next_timeout().filter(|at| *at <= end) {
            self.now = at;
            self.layer.timeout(at);
        }
        self.now = end;
    }

    /// All events as they are.
    fn events(&mut self) -> Vec<TransactionEvent> {
        std::iter::from_fn(|| self.layer.poll()).collect()
    }

    /// All events in short.
    fn seen(&mut self) -> Vec<Seen> {
        let line = |octets: &[u8]| String::from_utf8_lossy(octets).lines().next().unwrap_or_default().to_owned();
        self.events()
            .into_iter()
            .map(|event| match event {
                TransactionEvent::Send { octets, .. } => Sent(line(&octets)),
                TransactionEvent::Response { client, response } => Answer(client, response.status()),
                TransactionEvent::Failed { client, why } => Failed(client, why),
                TransactionEvent::Request { server, request, .. } => Asked(server, request.method().clone()),
                TransactionEvent::Ack { .. } => Ack,
                TransactionEvent::Cancelled { server, .. } => Cancelled(server),
                TransactionEvent::StrayResponse { response, .. } => Stray(response.status()),
                TransactionEvent::Unacknowledged { server } => Unacknowledged(server),
            })
            .collect()
    }

    /// The octets of everything that left.
    fn octets(&mut self) -> Vec<String> {
        self.events()
            .into_iter()
            .filter_map(|event| match event {
                TransactionEvent::Send { octets, .. } => Some(String::from_utf8(octets).unwrap()),
                _ => None,
            })
            .collect()
    }

    /// An INVITE from the far end that waits for an answer.
    fn invited(&mut self) -> (ServerId, Request) {
        self.ask_as_peer("INVITE", "z9hG4bKp1");
        let found = self.events().into_iter().find_map(|event| match event {
            TransactionEvent::Request { server, request, .. } => Some((server, request)),
            _ => None,
        });
        found.expect("a request")
    }
}

fn incoming(method: &str, branch: &str) -> String {
    format!(
        "{method} sip:bob@k3v9.invalid SIP/2.0\nVia: SIP/2.0/WS  127.0.0.1:15080;branch={branch}\n\
         Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKfirst\nMax-Forwards: 69\nFrom: <sip:carol@lab.example>;tag=c1\n\
         To: <sip:bob@lab.example>\nCall-ID: call-2\nCSeq: 1 {method}\nContent-Length: 0\n\n"
    )
}
