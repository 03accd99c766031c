//! ccusage beside dashcam: usage reports straight from transcripts.

use super::disk;
use super::figures::{Report, Who};
use super::history::History;
use super::measure::{median_seconds, run};
use crate::{process, workspace};
use anyhow::Context;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Measures ccusage where it installs; a note where it does not.
pub(super) fn measure(history: &History, runs: usize, report: &mut Report) {
    if let Err(error) = try_measure(history, runs, report) {
        report.note(format!("ccusage was not measured: {error:#}"));
    }
}

fn try_measure(history: &History, runs: usize, report: &mut Report) -> anyhow::Result<()> {
    let program = install()?;
    let seconds = median_seconds(runs, || daily(&program, &history.home))?;
    report.rival(Who::Ccusage, disk::FROM_DISK, history.megabytes() / seconds);
    let measured = run(&mut daily(&program, &history.home))?;
    let found: Value =
        serde_json::from_slice(&measured.stdout).context("ccusage printed no JSON")?;
    report.verdict(
        Who::Ccusage,
        "tokens in all",
        differences(&found["totals"], history),
    );
    let version = process::output(Command::new(&program).arg("--version"))?;
    report.note(format!("{} of npm, offline prices", version.trim()));
    Ok(())
}

/// Installs it into the cache, once. Some releases name a native binary that
/// was never published; then the release of the latest one there is is taken.
fn install() -> anyhow::Result<PathBuf> {
    let folder = workspace::cache().join("ccusage");
    let program = folder.join("node_modules/.bin/ccusage");
    if works(&program) {
        return Ok(program);
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let install = |package: &str| {
        let mut npm = process::npm(&folder);
        process::output(
            npm.args(["install", "--no-progress", "--prefix", "."])
                .arg(package),
        )
    };
    install("ccusage")?;
    if !works(&program) {
        let (system, processor) = (
            std::env::consts::OS.replace("macos", "darwin"),
            std::env::consts::ARCH,
        );
        let processor = processor
            .replace("x86_64", "x64")
            .replace("aarch64", "arm64");
        let native = format!("@ccusage/ccusage-{system}-{processor}");
        let version = process::output(process::npm(&folder).args(["view", &native, "version"]))?;
        install(&format!("ccusage@{}", version.trim()))?;
    }
    anyhow::ensure!(works(&program), "it does not start after its installation");
    Ok(program)
}

fn works(program: &Path) -> bool {
    process::output(Command::new(program).arg("--version"))
        .is_ok_and(|version| version.contains("ccusage"))
}

fn daily(program: &Path, home: &Path) -> Command {
    let mut command = Command::new(program);
    command
        .args(["daily", "--json", "--offline"])
        .env("HOME", home)
        .env("TZ", "UTC");
    command
        .env_remove("CLAUDE_CONFIG_DIR")
        .env_remove("CODEX_HOME");
    command
}

/// What differs between a rival's totals and the truth.
pub(super) fn differences(totals: &Value, history: &History) -> Vec<String> {
    let truth = &history.manifest.total;
    let written = truth.cache_write_5m + truth.cache_write_1h;
    let expected = [
        ("inputTokens", truth.prompt - truth.cache_read - written),
        ("cacheCreationTokens", written),
        ("cacheReadTokens", truth.cache_read),
        ("outputTokens", truth.completion),
    ];
    let wrong = expected.iter().filter_map(|(kind, expected)| {
        let found = totals[kind].as_u64()?;
        (found != *expected).then(|| format!("{kind} {found} instead of {expected}"))
    });
    wrong.collect()
}
