//! The files that every reader of the project looks for are there.

use super::Source;

const EXPECTED: &[&str] = &[
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "LICENSE-MIT",
    "LICENSE-APACHE",
    "deny.toml",
    ".ci/run",
];

/// Checks that they are there and say something.
pub(super) fn check(sources: &[Source], complaints: &mut Vec<String>) {
    for path in EXPECTED {
        if !sources
            .iter()
            .any(|source| source.path == *path && !source.text.trim().is_empty())
        {
            complaints.push(format!("{path}: it is missing or empty"));
        }
    }
}
