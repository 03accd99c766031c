//! Cursor: the editor's agent, and `cursor-agent` in the terminal.
//!
//! A conversation may be told of by four sources at once: hooks, the editor's
//! database `state.vscdb`, the terminal's `store.db`, and transcripts. Each
//! lacks something that another has: only hooks tell tokens and, with the
//! editor's database, times. All of them together make one session.

mod conversation;
mod decode;
mod editor;
mod editor_records;
mod hook_payload;
mod hooks;
mod merge;
mod outcome;
mod session;
mod spans;
mod tables;
mod terminal;
#[cfg(test)]
mod tests;
mod tools;
mod transcript;
mod uri;
mod usage;

use crate::hooks::Link;
use crate::{DatabasePlace, Decoded, Evidence, HarnessReader, Home, Membership, UsageScanner};
use dashcam_trace::{Harness, Timestamp};
use std::path::{Path, PathBuf};

/// Cursor.
pub(crate) struct Cursor;

/// The folder of the agent's own data: `~/.cursor` on every platform, or where
/// `CURSOR_DATA_DIR` moves that of the terminal.
fn data_folders(home: &Home) -> Vec<PathBuf> {
    let usual = home.folder.join(".cursor");
    let moved = variable(home, "CURSOR_DATA_DIR").filter(|moved| *moved != usual);
    std::iter::once(usual).chain(moved).collect()
}

/// The folders in which the editor keeps its state: of Linux, macOS and
/// Windows, whichever the home is of.
fn editor_folders(home: &Home) -> Vec<PathBuf> {
    let mut folders = vec![
        home.folder.join(".config"),
        home.folder.join("Library/Application Support"),
        home.folder.join("AppData/Roaming"),
    ];
    for name in ["XDG_CONFIG_HOME", "APPDATA"] {
        if let Some(moved) = variable(home, name)
            && !folders.contains(&moved)
        {
            folders.push(moved);
        }
    }
    folders
        .into_iter()
        .map(|folder| folder.join("Cursor/User/globalStorage"))
        .collect()
}

fn variable(home: &Home, name: &str) -> Option<PathBuf> {
    let value = home.variables.get(name)?;
    (!value.is_empty()).then(|| PathBuf::from(value))
}

impl HarnessReader for Cursor {
    fn harness(&self) -> Harness {
        Harness::Cursor
    }

    fn roots(&self, home: &Home) -> Vec<PathBuf> {
        let folders = data_folders(home);
        folders
            .iter()
            .map(|folder| folder.join("projects"))
            .collect()
    }

    fn databases(&self, home: &Home) -> Vec<DatabasePlace> {
        let editor = editor_folders(home)
            .into_iter()
            .map(|folder| DatabasePlace {
                folder,
                depth: 0,
                is_database: |path| path.ends_with("state.vscdb"),
                layouts: tables::EDITOR,
            });
        let terminal = data_folders(home).into_iter().map(|folder| DatabasePlace {
            folder: folder.join("chats"),
            depth: 2,
            is_database: |path| path.ends_with("store.db"),
            layouts: tables::TERMINAL,
        });
        editor.chain(terminal).collect()
    }

    fn is_evidence(&self, root: &Path, path: &Path) -> bool {
        place(root, path).is_some()
    }

    fn membership(&self, path: &Path, _first_line: &[u8]) -> Option<Membership> {
        let native_id = path.file_stem()?.to_str()?.to_owned();
        let folder = path.parent()?;
        let is_agents = folder.file_name().is_some_and(|name| name == "subagents");
        let parent = is_agents
            .then(|| folder.parent()?.file_name()?.to_str())
            .flatten();
        Some(Membership {
            native_id,
            parent: parent.map(str::to_owned),
        })
    }

    fn reads_hooks(&self) -> bool {
        true
    }

    fn hook_link(&self, event: &str, session: &str, payload: &str) -> Option<Link> {
        hooks::link(event, session, payload)
    }

    fn decode(&self, evidence: &Evidence<'_>) -> Decoded {
        decode::decode(evidence, &|_| None)
    }

    fn decode_written(
        &self,
        evidence: &Evidence<'_>,
        written: &dyn Fn(&str) -> Option<Timestamp>,
    ) -> Decoded {
        decode::decode(evidence, written)
    }

    /// Token counts are told to hooks; of files, only the editor's database of
    /// older versions has some.
    fn usage_scanner(&self, path: &Path) -> Option<Box<dyn UsageScanner>> {
        let is_editor = path.to_str()?.contains("state.vscdb#");
        is_editor.then(|| Box::new(usage::Scanner) as Box<dyn UsageScanner>)
    }
}

/// `<project>/agent-transcripts/<id>.txt` or `<id>/<id>.jsonl`, and the
/// subagents' `<id>/subagents/<agent>.jsonl`.
fn place(root: &Path, path: &Path) -> Option<()> {
    let below: Vec<&str> = path
        .strip_prefix(root)
        .ok()?
        .components()
        .map(|part| part.as_os_str().to_str())
        .collect::<Option<_>>()?;
    let ([_, "agent-transcripts", names @ ..] | ["agent-transcripts", names @ ..]) =
        below.as_slice()
    else {
        return None;
    };
    let is_named = path
        .extension()
        .is_some_and(|extension| extension == "jsonl" || extension == "txt");
    let is_placed = matches!(names, [_] | [_, _] | [_, "subagents", _]);
    (is_named && is_placed).then_some(())
}
