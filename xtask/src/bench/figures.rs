//! The figures of one run, as a table and as JSON.

use super::history::History;
use serde::Serialize;
use std::collections::BTreeMap;

/// Whose figure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Who {
    Dashcam,
    Ccusage,
    Agentsview,
}

impl Who {
    fn name(self) -> &'static str {
        match self {
            Self::Dashcam => "dashcam",
            Self::Ccusage => "ccusage",
            Self::Agentsview => "agentsview",
        }
    }
}

/// What a number counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) enum Unit {
    #[serde(rename = "MB/s")]
    MegabytesPerSecond,
    #[serde(rename = "ms")]
    Milliseconds,
    #[serde(rename = "MB")]
    Megabytes,
    #[serde(rename = "x")]
    Ratio,
}

/// One line of the table.
#[derive(Debug, Serialize)]
struct Figure {
    what: &'static str,
    goal: &'static str,
    unit: Unit,
    values: BTreeMap<Who, f64>,
}

/// Whether somebody's numbers are the truth.
#[derive(Debug, Serialize)]
struct Verdict {
    who: Who,
    what: String,
    /// What is not as it should be; empty if everything is.
    differences: Vec<String>,
}

/// Everything that one run found.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    history_bytes: u64,
    sessions: u64,
    model_calls: u64,
    cores: usize,
    figures: Vec<Figure>,
    verdicts: Vec<Verdict>,
    notes: Vec<String>,
}

impl Report {
    /// A report without figures.
    pub(super) fn new(history: &History) -> Self {
        Self {
            history_bytes: history.manifest.bytes,
            sessions: history.manifest.sessions,
            model_calls: history.manifest.total.model_calls,
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            figures: Vec::new(),
            verdicts: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Adds a line to the table, with dashcam's value.
    pub(super) fn figure(
        &mut self,
        what: &'static str,
        goal: &'static str,
        unit: Unit,
        value: f64,
    ) {
        eprintln!("{what}: {}", cell(unit, value));
        self.figures.push(Figure {
            what,
            goal,
            unit,
            values: BTreeMap::from([(Who::Dashcam, value)]),
        });
    }

    /// Adds a rival's value to a line that is there.
    pub(super) fn rival(&mut self, who: Who, what: &str, value: f64) {
        if let Some(figure) = self.figures.iter_mut().find(|figure| figure.what == what) {
            eprintln!("{what}, {}: {}", who.name(), cell(figure.unit, value));
            figure.values.insert(who, value);
        }
    }

    /// Says whether somebody's numbers are the truth.
    pub(super) fn verdict(&mut self, who: Who, what: impl Into<String>, differences: Vec<String>) {
        self.verdicts.push(Verdict {
            who,
            what: what.into(),
            differences,
        });
    }

    /// Adds what a reader should know.
    pub(super) fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        eprintln!("{note}");
        self.notes.push(note);
    }

    /// Whether all of dashcam's numbers are the truth.
    pub(super) fn is_exact(&self) -> bool {
        self.verdicts
            .iter()
            .all(|verdict| verdict.who != Who::Dashcam || verdict.differences.is_empty())
    }

    /// The table, the verdicts and the notes.
    pub(super) fn markdown(&self) -> String {
        let rivals: Vec<Who> = [Who::Ccusage, Who::Agentsview]
            .into_iter()
            .filter(|who| {
                self.figures
                    .iter()
                    .any(|figure| figure.values.contains_key(who))
            })
            .collect();
        let mut columns = vec![Who::Dashcam];
        columns.extend(rivals);

        let mut lines = vec![
            format!(
                "History: {:.0} MB, {} sessions, {} model calls. {} cores, page cache warm, medians.",
                self.history_bytes as f64 / 1e6,
                self.sessions,
                self.model_calls,
                self.cores
            ),
            String::new(),
            row(
                ["what", "goal"].map(String::from),
                columns.iter().map(|who| who.name().to_owned()),
            ),
            row(
                ["---", "---"].map(String::from),
                columns.iter().map(|_| String::from("---")),
            ),
        ];
        for figure in &self.figures {
            let values = columns.iter().map(|who| match figure.values.get(who) {
                Some(value) => cell(figure.unit, *value),
                None => String::from("–"),
            });
            lines.push(row([figure.what, figure.goal].map(String::from), values));
        }
        lines.push(String::new());
        lines.extend(self.verdicts.iter().map(|verdict| {
            let who = verdict.who.name();
            match verdict.differences.as_slice() {
                [] => format!("- {who}, {}: exact", verdict.what),
                differences => format!(
                    "- {who}, {}: NOT exact: {}",
                    verdict.what,
                    differences.join("; ")
                ),
            }
        }));
        lines.extend(self.notes.iter().map(|note| format!("- {note}")));
        lines.join("\n")
    }

    /// The same as JSON.
    pub(super) fn json(&self) -> anyhow::Result<String> {
        Ok(serde_json::to_string_pretty(self)?)
    }
}

fn row(first: [String; 2], values: impl Iterator<Item = String>) -> String {
    let cells: Vec<String> = first.into_iter().chain(values).collect();
    format!("| {} |", cells.join(" | "))
}

fn cell(unit: Unit, value: f64) -> String {
    match unit {
        Unit::MegabytesPerSecond => format!("{value:.0} MB/s"),
        Unit::Milliseconds if value < 10.0 => format!("{value:.1} ms"),
        Unit::Milliseconds => format!("{value:.0} ms"),
        Unit::Megabytes => format!("{value:.0} MB"),
        Unit::Ratio => format!("{value:.2} ×"),
    }
}
