//! Time as a count of milliseconds, written as the harnesses write it.

use jiff::{Timestamp, tz::TimeZone};

/// Milliseconds in a day.
pub(crate) const DAY: i64 = 86_400_000;

/// The clock of one conversation; it only goes forward.
#[derive(Clone, Copy)]
pub(crate) struct Clock {
    now: i64,
}

impl Clock {
    /// A clock that shows `milliseconds` since 1970-01-01 UTC.
    pub(crate) fn at(milliseconds: i64) -> Self {
        Self { now: milliseconds }
    }

    /// The time in milliseconds.
    pub(crate) fn now(self) -> i64 {
        self.now
    }

    /// The time as transcripts write it: UTC, to the millisecond.
    pub(crate) fn text(self) -> String {
        text(self.now)
    }

    /// Lets time pass.
    pub(crate) fn pass(&mut self, milliseconds: u64) {
        self.now += milliseconds as i64;
    }

    /// Lets time pass until `milliseconds`, if that is still to come.
    pub(crate) fn pass_until(&mut self, milliseconds: i64) {
        self.now = self.now.max(milliseconds);
    }
}

/// `2026-08-20T09:30:00.125Z`.
pub(crate) fn text(milliseconds: i64) -> String {
    format!("{:.3}", timestamp(milliseconds))
}

/// `2026-08-20`, in UTC.
pub(crate) fn day(milliseconds: i64) -> String {
    timestamp(milliseconds)
        .to_zoned(TimeZone::UTC)
        .strftime("%Y-%m-%d")
        .to_string()
}

/// By a pattern of `strftime`, in UTC.
pub(crate) fn format(milliseconds: i64, pattern: &str) -> String {
    timestamp(milliseconds)
        .to_zoned(TimeZone::UTC)
        .strftime(pattern)
        .to_string()
}

fn timestamp(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(milliseconds).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::{day, text};

    #[test]
    fn times_are_written_to_the_millisecond() {
        assert_eq!(text(1_787_184_000_000), "2026-08-20T00:00:00.000Z");
        assert_eq!(text(1_787_184_000_120), "2026-08-20T00:00:00.120Z");
        assert_eq!(day(1_787_183_999_999), "2026-08-19");
    }
}
