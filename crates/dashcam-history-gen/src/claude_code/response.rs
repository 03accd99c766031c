//! One response of the model: its blocks, its tokens, the lines it is written in.

use super::conversation::Conversation;
use super::tools::{self, ToolUse};
use crate::Counts;
use crate::json::{self, Object};
use crate::truth::Response;

const MODELS: &[(&str, u64)] = &[
    ("claude-sonnet-4-5-20250929", 57),
    ("claude-opus-4-5-20251101", 28),
    ("claude-haiku-4-5-20251001", 12),
    // No price list knows this one.
    ("gateway-experimental-1", 3),
];

const ID_LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";

/// A response's tokens as Claude Code writes them.
#[derive(Clone, Copy)]
struct Usage {
    input: u64,
    cache_read: u64,
    cache_write_5m: u64,
    cache_write_1h: u64,
    output: u64,
    web_searches: u64,
}

impl Conversation<'_> {
    /// The model that answers in this conversation.
    pub(crate) fn choose_model(&mut self) {
        self.model = self.world.random.weighted(MODELS);
    }

    /// Writes one response, and returns the tools that it asks for.
    pub(crate) fn response(&mut self, last: bool) -> Vec<ToolUse> {
        let tool_uses = if last {
            Vec::new()
        } else {
            self.choose_tools()
        };
        let blocks = self.blocks(last, &tool_uses);
        let usage = self.usage(&blocks);
        let message = format!("msg_01{}", self.world.random.word_of(ID_LETTERS, 22));
        let request = format!("req_011C{}", self.world.random.word_of(ID_LETTERS, 20));
        let stop_reason = if tool_uses.is_empty() {
            "end_turn"
        } else {
            "tool_use"
        };

        // A tool may start, and end, before the response's last line is written.
        let interleaved = tool_uses.len() > 1 && self.world.random.chance(250);
        let first_tool_at = blocks.len() - tool_uses.len();
        let mut results_written = 0;
        for (at, block) in blocks.iter().enumerate() {
            let open = at + 1 < blocks.len();
            let mut written = usage;
            if open && self.writer.era.partial_counts() {
                written.output = self.world.random.between(1, 8).min(usage.output);
            }
            let stop_reason = if open && self.writer.era.partial_counts() {
                None
            } else {
                Some(stop_reason)
            };
            let text = self.message(&message, block, &written, stop_reason);
            let uuid = self
                .writer
                .part(&mut self.world.random, text, &request, open);
            if at >= first_tool_at {
                self.tool_lines
                    .insert(tool_uses[at - first_tool_at].id.clone(), uuid);
            }
            if interleaved
                && open
                && at >= first_tool_at
                && !tool_uses[at - first_tool_at].starts_agent()
            {
                let parent = self.writer.parent.clone();
                self.tool_result(&tool_uses[at - first_tool_at]);
                self.writer.parent = parent;
                results_written = at - first_tool_at + 1;
                self.world
                    .truth
                    .trap("result between the lines of a response");
            }
            if open {
                let wait = self.world.random.between(20, 900);
                self.writer.clock.pass(wait);
            }
        }
        if blocks.len() > 1 {
            self.world.truth.trap("response in several lines");
        }
        self.note_response(&usage, tool_uses.len() as u64);
        self.context =
            usage.cache_read + usage.cache_write_5m + usage.cache_write_1h + usage.output;
        self.pending_results(tool_uses, results_written)
    }

    fn pending_results(&mut self, tool_uses: Vec<ToolUse>, written: usize) -> Vec<ToolUse> {
        let mut pending: Vec<ToolUse> = tool_uses.into_iter().skip(written).collect();
        // Parallel calls end in any order.
        if pending.len() > 1 && self.world.random.chance(500) {
            pending.reverse();
            self.world
                .truth
                .trap("results in another order than their calls");
        }
        pending
    }

    fn note_response(&mut self, usage: &Usage, tool_calls: u64) {
        let prompt = usage.input + usage.cache_read + usage.cache_write_5m + usage.cache_write_1h;
        self.world.truth.response(&Response {
            harness: super::HARNESS,
            session: &self.writer.session,
            model: self.model,
            ended_at: self.writer.clock.now(),
            counts: Counts {
                model_calls: 1,
                tool_calls,
                prompt,
                cache_read: usage.cache_read,
                cache_write_5m: usage.cache_write_5m,
                cache_write_1h: usage.cache_write_1h,
                completion: usage.output,
                reasoning: 0,
            },
        });
    }

    fn choose_tools(&mut self) -> Vec<ToolUse> {
        let parallel = self.world.random.chance(150);
        let count = if parallel {
            self.world.random.between(2, 4)
        } else {
            1
        };
        let may_delegate = self.depth < 2;
        (0..count)
            .map(|_| tools::choose(self.world, &self.writer, may_delegate))
            .collect()
    }

    fn blocks(&mut self, last: bool, tool_uses: &[ToolUse]) -> Vec<String> {
        let world = &mut *self.world;
        let mut blocks = Vec::new();
        if world.random.chance(350) {
            let length = world.random.long_tailed(270);
            let thinking = Object::new()
                .text("type", "thinking")
                .text("thinking", &world.text(length))
                .text("signature", &world.random.hex(192));
            blocks.push(thinking.end());
        }
        if last || world.random.chance(450) || (blocks.is_empty() && tool_uses.is_empty()) {
            let length = world.random.long_tailed(if last { 490 } else { 180 });
            let mut text = world.text(length);
            if world.random.chance(120) {
                text = format!(
                    "{text}\n\n```rust\n{}\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |",
                    world.code(200)
                );
            }
            if let Some(word) = world.needle(&self.writer.session, "answer", 30) {
                text = format!("{text} {word}");
                self.writer.has_needle = true;
            }
            blocks.push(Object::new().text("type", "text").text("text", &text).end());
        }
        blocks.extend(tool_uses.iter().map(ToolUse::block));
        blocks
    }

    fn usage(&mut self, blocks: &[String]) -> Usage {
        let random = &mut self.world.random;
        let written: u64 = blocks.iter().map(|block| block.len() as u64).sum();
        let fresh_cache = random.chance(20);
        let (cache_read, cache_write) = if fresh_cache {
            (0, self.context)
        } else {
            (self.context, random.between(150, 2600))
        };
        let for_an_hour = self.writer.era.splits_cache_writes() && random.chance(600);
        // Sometimes both durations in one response.
        let hour_part = if for_an_hour && random.chance(100) {
            cache_write / 3
        } else {
            cache_write
        };
        let cache_write_1h = if for_an_hour { hour_part } else { 0 };
        Usage {
            input: random.between(1, 12),
            cache_read,
            cache_write_5m: cache_write - cache_write_1h,
            cache_write_1h,
            output: written / 4 + random.between(1, 30),
            web_searches: u64::from(random.chance(5)),
        }
    }

    fn message(&self, id: &str, block: &str, usage: &Usage, stop_reason: Option<&str>) -> Object {
        let mut counts = Object::new()
            .number("input_tokens", usage.input)
            .number(
                "cache_creation_input_tokens",
                usage.cache_write_5m + usage.cache_write_1h,
            )
            .number("cache_read_input_tokens", usage.cache_read)
            .number("output_tokens", usage.output);
        if self.writer.era.splits_cache_writes() {
            let split = Object::new()
                .number("ephemeral_1h_input_tokens", usage.cache_write_1h)
                .number("ephemeral_5m_input_tokens", usage.cache_write_5m);
            let searches = Object::new()
                .number("web_search_requests", usage.web_searches)
                .number("web_fetch_requests", 0);
            counts = counts
                .object("server_tool_use", searches)
                .object("cache_creation", split);
        }
        counts = counts.text("service_tier", "standard");
        Object::new()
            .text("id", id)
            .text("type", "message")
            .text("role", "assistant")
            .text("model", self.model)
            .raw("content", &json::list([block.to_owned()]))
            .text_or_null("stop_reason", stop_reason)
            .raw("stop_sequence", "null")
            .object("usage", counts)
    }
}
