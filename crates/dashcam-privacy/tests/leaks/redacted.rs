//! `redacted`: planted secrets, and not a byte of them afterwards.

use crate::evidence;
use crate::plants::{self, Place, Plant};
use crate::search::{every_form, leaks};
use dashcam_privacy::{HashKey, Known, Level, Policy, apply, apply_turn};
use dashcam_trace::{
    AgentRun, Change, Event, EventKind, FileDiff, Image, ImageId, InputPart, ModelCall, Part,
    RawJson, Session, Span, SpanBody, SpanKind, ToolCall, ToolKind, ToolOutput,
};
use std::collections::BTreeSet;

fn policy() -> Policy {
    Policy::new(Level::Redacted, HashKey::from_bytes([7; 32]))
        .with_environment(plants::environment())
}

/// A step like another one of the session.
fn step(session: &Session, index: usize, body: SpanBody) -> Span {
    let turn = &session.turns[0];
    let model = turn
        .spans
        .iter()
        .find(|span| span.kind() == SpanKind::ModelCall);
    let pattern = model.unwrap_or(&turn.spans[0]).clone();
    Span {
        id: session
            .id
            .span(SpanKind::Event, &format!("planted-{index}")),
        parent: Some(turn.spans[0].id),
        name: "planted".to_owned(),
        error: None,
        body,
        ..pattern
    }
}

fn tool(input: RawJson) -> ToolCall {
    ToolCall {
        tool: "Bash".to_owned(),
        tool_kind: ToolKind::Shell,
        target: None,
        call_id: None,
        input,
        output: None,
        exit_code: Some(0),
        mcp: None,
        diff: Vec::new(),
    }
}

fn with_output(output: ToolOutput) -> SpanBody {
    SpanBody::ToolCall(ToolCall {
        output: Some(output),
        ..tool(RawJson::null())
    })
}

fn model_call(input: Vec<InputPart>, output: Vec<Part>) -> SpanBody {
    SpanBody::ModelCall(ModelCall {
        model: "a-model".to_owned(),
        input,
        output,
        ..ModelCall::default()
    })
}

fn event(text: Option<String>, details: Option<RawJson>) -> SpanBody {
    SpanBody::Event(Event {
        kind: EventKind::Notification,
        text,
        details,
    })
}

/// Puts a secret where it belongs.
fn plant(session: &mut Session, index: usize, place: &Place) {
    let mut error = None;
    let body = match place {
        Place::Prompt(text) => {
            let prompt = &mut session.turns[0].prompt.text;
            prompt.push('\n');
            prompt.push_str(text);
            model_call(vec![InputPart::Prompt { text: text.clone() }], Vec::new())
        }
        Place::Answer(text) => model_call(Vec::new(), vec![Part::Text { text: text.clone() }]),
        Place::Thinking(text) => {
            model_call(Vec::new(), vec![Part::Thinking { text: text.clone() }])
        }
        Place::Input(value) => SpanBody::ToolCall(tool(RawJson::from_value(value))),
        Place::Output(text) => with_output(ToolOutput::text(text)),
        Place::Stderr(text) => with_output(ToolOutput {
            stderr: Some(text.clone()),
            ..ToolOutput::default()
        }),
        Place::Diff(patch) => SpanBody::ToolCall(ToolCall {
            diff: vec![FileDiff {
                path: "a/b".to_owned(),
                change: Change::Update,
                old_path: None,
                patch: patch.clone(),
                added: 1,
                removed: 0,
            }],
            ..tool(RawJson::null())
        }),
        Place::Error(text) => {
            error = Some(text.clone());
            SpanBody::ToolCall(tool(RawJson::null()))
        }
        Place::EventText(text) => event(Some(text.clone()), None),
        Place::EventDetails(value) => event(None, Some(RawJson::from_value(value))),
        Place::AgentPrompt(text) => SpanBody::AgentRun(AgentRun {
            id: "a1".to_owned(),
            prompt: Some(text.clone()),
            description: Some(text.clone()),
            answer: Some(text.clone()),
            ..AgentRun::default()
        }),
        Place::Target(text) => SpanBody::ToolCall(ToolCall {
            target: Some(text.clone()),
            ..tool(RawJson::from_value(&serde_json::json!({ "command": text })))
        }),
        Place::Remote(text) => {
            session.git.remote = Some(text.clone());
            session.git.branch = Some(text.clone());
            return;
        }
        Place::Title(text) => {
            session.title = Some(text.clone());
            session.cwd = Some(format!("/w/{text}"));
            return;
        }
        Place::Parameter(text) => SpanBody::ModelCall(ModelCall {
            model: "a-model".to_owned(),
            parameters: vec![("effort".to_owned(), text.clone())],
            stop_reason: Some(text.clone()),
            output: vec![Part::Other {
                name: "x".to_owned(),
                json: format!("{{\"x\":\"{text}\"}}"),
            }],
            ..ModelCall::default()
        }),
    };
    let mut span = step(session, index, body);
    if error.is_some() {
        span.status = dashcam_trace::Status::Error;
    }
    span.error = error;
    session.turns[0].spans.push(span);
}

fn planted(mut session: Session, plants: &[Plant]) -> Session {
    for (index, each) in plants.iter().enumerate() {
        plant(&mut session, index, &each.place);
    }
    session
}

fn check(session: Session) {
    let plants = plants::all();
    let values: Vec<&str> = plants
        .iter()
        .flat_map(|plant| plant.values.iter().map(String::as_str))
        .collect();
    let session = planted(session, &plants);
    let before = format!("{session:?}").into_bytes();
    let shown = leaks(&[("before", before)], &values).join("\n");
    for value in &values {
        assert!(shown.contains(value), "{value} is not in the session");
    }

    let leaks = leaks(&every_form(&apply(session, &policy())), &values);
    assert!(
        leaks.is_empty(),
        "{} leaks:\n{}",
        leaks.len(),
        leaks.join("\n")
    );
}

#[test]
fn plants_are_many_and_of_many_kinds() {
    let plants = plants::all();
    let sorts: BTreeSet<&str> = plants.iter().map(|plant| plant.sort).collect();
    assert!(plants.len() >= 60, "{}", plants.len());
    assert!(sorts.len() >= 20, "{}", sorts.len());
}

#[test]
fn no_byte_of_a_claude_code_session_holds_a_planted_secret() {
    check(evidence::claude_code());
}

#[test]
fn no_byte_of_a_codex_session_holds_a_planted_secret() {
    check(evidence::codex());
}

#[test]
fn each_secret_is_found_without_the_help_of_the_others() {
    let base = evidence::claude_code();
    let mut all = Vec::new();
    for plant in plants::all() {
        if plant.sort == "told elsewhere" {
            continue;
        }
        let sort = plant.sort;
        let values = plant.values.clone();
        let session = planted(base.clone(), &[plant]);
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        let leaks = leaks(&every_form(&apply(session, &policy())), &values);
        all.extend(leaks.first().map(|leak| format!("{sort}: {leak}")));
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[test]
fn turn_by_turn_later_turns_know_what_earlier_ones_gave_away() {
    let mut session = evidence::claude_code();
    let value = "leise-Rieselt-9-der";
    plant(
        &mut session,
        0,
        &Place::Output(format!("password={value}\n")),
    );
    let first = session.turns[0].clone();
    let mut second = first.clone();
    second.prompt.text = format!("I typed {value} and it let me in");
    second.spans.clear();
    let mut known = Known::default();
    let _ = apply_turn(first, &policy(), &mut known);
    let second = apply_turn(second, &policy(), &mut known);
    assert_eq!(
        second.prompt.text,
        "I typed [redacted:password] and it let me in"
    );
    assert_eq!(known.counts()["password"], 2);
}

#[test]
fn applying_again_changes_nothing() {
    let session = planted(evidence::claude_code(), &plants::all());
    let once = apply(session, &policy());
    assert_eq!(apply(once.clone(), &policy()), once);
}

#[test]
fn json_stays_json_and_keeps_its_other_bytes() {
    let mut session = evidence::claude_code();
    let secret = format!("ghp_{}", plants::alnum(36, 5));
    let input = format!(
        "{{ \"b\" : [1.50, \"é\\u00e9 {secret}\"],\n\t\"{secret}\": {{\"deep\": [[\"\\ud800 x\"]]}}, \"a\": null }}"
    );
    plant(&mut session, 0, &Place::Output(String::new()));
    let span = session.turns[0].spans.last_mut().unwrap();
    let SpanBody::ToolCall(call) = &mut span.body else {
        unreachable!()
    };
    call.input = RawJson::parse(input.clone()).unwrap();
    let session = apply(session, &policy());
    let SpanBody::ToolCall(call) = &session.turns[0].spans.last().unwrap().body else {
        unreachable!()
    };
    assert_eq!(
        call.input.as_str(),
        "{ \"b\" : [1.50, \"éé [redacted:github-token]\"],\n\t\"[redacted:github-token]\": {\"deep\": [[\"\\ud800 x\"]]}, \"a\": null }"
    );
}

#[test]
fn images_keep_their_size_and_lose_what_their_bytes_are_found_by() {
    let mut session = evidence::claude_code();
    session.turns[0].prompt.images.push(Image {
        media_type: "image/png".to_owned(),
        bytes: 1234,
        id: Some(ImageId::of(b"pixels")),
    });
    let session = apply(session, &policy());
    let image = &session.turns[0].prompt.images[0];
    assert_eq!((image.bytes, &image.id), (1234, &None));
}

#[test]
fn the_home_is_written_short() {
    let mut session = evidence::claude_code();
    session.cwd = Some("/home/dev/work/repo".to_owned());
    let policy = policy().with_user_paths(["/home/dev".to_owned()]);
    let session = apply(session, &policy);
    assert_eq!(session.cwd.as_deref(), Some("~/work/repo"));
    let forms = every_form(&session);
    for (form, bytes) in forms {
        assert!(
            memchr::memmem::find(&bytes, b"/home/dev").is_none(),
            "{form}"
        );
    }
}

#[test]
fn full_changes_nothing() {
    let session = planted(evidence::codex(), &plants::all());
    let policy = Policy::new(Level::Full, HashKey::from_bytes([0; 32]));
    assert_eq!(apply(session.clone(), &policy), session);
}
