//! What each tool does, what it is done to, and what came of it.

use super::records::{Details, EditedFile, Message, blocks, text_of};
use crate::Decoded;
use crate::image;
use crate::lenient::{Text, read_object};
use crate::limit::{TOOL_OUTPUT, limit};
use crate::patch::{Hunk, Patch};
use dashcam_trace::{Change, FileDiff, McpTool, ToolKind, ToolOutput};
use serde::Deserialize;
use serde_json::value::RawValue;

/// The arguments that tell what a call is done to.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Arguments<'a> {
    #[serde(borrow)]
    path: Text<'a>,
    #[serde(borrow)]
    file_path: Text<'a>,
    #[serde(borrow)]
    command: Text<'a>,
    #[serde(borrow)]
    code: Text<'a>,
    #[serde(borrow)]
    pattern: Text<'a>,
    #[serde(borrow)]
    query: Text<'a>,
    #[serde(borrow)]
    url: Text<'a>,
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    description: Text<'a>,
    #[serde(borrow)]
    agent: Text<'a>,
    #[serde(borrow)]
    task: Text<'a>,
    /// Of Oh My Pi's `edit`: `[path#hash]` and what to do.
    #[serde(borrow)]
    input: Text<'a>,
}

/// What a tool does: pi's own (0.87.1), Oh My Pi's (17.3.5 and earlier), and
/// the names that extensions of many people use.
pub(super) fn kind(tool: &str) -> ToolKind {
    match tool {
        "read" | "inspect_image" | "notebook_read" => ToolKind::Read,
        "edit" | "ast_edit" | "apply_patch" | "patch" | "notebook" | "replace" => ToolKind::Edit,
        "write" => ToolKind::Write,
        "grep" | "find" | "ls" | "glob" | "search" | "ast_grep" | "lsp" | "search_tool_bm25" => {
            ToolKind::Search
        }
        "bash" | "powershell" | "eval" | "python" | "ssh" | "debug" => ToolKind::Shell,
        "web_search" | "web_fetch" | "fetch" | "browser" | "puppeteer" => ToolKind::Web,
        "task" | "subagent" | "hub" | "irc" | "poll" | "await" | "yield" | "submit_result" => {
            ToolKind::Task
        }
        "todo" | "todo_write" | "exit_plan_mode" => ToolKind::Plan,
        "skill" | "manage_skill" => ToolKind::Skill,
        "mcp" => ToolKind::Mcp,
        _ if tool.starts_with("vibe_") => ToolKind::Task,
        _ if tool.starts_with("mcp__") => ToolKind::Mcp,
        _ => ToolKind::Other,
    }
}

/// What a call is done to.
pub(super) fn target(kind: ToolKind, arguments: Option<&RawValue>) -> Option<String> {
    let arguments: Arguments<'_> = arguments
        .map(|arguments| read_object(arguments.get()))
        .unwrap_or_default();
    let first = |texts: &[&Text<'_>]| texts.iter().find_map(|text| text.owned());
    match kind {
        ToolKind::Shell => first(&[&arguments.command, &arguments.code]),
        ToolKind::Search => first(&[&arguments.pattern, &arguments.query, &arguments.path]),
        ToolKind::Web => first(&[&arguments.url, &arguments.query]),
        ToolKind::Task => first(&[
            &arguments.description,
            &arguments.name,
            &arguments.agent,
            &arguments.task,
        ]),
        ToolKind::Skill => first(&[&arguments.name]),
        ToolKind::Plan | ToolKind::Mcp => None,
        _ => first(&[&arguments.path, &arguments.file_path])
            .or_else(|| anchored_path(arguments.input.get()?))
            .or_else(|| first(&[&arguments.url, &arguments.query])),
    }
}

/// The path in `[path#hash]`, with which an anchored edit begins.
fn anchored_path(input: &str) -> Option<String> {
    let inside = input.trim_start().strip_prefix('[')?.split_once(']')?.0;
    let path = inside.rsplit_once('#').map_or(inside, |(path, _)| path);
    (!path.is_empty()).then(|| path.to_owned())
}

/// The server and tool of an MCP call. The result names both; the name alone,
/// `mcp__<server>_<tool>`, does not tell where the server's ends, which is
/// taken to be at the first `_`.
pub(super) fn mcp(tool: &str, details: &Details<'_>) -> Option<McpTool> {
    if let (Some(server), Some(tool)) = (details.server_name.owned(), details.mcp_tool_name.owned())
    {
        return Some(McpTool { server, tool });
    }
    let name = tool.strip_prefix("mcp__")?;
    let (server, tool) = name.split_once("__").or_else(|| name.split_once('_'))?;
    Some(McpTool {
        server: server.to_owned(),
        tool: tool.to_owned(),
    })
}

/// What the model was given.
pub(super) fn output(message: &Message<'_>, decoded: &mut Decoded) -> ToolOutput {
    let limited = limit(&text_of(message.content), TOOL_OUTPUT);
    let images = blocks(message.content)
        .into_iter()
        .filter(|(block, _)| block.kind.as_str() == "image")
        .map(|(block, _)| picture(block.mime_type.as_str(), block.data.as_str(), decoded))
        .collect();
    ToolOutput {
        text: limited.text,
        stderr: None,
        images,
        omitted_bytes: limited.omitted_bytes,
    }
}

/// An image: in base64, or kept by Oh My Pi in a file of its own
/// (`blob:sha256:…`), and then only noted.
pub(super) fn picture(media_type: &str, data: &str, decoded: &mut Decoded) -> dashcam_trace::Image {
    if data.starts_with("blob:") {
        image::note(media_type, 0)
    } else {
        image::keep_base64(decoded, media_type, data)
    }
}

/// The exit code of a command: in the details (Oh My Pi), or in the last line
/// of what the model was told (pi). Of a command that went well neither tells.
pub(super) fn exit_code(kind: ToolKind, details: &Details<'_>, text: &str) -> Option<i32> {
    if let Some(code) = details.exit_code.0 {
        return Some(code as i32);
    }
    let last = text.trim_end().rsplit('\n').next()?;
    let code = last.strip_prefix("Command exited with code ")?;
    code.parse().ok().filter(|_| kind == ToolKind::Shell)
}

/// What an edit changed.
pub(super) fn diff(details: Option<&RawValue>, target: Option<&str>) -> Vec<FileDiff> {
    let Some(details) = details else {
        return Vec::new();
    };
    let several = read_object::<Details<'_>>(details.get()).per_file_results.0;
    if !several.is_empty() {
        return several
            .iter()
            .filter(|file| !file.is_error.0)
            .filter_map(|file| file_diff(file, None))
            .collect();
    }
    let one: EditedFile<'_> = read_object(details.get());
    file_diff(&one, target).into_iter().collect()
}

fn file_diff(file: &EditedFile<'_>, target: Option<&str>) -> Option<FileDiff> {
    let path = file.path.get().or(target)?.to_owned();
    let (old, new) = (&file.old_text.0, &file.new_text.0);
    let patch = match (file.patch.get().and_then(hunks), old, new) {
        (Some(patch), ..) => patch,
        (None, None, None) => numbered(file.diff.get()?)?,
        (None, old, new) => Patch::between(
            old.as_deref().unwrap_or_default(),
            new.as_deref().unwrap_or_default(),
        ),
    };
    let change = match (old, new) {
        (None, Some(_)) => Change::Add,
        (Some(_), None) => Change::Delete,
        _ => Change::Update,
    };
    let old_path = file.source_path.owned().filter(|old| *old != path);
    (!patch.text.is_empty() || old_path.is_some()).then_some(FileDiff {
        path,
        change,
        old_path,
        patch: patch.text,
        added: patch.added,
        removed: patch.removed,
    })
}

/// The hunks of a unified diff, without the lines that name the file.
fn hunks(diff: &str) -> Option<Patch> {
    let start = if diff.starts_with("@@ ") {
        0
    } else {
        diff.find("\n@@ ")? + 1
    };
    Some(Patch::of_hunks(&diff[start..]))
}

/// A diff as pi shows it (0.74.2): ` 1 same`, `-2 old`, `+2 new`, and `…` with
/// spaces for a number where lines are left out.
fn numbered(diff: &str) -> Option<Patch> {
    let mut hunks: Vec<Hunk<'_>> = Vec::new();
    let mut is_open = false;
    let mut skipped: (u64, u64) = (0, 0);
    for line in diff.lines() {
        let sign = line.chars().next()?;
        if !matches!(sign, ' ' | '+' | '-') {
            return None;
        }
        let rest = line[1..].trim_start_matches(' ');
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let Ok(number) = rest[..digits].parse::<u64>() else {
            is_open = false; // Lines are left out here.
            continue;
        };
        // Oh My Pi writes `2|new` (17.3.5).
        let text = rest[digits..].strip_prefix([' ', '|']).unwrap_or_default();
        if !is_open {
            // A line that stays or goes has its old number, a new one its new.
            let (removed, added) = skipped;
            let (old_start, new_start) = if sign == '+' {
                (number.saturating_sub(added) + removed, number)
            } else {
                (number, number.saturating_sub(removed) + added)
            };
            hunks.push(Hunk {
                old_start,
                old_lines: 0,
                new_start,
                new_lines: 0,
                lines: Vec::new(),
            });
            is_open = true;
        }
        let hunk = hunks.last_mut()?;
        hunk.old_lines += u64::from(sign != '+');
        hunk.new_lines += u64::from(sign != '-');
        skipped.0 += u64::from(sign == '-');
        skipped.1 += u64::from(sign == '+');
        hunk.lines.push(format!("{sign}{text}").into());
    }
    (!hunks.is_empty()).then(|| Patch::from_hunks(&hunks))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_has_a_kind() {
        for (tool, expected) in [
            ("read", ToolKind::Read),
            ("edit", ToolKind::Edit),
            ("write", ToolKind::Write),
            ("find", ToolKind::Search),
            ("ast_grep", ToolKind::Search),
            ("bash", ToolKind::Shell),
            ("web_search", ToolKind::Web),
            ("task", ToolKind::Task),
            ("vibe_spawn", ToolKind::Task),
            ("todo", ToolKind::Plan),
            ("manage_skill", ToolKind::Skill),
            ("mcp__pantry_take", ToolKind::Mcp),
            ("teleport", ToolKind::Other),
        ] {
            assert_eq!(kind(tool), expected, "{tool}");
        }
    }

    #[test]
    fn a_diff_with_line_numbers_becomes_hunks() {
        let diff = " 1 a\n-2 b\n+2 B\n+3 C\n 3 d\n   ...\n 9 x\n-10 y\n 11 z";
        let patch = numbered(diff).unwrap();
        assert_eq!(
            patch.text,
            "@@ -1,3 +1,4 @@\n a\n-b\n+B\n+C\n d\n@@ -9,3 +10,2 @@\n x\n-y\n z\n"
        );
        assert_eq!((patch.added, patch.removed), (2, 2));
        assert_eq!(numbered("no diff"), None);
    }

    #[test]
    fn a_command_tells_its_exit_code_in_its_last_line() {
        let details = Details::default();
        let text = "out\n\n\nCommand exited with code 4";
        assert_eq!(exit_code(ToolKind::Shell, &details, text), Some(4));
        assert_eq!(exit_code(ToolKind::Read, &details, text), None);
        assert_eq!(exit_code(ToolKind::Shell, &details, "fine"), None);
    }

    #[test]
    fn an_anchored_edit_names_its_file() {
        assert_eq!(
            anchored_path("[src/a.rs#1A2B]\nreplace 1..2").as_deref(),
            Some("src/a.rs")
        );
        assert_eq!(anchored_path("replace 1..2"), None);
    }
}
