//! Subagents: conversations of their own, started by a tool call.

use super::conversation::Conversation;
use super::era::Era;
use super::tools::ToolUse;
use crate::clock::Clock;
use crate::json::Object;

/// The transcript file of a subagent.
pub(crate) struct AgentFile {
    pub(crate) id: String,
    pub(crate) content: Vec<u8>,
    /// What the file beside it says.
    pub(crate) meta: Option<String>,
}

impl Conversation<'_> {
    /// Lets a subagent work on a tool call, and writes its result.
    pub(crate) fn delegate(&mut self, tool_use: &ToolUse) {
        let agent = self.world.random.hex(if self.writer.era == Era::Nested {
            17
        } else {
            8
        });
        let started = self.writer.clock.now();
        let in_background = self.writer.era == Era::Nested && self.world.random.chance(350);
        let ended = self.run_agent(&agent, tool_use, in_background);
        if in_background {
            // The call returns at once; the subagent goes on beside it.
            self.world.truth.trap("subagent in the background");
            self.writer.clock.pass(40);
        } else {
            self.writer.clock.pass_until(ended);
            self.writer.clock.pass(15);
        }
        self.agent_result(&agent, tool_use, ended - started, in_background);
    }

    /// Writes the subagent's conversation, and returns when it ended.
    fn run_agent(&mut self, agent: &str, tool_use: &ToolUse, in_background: bool) -> i64 {
        let clock = Clock::at(self.writer.clock.now() + 60);
        let mut writer = self.writer.for_agent(agent, clock);
        if self.depth > 0 {
            self.world.truth.trap("subagent of a subagent");
        }
        let first = Object::new().object(
            "message",
            Object::new()
                .text("role", "user")
                .text("content", &tool_use.agent_prompt),
        );
        writer.step(&mut self.world.random, "user", &first);

        let mut child = Conversation::new(self.world, writer);
        child.depth = self.depth + 1;
        child.work(in_background);
        let nested = std::mem::take(&mut child.agents);
        let writer = child.writer;
        let ended = writer.clock.now();

        if self.writer.era == Era::Inline {
            self.world.truth.trap("subagent inside the main file");
            self.writer.raw(writer.content());
        } else {
            let meta = (self.writer.era == Era::Nested).then(|| {
                Object::new()
                    .text("agentType", tool_use.agent_type)
                    .text("description", "look into it")
                    .text("toolUseId", &tool_use.id)
                    .number("spawnDepth", u64::from(self.depth) + 1)
                    .end()
            });
            self.world.truth.trap("subagent in a file of its own");
            self.agents.push(AgentFile {
                id: agent.to_owned(),
                content: writer.into_content(),
                meta,
            });
        }
        self.agents.extend(nested);
        ended
    }

    /// A subagent's work on its one prompt.
    fn work(&mut self, may_stay_unfinished: bool) {
        let steps = 1 + self.world.random.runs(850, 25);
        let unfinished = may_stay_unfinished && self.world.random.chance(500);
        if unfinished {
            self.world.truth.trap("unfinished subagent");
        }
        for step in 1..=steps {
            let wait = self.world.random.between(900, 8000);
            self.writer.clock.pass(wait);
            let pending = self.response(step == steps && !unfinished);
            for tool_use in &pending {
                if tool_use.starts_agent() {
                    self.delegate(tool_use);
                } else {
                    self.tool_result(tool_use);
                }
            }
        }
    }

    fn agent_result(
        &mut self,
        agent: &str,
        tool_use: &ToolUse,
        milliseconds: i64,
        in_background: bool,
    ) {
        let answer = self.world.text(700);
        let content = Object::new()
            .text("type", "text")
            .text("text", &answer)
            .end();
        let status = if in_background {
            "async_launched"
        } else {
            "completed"
        };
        let mut result = Object::new()
            .text("status", status)
            .text("prompt", &tool_use.agent_prompt);
        if self.writer.era != Era::Inline {
            result = result.text("agentId", agent);
        }
        if self.writer.era == Era::Nested {
            result = result
                .text("agentType", tool_use.agent_type)
                .text("resolvedModel", self.model);
        }
        if !in_background {
            result = result
                .list("content", [content.clone()])
                .number("totalDurationMs", milliseconds as u64)
                .number("totalTokens", self.world.random.between(5000, 90_000))
                .number("totalToolUseCount", self.world.random.between(1, 25));
        }
        self.write_result(
            tool_use,
            &format!("[{content}]"),
            Some(&result.end()),
            false,
        );
    }
}
