//! Dialog state and route sets.
