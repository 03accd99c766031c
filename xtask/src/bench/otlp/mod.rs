//! `cargo xtask bench otlp`: how fast spans that come over OTLP can be asked
//! for, what is refused, and what a kill costs, with a real Phoenix beside it
//! on the same spans.

mod load;
mod receiver;
mod send;

use crate::workspace;
use anyhow::{Context, bail};
use clap::Args;
use load::Request;
use receiver::{Kind, Receiver};
use send::Sent;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// How long a receiver may be without getting any further.
const PATIENCE: Duration = Duration::from_mins(1);
/// A receiver that shows nothing more for this long has shown all that it has.
const SETTLED: Duration = Duration::from_secs(8);

/// What to measure.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How many spans
    #[arg(long, default_value_t = 50_000)]
    spans: usize,
    /// How many of them before the kill
    #[arg(long, default_value_t = 10_240)]
    spans_before_kill: usize,
    /// How many connections send at once
    #[arg(long, default_value_t = 4)]
    connections: usize,
    /// Measure Phoenix beside it, with the first so many of the same spans
    #[arg(long, value_name = "SPANS")]
    phoenix: Option<usize>,
    /// The folder of a virtual environment with `arize-phoenix`
    #[arg(long, value_name = "FOLDER", env = "DASHCAM_PHOENIX_VENV")]
    phoenix_venv: Option<PathBuf>,
    /// Measure this binary instead of building one
    #[arg(long, value_name = "FILE")]
    bin: Option<PathBuf>,
    /// The profile to build with
    #[arg(long, default_value = "release")]
    profile: String,
}

/// What was found of one receiver.
struct Figures {
    who: String,
    spans: usize,
    megabytes: f64,
    acknowledged: f64,
    shown: f64,
    refused: u64,
    processor_seconds: Option<f64>,
    peak_bytes: Option<u64>,
    disk_bytes: u64,
    killed_after: usize,
    lost: usize,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let binary = match &options.bin {
        Some(binary) => {
            fs::canonicalize(binary).with_context(|| format!("cannot find {}", binary.display()))?
        }
        None => super::build(&options.profile)?,
    };
    eprintln!("making {} spans", options.spans);
    let requests = load::requests(options.spans);
    let mut figures = vec![measure(
        &Kind::Dashcam(binary),
        &requests,
        options,
        options.spans,
    )?];
    if let Some(spans) = options.phoenix {
        let folder = options
            .phoenix_venv
            .clone()
            .unwrap_or_else(|| workspace::cache().join("phoenix"));
        match measure(&Kind::Phoenix(folder), &requests, options, spans) {
            Ok(found) => figures.push(found),
            Err(error) => eprintln!("Phoenix was not measured in full: {error:#}"),
        }
    }
    println!("{}", table(&figures));
    let dashcam = &figures[0];
    if dashcam.lost > 0 || dashcam.refused > 0 {
        bail!(
            "dashcam lost {} and refused {} of what it should have kept",
            dashcam.lost,
            dashcam.refused
        );
    }
    Ok(())
}

fn measure(
    kind: &Kind,
    requests: &[Request],
    options: &Options,
    spans: usize,
) -> anyhow::Result<Figures> {
    let folder = workspace::cache().join("otlp").join(kind.name());
    let all = first(requests, spans);
    let data = fresh(&folder.join("all"))?;
    eprintln!("{}: {} spans", kind.name(), load::count(all));
    let mut receiver = Receiver::start(kind, &data)?;
    let idle = receiver.processor_seconds();
    let begin = Instant::now();
    let Sent { refused, seconds } = send::all(&receiver.traces_url(), all, options.connections)?;
    wait_until_shown(&mut receiver, load::count(all))?;
    let shown = begin.elapsed().as_secs_f64();
    let busy = receiver.processor_seconds();
    let processor_seconds = busy.zip(idle).map(|(busy, idle)| busy - idle);
    let peak_bytes = receiver.peak_memory();
    // What is still on its way to its place on the disk.
    thread::sleep(Duration::from_secs(3));
    let disk_bytes = super::disk::size_of(&data);
    drop(receiver);

    let some = first(requests, options.spans_before_kill.min(spans));
    let data = fresh(&folder.join("killed"))?;
    let receiver = Receiver::start(kind, &data)?;
    send::all(&receiver.traces_url(), some, options.connections)?;
    receiver.kill();
    let mut receiver = Receiver::start(kind, &data)?;
    let kept = settled(&mut receiver, load::count(some))?;
    Ok(Figures {
        who: kind.name().to_owned(),
        spans: load::count(all),
        megabytes: load::bytes(all) as f64 / 1e6,
        acknowledged: seconds,
        shown,
        refused,
        processor_seconds,
        peak_bytes,
        disk_bytes,
        killed_after: load::count(some),
        lost: load::count(some) - kept.min(load::count(some)),
    })
}

/// The first requests that hold about so many spans.
fn first(requests: &[Request], spans: usize) -> &[Request] {
    let mut count = 0;
    let end = requests.iter().position(|request| {
        let is_enough = count >= spans;
        count += request.spans;
        is_enough
    });
    &requests[..end.unwrap_or(requests.len())]
}

fn fresh(folder: &Path) -> anyhow::Result<PathBuf> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot clear {}", folder.display()))?;
    }
    fs::create_dir_all(folder)?;
    Ok(folder.to_owned())
}

fn wait_until_shown(receiver: &mut Receiver<'_>, spans: usize) -> anyhow::Result<()> {
    let (mut shown, mut since) = (0, Instant::now());
    while shown < spans {
        let found = receiver.count()?;
        if found > shown {
            (shown, since) = (found, Instant::now());
        }
        if since.elapsed() > PATIENCE {
            bail!("{shown} of {spans} spans are shown, and no more come");
        }
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

/// How many spans are there once no more come.
fn settled(receiver: &mut Receiver<'_>, most: usize) -> anyhow::Result<usize> {
    let (mut shown, mut since) = (receiver.count()?, Instant::now());
    while shown < most && since.elapsed() < SETTLED {
        thread::sleep(Duration::from_millis(100));
        let found = receiver.count()?;
        if found > shown {
            (shown, since) = (found, Instant::now());
        }
    }
    Ok(shown)
}

fn table(figures: &[Figures]) -> String {
    let mut lines = vec![
        "| what | ".to_owned(),
        "|---|".to_owned(),
        "| spans sent | ".to_owned(),
        "| bytes sent | ".to_owned(),
        "| acknowledged | ".to_owned(),
        "| can be asked for | ".to_owned(),
        "| requests refused | ".to_owned(),
        "| processor time a span | ".to_owned(),
        "| peak memory | ".to_owned(),
        "| on disk | ".to_owned(),
        "| acknowledged spans lost by a kill | ".to_owned(),
    ];
    for found in figures {
        let per_second = |seconds: f64| {
            format!(
                "{:.0} spans/s ({seconds:.1} s)",
                found.spans as f64 / seconds
            )
        };
        let cells = [
            found.who.clone(),
            "---".to_owned(),
            found.spans.to_string(),
            format!("{:.0} MB", found.megabytes),
            per_second(found.acknowledged),
            per_second(found.shown),
            found.refused.to_string(),
            found.processor_seconds.map_or_else(
                || "–".to_owned(),
                |seconds| format!("{:.2} ms", seconds * 1e3 / found.spans as f64),
            ),
            found.peak_bytes.map_or_else(
                || "–".to_owned(),
                |bytes| format!("{:.0} MB", bytes as f64 / 1e6),
            ),
            format!("{:.0} MB", found.disk_bytes as f64 / 1e6),
            format!("{} of {}", found.lost, found.killed_after),
        ];
        for (line, cell) in lines.iter_mut().zip(cells) {
            line.push_str(&cell);
            line.push_str(if cell == "---" { "|" } else { " | " });
        }
    }
    lines
        .iter()
        .map(|line| line.trim_end())
        .collect::<Vec<_>>()
        .join("\n")
}
