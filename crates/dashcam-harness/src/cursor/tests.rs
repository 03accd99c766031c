//! Every fixture, decoded.
//!
//! Cursor cannot be run by a test: the fixtures are written to the schema that
//! its documentation and public readers of its files describe. Each folder
//! holds what one home has: `hook-<conversation>.jsonl` is what its hooks were
//! told, `editor-<conversation>.jsonl` its rows in the editor's database and
//! `terminal-<conversation>.jsonl` those in the terminal's, as the recorder
//! reads them.

use super::Cursor;
use crate::hooks::{Sorter, evidence_path};
use crate::{Decoded, Evidence, EvidenceFile, HarnessReader};
use dashcam_trace::{
    Harness, InputPart, ModelCall, Part, Session, Source, Span, SpanBody, SpanKind, Timing, Tokens,
};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

mod recorded;
mod told;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/cursor")
}

/// One piece of evidence.
#[derive(Clone)]
struct Piece {
    path: String,
    native_id: String,
    parent: Option<String>,
    bytes: Vec<u8>,
}

/// What the hooks of a fixture were told, as the recorder sorts it.
fn told(lines: &str) -> Vec<Piece> {
    let mut sorter = Sorter::default();
    for line in lines.lines() {
        let call: Value = serde_json::from_str(line).unwrap();
        let payload = call["payload"].to_string();
        let session = call["payload"]["conversation_id"].as_str();
        let event = call["event"].as_str().unwrap();
        let at = call["time_ns"].as_u64().unwrap();
        let env = BTreeMap::new();
        assert!(sorter.add("cursor", event, session, at, &env, payload.as_bytes()));
    }
    let sessions = sorter.finish().into_iter();
    sessions
        .map(|session| Piece {
            path: evidence_path(Harness::Cursor, &session.native_id),
            native_id: session.native_id,
            parent: session.parent,
            bytes: session.bytes,
        })
        .collect()
}

/// All evidence of a fixture.
fn evidence(fixture: &str) -> Vec<Piece> {
    let folder = fixtures().join(fixture);
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let mut hooks = String::new();
    for name in names.iter().filter(|name| name.starts_with("hook-")) {
        hooks += &std::fs::read_to_string(folder.join(name)).unwrap();
    }
    let mut pieces = told(&hooks);
    for name in names {
        let bytes = std::fs::read(folder.join(&name)).unwrap();
        let (stem, _) = name.rsplit_once('.').unwrap();
        let (path, native_id) = match stem.split_once('-') {
            Some(("hook", _)) => continue,
            Some(("editor", id)) => (format!("state.vscdb#{id}"), id),
            Some(("terminal", id)) => (format!("store.db#{id}"), id),
            _ => (name.clone(), stem),
        };
        let parent = bytes
            .split(|byte| *byte == b'\n')
            .filter_map(|line| serde_json::from_slice::<Value>(line).ok())
            .find_map(|row| {
                let parent = row.pointer("/data/subagentInfo/parentComposerId")?;
                Some(parent.as_str()?.to_owned())
            });
        pieces.push(Piece {
            path,
            native_id: native_id.to_owned(),
            parent,
            bytes,
        });
    }
    pieces
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
