//! Why a message makes no dialog.

/// Why a message makes no dialog. A request that does so is answered with 400.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DialogError {
    /// A header that a dialog is made of is missing.
    Missing,
    /// A header that a dialog is made of cannot be read.
    Malformed,
    /// More Record-Route values than the limit.
    TooManyRoutes,
}

impl DialogError {
    /// The response that a request deserves for it.
    #[must_use]
    pub const fn status(self) -> u16 {
        400
    }
}

impl std::fmt::Display for DialogError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Missing => "a header that a dialog needs is missing",
            Self::Malformed => "a header that a dialog needs is malformed",
            Self::TooManyRoutes => "too many routes",
        })
    }
}

impl std::error::Error for DialogError {}
