//! Digest credentials: challenge in, header out.
