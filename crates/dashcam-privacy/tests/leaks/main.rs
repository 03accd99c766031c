//! Nothing that may not leave is in any byte that leaves.

// Clippy takes only test functions for tests, not what they share.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod evidence;
mod harmless;
mod metadata;
mod plants;
mod redacted;
mod robust;
mod search;
mod spellings;
