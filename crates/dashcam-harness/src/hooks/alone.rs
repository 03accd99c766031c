//! A session of which there is nothing but hook calls.

use super::calls::{Call, Calls, Happened};
use super::tools::{ToolSeen, tools};
use crate::claude_code::tools::{mcp_tool, tool_kind};
use crate::limit::{Limited, TOOL_OUTPUT, limit};
use dashcam_trace::{
    Event, EventKind, Git, Harness, Prompt, RawJson, Session, SessionId, Source, Sources, Span,
    SpanBody, SpanId, SpanKind, Status, Timing, ToolCall, ToolOutput, Turn, TurnStatus,
};
use rustc_hash::FxHashSet;

/// A session from its hooks: its turns are the prompts, its steps the tool
/// calls. [`enrich`](super::enrich) adds the rest. `None` if no prompt is
/// known.
pub fn session_alone(harness: Harness, native_id: &str, calls: &Calls<'_>) -> Option<Session> {
    let id = SessionId::derive(harness, native_id);
    let mut taken = FxHashSet::default();
    let mut turns: Vec<Turn> = calls
        .of(Happened::Prompt)
        // What a subagent is asked is no turn.
        .filter(|call| call.payload.agent().is_none())
        .map(|call| turn(id, call))
        .filter(|turn| taken.insert(turn.id))
        .collect();
    for (index, turn) in turns.iter_mut().enumerate() {
        turn.index = index as u32;
    }
    let started_at = turns.first()?.start;
    let mut session = Session {
        harness,
        id,
        native_id: native_id.to_owned(),
        title: None,
        cwd: calls.calls.iter().find_map(|call| call.payload.cwd.owned()),
        git: Git::default(),
        version: None,
        entrypoint: None,
        started_at,
        ended_at: started_at,
        parent: None,
        outcome: None,
        turns,
    };
    let mut taken = FxHashSet::default();
    for tool in tools(calls) {
        add_tool_call(&mut session, tool, &mut taken);
    }
    let ends = calls.of(Happened::TurnEnded);
    for call in ends.filter(|call| call.payload.agent().is_none()) {
        add_answer(&mut session, call, &mut taken);
    }
    Some(session)
}

fn hook() -> Sources {
    std::iter::once(Source::Hook).collect()
}

fn turn(session: SessionId, call: &Call<'_>) -> Turn {
    let native_id = match call.payload.turn() {
        Some(id) => id.to_owned(),
        None => call.at.to_string(),
    };
    Turn {
        id: session.turn(&native_id),
        index: 0,
        prompt: Prompt {
            text: call.payload.prompt.owned().unwrap_or_default(),
            images: Vec::new(),
        },
        start: call.at,
        end: None,
        status: TurnStatus::Unfinished,
        abandoned: false,
        copied_from: None,
        spans: vec![Span {
            id: session.span(SpanKind::Turn, &native_id),
            parent: None,
            name: "turn".to_owned(),
            start: call.at,
            end: None,
            status: Status::Unfinished,
            error: None,
            timing: Timing::Measured,
            sources: hook(),
            body: SpanBody::Turn,
        }],
    }
}

fn add_tool_call(session: &mut Session, tool: ToolSeen, taken: &mut FxHashSet<SpanId>) {
    let Some(at) = tool.began.or(tool.asked).or(tool.ended) else {
        return;
    };
    let named = tool.turn.as_deref().map(|turn| session.id.turn(turn));
    let turns = &session.turns;
    let turn = named
        .and_then(|id| turns.iter().position(|turn| turn.id == id))
        .or_else(|| turns.iter().rposition(|turn| turn.start <= at))
        .unwrap_or_default();
    let key = match &tool.call_id {
        Some(id) => id.clone(),
        None => format!("{}/{at}", tool.tool),
    };
    let id = fresh(session.id, SpanKind::ToolCall, &key, taken);
    let output = tool.output.as_ref().map(output);
    let kind = tool_kind(&tool.tool);
    let of_turn = &mut session.turns[turn];
    let parent = of_turn.spans[0].id;
    let start = at.max(of_turn.start);
    of_turn.spans.push(Span {
        id,
        parent: Some(parent),
        name: tool.tool.clone(),
        start,
        end: tool.ended.map(|end| end.max(start)),
        status: match (tool.ended, tool.interrupted, tool.failed) {
            (None, ..) => Status::Unfinished,
            (_, true, _) => Status::Interrupted,
            (_, _, true) => Status::Error,
            _ => Status::Ok,
        },
        error: tool.error.filter(|_| tool.failed),
        timing: Timing::Derived,
        sources: hook(),
        body: SpanBody::ToolCall(ToolCall {
            tool_kind: kind,
            target: target(&tool.input, kind),
            call_id: tool.call_id,
            mcp: mcp_tool(&tool.tool),
            input: tool.input,
            tool: tool.tool,
            output,
            exit_code: None,
            diff: Vec::new(),
        }),
    });
}

/// The id of a step; of several that were told at one moment and have no id of
/// their own, the first has that which it would have alone.
fn fresh(session: SessionId, kind: SpanKind, key: &str, taken: &mut FxHashSet<SpanId>) -> SpanId {
    let mut id = session.span(kind, key);
    let mut number = 1;
    while !taken.insert(id) {
        number += 1;
        id = session.span(kind, &format!("{key}/{number}"));
    }
    id
}

fn target(input: &RawJson, kind: dashcam_trace::ToolKind) -> Option<String> {
    let raw = serde_json::from_str(input.as_str()).ok();
    crate::claude_code::tools::Arguments::read(raw).target(kind)
}

/// What a tool gave back: its text, where it has one, or else all of it.
fn output(told: &RawJson) -> ToolOutput {
    let value = told.to_value();
    let text = |name: &str| value.get(name).and_then(serde_json::Value::as_str);
    let said = value
        .as_str()
        .or_else(|| text("stdout"))
        .or_else(|| text("textResultForLlm"))
        .or_else(|| text("llmContent"));
    let Limited {
        text: kept,
        omitted_bytes,
    } = limit(said.unwrap_or(told.as_str()), TOOL_OUTPUT);
    ToolOutput {
        text: kept,
        stderr: text("stderr")
            .filter(|text| !text.is_empty())
            .map(str::to_owned),
        omitted_bytes,
        ..ToolOutput::default()
    }
}

/// The last thing that the agent said, which no other step has.
fn add_answer(session: &mut Session, call: &Call<'_>, taken: &mut FxHashSet<SpanId>) {
    let Some(answer) = call.payload.answer() else {
        return;
    };
    let turns = &session.turns;
    let named = call.payload.turn().map(|turn| session.id.turn(turn));
    let turn = named
        .and_then(|id| turns.iter().position(|turn| turn.id == id))
        .or_else(|| turns.iter().rposition(|turn| turn.start <= call.at))
        .unwrap_or_default();
    let key = format!("hook/answer/{}", call.at.as_nanosecond());
    let id = fresh(session.id, SpanKind::Event, &key, taken);
    let of_turn = &mut session.turns[turn];
    let at = call.at.max(of_turn.start);
    let parent = of_turn.spans[0].id;
    of_turn.spans.push(Span {
        id,
        parent: Some(parent),
        name: "answer".to_owned(),
        start: at,
        end: Some(at),
        status: Status::Ok,
        error: None,
        timing: Timing::Measured,
        sources: hook(),
        body: SpanBody::Event(Event {
            kind: EventKind::Other,
            text: Some(answer.to_owned()),
            details: None,
        }),
    });
}
