//! The fixtures of every harness, as the evidence that they are, in one place
//! for all tests; and which fields of a session that evidence fills.
//!
//! Fixtures lie in `crates/dashcam-harness/fixtures/<harness>/`, in any depth,
//! one folder each. What a folder may hold:
//!
//! | name | what it is |
//! |---|---|
//! | `home/` | a home folder with the harness's files where they lie; the folder itself is one if it holds a hidden folder |
//! | `hooks.jsonl`, `hook-*.jsonl` | what hooks were told, a call a line |
//! | `otlp/{traces,logs,metrics}.jsonl` | what was sent over OTLP, a request a line, in JSON |
//! | `truth.json` | what the model server answered |
//! | any other file | a file of the harness's out of its place, or, where its lines begin with `{"table":`, a session's rows of a database as the recorder reads them |
//!
//! Nothing here is needed to use dashcam.

pub mod coverage;
mod evidence;
mod fields;
mod fixture;
#[cfg(feature = "homes")]
mod home;
mod records;
mod told;

pub use evidence::{Piece, SessionPieces, group};
pub use fixture::{Fixture, all, folder, of};
pub use records::below_home;
pub use told::HookCall;
