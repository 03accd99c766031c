//! `dashcam status`: what is connected.

use super::connect::{connector, versions};
use super::{print_json, print_text};
use crate::context::Context;
use dashcam_connect::{Connectable, Connector, Registered, State, Status, by_environment};
use jiff::Timestamp;
use serde::Serialize;
use std::fmt::Write;

/// Everything that `status` knows.
#[derive(Serialize)]
struct Report {
    harnesses: Vec<Status>,
    /// When a hook last told something.
    last_hook_at: Option<Timestamp>,
}

pub(crate) fn run(context: &Context) -> anyhow::Result<()> {
    let connector = Connector {
        versions: versions(),
        ..connector(context, None)?
    };
    let paths = std::env::var_os("PATH");
    let report = Report {
        harnesses: Connectable::ALL
            .into_iter()
            .map(|harness| connector.status(harness, paths.as_deref()))
            .collect(),
        last_hook_at: connector
            .last_hook()
            .and_then(|time| Timestamp::try_from(time).ok()),
    };
    if context.global.json {
        return print_json(&report);
    }
    print_text(&text(&report)?)
}

fn text(report: &Report) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    for status in &report.harnesses {
        describe(&mut text, status)?;
    }
    match report.last_hook_at {
        Some(time) => writeln!(text, "a hook last told something at {time:.0}")?,
        None => writeln!(text, "no hook has told anything yet")?,
    }
    Ok(text)
}

fn describe(text: &mut String, status: &Status) -> std::fmt::Result {
    let title = status.harness.title();
    let standing = if status.is_connected {
        "connected".to_owned()
    } else if status.is_installed {
        format!("not connected: `dashcam connect {}`", status.harness)
    } else {
        "not found here".to_owned()
    };
    writeln!(text, "{title}: {standing}")?;
    for registered in [&status.user, &status.project] {
        describe_file(text, registered)?;
    }
    match &status.telemetry {
        Some(State::Dashcam) => writeln!(text, "  telemetry comes here")?,
        Some(State::Elsewhere(target)) => writeln!(text, "  telemetry goes elsewhere: {target}")?,
        Some(State::Off) | None if !status.is_connected => {}
        Some(State::Off) => writeln!(text, "  telemetry is off: --telemetry turns it on")?,
        None => {
            for line in by_environment(status.harness).map_or(&[][..], |(_, lines)| lines) {
                writeln!(text, "  telemetry comes here where `{line}` is set")?;
            }
        }
    }
    if status.has_arize {
        writeln!(
            text,
            "  ! Arize's hooks are registered too: sessions are traced twice"
        )?;
    }
    Ok(())
}

fn describe_file(text: &mut String, registered: &Registered) -> std::fmt::Result {
    if let Some(problem) = &registered.problem {
        writeln!(text, "  ! {problem}")?;
    }
    if registered.events.is_empty() {
        return Ok(());
    }
    writeln!(
        text,
        "  {} hooks in {}",
        registered.events.len(),
        registered.path.display()
    )?;
    if !registered.missing.is_empty() {
        writeln!(
            text,
            "  ! without {}: connect again",
            registered.missing.join(", ")
        )?;
    }
    for program in &registered.programs {
        if !program.exists {
            writeln!(
                text,
                "  ! {} is missing: hooks do nothing until it is back, or you connect again",
                program.path.display()
            )?;
        }
    }
    if let Some(trusted) = registered.trusted
        && trusted < registered.events.len()
    {
        writeln!(
            text,
            "  ! {trusted} of them are trusted: type /hooks in Codex"
        )?;
    }
    Ok(())
}
