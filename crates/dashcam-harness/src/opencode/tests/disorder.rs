//! Rows that are not as they should be.

use super::*;
use dashcam_trace::{ProblemKind, TurnStatus};

fn lines(text: &str) -> Decoded {
    let evidence = EvidenceFile {
        path: "opencode.db#ses_1",
        native_id: "ses_1",
        parent: None,
        bytes: Cow::Borrowed(text.as_bytes()),
    };
    OpenCode.decode(&Evidence {
        native_id: "ses_1",
        files: vec![evidence],
    })
}

const SESSION: &str = r#"{"table":"session","id":"ses_1","directory":"/w","title":"T"}"#;
const PROMPT: &str =
    r#"{"table":"message","id":"msg_1","time_created":1795430000000,"data":{"role":"user"}}"#;
const WORDS: &str =
    r#"{"table":"part","id":"prt_1","message_id":"msg_1","data":{"type":"text","text":"hello"}}"#;

fn kinds(decoded: &Decoded) -> Vec<ProblemKind> {
    decoded
        .problems
        .iter()
        .map(|problem| problem.kind)
        .collect()
}

#[test]
fn a_row_that_cannot_be_read_costs_only_itself() {
    let broken = r#"{"table":"message","id":"msg_0","data":"no object"}"#;
    let unknown = r#"{"table":"todo","id":"x"}"#;
    let decoded = lines(&[SESSION, broken, "{\"table\":", PROMPT, unknown, WORDS].join("\n"));
    assert_eq!(
        kinds(&decoded),
        [ProblemKind::UnexpectedShape, ProblemKind::MalformedLine]
    );
    assert_eq!(decoded.unknown_records["todo"], 1);
    let session = decoded.session.unwrap();
    assert_eq!(session.turns[0].prompt.text, "hello");
    assert_eq!(session.turns[0].status, TurnStatus::Unfinished);
}

#[test]
fn a_row_that_is_there_twice_counts_once() {
    let decoded = lines(&[SESSION, PROMPT, PROMPT, WORDS, WORDS].join("\n"));
    assert_eq!(kinds(&decoded), [ProblemKind::Inconsistent; 2]);
    assert_eq!(decoded.session.unwrap().turns[0].prompt.text, "hello");
}

#[test]
fn parts_of_types_to_come_are_kept_and_counted() {
    let answer = r#"{"table":"message","id":"msg_2","time_created":1795430001000,"data":{"role":"assistant","parentID":"msg_1","modelID":"m"}}"#;
    let start =
        r#"{"table":"part","id":"prt_2","message_id":"msg_2","data":{"type":"step-start"}}"#;
    let hologram = r#"{"table":"part","id":"prt_3","message_id":"msg_2","data":{"type":"hologram","light":1}}"#;
    let decoded = lines(&[SESSION, PROMPT, WORDS, answer, start, hologram].join("\n"));
    assert_eq!(decoded.unknown_records["part hologram"], 1);
    let shown = serde_json::to_string(&decoded.session.unwrap()).unwrap();
    assert!(
        shown.contains("hologram") && shown.contains("light"),
        "{shown}"
    );
}

#[test]
fn a_message_of_several_steps_is_several_calls() {
    // As versions before 1.0 wrote them: the message has the last step's
    // tokens and the cost of all.
    let tokens = |input: u64| json!({ "input": input, "output": 5, "reasoning": 2, "cache": { "read": 1, "write": 0 } });
    let answer = json!({ "table": "message", "id": "msg_2", "time_created": 1_795_430_001_000_i64, "data": {
        "role": "assistant", "parentID": "msg_1", "modelID": "m", "providerID": "p", "cost": 0.3,
        "tokens": tokens(20), "time": { "created": 1_795_430_001_000_i64, "completed": 1_795_430_009_000_i64 } } });
    let part = |id: &str, data: Value| {
        json!({ "table": "part", "id": id, "message_id": "msg_2", "data": data }).to_string()
    };
    let text = [
        SESSION.to_owned(),
        PROMPT.to_owned(),
        WORDS.to_owned(),
        answer.to_string(),
        part("prt_2", json!({ "type": "step-start" })),
        part(
            "prt_3",
            json!({ "type": "step-finish", "cost": 0.1, "tokens": tokens(10) }),
        ),
        part("prt_4", json!({ "type": "step-start" })),
        part("prt_5", json!({ "type": "text", "text": "done" })),
        part(
            "prt_6",
            json!({ "type": "step-finish", "cost": 0.2, "tokens": tokens(20) }),
        ),
    ]
    .join("\n");
    let session = lines(&text).session.unwrap();
    let calls: Vec<_> = counted(&session).into_values().collect();
    assert_eq!(calls.len(), 2);
    // Without a total, reasoning is taken to be in the output.
    assert_eq!(session.tokens().completion, 10);
    assert_eq!(session.tokens().prompt, 32);
    assert_eq!(session.cost().nanos(), 300_000_000);
    let rows = Rows {
        path: String::new(),
        native_id: "ses_1".to_owned(),
        parent: None,
        bytes: text.into_bytes(),
    };
    assert_eq!(scanned(&[rows]), counted(&session));
}

#[test]
fn a_model_without_a_price_costs_nothing_known() {
    let mut rows = rows("coding");
    let text = String::from_utf8(std::mem::take(&mut rows[0].bytes)).unwrap();
    let free = text.replace("\"cost\":0.00218", "\"cost\":0");
    assert_ne!(free, text);
    rows[0].bytes = free.into_bytes();
    let session = decode(&rows, &rows[0].native_id).session.unwrap();
    let costs = session.spans().filter_map(|span| match &span.body {
        SpanBody::ModelCall(call) => Some(call.cost.is_some()),
        _ => None,
    });
    assert_eq!(costs.filter(|known| *known).count(), 1);
}

#[test]
fn a_child_without_its_parents_call_is_still_part_of_the_session() {
    let rows = rows("agents");
    let root = rows.iter().find(|rows| rows.parent.is_none()).unwrap();
    let text = String::from_utf8(root.bytes.clone()).unwrap();
    let without: String = text
        .split_inclusive('\n')
        .filter(|line| !line.contains("\"tool\":\"task\""))
        .collect();
    let native_id = root.native_id.clone();
    let rows: Vec<Rows> = rows
        .into_iter()
        .map(|mut rows| {
            if rows.native_id == native_id {
                rows.bytes = without.clone().into_bytes();
            }
            rows
        })
        .collect();
    let session = decode(&rows, &native_id).session.unwrap();
    let runs = session
        .spans()
        .filter(|span| matches!(span.body, SpanBody::AgentRun(_)));
    assert_eq!(runs.count(), 3);
}
