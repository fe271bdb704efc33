//! Retry-After: when to try again.

use super::HeaderError;
use super::params::Params;
use super::text::{cut, number, trim};

/// A Retry-After value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryAfter {
    /// How long to wait, in seconds.
    pub seconds: u32,
    /// How long the callee will then be reachable, in seconds.
    pub duration: Option<u32>,
}

impl RetryAfter {
    /// Reads `18000;duration=3600` or `120 (I'm in a meeting)`; the comment is for people and not kept.
    ///
    /// # Errors
    /// What breaks the grammar.
    pub fn parse(text: &str) -> Result<Self, HeaderError> {
        let (digits, after) = cut(text, text.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(text.len()));
        let seconds = number(digits)?;
        let mut after = trim(after);
        if after.starts_with('(') {
            after = trim(cut(after, comment(after).ok_or(HeaderError::Unclosed)?).1);
        }
        let params = Params::parse(after)?;
        let duration = params.get("duration").map(|param| number(param.raw.unwrap_or(""))).transpose()?;
        Ok(Self { seconds, duration })
    }
}

/// Where behind the comment at the start of `text` the next octet stands; comments nest.
fn comment(text: &str) -> Option<usize> {
    let (mut depth, mut escaped) = (0_u32, false);
    for (at, b) in text.bytes().enumerate() {
        match b {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'(' => depth += 1,
            b')' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3261 20.33
    #[test]
    fn seconds_comment_and_duration_are_read() {
        assert_eq!(RetryAfter::parse("120"), Ok(RetryAfter { seconds: 120, duration: None }));
        assert_eq!(RetryAfter::parse("18000;duration=3600"), Ok(RetryAfter { seconds: 18000, duration: Some(3600) }));
        assert_eq!(
            RetryAfter::parse("120 (in a (long\\) ;) meeting) ;duration=5"),
            Ok(RetryAfter { seconds: 120, duration: Some(5) })
        );
    }

    #[test]
    fn what_breaks_the_grammar_is_refused() {
        for bad in ["", "soon", "-1", "99999999999", "1 (a", "1 2", "1;duration=x", "1;duration"] {
            assert!(RetryAfter::parse(bad).is_err(), "{bad}");
        }
    }
}
