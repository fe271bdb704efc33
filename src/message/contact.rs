//! What Contact adds to `name-addr`: expiry, preference, and the parameters of RFC 5626.

use std::borrow::Cow;

use super::NameAddr;
use super::text::number;

impl<'a> NameAddr<'a> {
    /// The `expires` parameter in seconds; a value that cannot be read counts as not there (RFC 3261 section 10.2.1.1);
    /// of several the least.
    #[must_use]
    pub fn expires(&self) -> Option<u32> {
        self.least("expires")
    }

    /// The `q` parameter in thousandths; 1000 where there is none or it cannot be read.
    #[must_use]
    pub fn preference(&self) -> u16 {
        let read = || {
            let value = self.param("q")??;
            let (whole, fraction) = value.split_once('.').unwrap_or((value.as_ref(), ""));
            let whole: u16 = number(whole).ok()?;
            let mut thousandths = 0;
            if fraction.len() <= 3 && !fraction.is_empty() {
                thousandths = number::<u16>(fraction).ok()?;
                for _ in fraction.len()..3 {
                    thousandths *= 10;
                }
            }
            Some(whole.checked_mul(1000)?.checked_add(thousandths)?.min(1000))
        };
        read().unwrap_or(1000)
    }

    /// The `+sip.instance` parameter without its quotation marks: `<urn:uuid:…>`.
    #[must_use]
    pub fn instance(&self) -> Option<Cow<'a, str>> {
        self.param("+sip.instance")?
    }

    /// The `reg-id` parameter.
    #[must_use]
    pub fn reg_id(&self) -> Option<u32> {
        number(self.param("reg-id")??.as_ref()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3261 20.10
    #[test]
    fn a_binding_of_a_register_response_is_read() {
        let text = r#"<sip:x@y.invalid;transport=ws>;q=0.5;expires=600;+sip.instance="<urn:uuid:A-1>";reg-id=1"#;
        let contact = NameAddr::parse(text).unwrap();
        assert_eq!(contact.expires(), Some(600));
        assert_eq!(contact.preference(), 500);
        assert_eq!(contact.instance().unwrap(), "<urn:uuid:A-1>");
        assert_eq!(contact.reg_id(), Some(1));
    }

    #[test]
    fn what_cannot_be_read_counts_as_absent() {
        let contact = NameAddr::parse("<sip:x@y>;expires=1000000000000;q=high;reg-id").unwrap();
        assert_eq!(contact.expires(), None);
        assert_eq!(contact.preference(), 1000);
        assert_eq!(contact.reg_id(), None);
    }

    /// RFC 3261 20.10
    #[test]
    fn preferences_are_thousandths() {
        for (text, thousandths) in
            [("0", 0), ("1", 1000), ("0.33", 330), ("0.7", 700), ("1.000", 1000), ("0.001", 1), ("7", 1000)]
        {
            let value = String::from("<sip:x@y>;q=") + text;
            assert_eq!(NameAddr::parse(&value).unwrap().preference(), thousandths, "{text}");
        }
    }
}
