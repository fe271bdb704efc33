//! CSeq: the order of requests in a dialog, and the method that a response answers.

use super::text::{cut, is_token, number, push_number, trim};
use super::{HeaderError, Method};

/// A CSeq value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CSeq {
    /// The number, below 2³¹.
    pub number: u32,
    /// The method.
    pub method: Method,
}

impl CSeq {
    /// Reads a value.
    ///
    /// # Errors
    /// What breaks the grammar, or a number of 2³¹ and above (RFC 3261 section 8.1.1.5).
    pub fn parse(text: &str) -> Result<Self, HeaderError> {
        let blank = text.bytes().position(|b| matches!(b, b' ' | b'\t')).ok_or(HeaderError::Syntax)?;
        let (digits, method) = cut(text, blank);
        let number: u32 = number(digits)?;
        let method = trim(method);
        if number >= 1 << 31 {
            return Err(HeaderError::Number);
        }
        if !is_token(method) {
            return Err(HeaderError::Syntax);
        }
        Ok(Self { number, method: Method::from(method) })
    }

    /// The value as text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::with_capacity(20);
        push_number(&mut text, self.number.into());
        text.push(' ');
        text.push_str(self.method.as_str());
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3261 20.16
    #[test]
    fn number_and_method_are_read_and_written() {
        assert_eq!(CSeq::parse("0009\t INVITE"), Ok(CSeq { number: 9, method: Method::Invite }));
        assert_eq!(CSeq { number: 2_147_483_647, method: Method::Other("NEW".into()) }.to_text(), "2147483647 NEW");
    }

    /// RFC 3261 20.16, 8.1.1.5
    #[test]
    fn what_breaks_the_grammar_is_refused() {
        for bad in [
            "",
            "1",
            "INVITE",
            "1INVITE",
            "-1 INVITE",
            "2147483648 INVITE",
            "36893488147419103232 ACK",
            "1 IN VITE",
            "1 ",
        ] {
            assert!(CSeq::parse(bad).is_err(), "{bad}");
        }
    }
}
