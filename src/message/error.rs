//! What can be wrong with a message. No error quotes what came from outside.

/// Octets that cannot be framed as one SIP message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ParseError {
    /// There is nothing but line ends.
    Empty,
    /// More octets than [`MESSAGE_OCTETS`](crate::common::limits::MESSAGE_OCTETS).
    TooLong,
    /// The first line is neither a request line nor a status line.
    StartLine,
    /// A line does not end in CRLF, or a carriage return or line feed stands alone.
    LineEnd,
    /// No blank line ends the head.
    NoBlankLine,
    /// A header line has no name or no colon, or the first one is a continuation of nothing.
    HeaderLine,
    /// More lines than [`HEADER_LINES`](crate::common::limits::HEADER_LINES).
    TooManyLines,
    /// A line longer than [`LINE_OCTETS`](crate::common::limits::LINE_OCTETS).
    LineTooLong,
    /// Content-Length is no number, or there are several that differ.
    ContentLength,
    /// The body is shorter than Content-Length says.
    BodyTooShort,
    /// A body of several parts cannot be taken apart, or has more than
    /// [`BODY_PARTS`](crate::common::limits::BODY_PARTS).
    Multipart,
}

impl ParseError {
    /// The response that a request with this fault would deserve.
    #[must_use]
    pub const fn status(self) -> Option<u16> {
        match self {
            Self::Empty => None,
            Self::TooLong => Some(513),
            _ => Some(400),
        }
    }

    /// A stable name for programs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong => "tooLong",
            Self::StartLine => "startLine",
            Self::LineEnd => "lineEnd",
            Self::NoBlankLine => "noBlankLine",
            Self::HeaderLine => "headerLine",
            Self::TooManyLines => "tooManyLines",
            Self::LineTooLong => "lineTooLong",
            Self::ContentLength => "contentLength",
            Self::BodyTooShort => "bodyTooShort",
            Self::Multipart => "multipart",
        }
    }
}

impl std::fmt::Display for ParseError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Empty => "there is no message",
            Self::TooLong => "the message is too long",
            Self::StartLine => "the first line is neither a request line nor a status line",
            Self::LineEnd => "a line does not end in CRLF",
            Self::NoBlankLine => "no blank line ends the head",
            Self::HeaderLine => "a header line has no name or no colon",
            Self::TooManyLines => "there are too many header lines",
            Self::LineTooLong => "a header line is too long",
            Self::ContentLength => "Content-Length is no number, or contradicts another",
            Self::BodyTooShort => "the body is shorter than Content-Length says",
            Self::Multipart => "the parts of the body cannot be told apart, or are too many",
        })
    }
}

impl std::error::Error for ParseError {}

/// A header value, or a URI in it, that breaks its grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HeaderError {
    /// The value does not follow the grammar of its header.
    Syntax,
    /// A quoted string or an angle bracket is not closed.
    Unclosed,
    /// The URI has no scheme, no host, or characters that no URI may have.
    Uri,
    /// A number is missing, no number, or out of range.
    Number,
    /// More parameters than [`PARAMETERS`](crate::common::limits::PARAMETERS).
    TooManyParameters,
}

impl HeaderError {
    /// The response that a request with this fault deserves.
    #[must_use]
    pub const fn status(self) -> Option<u16> {
        Some(400)
    }
}

impl std::fmt::Display for HeaderError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Syntax => "the value does not follow the grammar of its header",
            Self::Unclosed => "a quoted string or an angle bracket is not closed",
            Self::Uri => "the URI cannot be read",
            Self::Number => "a number is missing or out of range",
            Self::TooManyParameters => "there are too many parameters",
        })
    }
}

impl std::error::Error for HeaderError {}

/// A message that must not be written: it would say something else on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WriteError {
    /// The method is no token.
    Method,
    /// The Request-URI is empty or holds white space or control characters.
    Uri,
    /// The status is not between 100 and 699.
    Status,
    /// The reason phrase holds a line end or NUL.
    Reason,
    /// A header name is no token.
    HeaderName,
    /// A header value holds a line end or NUL.
    HeaderValue,
}

impl std::fmt::Display for WriteError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Method => "the method is no token",
            Self::Uri => "the Request-URI is empty or holds white space or control characters",
            Self::Status => "the status is not between 100 and 699",
            Self::Reason => "the reason phrase holds a line end or NUL",
            Self::HeaderName => "a header name is no token",
            Self::HeaderValue => "a header value holds a line end or NUL",
        })
    }
}

impl std::error::Error for WriteError {}
