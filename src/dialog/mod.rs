//! Dialog state and route sets (RFC 3261 section 12): who the far end is, how to reach it, what comes next in order.

mod error;
mod modification;
pub mod notifier;
pub mod refer;
mod reliable;
mod session_timer;
mod snapshot;
pub mod subscription;

pub use error::DialogError;
pub use modification::{Modification, Step, Wish, Wishes};
pub use reliable::{Acknowledged, Overdue, Unacknowledged};
pub use session_timer::{Due, SMALLEST_S, SessionTimer};

use crate::common::limits;
use crate::common::lists::Gather;
use crate::message::{HeaderName, Headers, Method, Request, Response, Uri};

/// One dialog, early or confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialog {
    call_id: String,
    local_tag: String,
    remote_tag: String,
    /// Address without tag, as it stands in From of our requests.
    local: String,
    /// Address without tag, as it stands in To of our requests.
    remote: String,
    local_cseq: u32,
    remote_cseq: Option<u32>,
    target: String,
    routes: Vec<String>,
}

impl Dialog {
    /// The dialog that a response with a To tag makes for the sender of `request` (12.1.2).
    ///
    /// # Errors
    /// Where a header that makes the dialog is missing, malformed or beyond its limit.
    pub fn of_response(request: &Request, response: &Response) -> Result<Self, DialogError> {
        let mut routes = record_routes(&response.headers)?;
        routes.reverse();
        Self::to(request, response, contact(&response.headers)?, routes)
    }

    /// The same where the response does not say how to reach its sender: by the way of the request. It is good for an
    /// ACK, which each 2xx is to have, and for a BYE.
    ///
    /// # Errors
    /// Where it cannot even be told whose dialog it is.
    pub fn of_useless_response(request: &Request, response: &Response) -> Result<Self, DialogError> {
        let routes = request.headers.lines(HeaderName::Route).map(str::to_owned).gather();
        Self::to(request, response, request.uri().to_owned(), routes)
    }

    fn to(request: &Request, response: &Response, target: String, routes: Vec<String>) -> Result<Self, DialogError> {
        let from = request.headers.from().ok_or(DialogError::Missing)?.map_err(|_| DialogError::Malformed)?;
        let to = response.headers.to().ok_or(DialogError::Missing)?.map_err(|_| DialogError::Malformed)?;
        let cseq = request.headers.cseq().ok_or(DialogError::Missing)?.map_err(|_| DialogError::Malformed)?;
        Ok(Self {
            call_id: request.headers.call_id().ok_or(DialogError::Missing)?.to_owned(),
            local_tag: from.tag().ok_or(DialogError::Missing)?.to_owned(),
            remote_tag: to.tag().unwrap_or_default().to_owned(),
            local: without_tag(request.headers.get(HeaderName::From).unwrap_or_default()),
            remote: without_tag(response.headers.get(HeaderName::To).unwrap_or_default()),
            local_cseq: cseq.number,
            remote_cseq: None,
            target,
            routes,
        })
    }

    /// The dialog that our answer with `local_tag` makes for the receiver of `request` (12.1.1).
    ///
    /// # Errors
    /// Where a header that makes the dialog is missing, malformed or beyond its limit.
    pub fn of_request(request: &Request, local_tag: &str) -> Result<Self, DialogError> {
        let from = request.headers.from().ok_or(DialogError::Missing)?.map_err(|_| DialogError::Malformed)?;
        let cseq = request.headers.cseq().ok_or(DialogError::Missing)?.map_err(|_| DialogError::Malformed)?;
        Ok(Self {
            call_id: request.headers.call_id().ok_or(DialogError::Missing)?.to_owned(),
            local_tag: local_tag.to_owned(),
            remote_tag: from.tag().unwrap_or_default().to_owned(),
            local: without_tag(request.headers.get(HeaderName::To).unwrap_or_default()),
            remote: without_tag(request.headers.get(HeaderName::From).unwrap_or_default()),
            local_cseq: 0,
            remote_cseq: Some(cseq.number),
            target: match contact(&request.headers) {
                // As RFC 2543 had it: without a tag there need be no Contact, and From says where to.
                Err(DialogError::Missing) if from.tag().is_none() => from.uri_text().to_owned(),
                target => target?,
            },
            routes: record_routes(&request.headers)?,
        })
    }

    /// The Call-ID.
    #[must_use]
    pub fn call_id(&self) -> &str {
        &self.call_id
    }

    /// The URI that we are in this dialog.
    #[must_use]
    pub fn local_uri(&self) -> &str {
        inside_brackets(&self.local)
    }

    /// A URI at which somebody else can reach the far end: its Contact where that is a GRUU (RFC 5627), which works
    /// from everywhere, else its address.
    #[must_use]
    pub fn reachable_uri(&self) -> &str {
        let is_gruu = Uri::parse(&self.target).is_ok_and(|uri| uri.param("gr").is_some());
        if is_gruu { &self.target } else { inside_brackets(&self.remote) }
    }

    /// Our requests go on from this CSeq number: one was sent before the dialog was made.
    pub fn continue_from(&mut self, cseq: u32) {
        self.local_cseq = self.local_cseq.max(cseq);
    }

    /// The 2xx that confirms this early dialog: its route set counts (RFC 3261 section 13.2.2.4), the numbers go on.
    ///
    /// # Errors
    /// Where a header that makes the dialog is missing, malformed or beyond its limit; then nothing has changed.
    pub fn confirm(&mut self, response: &Response) -> Result<(), DialogError> {
        let mut routes = record_routes(&response.headers)?;
        routes.reverse();
        self.target = contact(&response.headers)?;
        self.routes = routes;
        Ok(())
    }

    /// The far end's tag.
    #[must_use]
    pub fn remote_tag(&self) -> &str {
        &self.remote_tag
    }

    /// Our tag.
    #[must_use]
    pub fn local_tag(&self) -> &str {
        &self.local_tag
    }

    /// Whether a request with these headers, sent by the far end, is of this dialog.
    #[must_use]
    pub fn matches(&self, headers: &Headers) -> bool {
        let tag = |value: Option<Result<_, _>>, ours: &str| match value {
            Some(Ok(address)) => tag_of(&address).unwrap_or_default() == ours,
            _ => false,
        };
        headers.call_id() == Some(&self.call_id)
            && tag(headers.to(), &self.local_tag)
            && tag(headers.from(), &self.remote_tag)
    }

    /// Takes note of the far end's next CSeq number. False where it goes back, which is answered with 500 (12.2.2).
    pub fn in_order(&mut self, number: u32) -> bool {
        if self.remote_cseq.is_some_and(|last| number <= last) {
            return false;
        }
        self.remote_cseq = Some(number);
        true
    }

    /// Target refresh: the Contact of a re-INVITE or UPDATE, or of their 2xx, is where requests go from now on.
    pub fn refresh_target(&mut self, headers: &Headers) {
        if let Ok(target) = contact(headers) {
            self.target = target;
        }
    }

    /// The next request of this dialog (12.2.1.1), with the next CSeq number.
    pub fn request(&mut self, method: Method) -> Request {
        let number = self.next_cseq();
        self.with_cseq(method, number)
    }

    /// The number of our next request, which is used up by asking: for a request that is sent once more.
    pub fn next_cseq(&mut self) -> u32 {
        self.local_cseq = self.local_cseq.saturating_add(1);
        self.local_cseq
    }

    /// The ACK to a 2xx of the INVITE with this CSeq number (13.2.2.4).
    #[must_use]
    pub fn ack(&self, invite_cseq: u32) -> Request {
        self.with_cseq(Method::Ack, invite_cseq)
    }

    fn with_cseq(&self, method: Method, number: u32) -> Request {
        let strict = self.routes.first().filter(|first| !is_loose(first));
        let uri = strict.map_or(self.target.as_str(), |first| inside_brackets(first));
        let mut cseq = number.to_string();
        cseq.push(' ');
        cseq.push_str(method.as_str());
        let mut request = Request::new(method, uri);
        let headers = &mut request.headers;
        headers.push(HeaderName::MaxForwards, "70");
        if strict.is_some() {
            // A strict router takes its own URI off the request line and puts the last Route there (12.2.1.1).
            for route in self.routes.iter().skip(1) {
                headers.push(HeaderName::Route, route.as_str());
            }
            headers.push(HeaderName::Route, ["<", &self.target, ">"].concat());
        } else {
            for route in &self.routes {
                headers.push(HeaderName::Route, route.as_str());
            }
        }
        headers.push(HeaderName::From, with_tag(&self.local, &self.local_tag));
        headers.push(HeaderName::To, with_tag(&self.remote, &self.remote_tag));
        headers.push(HeaderName::CallId, self.call_id.as_str());
        headers.push(HeaderName::CSeq, cseq);
        request
    }
}

fn tag_of<'a>(address: &crate::message::NameAddr<'a>) -> Option<&'a str> {
    address.tag()
}

fn contact(headers: &Headers) -> Result<String, DialogError> {
    let contact = headers.contacts().next().ok_or(DialogError::Missing)?.map_err(|_| DialogError::Malformed)?;
    let text = contact.uri_text();
    Uri::parse(text).map_err(|_| DialogError::Malformed)?;
    Ok(text.to_owned())
}

fn record_routes(headers: &Headers) -> Result<Vec<String>, DialogError> {
    let mut routes = Vec::new();
    for value in headers.values(HeaderName::RecordRoute) {
        if routes.len() == limits::ROUTES {
            return Err(DialogError::TooManyRoutes);
        }
        routes.push(value.to_owned());
    }
    if headers.record_routes().any(|route| route.is_err()) { Err(DialogError::Malformed) } else { Ok(routes) }
}

fn is_loose(route: &str) -> bool {
    Uri::parse(inside_brackets(route)).is_ok_and(|uri| uri.param("lr").is_some())
}

/// Where the URI of an address in brackets starts and ends; brackets inside a quoted display name do not count.
fn brackets(address: &str) -> Option<(usize, usize)> {
    let mut quoted = false;
    let mut escaped = false;
    let mut start = None;
    for (index, byte) in address.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' if start.is_none() => quoted = !quoted,
            b'<' if !quoted && start.is_none() => start = Some(index + 1),
            b'>' if !quoted => return start.map(|start| (start, index)),
            _ => {}
        }
    }
    None
}

fn inside_brackets(address: &str) -> &str {
    brackets(address).and_then(|(start, end)| address.get(start..end)).unwrap_or(address)
}

/// The address of a From or To value, its header parameters cut off: they belong to the message it came in.
fn without_tag(value: &str) -> String {
    match brackets(value) {
        Some((_, end)) => value.get(..=end).unwrap_or(value).to_owned(),
        // Without brackets everything after the first semicolon is a header parameter (20.10).
        None => ["<", value.split(';').next().unwrap_or(value).trim(), ">"].concat(),
    }
}

fn with_tag(address: &str, tag: &str) -> String {
    // A peer of RFC 2543 has no tag, and then none may be made up for it (12.2.1.1).
    if tag.is_empty() { address.to_owned() } else { [address, ";tag=", tag].concat() }
}

#[cfg(test)]
mod tests;
