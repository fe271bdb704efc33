//! Warning (RFC 3261 section 20.43): more about a status, in words.

use std::borrow::Cow;

use super::HeaderError;
use super::text::{closing_quote, cut, find, number, quote, rest, trim, trim_start, unquote};

/// One Warning value, borrowed from its header line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning<'a> {
    /// The code, three digits: 399 for anything.
    pub code: u16,
    /// Who warns: a host or a name.
    pub agent: &'a str,
    /// The words for people.
    pub text: Cow<'a, str>,
}

impl<'a> Warning<'a> {
    /// Reads one value.
    ///
    /// # Errors
    /// What breaks the grammar.
    pub fn parse(text: &'a str) -> Result<Self, HeaderError> {
        let text = trim(text);
        let (code, after) = cut(text, find(text, b' '));
        if code.len() != 3 {
            return Err(HeaderError::Number);
        }
        let after = trim_start(after);
        let (agent, after) = cut(after, find(after, b' '));
        let words = trim_start(rest(after));
        if agent.is_empty() || agent.contains('"') || !words.starts_with('"') {
            return Err(HeaderError::Syntax);
        }
        if closing_quote(words).ok_or(HeaderError::Unclosed)? + 1 != words.len() {
            return Err(HeaderError::Syntax);
        }
        Ok(Self { code: number(code)?, agent, text: unquote(words) })
    }

    /// The value as text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::with_capacity(self.agent.len() + self.text.len() + 8);
        // Three digits, also of a small number.
        for least in [100, 10] {
            if self.code < least {
                text.push('0');
            }
        }
        super::text::push_number(&mut text, self.code.into());
        [&text, " ", self.agent, " ", &quote(&self.text)].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3261 20.43
    #[test]
    fn code_agent_and_words_are_read_and_written() {
        let warning = Warning::parse("307  isi.edu \"Session parameter 'foo' not \\\"understood\\\"\"").unwrap();
        assert_eq!((warning.code, warning.agent), (307, "isi.edu"));
        assert_eq!(warning.text, "Session parameter 'foo' not \"understood\"");
        assert_eq!(Warning::parse(&warning.to_text()), Ok(warning));
        for small in ["007 a \"b\"", "099 a \"b\"", "000 a \"b\""] {
            assert_eq!(Warning::parse(small).unwrap().to_text(), small);
        }
        assert_eq!(Warning::parse("399 [2001:db8::1]:5060 \"\"").unwrap().agent, "[2001:db8::1]:5060");
    }

    #[test]
    fn what_breaks_the_grammar_is_refused() {
        for bad in
            ["", "399", "399 a", "399 a b", "39 a \"b\"", "3999 a \"b\"", "399 \"b\"", "399 a \"b", "399 a \"b\"c"]
        {
            assert!(Warning::parse(bad).is_err(), "{bad}");
        }
    }
}
