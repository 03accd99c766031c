//! The steps of `cargo xtask test`.

use super::{browser, tools};
use crate::process::{self, run};
use crate::{page, tidy, workspace};
use anyhow::{Context, bail};
use std::fs;
use std::process::Command;

/// One step.
pub(super) struct Step {
    /// What it is called on the command line.
    pub(super) name: &'static str,
    /// What it checks.
    pub(super) what: &'static str,
    /// Whether `--fast` leaves it out.
    pub(super) slow: bool,
    /// Checks it.
    pub(super) run: fn() -> anyhow::Result<Outcome>,
}

/// How a step ended, if it did not fail.
pub(super) enum Outcome {
    /// Everything holds.
    Passed,
    /// It could not be checked, for this reason.
    Skipped(String),
}

/// The names of the end-to-end tests that run real harnesses.
const HARNESS_TESTS: &str = "package(dashcam-e2e)";

/// Every step, in order: the quick ones first, and what others need before them.
pub(super) const STEPS: &[Step] = &[
    Step {
        name: "tidy",
        what: "the rules of the house",
        slow: false,
        run: tidy_house,
    },
    Step {
        name: "format",
        what: "rustfmt",
        slow: false,
        run: format,
    },
    Step {
        name: "page-install",
        what: "the page's packages",
        slow: false,
        run: page_install,
    },
    Step {
        name: "page-types",
        what: "the page's types",
        slow: false,
        run: || page_script("check"),
    },
    Step {
        name: "page-api",
        what: "the page's API types, generated from the API's document",
        slow: false,
        run: || page_script("types:check"),
    },
    Step {
        name: "page-lint",
        what: "the page's lints",
        slow: false,
        run: || page_script("lint"),
    },
    Step {
        name: "page-tests",
        what: "the page's unit tests",
        slow: false,
        run: || page_script("test"),
    },
    Step {
        name: "page-build",
        what: "the page, into the server's folder",
        slow: false,
        run: page_build,
    },
    Step {
        name: "clippy",
        what: "clippy, warnings denied",
        slow: false,
        run: clippy,
    },
    Step {
        name: "tests",
        what: "the Rust tests",
        slow: false,
        run: rust_tests,
    },
    Step {
        name: "doctests",
        what: "the examples in doc comments",
        slow: false,
        run: doctests,
    },
    Step {
        name: "licences",
        what: "licences and advisories of the dependencies",
        slow: false,
        run: licences,
    },
    Step {
        name: "harnesses",
        what: "real harnesses against the model server",
        slow: true,
        run: harnesses,
    },
    Step {
        name: "browser",
        what: "the page in a real browser",
        slow: true,
        run: browser::run,
    },
    Step {
        name: "fuzz",
        what: "the fuzz targets, a short run each",
        slow: true,
        run: fuzz,
    },
];

fn tidy_house() -> anyhow::Result<Outcome> {
    tidy::run()?;
    Ok(Outcome::Passed)
}

fn format() -> anyhow::Result<Outcome> {
    tools::need_component("rustfmt")?;
    run(process::cargo().args(["fmt", "--all", "--check"]))?;
    Ok(Outcome::Passed)
}

fn page_install() -> anyhow::Result<Outcome> {
    tools::need_node()?;
    page::install_packages()?;
    Ok(Outcome::Passed)
}

fn page_script(name: &str) -> anyhow::Result<Outcome> {
    page::install_packages()?;
    run(process::npm(&workspace::page_sources()).args(["run", "--silent", name]))?;
    Ok(Outcome::Passed)
}

fn page_build() -> anyhow::Result<Outcome> {
    page::build()?;
    Ok(Outcome::Passed)
}

fn clippy() -> anyhow::Result<Outcome> {
    tools::need_component("clippy")?;
    page::build_if_changed()?;
    run(process::cargo().args([
        "clippy",
        "--workspace",
        "--all-targets",
        "--all-features",
        "--",
        "--deny",
        "warnings",
    ]))?;
    Ok(Outcome::Passed)
}

fn rust_tests() -> anyhow::Result<Outcome> {
    page::build_if_changed()?;
    tools::need_nextest()?;
    run(process::cargo()
        .args([
            "nextest",
            "run",
            "--workspace",
            "--all-features",
            "--no-fail-fast",
        ])
        .args(["--filterset", &format!("not {HARNESS_TESTS}")]))?;
    Ok(Outcome::Passed)
}

fn doctests() -> anyhow::Result<Outcome> {
    run(process::cargo().args(["test", "--workspace", "--all-features", "--doc"]))?;
    Ok(Outcome::Passed)
}

fn licences() -> anyhow::Result<Outcome> {
    if process::find(&["cargo-deny"]).is_none() {
        return Ok(Outcome::Skipped(
            "cargo-deny is not installed (cargo install --locked cargo-deny)".to_owned(),
        ));
    }
    // Advisories need the network; licences, sources and bans do not.
    run(process::cargo().args([
        "deny",
        "--all-features",
        "check",
        "licenses",
        "bans",
        "sources",
    ]))?;
    Ok(Outcome::Passed)
}

fn harnesses() -> anyhow::Result<Outcome> {
    tools::need_node()?;
    tools::need_nextest()?;
    let binary = build_binary()?;
    run(process::cargo()
        .args([
            "nextest",
            "run",
            "--workspace",
            "--all-features",
            "--no-fail-fast",
            "--success-output",
            "final",
        ])
        .args(["--filterset", HARNESS_TESTS])
        .env("DASHCAM_BIN", binary))?;
    Ok(Outcome::Passed)
}

fn fuzz() -> anyhow::Result<Outcome> {
    const SECONDS: &str = "-max_total_time=10";
    if process::find(&["cargo-fuzz"]).is_none() {
        return Ok(Outcome::Skipped(
            "cargo-fuzz is not installed (cargo install --locked cargo-fuzz)".to_owned(),
        ));
    }
    let is_nightly = process::works(Command::new("cargo").args(["+nightly", "--version"]));
    if !is_nightly {
        return Ok(Outcome::Skipped(
            "fuzzing needs a nightly toolchain (rustup toolchain install nightly)".to_owned(),
        ));
    }
    let mut seeds = process::cargo();
    seeds.args(["run", "--quiet", "--package", "dashcam-fixtures"]);
    run(seeds.args(["--bin", "fuzz-seeds"]))?;
    for target in fuzz_targets()? {
        let mut fuzz = Command::new("cargo");
        fuzz.current_dir(workspace::root())
            .args(["+nightly", "fuzz", "run", &target, "--", SECONDS]);
        run(&mut fuzz)?;
    }
    Ok(Outcome::Passed)
}

fn fuzz_targets() -> anyhow::Result<Vec<String>> {
    let folder = workspace::root().join("fuzz/fuzz_targets");
    let mut targets = Vec::new();
    for entry in
        fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?
    {
        let path = entry?.path();
        if let Some(name) = path
            .file_stem()
            .filter(|_| path.extension().is_some_and(|ending| ending == "rs"))
        {
            targets.push(name.to_string_lossy().into_owned());
        }
    }
    targets.sort();
    Ok(targets)
}

/// Builds `dashcam` as the tests build it, and returns where it lies.
pub(super) fn build_binary() -> anyhow::Result<std::path::PathBuf> {
    page::build_if_changed()?;
    run(process::cargo().args(["build", "--workspace", "--all-features", "--bins"]))?;
    let binary = workspace::built("debug", "dashcam");
    if !binary.is_file() {
        bail!("{} was built but is not there", binary.display());
    }
    Ok(binary)
}
