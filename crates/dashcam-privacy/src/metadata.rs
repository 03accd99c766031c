//! [`Level::Metadata`](crate::Level::Metadata): a session without any text.
//!
//! Numbers, kinds, times, ids, statuses, exit codes, and names of tools,
//! models and MCP servers stay. Paths, branches and remotes become keyed
//! hashes. Everything that a person, a model or a file said is gone: not
//! replaced by a mark, so that not even its length or place is told. A name
//! stays only if it has a name's shape; else it becomes a hash too.

use crate::HashKey;
use dashcam_trace::{
    AgentRun, Event, FileDiff, Git, InputPart, McpTool, ModelCall, Outcome, Part, Prompt, RawJson,
    Session, Span, SpanBody, ToolCall, ToolKind, ToolOutput, Turn,
};

/// The longest text that passes for a name or an id.
const NAME_BYTES: usize = 128;

pub(crate) fn session(session: Session, key: &HashKey) -> Session {
    let Session {
        harness,
        id,
        native_id,
        title: _,
        cwd,
        git,
        version,
        entrypoint,
        started_at,
        ended_at,
        parent,
        outcome,
        turns,
    } = session;
    Session {
        harness,
        id,
        native_id: name(key, native_id),
        title: None,
        cwd: cwd.map(|cwd| hashed(key, "path", &cwd)),
        git: repository(git, key),
        version: version.map(|version| name(key, version)),
        entrypoint: entrypoint.map(|entrypoint| name(key, entrypoint)),
        started_at,
        ended_at,
        parent,
        outcome: outcome.map(|Outcome { label, evidence: _ }| Outcome {
            label: name(key, label),
            evidence: String::new(),
        }),
        turns: turns.into_iter().map(|each| turn(each, key)).collect(),
    }
}

/// A commit's name is public where the repository is, so it tells the
/// repository as surely as the remote does.
fn repository(git: Git, key: &HashKey) -> Git {
    let Git {
        branch,
        commit,
        remote,
    } = git;
    Git {
        branch: branch.map(|branch| hashed(key, "branch", &branch)),
        commit: commit.map(|commit| hashed(key, "commit", &commit)),
        remote: remote.map(|remote| hashed(key, "remote", &remote)),
    }
}

pub(crate) fn turn(turn: Turn, key: &HashKey) -> Turn {
    let Turn {
        id,
        index,
        prompt: Prompt { text: _, images: _ },
        start,
        end,
        status,
        abandoned,
        copied_from,
        spans,
    } = turn;
    Turn {
        id,
        index,
        prompt: Prompt::default(),
        start,
        end,
        status,
        abandoned,
        copied_from,
        spans: spans.into_iter().map(|each| span(each, key)).collect(),
    }
}

pub(crate) fn span(span: Span, key: &HashKey) -> Span {
    let Span {
        id,
        parent,
        // Names may be commands or descriptions: they are made anew from what stays.
        name: _,
        start,
        end,
        status,
        error: _,
        timing,
        sources,
        body,
    } = span;
    let body = match body {
        SpanBody::Turn => SpanBody::Turn,
        SpanBody::ModelCall(call) => SpanBody::ModelCall(model_call(call, key)),
        SpanBody::ToolCall(call) => SpanBody::ToolCall(tool_call(call, key)),
        SpanBody::AgentRun(run) => SpanBody::AgentRun(agent_run(run, key)),
        SpanBody::Event(Event {
            kind,
            text: _,
            details: _,
        }) => SpanBody::Event(Event {
            kind,
            text: None,
            details: None,
        }),
    };
    let name = match &body {
        SpanBody::Turn => "turn".to_owned(),
        SpanBody::ModelCall(call) => call.model.clone(),
        SpanBody::ToolCall(call) => call.tool.clone(),
        SpanBody::AgentRun(run) => run.agent_type.clone().unwrap_or_else(|| "agent".to_owned()),
        SpanBody::Event(event) => event.kind.as_str().to_owned(),
    };
    Span {
        id,
        parent,
        name,
        start,
        end,
        status,
        error: None,
        timing,
        sources,
        body,
    }
}

fn model_call(call: ModelCall, key: &HashKey) -> ModelCall {
    let ModelCall {
        model,
        provider,
        response_id,
        tokens,
        cost,
        credits,
        retries,
        attempts,
        ttft_ms,
        stop_reason,
        parameters,
        input,
        output,
    } = call;
    ModelCall {
        model: name(key, model),
        provider: provider.map(|provider| name(key, provider)),
        response_id: response_id.map(|id| name(key, id)),
        tokens,
        cost,
        credits,
        retries,
        attempts,
        ttft_ms,
        stop_reason: stop_reason.map(|reason| name(key, reason)),
        parameters: parameters
            .into_iter()
            .filter(|(name, value)| is_setting(name) && is_setting(value))
            .collect(),
        input: input
            .into_iter()
            .filter(|part| match part {
                InputPart::Prompt { text: _ } => false,
                InputPart::ToolResult { span: _ } | InputPart::Context { span: _ } => true,
            })
            .collect(),
        output: output
            .into_iter()
            .filter_map(|part| match part {
                Part::ToolUse { span, name: tool } => Some(Part::ToolUse {
                    span,
                    name: name(key, tool),
                }),
                Part::Text { text: _ }
                | Part::Thinking { text: _ }
                | Part::Image { image: _ }
                | Part::Other { name: _, json: _ } => None,
            })
            .collect(),
    }
}

fn tool_call(call: ToolCall, key: &HashKey) -> ToolCall {
    let ToolCall {
        tool,
        tool_kind,
        target,
        call_id,
        input: _,
        output,
        exit_code,
        mcp,
        diff,
    } = call;
    // Only of a file does it say something that the target was the same.
    let is_file = matches!(tool_kind, ToolKind::Read | ToolKind::Edit | ToolKind::Write);
    ToolCall {
        tool: name(key, tool),
        tool_kind,
        target: target
            .filter(|_| is_file)
            .map(|path| hashed(key, "path", &path)),
        call_id: call_id.map(|id| name(key, id)),
        input: RawJson::null(),
        output: output.map(
            |ToolOutput {
                 text: _,
                 stderr: _,
                 images: _,
                 omitted_bytes,
             }| ToolOutput {
                omitted_bytes,
                ..ToolOutput::default()
            },
        ),
        exit_code,
        mcp: mcp.map(|McpTool { server, tool }| McpTool {
            server: name(key, server),
            tool: name(key, tool),
        }),
        diff: diff.into_iter().map(|each| file_diff(each, key)).collect(),
    }
}

fn file_diff(diff: FileDiff, key: &HashKey) -> FileDiff {
    let FileDiff {
        path,
        change,
        old_path,
        patch: _,
        added,
        removed,
    } = diff;
    FileDiff {
        path: hashed(key, "path", &path),
        change,
        old_path: old_path.map(|path| hashed(key, "path", &path)),
        patch: String::new(),
        added,
        removed,
    }
}

fn agent_run(run: AgentRun, key: &HashKey) -> AgentRun {
    let AgentRun {
        id,
        agent_type,
        description: _,
        prompt: _,
        answer: _,
        model,
        background,
        reported_tokens,
    } = run;
    AgentRun {
        id: name(key, id),
        agent_type: agent_type.map(|agent_type| name(key, agent_type)),
        description: None,
        prompt: None,
        answer: None,
        model: model.map(|model| name(key, model)),
        background,
        reported_tokens,
    }
}

fn hashed(key: &HashKey, domain: &str, text: &str) -> String {
    format!("{domain}-{}", key.hash(domain, text))
}

/// A name or an id as it is; a hash of anything that has not the shape of one.
fn name(key: &HashKey, text: String) -> String {
    let is_name = text.len() <= NAME_BYTES
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._:/@+-<>#".contains(&byte))
        && !text.starts_with(['/', '~', '.'])
        && !text.contains("://");
    if is_name {
        text
    } else {
        hashed(key, "name", &text)
    }
}

/// Whether a text is one short word, as the names and values of settings are.
fn is_setting(text: &str) -> bool {
    (1..=32).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}
