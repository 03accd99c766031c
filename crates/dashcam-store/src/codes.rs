//! The small numbers that stand for words in narrow rows. They never change;
//! new words are added at the end.

use dashcam_trace::{
    EventKind, ParentRelation, ProblemKind, SpanKind, Status, Timestamp, Timing, ToolKind,
    TurnStatus,
};

/// A word that stands in rows as a number.
pub(crate) trait Code: Copy + PartialEq + 'static {
    /// The words, by number.
    const WORDS: &'static [Self];

    /// What a number stands for that no word has.
    const UNKNOWN: Self;

    /// The word's number. A word newer than this table is stored as the
    /// unknown one; the turn's content has it exactly.
    fn code(self) -> i64 {
        let position = |wanted| Self::WORDS.iter().position(|word| *word == wanted);
        position(self)
            .or_else(|| position(Self::UNKNOWN))
            .unwrap_or_default() as i64
    }

    /// The word of a number.
    fn word(code: i64) -> Self {
        usize::try_from(code)
            .ok()
            .and_then(|code| Self::WORDS.get(code))
            .map_or(Self::UNKNOWN, |word| *word)
    }
}

impl Code for SpanKind {
    const WORDS: &'static [Self] = &[
        Self::Turn,
        Self::ModelCall,
        Self::ToolCall,
        Self::AgentRun,
        Self::Event,
    ];
    const UNKNOWN: Self = Self::Event;
}

impl Code for Status {
    const WORDS: &'static [Self] = &[Self::Ok, Self::Error, Self::Interrupted, Self::Unfinished];
    const UNKNOWN: Self = Self::Ok;
}

impl Code for Timing {
    const WORDS: &'static [Self] = &[Self::Measured, Self::Derived];
    const UNKNOWN: Self = Self::Derived;
}

impl Code for TurnStatus {
    const WORDS: &'static [Self] = &[
        Self::Completed,
        Self::Interrupted,
        Self::Failed,
        Self::Unfinished,
    ];
    const UNKNOWN: Self = Self::Unfinished;
}

impl Code for ToolKind {
    const WORDS: &'static [Self] = &Self::ALL;
    const UNKNOWN: Self = Self::Other;
}

impl Code for EventKind {
    const WORDS: &'static [Self] = &[
        Self::Permission,
        Self::Compaction,
        Self::Interruption,
        Self::Notification,
        Self::ApiError,
        Self::Command,
        Self::ShellLine,
        Self::Context,
        Self::Hook,
        Self::Settings,
        Self::Other,
        Self::SessionEnd,
    ];
    const UNKNOWN: Self = Self::Other;
}

impl Code for ParentRelation {
    const WORDS: &'static [Self] = &[Self::Fork, Self::Subagent];
    const UNKNOWN: Self = Self::Fork;
}

impl Code for ProblemKind {
    const WORDS: &'static [Self] = &[
        Self::MalformedLine,
        Self::PartialLine,
        Self::UnknownRecord,
        Self::UnexpectedShape,
        Self::Inconsistent,
        Self::TooLarge,
        Self::Unreadable,
    ];
    const UNKNOWN: Self = Self::UnexpectedShape;
}

/// A time as rows hold it: nanoseconds since 1970. Times that do not fit
/// (before 1677, after 2262: a broken clock) become the nearest that does.
pub(crate) fn nanos(at: Timestamp) -> i64 {
    i64::try_from(at.as_nanosecond()).unwrap_or(if at < Timestamp::UNIX_EPOCH {
        i64::MIN
    } else {
        i64::MAX
    })
}

/// The time of a row.
pub(crate) fn timestamp(nanos: i64) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(nanos)).unwrap_or_default()
}

/// Seconds in the quarter of an hour that rollups count by.
pub(crate) const QUARTER: i64 = 900;

/// The quarter of an hour that a time belongs to.
pub(crate) fn quarter(nanos: i64) -> i64 {
    nanos.div_euclid(QUARTER * 1_000_000_000)
}

/// When a quarter of an hour begins.
pub(crate) fn quarter_start(quarter: i64) -> Timestamp {
    Timestamp::from_second(quarter.saturating_mul(QUARTER)).unwrap_or_default()
}
