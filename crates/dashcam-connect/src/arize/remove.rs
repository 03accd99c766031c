//! Takes Arize's own hooks out of the settings of the harnesses that dashcam
//! connects.
//!
//! What its installer writes (snapshot of August 2026): hooks whose command is
//! `…/arize-hook-<harness>…`, for Claude Code also an item of `plugins` and
//! `env.ARIZE_TRACE_ENABLED`; for Codex an item of `notify`; for Copilot
//! `.github/hooks/hooks.json` in a repository.

use crate::error::{Error, decode};
use crate::hooks;
use crate::json::{Document, Edits, Element};
use crate::registrations::Connectable;
use dashcam_harness::Home;
use std::path::{Path, PathBuf};
use toml_edit::Item;

/// The settings that Arize's hooks may stand in.
pub(crate) fn files(home: &Home, project: &Path, harness: Connectable) -> Vec<PathBuf> {
    match harness {
        // Its installer writes to the home whatever `CLAUDE_CONFIG_DIR` says.
        Connectable::ClaudeCode => vec![home.folder.join(".claude/settings.json")],
        Connectable::Codex => {
            let folder = harness.folder(home);
            vec![folder.join("config.toml"), folder.join("hooks.json")]
        }
        Connectable::Cursor | Connectable::Gemini => vec![harness.user_file(home)],
        Connectable::Copilot => vec![project.join(".github/hooks/hooks.json")],
        // A plugin's file, which is not settings.
        Connectable::OpenCode | Connectable::Pi | Connectable::OhMyPi => Vec::new(),
    }
}

/// Whether a file has hooks of Arize's.
pub(crate) fn is_present(path: &Path, bytes: &[u8]) -> Result<bool, Error> {
    Ok(strip(path, bytes)? != bytes)
}

/// A file without Arize's hooks.
pub(crate) fn strip(path: &Path, bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let is_mentioned = bytes
        .windows(5)
        .any(|window| window.eq_ignore_ascii_case(b"arize"));
    if !is_mentioned {
        return Ok(bytes.to_owned());
    }
    if path
        .extension()
        .is_some_and(|extension| extension == "toml")
    {
        return strip_notify(path, bytes);
    }
    let document = hooks::remove(Document::parse(path, bytes)?, &is_hook)?;
    let document = strip_plugins(document)?;
    let document = strip_switch(document)?;
    Ok(document.bytes())
}

fn is_arize(command: &str) -> bool {
    command.contains("arize-hook-")
}

fn is_hook(handler: &Element) -> bool {
    let command = handler.get("command").and_then(Element::as_text);
    command.is_some_and(is_arize)
}

fn strip_plugins(document: Document) -> Result<Document, Error> {
    let is_plugin = |item: &Element| {
        let path = item.get("path").and_then(Element::as_text);
        path.is_some_and(|path| path.replace('\\', "/").contains(".arize/harness/"))
    };
    let Some(plugins) = document.at(&["plugins"]) else {
        return Ok(document);
    };
    let items = plugins.items().unwrap_or_default();
    let gone: Vec<usize> = (0..items.len())
        .filter(|index| is_plugin(&items[*index]))
        .collect();
    remove_from(&document, "plugins", plugins, &gone, items.len())
}

fn strip_switch(document: Document) -> Result<Document, Error> {
    let Some(env) = document.at(&["env"]) else {
        return Ok(document);
    };
    let members = env.members().unwrap_or_default();
    let gone: Vec<usize> = (0..members.len())
        .filter(|index| members[*index].name == "ARIZE_TRACE_ENABLED")
        .collect();
    remove_from(&document, "env", env, &gone, members.len())
}

/// Removes parts of a member of the root, and the member with its last part.
fn remove_from(
    document: &Document,
    name: &str,
    container: &Element,
    gone: &[usize],
    count: usize,
) -> Result<Document, Error> {
    let mut edits = Edits::default();
    let members = document
        .root()
        .and_then(Element::members)
        .unwrap_or_default();
    let at = members.iter().rposition(|member| member.name == name);
    match (document.root(), at) {
        _ if gone.is_empty() => {}
        (Some(root), Some(at)) if gone.len() == count => edits.remove(document, root, &[at]),
        _ => edits.remove(document, container, gone),
    }
    document.clone().edited(edits)
}

/// Codex: the item of `notify`, and the whole line with its last item.
fn strip_notify(path: &Path, bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let (text, has_mark) = decode(path, bytes)?;
    let Ok(document) = toml_edit::Document::parse(text.clone()) else {
        // A broken file is told of where it is to be edited.
        return Ok(bytes.to_owned());
    };
    let Some((key, Item::Value(value))) = document.as_table().get_key_value("notify") else {
        return Ok(bytes.to_owned());
    };
    let items: Vec<_> = value
        .as_array()
        .map(|array| array.iter().collect())
        .unwrap_or_default();
    let first = items
        .iter()
        .position(|item| item.as_str().is_some_and(is_arize));
    let (Some(first), Some(whole), Some(key)) = (first, value.span(), key.span()) else {
        return Ok(bytes.to_owned());
    };
    let mut out = text.clone();
    if items.len() == 1 {
        let line_end = text[whole.end..]
            .find('\n')
            .map_or(text.len(), |at| whole.end + at + 1);
        out.replace_range(key.start..line_end, "");
    } else if let Some(span) = items[first].span() {
        // With the comma before it, or after it where it is the first.
        let before = (first > 0).then(|| text[..span.start].rfind(',')).flatten();
        let after = || text[span.end..].find(',').map(|comma| span.end + comma + 1);
        let (start, end) = match before {
            Some(comma) => (comma, span.end),
            None => (span.start, after().unwrap_or(span.end)),
        };
        out.replace_range(start..end, "");
    }
    if toml_edit::Document::parse(out.clone()).is_err() {
        return Err(Error::Unsafe(path.to_owned()));
    }
    let mark = if has_mark {
        crate::error::BYTE_ORDER_MARK.to_string()
    } else {
        String::new()
    };
    Ok((mark + &out).into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripped(name: &str, text: &str) -> String {
        String::from_utf8(strip(Path::new(name), text.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn hooks_plugin_and_switch_leave_claude_code_and_others_stay() {
        let text = r#"{
  // mine
  "env": {"ARIZE_TRACE_ENABLED": "true", "FOO": "1"},
  "plugins": [{"type": "local", "path": "/home/a/.arize/harness/tracing/claude_code"}],
  "hooks": {
    "Stop": [
      {"hooks": [{"type": "command", "command": "say done"}]},
      {"hooks": [{"type": "command", "command": "/home/a/.arize/harness/venv/bin/arize-hook-stop"}]}
    ],
    "PreToolUse": [
      {"hooks": [{"type": "command", "command": "/home/a/.arize/harness/venv/bin/arize-hook-pre-tool-use"}]}
    ]
  }
}
"#;
        let expected = r#"{
  // mine
  "env": {"FOO": "1"},
  "hooks": {
    "Stop": [
      {"hooks": [{"type": "command", "command": "say done"}]}
    ]
  }
}
"#;
        assert_eq!(stripped("settings.json", text), expected);
        assert_eq!(stripped("settings.json", expected), expected);
    }

    #[test]
    fn codex_gets_its_own_notify_back() {
        let hook = "/home/a/.arize/harness/venv/bin/arize-hook-codex-notify";
        assert_eq!(
            stripped(
                "config.toml",
                &format!("# top\nnotify = [\"{hook}\"] # x\nmodel = \"m\"\n")
            ),
            "# top\nmodel = \"m\"\n"
        );
        assert_eq!(
            stripped(
                "config.toml",
                &format!("notify = [\"python3\", \"/x.py\", \"{hook}\"]\n")
            ),
            "notify = [\"python3\", \"/x.py\"]\n"
        );
        assert_eq!(
            stripped("config.toml", "notify = [\"my-notify\"]\n# arize\n"),
            "notify = [\"my-notify\"]\n# arize\n"
        );
    }
}
