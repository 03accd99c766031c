//! Takes Arize's own hooks out of the settings of harnesses, and its plugins
//! out of their folders.
//!
//! What its installer writes (snapshot of August 2026): hooks whose command is
//! `…/arize-hook-<harness>…`, for Claude Code also an item of `plugins` and
//! `env.ARIZE_TRACE_ENABLED`; for Codex an item of `notify`; for Copilot
//! `.github/hooks/hooks.json` in a repository; for Kiro any of its agents; for
//! `OpenCode` and Oh My Pi a file `arize-tracing.ts`, for the latter an item of
//! `extensions` as well.

use super::plugin;
use crate::error::{Error, decode};
use crate::hooks;
use crate::json::{Document, Edits, Element};
use crate::registrations::Connectable;
use dashcam_harness::Home;
use std::path::{Path, PathBuf};
use toml_edit::Item;

/// The files that Arize's hooks may stand in, or that are Arize's.
pub(crate) fn files(home: &Home, project: &Path, harness: Connectable) -> Vec<PathBuf> {
    match harness {
        Connectable::Codex => {
            let folder = harness.folder(home);
            vec![folder.join("config.toml"), folder.join("hooks.json")]
        }
        Connectable::Cursor | Connectable::Gemini => vec![harness.user_file(home)],
        Connectable::OpenCode | Connectable::OhMyPi => {
            plugin::files(home, &harness.folder(home), harness.as_str())
        }
        _ => files_of(home, project, harness.as_str()),
    }
}

/// The same for harnesses for which its installer always writes to the same
/// places, whatever variables say.
fn files_of(home: &Home, project: &Path, harness: &str) -> Vec<PathBuf> {
    match harness {
        "claude-code" => vec![home.folder.join(".claude/settings.json")],
        "copilot" => vec![project.join(".github/hooks/hooks.json")],
        "kiro" => agents(&home.folder.join(".kiro/agents")),
        "devin" => {
            let below = |folder: &Path| folder.join("devin/config.json");
            let windows = home.variables.get("APPDATA").map(Path::new);
            let usual = home.folder.join(".config");
            [Some(usual.as_path()), windows]
                .into_iter()
                .flatten()
                .map(below)
                .collect()
        }
        _ => Vec::new(),
    }
}

/// Kiro has a file for each agent, and Arize's hooks are in those that the
/// person chose.
fn agents(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut agents: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "json"))
        .collect();
    agents.sort();
    agents
}

/// Whether a file has hooks of Arize's.
pub(crate) fn is_present(path: &Path, bytes: &[u8]) -> Result<bool, Error> {
    Ok(strip(path, bytes)?.as_deref() != Some(bytes))
}

/// A file without what is Arize's; `None` if nothing else is in it.
pub(crate) fn strip(path: &Path, bytes: &[u8]) -> Result<Option<Vec<u8>>, Error> {
    let is_mentioned = bytes
        .windows(5)
        .any(|window| window.eq_ignore_ascii_case(b"arize"));
    if !is_mentioned {
        return Ok(Some(bytes.to_owned()));
    }
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("ts") => Ok((!plugin::is_arizes(bytes)).then(|| bytes.to_owned())),
        Some("toml") => strip_notify(path, bytes).map(Some),
        _ => strip_json(path, bytes).map(Some),
    }
}

fn strip_json(path: &Path, bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let document = hooks::remove(Document::parse(path, bytes)?, &is_hook)?;
    let document = strip_items(document, "plugins", &|item| {
        let path = item.get("path").and_then(Element::as_text);
        path.is_some_and(|path| path.replace('\\', "/").contains(".arize/harness/"))
    })?;
    let document = strip_items(document, "extensions", &|item| {
        item.as_text().is_some_and(plugin::is_registered)
    })?;
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

/// Takes those items out of a list of the root that a test holds for.
fn strip_items(
    document: Document,
    name: &str,
    is_arizes: &dyn Fn(&Element) -> bool,
) -> Result<Document, Error> {
    let Some(list) = document.at(&[name]) else {
        return Ok(document);
    };
    let items = list.items().unwrap_or_default();
    let gone: Vec<usize> = (0..items.len())
        .filter(|index| is_arizes(&items[*index]))
        .collect();
    remove_from(&document, name, list, &gone, items.len())
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
        let stripped = strip(Path::new(name), text.as_bytes()).unwrap();
        String::from_utf8(stripped.unwrap()).unwrap()
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

    #[test]
    fn agents_of_kiro_keep_hooks_of_others() {
        let folder = tempfile::tempdir().unwrap();
        let agents = folder.path().join(".kiro/agents");
        std::fs::create_dir_all(agents.join("prompts")).unwrap();
        for name in ["b.json", "a.json", "notes.md"] {
            std::fs::write(agents.join(name), "{}").unwrap();
        }
        let home = Home::at(folder.path());
        let files = files_of(&home, Path::new("/p"), "kiro");
        assert_eq!(files, [agents.join("a.json"), agents.join("b.json")]);

        let hook = "/home/a/.arize/harness/venv/bin/arize-hook-kiro";
        let text = format!(
            r#"{{
  "name": "mine",
  "hooks": {{
    "agentSpawn": [
      {{"command": "{hook}"}}
    ],
    "stop": [
      {{"command": "say done"}},
      {{"command": "{hook}"}}
    ]
  }}
}}
"#
        );
        let expected = r#"{
  "name": "mine",
  "hooks": {
    "stop": [
      {"command": "say done"}
    ]
  }
}
"#;
        assert_eq!(stripped("a.json", &text), expected);
    }

    #[test]
    fn devin_keeps_its_comments() {
        let mut home = Home::at("/h");
        let files = |home: &Home| files_of(home, Path::new("/p"), "devin");
        let usual = PathBuf::from("/h/.config/devin/config.json");
        assert_eq!(files(&home), std::slice::from_ref(&usual));
        home.variables.insert("APPDATA".into(), "/h/roaming".into());
        assert_eq!(files(&home), [usual, "/h/roaming/devin/config.json".into()]);

        let hook = "/home/a/.arize/harness/venv/bin/arize-hook-devin";
        let of = |event: &str| {
            format!(
                r#""{event}": [{{"hooks": [{{"type": "command", "command": "{hook}", "timeout": 30}}]}}]"#
            )
        };
        let text = format!(
            "{{\n  // mine\n  \"model\": \"m\",\n  \"hooks\": {{{}, {}}}\n}}\n",
            of("Stop"),
            of("SessionEnd")
        );
        let expected = "{\n  // mine\n  \"model\": \"m\"\n}\n";
        assert_eq!(stripped("config.json", &text), expected);
    }
}
