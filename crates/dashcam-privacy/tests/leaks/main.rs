//! Nothing that may not leave is in any byte that leaves.

mod evidence;
mod harmless;
mod metadata;
mod plants;
mod redacted;
mod search;
