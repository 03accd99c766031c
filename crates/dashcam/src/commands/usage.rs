//! `dashcam usage`: tokens and cost.

use super::{print_json, print_text, say, selection};
use crate::cli::Selection;
use crate::context::Context;
use crate::table::{self, Column, credits, dollars, grouped};
use crate::when;
use anyhow::Context as _;
use clap::Args;
use dashcam_recorder::{disk_usage_report, exclusions};
use dashcam_store::view::{UsageKey, UsageReport, UsageRow};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How to group: day, week, month, harness, model, project, branch, session, user, tool
    #[arg(
        long,
        value_name = "KEYS",
        value_delimiter = ',',
        default_value = "day"
    )]
    by: Vec<Key>,
    /// Read the harnesses' files directly, without the store
    #[arg(long)]
    from_disk: bool,
    /// Count days in this time zone [default: this machine's]
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
    #[command(flatten)]
    selection: Selection,
}

/// A key, as it is written on the command line.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Key {
    Day,
    Week,
    Month,
    Harness,
    Model,
    Project,
    Branch,
    Session,
    User,
    Tool,
}

impl From<Key> for UsageKey {
    fn from(key: Key) -> Self {
        match key {
            Key::Day => Self::Day,
            Key::Week => Self::Week,
            Key::Month => Self::Month,
            Key::Harness => Self::Harness,
            Key::Model => Self::Model,
            Key::Project => Self::Project,
            Key::Branch => Self::Branch,
            Key::Session => Self::Session,
            Key::User => Self::User,
            Key::Tool => Self::Tool,
        }
    }
}

pub(crate) fn run(context: &Context, options: &Options) -> anyhow::Result<()> {
    let zone = when::zone(options.timezone.as_deref())?;
    let mut query = selection::usage_query(&options.selection, zone)?;
    query.by = options.by.iter().copied().map(UsageKey::from).collect();
    let report = if options.from_disk {
        anyhow::ensure!(
            !query.by.contains(&UsageKey::Tool),
            "tool calls are counted in the store only: leave out --from-disk"
        );
        let config = context.config()?;
        let home = context.home()?;
        let exclusions = exclusions(context.data_dir(), &home)?;
        let disk = disk_usage_report(&home, &query, &exclusions, || config.prices())
            .context("cannot read usage from disk")?;
        for trouble in &disk.unreadable {
            say(
                context,
                &format!("skipped {}: {}", trouble.path.display(), trouble.message),
            );
        }
        disk.report
    } else {
        context.store_to_read()?.usage(&query)?
    };
    if context.global.json {
        return print_json(&report);
    }
    if report.rows.is_empty() {
        say(
            context,
            "no usage found: `dashcam import` reads your history, `--since` may be too late",
        );
        return Ok(());
    }
    print_text(&table(&report))?;
    let unpriced = report.total.unpriced_calls;
    if unpriced > 0 {
        say(
            context,
            &format!(
                "{} of {} model calls have no known price and are not in the cost; \
                 give them one in {}",
                grouped(unpriced),
                grouped(report.total.model_calls),
                context.config_path().display()
            ),
        );
    }
    Ok(())
}

fn table(report: &UsageReport) -> String {
    let by_tool = report.by.contains(&UsageKey::Tool);
    let mut columns: Vec<Column> = report.by.iter().map(|key| key_column(*key)).collect();
    if by_tool {
        columns.extend([
            Column::number("Calls"),
            Column::number("Failed"),
            Column::number("Sessions"),
        ]);
    } else {
        if !report.by.contains(&UsageKey::Model) {
            columns.push(Column::text("Models").rank(2));
        }
        columns.extend([
            Column::number("Input").rank(1),
            Column::number("Output").rank(1),
            Column::number("Cache Create").rank(3),
            Column::number("Cache Read").rank(3),
            Column::number("Total Tokens"),
            Column::number("Cost (USD)"),
        ]);
        if !report.total.credits.is_empty() {
            columns.push(Column::number("Credits"));
        }
    }
    let rows: Vec<Vec<String>> = report
        .rows
        .iter()
        .map(|row| cells(report, row, by_tool, false))
        .collect();
    let total = cells(report, &report.total, by_tool, true);
    table::render(&columns, &rows, Some(&total))
}

const fn key_column(key: UsageKey) -> Column {
    match key {
        UsageKey::Day => Column::text("Date"),
        UsageKey::Week => Column::text("Week"),
        UsageKey::Month => Column::text("Month"),
        UsageKey::Harness => Column::text("Harness"),
        UsageKey::Model => Column::text("Model"),
        UsageKey::Project => Column::text("Project"),
        UsageKey::Branch => Column::text("Branch"),
        UsageKey::Session => Column::text("Session"),
        UsageKey::User => Column::text("User"),
        UsageKey::Tool => Column::text("Tool"),
    }
}

fn cells(report: &UsageReport, row: &UsageRow, by_tool: bool, total: bool) -> Vec<String> {
    let mut cells: Vec<String> = report.by.iter().map(|key| key_cell(row, *key)).collect();
    if total && let Some(first) = cells.first_mut() {
        "Total".clone_into(first);
    }
    if by_tool {
        cells.extend([row.tool_calls, row.tool_errors, row.sessions].map(grouped));
        return cells;
    }
    if !report.by.contains(&UsageKey::Model) {
        cells.push(if total {
            String::new()
        } else {
            row.models.join("\n")
        });
    }
    cells.extend(
        [
            row.input_tokens,
            row.tokens.completion,
            row.tokens.cache_write(),
            row.tokens.cache_read,
            row.tokens.total(),
        ]
        .map(grouped),
    );
    let star = if row.unpriced_calls > 0 { "*" } else { "" };
    cells.push(format!("{}{star}", dollars(row.cost_usd)));
    if !report.total.credits.is_empty() {
        cells.push(credits(&row.credits));
    }
    cells
}

fn key_cell(row: &UsageRow, key: UsageKey) -> String {
    let value = match key {
        UsageKey::Day => &row.day,
        UsageKey::Week => &row.week,
        UsageKey::Month => &row.month,
        UsageKey::Harness => &row.harness,
        UsageKey::Model => &row.model,
        UsageKey::Project => &row.project,
        UsageKey::Branch => &row.branch,
        UsageKey::Session => &row.session,
        UsageKey::User => &row.user,
        UsageKey::Tool => &row.tool,
    };
    value.clone().unwrap_or_default()
}
