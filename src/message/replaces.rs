//! Replaces (RFC 3891), Join (RFC 3911) and Target-Dialog (RFC 4538): headers that name another dialog.

use std::borrow::Cow;

use super::params::{Params, value_and_params};
use super::{HeaderError, escape_uri_header};

/// A Replaces value; a Join value has the same form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaces<'a> {
    /// The Call-ID of the dialog.
    pub call_id: Cow<'a, str>,
    /// The tag of whoever receives the request with this header: its own, in the dialog that is named.
    pub to_tag: Cow<'a, str>,
    /// The tag of the other side of that dialog.
    pub from_tag: Cow<'a, str>,
    /// Whether the dialog must not be replaced once it is confirmed.
    pub early_only: bool,
}

impl<'a> Replaces<'a> {
    /// Reads a value.
    ///
    /// # Errors
    /// What breaks the grammar; also unless there is exactly one `to-tag` and one `from-tag` (RFC 3891 section 6.1).
    pub fn parse(text: &'a str) -> Result<Self, HeaderError> {
        let (call_id, params) = dialog(text)?;
        Ok(Self {
            call_id: call_id.into(),
            to_tag: one_tag(&params, "to-tag")?.into(),
            from_tag: one_tag(&params, "from-tag")?.into(),
            early_only: params.get("early-only").is_some(),
        })
    }

    /// Reads what stands, escaped or not, as a header in a URI: `?Replaces=…`.
    ///
    /// # Errors
    /// What breaks the grammar once percent escapes are undone.
    pub fn from_uri_header(value: Cow<'a, str>) -> Result<Self, HeaderError> {
        match value {
            Cow::Borrowed(text) => Self::parse(text),
            Cow::Owned(text) => Replaces::parse(&text).map(Replaces::into_owned),
        }
    }

    /// The same, borrowed from nothing.
    #[must_use]
    pub fn into_owned(self) -> Replaces<'static> {
        Replaces {
            call_id: Cow::Owned(self.call_id.into_owned()),
            to_tag: Cow::Owned(self.to_tag.into_owned()),
            from_tag: Cow::Owned(self.from_tag.into_owned()),
            early_only: self.early_only,
        }
    }

    /// The value as text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let end = if self.early_only { ";early-only" } else { "" };
        [&self.call_id, ";to-tag=", &self.to_tag, ";from-tag=", &self.from_tag, end].concat()
    }

    /// `uri` with this value as its header, escaped: what stands in a Refer-To for an attended transfer.
    #[must_use]
    pub fn in_uri(&self, uri: &str) -> String {
        let before = if super::Uri::parse(uri).is_ok_and(|uri| uri.headers().next().is_some()) { "&" } else { "?" };
        [uri, before, "Replaces=", &escape_uri_header(&self.to_text())].concat()
    }
}

/// A Target-Dialog value, borrowed from its header line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TargetDialog<'a> {
    /// The Call-ID of the dialog.
    pub call_id: &'a str,
    /// The tag of the far end of whoever receives the request with this header.
    pub remote_tag: &'a str,
    /// The tag of whoever receives it.
    pub local_tag: &'a str,
}

impl<'a> TargetDialog<'a> {
    /// Reads a value.
    ///
    /// # Errors
    /// What breaks the grammar; also unless there is exactly one `local-tag` and one `remote-tag`.
    pub fn parse(text: &'a str) -> Result<Self, HeaderError> {
        let (call_id, params) = dialog(text)?;
        let (local_tag, remote_tag) = (one_tag(&params, "local-tag")?, one_tag(&params, "remote-tag")?);
        Ok(Self { call_id, remote_tag, local_tag })
    }

    /// The value as text.
    #[must_use]
    pub fn to_text(&self) -> String {
        [self.call_id, ";local-tag=", self.local_tag, ";remote-tag=", self.remote_tag].concat()
    }
}

fn dialog(text: &str) -> Result<(&str, Params<'_>), HeaderError> {
    let (call_id, params) = value_and_params(text)?;
    if call_id.is_empty() || call_id.bytes().any(|b| b <= b' ' || matches!(b, b',' | 0x7f)) {
        return Err(HeaderError::Syntax);
    }
    Ok((call_id, params))
}

fn one_tag<'a>(params: &Params<'a>, name: &str) -> Result<&'a str, HeaderError> {
    let mut found = params.iter().filter(|param| param.name.eq_ignore_ascii_case(name));
    let tag = found.next().and_then(|param| param.raw).filter(|tag| !tag.is_empty() && !tag.starts_with('"'));
    if found.next().is_some() { Err(HeaderError::Syntax) } else { tag.ok_or(HeaderError::Syntax) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{NameAddr, Uri};

    /// RFC 3891 6.1
    #[test]
    fn call_id_tags_and_early_only_are_read() {
        let replaces = Replaces::parse("98732@sip.example.com ;from-tag=r33th4x0r ; To-Tag=ff87ff;early-only").unwrap();
        assert_eq!((&*replaces.call_id, &*replaces.to_tag), ("98732@sip.example.com", "ff87ff"));
        assert_eq!((&*replaces.from_tag, replaces.early_only), ("r33th4x0r", true));
        assert!(!Replaces::parse("a;to-tag=b;from-tag=c;x=y").unwrap().early_only);
        let target =
            TargetDialog::parse("fa77as7dad8-sd98ajzz@host.example.com;local-tag=kkaz-;remote-tag=6544").unwrap();
        assert_eq!((target.local_tag, target.remote_tag), ("kkaz-", "6544"));
        assert_eq!(TargetDialog::parse(&target.to_text()), Ok(target));
    }

    #[test]
    fn what_breaks_the_grammar_is_refused() {
        for bad in [
            "",
            "a",
            "a;to-tag=b",
            "a;from-tag=b",
            "a;to-tag;from-tag=b",
            "a;to-tag=;from-tag=b",
            "a;to-tag=b;from-tag=c;to-tag=d",
            "a b;to-tag=b;from-tag=c",
            "a;to-tag=b;from-tag=c, d;to-tag=e;from-tag=f",
            ";to-tag=b;from-tag=c",
        ] {
            assert!(Replaces::parse(bad).is_err(), "{bad}");
            let target = bad.replace("to-tag", "local-tag").replace("from-tag", "remote-tag");
            assert!(TargetDialog::parse(&target).is_err(), "{bad}");
        }
    }

    /// RFC 3891 6.1
    #[test]
    fn in_a_uri_it_is_escaped_and_reads_back() {
        let replaces = Replaces {
            call_id: "a%b&c?@host.example.com".into(),
            to_tag: "1+2".into(),
            from_tag: "3=4".into(),
            early_only: true,
        };
        for uri in ["sip:bob@example.com", "sip:bob@example.com;gr=x?Subject=hi"] {
            let text = super::super::write_name_addr(None, &replaces.in_uri(uri));
            let read = NameAddr::parse(&text).unwrap().uri().unwrap();
            assert_eq!(Replaces::from_uri_header(read.header("replaces").unwrap()).unwrap(), replaces);
        }
        let plain = Uri::parse("sip:a@b?Replaces=x;to-tag=y;from-tag=z").unwrap();
        assert_eq!(Replaces::from_uri_header(plain.header("Replaces").unwrap()).unwrap().to_tag, "y");
    }
}
