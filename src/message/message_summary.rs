//! `application/simple-message-summary` (RFC 3842): what waits in a mailbox.

use super::HeaderError;
use super::text::{number, trim};

/// How many messages of a class there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MessageCounts {
    /// Not heard yet.
    pub new: u32,
    /// Heard.
    pub old: u32,
    /// Of the new ones, the urgent.
    pub urgent_new: u32,
    /// Of the old ones, the urgent.
    pub urgent_old: u32,
}

/// A summary, borrowed from the body it stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageSummary<'a> {
    text: &'a str,
    /// Whether anything waits.
    pub waiting: bool,
}

impl<'a> MessageSummary<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// Where it does not say whether anything waits, which is the one line that must be there.
    pub fn parse(text: &'a str) -> Result<Self, HeaderError> {
        let waiting = match line(text, "Messages-Waiting") {
            Some(said) if said.eq_ignore_ascii_case("yes") => true,
            Some(said) if said.eq_ignore_ascii_case("no") => false,
            _ => return Err(HeaderError::Syntax),
        };
        Ok(Self { text, waiting })
    }

    /// Whose mailbox it is: a URI, as written.
    #[must_use]
    pub fn account(&self) -> Option<&'a str> {
        line(self.text, "Message-Account")
    }

    /// The messages of a class: `Voice-Message`, `Fax-Message`, `Multimedia-Message`, `Pager-Message`, `Text-Message`.
    /// A line that cannot be read counts as not there.
    #[must_use]
    pub fn counts(&self, class: &str) -> Option<MessageCounts> {
        let value = line(self.text, class)?;
        let (all, urgent) = match value.split_once('(') {
            Some((all, urgent)) => (all, Some(urgent.trim_end().strip_suffix(')')?)),
            None => (value, None),
        };
        let (new, old) = pair(all)?;
        let (urgent_new, urgent_old) = urgent.map_or(Some((0, 0)), pair)?;
        Some(MessageCounts { new, old, urgent_new, urgent_old })
    }
}

/// What the first line of this name says; the lines after an empty one are about single messages.
fn line<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let head = text.lines().map(str::trim_end).skip_while(|line| line.is_empty()).take_while(|line| !line.is_empty());
    head.filter_map(|line| line.split_once(':'))
        .find(|(written, _)| trim(written).eq_ignore_ascii_case(name))
        .map(|(_, value)| trim(value))
}

fn pair(text: &str) -> Option<(u32, u32)> {
    let (new, old) = text.split_once('/')?;
    Some((number(trim(new)).ok()?, number(trim(old)).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3842 5.2: the summary and its counts.
    #[test]
    fn what_waits_is_read() {
        let text = "Messages-Waiting: yes\r\nMessage-Account: sip:alice@vmail.example.com\r\n\
                    Voice-Message: 2/8 (0/2)\r\nfax-message:1/0\r\n\r\nTo: <alice@atlanta.example.com>\r\nVoice-Message: 9/9\r\n";
        let summary = MessageSummary::parse(text).unwrap();
        assert!(summary.waiting);
        assert_eq!(summary.account(), Some("sip:alice@vmail.example.com"));
        let voice = MessageCounts { new: 2, old: 8, urgent_new: 0, urgent_old: 2 };
        assert_eq!(summary.counts("Voice-Message"), Some(voice));
        assert_eq!(summary.counts("Fax-Message"), Some(MessageCounts { new: 1, ..MessageCounts::default() }));
        assert_eq!(summary.counts("Pager-Message"), None);
        assert!(!MessageSummary::parse("messages-waiting : NO\n").unwrap().waiting);
    }

    #[test]
    fn what_cannot_be_read_is_an_error_or_not_there() {
        for bad in ["", "yes", "Messages-Waiting: maybe", "X: y\r\n\r\nMessages-Waiting: yes"] {
            assert!(MessageSummary::parse(bad).is_err(), "{bad}");
        }
        for bad in ["", "1", "1/", "/1", "1/x", "1/2 (3/4", "1/2 (3)", "-1/0", "99999999999/0", "1/2 3/4)"] {
            let text = ["Messages-Waiting: yes\r\nVoice-Message: ", bad, "\r\n"].concat();
            assert_eq!(MessageSummary::parse(&text).unwrap().counts("Voice-Message"), None, "{bad}");
        }
    }
}
