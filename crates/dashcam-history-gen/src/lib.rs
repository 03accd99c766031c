//! Makes coding-agent history of any size, together with the truth about it.
//!
//! [`generate`] writes a home folder as Claude Code and Codex would leave it
//! after weeks of work, and returns a [`Manifest`] that says how many calls
//! and tokens of each kind it holds. A reader's numbers can so be checked, and
//! not only its speed. The same [`Options`] give the same bytes on any
//! machine: no clock, no floating point, no random source but its own.
//!
//! What is hard about real history is in it, and counted in
//! [`Manifest::traps`]: responses written as several lines, partial token
//! counts, copied history (also cut in the middle of a response), subagents in
//! four layouts, edited prompts, compaction, torn lines, calls across midnight.
//!
//! It must never use dashcam's own decoders or vocabulary: it is what they are
//! measured against.

mod claude_code;
mod clock;
mod codex;
mod error;
mod folder;
mod json;
mod manifest;
mod prose;
mod random;
mod truth;
mod world;

pub use error::GenerateError;
pub use manifest::{Counts, Manifest, Needle, SessionTruth};

use folder::Folder;
use std::path::PathBuf;
use world::World;

/// Raised whenever the same options begin to give other bytes.
pub const VERSION: u32 = 1;

/// What history to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The folder that becomes the home; made if it does not exist.
    pub out: PathBuf,
    /// How much to write, in millions of bytes before compression.
    pub megabytes: u64,
    /// Another seed gives another history.
    pub seed: u64,
    /// Whose history to write.
    pub harness: HarnessChoice,
    /// The day after the last one, in days since 1970-01-01.
    pub end_day: i64,
    /// How many days the history covers.
    pub days: u32,
    /// How many of a hundred sessions are copies of an earlier one that go on
    /// in their own way.
    pub fork_percent: u32,
}

impl Options {
    /// History of both harnesses over the ninety days before 2026-08-20, with
    /// four forks in a hundred sessions.
    pub fn new(out: impl Into<PathBuf>, megabytes: u64) -> Self {
        Self {
            out: out.into(),
            megabytes,
            seed: 20_260_820,
            harness: HarnessChoice::Both,
            end_day: 20_685,
            days: 90,
            fork_percent: 4,
        }
    }
}

/// Whose history to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HarnessChoice {
    /// Only Claude Code's.
    ClaudeCode,
    /// Only Codex's.
    Codex,
    /// Two thirds Claude Code's, one third Codex's.
    Both,
}

/// Writes history below `options.out` and `manifest.json` beside it, and
/// returns what that manifest holds.
pub fn generate(options: &Options) -> Result<Manifest, GenerateError> {
    let bytes = options.megabytes * 1_000_000;
    let (claude_code_bytes, codex_bytes) = match options.harness {
        HarnessChoice::ClaudeCode => (bytes, 0),
        HarnessChoice::Codex => (0, bytes),
        HarnessChoice::Both => (bytes / 3 * 2, bytes - bytes / 3 * 2),
    };
    let mut world = World::new(options);
    let mut folder = Folder::at(&options.out);
    claude_code::write_history(&mut world, &mut folder, claude_code_bytes)?;
    codex::write_history(&mut world, &mut folder, codex_bytes)?;

    let manifest = world.truth.into_manifest(options, &folder.summary());
    folder.write_manifest(&manifest)?;
    Ok(manifest)
}
