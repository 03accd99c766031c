//! `dashcam search`: full text.

use super::{print_json, print_text, say, selection};
use crate::cli::Selection;
use crate::context::Context;
use anstyle::{AnsiColor, Style};
use clap::Args;
use dashcam_store::view::{SearchField, SearchHit, SearchQuery};
use jiff::tz::TimeZone;
use std::fmt::Write;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Words that must all occur in one turn; "several words" must occur
    /// together, word* matches beginnings, -word must not occur (write
    /// options before `--` and such words after it)
    #[arg(required = true)]
    text: Vec<String>,
    /// Only in prompt, answer, thinking, tool-input, tool-output
    #[arg(long = "in", value_enum, value_delimiter = ',', value_name = "FIELDS")]
    fields: Vec<Field>,
    /// Only in this session
    #[arg(long, value_name = "SESSION")]
    session: Option<String>,
    #[command(flatten)]
    selection: Selection,
    /// How many hits to print
    #[arg(short = 'n', long, default_value_t = 20)]
    limit: u32,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Field {
    Prompt,
    Answer,
    Thinking,
    ToolInput,
    ToolOutput,
}

impl From<Field> for SearchField {
    fn from(field: Field) -> Self {
        match field {
            Field::Prompt => Self::Prompt,
            Field::Answer => Self::Answer,
            Field::Thinking => Self::Thinking,
            Field::ToolInput => Self::ToolInput,
            Field::ToolOutput => Self::ToolOutput,
        }
    }
}

pub(crate) fn run(context: &Context, options: &Options) -> anyhow::Result<()> {
    let store = context.store_to_read()?;
    let session = options
        .session
        .as_deref()
        .map(|name| store.find_session(name))
        .transpose()?;
    let query = SearchQuery {
        text: options.text.join(" "),
        fields: options
            .fields
            .iter()
            .copied()
            .map(SearchField::from)
            .collect(),
        sessions: selection::session_filter(&options.selection)?,
        session,
        offset: 0,
        limit: options.limit,
    };
    let results = store.search(&query)?;
    if results.pending_turns > 0 {
        say(
            context,
            &format!(
                "{} turns are not in the index yet: `dashcam import` completes it",
                results.pending_turns
            ),
        );
    }
    if context.global.json {
        return print_json(&results);
    }
    if results.hits.is_empty() {
        say(context, "nothing found");
        return Ok(());
    }
    print_text(&text(&results.hits))?;
    if results.more {
        say(context, "there are more: -n prints more");
    }
    Ok(())
}

fn text(hits: &[SearchHit]) -> String {
    let (bold, dim) = (Style::new().bold(), Style::new().dimmed());
    let zone = TimeZone::system();
    let mut text = String::new();
    for hit in hits {
        let at = hit.at.to_zoned(zone.clone());
        let id = &hit.session.to_string()[..8];
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{bold}{}{bold:#}  {dim}{id}  turn {}  {}  {}  {}{dim:#}",
            hit.title,
            hit.turn,
            hit.project,
            at.strftime("%Y-%m-%d %H:%M"),
            hit.span_name,
        );
        let _ = writeln!(text, "  {}\n", highlighted(hit));
    }
    text
}

fn highlighted(hit: &SearchHit) -> String {
    let mark = Style::new().fg_color(Some(AnsiColor::Yellow.into())).bold();
    let mut text = String::new();
    for (index, character) in (0_u32..).zip(hit.snippet.chars()) {
        if hit.matches.iter().any(|(start, _)| *start == index) {
            let _ = write!(text, "{mark}");
        }
        // A snippet is one line, and may hold what the transcript's author liked.
        text.push(if character.is_control() {
            ' '
        } else {
            character
        });
        if hit.matches.iter().any(|(_, end)| *end == index + 1) {
            let _ = write!(text, "{mark:#}");
        }
    }
    text
}
