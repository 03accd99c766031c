//! Every fixture, decoded.
//!
//! Cursor cannot be run by a test: the fixtures are written to the schema that
//! its documentation and public readers of its files describe. Each folder
//! holds what one home has: `hook-<conversation>.jsonl` is what its hooks were
//! told, `editor-<conversation>.jsonl` its rows in the editor's database and
//! `terminal-<conversation>.jsonl` those in the terminal's, as the recorder
//! reads them.

use super::Cursor;
use crate::{Decoded, Evidence, EvidenceFile, HarnessReader};
use dashcam_fixtures::{Fixture, Piece};
use dashcam_trace::{
    Harness, InputPart, ModelCall, Part, Session, Source, Span, SpanBody, SpanKind, Timing, Tokens,
};
use std::borrow::Cow;
use std::path::{Path, PathBuf};

mod recorded;
mod told;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cursor")
}

/// All evidence of a fixture, that of hooks first.
fn evidence(fixture: &str) -> Vec<Piece> {
    let fixture = Fixture::named(Harness::Cursor, fixture).unwrap();
    [fixture.hooks().unwrap(), fixture.records().unwrap()].concat()
}

/// Decodes the session that all pieces belong to.
fn decode(pieces: &[Piece]) -> Decoded {
    let is_known = |id: &str| pieces.iter().any(|piece| piece.native_id == id);
    let is_child = |piece: &&Piece| piece.parent.as_deref().is_some_and(is_known);
    let root = pieces.iter().find(|piece| {
        !pieces
            .iter()
            .filter(|other| other.native_id == piece.native_id)
            .any(|other| is_child(&other))
    });
    let root = root.unwrap().native_id.clone();
    let mut pieces: Vec<&Piece> = pieces.iter().collect();
    pieces.sort_by_key(|piece| (piece.native_id != root, piece.path.clone()));
    let files = pieces.into_iter().map(|piece| EvidenceFile {
        path: &piece.path,
        native_id: &piece.native_id,
        parent: piece.parent.as_deref(),
        bytes: Cow::Borrowed(&piece.bytes),
    });
    Cursor.decode(&Evidence {
        native_id: &root,
        files: files.collect(),
    })
}

/// The session of a fixture, of which everything could be read.
fn session(fixture: &str) -> Session {
    let decoded = decode(&evidence(fixture));
    assert_eq!(decoded.problems, [], "{fixture}");
    assert!(decoded.unknown_records.is_empty(), "{fixture}");
    decoded.session.unwrap()
}

/// A session in a few lines: what happened, below what, and how it ended.
fn outline(session: &Session) -> String {
    let mut text = format!(
        "{:?} in {:?} by {:?}, {:?}\n",
        session.title, session.cwd, session.version, session.entrypoint
    );
    for turn in &session.turns {
        let (prompt, status) = (&turn.prompt.text, turn.status.as_str());
        text += &format!("turn {prompt:?}: {status} at {}\n", turn.start);
        let top = turn.spans[0].id;
        for span in turn.spans.iter().filter(|span| span.parent == Some(top)) {
            branch(&mut text, &turn.spans, span, 1);
        }
    }
    text
}

fn branch(text: &mut String, spans: &[Span], span: &Span, depth: usize) {
    text.push_str(&"  ".repeat(depth));
    let lasted = span.end.map_or_else(
        || "no end".to_owned(),
        |end| format!("{} ms", end.as_millisecond() - span.start.as_millisecond()),
    );
    let about = if span.timing == Timing::Measured {
        ""
    } else {
        "about "
    };
    let sources: Vec<&str> = span.sources.iter().map(source).collect();
    *text += &format!(
        "{}: {} {about}{lasted} [{}]",
        span.name,
        span.status.as_str(),
        sources.join(" ")
    );
    if let Some(error) = &span.error {
        *text += &format!(" ({error:?})");
    }
    match &span.body {
        SpanBody::Turn => {}
        SpanBody::ModelCall(call) => *text += &model_call(call),
        SpanBody::ToolCall(call) => {
            *text += &format!(" {} {:?}", call.tool_kind.as_str(), call.target);
            if let Some(mcp) = &call.mcp {
                *text += &format!(" of {}: {}", mcp.server, mcp.tool);
            }
            if let Some(code) = call.exit_code {
                *text += &format!(" exit {code}");
            }
            for diff in &call.diff {
                let (added, removed) = (diff.added, diff.removed);
                *text += &format!(" {:?} {} +{added} -{removed}", diff.change, diff.path);
            }
            if let Some(output) = &call.output {
                *text += &format!(" -> {:?}", output.text);
            }
        }
        SpanBody::AgentRun(run) => {
            *text += &format!(
                " agent {:?} on {:?} -> {:?}",
                run.prompt, run.model, run.answer
            );
        }
        SpanBody::Event(event) => {
            *text += &format!(" event {}: {:?}", event.kind.as_str(), event.text);
        }
    }
    text.push('\n');
    for below in spans.iter().filter(|below| below.parent == Some(span.id)) {
        branch(text, spans, below, depth + 1);
    }
}

fn source(source: Source) -> &'static str {
    match source {
        Source::Transcript => "transcript",
        Source::Hook => "hook",
        Source::Otel => "otel",
    }
}

fn model_call(call: &ModelCall) -> String {
    let given = call.input.iter().map(|part| match part {
        InputPart::Prompt { .. } => "prompt",
        InputPart::ToolResult { .. } => "result",
        InputPart::Context { .. } => "context",
    });
    let mut text = format!(" given {:?}", given.collect::<Vec<_>>());
    for part in &call.output {
        match part {
            Part::Text { text: said } => text += &format!(" says {said:?}"),
            Part::Thinking { text: thought } => text += &format!(" thinks {thought:?}"),
            Part::ToolUse { name, .. } => text += &format!(" calls {name}"),
            Part::Image { .. } | Part::Other { .. } => text += " ?",
        }
    }
    text + &match call.tokens {
        Some(Tokens {
            prompt,
            cache_read,
            completion,
            ..
        }) => format!(" {prompt} ({cache_read} cached) -> {completion}"),
        None => " not counted".to_owned(),
    }
}

fn spans(session: &Session, kind: SpanKind) -> Vec<&Span> {
    session.spans().filter(|span| span.kind() == kind).collect()
}
