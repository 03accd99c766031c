//! `dashcam connect`: register hooks with harnesses.

use super::{print_json, print_text, say, target};
use crate::context::Context;
use anyhow::Context as _;
use clap::Args;
use dashcam_connect::arize::ArizeConfig;
use dashcam_connect::{
    Connectable, Connector, ENDPOINT_VARIABLES, HookProgram, Named, Plan, Scope, Wanted,
};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long a program may take to tell its version.
const VERSION_PATIENCE: Duration = Duration::from_secs(3);

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Which: claude-code, codex, cursor, gemini, copilot, opencode, omp (pi and
    /// Oh My Pi; pi or oh-my-pi for one of both)
    #[arg(value_name = "HARNESS", required_unless_present = "all")]
    harness: Vec<Named>,
    /// Every harness that is found here
    #[arg(long, conflicts_with = "harness")]
    all: bool,
    /// In the settings of the current folder's project instead of yours
    #[arg(long)]
    project: bool,
    /// Point the harness's own telemetry at dashcam as well
    #[arg(long)]
    telemetry: bool,
    /// Take Arize's hooks out, so that nothing is traced twice
    #[arg(long)]
    take_over_arize: bool,
    /// Show what would change, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// The program that hooks run [default: the one beside dashcam]
    #[arg(long, hide = true, value_name = "PATH")]
    hook_program: Option<PathBuf>,
}

pub(crate) fn run(context: &Context, options: &Options) -> anyhow::Result<()> {
    let connector = Connector {
        versions: versions(),
        ..connector(context, options.hook_program.as_deref())?
    };
    let harnesses = if options.all {
        installed(&connector)?
    } else {
        let paths = std::env::var_os("PATH");
        connector.found_of(&options.harness, paths.as_deref())
    };
    let mut wanted = Wanted {
        harnesses,
        scope: if options.project {
            Scope::Project
        } else {
            Scope::User
        },
        telemetry: options.telemetry,
        take_over_arize: options.take_over_arize,
    };
    let arize = dashcam_connect::arize::find(&connector.home).unwrap_or_else(|problem| {
        say(context, &problem.to_string());
        None
    });
    let hooked: Vec<Connectable> = wanted
        .harnesses
        .iter()
        .copied()
        .filter(|harness| connector.has_arize(*harness))
        .collect();
    if arize.is_some() || !hooked.is_empty() {
        describe_arize(context, arize.as_ref(), &hooked);
    }
    let has_targets = arize.as_ref().is_some_and(|config| {
        config
            .harnesses
            .values()
            .any(|harness| harness.target.is_some())
    });
    if (has_targets || !hooked.is_empty()) && !wanted.take_over_arize {
        let question = "send traces there from here on, and take Arize's hooks out?";
        wanted.take_over_arize = !options.dry_run && ask(context, question);
        if !wanted.take_over_arize {
            let twice = if hooked.is_empty() {
                ""
            } else {
                ", so sessions are traced twice"
            };
            say(
                context,
                &format!("Arize's settings stay{twice}: --take-over-arize takes them over"),
            );
        }
    }
    let plan = connector.plan_connect(&wanted)?;
    finish(context, &connector, plan, options.dry_run, "connected")?;
    if let Some(config) = arize.filter(|_| wanted.take_over_arize && !options.dry_run) {
        target::add_from_arize(context, &config)?;
    }
    Ok(())
}

/// What edits settings in this run. It knows no versions: asking for them
/// starts the harnesses.
pub(super) fn connector(
    context: &Context,
    hook_program: Option<&Path>,
) -> anyhow::Result<Connector> {
    let folder = std::env::current_dir().context("cannot tell the current folder")?;
    let dashcam = std::env::current_exe().context("cannot tell where dashcam itself is")?;
    let mut program = match hook_program {
        Some(path) => HookProgram {
            path: std::path::absolute(path)?,
            is_dashcam: false,
            data_dir: None,
        },
        None => HookProgram::beside(&dashcam),
    };
    if hook_program.is_none() {
        program.path = as_it_is_called(&program.path);
    }
    let data_dir = std::path::absolute(context.data_dir())?;
    // Hooks find the platform's folder by themselves.
    program.data_dir = context.global.data_dir.is_some().then(|| data_dir.clone());
    let environment = if context.global.home.is_some() {
        BTreeMap::new()
    } else {
        ENDPOINT_VARIABLES
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)))
            .collect()
    };
    Ok(Connector {
        home: context.home()?,
        folder,
        data_dir,
        program,
        versions: BTreeMap::new(),
        environment,
    })
}

/// What harnesses say of their versions that refuse newer events in older ones.
pub(super) fn versions() -> BTreeMap<Connectable, String> {
    Connectable::ALL
        .into_iter()
        .filter(|harness| harness.registration().strict.is_some())
        .filter_map(|harness| Some((harness, version(harness.registration().program)?)))
        .collect()
}

/// What a program says of its version, if it does so at once.
fn version(program: &str) -> Option<String> {
    let mut child = Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let begun = Instant::now();
    while child.try_wait().ok()?.is_none() {
        if begun.elapsed() > VERSION_PATIENCE {
            let _ = child.kill();
            let _ = child.wait();
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}

/// The path by which a program is found, where that leads to the same file:
/// package managers put a link there that outlives an update.
fn as_it_is_called(program: &Path) -> PathBuf {
    let (Ok(file), Some(name)) = (program.canonicalize(), program.file_name()) else {
        return program.to_owned();
    };
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths)
        .map(|folder| folder.join(name))
        .find(|path| path.is_absolute() && path.canonicalize().is_ok_and(|found| found == file))
        .unwrap_or_else(|| program.to_owned())
}

fn installed(connector: &Connector) -> anyhow::Result<Vec<Connectable>> {
    let paths = std::env::var_os("PATH");
    let found: Vec<Connectable> = Connectable::ALL
        .into_iter()
        .filter(|harness| connector.status(*harness, paths.as_deref()).is_installed)
        .collect();
    anyhow::ensure!(
        !found.is_empty(),
        "no harness is found in {}: name those to connect",
        connector.home.folder.display()
    );
    Ok(found)
}

fn describe_arize(context: &Context, config: Option<&ArizeConfig>, hooked: &[Connectable]) {
    let mut text = String::new();
    if !hooked.is_empty() {
        let names: Vec<&str> = hooked.iter().map(|harness| harness.title()).collect();
        let _ = writeln!(
            text,
            "Arize's own hooks are registered for {}",
            names.join(", ")
        );
    }
    if let Some(config) = config {
        let _ = writeln!(text, "Arize's settings in {}:", config.path.display());
        for (name, harness) in &config.harnesses {
            let target = harness.target.as_ref().map_or_else(
                || "no target".to_owned(),
                dashcam_connect::arize::ArizeTarget::describe,
            );
            let _ = write!(text, "  {name}: {target}");
            if let Some(project) = &harness.project {
                let _ = write!(text, ", project {project}");
            }
            if let Some(user) = harness.user_id.as_ref().or(config.user_id.as_ref()) {
                let _ = write!(text, ", user {user}");
            }
            let _ = writeln!(text);
        }
        let choice = |is_on: bool| if is_on { "sent" } else { "kept back" };
        let _ = writeln!(
            text,
            "  prompts {}, tool details {}, tool content {}",
            choice(config.logging.prompts),
            choice(config.logging.tool_details),
            choice(config.logging.tool_content),
        );
    }
    say(context, text.trim_end());
}

/// Asks, where there is a person to answer.
fn ask(context: &Context, question: &str) -> bool {
    let stdin = std::io::stdin();
    if context.global.quiet
        || context.global.json
        || !stdin.is_terminal()
        || !std::io::stderr().is_terminal()
    {
        return false;
    }
    let mut stderr = std::io::stderr();
    let asked = write!(stderr, "{question} [y/N] ").and_then(|()| stderr.flush());
    let mut answer = String::new();
    asked.is_ok()
        && stdin.lock().read_line(&mut answer).is_ok()
        && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}

/// What was or would be done.
#[derive(Serialize)]
struct Outcome {
    dry_run: bool,
    changed: Vec<Changed>,
    notes: Vec<Told>,
    refused: Vec<Told>,
}

#[derive(Serialize)]
struct Changed {
    harness: Connectable,
    path: PathBuf,
    /// `created`, `changed` or `removed`.
    action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<String>,
}

#[derive(Serialize)]
struct Told {
    harness: Connectable,
    message: String,
}

/// Carries a plan out, or shows it, and tells what came of it.
pub(super) fn finish(
    context: &Context,
    connector: &Connector,
    mut plan: Plan,
    dry_run: bool,
    done: &str,
) -> anyhow::Result<()> {
    let mut refused = std::mem::take(&mut plan.refused);
    if !dry_run {
        let failed = connector.carry_out(&plan)?;
        plan.changes
            .retain(|change| !failed.iter().any(|(harness, _)| *harness == change.harness));
        refused.extend(failed);
    }
    let outcome = Outcome {
        dry_run,
        changed: plan
            .changes
            .iter()
            .map(|change| Changed {
                harness: change.harness,
                path: change.path.clone(),
                action: match (&change.before, &change.after) {
                    (None, _) => "created",
                    (_, None) => "removed",
                    _ => "changed",
                },
                diff: dry_run.then(|| change.diff()),
            })
            .collect(),
        notes: plan
            .notes
            .into_iter()
            .map(|note| Told {
                harness: note.harness,
                message: note.text,
            })
            .collect(),
        refused: refused
            .iter()
            .map(|(harness, error)| Told {
                harness: *harness,
                message: described(error),
            })
            .collect(),
    };
    tell(context, &outcome, done)?;
    if let Some(first) = outcome.refused.first() {
        let message = outcome
            .refused
            .iter()
            .skip(1)
            .fold(first.message.clone(), |text, told| {
                format!("{text}\n{}: {}", told.harness.title(), told.message)
            });
        anyhow::bail!("{}: {message}", first.harness.title());
    }
    Ok(())
}

fn described(error: &dashcam_connect::Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

fn tell(context: &Context, outcome: &Outcome, done: &str) -> anyhow::Result<()> {
    if context.global.json {
        return print_json(outcome);
    }
    let mut diffs = String::new();
    for changed in &outcome.changed {
        match &changed.diff {
            Some(diff) => diffs.push_str(diff),
            None => say(
                context,
                &format!(
                    "{}: {done} ({} {})",
                    changed.harness.title(),
                    changed.action,
                    changed.path.display()
                ),
            ),
        }
    }
    for note in &outcome.notes {
        say(
            context,
            &format!("{}: {}", note.harness.title(), note.message),
        );
    }
    if outcome.changed.is_empty() && outcome.refused.is_empty() {
        say(context, "nothing to change");
    }
    if diffs.is_empty() {
        Ok(())
    } else {
        print_text(&diffs)
    }
}
