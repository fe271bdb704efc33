//! How a call ended, out of what the wire said.

use crate::io::{Body, Error, ErrorCode, Outcome, OutcomeKind, Reply};
use crate::message::{HeaderName, Headers, Response};

/// The Reason values that matter (RFC 3326): of each protocol the first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Reasons {
    pub(crate) sip: Option<u16>,
    pub(crate) q850: Option<u16>,
    pub(crate) text: Option<String>,
}

/// Letters of a reason's text that are kept.
const TEXT_LETTERS: usize = 200;
/// Q.850 "user busy".
const USER_BUSY: u16 = 17;
/// Q.850 "call rejected".
const CALL_REJECTED: u16 = 21;
/// Q.850 "non-selected user clearing": somebody else was chosen.
const NOT_SELECTED: u16 = 26;

impl Reasons {
    pub(crate) fn of(headers: &Headers) -> Self {
        let mut reasons = Self::default();
        let mut other_text = None;
        for reason in headers.reasons() {
            let text = reason.text.map(|text| text.chars().filter(|c| !c.is_control()).take(TEXT_LETTERS).collect());
            let text = text.filter(|text: &String| !text.is_empty());
            if reason.protocol.eq_ignore_ascii_case("SIP") {
                reasons.sip = reasons.sip.or(reason.cause);
                reasons.text = reasons.text.or(text);
            } else if reason.protocol.eq_ignore_ascii_case("Q.850") {
                reasons.q850 = reasons.q850.or(reason.cause);
                other_text = other_text.or(text);
            }
        }
        reasons.text = reasons.text.or(other_text);
        reasons
    }

    fn outcome(self, kind: OutcomeKind) -> Outcome {
        Outcome { status: self.sip, q850: self.q850, reason_text: self.text, ..outcome(kind, false) }
    }
}

pub(crate) fn outcome(kind: OutcomeKind, local: bool) -> Outcome {
    Outcome { kind, local, status: None, q850: None, reason_text: None, error: None }
}

/// An incoming call that its caller, or a proxy for it, ended before anybody answered.
pub(crate) fn of_cancel(reasons: Reasons) -> Outcome {
    let kind = match (reasons.sip, reasons.q850) {
        // A 6xx of one branch ends all others (RFC 3261 section 16.7).
        (Some(600..=699), _) => OutcomeKind::DeclinedElsewhere,
        (Some(200..=299), _) | (_, Some(NOT_SELECTED)) => OutcomeKind::AnsweredElsewhere,
        _ => OutcomeKind::Missed,
    };
    reasons.outcome(kind)
}

/// An established call that the far end hung up.
pub(crate) fn of_bye(reasons: Reasons) -> Outcome {
    reasons.outcome(OutcomeKind::Completed)
}

/// An outgoing call that was refused.
pub(crate) fn of_refusal(status: u16, reasons: Reasons) -> Outcome {
    // A telephone network's own word (RFC 6432) says more than the status that it was mapped to (RFC 3398 section 7.2.4.1).
    let kind = match (status, reasons.q850) {
        (486 | 600, _) | (_, Some(USER_BUSY)) => OutcomeKind::Busy,
        (603 | 607 | 608, _) | (_, Some(CALL_REJECTED)) => OutcomeKind::Declined,
        (408 | 480 | 487, _) => OutcomeKind::Cancelled,
        // One of this class that is not known is as good as 600 (RFC 3261 section 8.1.3.2).
        (600..=699, _) if code_of(status) == ErrorCode::Rejected => OutcomeKind::Busy,
        _ => OutcomeKind::Failed,
    };
    let error = (kind == OutcomeKind::Failed).then(|| Error::sip(code_of(status), status));
    Outcome { status: Some(status), error, ..reasons.outcome(kind) }
}

/// An error of ours ended it.
pub(crate) fn of_error(kind: OutcomeKind, error: Error) -> Outcome {
    Outcome { status: error.status, error: Some(error), ..outcome(kind, true) }
}

/// What a final response is for the command that asked for it.
pub(crate) fn reply_of(response: &Response) -> Result<Reply, Error> {
    let status = response.status();
    if status >= 300 {
        return Err(error_of(response));
    }
    Ok(Reply::Response { status, headers: response.headers.list(), body: body_of(&response.headers, response.body()) })
}

/// What a refusal says.
pub(crate) fn error_of(response: &Response) -> Error {
    let retry_after_s = response.headers.retry_after().and_then(Result::ok).map(|after| after.seconds);
    Error { retry_after_s, ..Error::sip(code_of(response.status()), response.status()) }
}

/// A message's body for the application.
pub(crate) fn body_of(headers: &Headers, octets: &[u8]) -> Body {
    let content_type = headers.get(HeaderName::ContentType).unwrap_or_default();
    Body { content_type: if octets.is_empty() { "" } else { content_type }.to_owned(), octets: octets.to_vec() }
}

/// The error that a final status stands for, where no better one is known.
pub(crate) fn code_of(status: u16) -> ErrorCode {
    match status {
        401 | 407 => ErrorCode::WrongPassword,
        403 => ErrorCode::Forbidden,
        404 | 410 | 484 | 604 => ErrorCode::UnknownUser,
        408 | 504 => ErrorCode::Timeout,
        405 | 406 | 415 | 416 | 420 | 421 | 501 => ErrorCode::Unsupported,
        488 | 606 => ErrorCode::BadDescription,
        555 => ErrorCode::PushNotSupported,
        _ => ErrorCode::Rejected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3326 2
    #[test]
    fn a_cancel_tells_who_answered_or_declined() {
        let kind = |sip| of_cancel(Reasons { sip, ..Reasons::default() }).kind;
        assert_eq!(kind(Some(200)), OutcomeKind::AnsweredElsewhere);
        assert_eq!(kind(Some(603)), OutcomeKind::DeclinedElsewhere);
        assert_eq!(kind(Some(600)), OutcomeKind::DeclinedElsewhere);
        assert_eq!(kind(None), OutcomeKind::Missed);
        assert_eq!(kind(Some(487)), OutcomeKind::Missed);
        let cleared = Reasons { q850: Some(26), ..Reasons::default() };
        assert_eq!(kind(Some(607)), OutcomeKind::DeclinedElsewhere);
        assert_eq!(of_cancel(cleared).kind, OutcomeKind::AnsweredElsewhere);
    }

    /// RFC 3326 2: several values, of several protocols, in one line or more.
    #[test]
    fn of_several_reasons_each_protocol_counts_once() {
        let reasons = |lines: &[&str]| {
            let mut headers = Headers::default();
            for line in lines {
                headers.push(HeaderName::Reason, *line);
            }
            Reasons::of(&headers)
        };
        let several =
            reasons(&["Q.850;cause=16;text=\"Terminated\", SIP;cause=200;text=\"Elsewhere\"", "sip;cause=603"]);
        assert_eq!((several.sip, several.q850, several.text.as_deref()), (Some(200), Some(16), Some("Elsewhere")));
        let words = reasons(&["q.850;text=\"Busy\\\" there\"", "X.25;cause=7;text=no"]);
        assert_eq!((words.sip, words.q850, words.text.as_deref()), (None, None, Some("Busy\" there")));
        let broken = reasons(&["SIP;cause=70000", "Q.850;cause=x"]);
        assert_eq!((broken.sip, broken.q850), (None, None));
    }

    #[test]
    fn refusals_are_named() {
        let kind = |status| of_refusal(status, Reasons::default()).kind;
        assert_eq!(kind(486), OutcomeKind::Busy);
        assert_eq!(kind(603), OutcomeKind::Declined);
        assert_eq!(kind(480), OutcomeKind::Cancelled);
        assert_eq!(kind(404), OutcomeKind::Failed);
        let told = |status, q850| of_refusal(status, Reasons { q850: Some(q850), ..Reasons::default() });
        assert_eq!((told(480, 17).kind, told(480, 17).status), (OutcomeKind::Busy, Some(480)));
        assert_eq!((told(403, 21).kind, told(403, 21).error), (OutcomeKind::Declined, None));
        assert_eq!(told(480, 19).kind, OutcomeKind::Cancelled);
        assert_eq!(told(486, 21).kind, OutcomeKind::Busy);
        assert_eq!(of_refusal(404, Reasons::default()).error.map(|e| e.code), Some(ErrorCode::UnknownUser));
    }
}
