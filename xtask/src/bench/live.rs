//! Measures how soon a line that a harness writes is told to the page.

use super::dashcam::Dashcam;
use super::figures::{Report, Unit};
use super::measure::median;
use super::server::Server;
use crate::workspace;
use anyhow::{Context, bail};
use dashcam_history_gen::{HarnessChoice, Options, generate};
use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

const LATENCY: &str = "a new transcript line, told to the page";
const LINES: usize = 15;
/// Events of one line that come later than this are counted for the next.
const QUIET: Duration = Duration::from_millis(700);

/// Appends lines to a transcript, and measures how soon each is told.
pub(super) fn measure(dashcam: &Dashcam, report: &mut Report) -> anyhow::Result<()> {
    let folder = workspace::cache().join("live");
    if folder.exists() {
        fs::remove_dir_all(&folder)
            .with_context(|| format!("cannot clear {}", folder.display()))?;
    }
    let home = folder.join("home");
    generate(&Options {
        harness: HarnessChoice::ClaudeCode,
        ..Options::new(&home, 5)
    })?;
    let session =
        home.join(".claude/projects/-home-dev-live/0b6f3f1e-6f0a-4c0e-9d5e-3c1f5a2b7d10.jsonl");
    fs::create_dir_all(session.parent().context("a session lies in a folder")?)?;
    append(&session, 0)?;

    let mut server = Server::start(dashcam, &home, &folder.join("data"))?;
    server.wait_until_ready()?;
    let events = listen(&server)?;
    thread::sleep(Duration::from_secs(3));

    let mut times = Vec::new();
    for number in 1..=LINES {
        while events.recv_timeout(QUIET).is_ok() {}
        let begin = Instant::now();
        append(&session, number)?;
        let Ok(told) = events.recv_timeout(Duration::from_secs(10)) else {
            bail!(
                "no event came within 10 s of a new line in {}",
                session.display()
            );
        };
        times.push(told.duration_since(begin).as_secs_f64() * 1e3);
    }
    report.figure(LATENCY, "≤ 200 ms", Unit::Milliseconds, median(&mut times));
    Ok(())
}

/// The times at which the server tells that a session has changed.
fn listen(server: &Server) -> anyhow::Result<Receiver<Instant>> {
    let agent: ureq::Agent = ureq::Agent::config_builder().proxy(None).build().into();
    let response = agent
        .get(server.url("events"))
        .call()
        .context("the events cannot be listened to")?;
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let reader = BufReader::new(response.into_body().into_reader());
        for line in reader.lines().map_while(Result::ok) {
            let changed = line
                .strip_prefix("event:")
                .is_some_and(|name| name.trim() == "session");
            if changed && sender.send(Instant::now()).is_err() {
                return;
            }
        }
    });
    Ok(receiver)
}

/// Writes one prompt, as Claude Code writes it.
fn append(session: &Path, number: usize) -> anyhow::Result<()> {
    let parent = match number {
        0 => String::from("null"),
        _ => format!("\"00000000-0000-4000-8000-{:012}\"", number - 1),
    };
    let line = format!(
        concat!(
            r#"{{"parentUuid":{},"isSidechain":false,"type":"user","message":{{"role":"user","content":"prompt {}"}},"#,
            r#""uuid":"00000000-0000-4000-8000-{:012}","timestamp":"2026-08-20T10:00:{:02}.000Z","userType":"external","#,
            r#""cwd":"/home/dev/live","sessionId":"0b6f3f1e-6f0a-4c0e-9d5e-3c1f5a2b7d10","version":"2.1.197","gitBranch":"main"}}"#,
            "\n"
        ),
        parent, number, number, number
    );
    let mut file = OpenOptions::new().create(true).append(true).open(session)?;
    file.write_all(line.as_bytes())?;
    Ok(())
}
