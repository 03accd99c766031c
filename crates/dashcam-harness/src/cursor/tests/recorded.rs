//! Conversations that Cursor itself kept, alone and together with hooks.

use super::{Piece, decode, evidence, fixtures, outline, session, spans};
use crate::{Evidence, EvidenceFile, HarnessReader, Home};
use dashcam_trace::{Session, Source, SpanBody, SpanKind, TurnStatus};
use std::borrow::Cow;
use std::path::Path;

fn tool_calls(session: &Session) -> usize {
    spans(session, SpanKind::ToolCall).len()
}

fn without_hooks(fixture: &str) -> Session {
    let pieces: Vec<Piece> = evidence(fixture)
        .into_iter()
        .filter(|piece| !piece.path.starts_with("hook:"))
        .collect();
    let decoded = decode(&pieces);
    assert_eq!(decoded.problems, [], "{fixture}");
    decoded.session.unwrap()
}

#[test]
fn a_long_session_of_the_editor_with_its_hooks() {
    let session = session("editor-long");
    assert!(session.spans().count() >= 100);
    insta::assert_snapshot!(outline(&session));
}

#[test]
fn a_session_of_an_old_editor() {
    insta::assert_snapshot!(outline(&session("editor-old")));
}

#[test]
fn a_session_of_the_terminal_with_its_hooks() {
    insta::assert_snapshot!(outline(&session("terminal")));
}

#[test]
fn hooks_add_no_step_that_the_record_has() {
    for fixture in ["editor-long", "terminal"] {
        let (both, record) = (session(fixture), without_hooks(fixture));
        assert_eq!(tool_calls(&both), tool_calls(&record), "{fixture}");
        let answers = |session: &Session| spans(session, SpanKind::ModelCall).len();
        assert_eq!(answers(&both), answers(&record), "{fixture}");
        assert_eq!(both.turns.len(), record.turns.len(), "{fixture}");
        assert_eq!(record.tokens().total(), 0, "{fixture}");
        assert!(both.tokens().total() > 0, "{fixture}");
    }
}

#[test]
fn a_call_keeps_its_id_whichever_source_is_there() {
    let all = session("editor-long");
    let ids = |session: &Session| -> Vec<_> {
        let mut ids: Vec<_> = spans(session, SpanKind::ToolCall)
            .iter()
            .map(|span| span.id)
            .collect();
        ids.sort_unstable();
        ids
    };
    assert_eq!(ids(&all), ids(&without_hooks("editor-long")));
    let told: Vec<Piece> = evidence("editor-long")
        .into_iter()
        .filter(|piece| piece.path.starts_with("hook:"))
        .collect();
    let told = decode(&told).session.unwrap();
    let known = ids(&all);
    assert!(ids(&told).iter().all(|id| known.contains(id)));
    let turns: Vec<_> = told.turns.iter().map(|turn| turn.id).collect();
    assert!(
        turns
            .iter()
            .all(|id| all.turns.iter().any(|turn| turn.id == *id))
    );
}

#[test]
fn what_was_taken_back_is_abandoned() {
    let session = session("editor-long");
    let abandoned: Vec<&str> = session
        .turns
        .iter()
        .filter(|turn| turn.abandoned)
        .map(|turn| turn.prompt.text.as_str())
        .collect();
    assert_eq!(abandoned, ["Never mind, undo that."]);
}

/// A transcript alone, decoded as the recorder would.
fn transcript(name: &str) -> Session {
    let path = fixtures().join("transcripts").join(name);
    let bytes = std::fs::read(&path).unwrap();
    let member = super::Cursor.membership(&path, b"").unwrap();
    let decoded = super::Cursor.decode_written(
        &Evidence {
            native_id: &member.native_id,
            files: vec![EvidenceFile {
                path: name,
                native_id: &member.native_id,
                parent: None,
                bytes: Cow::Borrowed(&bytes),
            }],
        },
        &|_| "2026-11-20T10:00:00Z".parse().ok(),
    );
    assert_eq!(decoded.problems, []);
    decoded.session.unwrap()
}

#[test]
fn a_transcript_alone_is_a_session() {
    let lines = transcript("aa110000-0000-4000-8000-000000000001.jsonl");
    let marked = transcript("aa110000-0000-4000-8000-000000000002.txt");
    insta::assert_snapshot!(outline(&lines) + &outline(&marked));
}

#[test]
fn a_transcript_beside_a_database_adds_nothing() {
    let mut pieces = evidence("terminal");
    let before = decode(&pieces).session.unwrap();
    let (native_id, line) = (
        pieces[0].native_id.clone(),
        r#"{"role":"user","message":{"content":"another"}}"#,
    );
    pieces.push(Piece {
        path: format!("{native_id}.jsonl"),
        native_id,
        parent: None,
        bytes: line.as_bytes().to_vec(),
    });
    assert_eq!(decode(&pieces).session.unwrap(), before);
}

#[test]
fn a_turn_that_the_person_stopped_is_interrupted() {
    let session = session("editor-long");
    let last = session.turns.iter().rfind(|turn| !turn.abandoned);
    assert_eq!(last.unwrap().status, TurnStatus::Interrupted);
    let refused = spans(&session, SpanKind::ToolCall)
        .into_iter()
        .find(|span| matches!(&span.body, SpanBody::ToolCall(call) if call.target.as_deref() == Some("git push --force")));
    assert_eq!(refused.unwrap().status, dashcam_trace::Status::Interrupted);
    assert!(session.turns[0].spans[0].sources.contains(Source::Hook));
}

#[test]
fn evidence_is_where_cursor_keeps_it() {
    let home = Home::at("/home/dev");
    let root = &super::Cursor.roots(&home)[0];
    let is = |path: &str| super::Cursor.is_evidence(root, Path::new(path));
    let projects = "/home/dev/.cursor/projects/home-dev-shop";
    assert!(is(&format!("{projects}/agent-transcripts/a/a.jsonl")));
    assert!(is(&format!("{projects}/agent-transcripts/a.txt")));
    assert!(is(&format!(
        "{projects}/agent-transcripts/a/subagents/b.jsonl"
    )));
    assert!(!is(&format!("{projects}/terminals/1.txt")));
    let agent = format!("{projects}/agent-transcripts/a/subagents/b.jsonl");
    let member = super::Cursor.membership(Path::new(&agent), b"").unwrap();
    assert_eq!(
        (member.native_id.as_str(), member.parent.as_deref()),
        ("b", Some("a"))
    );
    let places = super::Cursor.databases(&home);
    for database in [
        "/home/dev/.config/Cursor/User/globalStorage/state.vscdb",
        "/home/dev/Library/Application Support/Cursor/User/globalStorage/state.vscdb",
        "/home/dev/AppData/Roaming/Cursor/User/globalStorage/state.vscdb",
        "/home/dev/.cursor/chats/0a1b/f1ff/store.db",
    ] {
        assert!(
            places.iter().any(|place| place.holds(Path::new(database))),
            "{database}"
        );
    }
}
