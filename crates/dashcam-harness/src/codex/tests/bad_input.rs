//! Input that is not as it should be.

use super::*;
use crate::Home;
use dashcam_trace::ProblemKind;

fn decode(lines: &[&str]) -> Decoded {
    let bytes = lines.join("\n").into_bytes();
    let file = EvidenceFile {
        path: "r.jsonl",
        native_id: "r",
        parent: None,
        bytes: bytes.into(),
    };
    Codex.decode(&Evidence {
        native_id: "r",
        files: vec![file],
    })
}

#[test]
fn bad_lines_cost_only_themselves() {
    let decoded = sessions("bad-input").remove(0).1;
    let problems: Vec<_> = decoded
        .problems
        .iter()
        .map(|problem| (problem.line.unwrap(), problem.kind))
        .collect();
    assert_eq!(
        problems,
        [
            (2, ProblemKind::MalformedLine),
            (8, ProblemKind::Inconsistent),
            (11, ProblemKind::Inconsistent),
            (12, ProblemKind::Inconsistent),
            (14, ProblemKind::UnexpectedShape),
            (15, ProblemKind::UnexpectedShape),
            (16, ProblemKind::UnexpectedShape),
            (17, ProblemKind::UnexpectedShape),
            (18, ProblemKind::UnexpectedShape),
            (19, ProblemKind::UnexpectedShape),
            (21, ProblemKind::PartialLine),
        ]
    );
    let session = decoded.session.unwrap();
    assert_eq!(session.turns[0].prompt.text, "Go.");
    assert_eq!(session.tokens().prompt, 10);
    assert_eq!(tool_calls(&session).len(), 3);
}

#[test]
fn bytes_that_are_not_utf8_cost_their_line() {
    let mut bytes = std::fs::read(
        fixtures()
            .join("old-totals")
            .join("rollout-2025-09-18T11-00-00-0199f000-0000-4000-8000-00000000000a.jsonl"),
    )
    .unwrap();
    bytes.extend_from_slice(b"{\"type\":\"event_msg\",\"payload\":\"\xFF\"}\n");
    let file = EvidenceFile {
        path: "r",
        native_id: "r",
        parent: None,
        bytes: bytes.into(),
    };
    let decoded = Codex.decode(&Evidence {
        native_id: "r",
        files: vec![file],
    });
    assert_eq!(decoded.problems[0].kind, ProblemKind::MalformedLine);
    assert_eq!(decoded.session.unwrap().turns.len(), 2);
}

#[test]
fn nothing_at_all_is_no_session() {
    for lines in [
        &[][..],
        &[""],
        &["{}"],
        &[r#"{"type":"session_meta","payload":{"id":"r"}}"#],
    ] {
        assert_eq!(decode(lines).session, None, "{lines:?}");
    }
    let none = Codex.decode(&Evidence {
        native_id: "r",
        files: Vec::new(),
    });
    assert_eq!(none.session, None);
}

#[test]
fn parents_in_a_circle_are_noted_and_shown_all_the_same() {
    let head = |id: &str, parent: &str| {
        format!(
            r#"{{"timestamp":"2026-01-01T00:00:00Z","type":"session_meta","payload":{{"id":"{id}","parent_thread_id":"{parent}","source":{{"subagent":{{"thread_spawn":{{}}}}}}}}}}"#
        )
    };
    let turn = r#"{"timestamp":"2026-01-01T00:00:01Z","type":"event_msg","payload":{"type":"task_started","turn_id":"t","started_at":1800000000}}"#;
    let bytes = |id, parent| format!("{}\n{turn}\n", head(id, parent)).into_bytes();
    let file = |id, parent| EvidenceFile {
        path: id,
        native_id: id,
        parent: Some(parent),
        bytes: bytes(id, parent).into(),
    };
    let files = vec![file("a", "nobody"), file("b", "c"), file("c", "b")];
    let decoded = Codex.decode(&Evidence {
        native_id: "a",
        files,
    });
    assert!(
        decoded
            .problems
            .iter()
            .any(|problem| problem.message.contains("circle"))
    );
    let session = decoded.session.unwrap();
    let runs = session
        .spans()
        .filter(|span| matches!(span.body, SpanBody::AgentRun(_)));
    assert_eq!(runs.count(), 2);
}

#[test]
fn a_thread_in_two_files_is_read_once() {
    let rollouts = rollouts("coding");
    let file = |path| EvidenceFile {
        path,
        native_id: &rollouts[0].membership.native_id,
        parent: None,
        bytes: Cow::Borrowed(&rollouts[0].bytes),
    };
    let native_id = &rollouts[0].membership.native_id;
    let once = Codex.decode(&Evidence {
        native_id,
        files: vec![file("a")],
    });
    let twice = Codex.decode(&Evidence {
        native_id,
        files: vec![file("a"), file("b")],
    });
    assert_eq!(twice.session, once.session);
    assert_eq!(twice.problem_count, 0);
}

#[test]
fn a_rollout_cut_anywhere_still_reads() {
    for fixture in ["older-events", "subagents", "old-subagent"] {
        let rollouts = rollouts(fixture);
        let whole = &rollouts[0].bytes;
        for cut in (0..whole.len()).step_by(211) {
            let file = EvidenceFile {
                path: "r",
                native_id: &rollouts[0].membership.native_id,
                parent: None,
                bytes: Cow::Borrowed(&whole[..cut]),
            };
            let native_id = &rollouts[0].membership.native_id;
            let decoded = Codex.decode(&Evidence {
                native_id,
                files: vec![file],
            });
            assert!(
                decoded.problem_count <= 1,
                "{fixture} cut at {cut}: {:?}",
                decoded.problems
            );
        }
    }
}

#[test]
fn rollouts_are_told_by_path_and_roots_by_home() {
    let is_evidence = |path: &str| Codex.is_evidence(Path::new("/h"), Path::new(path));
    assert!(is_evidence(
        "/h/2026/01/01/rollout-2026-01-01T00-00-00-x.jsonl"
    ));
    assert!(is_evidence("/h/rollout-x.jsonl.zst"));
    assert!(!is_evidence("/h/history.jsonl") && !is_evidence("/h/rollout-x.json"));
    let mut home = Home::at("/home/dev");
    assert_eq!(
        Codex.roots(&home)[0],
        Path::new("/home/dev/.codex/sessions")
    );
    home.variables
        .insert("CODEX_HOME".to_owned(), "/elsewhere".to_owned());
    assert_eq!(
        Codex.roots(&home)[1],
        Path::new("/elsewhere/archived_sessions")
    );
}

#[test]
fn membership_follows_the_heading() {
    let membership = |line: &str| Codex.membership(Path::new("x"), line.as_bytes());
    let of = |native_id: &str, parent: Option<&str>| {
        Some(Membership {
            native_id: native_id.to_owned(),
            parent: parent.map(str::to_owned),
        })
    };
    assert_eq!(
        membership(r#"{"id":"a","timestamp":"x","instructions":null}"#),
        of("a", None)
    );
    assert_eq!(
        membership(r#"{"type":"session_meta","payload":{"id":"a","forked_from_id":"b"}}"#),
        of("a", None)
    );
    assert_eq!(
        membership(
            r#"{"type":"session_meta","payload":{"id":"a","forked_from_id":"b","source":{"subagent":{"thread_spawn":{"parent_thread_id":"b","depth":1}}}}}"#
        ),
        of("a", Some("b"))
    );
    assert_eq!(
        membership(
            r#"{"type":"session_meta","payload":{"id":"a","source":{"subagent":"review"}}}"#
        ),
        of("a", None)
    );
    assert_eq!(membership("{not json"), None);
    assert_eq!(membership(r#"{"type":"event_msg","payload":{}}"#), None);
}
