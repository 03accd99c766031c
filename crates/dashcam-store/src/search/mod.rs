//! Full-text search.
//!
//! The index (FTS5, without content) holds the distinct words of each field
//! of each turn: enough to find the turns, small, and quick to build. What
//! stands together, and where, is checked against the turn itself, of which
//! only as many are opened as hits are shown.

mod index;
mod query;
mod run;
mod sieve;
mod snippet;
mod text;
mod words;
