//! Chats in VS Code, as VS Code and the Copilot Chat extension keep them.
//!
//! A chat lies in up to three places below VS Code's `User` folder, all named
//! by its id: the chat itself (`chatSessions/<id>.jsonl`, before 1.109
//! `<id>.json`), the extension's transcript
//! (`GitHub.copilot-chat/transcripts/<id>.jsonl`), and, where the person
//! switched them on, debug logs (`GitHub.copilot-chat/debug-logs/<id>/`). Only
//! the last tell of tokens.
//!
//! What is known of the formats is from the sources of microsoft/vscode
//! (`objectMutationLog.ts`, `chatSessionOperationLog.ts`, `chatService.ts`)
//! and of microsoft/vscode-copilot-chat at 31acd00a of March 2026
//! (`sessionTranscriptService.ts`, `chatDebugFileLoggerService.ts`), not from
//! runs of the editor.

mod chat;
mod debug_log;
mod mutation_log;
mod records;
mod turn;

pub(super) use chat::decode;

use crate::{Home, UsageScanner};
use std::path::{Path, PathBuf};

/// The folders of VS Code's releases.
const RELEASES: [(&str, &str); 2] = [
    ("Code", ".vscode-server"),
    ("Code - Insiders", ".vscode-server-insiders"),
];

/// What a file tells of a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind<'a> {
    /// The chat itself.
    Chat,
    /// The extension's transcript.
    Transcript,
    /// A debug log: `main`, or `<label>-<id>` of what was asked beside.
    DebugLog(&'a str),
}

/// The folders below which chats are kept.
pub(super) fn roots(home: &Home) -> Vec<PathBuf> {
    let data = if cfg!(target_os = "macos") {
        "Library/Application Support"
    } else if cfg!(windows) {
        "AppData/Roaming"
    } else {
        ".config"
    };
    let users = RELEASES.iter().flat_map(|(release, server)| {
        [
            home.folder.join(data).join(release).join("User"),
            home.folder.join(server).join("data/User"),
        ]
    });
    users
        .flat_map(|user| {
            [
                user.join("workspaceStorage"),
                user.join("globalStorage/emptyWindowChatSessions"),
            ]
        })
        .collect()
}

/// Whose a file is and what it tells, by its path alone.
pub(super) fn place(path: &str) -> Option<(&str, Kind<'_>)> {
    let mut parts = path.rsplit(['/', '\\']);
    let name = parts.next()?;
    let folder = parts.next()?;
    let (above, top) = (parts.next().unwrap_or_default(), parts.next());
    let lines = name.strip_suffix(".jsonl");
    let is_extension = |folder: &str| folder.eq_ignore_ascii_case("github.copilot-chat");
    let found = match folder {
        "chatSessions" | "emptyWindowChatSessions" => {
            (lines.or_else(|| name.strip_suffix(".json"))?, Kind::Chat)
        }
        "transcripts" if is_extension(above) => (lines?, Kind::Transcript),
        id if above == "debug-logs" && top.is_some_and(is_extension) => {
            (id, Kind::DebugLog(lines?))
        }
        _ => return None,
    };
    Some(found).filter(|(id, _)| !id.is_empty())
}

/// A scanner for a debug log; nothing else tells of tokens.
pub(super) fn usage_scanner(path: &Path) -> Option<Box<dyn UsageScanner>> {
    match place(path.to_str()?)? {
        (session, Kind::DebugLog(_)) => Some(Box::new(debug_log::Scanner::new(session))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_by_their_place() {
        let storage = "/home/dev/.config/Code/User/workspaceStorage/6f1e";
        let found = |rest: &str| {
            let path = format!("{storage}/{rest}");
            place(&path).map(|(id, kind)| (id.to_owned(), format!("{kind:?}")))
        };
        let is = |id: &str, kind: &str| Some((id.to_owned(), kind.to_owned()));
        assert_eq!(found("chatSessions/a-1.jsonl"), is("a-1", "Chat"));
        assert_eq!(found("chatSessions/a-1.json"), is("a-1", "Chat"));
        let extension = "GitHub.copilot-chat";
        assert_eq!(
            found(&format!("{extension}/transcripts/a-1.jsonl")),
            is("a-1", "Transcript")
        );
        assert_eq!(
            found(&format!("{extension}/debug-logs/a-1/title-b.jsonl")),
            is("a-1", "DebugLog(\"title-b\")")
        );
        for other in [
            "workspace.json",
            "chatEditingSessions/a-1/state.json",
            "chatSessions/.json",
            &format!("{extension}/debug-logs/a-1/models.json"),
            "other.extension/transcripts/a-1.jsonl",
        ] {
            assert_eq!(found(other), None, "{other}");
        }
    }
}
