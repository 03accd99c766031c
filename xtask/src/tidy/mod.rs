//! `cargo xtask tidy`: the rules of the house that no compiler knows. They
//! also run as a test, so that `cargo nextest run` finds what breaks them.

mod front_door;
mod manifests;
mod manual;
mod sources;

use crate::workspace;
use anyhow::{Context, bail};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A file that the checkout keeps, and its text.
struct Source {
    /// Its path from the root, with `/` between the folders.
    path: String,
    text: String,
}

pub(crate) fn run() -> anyhow::Result<()> {
    let complaints = complaints(&workspace::root())?;
    if complaints.is_empty() {
        println!("tidy");
        return Ok(());
    }
    for complaint in &complaints {
        eprintln!("{complaint}");
    }
    bail!("{} rules of the house are broken", complaints.len())
}

/// Everything that breaks a rule, as `path:line: what, and what to do`.
fn complaints(root: &Path) -> anyhow::Result<Vec<String>> {
    let sources = sources_below(root)?;
    let mut complaints = Vec::new();
    for source in &sources {
        sources::check(source, &mut complaints);
    }
    manifests::check(&sources, &mut complaints);
    manual::check(&sources, &mut complaints);
    front_door::check(&sources, &mut complaints);
    complaints.sort();
    Ok(complaints)
}

/// The texts that git keeps or would keep.
fn sources_below(root: &Path) -> anyhow::Result<Vec<Source>> {
    let mut git = Command::new("git");
    git.current_dir(root).args([
        "ls-files",
        "--cached",
        "--others",
        "--exclude-standard",
        "-z",
    ]);
    let listed = crate::process::output(&mut git).context("tidy asks git for the files")?;
    let mut paths: Vec<PathBuf> = listed
        .split('\0')
        .filter(|path| !path.is_empty())
        .map(PathBuf::from)
        .collect();
    paths.sort();
    paths.dedup();
    let mut sources = Vec::new();
    for path in paths {
        // Fixtures are what harnesses wrote, snapshots what tools wrote.
        let is_kept_as_is = path.components().any(|part| {
            ["fixtures", "recordings", "snapshots", "sample", "seeds"]
                .iter()
                .any(|name| part.as_os_str() == *name)
        });
        if is_kept_as_is {
            continue;
        }
        if let Ok(text) = fs::read_to_string(root.join(&path)) {
            sources.push(Source {
                path: path.to_string_lossy().replace('\\', "/"),
                text,
            });
        }
    }
    Ok(sources)
}

#[cfg(test)]
mod tests {
    use super::{Source, complaints};
    use crate::workspace;

    #[test]
    fn the_house_is_tidy() {
        let complaints = complaints(&workspace::root()).unwrap();
        assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
    }

    /// A source for the tests of single rules.
    pub(super) fn source(path: &str, text: &str) -> Source {
        Source {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }
}
