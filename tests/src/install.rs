//! Programs of others, from npm and `PyPI`, in a cache outside the checkout.

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

/// What npm and pip say when they cannot reach their registry.
const UNREACHABLE: [&str; 9] = [
    "ECONNREFUSED",
    "ECONNRESET",
    "ENOTFOUND",
    "EAI_AGAIN",
    "ETIMEDOUT",
    "ENETUNREACH",
    "NewConnectionError",
    "NameResolutionError",
    "ConnectTimeoutError",
];

/// The program of a package, installed now if need be; `None`, with a loud
/// message, where there is no npm or npm cannot reach its registry. Any other
/// failure to install is one of the test.
pub(crate) fn program(package: Package) -> Option<PathBuf> {
    program_with(package, &[])
}

/// The same, with other packages in the folder beside it: what runs it.
pub(crate) fn program_with(package: Package, beside: &[&str]) -> Option<PathBuf> {
    let slug = package.name.replace(['@', '/'], "-");
    let folder = once(
        &format!("npm{slug}-{}", package.version),
        &format!("{}@{}", package.name, package.version),
        |folder| install(package, beside, folder),
    )?;
    Some(folder.join("node_modules/.bin").join(package.program))
}

/// A Python environment with a package of `PyPI` in it; `None` as with
/// [`program`].
pub(crate) fn python_environment(package: &str, version: &str) -> Option<PathBuf> {
    let package = format!("{package}=={version}");
    once(&format!("pip-{package}"), &package, |folder| {
        let environment = folder.join("environment");
        let mut venv = Command::new("python3");
        carry_out(venv.args(["-m", "venv"]).arg(&environment))?;
        let mut pip = Command::new(environment.join("bin/pip"));
        carry_out(
            pip.args(["install", "--quiet", "--retries=0"])
                .arg(&package),
        )
    })
    .map(|folder| folder.join("environment"))
}

/// A folder of the cache in which something was installed once and for all.
fn once(slug: &str, what: &str, install: impl Fn(&Path) -> anyhow::Result<()>) -> Option<PathBuf> {
    match installed(slug, install) {
        Ok(folder) => Some(folder),
        Err(problem) if is_unreachable(&problem) => {
            let problem = format!("{problem:#}");
            let line = "=".repeat(67);
            eprintln!();
            eprintln!("SKIPPED {line}");
            eprintln!("SKIPPED  {what} cannot be installed");
            eprintln!("SKIPPED  {}", problem.lines().next().unwrap_or_default());
            eprintln!("SKIPPED  this test has checked NOTHING");
            eprintln!("SKIPPED {line}");
            None
        }
        Err(problem) => panic!("{what}: {problem:#}"),
    }
}

fn is_unreachable(problem: &anyhow::Error) -> bool {
    let is_installer_missing = problem
        .downcast_ref::<std::io::Error>()
        .is_some_and(|error| error.kind() == std::io::ErrorKind::NotFound);
    let words = format!("{problem:#}");
    is_installer_missing || UNREACHABLE.iter().any(|word| words.contains(word))
}

fn installed(slug: &str, install: impl Fn(&Path) -> anyhow::Result<()>) -> anyhow::Result<PathBuf> {
    let folder = cache()?.join(slug);
    let done = folder.join("installed");
    if done.exists() {
        return Ok(folder);
    }
    fs::create_dir_all(&folder)?;
    // Tests run side by side: one installs, the others wait.
    let lock = File::create(folder.join("lock"))?;
    lock.lock()?;
    if !done.exists() {
        install(&folder)?;
        fs::write(&done, "")?;
    }
    Ok(folder)
}

/// Runs an installer to its end.
fn carry_out(command: &mut Command) -> anyhow::Result<()> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {}", command.get_program().display()))?;
    if !output.status.success() {
        bail!(
            "{} failed: {}",
            command.get_program().display(),
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(())
}

fn install(package: Package, beside: &[&str], folder: &Path) -> anyhow::Result<()> {
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--loglevel=error"])
        .args(["--fetch-retries=0", "--fetch-timeout=60000"])
        .arg("--prefix")
        .arg(folder)
        .arg(format!("{}@{}", package.name, package.version))
        .args(beside)
        // A dependency of Oh My Pi would fetch a browser.
        .env("PUPPETEER_SKIP_DOWNLOAD", "1");
    carry_out(&mut npm)?;
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
