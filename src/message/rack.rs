//! RSeq and RAck (RFC 3262): the number of a reliable provisional response, and what acknowledges it.

use super::text::{cut, find, number, push_number, trim, trim_start};
use super::{CSeq, HeaderError};

/// A RAck value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RAck {
    /// The RSeq of the response.
    pub rseq: u32,
    /// The CSeq of the response.
    pub cseq: CSeq,
}

impl RAck {
    /// Reads a value.
    ///
    /// # Errors
    /// What breaks the grammar.
    pub fn parse(text: &str) -> Result<Self, HeaderError> {
        let text = trim(text);
        let blank = find(text, b' ').min(find(text, b'\t'));
        let (rseq, cseq) = cut(text, blank);
        Ok(Self { rseq: rseq_number(rseq)?, cseq: CSeq::parse(trim_start(cseq))? })
    }

    /// The value as text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::with_capacity(24);
        push_number(&mut text, self.rseq.into());
        text.push(' ');
        text.push_str(&self.cseq.to_text());
        text
    }
}

/// Reads an RSeq value: 1 to 2³²−1.
///
/// # Errors
/// What breaks the grammar, or nought (RFC 3262 section 7.1).
pub(super) fn rseq_number(text: &str) -> Result<u32, HeaderError> {
    match number(text)? {
        0 => Err(HeaderError::Number),
        rseq => Ok(rseq),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Method;

    /// RFC 3262 7.2
    #[test]
    fn the_three_parts_are_read_and_written() {
        let rack = RAck::parse("776656  1\tINVITE").unwrap();
        assert_eq!(rack, RAck { rseq: 776_656, cseq: CSeq { number: 1, method: Method::Invite } });
        assert_eq!(rack.to_text(), "776656 1 INVITE");
        assert_eq!(RAck::parse(&rack.to_text()), Ok(rack));
    }

    #[test]
    fn what_breaks_the_grammar_is_refused() {
        for bad in ["", "1", "1 INVITE", "1 2", "0 1 INVITE", "4294967296 1 INVITE", "1 2147483648 INVITE", "1 1 A B"] {
            assert!(RAck::parse(bad).is_err(), "{bad}");
        }
        assert_eq!(rseq_number("0"), Err(HeaderError::Number));
    }
}
