//! The formats that Codex has used over time.

use crate::random::Random;

/// A format, by what differs in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Era {
    /// Before 0.150 or so: running totals only, no ids of responses; forks and
    /// subagents repeat the records of their origin.
    TotalsOnly,
    /// A usage record for each response, items with measured times; forks hold
    /// only what is new.
    UsageRecords,
}

impl Era {
    /// An era, the newer the likelier.
    pub(crate) fn pick(random: &mut Random) -> Self {
        random.weighted(&[(Self::TotalsOnly, 35), (Self::UsageRecords, 65)])
    }

    /// A version of the era.
    pub(crate) fn version(self, random: &mut Random) -> &'static str {
        random.pick(match self {
            Self::TotalsOnly => &["0.58.0", "0.77.0"],
            Self::UsageRecords => &["0.161.0", "0.169.0"],
        })
    }

    /// The models of the era, with how often they are used.
    pub(crate) fn models(self) -> &'static [(&'static str, u64)] {
        match self {
            Self::TotalsOnly => &[("gpt-5-codex", 70), ("gpt-5", 30)],
            Self::UsageRecords => &[
                ("gpt-5.1-codex", 70),
                ("gpt-5-mini", 28),
                ("house-model-7b", 2),
            ],
        }
    }
}
