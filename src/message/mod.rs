//! Octets to SIP messages and back.
//!
//! The reader frames a message within the limits and keeps every line as it came; header values are read when asked
//! for, borrowed from their line. So a message that nobody changed is written back octet for octet, and a changed
//! header builds its own line anew and no other. What the grammar forbids is found by the typed views, header by
//! header, and by [`validate`] all at once.

mod answer_mode;
mod auth_params;
mod contact;
mod content;
mod cseq;
mod date;
mod diversion;
mod error;
mod event;
mod feature_caps;
mod frame;
mod headers;
mod history_info;
mod identity;
mod info_package;
mod info_uri;
mod media_type;
mod message_summary;
mod method;
mod multipart;
mod name;
mod name_addr;
mod params;
mod rack;
mod reader;
mod reason;
mod redact;
mod refer_to;
mod replaces;
mod request;
mod response;
mod retry_after;
mod salvage;
mod session_expires;
mod session_id;
mod status;
mod subscription_state;
mod text;
mod typed;
mod uri;
mod user_to_user;
mod validate;
mod via;
mod vocabulary;
mod warning;
mod writer;

pub use answer_mode::{AnswerMode, AutoAnswer};
pub use auth_params::{AuthParams, challenges};
pub use content::ContentDisposition;
pub use cseq::CSeq;
pub use diversion::Diversion;
pub use error::{HeaderError, ParseError, WriteError};
pub use event::{Event, write_event};
pub use feature_caps::FeatureCaps;
pub use frame::same_frame;
pub use headers::{Headers, Values};
pub use history_info::HistoryInfo;
pub use info_package::InfoPackage;
pub use info_uri::InfoUri;
pub use media_type::MediaType;
pub use message_summary::{MessageCounts, MessageSummary};
pub use method::Method;
pub use multipart::{Part, SessionBody, parts, session_body};
pub use name::HeaderName;
pub use name_addr::{NameAddr, write_name_addr};
pub use params::{Param, Params};
pub use rack::RAck;
pub use reason::Reason;
pub use redact::{Redactor, redact};
pub use refer_to::{ReferTo, ReferredBy};
pub use replaces::{Replaces, TargetDialog};
pub use request::Request;
pub use response::Response;
pub use retry_after::RetryAfter;
pub use session_expires::{Refresher, SessionExpires, write_session_expires};
pub use session_id::SessionId;
pub use status::reason_phrase;
pub use subscription_state::{SubscriptionState, SubscriptionStatus, write_subscription_state};
pub use text::{
    Elements, escape_pvalue, escape_uri_header, escape_user, is_token, quote, split_list, unescape, unquote,
};
pub use uri::Uri;
pub use user_to_user::UserToUser;
pub use validate::{Problem, is_value, validate};
pub use via::Via;
pub use warning::Warning;

/// A SIP message.
#[derive(Debug, Clone)]
pub enum Message {
    /// A request.
    Request(Request),
    /// A response.
    Response(Response),
}

/// Octets that came from the wire and cannot be framed.
#[derive(Debug)]
pub struct Unframed {
    /// Why.
    pub error: ParseError,
    /// Where they are a request that can be answered: one with its method and the lines that a response gives back.
    pub request: Option<Box<Request>>,
}

impl Message {
    /// Frames one message: what one WebSocket frame holds. Line ends before it are skipped; without a Content-Length
    /// the body is the rest; what follows the body that Content-Length announces is cut off.
    ///
    /// # Errors
    /// Why the octets cannot be framed. Header values are not looked into, but for Content-Length.
    pub fn parse(octets: Vec<u8>) -> Result<Self, ParseError> {
        reader::read(octets).map_err(|(error, _)| error)
    }

    /// The same for octets that came from the wire: where they cannot be framed and yet can be answered, what is
    /// needed for that comes with the error.
    ///
    /// # Errors
    /// Why the octets cannot be framed.
    pub fn receive(octets: Vec<u8>) -> Result<Self, Unframed> {
        reader::read(octets).map_err(|(error, head)| Unframed { error, request: salvage::salvage(&head).map(Box::new) })
    }

    /// The header lines.
    #[must_use]
    pub const fn headers(&self) -> &Headers {
        match self {
            Self::Request(request) => &request.headers,
            Self::Response(response) => &response.headers,
        }
    }

    /// The header lines, to be changed.
    pub const fn headers_mut(&mut self) -> &mut Headers {
        match self {
            Self::Request(request) => &mut request.headers,
            Self::Response(response) => &mut response.headers,
        }
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        match self {
            Self::Request(request) => request.body(),
            Self::Response(response) => response.body(),
        }
    }

    /// Whether the message says that it is SIP 2.0; another version deserves 505.
    #[must_use]
    pub const fn is_sip_2(&self) -> bool {
        match self {
            Self::Request(request) => request.is_sip_2(),
            Self::Response(response) => response.is_sip_2(),
        }
    }

    /// The message as octets.
    ///
    /// # Errors
    /// What must not stand on the wire.
    pub fn to_octets(&self) -> Result<Vec<u8>, WriteError> {
        match self {
            Self::Request(request) => request.to_octets(),
            Self::Response(response) => response.to_octets(),
        }
    }
}
