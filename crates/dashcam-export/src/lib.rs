//! One dashcam session in every format it can leave in: text, JSON, Markdown,
//! HTML, chat messages, ATIF, OTLP.
//!
//! Pure functions of a [`Session`]. Transcript text is hostile: it may hold
//! terminal escapes, markup and links. What is made for people's eyes must
//! never let it act on the terminal or the browser that shows it; what is
//! made for programs carries it unchanged, inside the format's own quoting.

mod amounts;
mod atif;
mod conversation;
mod format;
mod harmless;
mod html;
mod json;
mod markdown;
mod messages;
mod otlp;
mod plain;
mod story;
mod text;
mod wrap;

pub use format::{Format, UnknownFormat};

use dashcam_trace::Session;
use std::borrow::Cow;

/// What to render, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderOptions {
    /// Only the turn with this index; all turns when absent.
    pub turn: Option<u32>,
    /// The columns of text to fill.
    pub width: usize,
    /// Whether text is coloured with ANSI escapes.
    pub colour: bool,
    /// How many lines of a tool's output text and Markdown show.
    pub output_lines: usize,
    /// How many lines of reasoning text and Markdown show.
    pub thinking_lines: usize,
}

impl Default for RenderOptions {
    fn default() -> Self {
        Self {
            turn: None,
            width: 100,
            colour: false,
            output_lines: 8,
            thinking_lines: 3,
        }
    }
}

/// Why a session could not be rendered.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RenderError {
    /// The session has no turn of that index.
    #[error("the session has no turn {turn}: its {turns} turns are counted from 0")]
    NoSuchTurn {
        /// The index asked for.
        turn: u32,
        /// How many turns there are.
        turns: usize,
    },
    /// A value that JSON cannot write.
    #[error("cannot write the session as JSON")]
    Json(#[from] serde_json::Error),
}

/// Renders a session, or one turn of it. The result ends with a newline.
pub fn render(
    whole: &Session,
    format: Format,
    options: &RenderOptions,
) -> Result<String, RenderError> {
    let session = chosen(whole, options.turn)?;
    match format {
        Format::Text => Ok(text::render(&session, options)),
        Format::Json => json::render(&session),
        Format::Html => Ok(html::render(&session)),
        Format::Markdown => Ok(markdown::render(&session, options)),
        Format::Messages => messages::render(&session),
        Format::Atif => atif::render(&session),
        Format::Otlp => otlp::render(whole, options.turn),
    }
}

/// The session with only the turn that was asked for.
fn chosen(session: &Session, turn: Option<u32>) -> Result<Cow<'_, Session>, RenderError> {
    let Some(index) = turn else {
        return Ok(Cow::Borrowed(session));
    };
    let Some(found) = session.turns.iter().find(|turn| turn.index == index) else {
        return Err(RenderError::NoSuchTurn {
            turn: index,
            turns: session.turns.len(),
        });
    };
    // The turns may be large, so all but one are left out before cloning.
    Ok(Cow::Owned(Session {
        harness: session.harness,
        id: session.id,
        native_id: session.native_id.clone(),
        title: session.title.clone(),
        cwd: session.cwd.clone(),
        git: session.git.clone(),
        version: session.version.clone(),
        entrypoint: session.entrypoint.clone(),
        started_at: session.started_at,
        ended_at: session.ended_at,
        parent: session.parent.clone(),
        outcome: session.outcome.clone(),
        turns: vec![found.clone()],
    }))
}
