//! Kinds of content that are hidden whatever the level.
//!
//! These are the switches that people know from Arize's hooks
//! (`ARIZE_LOG_PROMPTS`, `ARIZE_LOG_TOOL_DETAILS`, `ARIZE_LOG_TOOL_CONTENT`)
//! and from OpenInference (`OPENINFERENCE_HIDE_…`). What is hidden is replaced
//! by [`HIDDEN`], which is OpenInference's own mark. Text of which it is not
//! known what it quotes, such as errors and events, is hidden with each of them.

use dashcam_trace::{
    AgentRun, Event, FileDiff, InputPart, ModelCall, Outcome, Part, Prompt, RawJson, Session, Span,
    SpanBody, ToolCall, ToolKind, ToolOutput, Turn,
};

/// What stands in place of hidden content.
pub const HIDDEN: &str = "__REDACTED__";

/// Which kinds of content are hidden.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hide {
    /// What people and agents asked, and titles, which are made of it.
    pub prompts: bool,
    /// What models answered and thought.
    pub answers: bool,
    /// What tools were called with: commands, paths, addresses, arguments.
    pub tool_input: bool,
    /// What tools gave back, and what they wrote to files.
    pub tool_output: bool,
    /// Images.
    pub images: bool,
    /// What a model was asked for besides its prompt: effort, tier.
    pub parameters: bool,
}

impl Hide {
    /// What the switches of Arize's hooks and of OpenInference ask to hide.
    /// `variable` looks up an environment variable.
    ///
    /// Switches of OpenInference hide a little more here than there: its
    /// messages hold tool calls and their results too, so hiding messages
    /// hides those.
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let is = |name: &str, words: [&str; 4]| {
            variable(name).is_some_and(|value| {
                words
                    .iter()
                    .any(|word| value.trim().eq_ignore_ascii_case(word))
            })
        };
        let off = |name| is(name, ["false", "0", "no", "off"]);
        let on = |name: &str| {
            is(
                &format!("OPENINFERENCE_HIDE_{name}"),
                ["true", "1", "yes", "on"],
            )
        };
        let no_prompts = off("ARIZE_LOG_PROMPTS");
        let input = on("INPUTS") || on("INPUT_MESSAGES") || on("INPUT_TEXT");
        let output = on("OUTPUTS") || on("OUTPUT_MESSAGES") || on("OUTPUT_TEXT");
        Self {
            prompts: no_prompts || input || on("PROMPTS"),
            answers: no_prompts || output || on("CHOICES"),
            tool_input: off("ARIZE_LOG_TOOL_DETAILS")
                || on("INPUTS")
                || on("OUTPUT_MESSAGES")
                || on("OUTPUTS"),
            tool_output: off("ARIZE_LOG_TOOL_CONTENT") || output || input,
            images: input || on("INPUT_IMAGES"),
            parameters: on("LLM_INVOCATION_PARAMETERS"),
        }
    }

    /// Whether any text is hidden.
    const fn any_text(self) -> bool {
        self.prompts || self.answers || self.tool_input || self.tool_output
    }
}

pub(crate) fn session(session: Session, hide: Hide) -> Session {
    if hide == Hide::default() {
        return session;
    }
    let Session {
        harness,
        id,
        native_id,
        mut title,
        cwd,
        git,
        version,
        entrypoint,
        started_at,
        ended_at,
        parent,
        mut outcome,
        turns,
    } = session;
    option(&mut title, hide.prompts || hide.answers);
    if let Some(Outcome { label: _, evidence }) = &mut outcome {
        text(evidence, hide.any_text());
    }
    Session {
        harness,
        id,
        native_id,
        title,
        cwd,
        git,
        version,
        entrypoint,
        started_at,
        ended_at,
        parent,
        outcome,
        turns: turns.into_iter().map(|each| turn(each, hide)).collect(),
    }
}

pub(crate) fn turn(mut turn: Turn, hide: Hide) -> Turn {
    if hide == Hide::default() {
        return turn;
    }
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
    } = &mut turn;
    text(asked, hide.prompts);
    remove(images, hide.images || hide.prompts);
    for each in spans {
        hide_span(each, hide);
    }
    turn
}

pub(crate) fn span(mut span: Span, hide: Hide) -> Span {
    if hide != Hide::default() {
        hide_span(&mut span, hide);
    }
    span
}

fn hide_span(span: &mut Span, hide: Hide) {
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
    option(error, hide.any_text());
    match body {
        SpanBody::Turn => {}
        SpanBody::ModelCall(call) => model_call(call, hide),
        SpanBody::ToolCall(call) => tool_call(call, hide),
        SpanBody::AgentRun(AgentRun {
            id: _,
            agent_type: _,
            description,
            prompt,
            answer,
            model: _,
            background: _,
            reported_tokens: _,
        }) => {
            option(description, hide.prompts || hide.tool_input);
            option(prompt, hide.prompts || hide.tool_input);
            option(answer, hide.answers || hide.tool_output);
        }
        SpanBody::Event(Event {
            kind,
            text: said,
            details,
        }) => {
            option(said, hide.any_text());
            if hide.any_text() {
                // An event may be named after the command that it tells of.
                kind.as_str().clone_into(name);
                *details = details.take().map(|_| RawJson::from_value(&HIDDEN));
            }
        }
    }
}

fn model_call(call: &mut ModelCall, hide: Hide) {
    let ModelCall {
        model: _,
        provider: _,
        response_id: _,
        tokens: _,
        cost: _,
        credits: _,
        retries: _,
        attempts: _,
        ttft_ms: _,
        stop_reason: _,
        parameters,
        input,
        output,
    } = call;
    remove(parameters, hide.parameters);
    for part in input {
        match part {
            InputPart::Prompt { text: asked } => text(asked, hide.prompts),
            InputPart::ToolResult { span: _ } | InputPart::Context { span: _ } => {}
        }
    }
    output.retain(|part| !(matches!(part, Part::Image { .. }) && (hide.images || hide.answers)));
    for part in output {
        match part {
            Part::Text { text: said } | Part::Thinking { text: said } => text(said, hide.answers),
            // Images that are hidden are gone by now.
            Part::ToolUse { span: _, name: _ } | Part::Image { image: _ } => {}
            Part::Other { name: _, json } => {
                if hide.any_text() && !json.is_empty() {
                    *json = format!("\"{HIDDEN}\"");
                }
            }
        }
    }
}

fn tool_call(call: &mut ToolCall, hide: Hide) {
    let ToolCall {
        tool: _,
        tool_kind,
        target,
        call_id: _,
        input,
        output,
        exit_code: _,
        mcp: _,
        diff,
    } = call;
    option(target, hide.tool_input);
    // What a file is to hold is content, though it is the tool's input.
    let input_is_content = matches!(tool_kind, ToolKind::Edit | ToolKind::Write);
    // What an agent is asked is a prompt.
    let input_is_prompt = matches!(tool_kind, ToolKind::Task);
    if (hide.tool_input
        || (hide.tool_output && input_is_content)
        || (hide.prompts && input_is_prompt))
        && !input.is_null()
    {
        *input = RawJson::from_value(&HIDDEN);
    }
    if let Some(ToolOutput {
        text: said,
        stderr,
        images,
        omitted_bytes: _,
    }) = output
    {
        let is_answer = matches!(tool_kind, ToolKind::Task) && hide.answers;
        text(said, hide.tool_output || is_answer);
        option(stderr, hide.tool_output);
        remove(images, hide.images || hide.tool_output);
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
        text(path, hide.tool_input);
        option(old_path, hide.tool_input);
        text(patch, hide.tool_input || hide.tool_output);
    }
}

fn text(text: &mut String, hidden: bool) {
    if hidden && !text.is_empty() {
        HIDDEN.clone_into(text);
    }
}

fn option(value: &mut Option<String>, hidden: bool) {
    if let Some(value) = value {
        text(value, hidden);
    }
}

fn remove<T>(values: &mut Vec<T>, hidden: bool) {
    if hidden {
        values.clear();
    }
}
