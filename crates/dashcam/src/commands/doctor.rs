//! `dashcam doctor`: what was seen, what could not be read, and why.

use super::connect::connector;
use super::{print_json, print_text};
use crate::context::Context;
use crate::table::grouped;
use dashcam_connect::{Named, State, Status};
use dashcam_harness::Home;
use dashcam_recorder::discover::{Found, discover};
use dashcam_recorder::exclusions;
use dashcam_store::view::Health;
use dashcam_store::{HooksSeen, ProgramTelemetry, Store, TargetStatus};
use dashcam_trace::Harness;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

/// Everything that `doctor` knows.
#[derive(Debug, Serialize)]
struct Diagnosis {
    version: &'static str,
    data_dir: PathBuf,
    home: PathBuf,
    on_disk: Vec<OnDisk>,
    /// What rules of privacy leave out.
    left_out: LeftOut,
    /// What programs sent over OTLP.
    telemetry: Vec<ProgramTelemetry>,
    /// What hooks told.
    hooks: Vec<HooksSeen>,
    /// How the targets fare.
    targets: Vec<TargetStatus>,
    /// Absent while nothing is recorded.
    store: Option<Health>,
}

/// Sessions of projects that the user left out.
#[derive(Debug, Default, Serialize)]
struct LeftOut {
    /// How many were left out, by rule.
    sessions: BTreeMap<String, u64>,
    /// How many were recorded before a rule was made that leaves them out.
    recorded_before: BTreeMap<String, u64>,
    /// Why the rules cannot be used; nothing is recorded then.
    trouble: Option<String>,
}

/// What lies on disk of one harness.
#[derive(Debug, Serialize)]
struct OnDisk {
    harness: Harness,
    folders: Vec<PathBuf>,
    databases: Vec<PathBuf>,
    files: u64,
    bytes: u64,
    unreadable: Vec<(PathBuf, String)>,
    /// Whether its hooks are registered, and its telemetry comes here, of each
    /// of its programs; empty where it has none.
    connected: Vec<Status>,
}

pub(crate) fn run(context: &Context) -> anyhow::Result<()> {
    let home = context.home()?;
    let store = context
        .data_dir()
        .exists()
        .then(|| context.store_to_read())
        .transpose()?;
    let left_out = left_out(context, &home, store.as_ref())?;
    let connector = connector(context, None)?;
    let paths = std::env::var_os("PATH");
    let connected = |harness: Harness| {
        let named: Option<Named> = harness.as_str().parse().ok();
        let programs = named.iter().flat_map(Named::programs);
        programs
            .map(|program| connector.status(*program, paths.as_deref()))
            .collect()
    };
    let diagnosis = Diagnosis {
        version: env!("CARGO_PKG_VERSION"),
        data_dir: context.data_dir().to_owned(),
        home: home.folder.clone(),
        on_disk: dashcam_harness::all()
            .into_iter()
            .filter(|reader| !reader.roots(&home).is_empty())
            .map(|reader| {
                let harness = reader.harness();
                let found = discover(&home, &[reader]);
                on_disk(harness, found, connected(harness))
            })
            .collect(),
        left_out,
        telemetry: store
            .as_ref()
            .map(Store::telemetry_programs)
            .transpose()?
            .unwrap_or_default(),
        hooks: store
            .as_ref()
            .map(Store::hooks_seen)
            .transpose()?
            .unwrap_or_default(),
        targets: store
            .as_ref()
            .map(Store::targets)
            .transpose()?
            .unwrap_or_default(),
        store: store.map(|store| store.health()).transpose()?,
    };
    if context.global.json {
        return print_json(&diagnosis);
    }
    print_text(&text(&diagnosis, context.global.verbose)?)
}

fn left_out(context: &Context, home: &Home, store: Option<&Store>) -> anyhow::Result<LeftOut> {
    let rules = match exclusions(context.data_dir(), home) {
        Ok(rules) => rules,
        Err(error) => {
            return Ok(LeftOut {
                trouble: Some(error.to_string()),
                ..LeftOut::default()
            });
        }
    };
    let mut left_out = LeftOut::default();
    let Some(store) = store else {
        return Ok(left_out);
    };
    for session in store.left_out()? {
        *left_out.sessions.entry(session.reason).or_default() += 1;
    }
    for (folder, sessions) in store.folders()? {
        if let Some(reason) = rules.excluded(&folder) {
            *left_out
                .recorded_before
                .entry(reason.to_string())
                .or_default() += sessions;
        }
    }
    Ok(left_out)
}

fn on_disk(harness: Harness, found: Found, connected: Vec<Status>) -> OnDisk {
    let file_bytes: u64 = found.files.iter().map(|file| file.stamp.size).sum();
    let database_bytes: u64 = found.databases.iter().map(|database| database.bytes).sum();
    let troubles = found
        .databases
        .iter()
        .filter_map(|database| Some((database.path.clone(), database.trouble()?)));
    let unreadable = found
        .unreadable
        .into_iter()
        .map(|trouble| (trouble.path, trouble.message));
    OnDisk {
        harness,
        folders: found.roots,
        files: (found.files.len() + found.databases.len()) as u64,
        bytes: file_bytes + database_bytes,
        unreadable: unreadable.chain(troubles).collect(),
        databases: found
            .databases
            .iter()
            .map(|database| database.path.clone())
            .collect(),
        connected,
    }
}

fn text(diagnosis: &Diagnosis, verbose: bool) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    writeln!(text, "dashcam {}", diagnosis.version)?;
    writeln!(text, "data     {}", diagnosis.data_dir.display())?;
    writeln!(text, "home     {}\n", diagnosis.home.display())?;
    for harness in &diagnosis.on_disk {
        describe_harness(&mut text, harness, diagnosis.store.as_ref())?;
    }
    describe_telemetry(&mut text, &diagnosis.telemetry)?;
    describe_hooks(&mut text, &diagnosis.hooks)?;
    describe_left_out(&mut text, &diagnosis.left_out)?;
    describe_targets(&mut text, &diagnosis.targets)?;
    match &diagnosis.store {
        None => writeln!(
            text,
            "nothing is recorded yet: run `dashcam import` or `dashcam up`"
        )?,
        Some(health) => describe_store(&mut text, health, verbose)?,
    }
    Ok(text)
}

fn describe_harness(
    text: &mut String,
    harness: &OnDisk,
    store: Option<&Health>,
) -> std::fmt::Result {
    let title = harness.harness.title();
    if harness.folders.is_empty() && harness.databases.is_empty() {
        writeln!(text, "{title}: no history found in this home")?;
    } else {
        let (files, megabytes) = (grouped(harness.files), harness.bytes as f64 / 1e6);
        writeln!(text, "{title}: {files} files, {megabytes:.1} MB on disk")?;
    }
    for place in harness.folders.iter().chain(&harness.databases) {
        writeln!(text, "  in {}", place.display())?;
    }
    for (path, message) in &harness.unreadable {
        writeln!(text, "  ! {}: {message}", path.display())?;
    }
    let stored = store.and_then(|health| {
        health
            .harnesses
            .iter()
            .find(|stored| stored.harness == harness.harness)
    });
    if let Some(stored) = stored {
        writeln!(
            text,
            "  recorded: {} sessions from {} files",
            grouped(stored.sessions),
            grouped(stored.files)
        )?;
        if stored.vanished_files > 0 {
            let kept = grouped(stored.vanished_files);
            writeln!(
                text,
                "  {kept} files are gone from disk; their evidence is kept here"
            )?;
        }
        if let Some(last) = stored.last_activity {
            writeln!(text, "  last step: {last:.0}")?;
        }
        if !stored.versions.is_empty() {
            writeln!(text, "  versions: {}", stored.versions.join(", "))?;
        }
        describe_counts(
            text,
            "  record types this version does not know",
            &stored.unknown_records,
        )?;
    }
    for status in &harness.connected {
        describe_connection(text, status, harness.connected.len() > 1)?;
    }
    writeln!(text)
}

/// What `connect` could add for a harness that is used here.
fn describe_connection(
    text: &mut String,
    status: &Status,
    is_one_of_several: bool,
) -> std::fmt::Result {
    let harness = status.harness;
    let of = if is_one_of_several {
        format!(" of {}", harness.title())
    } else {
        String::new()
    };
    let hooks = status.user.events.len().max(status.project.events.len());
    if status.is_connected {
        writeln!(text, "  hooks{of}: {hooks} registered")?;
    } else if status.is_installed {
        writeln!(
            text,
            "  hooks{of}: none; `dashcam connect {harness}` records it as it happens"
        )?;
    }
    match &status.telemetry {
        Some(State::Dashcam) => writeln!(text, "  telemetry: comes here"),
        Some(State::Elsewhere(target)) => writeln!(text, "  telemetry: goes to {target}"),
        Some(State::Off) if status.is_installed => writeln!(
            text,
            "  telemetry: off; `dashcam connect {harness} --telemetry` adds retries and measured times"
        ),
        _ => Ok(()),
    }
}

fn describe_telemetry(text: &mut String, programs: &[ProgramTelemetry]) -> std::fmt::Result {
    for program in programs {
        writeln!(
            text,
            "telemetry of {}: {} items kept, {} of its internals left out, the last at {:.0}",
            program.program,
            grouped(program.kept),
            grouped(program.dropped),
            program.last_at
        )?;
    }
    if programs.is_empty() {
        return Ok(());
    }
    writeln!(text)
}

fn describe_hooks(text: &mut String, hooks: &[HooksSeen]) -> std::fmt::Result {
    for seen in hooks {
        if seen.harness.is_empty() {
            let damaged = grouped(seen.lost);
            writeln!(
                text,
                "! {damaged} damaged records of hooks were passed over"
            )?;
            continue;
        }
        write!(
            text,
            "hooks of {}: {} calls, the last at {:.0}",
            seen.harness,
            grouped(seen.kept),
            seen.last_at
        )?;
        if seen.lost > 0 {
            write!(text, "; {} told of no session", grouped(seen.lost))?;
        }
        writeln!(text)?;
    }
    if hooks.is_empty() {
        return Ok(());
    }
    writeln!(text)
}

fn describe_left_out(text: &mut String, left_out: &LeftOut) -> std::fmt::Result {
    if let Some(trouble) = &left_out.trouble {
        writeln!(text, "! nothing is recorded: {trouble}\n")?;
    }
    for (rule, sessions) in &left_out.sessions {
        writeln!(text, "left out by {rule}: {} sessions", grouped(*sessions))?;
    }
    for (rule, sessions) in &left_out.recorded_before {
        let sessions = grouped(*sessions);
        writeln!(
            text,
            "recorded before {rule} left them out: {sessions} sessions, which stay"
        )?;
    }
    if !left_out.sessions.is_empty() || !left_out.recorded_before.is_empty() {
        writeln!(text)?;
    }
    Ok(())
}

fn describe_targets(text: &mut String, targets: &[TargetStatus]) -> std::fmt::Result {
    for target in targets {
        writeln!(
            text,
            "target {}: {} spans sent, {} refused, {} turns wait",
            target.name,
            grouped(target.delivered_spans),
            grouped(target.refused_spans),
            grouped(target.waiting_turns)
        )?;
        if let Some(trouble) = &target.trouble {
            writeln!(text, "  ! {trouble}")?;
        }
    }
    if targets.is_empty() {
        return Ok(());
    }
    writeln!(text)
}

fn describe_store(text: &mut String, health: &Health, verbose: bool) -> std::fmt::Result {
    writeln!(
        text,
        "store: {:.1} MB for {:.1} MB of evidence (layout {})",
        health.store_bytes as f64 / 1e6,
        health.evidence_bytes as f64 / 1e6,
        health.schema_version
    )?;
    if health.pending_turns > 0 {
        let turns = grouped(health.pending_turns);
        writeln!(
            text,
            "search index: {turns} turns to go; `dashcam import` completes it"
        )?;
    }
    describe_counts(
        text,
        "models without a known price (calls)",
        &health.unpriced_models,
    )?;
    for trouble in &health.unreadable {
        writeln!(text, "! {}: {}", trouble.path, trouble.message)?;
    }
    if health.problem_count == 0 {
        return writeln!(text, "every line could be read");
    }
    writeln!(
        text,
        "{} lines could not be read as they should:",
        grouped(health.problem_count)
    )?;
    let listed = if verbose { usize::MAX } else { 10 };
    for problem in health.problems.iter().take(listed) {
        let line = problem
            .line
            .map(|line| format!(":{line}"))
            .unwrap_or_default();
        writeln!(text, "  {}{line}: {}", problem.file, problem.message)?;
    }
    if health.problems.len() > listed {
        writeln!(text, "  … -v lists more")?;
    }
    Ok(())
}

fn describe_counts(
    text: &mut String,
    title: &str,
    counts: &BTreeMap<String, u64>,
) -> std::fmt::Result {
    if counts.is_empty() {
        return Ok(());
    }
    let list: Vec<String> = counts
        .iter()
        .map(|(name, count)| format!("{name} ({})", grouped(*count)))
        .collect();
    writeln!(text, "{title}: {}", list.join(", "))
}
