//! `dashcam sessions`: the list.

use super::{print_json, print_text, say, selection};
use crate::cli::Selection;
use crate::context::Context;
use crate::table::{self, Column, credits, dollars, short};
use clap::Args;
use dashcam_store::view::{SessionOrder, SessionSummary};
use dashcam_trace::Money;
use jiff::tz::TimeZone;

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(flatten)]
    selection: Selection,
    /// Only with this outcome
    #[arg(long, value_name = "WORD")]
    outcome: Option<String>,
    /// Only whose title, project, branch or id contains this
    #[arg(long, value_name = "TEXT")]
    query: Option<String>,
    /// Only on this git branch
    #[arg(long, value_name = "NAME")]
    branch: Option<String>,
    /// Only with failed steps
    #[arg(long)]
    errors: bool,
    /// The order
    #[arg(long, value_enum, default_value_t = Order::Ended)]
    order: Order,
    /// Lowest first
    #[arg(long)]
    reverse: bool,
    /// How many to list; 0 means all
    #[arg(short = 'n', long, default_value_t = 50)]
    limit: u32,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Order {
    Ended,
    Started,
    Cost,
    Tokens,
    Steps,
    Duration,
    Errors,
}

impl From<Order> for SessionOrder {
    fn from(order: Order) -> Self {
        match order {
            Order::Ended => Self::EndedAt,
            Order::Started => Self::StartedAt,
            Order::Cost => Self::Cost,
            Order::Tokens => Self::Tokens,
            Order::Steps => Self::Spans,
            Order::Duration => Self::Duration,
            Order::Errors => Self::Errors,
        }
    }
}

pub(crate) fn run(context: &Context, options: &Options) -> anyhow::Result<()> {
    let mut filter = selection::session_filter(&options.selection)?;
    filter.outcome.clone_from(&options.outcome);
    filter.query.clone_from(&options.query);
    filter.branch.clone_from(&options.branch);
    filter.errors = options.errors;
    filter.order = options.order.into();
    filter.ascending = options.reverse;
    filter.limit = (options.limit > 0).then_some(options.limit);
    let page = context.store_to_read()?.sessions(&filter)?;
    if context.global.json {
        return print_json(&page);
    }
    if page.sessions.is_empty() {
        say(
            context,
            "no sessions found: `dashcam import` reads your history",
        );
        return Ok(());
    }
    print_text(&table(&page.sessions))?;
    let left = page.total - page.sessions.len() as u64;
    if left > 0 {
        say(context, &format!("{left} more: -n 0 lists all"));
    }
    Ok(())
}

fn table(sessions: &[SessionSummary]) -> String {
    const COLUMNS: [Column; 9] = [
        Column::text("Session"),
        Column::text("Last step"),
        Column::text("Harness").rank(2),
        Column::text("Project").rank(1).at_most(20),
        Column::text("Title").at_most(48),
        Column::number("Turns").rank(3),
        Column::number("Calls").rank(4),
        Column::number("Tokens").rank(1),
        Column::number("Cost"),
    ];
    let zone = TimeZone::system();
    let rows: Vec<Vec<String>> = sessions.iter().map(|session| row(session, &zone)).collect();
    table::render(&COLUMNS, &rows, None)
}

fn row(session: &SessionSummary, zone: &TimeZone) -> Vec<String> {
    let ended = session.ended_at.to_zoned(zone.clone());
    let mark = if session.sample { " (sample)" } else { "" };
    vec![
        session.id.to_string()[..8].to_owned(),
        ended.strftime("%Y-%m-%d %H:%M").to_string(),
        format!("{}{mark}", session.harness),
        session.project.clone(),
        session.title.chars().take(48).collect(),
        session.turns.to_string(),
        (session.model_calls + session.tool_calls).to_string(),
        short(session.tokens.total()),
        match &session.credits {
            Some(sum) if session.cost == Money::ZERO => credits(std::slice::from_ref(sum)),
            _ => dollars(session.cost),
        },
    ]
}
