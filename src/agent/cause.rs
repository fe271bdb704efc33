//! The message that is being looked at: what the application is told because of it carries its headers.

use crate::io::{Error, Event, Refusal};
use crate::message::{HeaderName, Headers, Method, Request, Response};

/// A message from the wire.
#[derive(Debug, Clone)]
pub(super) struct Cause {
    /// Of a response: its status and its words.
    response: Option<(u16, String)>,
    headers: Headers,
}

impl Cause {
    pub(super) fn of_request(request: &Request) -> Self {
        Self { response: None, headers: request.headers.clone() }
    }

    pub(super) fn of_response(response: &Response) -> Self {
        let said = (response.status(), response.reason().to_owned());
        let mut headers = response.headers.clone();
        if said.0 < 300 && headers.cseq().is_some_and(|cseq| cseq.is_ok_and(|cseq| cseq.method == Method::Register)) {
            // It lists all bindings of the user, with the tokens of other devices as well (RFC 8599 section 13).
            headers.remove(HeaderName::Contact);
        }
        Self { response: Some(said), headers }
    }

    /// Puts its headers into an event that can only be about it.
    pub(super) fn explain(&self, event: &mut Event) {
        let Some(Ok(cseq)) = self.headers.cseq() else { return };
        let (method, call_id) = (cseq.method, self.headers.call_id());
        let headers = match event {
            Event::RegistrationChanged(info) if method == Method::Register => &mut info.headers,
            Event::SubscriptionChanged(info) | Event::SubscriberChanged(info)
                if matches!(method, Method::Subscribe | Method::Notify) =>
            {
                &mut info.headers
            }
            Event::CallChanged(info) if call_id == Some(&info.sip_call_id) => &mut info.headers,
            Event::PublicationChanged { headers, .. } if method == Method::Publish => headers,
            Event::TransferChanged { headers, .. } if matches!(method, Method::Refer | Method::Notify) => headers,
            _ => return,
        };
        *headers = self.headers.list();
    }

    /// Puts its words and headers into an error that it is the reason of.
    pub(super) fn explain_error(&self, error: &mut Error) {
        if let Some((status, reason)) = &self.response
            && error.status == Some(*status)
        {
            error.response = Some(Box::new(Refusal { reason: reason.clone(), headers: self.headers.list() }));
        }
    }
}
