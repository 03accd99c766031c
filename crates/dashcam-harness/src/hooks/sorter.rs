//! Sorts hook calls by the session that they tell of.

use super::call::Line;
use super::payload::Payload;
use dashcam_trace::Harness;
use rustc_hash::FxHashMap;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// What hooks told of one session, to be appended to its evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionCalls {
    /// The harness.
    pub harness: Harness,
    /// Its id of the session.
    pub native_id: String,
    /// The session that started it, where a call tells.
    pub parent: Option<String>,
    /// Lines of JSON; none for a session of which only the parent was told.
    pub bytes: Vec<u8>,
}

/// A session that another one started, as a hook call tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The harness's id of the session that was started.
    pub child: String,
    /// The one that started it.
    pub parent: String,
}

/// Sorts hook calls by session.
#[derive(Debug, Default)]
pub struct Sorter {
    sessions: FxHashMap<(Harness, String), Vec<u8>>,
    parents: FxHashMap<(Harness, String), String>,
}

impl Sorter {
    /// Takes one call in. Returns whether it could be told which session it is
    /// of.
    pub fn add(
        &mut self,
        harness: &str,
        event: &str,
        session: Option<&str>,
        time_ns: u64,
        env: &BTreeMap<String, String>,
        payload: &[u8],
    ) -> bool {
        let (Ok(harness), Some(session)) = (harness.parse::<Harness>(), session) else {
            return false;
        };
        // Put on one line: between JSON's values, a line's end is a space.
        let one_line: Vec<u8> = payload
            .iter()
            .map(|byte| {
                if matches!(byte, b'\n' | b'\r') {
                    b' '
                } else {
                    *byte
                }
            })
            .collect();
        let payload: Option<&RawValue> = serde_json::from_slice(&one_line).ok();
        let harness = match payload {
            Some(payload) if is_told_by_copilot(payload) => Harness::Copilot,
            _ => harness,
        };
        let text = payload
            .is_none()
            .then(|| String::from_utf8_lossy(&one_line));
        let line = Line {
            time_ns,
            event: event.into(),
            env: env
                .iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
            payload,
            text,
        };
        if let Some(payload) = payload
            && let Some(link) = crate::reader(harness).hook_link(event, session, payload.get())
        {
            let child = (harness, link.child);
            self.sessions.entry(child.clone()).or_default();
            self.parents.insert(child, link.parent);
        }
        let key = (harness, session.to_owned());
        line.append(self.sessions.entry(key).or_default());
        true
    }

    /// The sessions, in a fixed order.
    pub fn finish(self) -> Vec<SessionCalls> {
        let mut parents = self.parents;
        let mut sessions: Vec<SessionCalls> = self
            .sessions
            .into_iter()
            .map(|(session, bytes)| SessionCalls {
                parent: parents.remove(&session),
                harness: session.0,
                native_id: session.1,
                bytes,
            })
            .collect();
        sessions.sort_by(|a, b| (a.harness, &a.native_id).cmp(&(b.harness, &b.native_id)));
        sessions
    }
}

/// VS Code runs the hooks in Claude Code's settings too, for Copilot's chats:
/// the path of the transcript tells whose session it is (as of March 2026).
fn is_told_by_copilot(payload: &RawValue) -> bool {
    let path = Payload::read(payload).transcript_path;
    path.as_str()
        .split(['/', '\\'])
        .any(|folder| matches!(folder, "GitHub.copilot-chat" | ".copilot"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hook_of_claude_codes_that_vs_code_runs_tells_of_copilot() {
        let mut sorter = Sorter::default();
        let mut add = |harness: &str, event: &str, path: &str| {
            let payload = serde_json::json!({
                "session_id": "s", "transcript_path": path, "tool_use_id": "t", "tool_name": "x",
            });
            let payload = payload.to_string();
            sorter.add(
                harness,
                event,
                Some("s"),
                1,
                &BTreeMap::new(),
                payload.as_bytes(),
            )
        };
        let vs_code = r"C:\u\workspaceStorage\1a\GitHub.copilot-chat\transcripts\s.jsonl";
        assert!(add("claude-code", "PreToolUse", vs_code));
        assert!(add("copilot", "preToolUse", vs_code));
        assert!(add(
            "claude-code",
            "PreToolUse",
            "/u/.claude/projects/p/s.jsonl"
        ));
        let sorted = sorter.finish();
        let read: Vec<_> = sorted
            .iter()
            .map(|calls| {
                let read = super::super::Calls::read([calls.bytes.as_slice()]);
                (calls.harness, read.calls.len())
            })
            .collect();
        // Both settings files have the hook; it happened once.
        assert_eq!(read, [(Harness::ClaudeCode, 1), (Harness::Copilot, 1)]);
    }
}
