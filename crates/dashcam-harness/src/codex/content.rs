//! Content of messages and outputs: text, images, and what Codex wrote around
//! a command's output.

use super::records::{ContentPart, Text, shaped, string};
use serde::Deserialize;
use serde_json::value::RawValue;

/// The pieces of a message or an output: a list, or one text.
pub(super) fn parts(content: Option<&RawValue>) -> Vec<ContentPart<'_>> {
    if let Some(text) = string(content) {
        return vec![ContentPart {
            text: Some(Text(text)),
            ..ContentPart::default()
        }];
    }
    shaped(content).unwrap_or_default()
}

/// The texts of all pieces, one below the other.
pub(super) fn joined_text(parts: &[ContentPart<'_>]) -> String {
    let mut joined = String::new();
    for text in parts.iter().filter_map(|part| part.text.as_ref()) {
        if !joined.is_empty() && !joined.ends_with('\n') {
            joined.push('\n');
        }
        joined.push_str(text.as_str());
    }
    joined
}

/// The addresses of the images among the pieces: mostly `data:` addresses.
pub(super) fn images(parts: &[ContentPart<'_>]) -> Vec<String> {
    parts
        .iter()
        .filter_map(|part| {
            if let Some(url) = &part.image_url {
                return Some(url.as_str().to_owned());
            }
            let (media_type, data) = (part.mime_type.as_ref()?, part.data.as_ref()?);
            Some(format!(
                "data:{};base64,{}",
                media_type.as_str(),
                data.as_str()
            ))
        })
        .collect()
}

/// What a tool's output says.
#[derive(Debug, Default)]
pub(super) struct Output {
    pub(super) text: String,
    pub(super) images: Vec<String>,
    pub(super) exit_code: Option<i64>,
    /// Whether the command went on running after this output.
    pub(super) still_running: bool,
    pub(super) success: Option<bool>,
}

/// Reads a tool's output: text, a list of pieces, or an object around them.
pub(super) fn output(raw: Option<&RawValue>) -> Output {
    if let Some(object) = shaped::<OutputObject<'_>>(raw.filter(|raw| raw.get().starts_with('{'))) {
        let inner = object.content.or(object.output);
        let success = object.success;
        return Output {
            success,
            ..output(inner)
        };
    }
    let parts = parts(raw);
    let text = joined_text(&parts);
    let images = images(&parts);
    if let Some(wrapped) = unwrap_shell_output(&text) {
        return Output { images, ..wrapped };
    }
    let mut result = Output {
        images,
        ..Output::default()
    };
    read_header(&text, &mut result);
    result.text = text;
    result
}

#[derive(Deserialize)]
struct OutputObject<'a> {
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    output: Option<&'a RawValue>,
    success: Option<bool>,
}

/// Older versions gave a shell command's output as JSON inside the text:
/// `{"output": …, "metadata": {"exit_code": …}}`.
fn unwrap_shell_output(text: &str) -> Option<Output> {
    #[derive(Deserialize)]
    struct Wrapped<'a> {
        #[serde(borrow)]
        output: Text<'a>,
        metadata: Metadata,
    }
    #[derive(Deserialize)]
    struct Metadata {
        exit_code: Option<i64>,
    }
    if !text.starts_with('{') || !text.contains("\"metadata\"") {
        return None;
    }
    let wrapped = serde_json::from_str::<Wrapped<'_>>(text).ok()?;
    Some(Output {
        text: wrapped.output.into_owned(),
        exit_code: wrapped.metadata.exit_code,
        ..Output::default()
    })
}

/// Reads the lines that Codex writes above a command's output, up to
/// `Output:`; what the command itself printed is not looked at.
fn read_header(text: &str, result: &mut Output) {
    const KNOWN: [&str; 5] = [
        "Chunk ID:",
        "Wall time",
        "Exit code:",
        "Process ",
        "Script ",
    ];
    if !KNOWN.iter().any(|start| text.starts_with(start)) {
        return;
    }
    for line in text.lines().take(8) {
        if line == "Output:" {
            return;
        }
        let code = line
            .strip_prefix("Process exited with code ")
            .or_else(|| line.strip_prefix("Exit code: "));
        if let Some(code) = code {
            result.exit_code = code.trim().parse().ok();
        }
        if line.starts_with("Process running with session ID")
            || line.starts_with("Script running with cell ID")
        {
            result.still_running = true;
        }
        if line == "Script failed" {
            result.success = Some(false);
        }
    }
}

/// Whether an output tells of a failure that Codex notes nowhere else.
pub(super) fn tells_of_failure(text: &str) -> bool {
    const FAILURES: [&str; 10] = [
        "unsupported call",
        "unsupported custom tool call",
        "apply_patch verification failed",
        "write_stdin failed",
        "exec_command failed",
        "unable to locate image",
        "failed to parse function arguments",
        "execution error:",
        "tool call error:",
        "collab tool failed",
    ];
    FAILURES.iter().any(|failure| text.starts_with(failure))
}

/// Whether an output tells that the person stopped or refused the call.
pub(super) fn tells_of_interruption(text: &str) -> bool {
    let end = text.lines().last().unwrap_or_default();
    text.starts_with("aborted by user")
        || end == "aborted by user"
        || end == "aborted"
        || text.starts_with("exec command rejected by user")
        || text.starts_with("patch rejected by user")
}

/// Names injected context after the mark it begins with; `None` when nothing
/// marks the text as the harness's own.
pub(super) fn injected_kind(text: &str) -> Option<&'static str> {
    const MARKS: [(&str, &str); 14] = [
        ("<environment_context>", "environment_context"),
        ("<user_instructions>", "user_instructions"),
        ("# AGENTS.md instructions", "user_instructions"),
        ("<permissions instructions>", "permissions_instructions"),
        ("<skills_instructions>", "skills_instructions"),
        ("<collaboration_mode>", "collaboration_mode"),
        ("<turn_aborted>", "turn_aborted"),
        ("<skill>", "skill"),
        ("<model_switch>", "model_switch"),
        ("<subagent_notification>", "subagent_notification"),
        ("<hook_prompt", "hook_prompt"),
        ("<personality_spec>", "personality"),
        ("<user_action>", "user_action"),
        ("<INSTRUCTIONS>", "user_instructions"),
    ];
    let text = text.trim_start();
    MARKS
        .iter()
        .find(|(mark, _)| text.starts_with(mark))
        .map(|(_, kind)| *kind)
}

/// The command of a shell line that the person ran, as the model is told it.
pub(super) fn shell_line(text: &str) -> Option<&str> {
    let inside = text.trim_start().strip_prefix("<user_shell_command>")?;
    let (_, after) = inside.split_once("<command>")?;
    after
        .split_once("</command>")
        .map(|(command, _)| command.trim())
}

/// The first line of a text, cut for a list.
pub(super) fn first_line(text: &str) -> String {
    text.trim()
        .lines()
        .next()
        .unwrap_or_default()
        .chars()
        .take(300)
        .collect()
}

/// What a failed call's output says of the failure.
pub(super) fn failure(text: &str) -> String {
    let error = text.split_once("Script error:\n").map(|(_, error)| error);
    first_line(error.unwrap_or(text))
}

/// The last line of a text, cut for a list.
pub(super) fn last_line(text: &str) -> String {
    first_line(text.trim().lines().last().unwrap_or_default())
}

/// A text that the harness wrote, cut to what is worth keeping beside the
/// evidence: instructions repeat in every session.
pub(super) fn kept_context(text: &str) -> String {
    const KEPT_BYTES: usize = 4_000;
    let mut end = text.len().min(KEPT_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    if end < text.len() {
        format!("{}…", &text[..end])
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Output {
        output(Some(serde_json::from_str(json).unwrap()))
    }

    #[test]
    fn exit_codes_are_read_from_every_form() {
        for (json, code) in [
            (
                r#""Chunk ID: 1\nWall time: 0.5 seconds\nProcess exited with code 3\nOutput:\nx""#,
                3,
            ),
            (r#""Exit code: 1\nWall time: 0 seconds\nOutput:\nx""#, 1),
            (
                r#""{\"output\":\"x\",\"metadata\":{\"exit_code\":127,\"duration_seconds\":0.2}}""#,
                127,
            ),
            (
                r#"{"content":"Exit code: 4\nOutput:\n","success":false}"#,
                4,
            ),
        ] {
            assert_eq!(read(json).exit_code, Some(code), "{json}");
        }
    }

    #[test]
    fn what_a_command_prints_is_no_header() {
        let printed = read(r#""Chunk ID: 1\nProcess exited with code 0\nOutput:\nExit code: 9""#);
        assert_eq!(printed.exit_code, Some(0));
        assert_eq!(read(r#""log\nExit code: 9""#).exit_code, None);
        assert_eq!(read(r#""Script failed\nOutput:\n""#).success, Some(false));
        assert_eq!(
            read(r#""Script completed\nOutput:\nScript failed""#).success,
            None
        );
        assert!(
            read(r#""Wall time: 1 seconds\nProcess running with session ID 4\nOutput:\n""#)
                .still_running
        );
    }

    #[test]
    fn images_are_decoded() {
        let read = read(r#"[{"type":"input_image","image_url":"data:image/png;base64,aGk="}]"#);
        assert_eq!(read.images, vec!["data:image/png;base64,aGk="]);
    }
}
