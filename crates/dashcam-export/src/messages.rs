//! A session as chat messages: one conversation per line, as trainers and
//! evaluators read them.
//!
//! Each tool call is answered before the next message of the assistant, also
//! where its result was never recorded.

use crate::RenderError;
use crate::conversation::{Conversation, Move, Tool, conversations};
use crate::json::escape_controls;
use dashcam_trace::{EventKind, Part, Session, ToolOutput, Turn};
use serde::Serialize;

/// What stands in for a result that was never recorded.
const NO_RESULT: &str = "(no result was recorded)";

#[derive(Serialize)]
struct Line<'a> {
    messages: Vec<Message<'a>>,
    session_id: &'a str,
    /// The subagent's type; null for the main agent.
    agent: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(tag = "role", rename_all = "snake_case")]
enum Message<'a> {
    User {
        content: String,
    },
    Assistant {
        content: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        reasoning_content: Option<String>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        tool_calls: Vec<Call<'a>>,
    },
    Tool {
        tool_call_id: String,
        name: &'a str,
        content: String,
    },
}

#[derive(Serialize)]
struct Call<'a> {
    id: String,
    r#type: &'static str,
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a str,
    arguments: &'a str,
}

/// The session as JSONL.
pub(crate) fn render(session: &Session) -> Result<String, RenderError> {
    // What an edited prompt replaced is no part of the conversation, unless
    // it is all there is.
    let all_abandoned = session.turns.iter().all(|turn| turn.abandoned);
    let is_live = |turn: &Turn| all_abandoned || !turn.abandoned;
    let mut text = String::new();
    for conversation in conversations(session) {
        let messages = messages(&conversation, is_live);
        if messages.is_empty() {
            continue;
        }
        let agent = conversation
            .run
            .map(|(span, run)| run.agent_type.as_deref().unwrap_or(span.name.as_str()));
        let line = Line {
            messages,
            session_id: &session.native_id,
            agent,
        };
        text.push_str(&escape_controls(serde_json::to_string(&line)?));
        text.push('\n');
    }
    Ok(text)
}

fn messages<'a>(
    conversation: &Conversation<'a>,
    is_live: impl Fn(&Turn) -> bool,
) -> Vec<Message<'a>> {
    let mut messages = Vec::new();
    if let Some(prompt) = conversation.run.and_then(|(_, run)| run.prompt.as_deref()) {
        messages.push(Message::User {
            content: prompt.to_owned(),
        });
    }
    let mut is_answered = false;
    for made in &conversation.moves {
        match made {
            Move::Prompt { turn } => {
                if is_live(turn) && !turn.prompt.text.trim().is_empty() {
                    messages.push(Message::User {
                        content: turn.prompt.text.clone(),
                    });
                }
            }
            Move::Answer {
                turn, call, tools, ..
            } => {
                if is_live(turn) {
                    let before = messages.len();
                    push_answer(&mut messages, &call.output, tools);
                    is_answered |= messages.len() > before;
                }
            }
            Move::Tool { turn, tool } => {
                if is_live(turn) {
                    push_answer(&mut messages, &[], std::slice::from_ref(tool));
                }
            }
            Move::Event { turn, event, .. } => {
                let text = event.text.as_deref().filter(|text| !text.trim().is_empty());
                if let (EventKind::Context, Some(text), true) = (event.kind, text, is_live(turn)) {
                    messages.push(Message::User {
                        content: text.to_owned(),
                    });
                }
            }
        }
    }
    // Of some runs only the answer is known.
    if let Some(answer) = conversation.run.and_then(|(_, run)| run.answer.as_deref())
        && !is_answered
    {
        messages.push(Message::Assistant {
            content: Some(answer.to_owned()),
            reasoning_content: None,
            tool_calls: Vec::new(),
        });
    }
    messages
}

fn push_answer<'a>(messages: &mut Vec<Message<'a>>, output: &[Part], tools: &[Tool<'a>]) {
    let content = joined(output.iter().filter_map(|part| match part {
        Part::Text { text } => Some(text.as_str()),
        _ => None,
    }));
    let reasoning_content = joined(output.iter().filter_map(|part| match part {
        Part::Thinking { text } => Some(text.as_str()),
        _ => None,
    }));
    if content.is_none() && reasoning_content.is_none() && tools.is_empty() {
        return;
    }
    let tool_calls = tools
        .iter()
        .map(|tool| Call {
            id: tool.id(),
            r#type: "function",
            function: Function {
                name: &tool.call.tool,
                arguments: tool.call.input.as_str(),
            },
        })
        .collect();
    messages.push(Message::Assistant {
        content,
        reasoning_content,
        tool_calls,
    });
    for tool in tools {
        messages.push(Message::Tool {
            tool_call_id: tool.id(),
            name: &tool.call.tool,
            content: result(tool).unwrap_or_else(|| NO_RESULT.to_owned()),
        });
    }
}

/// The texts that say something, as paragraphs.
pub(crate) fn joined<'t>(texts: impl Iterator<Item = &'t str>) -> Option<String> {
    let texts: Vec<&str> = texts.filter(|text| !text.trim().is_empty()).collect();
    (!texts.is_empty()).then(|| texts.join("\n\n"))
}

/// What a tool gave back, or how it failed.
pub(crate) fn result(tool: &Tool<'_>) -> Option<String> {
    let output = tool.call.output.as_ref().map(output_text);
    let error = tool.span.error.as_ref();
    match output {
        Some(text) if text.is_empty() => error.cloned().or(Some(text)),
        Some(text) => Some(text),
        None => error.cloned(),
    }
}

fn output_text(output: &ToolOutput) -> String {
    match output.stderr.as_deref() {
        Some(stderr) if !stderr.is_empty() && output.text.is_empty() => stderr.to_owned(),
        Some(stderr) if !stderr.is_empty() => format!("{}\n{stderr}", output.text),
        _ => output.text.clone(),
    }
}
