//! What came of a tool call, in Cursor's many shapes.
//!
//! Hooks tell a result as JSON inside a string (`tool_output`,
//! `result_json`), the editor's database too (`toolFormerData.result`), the
//! CLI's store as text or as MCP's content.

use crate::Decoded;
use crate::image;
use crate::limit::{Limited, TOOL_OUTPUT, limit};
use dashcam_trace::{Status, ToolKind, ToolOutput};
use serde_json::{Map, Value};

/// What came of a call.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) status: Status,
    pub(super) error: Option<String>,
    pub(super) exit_code: Option<i32>,
    pub(super) output: Option<ToolOutput>,
}

impl Outcome {
    /// Reads a result: JSON, JSON inside a string, or text. `failed`: Cursor
    /// itself says that the call failed.
    pub(super) fn read(
        kind: ToolKind,
        result: &Value,
        failed: bool,
        decoded: &mut Decoded,
    ) -> Self {
        let inner = inner_json(result);
        let value = inner.as_ref().unwrap_or(result);
        let mut outcome = Self {
            status: if failed { Status::Error } else { Status::Ok },
            ..Self::default()
        };
        let Some(fields) = value.as_object() else {
            outcome.output = text_output(value);
            return outcome;
        };
        outcome.exit_code = exit_code(fields).filter(|_| kind == ToolKind::Shell);
        if outcome.exit_code.is_some_and(|code| code != 0) {
            outcome.status = Status::Error;
        }
        let is_set = |name: &str| fields.get(name).and_then(Value::as_bool) == Some(true);
        if is_set("isError") || is_set("is_error") {
            outcome.status = Status::Error;
        }
        let ended = fields.get("endedReason").and_then(Value::as_str);
        let was_stopped = ended.is_some_and(|reason| reason.ends_with("ABORTED"));
        if is_set("rejected") || is_set("aborted") || was_stopped {
            outcome.status = Status::Interrupted;
        }
        outcome.error = error_text(fields);
        if outcome.error.is_some() && outcome.status == Status::Ok {
            outcome.status = Status::Error;
        }
        outcome.output = output_of(kind, fields, value, decoded);
        outcome
    }

    /// A call that failed, with what Cursor says of it.
    pub(super) fn failed(error: Option<String>, interrupted: bool) -> Self {
        Self {
            status: if interrupted {
                Status::Interrupted
            } else {
                Status::Error
            },
            output: error.as_deref().map(limited),
            error,
            exit_code: None,
        }
    }
}

/// JSON that stands inside a string.
pub(super) fn inner_json(value: &Value) -> Option<Value> {
    let text = value.as_str()?.trim_start();
    if !text.starts_with(['{', '[']) {
        return None;
    }
    serde_json::from_str(text).ok()
}

fn exit_code(fields: &Map<String, Value>) -> Option<i32> {
    ["exitCodeV2", "exitCode", "exit_code"]
        .iter()
        .find_map(|name| fields.get(*name)?.as_i64())
        .and_then(|code| i32::try_from(code).ok())
}

/// What a result says went wrong: a text, or a message in an object.
pub(super) fn error_text(fields: &Map<String, Value>) -> Option<String> {
    let mut error = [
        "modelVisibleErrorMessage",
        "clientVisibleErrorMessage",
        "error",
    ]
    .iter()
    .find_map(|name| fields.get(*name))?;
    for _ in 0..4 {
        match error {
            Value::String(text) if !text.is_empty() => return Some(text.clone()),
            Value::Object(inner) => {
                error = ["error", "message", "errorMessage"]
                    .iter()
                    .find_map(|name| inner.get(*name))?;
            }
            _ => return None,
        }
    }
    None
}

/// A text that is short enough.
pub(super) fn limited(text: &str) -> ToolOutput {
    let Limited {
        text,
        omitted_bytes,
    } = limit(text, TOOL_OUTPUT);
    ToolOutput {
        text,
        omitted_bytes,
        ..ToolOutput::default()
    }
}

fn text_output(value: &Value) -> Option<ToolOutput> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(limited(text)),
        other => Some(limited(&other.to_string())),
    }
}

fn output_of(
    kind: ToolKind,
    fields: &Map<String, Value>,
    value: &Value,
    decoded: &mut Decoded,
) -> Option<ToolOutput> {
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    if kind == ToolKind::Shell {
        let stdout = text("output").or_else(|| text("stdout"));
        let mut output = limited(stdout.unwrap_or_default());
        output.stderr = text("stderr")
            .filter(|text| !text.is_empty())
            .map(str::to_owned);
        return (stdout.is_some() || output.stderr.is_some()).then_some(output);
    }
    if let Some(content) = fields.get("content").and_then(Value::as_array) {
        return Some(content_output(content, decoded));
    }
    // An MCP call in the editor's database: `{"selectedTool":…,"result":"{…}"}`.
    let nested = fields.get("result").filter(|_| kind == ToolKind::Mcp);
    if let Some(nested) = nested {
        let inner = inner_json(nested);
        let content = inner.as_ref().unwrap_or(nested);
        return match content.get("content").and_then(Value::as_array) {
            Some(content) => Some(content_output(content, decoded)),
            None => text_output(content),
        };
    }
    let said = ["contents", "content", "output", "text", "stdout"]
        .iter()
        .find_map(|name| text(name));
    Some(match said {
        Some(said) => limited(said),
        None => limited(&value.to_string()),
    })
}

/// Content as MCP and model providers write it: texts and images.
pub(super) fn content_output(content: &[Value], decoded: &mut Decoded) -> ToolOutput {
    let mut texts = Vec::new();
    let mut images = Vec::new();
    for item in content {
        let field = |name: &str| item.get(name).and_then(Value::as_str);
        match field("type") {
            Some("image") => {
                let media_type = field("mimeType").or_else(|| field("mediaType"));
                let media_type = media_type.unwrap_or("image/*");
                images.push(match field("data") {
                    Some(data) => image::keep_base64(decoded, media_type, data),
                    None => image::note(media_type, 0),
                });
            }
            _ => match field("text") {
                Some(text) => texts.push(text.to_owned()),
                None => texts.push(item.to_string()),
            },
        }
    }
    let mut output = limited(&texts.join("\n"));
    output.images = images;
    output
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: ToolKind, result: &str) -> Outcome {
        let value = serde_json::from_str(result).unwrap();
        Outcome::read(kind, &value, false, &mut Decoded::default())
    }

    #[test]
    fn a_shell_result_has_its_exit_code() {
        let told = read(
            ToolKind::Shell,
            r#""{\"exitCode\":2,\"stdout\":\"out\",\"stderr\":\"err\"}""#,
        );
        assert_eq!((told.exit_code, told.status), (Some(2), Status::Error));
        let output = told.output.unwrap();
        assert_eq!(
            (output.text.as_str(), output.stderr.as_deref()),
            ("out", Some("err"))
        );
        let kept = read(
            ToolKind::Shell,
            r#"{"output":"x","exitCodeV2":0,"rejected":false}"#,
        );
        assert_eq!((kept.exit_code, kept.status), (Some(0), Status::Ok));
        // Not a shell's: a number of that name says something else.
        assert_eq!(read(ToolKind::Read, r#"{"exitCode":1}"#).exit_code, None);
    }

    #[test]
    fn what_was_refused_or_stopped_is_interrupted() {
        for result in [
            r#"{"output":"","rejected":true}"#,
            r#"{"output":"x","endedReason":"RUN_TERMINAL_COMMAND_ENDED_REASON_EXECUTION_ABORTED"}"#,
        ] {
            assert_eq!(read(ToolKind::Shell, result).status, Status::Interrupted);
        }
    }

    #[test]
    fn the_content_of_an_mcp_call_is_its_text() {
        for result in [
            r#""{\"content\":[{\"type\":\"text\",\"text\":\"two\"}]}""#,
            r#"{"selectedTool":"take","result":"{\"content\":[{\"type\":\"text\",\"text\":\"two\"}]}"}"#,
        ] {
            assert_eq!(read(ToolKind::Mcp, result).output.unwrap().text, "two");
        }
        let failed = read(ToolKind::Mcp, r#"{"content":[],"isError":true}"#);
        assert_eq!(failed.status, Status::Error);
    }

    #[test]
    fn an_error_is_found_however_deep() {
        let told = read(
            ToolKind::Read,
            r#"{"error":{"error":{"message":"no such file"}}}"#,
        );
        assert_eq!(told.error.as_deref(), Some("no such file"));
        assert_eq!(told.status, Status::Error);
        assert_eq!(
            read(ToolKind::Read, r#"{"contents":"x","error":{}}"#).status,
            Status::Ok
        );
    }
}
