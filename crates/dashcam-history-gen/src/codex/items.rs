//! The items of a turn other than tool calls.

use super::era::Era;
use super::rollout::Rollout;
use crate::json::Object;
use crate::world::World;

impl Rollout {
    /// A message to or from the model.
    pub(crate) fn message(&mut self, role: &str, content_type: &str, text: &str) {
        let content = Object::new().text("type", content_type).text("text", text);
        self.item(
            "message",
            &Object::new()
                .text("role", role)
                .list("content", [content.end()]),
        );
    }

    /// What the model thought: a summary, and the rest encrypted.
    pub(crate) fn reasoning(&mut self, world: &mut World) {
        let length = world.random.long_tailed(120);
        let summary = world.text(length);
        match self.era {
            Era::TotalsOnly => self.event("agent_reasoning", &Object::new().text("text", &summary)),
            Era::UsageRecords => {
                let own = Object::new()
                    .raw(
                        "summary_text",
                        &format!("[{}]", crate::json::string(&summary)),
                    )
                    .raw("raw_content", "[]");
                self.completed(world, "Reasoning", &own, 400);
            }
        }
        let words = Object::new()
            .text("type", "summary_text")
            .text("text", &summary);
        let own = Object::new()
            .list("summary", [words.end()])
            .raw("content", "null")
            .text("encrypted_content", &world.random.hex(600));
        self.item("reasoning", &own);
    }

    /// What the model answered.
    pub(crate) fn answer(&mut self, world: &mut World, text: &str) {
        match self.era {
            Era::TotalsOnly => self.event("agent_message", &Object::new().text("message", text)),
            Era::UsageRecords => {
                let words = Object::new().text("type", "Text").text("text", text);
                self.completed(
                    world,
                    "AgentMessage",
                    &Object::new().list("content", [words.end()]),
                    300,
                );
            }
        }
        self.message("assistant", "output_text", text);
    }

    /// An item with its measured times, which took some milliseconds.
    pub(crate) fn completed(
        &mut self,
        world: &mut World,
        item_type: &str,
        own: &Object,
        took: u64,
    ) {
        let id = world.random.timed_uuid(self.clock.now());
        self.completed_as(item_type, &id, own, took);
    }

    /// An item with an id of its own.
    pub(crate) fn completed_as(&mut self, item_type: &str, id: &str, own: &Object, took: u64) {
        let item = Object::new()
            .text("type", item_type)
            .text("id", id)
            .fields(own);
        let now = self.clock.now();
        let payload = Object::new()
            .text("thread_id", &self.thread)
            .text("turn_id", &self.turn)
            .object("item", item)
            .number("started_at_ms", (now - took as i64) as u64)
            .number("completed_at_ms", now as u64);
        self.event("item_completed", &payload);
    }
}
