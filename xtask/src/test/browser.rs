//! The page in a real browser.

use super::steps::{Outcome, build_binary};
use super::tools;
use crate::{page, process, workspace};

/// Runs the page's browser tests against the built binary.
pub(super) fn run() -> anyhow::Result<Outcome> {
    let browser = tools::need_chromium()?;
    page::install_packages()?;
    let binary = build_binary()?;
    let mut tests = process::npm(&workspace::page_sources());
    tests
        .args(["run", "--silent", "e2e"])
        .env("DASHCAM_BIN", binary)
        .env("CHROMIUM_BIN", browser);
    process::run(&mut tests)?;
    Ok(Outcome::Passed)
}
