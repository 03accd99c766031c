//! The harnesses themselves, from npm, in a cache outside the checkout.

use anyhow::{Context, bail, ensure};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A harness as npm knows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Package {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    pub(crate) program: &'static str,
}

/// What npm says when it cannot reach its registry.
const UNREACHABLE: [&str; 6] = [
    "ECONNREFUSED",
    "ECONNRESET",
    "ENOTFOUND",
    "EAI_AGAIN",
    "ETIMEDOUT",
    "ENETUNREACH",
];

/// The program of a package, installed now if need be; `None`, with a loud
/// message, where there is no npm or npm cannot reach its registry. Any other
/// failure to install is one of the test.
pub(crate) fn program(package: Package) -> Option<PathBuf> {
    match installed(package) {
        Ok(program) => Some(program),
        Err(problem) if is_unreachable(&problem) => {
            let problem = format!("{problem:#}");
            let line = "=".repeat(67);
            eprintln!();
            eprintln!("SKIPPED {line}");
            eprintln!(
                "SKIPPED  {}@{} cannot be installed",
                package.name, package.version
            );
            eprintln!("SKIPPED  {}", problem.lines().next().unwrap_or_default());
            eprintln!("SKIPPED  this test has checked NOTHING");
            eprintln!("SKIPPED {line}");
            None
        }
        Err(problem) => panic!("{}@{}: {problem:#}", package.name, package.version),
    }
}

fn is_unreachable(problem: &anyhow::Error) -> bool {
    let is_npm_missing = problem
        .downcast_ref::<std::io::Error>()
        .is_some_and(|error| error.kind() == std::io::ErrorKind::NotFound);
    let words = format!("{problem:#}");
    is_npm_missing || UNREACHABLE.iter().any(|word| words.contains(word))
}

fn installed(package: Package) -> anyhow::Result<PathBuf> {
    let slug = package.name.replace(['@', '/'], "-");
    let folder = cache()?.join(format!("npm{slug}-{}", package.version));
    let program = folder.join("node_modules/.bin").join(package.program);
    let done = folder.join("installed");
    if done.exists() {
        return Ok(program);
    }
    fs::create_dir_all(&folder)?;
    // Tests run side by side: one installs, the others wait.
    let lock = File::create(folder.join("lock"))?;
    lock.lock()?;
    if !done.exists() {
        install(package, &folder)?;
        fs::write(&done, "")?;
    }
    Ok(program)
}

fn install(package: Package, folder: &Path) -> anyhow::Result<()> {
    let output = Command::new("npm")
        .args(["install", "--no-audit", "--no-fund", "--loglevel=error"])
        .args(["--fetch-retries=0", "--fetch-timeout=60000"])
        .arg("--prefix")
        .arg(folder)
        .arg(format!("{}@{}", package.name, package.version))
        .stdin(Stdio::null())
        .output()
        .context("cannot run npm")?;
    if !output.status.success() {
        bail!(
            "npm install failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    let program = folder.join("node_modules/.bin").join(package.program);
    ensure!(
        program.exists(),
        "{} is missing after npm install",
        program.display()
    );
    Ok(())
}

fn cache() -> anyhow::Result<PathBuf> {
    if let Some(folder) = std::env::var_os("DASHCAM_TEST_CACHE") {
        return Ok(folder.into());
    }
    let home = std::env::var_os("HOME").context("neither DASHCAM_TEST_CACHE nor HOME is set")?;
    Ok(Path::new(&home).join(".cache/dashcam-tests"))
}
