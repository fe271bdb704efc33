//! A registrar and proxy, just enough of one: digest, bindings with pushes, held INVITEs, forwarding by branch.

use sipwake::io::FlowId;
use sipwake::message::{HeaderName, Message, Method, Request, Response, Uri};

use crate::gate::{Gate, Verdict};

type Out = Vec<(usize, FlowId, Vec<u8>)>;

#[derive(Debug, Clone)]
pub struct Binding {
    pub user: String,
    pub phone: usize,
    pub flow: FlowId,
    pub contact: String,
    pub instance: String,
    /// 0 where the server does without RFC 5626.
    pub reg_id: u8,
}

#[derive(Debug)]
struct Forwarded {
    branch: String,
    origin: (usize, FlowId),
    target: (usize, FlowId),
    /// The request as it came and as it left.
    came: Request,
    left: Request,
    finished: bool,
    cancelled: bool,
}

/// A push that the server sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    pub token: String,
    pub call_id: String,
    pub from: String,
}

/// What is said to the next request of this method instead of passing it on.
#[derive(Debug, Clone)]
pub struct Answer {
    pub method: &'static str,
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
}

pub struct Server {
    pub bindings: Vec<Binding>,
    /// Push tokens by user, kept after an UNREGISTER that carries them.
    pub tokens: Vec<(String, String)>,
    pub pushes: Vec<Pushed>,
    held: Vec<(Request, usize, FlowId)>,
    forwarded: Vec<Forwarded>,
    pub requests: Vec<Request>,
    /// Seconds granted.
    pub expires: u32,
    pub min_expires: u32,
    pub realm: String,
    pub gate: Gate,
    /// Answers each REGISTER with this status instead.
    pub register_status: Option<u16>,
    /// The same for the second flow of an instance alone.
    pub second_status: Option<u16>,
    /// Gives each binding this public GRUU.
    pub gruu: Option<String>,
    /// Further headers of the 200 to REGISTER.
    pub register_headers: Vec<(&'static str, String)>,
    /// Keeps a binding for each flow, as RFC 5626 says.
    pub outbound: bool,
    /// Drops everything.
    pub silent: bool,
    /// Sends an INVITE that is not answered to each new binding as well.
    pub forks_late: bool,
    /// What the next requests get, each once.
    pub answers: Vec<Answer>,
    /// Holds each INVITE that makes a call, whoever is there.
    pub holds: bool,
    /// Keeps what it holds past a REGISTER, until it is released by hand.
    pub keeps: bool,
    /// Lets requests of these methods vanish.
    pub drops: Vec<&'static str>,
    pub compositor: crate::publication::Compositor,
    branch: u32,
}

impl Server {
    pub fn new() -> Self {
        Self {
            bindings: Vec::new(),
            tokens: Vec::new(),
            pushes: Vec::new(),
            held: Vec::new(),
            forwarded: Vec::new(),
            requests: Vec::new(),
            expires: 600,
            min_expires: 0,
            realm: "example.test".to_owned(),
            gate: Gate::new(),
            register_status: None,
            second_status: None,
            gruu: None,
            register_headers: Vec::new(),
            outbound: false,
            silent: false,
            forks_late: false,
            answers: Vec::new(),
            holds: false,
            keeps: false,
            drops: Vec::new(),
            compositor: crate::publication::Compositor::default(),
            branch: 0,
        }
    }

    pub fn add_user(&mut self, name: &str, password: &str) {
        self.gate.users.push((name.to_owned(), password.to_owned()));
    }

    pub fn is_bound(&self, user: &str) -> bool {
        self.bindings.iter().any(|binding| binding.user == user)
    }

    pub fn connection_closed(&mut self, phone: usize, flow: FlowId) {
        self.bindings.retain(|binding| (binding.phone, binding.flow) != (phone, flow));
    }

    /// A server that was restarted knows of no call.
    pub fn restart(&mut self) {
        self.held.clear();
        self.forwarded.clear();
    }

    pub fn registers(&self) -> Vec<&Request> {
        self.requests.iter().filter(|request| *request.method() == Method::Register).collect()
    }

    pub fn receive(&mut self, _now: u64, phone: usize, flow: FlowId, octets: Vec<u8>) -> Out {
        if octets == b"\r\n\r\n" {
            return vec![(phone, flow, b"\r\n".to_vec())];
        }
        // The answer to a ping of ours is heard and no more.
        if self.silent || octets == b"\r\n" {
            return Vec::new();
        }
        match Message::parse(octets).expect("the phone sends messages that can be read") {
            Message::Request(request) => {
                let problems = sipwake::message::validate(&Message::Request(request.clone()));
                assert!(problems.is_empty(), "{problems:?}");
                self.requests.push(request.clone());
                self.request(phone, flow, request)
            }
            Message::Response(response) => self.response(phone, flow, response),
        }
    }

    fn request(&mut self, phone: usize, flow: FlowId, request: Request) -> Out {
        let from = (phone, flow);
        match request.method() {
            Method::Register => self.register(from, &request),
            Method::Cancel => self.cancel(from, &request),
            Method::Ack if self.is_hop_ack(&request) => Vec::new(),
            Method::Ack => self.route(from, request),
            method if !has_tag(&request) => {
                let verdict = self.gate.check(&request, HeaderName::ProxyAuthorization, &self.realm);
                if verdict != Verdict::Good {
                    return vec![reply(from, self.challenge(&request, 407, HeaderName::ProxyAuthenticate, verdict))];
                }
                if let Some(response) = self.scripted(&request) {
                    return vec![reply(from, tagged(response))];
                }
                match method {
                    Method::Invite => self.invite(from, request),
                    Method::Publish => vec![reply(from, tagged(self.compositor.publish(&request)))],
                    _ => self.outside(from, request),
                }
            }
            _ => self.route(from, request),
        }
    }

    /// A request outside any dialog but INVITE: to the first binding of its user.
    fn outside(&mut self, from: (usize, FlowId), request: Request) -> Out {
        let uri = Uri::parse(request.uri()).expect("a URI");
        let user = uri.user().unwrap_or_default().to_owned();
        if uri.host() != "example.test" {
            return self.route(from, request);
        }
        match self.bindings.iter().find(|binding| binding.user == user).cloned() {
            Some(binding) => self.forward(from, request, (binding.phone, binding.flow, binding.contact)),
            None => vec![reply(from, tagged(Response::to(&request, 404)))],
        }
    }

    /// A request to the Contact that its URI names.
    fn route(&mut self, from: (usize, FlowId), request: Request) -> Out {
        if self.drops.contains(&request.method().as_str()) {
            return Vec::new();
        }
        if let Some(response) = self.scripted(&request) {
            return vec![reply(from, response)];
        }
        let uri = Uri::parse(request.uri()).expect("a URI");
        let host = uri.host().to_owned();
        // A GRUU means whatever flow the instance has now.
        let gruu = uri.param("gr").is_some();
        let user = uri.user().unwrap_or_default().to_owned();
        let target = self
            .bindings
            .iter()
            .find(|binding| if gruu { binding.user == user } else { binding.contact.contains(&host) });
        let Some(target) = target.map(|binding| (binding.phone, binding.flow, request.uri().to_owned())) else {
            if *request.method() == Method::Ack {
                return Vec::new();
            }
            return vec![reply(from, Response::to(&request, 404))];
        };
        self.forward(from, request, target)
    }

    /// The response that a test has laid ready for this request.
    fn scripted(&mut self, request: &Request) -> Option<Response> {
        let at = self.answers.iter().position(|answer| answer.method == request.method().as_str())?;
        let Answer { status, headers, .. } = self.answers.remove(at);
        let mut response = Response::to(request, status);
        for (name, value) in headers {
            response.headers.push_named(name, value);
        }
        Some(response)
    }

    fn register(&mut self, from: (usize, FlowId), request: &Request) -> Out {
        if let Some(status) = self.register_status {
            return vec![reply(from, Response::to(request, status))];
        }
        if let Some(response) = self.scripted(request) {
            return vec![reply(from, tagged(response))];
        }
        if let Some(status) = self.second_status
            && request.headers.get(HeaderName::Contact).is_some_and(|contact| contact.contains("reg-id=2"))
        {
            return vec![reply(from, tagged(Response::to(request, status)))];
        }
        let verdict = self.gate.check(request, HeaderName::Authorization, &self.realm);
        if verdict != Verdict::Good {
            return vec![reply(from, self.challenge(request, 401, HeaderName::WwwAuthenticate, verdict))];
        }
        if request.headers.contact_is_star() {
            let user = request.headers.to().unwrap().unwrap().uri().unwrap().user().unwrap().to_owned();
            assert_eq!(request.headers.expires(), Some(Ok(0)));
            self.bindings.retain(|binding| binding.user != user);
            return vec![reply(from, Response::to(request, 200))];
        }
        let contact = request.headers.contacts().next().expect("a Contact").expect("that can be read");
        let asked: u32 = contact.param("expires").flatten().expect("expires").parse().unwrap();
        if asked > 0 && asked < self.min_expires {
            let mut response = Response::to(request, 423);
            response.headers.push(HeaderName::MinExpires, self.min_expires.to_string());
            return vec![reply(from, response)];
        }
        let user = request.headers.to().unwrap().unwrap().uri().unwrap().user().unwrap().to_owned();
        let instance = contact.param("+sip.instance").flatten().expect("an instance").into_owned();
        let uri = contact.uri_text().to_owned();
        let header = request.headers.get(HeaderName::Contact).unwrap().to_owned();
        let reg_id = contact.param("reg-id").flatten().filter(|_| self.outbound).map_or(0, |id| id.parse().unwrap());
        self.bindings.retain(|b| b.instance != instance || b.user != user || b.reg_id != reg_id);
        let token = ["pn-prid=", "pn-voip-tok="].iter().find_map(|name| header.split_once(name));
        let token = token.map(|(_, rest)| rest.split([';', '>', ',']).next().unwrap().to_owned());
        self.tokens.retain(|(of, _)| *of != user);
        if let Some(token) = token {
            self.tokens.push((user.clone(), token));
        }
        let mut response = Response::to(request, 200);
        self.gate.inform(request, HeaderName::Authorization, &mut response, HeaderName::AuthenticationInfo);
        for (name, value) in &self.register_headers {
            response.headers.push_named(name, value.as_str());
        }
        if self.outbound {
            response.headers.push(HeaderName::Require, "outbound");
        }
        let mut out = Vec::new();
        if asked > 0 {
            let granted = self.expires.min(asked);
            let stranger = "<sip:other@elsewhere.invalid;pn-prid=FOREIGN>;+sip.instance=\"<urn:uuid:other>\";expires=9";
            let ours = header.replace(&format!("expires={asked}"), &format!("expires={granted}"));
            let gruu = self
                .gruu
                .as_ref()
                .map(|gruu| format!(";pub-gruu=\"{}\"", gruu.replace("{user}", &user)))
                .unwrap_or_default();
            response.headers.push(HeaderName::Contact, format!("{stranger}, {ours}{gruu}"));
            self.bindings.push(Binding {
                user: user.clone(),
                phone: from.0,
                flow: from.1,
                contact: uri,
                instance,
                reg_id,
            });
        }
        out.push(reply(from, response));
        if asked > 0 {
            // The held INVITE follows the 200 on the same connection.
            if !self.keeps {
                out.extend(self.release(&user));
            }
            if self.forks_late {
                out.extend(self.fork_late(from, &user));
            }
        }
        out
    }

    /// Sends what is held for a user.
    pub fn release(&mut self, user: &str) -> Out {
        self.holds = false;
        let (released, held) = std::mem::take(&mut self.held)
            .into_iter()
            .partition(|(invite, ..)| Uri::parse(invite.uri()).unwrap().user() == Some(user));
        self.held = held;
        let mut out = Vec::new();
        for (invite, phone, flow) in released {
            out.extend(self.invite((phone, flow), invite));
        }
        out
    }

    /// What still rings on an older flow of the user rings on the new one, too.
    fn fork_late(&mut self, to: (usize, FlowId), user: &str) -> Out {
        let open = |f: &&Forwarded| *f.came.method() == Method::Invite && !f.finished && !f.cancelled;
        let theirs = |f: &&Forwarded| Uri::parse(f.came.uri()).unwrap().user() == Some(user) && f.target.0 == to.0;
        let mut again: Vec<(Request, (usize, FlowId))> = Vec::new();
        for forwarded in self.forwarded.iter().filter(open).filter(theirs) {
            let same = |f: &&Forwarded| branch_of(&f.came) == branch_of(&forwarded.came);
            let known = self.forwarded.iter().filter(same).any(|f| f.target == to || f.finished || f.cancelled);
            if !known && !again.iter().any(|(came, _)| branch_of(came) == branch_of(&forwarded.came)) {
                again.push((forwarded.came.clone(), forwarded.origin));
            }
        }
        let contact = self.bindings.iter().find(|b| (b.phone, b.flow) == to).map(|b| b.contact.clone());
        let Some(contact) = contact else { return Vec::new() };
        again.into_iter().flat_map(|(came, origin)| self.forward(origin, came, (to.0, to.1, contact.clone()))).collect()
    }

    /// Sends an INVITE to the present bindings.
    pub fn fork(&mut self, from: (usize, FlowId), request: Request) -> Out {
        self.invite(from, request)
    }

    fn invite(&mut self, from: (usize, FlowId), request: Request) -> Out {
        let user = Uri::parse(request.uri()).unwrap().user().unwrap_or_default().to_owned();
        let mut bindings: Vec<_> = self.bindings.iter().filter(|binding| binding.user == user).cloned().collect();
        if self.outbound {
            // RFC 5626 section 5.3: one flow of an instance at a time; here the newest.
            let newest = bindings.clone();
            bindings.retain(|b| newest.iter().rfind(|other| other.instance == b.instance).unwrap().flow == b.flow);
        }
        if !self.gate.users.iter().any(|(name, _)| *name == user) {
            return vec![reply(from, tagged(Response::to(&request, 404)))];
        }
        if self.holds {
            let trying = Response::to(&request, 100);
            self.held.push((request, from.0, from.1));
            return vec![reply(from, trying)];
        }
        if bindings.is_empty() {
            let Some((_, token)) = self.tokens.iter().find(|(of, _)| *of == user) else {
                return vec![reply(from, tagged(Response::to(&request, 480)))];
            };
            let caller = request.headers.from().unwrap().unwrap().uri_text().to_owned();
            let call_id = request.headers.call_id().unwrap().to_owned();
            self.pushes.push(Pushed { token: token.clone(), call_id, from: caller });
            let trying = Response::to(&request, 100);
            self.held.push((request, from.0, from.1));
            return vec![reply(from, trying)];
        }
        let mut out = vec![reply(from, Response::to(&request, 100))];
        for binding in bindings {
            out.extend(self.forward(from, request.clone(), (binding.phone, binding.flow, binding.contact)));
        }
        out
    }

    fn forward(&mut self, from: (usize, FlowId), request: Request, to: (usize, FlowId, String)) -> Out {
        self.branch += 1;
        let branch = format!("z9hG4bKserver{}", self.branch);
        let mut left = request.clone();
        left.headers.remove(HeaderName::Route);
        left.headers.remove(HeaderName::ProxyAuthorization);
        left.set_uri(to.2);
        left.headers.push_first(HeaderName::Via, format!("SIP/2.0/WSS  sip.example.test;branch={branch}"));
        let makes_dialog = matches!(left.method(), Method::Invite | Method::Subscribe | Method::Refer);
        if makes_dialog && !has_tag(&request) {
            left.headers.push_first(HeaderName::RecordRoute, "<sip:sip.example.test;transport=ws;lr>");
        }
        let octets = left.to_octets().unwrap();
        self.forwarded.push(Forwarded {
            branch,
            origin: from,
            target: (to.0, to.1),
            came: request,
            left,
            finished: false,
            cancelled: false,
        });
        vec![(to.0, to.1, octets)]
    }

    fn response(&mut self, phone: usize, flow: FlowId, mut response: Response) -> Out {
        // A response to what was never forwarded may have any Via.
        let Some(Ok(via)) = response.headers.via() else { return Vec::new() };
        let branch = via.branch().unwrap_or_default().to_owned();
        let Some(forwarded) = self.forwarded.iter_mut().find(|forwarded| forwarded.branch == branch) else {
            return Vec::new();
        };
        let mut out = Vec::new();
        let invite = *forwarded.came.method() == Method::Invite;
        let status = response.status();
        if status >= 200 {
            if invite && status >= 300 {
                out.push((phone, flow, hop_ack(&forwarded.left, &response)));
            }
            if std::mem::replace(&mut forwarded.finished, true) && status >= 300 {
                return out;
            }
        }
        if status == 100 {
            return out;
        }
        // Our Via goes, the rest is what the phone before us put on top.
        let vias: Vec<String> = forwarded.came.headers.lines(HeaderName::Via).map(str::to_owned).collect();
        response.headers.remove(HeaderName::Via);
        for via in vias.iter().rev() {
            response.headers.push_first(HeaderName::Via, via.as_str());
        }
        let origin = forwarded.origin;
        if (200..300).contains(&status) {
            let (answered, info) = (HeaderName::ProxyAuthorization, HeaderName::ProxyAuthenticationInfo);
            self.gate.inform(&forwarded.came, answered, &mut response, info);
        }
        out.push(reply(origin, response));
        out
    }

    fn cancel(&mut self, from: (usize, FlowId), cancel: &Request) -> Out {
        let branch = branch_of(cancel);
        let mut out = vec![reply(from, Response::to(cancel, 200))];
        if let Some(index) = self.held.iter().position(|(invite, ..)| branch_of(invite) == branch) {
            let (invite, phone, flow) = self.held.remove(index);
            out.push(reply((phone, flow), tagged(Response::to(&invite, 487))));
            return out;
        }
        for forwarded in self.forwarded.iter_mut().filter(|f| branch_of(&f.came) == branch && !f.finished) {
            forwarded.cancelled = true;
            if *forwarded.came.method() != Method::Invite {
                continue;
            }
            let mut left = Request::new(Method::Cancel, forwarded.left.uri());
            for name in [HeaderName::From, HeaderName::To, HeaderName::CallId] {
                left.headers.push(name, forwarded.left.headers.get(name).unwrap());
            }
            left.headers.push_first(HeaderName::Via, forwarded.left.headers.lines(HeaderName::Via).next().unwrap());
            left.headers.push(HeaderName::MaxForwards, "70");
            let number = forwarded.left.headers.cseq().unwrap().unwrap().number;
            left.headers.push(HeaderName::CSeq, format!("{number} CANCEL"));
            for reason in cancel.headers.lines(HeaderName::Reason) {
                left.headers.push(HeaderName::Reason, reason);
            }
            out.push((forwarded.target.0, forwarded.target.1, left.to_octets().unwrap()));
        }
        out
    }

    /// An ACK to a final response that is not 2xx ends here.
    fn is_hop_ack(&self, ack: &Request) -> bool {
        let branch = branch_of(ack);
        self.requests.iter().any(|request| *request.method() == Method::Invite && branch_of(request) == branch)
    }

    fn challenge(&mut self, request: &Request, status: u16, name: HeaderName, verdict: Verdict) -> Response {
        let mut response = tagged(Response::to(request, status));
        self.gate.challenge(&mut response, name, &self.realm, verdict);
        response
    }
}

fn has_tag(request: &Request) -> bool {
    request.headers.to().unwrap().unwrap().tag().is_some()
}

fn branch_of(request: &Request) -> String {
    request.headers.via().unwrap().unwrap().branch().unwrap_or_default().to_owned()
}

fn reply(to: (usize, FlowId), response: Response) -> (usize, FlowId, Vec<u8>) {
    (to.0, to.1, response.to_octets().unwrap())
}

fn tagged(mut response: Response) -> Response {
    let to = response.headers.get(HeaderName::To).unwrap().to_owned();
    if !to.contains(";tag=") {
        response.headers.set(HeaderName::To, format!("{to};tag=server"));
    }
    response
}

fn hop_ack(invite: &Request, response: &Response) -> Vec<u8> {
    let mut ack = Request::new(Method::Ack, invite.uri());
    ack.headers.push(HeaderName::Via, invite.headers.lines(HeaderName::Via).next().unwrap());
    ack.headers.push(HeaderName::MaxForwards, "70");
    ack.headers.push(HeaderName::From, invite.headers.get(HeaderName::From).unwrap());
    ack.headers.push(HeaderName::To, response.headers.get(HeaderName::To).unwrap());
    ack.headers.push(HeaderName::CallId, invite.headers.call_id().unwrap());
    let number = invite.headers.cseq().unwrap().unwrap().number;
    ack.headers.push(HeaderName::CSeq, format!("{number} ACK"));
    ack.to_octets().unwrap()
}
