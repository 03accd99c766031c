//! One conversation: prompts, responses, results, until it is long enough.

use super::fork::Finished;
use super::lines::LineWriter;
use super::subagent::AgentFile;
use crate::json::Object;
use crate::world::World;
use std::collections::BTreeMap;

/// A conversation under construction: of a session, or of a subagent.
pub(crate) struct Conversation<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) writer: LineWriter,
    /// Files of the subagents that were started so far.
    pub(crate) agents: Vec<AgentFile>,
    /// How many subagents deep this conversation is.
    pub(crate) depth: u32,
    /// The model that answers.
    pub(crate) model: &'static str,
    /// The size of the context in tokens.
    pub(crate) context: u64,
    /// The line of each tool call.
    pub(crate) tool_lines: BTreeMap<String, String>,
}

impl<'a> Conversation<'a> {
    /// A conversation that writes to `writer`.
    pub(crate) fn new(world: &'a mut World, writer: LineWriter) -> Self {
        let context = world.random.between(14_000, 26_000);
        let mut conversation = Self {
            world,
            writer,
            agents: Vec::new(),
            depth: 0,
            model: "",
            context,
            tool_lines: BTreeMap::new(),
        };
        conversation.choose_model();
        conversation
    }

    /// Repeats the beginning of a finished session.
    pub(crate) fn copy(&mut self, origin: &Finished) {
        let (count, in_a_response) = origin.cut(&mut self.world.random);
        let Some(content) = &origin.content else {
            return;
        };
        self.writer
            .copy(content, &origin.marks[..count], &origin.session);
        self.world.truth.trap("copied session");
        if in_a_response {
            self.world
                .truth
                .trap("copy cut in the middle of a response");
        }
    }

    /// Talks until about `size` bytes are written.
    pub(crate) fn hold(&mut self, size: u64) {
        let end = self.writer.content().len() as u64 + size;
        self.opening();
        while (self.writer.content().len() as u64) < end {
            self.before_a_prompt();
            let parent = self.writer.parent.clone();
            self.turn(end);
            if self.world.random.chance(40) && parent.is_some() {
                // The person edits the prompt: what followed the first one stays
                // in the file, on a branch that is no longer live.
                self.writer.parent = parent;
                self.world.truth.trap("edited prompt");
                self.turn(end);
            }
            let wait = 1000 * self.world.random.long_tailed(70);
            self.writer.clock.pass(wait);
            if self.world.random.chance(40) {
                self.resume();
            }
        }
        self.closing();
    }

    /// Ends the conversation, and returns what was written.
    pub(crate) fn finish(self) -> (LineWriter, Vec<AgentFile>) {
        (self.writer, self.agents)
    }

    /// One prompt and the work on it.
    pub(crate) fn turn(&mut self, end: u64) {
        self.prompt();
        let steps = 1 + self.world.random.runs(880, 60);
        for step in 1..=steps {
            let wait = self.world.random.between(900, 14_000);
            self.writer.clock.pass(wait);
            let is_last = step == steps || self.writer.content().len() as u64 > end + end / 8;
            let pending = self.response(is_last);
            if !self.results(&pending) || is_last {
                return;
            }
            if self.context > 165_000 {
                self.compact();
            }
        }
    }

    fn prompt(&mut self) {
        let world = &mut *self.world;
        let length = world.random.long_tailed(130);
        let mut text = world.text(length);
        if world.random.chance(80) {
            text = format!("{text}\n```\n{}\n```", world.code(900));
        }
        if let Some(word) = world.needle(&self.writer.session, "prompt", 30) {
            text = format!("{word} {text}");
            self.writer.has_needle = true;
        }
        self.writer.prompt_id = world.random.uuid();
        self.writer.last_prompt.clone_from(&text);
        self.context += text.len() as u64 / 4;

        let message = if world.random.chance(50) {
            world.truth.trap("prompt with an image");
            let source = Object::new()
                .text("type", "base64")
                .text("media_type", "image/png")
                .text("data", super::tools::PIXEL);
            let image = Object::new()
                .text("type", "image")
                .object("source", source)
                .end();
            let words = Object::new().text("type", "text").text("text", &text).end();
            Object::new()
                .text("role", "user")
                .list("content", [words, image])
        } else {
            Object::new().text("role", "user").text("content", &text)
        };
        let own = Object::new()
            .object("message", message)
            .text("permissionMode", "default");
        self.writer.step(&mut world.random, "user", &own);
    }

    /// Writes the results of tool calls; false if the person stopped the work.
    fn results(&mut self, pending: &[super::tools::ToolUse]) -> bool {
        for tool_use in pending {
            if self.depth == 0 && self.world.random.chance(6) {
                self.interrupt(tool_use);
                return false;
            }
            if self.world.random.chance(2) {
                self.world.truth.trap("call without a result");
                continue;
            }
            if tool_use.starts_agent() {
                self.delegate(tool_use);
            } else {
                self.tool_result(tool_use);
            }
        }
        true
    }
}
