//! `metadata`: whatever was said, no piece of it is sent.

use crate::evidence;
use crate::search::every_form;
use dashcam_privacy::{HashKey, Hide, Level, Policy, apply};
use dashcam_trace::{
    AgentRun, Change, Event, EventKind, FileDiff, Image, InputPart, ModelCall, Outcome, Part,
    RawJson, Session, Span, SpanBody, SpanKind, ToolCall, ToolKind, ToolOutput,
};
use proptest::prelude::*;

/// The shortest piece of a text that must not be seen.
const PIECE_BYTES: usize = 6;

/// A session that says `text` wherever anything can be said.
fn saying(text: &str) -> Session {
    let mut session = evidence::codex();
    session.turns.truncate(1);
    let some = || Some(text.to_owned());
    session.title = some();
    session.cwd = some();
    session.git.branch = some();
    session.git.commit = some();
    session.git.remote = some();
    session.outcome = Some(Outcome {
        label: "done".to_owned(),
        evidence: text.to_owned(),
    });
    let json = RawJson::from_value(&serde_json::json!({ text: [text, {"a": text}] }));
    let image = Image {
        media_type: text.to_owned(),
        bytes: 1,
        id: Some(dashcam_trace::ImageId(text.to_owned())),
    };
    let turn = &mut session.turns[0];
    text.clone_into(&mut turn.prompt.text);
    turn.prompt.images = vec![image.clone()];
    let pattern = turn.spans[0].clone();
    let bodies = [
        SpanBody::ModelCall(ModelCall {
            model: "a-model".to_owned(),
            parameters: vec![("effort".to_owned(), format!("{text} {text}"))],
            input: vec![InputPart::Prompt {
                text: text.to_owned(),
            }],
            output: vec![
                Part::Text {
                    text: text.to_owned(),
                },
                Part::Thinking {
                    text: text.to_owned(),
                },
                Part::Image {
                    image: image.clone(),
                },
                Part::Other {
                    name: text.to_owned(),
                    json: json.as_str().to_owned(),
                },
            ],
            ..ModelCall::default()
        }),
        SpanBody::ToolCall(ToolCall {
            tool: "Edit".to_owned(),
            tool_kind: ToolKind::Edit,
            target: some(),
            call_id: Some("call_1".to_owned()),
            input: json.clone(),
            output: Some(ToolOutput {
                text: text.to_owned(),
                stderr: some(),
                images: vec![image],
                omitted_bytes: 5,
            }),
            exit_code: Some(3),
            mcp: None,
            diff: vec![FileDiff {
                path: text.to_owned(),
                change: Change::Update,
                old_path: some(),
                patch: format!("+{text}"),
                added: 1,
                removed: 2,
            }],
        }),
        SpanBody::AgentRun(AgentRun {
            id: "a1".to_owned(),
            agent_type: Some("Explore".to_owned()),
            description: some(),
            prompt: some(),
            answer: some(),
            ..AgentRun::default()
        }),
        SpanBody::Event(Event {
            kind: EventKind::ShellLine,
            text: some(),
            details: Some(json),
        }),
    ];
    for (index, body) in bodies.into_iter().enumerate() {
        turn.spans.push(Span {
            id: session.id.span(SpanKind::Event, &index.to_string()),
            parent: Some(pattern.id),
            name: text.to_owned(),
            error: some(),
            body,
            ..pattern.clone()
        });
    }
    session
}

fn metadata() -> Policy {
    Policy::new(Level::Metadata, HashKey::from_bytes([9; 32]))
}

/// What is sent of any session: the words of the formats and of the harness.
fn forms(session: &Session) -> Vec<(&'static str, Vec<u8>)> {
    every_form(&apply(session.clone(), &metadata()))
}

/// Texts from an alphabet that no format's own words, numbers or hashes have:
/// a piece that is seen was leaked, not met by chance.
fn said() -> impl Strategy<Value = String> {
    prop_oneof![
        "[Ωжщλ蜂]{8,40}",
        "[qxzjQXZJ ]{24,60}",
        "/qx[qxzj]{4,9}/zj[qxzj]{4,9}\\.rs",
        "sk-[QXZJqxzj]{20,40}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_piece_of_a_text_is_sent(text in said()) {
        let session = saying(&text);
        let letters: Vec<char> = text.chars().collect();
        for (form, bytes) in forms(&session) {
            for piece in letters.windows(PIECE_BYTES) {
                let piece: String = piece.iter().collect();
                let is_seen = memchr::memmem::find(&bytes, piece.as_bytes()).is_some();
                prop_assert!(!is_seen, "{form}: {piece:?} of {text:?}");
            }
        }
    }
}

#[test]
fn numbers_names_and_the_tree_stay() {
    let session = evidence::claude_code();
    let sent = apply(session.clone(), &metadata());
    assert_eq!(sent.tokens(), session.tokens());
    assert_eq!(sent.cost(), session.cost());
    assert_eq!(
        (sent.id, &sent.native_id, sent.started_at, sent.ended_at),
        (
            session.id,
            &session.native_id,
            session.started_at,
            session.ended_at
        )
    );
    let (before, after): (Vec<_>, Vec<_>) = (session.spans().collect(), sent.spans().collect());
    assert_eq!(before.len(), after.len());
    for (before, after) in before.into_iter().zip(after) {
        assert_eq!(
            (
                after.id,
                after.parent,
                after.kind(),
                after.start,
                after.end,
                after.status
            ),
            (
                before.id,
                before.parent,
                before.kind(),
                before.start,
                before.end,
                before.status
            )
        );
        match (&before.body, &after.body) {
            (SpanBody::ToolCall(before), SpanBody::ToolCall(after)) => {
                assert_eq!(
                    (
                        &after.tool,
                        after.tool_kind,
                        after.exit_code,
                        &after.call_id,
                        &after.mcp
                    ),
                    (
                        &before.tool,
                        before.tool_kind,
                        before.exit_code,
                        &before.call_id,
                        &before.mcp
                    )
                );
                assert_eq!(after.diff.len(), before.diff.len());
            }
            (SpanBody::ModelCall(before), SpanBody::ModelCall(after)) => assert_eq!(
                (
                    &after.model,
                    after.tokens,
                    &after.cost,
                    &after.stop_reason,
                    &after.response_id
                ),
                (
                    &before.model,
                    before.tokens,
                    &before.cost,
                    &before.stop_reason,
                    &before.response_id
                )
            ),
            _ => {}
        }
    }
}

#[test]
fn one_path_has_one_hash_and_another_key_another() {
    let session = saying("/qx/zj.rs");
    let one = apply(session.clone(), &metadata());
    let again = apply(session.clone(), &metadata());
    assert_eq!(one, again);
    let elsewhere = Policy::new(Level::Metadata, HashKey::from_bytes([8; 32]));
    assert_ne!(one.cwd, apply(session, &elsewhere).cwd);
    assert!(one.cwd.unwrap().starts_with("path-"));
}

#[test]
fn applying_metadata_again_keeps_the_numbers() {
    let once = apply(evidence::claude_code(), &metadata());
    assert_eq!(apply(once.clone(), &metadata()).tokens(), once.tokens());
}

#[test]
fn with_every_switch_of_arize_off_nothing_said_is_sent() {
    let hide =
        Hide::from_environment(|name| name.starts_with("ARIZE_LOG_").then(|| "false".to_owned()));
    let policy = Policy::new(Level::Full, HashKey::from_bytes([9; 32])).with_hidden(hide);
    let text = "qxzj qxzj qxzj secret words";
    let mut session = saying(text);
    // The project and the repository are not content.
    session.cwd = None;
    session.git = dashcam_trace::Git::default();
    let turn = &mut session.turns[0];
    turn.prompt.images.clear();
    for span in &mut turn.spans {
        // Names of steps are those of tools and models.
        "step".clone_into(&mut span.name);
        if let SpanBody::ModelCall(call) = &mut span.body {
            call.parameters.clear();
            for part in &mut call.output {
                if let Part::Other { name, .. } = part {
                    "x".clone_into(name);
                }
            }
        }
    }
    for (form, bytes) in every_form(&apply(session, &policy)) {
        assert!(memchr::memmem::find(&bytes, b"qxzj").is_none(), "{form}");
    }
}

#[test]
fn each_switch_hides_its_own_kind() {
    let only = |switch: &'static str| {
        let hide = Hide::from_environment(move |name| (name == switch).then(|| "0".to_owned()));
        let policy = Policy::new(Level::Full, HashKey::from_bytes([9; 32])).with_hidden(hide);
        let session = apply(saying("qxzj"), &policy);
        let call = session.turns[0]
            .spans
            .iter()
            .find_map(|span| match &span.body {
                SpanBody::ToolCall(call) if call.call_id.as_deref() == Some("call_1") => {
                    Some(call.clone())
                }
                _ => None,
            });
        let call = call.unwrap();
        let hidden = dashcam_privacy::HIDDEN;
        (
            session.turns[0].prompt.text == hidden,
            call.target.as_deref() == Some(hidden),
            call.output.unwrap().text == hidden,
        )
    };
    assert_eq!(only("ARIZE_LOG_PROMPTS"), (true, false, false));
    assert_eq!(only("ARIZE_LOG_TOOL_DETAILS"), (false, true, false));
    assert_eq!(only("ARIZE_LOG_TOOL_CONTENT"), (false, false, true));
    assert_eq!(only("ARIZE_LOG_NOTHING"), (false, false, false));
}
