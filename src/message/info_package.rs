//! Info-Package and Recv-Info (RFC 6086): what an INFO is about, and what somebody takes.

use std::borrow::Cow;

use super::params::{Params, token_and_params};
use super::{HeaderError, HeaderName, Headers};

/// An Info-Package value, or one of Recv-Info, borrowed from its header line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InfoPackage<'a> {
    /// The package, as written.
    pub name: &'a str,
    params: Params<'a>,
}

impl<'a> InfoPackage<'a> {
    /// Reads one value.
    ///
    /// # Errors
    /// What breaks the grammar.
    pub fn parse(text: &'a str) -> Result<Self, HeaderError> {
        let (name, params) = token_and_params(text)?;
        Ok(Self { name, params })
    }

    /// What a parameter says: `Some(None)` if it has no value, `None` if it is not there.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<Option<Cow<'a, str>>> {
        self.params.get(name).map(|param| param.value())
    }
}

impl Headers {
    /// Info-Package.
    #[must_use]
    pub fn info_package(&self) -> Option<Result<InfoPackage<'_>, HeaderError>> {
        self.get(HeaderName::InfoPackage).map(InfoPackage::parse)
    }

    /// Whether a Recv-Info names this package. `None` where there is no Recv-Info: then it is not known, while an
    /// empty one says that no package is taken.
    #[must_use]
    pub fn receives_info(&self, package: &str) -> Option<bool> {
        self.get(HeaderName::RecvInfo)?;
        let mut packages = self.values(HeaderName::RecvInfo).filter_map(|value| InfoPackage::parse(value).ok());
        Some(packages.any(|read| read.name.eq_ignore_ascii_case(package)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 6086 7
    #[test]
    fn package_and_parameters_are_read() {
        let package = InfoPackage::parse("foo ;bar=\"1;2\"").unwrap();
        assert_eq!((package.name, package.param("Bar").unwrap().unwrap()), ("foo", "1;2".into()));
        for bad in ["", "a b", "a,b", ";x", "a;x=\""] {
            assert!(InfoPackage::parse(bad).is_err(), "{bad}");
        }
    }

    /// RFC 6086 4.2.2: Recv-Info says what is taken, also if that is nothing
    #[test]
    fn what_is_taken_is_known_only_where_it_is_said() {
        let mut headers = Headers::default();
        assert_eq!(headers.receives_info("foo"), None);
        headers.push(HeaderName::RecvInfo, "");
        assert_eq!(headers.receives_info("foo"), Some(false));
        headers.push(HeaderName::RecvInfo, "bar;x=1, Foo");
        assert_eq!(headers.receives_info("foo"), Some(true));
        headers.push(HeaderName::InfoPackage, "bar");
        assert_eq!(headers.info_package().unwrap().unwrap().name, "bar");
    }
}
