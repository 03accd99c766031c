//! The fast way to token counts: straight from a file's lines.

use dashcam_trace::{Credits, Money, Timestamp, Tokens};

/// Usage of one model call, as far as one record tells.
///
/// A response may be recorded several times: in the lines of its blocks, in a
/// fork's copy. The record with the most completion tokens is the whole one;
/// of equals the later in its file counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UsageRecord<'a> {
    /// A hash of the response's id among all sessions of the harness.
    pub response: u64,
    /// When the response was recorded.
    pub at: Timestamp,
    /// The model that answered.
    pub model: &'a str,
    /// Its provider, where the harness tells.
    pub provider: Option<&'a str>,
    /// The response's tokens.
    pub tokens: Tokens,
    /// The cost that the harness reported.
    pub cost: Option<Money>,
    /// What the harness's maker charged in a unit of their own.
    pub credits: Option<Credits>,
    /// The session that the record stands in.
    pub session: &'a str,
    /// Its working directory.
    pub cwd: &'a str,
    /// Its git branch.
    pub branch: &'a str,
    /// The address of its git remote, where the harness tells.
    pub remote: Option<&'a str>,
    /// The service tier that answered, where the harness tells.
    pub service_tier: Option<&'a str>,
    /// The speed that was asked for, where the harness tells.
    pub speed: Option<&'a str>,
}

/// The hash that stands for a response's id in [`UsageRecord::response`].
pub fn response_hash(response_id: &str) -> u64 {
    let mut first = [0; 8];
    first.copy_from_slice(&blake3::hash(response_id.as_bytes()).as_bytes()[..8]);
    u64::from_le_bytes(first)
}

/// Finds usage in the lines of one file.
pub trait UsageScanner: Send {
    /// Looks at the next line (without line end; of a `.json` file at all of
    /// it) and reports the usage it records, if any. Lines that are not what they should be are skipped.
    fn line(&mut self, line: &[u8], report: &mut dyn FnMut(UsageRecord<'_>));
}
