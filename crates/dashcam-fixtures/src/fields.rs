//! The fields of the vocabulary, and how often a session fills each.
//!
//! [`vocabulary`] names every field there is, so that a new one does not
//! compile until it has been given a row or a reason for none.

#[cfg(test)]
mod vocabulary;

use dashcam_trace::{
    AgentRun, EventKind, FileDiff, ModelCall, Part, Session, Span, SpanBody, Status, Timing,
    Tokens, ToolCall, Turn, TurnStatus,
};

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    /// The part of a session that it belongs to.
    pub(crate) group: &'static str,
    /// What it is called for people.
    pub(crate) name: &'static str,
    look: Look,
}

/// Where to look, and whether the field is filled there.
#[derive(Clone, Copy, Debug)]
enum Look {
    Session(fn(&Session) -> bool),
    Turn(fn(&Turn) -> bool),
    ModelCall(fn(&Span, &ModelCall) -> bool),
    Tokens(fn(&Tokens) -> u64),
    ToolCall(fn(&Span, &ToolCall) -> bool),
    Diff(fn(&FileDiff) -> bool),
    AgentRun(fn(&Turn, &Span, &AgentRun) -> bool),
    Event(EventKind),
}

const SESSION: &str = "Session";
const TURN: &str = "Turns";
const MODEL: &str = "Model calls";
const TOOL: &str = "Tool calls";
const FILE: &str = "File changes";
const AGENT: &str = "Subagents";
const EVENT: &str = "Events";

const fn field(group: &'static str, name: &'static str, look: Look) -> Field {
    Field { group, name, look }
}

/// Every row, in the order of the table.
pub(crate) fn all() -> Vec<Field> {
    use Look::{Diff, ModelCall, Session, Tokens, ToolCall, Turn};
    let mut fields = vec![
        field(SESSION, "title", Session(|it| has(it.title.as_ref()))),
        field(SESSION, "folder", Session(|it| has(it.cwd.as_ref()))),
        field(SESSION, "branch", Session(|it| has(it.git.branch.as_ref()))),
        field(SESSION, "commit", Session(|it| has(it.git.commit.as_ref()))),
        field(SESSION, "remote", Session(|it| has(it.git.remote.as_ref()))),
        field(
            SESSION,
            "the harness's version",
            Session(|it| has(it.version.as_ref())),
        ),
        field(
            SESSION,
            "how it was started",
            Session(|it| has(it.entrypoint.as_ref())),
        ),
        field(
            SESSION,
            "the session it came from",
            Session(|it| it.parent.is_some()),
        ),
        field(SESSION, "outcome", Session(|it| it.outcome.is_some())),
        field(TURN, "prompt", Turn(|it| !it.prompt.text.is_empty())),
        field(
            TURN,
            "images in the prompt",
            Turn(|it| !it.prompt.images.is_empty()),
        ),
        field(
            TURN,
            "that it was completed",
            Turn(|it| it.status == TurnStatus::Completed),
        ),
        field(
            TURN,
            "that it was interrupted",
            Turn(|it| it.status == TurnStatus::Interrupted),
        ),
        field(
            TURN,
            "that it failed",
            Turn(|it| it.status == TurnStatus::Failed),
        ),
        field(TURN, "edited prompts", Turn(|it| it.abandoned)),
        field(
            TURN,
            "measured times",
            Turn(|it| it.spans.first().is_some_and(is_measured)),
        ),
        field(MODEL, "model", ModelCall(|_, it| !it.model.is_empty())),
        field(
            MODEL,
            "provider",
            ModelCall(|_, it| has(it.provider.as_ref())),
        ),
        field(
            MODEL,
            "id of the response",
            ModelCall(|_, it| has(it.response_id.as_ref())),
        ),
        field(MODEL, "tokens: prompt", Tokens(|it| it.prompt)),
        field(MODEL, "tokens: cache read", Tokens(|it| it.cache_read)),
        field(
            MODEL,
            "tokens: cache write",
            Tokens(dashcam_trace::Tokens::cache_write),
        ),
        field(
            MODEL,
            "tokens: cache write of an hour",
            Tokens(|it| it.cache_write_1h),
        ),
        field(MODEL, "tokens: completion", Tokens(|it| it.completion)),
        field(MODEL, "tokens: reasoning", Tokens(|it| it.reasoning)),
        field(
            MODEL,
            "cost, by the harness",
            ModelCall(|_, it| it.cost.is_some()),
        ),
        field(MODEL, "credits", ModelCall(|_, it| it.credits.is_some())),
        field(
            MODEL,
            "what it was given",
            ModelCall(|_, it| !it.input.is_empty()),
        ),
        field(
            MODEL,
            "answer",
            ModelCall(|_, it| it.output.iter().any(is_answer)),
        ),
        field(
            MODEL,
            "thinking",
            ModelCall(|_, it| it.output.iter().any(is_thinking)),
        ),
        field(
            MODEL,
            "effort, tier and other parameters",
            ModelCall(|_, it| !it.parameters.is_empty()),
        ),
        field(
            MODEL,
            "why it stopped",
            ModelCall(|_, it| has(it.stop_reason.as_ref())),
        ),
        field(
            MODEL,
            "error",
            ModelCall(|span, _| has(span.error.as_ref())),
        ),
        field(
            MODEL,
            "failed attempts before it",
            ModelCall(|_, it| it.retries.is_some()),
        ),
        field(
            MODEL,
            "when each attempt began",
            ModelCall(|_, it| !it.attempts.is_empty()),
        ),
        field(
            MODEL,
            "time to the first token",
            ModelCall(|_, it| it.ttft_ms.is_some()),
        ),
        field(
            MODEL,
            "measured times",
            ModelCall(|span, _| is_measured(span)),
        ),
        field(TOOL, "tool", ToolCall(|_, it| !it.tool.is_empty())),
        field(TOOL, "arguments", ToolCall(|_, it| has_arguments(it))),
        field(
            TOOL,
            "target: path, command, address",
            ToolCall(|_, it| has(it.target.as_ref())),
        ),
        field(
            TOOL,
            "id of the call",
            ToolCall(|_, it| has(it.call_id.as_ref())),
        ),
        field(
            TOOL,
            "MCP server and tool",
            ToolCall(|_, it| it.mcp.is_some()),
        ),
        field(TOOL, "result", ToolCall(|_, it| has_text(it))),
        field(
            TOOL,
            "images in the result",
            ToolCall(|_, it| it.output.as_ref().is_some_and(|it| !it.images.is_empty())),
        ),
        field(
            TOOL,
            "standard error apart",
            ToolCall(|_, it| it.output.as_ref().is_some_and(|it| it.stderr.is_some())),
        ),
        field(TOOL, "exit code", ToolCall(|_, it| it.exit_code.is_some())),
        field(TOOL, "error", ToolCall(|span, _| has(span.error.as_ref()))),
        field(
            TOOL,
            "that it was refused or interrupted",
            ToolCall(|span, _| span.status == Status::Interrupted),
        ),
        field(
            TOOL,
            "measured times",
            ToolCall(|span, _| is_measured(span)),
        ),
        field(
            FILE,
            "file, and what happened to it",
            Diff(|it| !it.path.is_empty()),
        ),
        field(FILE, "lines", Diff(|it| !it.patch.is_empty())),
        field(FILE, "former path", Diff(|it| it.old_path.is_some())),
        field(AGENT, "run", Look::AgentRun(|_, _, it| !it.id.is_empty())),
        field(
            AGENT,
            "steps",
            Look::AgentRun(|turn, run, _| turn.spans.iter().any(|it| it.parent == Some(run.id))),
        ),
        field(
            AGENT,
            "type",
            Look::AgentRun(|_, _, it| has(it.agent_type.as_ref())),
        ),
        field(
            AGENT,
            "description",
            Look::AgentRun(|_, _, it| has(it.description.as_ref())),
        ),
        field(
            AGENT,
            "prompt",
            Look::AgentRun(|_, _, it| has(it.prompt.as_ref())),
        ),
        field(
            AGENT,
            "answer",
            Look::AgentRun(|_, _, it| has(it.answer.as_ref())),
        ),
        field(
            AGENT,
            "model",
            Look::AgentRun(|_, _, it| has(it.model.as_ref())),
        ),
        field(
            AGENT,
            "in the background",
            Look::AgentRun(|_, _, it| it.background),
        ),
        field(
            AGENT,
            "tokens of the whole run",
            Look::AgentRun(|_, _, it| it.reported_tokens.is_some()),
        ),
    ];
    fields.extend(EventKind::ALL.map(|kind| field(EVENT, event_name(kind), Look::Event(kind))));
    fields
}

impl Field {
    /// How often a session fills the field.
    pub(crate) fn count(&self, session: &Session) -> usize {
        let spans = || {
            let turns = session.turns.iter();
            turns.flat_map(|turn| turn.spans.iter().map(move |span| (turn, span)))
        };
        let model_calls = || {
            spans().filter_map(|(_, span)| match &span.body {
                SpanBody::ModelCall(call) => Some((span, call)),
                _ => None,
            })
        };
        let tool_calls = || {
            spans().filter_map(|(_, span)| match &span.body {
                SpanBody::ToolCall(call) => Some((span, call)),
                _ => None,
            })
        };
        match self.look {
            Look::Session(is_filled) => usize::from(is_filled(session)),
            Look::Turn(is_filled) => session.turns.iter().filter(|it| is_filled(it)).count(),
            Look::ModelCall(is_filled) => model_calls()
                .filter(|(span, call)| is_filled(span, call))
                .count(),
            // 0 is also what stands where a harness does not tell them apart.
            Look::Tokens(of) => model_calls()
                .filter(|(_, call)| call.tokens.is_some_and(|tokens| of(&tokens) > 0))
                .count(),
            Look::ToolCall(is_filled) => tool_calls()
                .filter(|(span, call)| is_filled(span, call))
                .count(),
            Look::Diff(is_filled) => tool_calls()
                .flat_map(|(_, call)| &call.diff)
                .filter(|it| is_filled(it))
                .count(),
            Look::AgentRun(is_filled) => spans()
                .filter(|(turn, span)| match &span.body {
                    SpanBody::AgentRun(run) => is_filled(turn, span, run),
                    _ => false,
                })
                .count(),
            Look::Event(kind) => spans()
                .filter(|(_, span)| match &span.body {
                    SpanBody::Event(event) => event.kind == kind,
                    _ => false,
                })
                .count(),
        }
    }
}

fn has(text: Option<&String>) -> bool {
    text.is_some_and(|text| !text.is_empty())
}

fn is_measured(span: &Span) -> bool {
    span.timing == Timing::Measured && span.end.is_some()
}

fn is_answer(part: &Part) -> bool {
    matches!(part, Part::Text { text } if !text.is_empty())
}

fn is_thinking(part: &Part) -> bool {
    matches!(part, Part::Thinking { text } if !text.is_empty())
}

fn has_arguments(call: &ToolCall) -> bool {
    !matches!(call.input.as_str(), "" | "{}" | "null" | "\"\"")
}

fn has_text(call: &ToolCall) -> bool {
    call.output.as_ref().is_some_and(|it| !it.text.is_empty())
}

const fn event_name(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Permission => "permission asked or decided",
        EventKind::Compaction => "compaction",
        EventKind::Interruption => "interruption",
        EventKind::Notification => "notification",
        EventKind::ApiError => "error of the API",
        EventKind::Command => "slash command",
        EventKind::ShellLine => "shell line of the person's",
        EventKind::Context => "text put in by the harness",
        EventKind::Hook => "hook of the person's",
        EventKind::Settings => "change of model, mode or settings",
        EventKind::SessionEnd => "end of the session",
        // `Other`, and what a later version adds until it is named here.
        _ => "anything else",
    }
}

#[cfg(test)]
mod tests {
    use super::all;
    use std::collections::BTreeSet;

    #[test]
    fn no_two_rows_are_called_the_same() {
        let fields = all();
        let names: BTreeSet<_> = fields.iter().map(|it| (it.group, it.name)).collect();
        assert_eq!(names.len(), fields.len());
    }
}
