//! What could not be read, and where.

use serde::{Deserialize, Serialize};

/// One thing in the evidence that could not be read as it should. It costs
/// nothing but itself: the rest of the session is decoded all the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// What kind of trouble.
    pub kind: ProblemKind,
    /// The file, as the user would name it.
    pub file: String,
    /// The line, from 1; absent where the whole file is meant.
    pub line: Option<u64>,
    /// What is wrong, and what to do where something can be done.
    pub message: String,
}

/// The kinds of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ProblemKind {
    /// A line that is not JSON, or not UTF-8.
    MalformedLine,
    /// The last line has no end yet; it is read again when the file grows.
    PartialLine,
    /// A record of a type that this version of dashcam does not know.
    UnknownRecord,
    /// A known record whose fields are not as expected.
    UnexpectedShape,
    /// Records contradict one another: duplicate ids, cycles, missing parents.
    Inconsistent,
    /// A line or value too large to take in whole.
    TooLarge,
    /// A file that could not be opened or read.
    Unreadable,
}

impl ProblemKind {
    /// The word used in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MalformedLine => "malformed_line",
            Self::PartialLine => "partial_line",
            Self::UnknownRecord => "unknown_record",
            Self::UnexpectedShape => "unexpected_shape",
            Self::Inconsistent => "inconsistent",
            Self::TooLarge => "too_large",
            Self::Unreadable => "unreadable",
        }
    }
}
