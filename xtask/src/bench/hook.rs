//! `cargo xtask bench hook`: what one event costs the agent that waits for it.
//!
//! The wall time of a whole process, from its start to its end, as a harness
//! sees it; beside it programs that do nothing, which nobody can be below.

use super::measure::median;
use crate::{process, workspace};
use anyhow::{Context, bail};
use clap::Args;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Instant;

/// How to measure the hook.
#[derive(Debug, Args)]
pub(super) struct Options {
    /// How many events of each program, one after the other
    #[arg(long, default_value_t = 200)]
    runs: usize,
    /// How many events at once, for the slowest of a hundred
    #[arg(long, default_value_t = 16)]
    parallel: usize,
    /// Measure this hook instead of building one
    #[arg(long, value_name = "FILE")]
    bin: Option<PathBuf>,
    /// Another hook to run beside it, such as a rival's: a shell's line
    #[arg(long, value_name = "NAME=LINE")]
    beside: Vec<String>,
}

/// A program that is run once for each event.
struct Program {
    name: String,
    words: Vec<String>,
}

impl Program {
    fn new(name: &str, words: &[&str]) -> Self {
        Self {
            name: name.to_owned(),
            words: words.iter().map(|&word| word.to_owned()).collect(),
        }
    }

    /// Milliseconds that one event takes.
    fn event(&self, data: &Path, payload: &[u8]) -> anyhow::Result<f64> {
        let begin = Instant::now();
        let mut child = Command::new(&self.words[0])
            .args(&self.words[1..])
            .env("DASHCAM_DATA_DIR", data)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", self.words[0]))?;
        if let Some(mut stdin) = child.stdin.take() {
            // A program that reads nothing closes its end.
            let _ = stdin.write_all(payload);
        }
        let status = child.wait()?;
        if !status.success() {
            bail!("{} failed ({status})", self.name);
        }
        Ok(begin.elapsed().as_secs_f64() * 1e3)
    }
}

pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let hook = match &options.bin {
        Some(binary) => binary.clone(),
        None => build()?,
    };
    let hook = hook.display().to_string();
    let mut programs = vec![
        Program::new("/bin/true", &["/bin/true"]),
        Program::new("dashcam-hook", &[&hook, "claude-code", "PreToolUse"]),
        Program::new("python3 -c pass", &["python3", "-c", "pass"]),
    ];
    for beside in &options.beside {
        let (name, line) = beside
            .split_once('=')
            .with_context(|| format!("`{beside}` is not NAME=LINE"))?;
        programs.push(Program::new(name, &["sh", "-c", line]));
    }
    let data = workspace::cache().join("hook-data");
    let payload = payload();
    let mut table = String::from(
        "| one event | least | median | 99 of 100 at once |\n| --- | --- | --- | --- |\n",
    );
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); programs.len()];
    // One after the other in turns, so that a busy moment falls on all of them.
    for _ in 0..options.runs.max(1) {
        for (program, times) in programs.iter().zip(&mut times) {
            times.push(program.event(&data, &payload)?);
        }
    }
    for (program, mut times) in programs.iter().zip(times) {
        let median = median(&mut times);
        let mut crowded = at_once(program, options, &data, &payload)?;
        crowded.sort_by(f64::total_cmp);
        let slow = crowded[(crowded.len() * 99 / 100).min(crowded.len() - 1)];
        let (name, least) = (&program.name, times[0]);
        writeln!(
            table,
            "| {name} | {least:.2} ms | {median:.2} ms | {slow:.1} ms |"
        )?;
    }
    std::fs::remove_dir_all(&data)
        .with_context(|| format!("the hook left nothing in {}", data.display()))?;
    println!(
        "{} events each of {} bytes, then {} at once\n\n{table}",
        options.runs.max(1),
        payload.len(),
        options.parallel.max(1)
    );
    Ok(())
}

/// The times of as many events, so many at once.
fn at_once(
    program: &Program,
    options: &Options,
    data: &Path,
    payload: &[u8],
) -> anyhow::Result<Vec<f64>> {
    let parallel = options.parallel.max(1);
    let each = options.runs.max(1).div_ceil(parallel).max(1);
    thread::scope(|scope| {
        let agents: Vec<_> = (0..parallel)
            .map(|_| {
                scope.spawn(move || {
                    (0..each)
                        .map(|_| program.event(data, payload))
                        .collect::<anyhow::Result<Vec<f64>>>()
                })
            })
            .collect();
        let mut all = Vec::new();
        for agent in agents {
            all.extend(
                agent
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))?,
            );
        }
        Ok(all)
    })
}

/// Builds the hook as it is shipped: on Linux without anything to load.
fn build() -> anyhow::Result<PathBuf> {
    let folder = workspace::target().join("hook-static");
    let mut cargo = process::cargo();
    cargo
        .args(["build", "--package", "dashcam-hook", "--profile", "hook"])
        .arg("--target-dir")
        .arg(&folder);
    if cfg!(target_os = "linux") {
        cargo.env(
            "RUSTFLAGS",
            "-C target-feature=+crt-static -C relocation-model=static",
        );
    }
    process::run(&mut cargo)?;
    Ok(folder.join("hook").join("dashcam-hook"))
}

/// What Claude Code tells before a tool call, of about two thousand bytes.
fn payload() -> Vec<u8> {
    let edit = "    let total = items.iter().map(Item::price).sum::<u64>();\\n".repeat(28);
    format!(
        "{{\"session_id\":\"5398f012-cf05-4774-b633-5a98d1714ed2\",\"transcript_path\":\
         \"/home/dev/.claude/projects/-home-dev-shop/5398f012.jsonl\",\"cwd\":\"/home/dev/shop\",\
         \"permission_mode\":\"default\",\"hook_event_name\":\"PreToolUse\",\"tool_name\":\"Edit\",\
         \"tool_use_id\":\"toolu_01\",\"tool_input\":{{\"file_path\":\"src/cart.rs\",\
         \"old_string\":\"x\",\"new_string\":\"{edit}\"}}}}"
    )
    .into_bytes()
}
