//! Claude Code: where it keeps its transcripts, and how they are read.
//!
//! A session is a JSONL file `projects/<folder>/<session>.jsonl` below the
//! configuration folder. Its subagents write
//! `<session>/subagents/agent-<id>.jsonl`, with a `.meta.json` beside it that
//! names the tool call which started them; before version 2.1 they wrote
//! `agent-<id>.jsonl` next to the session's file, and before that into the
//! session's file itself. Large tool results lie in `<session>/tool-results/`.

mod agents;
mod assistant;
mod decode;
mod events;
mod live_branch;
mod prompt;
mod records;
mod results;
mod spans;
mod threads;
mod time;
pub(crate) mod tools;
mod transcript;
mod turns;
mod usage;

use crate::{Decoded, Evidence, HarnessReader, Home, Membership, UsageScanner};
use dashcam_trace::Harness;
use std::path::{Component, Path, PathBuf};

/// Reads what Claude Code leaves on disk.
pub(crate) struct ClaudeCode;

impl HarnessReader for ClaudeCode {
    fn harness(&self) -> Harness {
        Harness::ClaudeCode
    }

    fn roots(&self, home: &Home) -> Vec<PathBuf> {
        let moved: Vec<PathBuf> = home
            .variables
            .get("CLAUDE_CONFIG_DIR")
            .into_iter()
            .flat_map(|folders| folders.split(','))
            .map(str::trim)
            .filter(|folder| !folder.is_empty())
            .map(|folder| match folder.strip_prefix("~/") {
                Some(below_home) => home.folder.join(below_home),
                None => PathBuf::from(folder),
            })
            .map(|folder| folder.join("projects"))
            .collect();
        if !moved.is_empty() {
            return moved;
        }
        [".claude/projects", ".config/claude/projects"]
            .into_iter()
            .map(|folder| home.folder.join(folder))
            .collect()
    }

    fn is_evidence(&self, root: &Path, path: &Path) -> bool {
        path.strip_prefix(root).is_ok_and(|path| {
            let depth = path.components().count();
            match FilePlace::of(path) {
                Some(FilePlace::Session { .. } | FilePlace::AgentBeside { .. }) => depth == 2,
                Some(_) => depth >= 4,
                None => false,
            }
        })
    }

    fn membership(&self, path: &Path, first_line: &[u8]) -> Option<Membership> {
        let part_of = |session: &str, part: &str| Membership {
            native_id: format!("{session}/{part}"),
            parent: Some(session.to_owned()),
        };
        match FilePlace::of(path)? {
            FilePlace::Session { id } => Some(Membership {
                native_id: id.to_owned(),
                parent: None,
            }),
            FilePlace::Agent { session, id } | FilePlace::AgentMeta { session, id } => {
                Some(part_of(session, id))
            }
            FilePlace::ToolResult { session, name } => {
                Some(part_of(session, &format!("tool-results/{name}")))
            }
            FilePlace::AgentBeside { id } => Some(match records::session_of(first_line) {
                Some(session) => part_of(&session, id),
                None => Membership {
                    native_id: format!("agent-{id}"),
                    parent: None,
                },
            }),
        }
    }

    fn decode(&self, evidence: &Evidence<'_>) -> Decoded {
        decode::decode(evidence)
    }

    fn usage_scanner(&self, path: &Path) -> Option<Box<dyn UsageScanner>> {
        match FilePlace::of(path)? {
            FilePlace::Session { .. } | FilePlace::Agent { .. } | FilePlace::AgentBeside { .. } => {
                Some(Box::new(usage::Scanner::default()))
            }
            FilePlace::AgentMeta { .. } | FilePlace::ToolResult { .. } => None,
        }
    }
}

/// What a file is, judging by its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FilePlace<'a> {
    /// A session's transcript.
    Session { id: &'a str },
    /// A subagent's transcript below its session.
    Agent { session: &'a str, id: &'a str },
    /// What is known of a subagent besides its transcript.
    AgentMeta { session: &'a str, id: &'a str },
    /// A subagent's transcript beside its session's, as before version 2.1.
    AgentBeside { id: &'a str },
    /// A tool result too large for the transcript.
    ToolResult { session: &'a str, name: &'a str },
}

impl<'a> FilePlace<'a> {
    fn of(path: &'a Path) -> Option<Self> {
        let mut parents =
            path.parent()?
                .components()
                .rev()
                .filter_map(|component| match component {
                    Component::Normal(name) => name.to_str(),
                    _ => None,
                });
        let name = path.file_name()?.to_str()?;
        let agent = name.strip_prefix("agent-");
        let folder = parents.next();
        if folder == Some("tool-results") {
            return Some(Self::ToolResult {
                session: parents.next()?,
                name,
            });
        }
        // Agents of a workflow lie in folders of their own below `subagents`.
        let in_subagents =
            folder == Some("subagents") || parents.clone().take(3).any(|name| name == "subagents");
        if in_subagents {
            let session = if folder == Some("subagents") {
                parents.next()?
            } else {
                parents
                    .find(|name| *name == "subagents")
                    .and_then(|_| parents.next())?
            };
            let agent = agent?;
            return match agent.strip_suffix(".meta.json") {
                Some(id) => Some(Self::AgentMeta { session, id }),
                None => Some(Self::Agent {
                    session,
                    id: agent.strip_suffix(".jsonl")?,
                }),
            };
        }
        match agent {
            Some(agent) => Some(Self::AgentBeside {
                id: agent.strip_suffix(".jsonl")?,
            }),
            None => Some(Self::Session {
                id: name.strip_suffix(".jsonl")?,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "/home/dev/.claude/projects";

    fn membership(path: &str, first_line: &str) -> (String, Option<String>) {
        let path = PathBuf::from(ROOT).join(path);
        let membership = ClaudeCode.membership(&path, first_line.as_bytes()).unwrap();
        (membership.native_id, membership.parent)
    }

    fn known(native_id: &str, parent: Option<&str>) -> (String, Option<String>) {
        (native_id.to_owned(), parent.map(str::to_owned))
    }

    #[test]
    fn every_file_of_a_session_finds_it() {
        assert_eq!(membership("-work/s.jsonl", ""), known("s", None));
        assert_eq!(
            membership("-work/s/subagents/agent-a.jsonl", ""),
            known("s/a", Some("s"))
        );
        assert_eq!(
            membership("-work/s/subagents/agent-a.meta.json", ""),
            known("s/a", Some("s"))
        );
        assert_eq!(
            membership("-work/s/subagents/workflows/w1/agent-a.jsonl", ""),
            known("s/a", Some("s"))
        );
        assert_eq!(
            membership("-work/s/tool-results/t.txt", ""),
            known("s/tool-results/t.txt", Some("s"))
        );
        assert_eq!(
            membership(
                "-work/agent-a.jsonl",
                r#"{"sessionId":"s","isSidechain":true}"#
            ),
            known("s/a", Some("s"))
        );
        assert_eq!(
            membership("-work/agent-a.jsonl", "torn"),
            known("agent-a", None)
        );
    }

    #[test]
    fn only_what_claude_code_writes_is_evidence() {
        let root = Path::new(ROOT);
        let is_evidence = |path: &str| ClaudeCode.is_evidence(root, &root.join(path));
        assert!(is_evidence("-work/s.jsonl"));
        assert!(is_evidence("-work/agent-a.jsonl"));
        assert!(is_evidence("-work/s/subagents/agent-a.jsonl"));
        assert!(is_evidence("-work/s/subagents/agent-a.meta.json"));
        assert!(is_evidence("-work/s/tool-results/t.txt"));
        assert!(!is_evidence("s.jsonl"));
        assert!(!is_evidence("-work/s.json"));
        assert!(!is_evidence("-work/memory/notes.jsonl"));
        assert!(!is_evidence("-work/s/subagents/journal.jsonl"));
        assert!(!ClaudeCode.is_evidence(root, Path::new("/elsewhere/-work/s.jsonl")));
    }

    #[test]
    fn a_moved_configuration_is_found_in_each_of_its_folders() {
        let mut home = Home::at("/home/dev");
        let roots = ClaudeCode.roots(&home);
        assert_eq!(
            roots,
            [ROOT, "/home/dev/.config/claude/projects"].map(PathBuf::from)
        );
        home.variables
            .insert("CLAUDE_CONFIG_DIR".to_owned(), "/a, ~/b,".to_owned());
        let roots = ClaudeCode.roots(&home);
        assert_eq!(
            roots,
            ["/a/projects", "/home/dev/b/projects"].map(PathBuf::from)
        );
    }
}
