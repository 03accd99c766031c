//! Which fields of the vocabulary each harness fills, and from which source:
//! derived from the fixtures, never written by hand.
//!
//! A source fills a field if evidence of that source alone gives a session in
//! which the field is filled, or if it fills the field in more places once it
//! joins what the harness itself kept.

use crate::evidence::{Piece, group};
use crate::fields::{self, Field};
use crate::fixture;
use anyhow::Context;
use dashcam_harness::reader;
use dashcam_trace::{Harness, Session};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// The line before the table in the manual, and the line behind it.
const BEGIN: &str = "<!-- coverage: written by `cargo xtask coverage --write` -->";
const END: &str = "<!-- end of coverage -->";

/// Where evidence came from: letter and name.
const SOURCES: [(char, &str); 3] = [
    ('T', "the transcript or database that the harness keeps"),
    ('H', "hooks"),
    ('O', "OpenTelemetry"),
];

/// Which sources fill a field, in the order of [`SOURCES`].
type Filled = [bool; 3];

/// What is known of one harness.
struct Column {
    harness: Harness,
    /// The sources of which there is evidence.
    evidence: Filled,
    /// By row.
    filled: Vec<Filled>,
}

/// The table, with its legend, in Markdown.
pub fn table() -> anyhow::Result<String> {
    let rows = fields::all();
    let mut columns: BTreeMap<Harness, Column> = BTreeMap::new();
    for fixture in fixture::all()? {
        let column = columns.entry(fixture.harness).or_insert_with(|| Column {
            harness: fixture.harness,
            evidence: [false; 3],
            filled: vec![[false; 3]; rows.len()],
        });
        let records = fixture.records()?;
        let alone = count(fixture.harness, records.clone(), &rows);
        let told = [fixture.hooks()?, fixture.telemetry()?];
        column.evidence[0] |= !records.is_empty();
        for (filled, count) in column.filled.iter_mut().zip(&alone) {
            filled[0] |= *count > 0;
        }
        for (source, pieces) in (1..).zip(told) {
            if pieces.is_empty() {
                continue;
            }
            column.evidence[source] = true;
            let by_itself = count(fixture.harness, pieces.clone(), &rows);
            let together = [records.clone(), pieces].concat();
            let together = count(fixture.harness, together, &rows);
            for (row, filled) in column.filled.iter_mut().enumerate() {
                filled[source] |= by_itself[row] > 0 || together[row] > alone[row];
            }
        }
    }
    let columns: Vec<Column> = columns.into_values().collect();
    Ok(markdown(&rows, &columns))
}

/// How often the sessions in some evidence fill each field.
fn count(harness: Harness, pieces: Vec<Piece>, rows: &[Field]) -> Vec<usize> {
    let reader = reader(harness);
    let sessions: Vec<Session> = group(pieces)
        .iter()
        .filter_map(|pieces| pieces.session(reader))
        .collect();
    let of = |row: &Field| sessions.iter().map(|session| row.count(session)).sum();
    rows.iter().map(of).collect()
}

fn markdown(rows: &[Field], columns: &[Column]) -> String {
    let mut table: Vec<Vec<String>> = Vec::new();
    let line = |name: &str, cell: &dyn Fn(&Column) -> String| {
        let cells = columns.iter().map(cell);
        std::iter::once(name.to_owned()).chain(cells).collect()
    };
    table.push(line("", &|column| column.harness.title().to_owned()));
    table.push(line("*sources there are*", &|column| {
        letters(column.evidence)
    }));
    let mut group = "";
    for (at, row) in rows.iter().enumerate() {
        // What no harness fills would say the same of all.
        if columns.iter().all(|column| column.filled[at] == [false; 3]) {
            continue;
        }
        if row.group != group {
            group = row.group;
            table.push(line(&format!("**{group}**"), &|_| String::new()));
        }
        table.push(line(row.name, &|column| letters(column.filled[at])));
    }
    legend() + "\n" + &aligned(&table)
}

fn letters(filled: Filled) -> String {
    let sources = SOURCES.iter().zip(filled);
    sources
        .filter(|(_, is_filled)| *is_filled)
        .map(|((letter, _), _)| *letter)
        .collect()
}

fn legend() -> String {
    let sources = SOURCES.map(|(letter, name)| format!("**{letter}** {name}"));
    format!(
        "{}; nothing: not seen in any recorded run.\n",
        sources.join(", ")
    )
}

/// A table whose columns stand below one another in the source too.
fn aligned(table: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = table.iter().map(|line| line[column].chars().count());
        cells.max().unwrap_or_default().max(3)
    };
    let widths: Vec<usize> = (0..table[0].len()).map(width).collect();
    let mut text = String::new();
    for (at, line) in table.iter().enumerate() {
        for (cell, width) in line.iter().zip(&widths) {
            // Writing to a string does not fail.
            let _ = write!(text, "| {cell:width$} ");
        }
        text.push_str("|\n");
        if at == 0 {
            for width in &widths {
                let _ = write!(text, "|{:-<1$}", "", width + 2);
            }
            text.push_str("|\n");
        }
    }
    text
}

/// The page of the manual that holds the table.
pub fn page() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/src/harnesses/overview.md")
}

/// The page's text, with this table in the place of the one between its marks.
pub fn with_table(page: &str, table: &str) -> anyhow::Result<String> {
    let begin = page
        .find(BEGIN)
        .context("the page lacks the mark before the table")?;
    let end = page
        .find(END)
        .context("the page lacks the mark behind the table")?;
    let (before, after) = (&page[..begin], page.get(end..).unwrap_or_default());
    Ok(format!("{before}{BEGIN}\n\n{table}\n{after}"))
}

/// Writes the table into the manual.
pub fn write() -> anyhow::Result<()> {
    let path = page();
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let text = with_table(&text, &table()?)?;
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}
