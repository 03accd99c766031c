//! Subagents: rollouts of their own, started by a call.

use super::era::Era;
use super::rollout::Rollout;
use crate::json::Object;
use crate::world::World;

impl Rollout {
    /// Lets a subagent work on a call's prompt, and writes the call's result.
    pub(crate) fn spawn(&mut self, world: &mut World, call: &str, prompt: &str) {
        world.truth.trap("subagent");
        let mut child = Self::empty(world, self.era, self.place.clone(), self.clock.now() + 40);
        child.session.clone_from(&self.session);
        child.depth = self.depth + 1;
        child.version = self.version;
        let spawn = Object::new()
            .text("parent_thread_id", &self.thread)
            .number("depth", child.depth)
            .text("agent_nickname", "Ada");
        let source = Object::new().object("subagent", Object::new().object("thread_spawn", spawn));
        let mut own = Object::new()
            .object("source", source)
            .text("thread_source", "subagent");
        if self.era == Era::UsageRecords {
            own = own.text("parent_thread_id", &self.thread);
        }
        child.meta(world, &own);
        // Copies of long parents would soon be most of the history.
        if self.era == Era::TotalsOnly && self.length() < 200_000 && world.random.chance(500) {
            world.truth.trap("subagent that repeats its parent");
            child.repeat(self.lines());
            child.thread_total = self.thread_total;
            child.model = self.model;
        }
        child.opening(world);
        let end = child.length() + world.random.long_tailed(15_000);
        child.answer_prompt(world, prompt, end);

        let now = self.clock.now();
        if self.era == Era::UsageRecords {
            let item = Object::new()
                .text("tool", "spawnAgent")
                .text("status", "completed")
                .text("prompt", prompt)
                .raw(
                    "receiverThreadIds",
                    &format!("[{}]", crate::json::string(&child.thread)),
                );
            self.completed_as("CollabAgentToolCall", call, &item, 30);
        }
        let output = Object::new()
            .text("agent_id", &child.thread)
            .text("nickname", "Ada");
        self.output("function_call_output", call, &output.end());
        self.clock.pass_until(child.clock.now().min(now + 120_000));
        self.children.push(child);
    }

    fn answer_prompt(&mut self, world: &mut World, prompt: &str, end: u64) {
        self.first_prompt = Some(prompt.to_owned());
        self.turn(world, end);
    }
}
