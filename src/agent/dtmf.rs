//! Digits: as telephone events in the media, or by INFO with `application/dtmf-relay` (or `application/dtmf`), and those that the far end sends
//! by INFO.

use std::collections::VecDeque;

use super::Agent;
use super::call::Call;
use super::extra::add_headers;
use super::outcome::error_of;
use super::request::{DialogRef, Purpose};
use super::session::Asker;
use crate::common::time::{Mono, Now};
use crate::io::{CallId, DtmfMethod, Error, ErrorCode, Event, Extra, MediaCommand, MediaFailure};
use crate::message::{HeaderName, Method, Request, Response};
use crate::transaction::ServerId;

/// How long `,` is, in milliseconds.
const PAUSE_MS: u64 = 2_000;
/// Digits that one command may send.
const DIGITS: usize = 128;
/// Commands that may wait.
const WAITING: usize = 16;
/// How long a digit is where nothing is said, in milliseconds.
pub const DURATION_MS: u32 = 160;
/// The pause after each where nothing is said, in milliseconds.
pub const GAP_MS: u32 = 70;
/// The longest digit that an INFO may claim, in milliseconds.
const LONGEST_MS: u32 = 60_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    /// Its turn has not come.
    Waiting,
    /// Media sends them, all at once, by the command with this number.
    Media(u32),
    /// An INFO is on its way; the next may leave then.
    Info(Mono),
    /// The next leaves then.
    Pause(Mono),
}

#[derive(Debug)]
struct Sending {
    asker: Asker,
    digits: VecDeque<u8>,
    /// The digit that left last.
    last: u8,
    method: DtmfMethod,
    duration_ms: u32,
    gap_ms: u32,
    how: How,
    /// Of each INFO.
    extra: Extra,
}

/// The digits of one call that are to be sent, in order.
#[derive(Debug, Default)]
pub(crate) struct Dtmf {
    queue: VecDeque<Sending>,
    /// Media said that it cannot.
    media_cannot: bool,
    /// The far end takes digits by INFO as `application/dtmf` alone.
    plain: bool,
}

impl Dtmf {
    fn how(&self) -> Option<How> {
        self.queue.front().map(|sending| sending.how)
    }

    /// Whether media was asked for digits by the command with this number.
    pub(crate) fn is_asked_for(&self, number: u32) -> bool {
        self.how() == Some(How::Media(number))
    }

    pub(crate) fn next_timeout(&self) -> Option<Mono> {
        if let Some(How::Pause(at)) = self.how() { Some(at) } else { None }
    }

    /// The call is over. Returns whom to tell.
    pub(crate) fn abandon(&mut self) -> Vec<Asker> {
        std::mem::take(&mut self.queue).into_iter().map(|sending| sending.asker).collect()
    }
}

impl Agent {
    /// Sends digits; `asker` is told when the last has been sent.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`] where there is no such call or it is over, [`ErrorCode::InvalidState`] where nobody
    /// hears yet, [`ErrorCode::InvalidOption`] with the field for what cannot be sent, [`ErrorCode::Busy`] where too
    /// much waits. Then `asker` is told nothing.
    #[expect(clippy::too_many_arguments, reason = "one for each field of the command")]
    pub fn dtmf(
        &mut self,
        now: Now,
        id: CallId,
        digits: &str,
        method: DtmfMethod,
        duration_ms: u32,
        gap_ms: u32,
        asker: Asker,
    ) -> Result<(), Error> {
        let extra = self.lent();
        let call = self.call_mut(id).filter(|call| !call.is_over()).ok_or(ErrorCode::NotFound)?;
        let digits = check(digits)?;
        if !(40..=6_000).contains(&duration_ms) {
            return Err(Error::option("duration"));
        }
        if !(30..=6_000).contains(&gap_ms) {
            return Err(Error::option("gap"));
        }
        let heard = call.is_confirmed() || (call.early && method != DtmfMethod::Info);
        if !heard {
            return Err(ErrorCode::InvalidState.into());
        }
        if call.dtmf.queue.len() >= WAITING {
            return Err(ErrorCode::Busy.into());
        }
        let sending = Sending { asker, digits, last: 0, method, duration_ms, gap_ms, how: How::Waiting, extra };
        call.dtmf.queue.push_back(sending);
        self.send_digits(now, id);
        self.pump(now);
        Ok(())
    }

    /// Begins with the next digits, where none are being sent.
    fn send_digits(&mut self, now: Now, id: CallId) {
        let Some(call) = self.call_mut(id) else { return };
        let media = call.media.is_some() && !call.dtmf.media_cannot;
        let Some(sending) = call.dtmf.queue.front_mut().filter(|sending| sending.how == How::Waiting) else { return };
        if sending.method == DtmfMethod::Info || (sending.method == DtmfMethod::Auto && !media) {
            self.send_digit(now, id);
            return;
        }
        let digits = sending.digits.iter().map(|digit| char::from(*digit)).collect();
        let (duration_ms, gap_ms) = (sending.duration_ms, sending.gap_ms);
        self.media_command(id, MediaCommand::Dtmf { digits, duration_ms, gap_ms });
        let Some(call) = self.call_mut(id) else { return };
        let number = call.asked;
        if let Some(sending) = call.dtmf.queue.front_mut() {
            sending.how = How::Media(number);
        }
    }

    /// The next digit by INFO; or the end.
    fn send_digit(&mut self, now: Now, id: CallId) {
        let Some(call) = self.call_mut(id) else { return };
        let confirmed = call.is_confirmed();
        let account = call.account;
        let Some(sending) = call.dtmf.queue.front_mut() else { return };
        let Some(digit) = sending.digits.pop_front() else { return self.digits_done(now, id, Ok(())) };
        if digit == b',' {
            sending.how = How::Pause(now.mono.after(PAUSE_MS));
            return;
        }
        sending.last = digit;
        sending.how = How::Info(now.mono.after(u64::from(sending.duration_ms) + u64::from(sending.gap_ms)));
        let (duration, extra) = (sending.duration_ms.to_string(), sending.extra.clone());
        let Some(dialog) = call.dialog.as_mut().filter(|_| confirmed) else {
            return self.digits_done(now, id, Err(ErrorCode::InvalidState.into()));
        };
        let which = DialogRef::Call(id, dialog.remote_tag().to_owned());
        let mut request = dialog.request(Method::Info);
        add_headers(&mut request.headers, &extra.headers);
        if call.dtmf.plain {
            request.set_body("application/dtmf", vec![digit]);
        } else {
            let signal = char::from(digit).encode_utf8(&mut [0; 4]).to_owned();
            let body = ["Signal=", &signal, "\r\nDuration=", &duration, "\r\n"].concat();
            request.set_body("application/dtmf-relay", body.into_bytes());
        }
        if let Err(error) = self.send_request(now, account, which, request, Purpose::Digit(id)) {
            self.digits_done(now, id, Err(error));
        }
    }

    /// An INFO with a digit has ended.
    pub(super) fn digit_done(&mut self, now: Now, id: CallId, result: Result<&Response, Error>) {
        let Some(call) = self.call_mut(id) else { return };
        let Some(sending) = call.dtmf.queue.front_mut() else { return };
        let How::Info(next) = sending.how else { return };
        match result.map(|response| (response.status(), response)) {
            // Also after the last one: it is heard for so long.
            Ok((..=299, _)) => sending.how = How::Pause(next.max(now.mono)),
            Ok((status @ (408 | 481), _)) => self.dialog_gone(now, id, status),
            // 8.1.3.5: the older and plainer form will do there, for all digits to come.
            Ok((415, response))
                if !call.dtmf.plain && response.headers.accepts("application", "dtmf") == Some(true) =>
            {
                sending.digits.push_front(sending.last);
                call.dtmf.plain = true;
                self.send_digit(now, id);
            }
            Ok((_, response)) => self.digits_done(now, id, Err(error_of(response))),
            Err(error) if error.code == ErrorCode::Timeout => self.dialog_gone(now, id, 408),
            Err(error) => self.digits_done(now, id, Err(error)),
        }
    }

    /// These are done with.
    pub(super) fn digits_done(&mut self, now: Now, id: CallId, result: Result<(), Error>) {
        let Some(call) = self.call_mut(id) else { return };
        if let Some(sending) = call.dtmf.queue.pop_front() {
            self.tell_asker(sending.asker, result);
        }
        self.send_digits(now, id);
    }

    /// Media cannot send them: then INFO does, unless the media was asked for by name.
    pub(super) fn media_refused_digits(&mut self, now: Now, id: CallId, why: MediaFailure) {
        let Some(call) = self.call_mut(id) else { return };
        call.dtmf.media_cannot |= why == MediaFailure::Unsupported;
        match call.dtmf.queue.front_mut() {
            Some(sending) if sending.method == DtmfMethod::Auto && why == MediaFailure::Unsupported => {
                sending.how = How::Waiting;
                self.send_digit(now, id);
            }
            _ => self.digits_done(now, id, Err(super::incoming::media_error(why).into())),
        }
    }

    pub(super) fn digits_timeout(&mut self, now: Now, id: CallId) {
        if self.call_mut(id).is_some_and(|call| call.dtmf.next_timeout().is_some_and(|at| at <= now.mono)) {
            self.send_digit(now, id);
        }
    }

    /// An INFO that may be a digit. False where it is another one.
    pub(super) fn incoming_digit(&mut self, now: Now, call: CallId, server: ServerId, request: &Request) -> bool {
        let Some(body) = digit_body(request) else { return false };
        let digit = read(body);
        let response = self.response(request, if digit.is_some() { 200 } else { 400 }, "", None);
        self.transactions.respond(now.mono, server, response);
        if let Some((digit, duration_ms)) = digit {
            self.tell(Event::DtmfReceived { call, digit, duration_ms });
        }
        true
    }
}

impl Call {
    /// Whom the end of the call leaves without their digits.
    pub(crate) fn abandon_digits(&mut self) -> Vec<Asker> {
        self.dtmf.abandon()
    }
}

/// The digits, letters in upper case.
fn check(digits: &str) -> Result<VecDeque<u8>, Error> {
    let known = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'*' | b'#' | b',' | b'A'..=b'D');
    let digits: VecDeque<u8> = digits.bytes().map(|byte| byte.to_ascii_uppercase()).collect();
    if digits.is_empty() || digits.len() > DIGITS || !digits.iter().all(|byte| known(*byte)) {
        return Err(Error::option("digits"));
    }
    Ok(digits)
}

/// The body of an INFO that is a digit by its type; one with a package is none (RFC 6086 section 2).
fn digit_body(request: &Request) -> Option<&str> {
    let essence = request.headers.get(HeaderName::ContentType)?.split(';').next()?.trim();
    let known = ["application/dtmf-relay", "application/dtmf"].iter().any(|kind| essence.eq_ignore_ascii_case(kind));
    if !known || request.headers.get(HeaderName::InfoPackage).is_some() {
        return None;
    }
    Some(std::str::from_utf8(request.body()).unwrap_or(""))
}

/// A digit and how long it was pressed: `Signal=5` and `Duration=160` on lines of their own, or the digit alone.
fn read(body: &str) -> Option<(char, u32)> {
    let (mut signal, mut duration_ms) = (None, DURATION_MS);
    for line in body.lines().filter(|line| !line.trim().is_empty()) {
        match line.split_once('=') {
            Some((name, value)) if name.trim().eq_ignore_ascii_case("signal") => signal = signal.or(Some(value)),
            Some((name, value)) if name.trim().eq_ignore_ascii_case("duration") => {
                duration_ms = value.trim().parse::<u32>().ok()?.min(LONGEST_MS);
            }
            Some(_) => {}
            None => signal = signal.or(Some(line)),
        }
    }
    Some((symbol(signal?.trim())?, duration_ms))
}

/// A digit as it is written, or as the number of its telephone event (RFC 4733 section 3.2).
fn symbol(signal: &str) -> Option<char> {
    const EVENTS: [char; 7] = ['*', '#', 'A', 'B', 'C', 'D', '!'];
    let mut chars = signal.chars();
    match (chars.next()?.to_ascii_uppercase(), chars.next()) {
        (digit @ ('0'..='9' | '*' | '#' | 'A'..='D' | '!'), None) => Some(digit),
        _ if signal.eq_ignore_ascii_case("flash") || signal.eq_ignore_ascii_case("hf") => Some('!'),
        _ => EVENTS.get(signal.parse::<usize>().ok()?.checked_sub(10)?).copied(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_checked_and_letters_made_large() {
        assert_eq!(check("12*#,aD").unwrap().iter().copied().collect::<Vec<u8>>(), b"12*#,AD");
        for bad in ["", "1 2", "E", "ä", &"1".repeat(DIGITS + 1)] {
            assert_eq!(check(bad).unwrap_err().field, Some("digits"), "{bad}");
        }
    }

    #[test]
    fn digits_are_read_in_each_of_their_forms() {
        for (body, digit) in [
            ("Signal=5\r\nDuration=250\r\n", Some(('5', 250))),
            ("signal = * \nduration = 40", Some(('*', 40))),
            ("Signal=a\r\n", Some(('A', DURATION_MS))),
            ("Signal=11\r\nDuration=4000000000\r\n", Some(('#', LONGEST_MS))),
            ("Signal=16", Some(('!', DURATION_MS))),
            ("Signal=hf", Some(('!', DURATION_MS))),
            ("7", Some(('7', DURATION_MS))),
            ("", None),
            ("Signal=", None),
            ("Signal=17", None),
            ("Signal=5\r\nDuration=long", None),
            ("Duration=100", None),
            ("Signal=\u{1F600}", None),
        ] {
            assert_eq!(read(body), digit, "{body:?}");
        }
    }
}
