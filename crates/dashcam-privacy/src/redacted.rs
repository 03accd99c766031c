//! [`Level::Redacted`](crate::Level::Redacted): a session without secrets.
//!
//! Two passes. The first looks by the rules and for the values that the
//! policy knows; the second removes what the first recognised from where
//! nothing around it tells what it is. Texts without a secret are moved, not
//! copied. Ids stay as they are: a harness made them, and they hold a session
//! together. Images lose the id by which their bytes are found, because
//! nothing can look for a secret in a picture; their type and size stay.

use crate::Policy;
use crate::scrub::{Known, Search};
use dashcam_trace::{
    AgentRun, Event, FileDiff, Git, Image, InputPart, McpTool, ModelCall, Outcome, Part, Prompt,
    RawJson, Session, Span, SpanBody, ToolCall, ToolOutput, Turn,
};

pub(crate) fn session(mut session: Session, policy: &Policy) -> Session {
    passes(policy, &mut Known::default(), |search| {
        each_in_session(&mut session, search);
    });
    session
}

pub(crate) fn turn(mut turn: Turn, policy: &Policy, known: &mut Known) -> Turn {
    passes(policy, known, |search| each_in_turn(&mut turn, search));
    turn
}

pub(crate) fn span(mut span: Span, policy: &Policy, known: &mut Known) -> Span {
    passes(policy, known, |search| each_in_span(&mut span, search));
    span
}

fn passes(policy: &Policy, known: &mut Known, mut pass: impl FnMut(&mut dyn Rewrite)) {
    pass(&mut Search::Rules {
        secrets: policy.secrets(),
        known,
    });
    if let Some(values) = known.literals() {
        pass(&mut Search::Values {
            values: &values,
            known,
        });
    }
    if !policy.user_paths().is_empty() {
        pass(&mut Shorten(policy));
    }
}

/// Something that is done to every text.
trait Rewrite {
    /// The text to put in place of this one; `None`: it stays.
    fn text(&mut self, text: &str) -> Option<String>;
    /// The same for a text that is JSON.
    fn json(&mut self, json: &str) -> Option<String>;
}

impl Rewrite for Search<'_> {
    fn text(&mut self, text: &str) -> Option<String> {
        Search::text(self, text)
    }

    fn json(&mut self, json: &str) -> Option<String> {
        Search::json(self, json)
    }
}

/// Writes the user's folders as `~`.
struct Shorten<'a>(&'a Policy);

impl Rewrite for Shorten<'_> {
    fn text(&mut self, text: &str) -> Option<String> {
        self.0.user_paths().shorten(text)
    }

    fn json(&mut self, json: &str) -> Option<String> {
        // Folders are looked for in their escaped form too, and `~` needs no escape.
        self.0.user_paths().shorten(json)
    }
}

fn text(text: &mut String, rewrite: &mut dyn Rewrite) {
    if let Some(rewritten) = rewrite.text(text) {
        *text = rewritten;
    }
}

fn option(value: Option<&mut String>, rewrite: &mut dyn Rewrite) {
    if let Some(value) = value {
        text(value, rewrite);
    }
}

fn json(value: &mut RawJson, rewrite: &mut dyn Rewrite) {
    if let Some(rewritten) = rewrite.json(value.as_str()) {
        // Rewriting keeps JSON valid; should it ever not, nothing leaves.
        *value = RawJson::parse(rewritten).unwrap_or_default();
    }
}

fn image(image: &mut Image) {
    let Image {
        media_type: _,
        bytes: _,
        id,
    } = image;
    *id = None;
}

fn each_in_session(session: &mut Session, rewrite: &mut dyn Rewrite) {
    let Session {
        harness: _,
        id: _,
        native_id: _,
        title,
        cwd,
        git: Git {
            branch,
            commit: _,
            remote,
        },
        version,
        entrypoint,
        started_at: _,
        ended_at: _,
        parent: _,
        outcome,
        turns,
    } = session;
    for value in [title, cwd, branch, remote, version, entrypoint] {
        option(value.as_mut(), rewrite);
    }
    if let Some(Outcome { label, evidence }) = outcome {
        text(label, rewrite);
        text(evidence, rewrite);
    }
    for turn in turns {
        each_in_turn(turn, rewrite);
    }
}

fn each_in_turn(turn: &mut Turn, rewrite: &mut dyn Rewrite) {
    let Turn {
        id: _,
        index: _,
        prompt: Prompt {
            text: asked,
            images,
        },
        start: _,
        end: _,
        status: _,
        abandoned: _,
        copied_from: _,
        spans,
    } = turn;
    text(asked, rewrite);
    images.iter_mut().for_each(image);
    for span in spans {
        each_in_span(span, rewrite);
    }
}

fn each_in_span(span: &mut Span, rewrite: &mut dyn Rewrite) {
    let Span {
        id: _,
        parent: _,
        name,
        start: _,
        end: _,
        status: _,
        error,
        timing: _,
        sources: _,
        body,
    } = span;
    text(name, rewrite);
    option(error.as_mut(), rewrite);
    match body {
        SpanBody::Turn => {}
        SpanBody::ModelCall(call) => each_in_model_call(call, rewrite),
        SpanBody::ToolCall(call) => each_in_tool_call(call, rewrite),
        SpanBody::AgentRun(AgentRun {
            id: _,
            agent_type,
            description,
            prompt,
            answer,
            model,
            background: _,
            reported_tokens: _,
        }) => {
            for value in [agent_type, description, prompt, answer, model] {
                option(value.as_mut(), rewrite);
            }
        }
        SpanBody::Event(Event {
            kind: _,
            text: said,
            details,
        }) => {
            option(said.as_mut(), rewrite);
            if let Some(details) = details {
                json(details, rewrite);
            }
        }
    }
}

fn each_in_model_call(call: &mut ModelCall, rewrite: &mut dyn Rewrite) {
    let ModelCall {
        model,
        provider,
        response_id: _,
        tokens: _,
        cost: _,
        credits: _,
        retries: _,
        attempts: _,
        ttft_ms: _,
        stop_reason,
        parameters,
        input,
        output,
    } = call;
    text(model, rewrite);
    option(provider.as_mut(), rewrite);
    option(stop_reason.as_mut(), rewrite);
    for (name, value) in parameters {
        text(name, rewrite);
        text(value, rewrite);
    }
    for part in input {
        match part {
            InputPart::Prompt { text: asked } => text(asked, rewrite),
            InputPart::ToolResult { span: _ } | InputPart::Context { span: _ } => {}
        }
    }
    for part in output {
        match part {
            Part::Text { text: said } | Part::Thinking { text: said } => text(said, rewrite),
            Part::ToolUse { span: _, name } => text(name, rewrite),
            Part::Image { image: shown } => image(shown),
            Part::Other { name, json } => {
                text(name, rewrite);
                let rewritten = rewrite.json(json);
                if let Some(rewritten) = rewritten {
                    *json = rewritten;
                }
            }
        }
    }
}

fn each_in_tool_call(call: &mut ToolCall, rewrite: &mut dyn Rewrite) {
    let ToolCall {
        tool,
        tool_kind: _,
        target,
        call_id: _,
        input,
        output,
        exit_code: _,
        mcp,
        diff,
    } = call;
    text(tool, rewrite);
    option(target.as_mut(), rewrite);
    json(input, rewrite);
    if let Some(ToolOutput {
        text: said,
        stderr,
        images,
        omitted_bytes: _,
    }) = output
    {
        text(said, rewrite);
        option(stderr.as_mut(), rewrite);
        images.iter_mut().for_each(image);
    }
    if let Some(McpTool { server, tool }) = mcp {
        text(server, rewrite);
        text(tool, rewrite);
    }
    for FileDiff {
        path,
        change: _,
        old_path,
        patch,
        added: _,
        removed: _,
    } in diff
    {
        text(path, rewrite);
        option(old_path.as_mut(), rewrite);
        text(patch, rewrite);
    }
}
