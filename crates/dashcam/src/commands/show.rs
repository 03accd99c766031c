//! `dashcam show`: one session.

use super::print_text;
use crate::context::Context;
use anyhow::Context as _;
use clap::Args;
use dashcam_export::{Format, RenderOptions, render};
use std::io::IsTerminal;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The session: its id, the beginning of it, or the harness's own id
    session: String,
    /// Only this turn, counted from 0
    #[arg(long, value_name = "N")]
    turn: Option<u32>,
    /// The form: text, json, atif, otlp, messages, html, markdown
    #[arg(long, value_name = "FORMAT")]
    format: Option<Format>,
}

pub(crate) fn run(context: &Context, options: &Options) -> anyhow::Result<()> {
    let store = context.store_to_read()?;
    let id = store.find_session(&options.session)?;
    let session = store.session(id)?;
    if let Some(turn) = options.turn {
        anyhow::ensure!(
            session.turns.iter().any(|known| known.index == turn),
            "session {} has no turn {turn}: it has {}",
            options.session,
            session.turns.len()
        );
    }
    let by_flag = if context.global.json {
        Format::Json
    } else {
        Format::Text
    };
    let format = options.format.unwrap_or(by_flag);
    let terminal = std::io::stdout().is_terminal();
    let rendering = RenderOptions {
        turn: options.turn,
        width: comfy_table::Table::new().width().map_or(100, usize::from),
        colour: format == Format::Text && terminal,
        ..RenderOptions::default()
    };
    let text = render(&session, format, &rendering)
        .with_context(|| format!("cannot write session {id} as {format}"))?;
    print_text(&text)
}
