//! The tools that the steps need, installed where that can be done.

use crate::process::{self, find, output, run, works};
use anyhow::{Context, bail};
use std::path::PathBuf;
use std::process::Command;

/// The oldest Node.js that builds the page: major and minor version.
const OLDEST_NODE: (u32, u32) = (20, 19);

/// A component of the Rust toolchain.
pub(super) fn need_component(name: &str) -> anyhow::Result<()> {
    let subcommand = if name == "rustfmt" { "fmt" } else { name };
    if works(process::cargo().args([subcommand, "--version"])) {
        return Ok(());
    }
    println!("installing {name}");
    run(Command::new("rustup").args(["component", "add", name])).with_context(|| {
        format!("{name} is missing: install it with `rustup component add {name}`")
    })
}

/// cargo-nextest, which runs the Rust tests.
pub(super) fn need_nextest() -> anyhow::Result<()> {
    if works(process::cargo().args(["nextest", "--version"])) {
        return Ok(());
    }
    println!("installing cargo-nextest (once, some minutes)");
    run(process::cargo().args(["install", "--locked", "cargo-nextest"]))
        .context("cargo-nextest could not be installed: see https://nexte.st for other ways")
}

/// Node.js and npm.
pub(super) fn need_node() -> anyhow::Result<()> {
    let version = output(Command::new("node").arg("--version"))
        .context("Node.js was not found: install version 20.19 or later, with npm")?;
    let mut numbers = version
        .trim()
        .trim_start_matches('v')
        .split('.')
        .map_while(|part| part.parse::<u32>().ok());
    let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if found < OLDEST_NODE {
        let (major, minor) = OLDEST_NODE;
        bail!(
            "Node.js {} is too old: install version {major}.{minor} or later",
            version.trim()
        );
    }
    if find(&["npm", "npm.cmd"]).is_none() {
        bail!("npm was not found: it comes with Node.js, or as a package of its own");
    }
    Ok(())
}

/// A Chromium that the browser tests can drive.
pub(super) fn need_chromium() -> anyhow::Result<PathBuf> {
    const NAMES: &[&str] = &[
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
    ];
    if let Some(chosen) = std::env::var_os("CHROMIUM") {
        return Ok(PathBuf::from(chosen));
    }
    if let Some(found) = find(NAMES) {
        return Ok(found);
    }
    if find(&["apt-get"]).is_none() || !is_root() {
        bail!("no Chromium was found: install the package chromium, or name one in CHROMIUM");
    }
    println!("installing Chromium");
    run(Command::new("apt-get").args(["update", "-qq"]))?;
    run(Command::new("apt-get")
        .args(["install", "-y", "-qq", "chromium"])
        .env("DEBIAN_FRONTEND", "noninteractive"))?;
    find(NAMES).context("Chromium was installed but is not on the path: name it in CHROMIUM")
}

fn is_root() -> bool {
    output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0")
}
