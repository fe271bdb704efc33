//! Push parameters of the Contact, and what joins push, INVITE and call UUID.
