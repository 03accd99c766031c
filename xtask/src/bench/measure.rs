//! Runs a program and takes its time and its memory.

use anyhow::{Context, bail};
use std::fs;
use std::io::Read;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// What a program took.
pub(super) struct Measured {
    /// From its start to its end.
    pub(super) seconds: f64,
    /// The most memory it had, where the system tells.
    pub(super) peak_bytes: Option<u64>,
    /// What it printed.
    pub(super) stdout: Vec<u8>,
}

/// Runs a program to its end; an error if it fails.
pub(super) fn run(command: &mut Command) -> anyhow::Result<Measured> {
    let begin = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    let watch = MemoryWatch::of(child.id());
    let stdout = read_all(child.stdout.take());
    let stderr = read_all(child.stderr.take());
    let status = child.wait()?;
    let seconds = begin.elapsed().as_secs_f64();
    let peak_bytes = watch.peak();
    let stdout = stdout.join().unwrap_or_default();
    let stderr = stderr.join().unwrap_or_default();
    if !status.success() {
        bail!(
            "{} failed ({status}): {}",
            command.get_program().display(),
            String::from_utf8_lossy(&stderr).trim()
        );
    }
    Ok(Measured {
        seconds,
        peak_bytes,
        stdout,
    })
}

/// The median seconds of several runs.
pub(super) fn median_seconds(
    runs: usize,
    mut make: impl FnMut() -> Command,
) -> anyhow::Result<f64> {
    let mut seconds = Vec::new();
    for _ in 0..runs {
        seconds.push(run(&mut make())?.seconds);
    }
    Ok(median(&mut seconds))
}

/// The middle of some numbers, of which there is at least one.
pub(super) fn median(numbers: &mut [f64]) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

fn read_all(stream: Option<impl Read + Send + 'static>) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut stream) = stream {
            // What came before the failure is still worth having.
            drop(stream.read_to_end(&mut bytes));
        }
        bytes
    })
}

/// Asks the system every other millisecond how much memory a process has had
/// at most. The system keeps the maximum, so only growth in the last moment
/// can be missed.
struct MemoryWatch {
    over: Arc<AtomicBool>,
    watcher: thread::JoinHandle<Option<u64>>,
}

impl MemoryWatch {
    fn of(process: u32) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let is_over = Arc::clone(&over);
        let watcher = thread::spawn(move || {
            let mut peak = None;
            while !is_over.load(Ordering::Relaxed) {
                peak = peak.max(memory(process, "VmHWM:"));
                thread::sleep(Duration::from_millis(2));
            }
            peak
        });
        Self { over, watcher }
    }

    fn peak(self) -> Option<u64> {
        self.over.store(true, Ordering::Relaxed);
        self.watcher.join().ok().flatten()
    }
}

/// A process's memory in bytes: `VmHWM:` the most it had, `VmRSS:` what it has.
pub(super) fn memory(process: u32, field: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field))?;
    line.trim()
        .strip_suffix("kB")?
        .trim()
        .parse::<u64>()
        .ok()
        .map(|kilobytes| kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_is_in_the_middle() {
        assert!((median(&mut [3.0, 1.0, 2.0]) - 2.0).abs() < f64::EPSILON);
        assert!(median(&mut []).is_nan());
    }
}
