//! From the moves of a conversation to steps.

use super::document::{
    Author, Extra, Metrics, Observation, ObservationResult, Step, SubagentReference, ToolCall,
};
use crate::conversation::{Move, Tool};
use crate::messages::{joined, result};
use dashcam_trace::{Image, ModelCall, Part, Span, SpanId, Status, Timestamp, Turn};
use serde_json::{Map, Value, json};

/// The step of a move; none for a prompt that the harness left empty.
/// `embedded` tells which subagents stand in the same trajectory.
pub(super) fn step<'a>(made: &Move<'a>, embedded: &dyn Fn(SpanId) -> bool) -> Option<Step<'a>> {
    match made {
        Move::Prompt { turn } => prompt(turn),
        Move::Answer {
            turn,
            span,
            call,
            tools,
        } => Some(answer(turn, span, call, tools, embedded)),
        Move::Tool { turn, tool } => {
            let tools = std::slice::from_ref(tool);
            let mut step = begun(turn, tool.span.start, Author::Agent);
            step.llm_call_count = Some(0);
            push_tools(&mut step, tools, embedded);
            Some(step)
        }
        Move::Event { turn, span, event } => {
            let mut step = begun(turn, span.start, Author::System);
            step.message = event.text.clone().unwrap_or_else(|| span.name.clone());
            step.extra.insert("event".to_owned(), json!(event.kind));
            note_status(&mut step.extra, span);
            Some(step)
        }
    }
}

/// A step of an agent's prompt or answer that no move tells.
pub(super) fn told<'a>(time: Timestamp, source: Author, message: &str) -> Step<'a> {
    Step {
        timestamp: time.to_string(),
        source,
        message: message.to_owned(),
        ..Step::default()
    }
}

fn begun<'a>(turn: &Turn, time: Timestamp, source: Author) -> Step<'a> {
    let mut step = told(time, source, "");
    step.is_copied_context = turn.copied_from.is_some();
    step.extra.insert("turn".to_owned(), json!(turn.index));
    if turn.abandoned {
        step.extra.insert("abandoned".to_owned(), json!(true));
    }
    step
}

fn prompt<'a>(turn: &Turn) -> Option<Step<'a>> {
    if turn.prompt.text.is_empty() && turn.prompt.images.is_empty() {
        return None;
    }
    let mut step = begun(turn, turn.start, Author::User);
    step.message.clone_from(&turn.prompt.text);
    note_images(&mut step.extra, &turn.prompt.images);
    Some(step)
}

fn answer<'a>(
    turn: &Turn,
    span: &Span,
    call: &'a ModelCall,
    tools: &[Tool<'a>],
    embedded: &dyn Fn(SpanId) -> bool,
) -> Step<'a> {
    let mut step = begun(turn, span.start, Author::Agent);
    step.llm_call_count = Some(1);
    step.model_name = Some(call.model.as_str()).filter(|model| !model.is_empty());
    step.reasoning_effort = call
        .parameters
        .iter()
        .find(|(name, _)| name.ends_with("effort"))
        .map(|(_, value)| value.as_str());
    step.message = joined(call.output.iter().filter_map(|part| match part {
        Part::Text { text } => Some(text.as_str()),
        _ => None,
    }))
    .unwrap_or_default();
    step.reasoning_content = joined(call.output.iter().filter_map(|part| match part {
        Part::Thinking { text } => Some(text.as_str()),
        _ => None,
    }));
    step.metrics = metrics(call);
    if let Some(reason) = &call.stop_reason {
        step.extra.insert("stop_reason".to_owned(), json!(reason));
    }
    note_status(&mut step.extra, span);
    push_tools(&mut step, tools, embedded);
    step
}

fn metrics(call: &ModelCall) -> Option<Metrics> {
    if call.tokens.is_none() && call.cost.is_none() && call.credits.is_none() {
        return None;
    }
    let mut extra = Extra::new();
    if let Some(credits) = call.credits {
        extra.insert("credits".to_owned(), json!(credits));
    }
    let tokens = call.tokens.as_ref();
    if let Some(tokens) = tokens {
        let parts = [
            ("cache_write_5m_tokens", tokens.cache_write_5m),
            ("cache_write_1h_tokens", tokens.cache_write_1h),
            ("reasoning_tokens", tokens.reasoning),
        ];
        for (name, count) in parts.into_iter().filter(|(_, count)| *count > 0) {
            extra.insert(name.to_owned(), json!(count));
        }
    }
    Some(Metrics {
        prompt_tokens: tokens.map(|tokens| tokens.prompt),
        completion_tokens: tokens.map(|tokens| tokens.completion),
        cached_tokens: tokens.map(|tokens| tokens.cache_read),
        cost_usd: call.cost.as_ref().map(|cost| cost.usd.usd()),
        extra,
    })
}

fn push_tools<'a>(step: &mut Step<'a>, tools: &[Tool<'a>], embedded: &dyn Fn(SpanId) -> bool) {
    if tools.is_empty() {
        return;
    }
    let mut results = Vec::with_capacity(tools.len());
    for tool in tools {
        step.tool_calls.push(tool_call(tool));
        results.extend(observation(tool, embedded));
    }
    if !results.is_empty() {
        step.observation = Some(Observation { results });
    }
}

fn tool_call<'a>(tool: &Tool<'a>) -> ToolCall<'a> {
    // Free text, as some tools take it, is no object.
    let arguments = match tool.call.input.to_value() {
        Value::Object(arguments) => arguments,
        Value::Null => Map::new(),
        other => Map::from_iter([("input".to_owned(), other)]),
    };
    let mut extra = Extra::new();
    extra.insert("tool_kind".to_owned(), json!(tool.call.tool_kind));
    ToolCall {
        tool_call_id: tool.id(),
        function_name: &tool.call.tool,
        arguments,
        extra,
    }
}

/// What a call gave back; nothing while that is unknown.
fn observation(tool: &Tool<'_>, embedded: &dyn Fn(SpanId) -> bool) -> Option<ObservationResult> {
    let content = result(tool);
    let runs = tool.runs.iter().filter(|run| embedded(**run));
    let subagent_trajectory_ref: Vec<_> = runs
        .map(|run| SubagentReference {
            trajectory_id: run.to_string(),
        })
        .collect();
    if content.is_none() && subagent_trajectory_ref.is_empty() {
        return None;
    }
    let mut extra = Extra::new();
    note_status(&mut extra, tool.span);
    if let Some(code) = tool.call.exit_code {
        extra.insert("exit_code".to_owned(), json!(code));
    }
    if let Some(output) = &tool.call.output {
        note_images(&mut extra, &output.images);
    }
    Some(ObservationResult {
        source_call_id: tool.id(),
        content,
        subagent_trajectory_ref,
        extra,
    })
}

fn note_status(extra: &mut Extra, span: &Span) {
    if span.status != Status::Ok {
        extra.insert("status".to_owned(), json!(span.status));
    }
    if let Some(error) = &span.error {
        extra.insert("error".to_owned(), json!(error));
    }
}

/// Images by type and size: the format wants files, which stay in dashcam.
fn note_images(extra: &mut Extra, images: &[Image]) {
    if !images.is_empty() {
        extra.insert("images".to_owned(), json!(images));
    }
}
