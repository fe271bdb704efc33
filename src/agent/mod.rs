//! Accounts and registration, calls, typed outcomes.
