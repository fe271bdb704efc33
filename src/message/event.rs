//! Event (RFC 6665): the event package of a subscription.

use std::borrow::Cow;

use super::HeaderError;
use super::params::{Param, Params, token_and_params};

/// An Event value, borrowed from its header line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event<'a> {
    /// The package with its templates, as written: `presence`, `presence.winfo`.
    pub package: &'a str,
    /// What tells two subscriptions of one dialog apart.
    pub id: Option<&'a str>,
    params: Params<'a>,
}

impl<'a> Event<'a> {
    /// Reads a value.
    ///
    /// # Errors
    /// What breaks the grammar.
    pub fn parse(text: &'a str) -> Result<Self, HeaderError> {
        let (package, params) = token_and_params(text)?;
        Ok(Self { package, id: params.raw("id"), params })
    }

    /// Whether both name the same subscription: package and id, octet for octet (RFC 6665 section 8.2.1).
    #[must_use]
    pub fn same_as(&self, other: &Event<'_>) -> bool {
        self.package == other.package && self.id == other.id
    }

    /// What a parameter says: `Some(None)` if it has no value, `None` if it is not there.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<Option<Cow<'a, str>>> {
        self.params.get(name).map(|param| param.value())
    }

    /// The parameters in order.
    pub fn params(&self) -> impl Iterator<Item = Param<'a>> + use<'a> {
        self.params.iter()
    }
}

/// Writes a value.
#[must_use]
pub fn write_event(package: &str, id: Option<&str>) -> String {
    match id {
        Some(id) => [package, ";id=", id].concat(),
        None => package.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6665 8.2.1
    #[test]
    fn package_id_and_parameters_are_read() {
        let event = Event::parse("dialog ;sla; ID=7a;call-id=\"a b\"").unwrap();
        assert_eq!((event.package, event.id), ("dialog", Some("7a")));
        assert_eq!(event.param("call-id").unwrap().unwrap(), "a b");
        assert_eq!((event.param("sla"), event.params().count()), (Some(None), 3));
        assert_eq!(Event::parse("presence.winfo").unwrap().package, "presence.winfo");
    }

    /// RFC 6665 8.2.1
    #[test]
    fn package_and_id_make_a_subscription() {
        let event = |text| Event::parse(text).unwrap();
        assert!(event("refer;id=1;x=y").same_as(&event("refer;id=1")));
        assert!(!event("refer;id=1").same_as(&event("refer")));
        assert!(!event("refer").same_as(&event("Refer")));
    }

    #[test]
    fn what_is_written_reads_back() {
        for id in [None, Some("93809824")] {
            let text = write_event("refer", id);
            assert_eq!(Event::parse(&text).map(|event| (event.package, event.id)), Ok(("refer", id)));
        }
    }

    #[test]
    fn what_breaks_the_grammar_is_refused() {
        for bad in ["", "a b", ";id=1", "a,b", "a;id=\"", "a/b"] {
            assert!(Event::parse(bad).is_err(), "{bad}");
        }
    }
}
