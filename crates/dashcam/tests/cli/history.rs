//! Small histories written by hand.

use crate::environment::Environment;

/// A Claude Code session of one prompt, one command and one answer.
pub(crate) struct ClaudeSession {
    pub(crate) id: &'static str,
    pub(crate) prompt: &'static str,
    pub(crate) answer: &'static str,
    pub(crate) day: &'static str,
}

impl Default for ClaudeSession {
    fn default() -> Self {
        Self {
            id: "11111111-1111-4111-8111-111111111111",
            prompt: "Count the lines of the changelog",
            answer: "There are **forty-two** lines.",
            day: "2026-08-20",
        }
    }
}

impl ClaudeSession {
    /// The path of its transcript below the home.
    pub(crate) fn path(&self) -> String {
        format!(".claude/projects/-home-dev-src-shop/{}.jsonl", self.id)
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        let Self {
            id,
            prompt,
            answer,
            day,
        } = self;
        let common = |uuid: &str, parent: &str, second: u32| {
            format!(
                r#""uuid":"{uuid}-{id}","parentUuid":{parent},"sessionId":"{id}","timestamp":"{day}T09:00:{second:02}.000Z","cwd":"/home/dev/src/shop","gitBranch":"main","version":"2.1.197","isSidechain":false,"userType":"external""#
            )
        };
        let parent = |uuid: &str| format!("\"{uuid}-{id}\"");
        let usage = r#""usage":{"input_tokens":100,"cache_creation_input_tokens":300,"cache_read_input_tokens":2000,"output_tokens":50,"cache_creation":{"ephemeral_5m_input_tokens":100,"ephemeral_1h_input_tokens":200}}"#;
        vec![
            format!(
                r#"{{"type":"user","message":{{"role":"user","content":"{prompt}"}},{}}}"#,
                common("u1", "null", 0)
            ),
            format!(
                r#"{{"type":"assistant","requestId":"req_1_{id}","message":{{"id":"msg_1_{id}","role":"assistant","model":"claude-sonnet-4-5-20250929","content":[{{"type":"tool_use","id":"toolu_1_{id}","name":"Bash","input":{{"command":"wc -l CHANGELOG.md"}}}}],"stop_reason":"tool_use",{usage}}},{}}}"#,
                common("a1", &parent("u1"), 3)
            ),
            format!(
                r#"{{"type":"user","message":{{"role":"user","content":[{{"tool_use_id":"toolu_1_{id}","type":"tool_result","content":"42 CHANGELOG.md"}}]}},"toolUseResult":{{"stdout":"42 CHANGELOG.md","stderr":"","interrupted":false,"isImage":false}},{}}}"#,
                common("u2", &parent("a1"), 4)
            ),
            format!(
                r#"{{"type":"assistant","requestId":"req_2_{id}","message":{{"id":"msg_2_{id}","role":"assistant","model":"claude-sonnet-4-5-20250929","content":[{{"type":"text","text":"{answer}"}}],"stop_reason":"end_turn",{usage}}},{}}}"#,
                common("a2", &parent("u2"), 7)
            ),
        ]
    }

    pub(crate) fn text(&self) -> String {
        self.lines().join("\n") + "\n"
    }

    pub(crate) fn write_to(&self, environment: &Environment) -> std::path::PathBuf {
        environment.write(&self.path(), self.text())
    }
}
