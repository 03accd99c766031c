//! One turn: the prompt, the responses, the results, the counts.

use super::HARNESS;
use super::commands::Call;
use super::era::Era;
use super::rollout::Rollout;
use crate::Counts;
use crate::json::Object;
use crate::truth::Response;
use crate::world::World;

impl Rollout {
    /// What Codex tells the model before the first prompt.
    pub(crate) fn opening(&mut self, world: &mut World) {
        let instructions = world.text(1500);
        self.message(
            "developer",
            "input_text",
            &format!("<permissions instructions>{instructions}</permissions instructions>"),
        );
        let surroundings = format!(
            "<environment_context>\n  <cwd>{}</cwd>\n  <shell>bash</shell>\n</environment_context>",
            self.place.cwd
        );
        self.message("user", "input_text", &surroundings);
    }

    /// One prompt and the work on it, until the rollout is about `end` long.
    pub(crate) fn turn(&mut self, world: &mut World, end: u64) {
        let prompt = self.prompt_text(world);
        self.begin_turn(world, &prompt);
        let began = self.clock.now();
        let steps = 1 + world.random.runs(860, 50);
        for step in 1..=steps {
            let wait = world.random.between(900, 9000);
            self.clock.pass(wait);
            let is_last = step == steps || self.length() > end + end / 8;
            let calls = self.response(world, is_last);
            if self.depth == 0 && !calls.is_empty() && world.random.chance(8) {
                self.abort(world);
                return;
            }
            for call in &calls {
                self.result(world, call);
            }
            self.token_count(world);
            if is_last {
                break;
            }
            if self.context > 200_000 {
                self.compact(world);
            }
        }
        let own = Object::new()
            .text("turn_id", &self.turn)
            .text("last_agent_message", "Done.")
            .number("duration_ms", (self.clock.now() - began) as u64)
            .number("time_to_first_token_ms", 180);
        if self.era == Era::UsageRecords {
            self.event("task_complete", &own);
        }
        if world.random.chance(10) {
            self.torn_line(world);
        }
    }

    fn prompt_text(&mut self, world: &mut World) -> String {
        if let Some(prompt) = self.first_prompt.take() {
            return prompt;
        }
        let length = world.random.long_tailed(140);
        let text = world.text(length);
        match world.needle(&self.session, "prompt", 45) {
            Some(needle) => {
                self.has_needle = true;
                format!("{needle} {text}")
            }
            None => text,
        }
    }

    fn begin_turn(&mut self, world: &mut World, prompt: &str) {
        self.turn = world.random.timed_uuid(self.clock.now());
        self.turn_total = Counts::default();
        if self.era == Era::UsageRecords {
            let own = Object::new()
                .text("turn_id", &self.turn)
                .number("started_at", (self.clock.now() / 1000) as u64)
                .number("model_context_window", 258_400);
            self.event("task_started", &own);
        }
        let context = Object::new()
            .text("turn_id", &self.turn)
            .text("cwd", &self.place.cwd)
            .text("approval_policy", "never")
            .object(
                "sandbox_policy",
                Object::new().text("type", "danger-full-access"),
            )
            .text("model", self.model)
            .text("summary", "auto");
        self.record("turn_context", context);
        self.message("user", "input_text", prompt);
        match self.era {
            Era::TotalsOnly => self.event(
                "user_message",
                &Object::new().text("message", prompt).text("kind", "plain"),
            ),
            Era::UsageRecords => {
                let words = Object::new()
                    .text("type", "text")
                    .text("text", prompt)
                    .raw("text_elements", "[]");
                let own = Object::new().list("content", [words.end()]);
                self.completed(world, "UserMessage", &own, 0);
            }
        }
        self.context += prompt.len() as u64 / 4;
    }

    /// Writes one response, and returns the calls it asks for.
    fn response(&mut self, world: &mut World, last: bool) -> Vec<Call> {
        let before = self.length();
        if world.random.chance(500) {
            self.reasoning(world);
        }
        if last || world.random.chance(300) {
            let length = world.random.long_tailed(if last { 450 } else { 150 });
            let mut answer = world.text(length);
            if let Some(word) = world.needle(&self.session, "answer", 45) {
                self.has_needle = true;
                answer = format!("{answer} {word}");
            }
            self.answer(world, &answer);
        }
        let count = match (last, world.random.chance(100)) {
            (true, _) => 0,
            (false, true) => world.random.between(2, 3),
            (false, false) => 1,
        };
        let calls: Vec<Call> = (0..count).map(|_| self.call(world)).collect();

        let output = (self.length() - before) / 5 + world.random.between(5, 60);
        let cached = if world.random.chance(50) {
            0
        } else {
            self.context / 10 * 9
        };
        let cache_write = if self.era == Era::UsageRecords && world.random.chance(150) {
            700
        } else {
            0
        };
        let counts = Counts {
            model_calls: 1,
            tool_calls: calls.len() as u64,
            prompt: self.context + cache_write,
            cache_read: cached,
            cache_write_5m: cache_write,
            cache_write_1h: 0,
            completion: output,
            reasoning: output / 3,
        };
        self.thread_total += counts;
        self.turn_total += counts;
        self.context += output;
        world.truth.response(&Response {
            harness: HARNESS,
            session: &self.session,
            model: self.model,
            ended_at: self.clock.now(),
            counts,
        });
        if self.era == Era::UsageRecords {
            self.usage_record(world, &counts);
        } else {
            // The totals come at once, and again when the calls have ended.
            self.total(&counts);
        }
        self.last = counts;
        calls
    }

    fn usage_record(&mut self, world: &mut World, counts: &Counts) {
        let payload = Object::new()
            .text("thread_id", &self.thread)
            .text("turn_id", &self.turn)
            .text("session_id", &self.session)
            .text("response_id", &format!("resp_{}", world.random.hex(48)))
            .object("usage", usage(counts))
            .object("turn_token_usage", usage(&self.turn_total))
            .object("thread_token_usage", usage(&self.thread_total));
        self.record("token_usage_record", payload);
    }

    /// The running totals, now and then several times.
    fn token_count(&mut self, world: &mut World) {
        let last = self.last;
        self.total(&last);
        if world.random.chance(250) {
            world.truth.trap("repeated totals");
            self.clock.pass(300);
            self.total(&last);
        }
        if world.random.chance(20) {
            let limits = Object::new()
                .raw("info", "null")
                .raw("rate_limits", "{\"primary\":{\"used_percent\":12.5}}");
            self.event("token_count", &limits);
        }
    }

    fn total(&mut self, last: &Counts) {
        let info = Object::new()
            .object("total_token_usage", usage(&self.thread_total))
            .object("last_token_usage", usage(last))
            .number("model_context_window", 258_400);
        self.event(
            "token_count",
            &Object::new()
                .object("info", info)
                .raw("rate_limits", "null"),
        );
    }

    fn abort(&mut self, world: &mut World) {
        world.truth.trap("aborted turn");
        let own = Object::new()
            .text("turn_id", &self.turn)
            .text("reason", "interrupted");
        self.event("turn_aborted", &own);
    }

    fn compact(&mut self, world: &mut World) {
        world.truth.trap("compaction");
        let summary = world.text(900);
        self.record("compacted", Object::new().text("message", &summary));
        self.event("context_compacted", &Object::new());
        self.context = world.random.between(9000, 20_000);
    }
}

fn usage(counts: &Counts) -> Object {
    Object::new()
        .number("input_tokens", counts.prompt)
        .number("cached_input_tokens", counts.cache_read)
        .number("cache_write_input_tokens", counts.cache_write_5m)
        .number("output_tokens", counts.completion)
        .number("reasoning_output_tokens", counts.reasoning)
        .number("total_tokens", counts.prompt + counts.completion)
}
