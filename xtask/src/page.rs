//! `cargo xtask page`: the page, built by npm and laid where the server's
//! crate takes it from. No build script ever does this.

use crate::{process, workspace};
use anyhow::{Context, bail};
use clap::Args;
use std::fs;
use std::path::Path;
use walkdir::WalkDir;

/// What npm and the page's tools make; none of it is a source.
const MADE: &[&str] = &[
    "node_modules",
    "dist",
    "test-results",
    "playwright-report",
    "coverage",
];

/// How to build the page.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Build it even if nothing changed
    #[arg(long)]
    force: bool,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    if options.force {
        build()
    } else {
        build_if_changed()
    }
}

/// Builds the page unless it was built from the same sources before.
pub(crate) fn build_if_changed() -> anyhow::Result<()> {
    let built = fs::read_to_string(stamp()).unwrap_or_default();
    let is_there = |folder: std::path::PathBuf| folder.join("index.html").is_file();
    let is_laid_out =
        is_there(workspace::embedded_page()) && is_there(workspace::page_sources().join("dist"));
    if is_laid_out && built == fingerprint()? {
        return Ok(());
    }
    build()
}

/// Builds the page, and lays it where the server takes it from.
pub(crate) fn build() -> anyhow::Result<()> {
    install_packages()?;
    eprintln!("building the page");
    process::run(process::npm(&workspace::page_sources()).args(["run", "--silent", "build"]))?;
    lay_out()?;
    let stamp = stamp();
    if let Some(folder) = stamp.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    fs::write(&stamp, fingerprint()?).with_context(|| format!("cannot write {}", stamp.display()))
}

/// Installs the page's packages, if those that it names changed.
pub(crate) fn install_packages() -> anyhow::Result<()> {
    let folder = workspace::page_sources();
    if process::find(&["npm", "npm.cmd"]).is_none() {
        bail!("npm was not found: install Node.js 20.19 or later, the page is built with it");
    }
    let lock = folder.join("package-lock.json");
    let wanted = fs::read(&lock).with_context(|| format!("cannot read {}", lock.display()))?;
    let note = folder.join("node_modules/.dashcam-lock");
    let wanted = blake3::hash(&wanted).to_hex().to_string();
    if fs::read_to_string(&note).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    eprintln!("installing the page's packages");
    // Registries do not always carry the packages for every platform that a
    // lock file should name; `npm ci` then refuses the file as incomplete,
    // though everything that this machine needs is in it.
    if let Err(error) = process::output(process::npm(&folder).args(["ci", "--no-progress"])) {
        if !error.to_string().contains("EUSAGE") {
            return Err(error);
        }
        process::run(process::npm(&folder).args(["install", "--no-save", "--no-progress"]))?;
    }
    fs::write(&note, wanted).with_context(|| format!("cannot write {}", note.display()))
}

/// Copies the built page into the server's crate.
fn lay_out() -> anyhow::Result<()> {
    let built = workspace::page_sources().join("dist");
    let target = workspace::embedded_page();
    if target.exists() {
        fs::remove_dir_all(&target)
            .with_context(|| format!("cannot clear {}", target.display()))?;
    }
    for entry in WalkDir::new(&built).sort_by_file_name() {
        let entry = entry.context("the page's build left nothing to copy")?;
        let place = target.join(entry.path().strip_prefix(&built)?);
        let made = if entry.file_type().is_dir() {
            fs::create_dir_all(&place)
        } else {
            fs::copy(entry.path(), &place).map(drop)
        };
        made.with_context(|| format!("cannot write {}", place.display()))?;
    }
    Ok(())
}

/// A hash of every source of the page.
fn fingerprint() -> anyhow::Result<String> {
    fingerprint_of(&workspace::page_sources())
}

fn fingerprint_of(folder: &Path) -> anyhow::Result<String> {
    let mut hasher = blake3::Hasher::new();
    let is_source = |entry: &walkdir::DirEntry| {
        entry.depth() != 1 || !MADE.iter().any(|name| entry.file_name() == *name)
    };
    for entry in WalkDir::new(folder)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(is_source)
    {
        let entry = entry.context("cannot list the page's sources")?;
        if entry.file_type().is_file() {
            let content = fs::read(entry.path())
                .with_context(|| format!("cannot read {}", entry.path().display()))?;
            hasher.update(
                entry
                    .path()
                    .strip_prefix(folder)?
                    .to_string_lossy()
                    .as_bytes(),
            );
            hasher.update(blake3::hash(&content).as_bytes());
        }
    }
    Ok(hasher.finalize().to_hex().to_string())
}

fn stamp() -> std::path::PathBuf {
    workspace::target().join("xtask/page-stamp")
}

#[cfg(test)]
mod tests {
    use super::fingerprint_of;
    use std::fs;

    #[test]
    fn a_changed_source_changes_the_fingerprint_and_a_made_file_does_not() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("src/dist")).unwrap();
        fs::create_dir_all(folder.path().join("dist")).unwrap();
        fs::write(folder.path().join("src/dist/a.ts"), "1").unwrap();
        let before = fingerprint_of(folder.path()).unwrap();
        fs::write(folder.path().join("dist/a.js"), "1").unwrap();
        assert_eq!(fingerprint_of(folder.path()).unwrap(), before);
        fs::write(folder.path().join("src/dist/a.ts"), "2").unwrap();
        assert_ne!(fingerprint_of(folder.path()).unwrap(), before);
    }
}
