//! Answer-Mode and Priv-Answer-Mode (RFC 5373), and whether a call shall be answered by itself.

use super::params::token_and_params;
use super::{HeaderError, HeaderName, Headers, InfoUri};

/// An Answer-Mode or Priv-Answer-Mode value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnswerMode {
    /// `Auto`: without asking the user. `Manual`, or a mode that nobody knows: not.
    pub auto: bool,
    /// Whether the call shall rather fail (403) than be answered otherwise.
    pub require: bool,
}

impl AnswerMode {
    /// Reads a value.
    ///
    /// # Errors
    /// What breaks the grammar.
    pub fn parse(text: &str) -> Result<Self, HeaderError> {
        let (mode, params) = token_and_params(text)?;
        Ok(Self { auto: mode.eq_ignore_ascii_case("auto"), require: params.get("require").is_some() })
    }
}

/// What a caller asks for who wants the call to be answered by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AutoAnswer {
    /// After how many seconds.
    pub after: u32,
    /// Whether the call shall rather fail than ring.
    pub require: bool,
    /// Whether the caller claims the right to it (Priv-Answer-Mode).
    pub privileged: bool,
}

impl Headers {
    /// Answer-Mode.
    #[must_use]
    pub fn answer_mode(&self) -> Option<Result<AnswerMode, HeaderError>> {
        self.get(HeaderName::AnswerMode).map(AnswerMode::parse)
    }

    /// Priv-Answer-Mode.
    #[must_use]
    pub fn priv_answer_mode(&self) -> Option<Result<AnswerMode, HeaderError>> {
        self.get(HeaderName::PrivAnswerMode).map(AnswerMode::parse)
    }

    /// All Call-Info values.
    pub fn call_info(&self) -> impl Iterator<Item = Result<InfoUri<'_>, HeaderError>> {
        self.values(HeaderName::CallInfo).map(InfoUri::parse)
    }

    /// All Alert-Info values.
    pub fn alert_info(&self) -> impl Iterator<Item = Result<InfoUri<'_>, HeaderError>> {
        self.values(HeaderName::AlertInfo).map(InfoUri::parse)
    }

    /// All Error-Info values.
    pub fn error_info(&self) -> impl Iterator<Item = Result<InfoUri<'_>, HeaderError>> {
        self.values(HeaderName::ErrorInfo).map(InfoUri::parse)
    }

    /// Whether the caller asks that the call be answered by itself, in any of the ways in use: Priv-Answer-Mode,
    /// Answer-Mode, `answer-after` in Call-Info or Alert-Info, `info=alert-autoanswer` in Alert-Info or Call-Info.
    #[must_use]
    pub fn auto_answer(&self) -> Option<AutoAnswer> {
        for (mode, privileged) in [(self.priv_answer_mode(), true), (self.answer_mode(), false)] {
            if let Some(Ok(mode)) = mode {
                // A caller that says how it wants to be answered is taken at its word, also if that is by hand.
                return mode.auto.then_some(AutoAnswer { after: 0, require: mode.require, privileged });
            }
        }
        let mut infos = self.call_info().chain(self.alert_info()).flatten();
        let after = infos.find_map(|info| info.answer_after().or_else(|| info.alert_autoanswer()))?;
        Some(AutoAnswer { after, require: false, privileged: false })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(lines: &[(&str, &str)]) -> Option<AutoAnswer> {
        let mut headers = Headers::default();
        for (name, value) in lines {
            headers.push_named(name, *value);
        }
        headers.auto_answer()
    }

    /// RFC 5373 4.1
    #[test]
    fn modes_are_read() {
        assert_eq!(AnswerMode::parse("Auto ;require"), Ok(AnswerMode { auto: true, require: true }));
        assert_eq!(AnswerMode::parse("manual"), Ok(AnswerMode { auto: false, require: false }));
        for bad in ["", ";require", "a b", "Auto;"] {
            assert!(AnswerMode::parse(bad).is_err(), "{bad}");
        }
    }

    /// RFC 5373 4.1
    #[test]
    fn each_way_of_asking_is_understood() {
        let plain = Some(AutoAnswer { after: 0, require: false, privileged: false });
        assert_eq!(asked(&[]), None);
        assert_eq!(asked(&[("Answer-Mode", "Auto")]), plain);
        assert_eq!(asked(&[("Call-Info", "<sip:a>;purpose=icon, <sip:b>;answer-after=0")]), plain);
        assert_eq!(asked(&[("Alert-Info", "<http://a>;info=alert-autoanswer")]), plain);
        assert_eq!(asked(&[("Alert-Info", "<sip:a>;answer-after=7")]).unwrap().after, 7);
        let privileged = asked(&[("Answer-Mode", "Manual"), ("Priv-Answer-Mode", "Auto;require")]).unwrap();
        assert!(privileged.privileged && privileged.require);
    }

    #[test]
    fn who_wants_to_be_answered_by_hand_is() {
        assert_eq!(asked(&[("Answer-Mode", "Manual"), ("Call-Info", "<sip:b>;answer-after=0")]), None);
        assert_eq!(asked(&[("Answer-Mode", "Later")]), None);
    }
}
