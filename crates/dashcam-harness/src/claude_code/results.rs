//! What tools gave back: text, images, exit codes, diffs, and what is said of
//! subagents.

use super::records::{Block, Content, PatchHunk, ToolUseResult};
use super::tools::Arguments;
use crate::Decoded;
use crate::image;
use crate::lenient::{Number, read_object};
use crate::limit::{self, limit};
use crate::patch::{Hunk, Patch};
use dashcam_trace::{Change, FileDiff, Image, Status, Tokens, ToolCall, ToolKind, ToolOutput};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// How much of an error's text stands beside the status, in bytes.
const ERROR_TEXT: usize = 2_000;

/// What came of a call.
#[derive(Debug, Default)]
pub(crate) struct ResultFacts {
    pub(crate) output: ToolOutput,
    pub(crate) status: Status,
    pub(crate) error: Option<String>,
    pub(crate) exit_code: Option<i32>,
    pub(crate) diff: Vec<FileDiff>,
    /// How long the call took, where the harness measured it.
    pub(crate) duration_ms: Option<i64>,
    /// What is said of the subagent that did the work.
    pub(crate) agent: Option<AgentFacts>,
}

/// What a call's result says of the subagent that did the work.
#[derive(Clone, Debug, Default)]
pub(crate) struct AgentFacts {
    pub(crate) id: String,
    pub(crate) agent_type: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) answer: Option<String>,
    pub(crate) background: bool,
    pub(crate) tokens: Option<Tokens>,
    pub(crate) duration_ms: Option<i64>,
}

/// Reads a result. `extra` is what the harness noted beside it.
pub(crate) fn read_result(
    call: &ToolCall,
    block: &Block<'_>,
    extra: Option<&RawValue>,
    decoded: &mut Decoded,
) -> ResultFacts {
    let (text, images) = result_text(&block.content, decoded);
    // A file that was read says in its extra only what its text says.
    let noted = match call.tool_kind {
        ToolKind::Read => None,
        _ => extra.map(|raw| read_object::<ToolUseResult<'_>>(raw.get())),
    };
    let is_error = block.is_error.0;
    let noted = noted.unwrap_or_default();
    let status = if is_rejection(&text, extra) || noted.interrupted.0 {
        Status::Interrupted
    } else if is_error {
        Status::Error
    } else {
        Status::Ok
    };
    let limited = limit(&text, limit::TOOL_OUTPUT);
    ResultFacts {
        error: (status != Status::Ok).then(|| error_text(&text)),
        exit_code: exit_code(call, &text, &noted, status),
        diff: if status == Status::Ok {
            diff(call, &noted)
        } else {
            Vec::new()
        },
        duration_ms: duration_ms(&noted),
        agent: agent_facts(&noted),
        output: ToolOutput {
            text: limited.text,
            stderr: noted
                .stderr
                .get()
                .map(|stderr| limit(stderr, limit::TOOL_OUTPUT).text),
            images,
            omitted_bytes: limited.omitted_bytes,
        },
        status,
    }
}

/// The text and the images of a result.
pub(crate) fn result_text(content: &Content<'_>, decoded: &mut Decoded) -> (String, Vec<Image>) {
    let blocks = match content {
        Content::Nothing => return (String::new(), Vec::new()),
        Content::Text(text) => return (text.to_string(), Vec::new()),
        Content::Blocks(blocks) => blocks,
    };
    let (mut texts, mut images): (Vec<Cow<'_, str>>, Vec<Image>) = Default::default();
    for block in blocks {
        match block.kind.as_str() {
            "image" | "document" if block.source.0.is_some() => images.push(image(block, decoded)),
            "web_search_result" => {
                texts.push(format!("{}\n{}", block.title.as_str(), block.url.as_str()).into());
            }
            _ if block.text.0.is_some() => texts.push(block.text.as_str().into()),
            _ if block.error_code.0.is_some() => texts.push(block.error_code.as_str().into()),
            "tool_reference" | "document" | "image" => {}
            _ if !block.content.text().is_empty() => texts.push(block.content.text()),
            kind => decoded.unknown_record(&format!("tool result block {kind}")),
        }
    }
    (texts.join("\n"), images)
}

/// The image in a block.
pub(crate) fn image(block: &Block<'_>, decoded: &mut Decoded) -> Image {
    match &block.source.0 {
        Some(source) => {
            let media_type = source
                .media_type
                .get()
                .unwrap_or("application/octet-stream");
            match source.data.get() {
                Some(data) => image::keep_base64(decoded, media_type, data),
                None => image::note(media_type, 0),
            }
        }
        None => image::note("image/*", 0),
    }
}

/// Whether the person refused the call.
fn is_rejection(text: &str, extra: Option<&RawValue>) -> bool {
    text.starts_with("The user doesn't want to")
        || text.starts_with("[Request interrupted by user")
        || extra.is_some_and(|raw| raw.get() == "\"User rejected tool use\"")
}

fn error_text(text: &str) -> String {
    let inner = text
        .trim()
        .strip_prefix("<tool_use_error>")
        .map_or(text.trim(), |inner| {
            inner.strip_suffix("</tool_use_error>").unwrap_or(inner)
        });
    limit(inner, ERROR_TEXT).text
}

fn exit_code(
    call: &ToolCall,
    text: &str,
    noted: &ToolUseResult<'_>,
    status: Status,
) -> Option<i32> {
    if call.tool_kind != ToolKind::Shell {
        return None;
    }
    if let Some(code) = noted.exit_code.0 {
        return Some(code as i32);
    }
    match status {
        Status::Error => {
            let text = text.strip_prefix("Error: ").unwrap_or(text);
            let digits = text.strip_prefix("Exit code ")?.split_whitespace().next()?;
            digits.parse().ok()
        }
        // The harness takes some other codes for success (`grep` without a
        // match) and says so in words; a command in the background has none yet.
        Status::Ok
            if call.tool == "Bash"
                && noted.return_code_interpretation.get().is_none()
                && noted.background_task_id.get().is_none() =>
        {
            Some(0)
        }
        _ => None,
    }
}

fn duration_ms(noted: &ToolUseResult<'_>) -> Option<i64> {
    let seconds = noted.duration_seconds.0.map(|seconds| seconds * 1000.0);
    let millis = noted
        .total_duration_ms
        .0
        .or(noted.duration_ms.0)
        .or(seconds)?;
    (0.0..1e12).contains(&millis).then(|| millis.round() as i64)
}

fn agent_facts(noted: &ToolUseResult<'_>) -> Option<AgentFacts> {
    let id = noted.agent_id.owned()?;
    let answer = noted.content.text().into_owned();
    let tokens = match (&noted.usage.0, noted.total_tokens.count()) {
        (Some(usage), _) => Some(usage.tokens()),
        (None, Some(total)) => Some(Tokens {
            prompt: total,
            ..Tokens::default()
        }),
        (None, None) => None,
    };
    Some(AgentFacts {
        id,
        agent_type: noted.agent_type.owned(),
        model: noted.resolved_model.owned(),
        answer: (!answer.is_empty()).then_some(answer),
        background: noted.is_async.0 || noted.status.as_str() == "async_launched",
        tokens,
        duration_ms: duration_ms(noted),
    })
}

/// What an edit changed: the harness's own patch, else what the arguments say.
fn diff(call: &ToolCall, noted: &ToolUseResult<'_>) -> Vec<FileDiff> {
    if !matches!(call.tool_kind, ToolKind::Edit | ToolKind::Write) {
        return Vec::new();
    }
    let arguments: Arguments<'_> = read_object(call.input.as_str());
    let noted_path = noted.file_path.get();
    let path = noted_path
        .or(arguments.file_path.get())
        .or(arguments.notebook_path.get());
    let Some(path) = path.map(str::to_owned) else {
        return Vec::new();
    };
    let hunks = &noted.structured_patch.0;
    let is_new =
        call.tool_kind == ToolKind::Write && hunks.is_empty() && noted.kind.as_str() != "update";
    let difference = if !hunks.is_empty() {
        Patch::from_hunks(&hunks.iter().map(hunk).collect::<Vec<_>>())
    } else if is_new {
        Patch::between("", arguments.content.as_str())
    } else if arguments.new_source.get().is_some() {
        Patch::between("", arguments.new_source.as_str())
    } else {
        Patch::between(arguments.old_string.as_str(), arguments.new_string.as_str())
    };
    vec![FileDiff {
        path,
        change: if is_new { Change::Add } else { Change::Update },
        old_path: None,
        patch: difference.text,
        added: difference.added,
        removed: difference.removed,
    }]
}

fn hunk<'h>(hunk: &'h PatchHunk<'_>) -> Hunk<'h> {
    let count = |number: Number| number.count().unwrap_or_default();
    Hunk {
        old_start: count(hunk.old_start),
        old_lines: count(hunk.old_lines),
        new_start: count(hunk.new_start),
        new_lines: count(hunk.new_lines),
        lines: hunk
            .lines
            .iter()
            .map(|line| Cow::Borrowed(line.as_str()))
            .collect(),
    }
}
