//! User-to-User (RFC 7433): a few octets from the caller's application to the callee's.

use std::borrow::Cow;

use super::HeaderError;
use super::params::{Params, value_and_params};
use super::text::{closing_quote, is_token, unquote};

/// One User-to-User value, borrowed from its header line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserToUser<'a> {
    data: &'a str,
    params: Params<'a>,
}

impl<'a> UserToUser<'a> {
    /// Reads one value.
    ///
    /// # Errors
    /// What breaks the grammar.
    pub fn parse(text: &'a str) -> Result<Self, HeaderError> {
        let text = super::text::trim(text);
        if text.starts_with('"') {
            let (data, params) = super::text::cut(text, closing_quote(text).ok_or(HeaderError::Unclosed)? + 1);
            return Ok(Self { data, params: Params::parse(params)? });
        }
        let (data, params) = value_and_params(text)?;
        if is_token(data) { Ok(Self { data, params }) } else { Err(HeaderError::Syntax) }
    }

    /// The data as text, in the encoding that [`encoding`](Self::encoding) names.
    #[must_use]
    pub fn data(&self) -> Cow<'a, str> {
        unquote(self.data)
    }

    /// The `encoding` parameter; `hex` where it is not said.
    #[must_use]
    pub fn encoding(&self) -> &'a str {
        self.params.raw("encoding").unwrap_or("hex")
    }

    /// The `purpose` parameter.
    #[must_use]
    pub fn purpose(&self) -> Option<&'a str> {
        self.params.raw("purpose")
    }

    /// The octets, where they are written in hexadecimal digits.
    #[must_use]
    pub fn octets(&self) -> Option<Vec<u8>> {
        if !self.encoding().eq_ignore_ascii_case("hex") {
            return None;
        }
        let data = self.data();
        let (pairs, left) = data.as_bytes().as_chunks::<2>();
        let digit = |b: u8| char::from(b).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        if left.is_empty() {
            pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7433 4.1
    #[test]
    fn data_and_its_encoding_are_read() {
        let value = UserToUser::parse("56a390f3d2b7310023a2;encoding=hex;purpose=foo;content=bar").unwrap();
        assert_eq!(value.octets().unwrap(), [0x56, 0xa3, 0x90, 0xf3, 0xd2, 0xb7, 0x31, 0, 0x23, 0xa2]);
        assert_eq!((value.encoding(), value.purpose()), ("hex", Some("foo")));
        let value = UserToUser::parse("\"a;b\" ;encoding=ascii").unwrap();
        assert_eq!((value.data().as_ref(), value.octets()), ("a;b", None));
        assert_eq!(UserToUser::parse("abc").unwrap().octets(), None);
        assert_eq!(UserToUser::parse("zz").unwrap().octets(), None);
    }

    #[test]
    fn what_breaks_the_grammar_is_refused() {
        for bad in ["", "a b", "\"a", "\"a\"b", ";encoding=hex", "a;encoding=\"h"] {
            assert!(UserToUser::parse(bad).is_err(), "{bad}");
        }
    }
}
