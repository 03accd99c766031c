//! Every fixture, decoded and scanned.
//!
//! The fixtures are rows as the recorder reads them, of sessions of `OpenCode`
//! 1.18.33, each with the log of the model server that answered
//! (`truth.json`).

use super::OpenCode;
use crate::{Decoded, Evidence, EvidenceFile, HarnessReader, Home, response_hash};
use dashcam_fixtures::{Fixture, Piece as Rows};
use dashcam_trace::{Harness, InputPart, Part, Session, Span, SpanBody, Timestamp, Tokens};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

mod disorder;
mod recorded;
mod stored;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/opencode")
}

/// The sessions of a fixture, as the recorder finds them.
fn rows(fixture: &str) -> Vec<Rows> {
    let fixture = Fixture::named(Harness::OpenCode, fixture).unwrap();
    let mut rows = fixture.records().unwrap();
    rows.retain(|rows| rows.path.contains(".db#"));
    assert!(!rows.is_empty(), "no rows in {}", fixture.name);
    rows
}

/// Decodes a session from its rows and those of its subagents.
fn decode(rows: &[Rows], native_id: &str) -> Decoded {
    let mut rows: Vec<&Rows> = rows
        .iter()
        .filter(|rows| rows.native_id == native_id || rows.parent.as_deref() == Some(native_id))
        .collect();
    rows.sort_by_key(|rows| (rows.native_id != native_id, rows.path.clone()));
    let files = rows.into_iter().map(|rows| EvidenceFile {
        path: &rows.path,
        native_id: &rows.native_id,
        parent: rows.parent.as_deref(),
        bytes: Cow::Borrowed(&rows.bytes),
    });
    OpenCode.decode(&Evidence {
        native_id,
        files: files.collect(),
    })
}

/// The sessions of a fixture, in the order in which they began.
fn sessions(fixture: &str) -> Vec<Session> {
    let rows = rows(fixture);
    let roots = rows.iter().filter(|rows| rows.parent.is_none());
    let mut sessions: Vec<Session> = roots
        .map(|root| {
            let decoded = decode(&rows, &root.native_id);
            assert_eq!(decoded.problems, [], "{fixture}");
            assert!(decoded.unknown_records.is_empty(), "{fixture}");
            decoded.session.unwrap()
        })
        .collect();
    sessions.sort_by_key(|session| session.started_at);
    sessions
}

fn only_session(fixture: &str) -> Session {
    let mut sessions = sessions(fixture);
    assert_eq!(sessions.len(), 1, "{fixture}");
    sessions.remove(0)
}

/// A session in a few lines: what happened, below what, and how it ended.
fn outline(session: &Session) -> String {
    let mut text = format!("{:?} in {:?}\n", session.title, session.cwd);
    for turn in &session.turns {
        let taken_back = if turn.abandoned { " (taken back)" } else { "" };
        text += &format!(
            "turn {:?}: {}{taken_back}\n",
            turn.prompt.text,
            turn.status.as_str()
        );
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
    text.push_str(&format!("{}: {} {lasted}", span.name, span.status.as_str()));
    if let Some(error) = &span.error {
        text.push_str(&format!(" ({error})"));
    }
    match &span.body {
        SpanBody::Turn => {}
        SpanBody::ModelCall(call) => text.push_str(&model_call(call)),
        SpanBody::ToolCall(call) => {
            text.push_str(&format!(" {} {:?}", call.tool_kind.as_str(), call.target));
            if let Some(code) = call.exit_code {
                text.push_str(&format!(" exit {code}"));
            }
            for diff in &call.diff {
                let (added, removed) = (diff.added, diff.removed);
                text.push_str(&format!(
                    " {:?} {} +{added} -{removed}",
                    diff.change, diff.path
                ));
            }
            let output = call.output.as_ref();
            let images = output.map_or(0, |output| output.images.len());
            if images > 0 {
                text.push_str(&format!(" {images} image"));
            }
        }
        SpanBody::AgentRun(run) => {
            text.push_str(&format!(" agent {:?} -> {:?}", run.prompt, run.answer));
        }
        SpanBody::Event(event) => {
            text.push_str(&format!(" event {}: {:?}", event.kind.as_str(), event.text));
        }
    }
    text.push('\n');
    for below in spans.iter().filter(|below| below.parent == Some(span.id)) {
        branch(text, spans, below, depth + 1);
    }
}

fn model_call(call: &dashcam_trace::ModelCall) -> String {
    let mut text = String::new();
    let given = call.input.iter().map(|part| match part {
        InputPart::Prompt { .. } => "prompt",
        InputPart::ToolResult { .. } => "result",
        InputPart::Context { .. } => "context",
    });
    text += &format!(" given {:?}", given.collect::<Vec<_>>());
    for part in &call.output {
        match part {
            Part::Text { text: said } => text += &format!(" says {said:?}"),
            Part::Thinking { text: thought } => text += &format!(" thinks {thought:?}"),
            Part::ToolUse { name, .. } => text += &format!(" calls {name}"),
            Part::Image { .. } | Part::Other { .. } => text += " ?",
        }
    }
    match call.tokens {
        Some(Tokens {
            prompt,
            cache_read,
            completion,
            reasoning,
            ..
        }) => {
            let cost = call.cost.as_ref().map(|cost| cost.usd.usd());
            text += &format!(
                " {prompt} ({cache_read} cached) -> {completion} ({reasoning} thought) {cost:?}"
            );
        }
        None => text += " not counted",
    }
    text
}

/// Calls by response: model, tokens, cost, and when it was answered.
type Calls = BTreeMap<u64, (String, Tokens, Option<i64>, Timestamp)>;

/// What the decoder counts.
fn counted(session: &Session) -> Calls {
    session
        .spans()
        .filter_map(|span| match &span.body {
            SpanBody::ModelCall(call) => Some((span, call)),
            _ => None,
        })
        .filter_map(|(span, call)| {
            let response = response_hash(call.response_id.as_deref()?);
            let cost = call.cost.as_ref().map(|cost| cost.usd.nanos());
            let at = span.end.unwrap_or(span.start);
            Some((response, (call.model.clone(), call.tokens?, cost, at)))
        })
        .collect()
}

/// What the scanner finds in rows, given in the order of its queries.
fn scanned<'r>(rows: impl IntoIterator<Item = &'r Rows>) -> Calls {
    let mut found = BTreeMap::new();
    for rows in rows {
        let mut scanner = OpenCode.usage_scanner(Path::new(&rows.path)).unwrap();
        let lines: Vec<&[u8]> = rows.bytes.split(|byte| *byte == b'\n').collect();
        let of = |table: &str| {
            let field = format!("\"table\":\"{table}\"").into_bytes();
            let has = move |line: &&&[u8]| line.windows(field.len()).any(|at| *at == field);
            lines.iter().filter(has)
        };
        for line in of("session").chain(of("part")).chain(of("message")) {
            scanner.line(line, &mut |record| {
                let cost = record.cost.map(dashcam_trace::Money::nanos);
                let call = (record.model.to_owned(), record.tokens, cost, record.at);
                found.insert(record.response, call);
            });
        }
    }
    found
}
