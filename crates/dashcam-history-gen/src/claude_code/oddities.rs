//! What else stands in transcripts: commands, notes of the harness,
//! interruptions, failures, compaction, torn lines.

use super::conversation::Conversation;
use super::era::Era;
use super::tools::ToolUse;
use crate::json::Object;

impl Conversation<'_> {
    /// The lines that a session begins with.
    pub(crate) fn opening(&mut self) {
        let random = &mut self.world.random;
        if self.writer.era == Era::Nested {
            for operation in ["enqueue", "dequeue"] {
                let line = Object::new()
                    .text("type", "queue-operation")
                    .text("operation", operation)
                    .text("timestamp", &self.writer.clock.text())
                    .text("sessionId", &self.writer.session);
                self.writer.note(line);
            }
            return;
        }
        let id = random.uuid();
        let snapshot = Object::new()
            .text("messageId", &id)
            .raw("trackedFileBackups", "{}")
            .text("timestamp", &self.writer.clock.text());
        let line = Object::new()
            .text("type", "file-history-snapshot")
            .text("messageId", &id)
            .object("snapshot", snapshot)
            .flag("isSnapshotUpdate", false);
        self.writer.note(line);
        if self.world.random.chance(300) {
            let title = self.world.text(40);
            let leaf = self.world.random.uuid();
            let line = Object::new()
                .text("type", "summary")
                .text("summary", &title)
                .text("leafUuid", &leaf);
            self.writer.note(line);
        }
    }

    /// What sometimes stands before a prompt.
    pub(crate) fn before_a_prompt(&mut self) {
        match self.world.random.below(100) {
            0..=2 => self.slash_command(),
            3..=4 => self.shell_line(),
            5 => self.api_error(),
            6 => self.unknown_line(),
            7 if self.world.random.chance(300) => self.torn_line(),
            8..=30 if self.writer.era == Era::Nested => self.attachment(),
            _ => {}
        }
    }

    /// The lines that a session ends with; sometimes the last one is half.
    pub(crate) fn closing(&mut self) {
        if self.writer.era == Era::Nested {
            let prompt: String = self.writer.last_prompt.chars().take(200).collect();
            let line = Object::new()
                .text("type", "last-prompt")
                .text("lastPrompt", &prompt)
                .text_or_null("leafUuid", self.writer.parent.as_deref())
                .text("sessionId", &self.writer.session);
            self.writer.note(line);
        }
        if self.world.random.chance(30) {
            self.world.truth.trap("half-written last line");
            self.world.truth.malformed_line();
            self.writer.raw(br#"{"parentUuid":"0f3c","isSidechain":false,"message":{"id":"msg_01half","usage":{"input_tokens":99"#);
        }
    }

    /// The conversation is taken up again later, perhaps by a newer version.
    pub(crate) fn resume(&mut self) {
        let hours = self.world.random.between(1, 40);
        self.writer.clock.pass(hours * 3_600_000);
        self.writer.version = self.writer.era.version(&mut self.world.random);
        self.world.truth.trap("resumed session");
    }

    /// The person stops the agent while a tool runs.
    pub(crate) fn interrupt(&mut self, tool_use: &ToolUse) {
        self.world.truth.trap("interrupted tool call");
        self.write_result(
            tool_use,
            "\"The user doesn't want to proceed with this tool use. The tool use was rejected.\"",
            Some("\"User rejected tool use\""),
            true,
        );
        let words = Object::new()
            .text("type", "text")
            .text("text", "[Request interrupted by user for tool use]");
        let message = Object::new()
            .text("role", "user")
            .list("content", [words.end()]);
        self.writer.step(
            &mut self.world.random,
            "user",
            &Object::new().object("message", message),
        );
    }

    /// The context is summed up and the conversation goes on from there.
    pub(crate) fn compact(&mut self) {
        self.world.truth.trap("compaction");
        let logical_parent = self.writer.parent.take();
        let details = Object::new()
            .text("trigger", "auto")
            .number("preTokens", self.context);
        let own = Object::new()
            .text("subtype", "compact_boundary")
            .text("content", "Conversation compacted")
            .flag("isMeta", false)
            .text("level", "info")
            .text_or_null("logicalParentUuid", logical_parent.as_deref())
            .object("compactMetadata", details);
        self.writer.step(&mut self.world.random, "system", &own);
        let summary = self.world.text(1500);
        let text =
            format!("This session is being continued from a previous conversation. {summary}");
        let own = Object::new()
            .flag("isVisibleInTranscriptOnly", true)
            .flag("isCompactSummary", true)
            .object(
                "message",
                Object::new().text("role", "user").text("content", &text),
            );
        self.writer.step(&mut self.world.random, "user", &own);
        self.context = self.world.random.between(18_000, 30_000);
    }

    fn slash_command(&mut self) {
        self.world.truth.trap("slash command");
        let texts = [
            "<command-name>/model</command-name>\n<command-message>model</command-message>\n<command-args></command-args>",
            "<local-command-stdout>Set model to \u{1b}[1mopus\u{1b}[22m</local-command-stdout>",
        ];
        self.meta(
            "Caveat: The messages below were generated by the user while running local commands.",
        );
        for text in texts {
            self.words(text);
        }
    }

    fn shell_line(&mut self) {
        self.world.truth.trap("shell line of the person");
        self.words("<bash-input>git status</bash-input>");
        self.words("<bash-stdout>nothing to commit</bash-stdout><bash-stderr></bash-stderr>");
    }

    fn meta(&mut self, text: &str) {
        let message = Object::new().text("role", "user").text("content", text);
        let own = Object::new()
            .flag("isMeta", true)
            .object("message", message);
        self.writer.step(&mut self.world.random, "user", &own);
    }

    fn words(&mut self, text: &str) {
        let message = Object::new().text("role", "user").text("content", text);
        self.writer.step(
            &mut self.world.random,
            "user",
            &Object::new().object("message", message),
        );
    }

    /// A failure that the harness shows: written as a response, but none.
    fn api_error(&mut self) {
        self.world.truth.trap("API error shown as a response");
        let id = self.world.random.uuid();
        let words = Object::new()
            .text("type", "text")
            .text("text", "API Error: 529 Overloaded");
        let usage = Object::new()
            .number("input_tokens", 0)
            .number("output_tokens", 0)
            .number("cache_creation_input_tokens", 0)
            .number("cache_read_input_tokens", 0);
        let message = Object::new()
            .text("id", &id)
            .text("type", "message")
            .text("role", "assistant")
            .text("model", "<synthetic>")
            .list("content", [words.end()])
            .text("stop_reason", "stop_sequence")
            .object("usage", usage);
        let own = Object::new()
            .object("message", message)
            .flag("isApiErrorMessage", true);
        self.writer.step(&mut self.world.random, "assistant", &own);
    }

    fn unknown_line(&mut self) {
        self.world.truth.trap("line of an unknown type");
        let line = Object::new()
            .text("type", "weather-report")
            .text("sessionId", &self.writer.session)
            .text("timestamp", &self.writer.clock.text())
            .object(
                "message",
                Object::new().object("usage", Object::new().number("output_tokens", 12_345)),
            );
        self.writer.note(line);
    }

    fn torn_line(&mut self) {
        self.world.truth.trap("torn line");
        self.world.truth.malformed_line();
        let torn: &[u8] = if self.world.random.chance(500) {
            b"{\"type\":\"assistant\",\"message\":{\"id\":\"msg_01torn\",\"model\":\"claude-opus-4-5-20251101\",\"usage\":{\"output_tokens\":5000}\n"
        } else {
            b"\xff\xfe\x00 not text \xc3\x28\n"
        };
        self.writer.raw(torn);
    }

    fn attachment(&mut self) {
        let content = self.world.text(900);
        let listing = Object::new()
            .text("type", "skill_listing")
            .text("content", &content)
            .number("skillCount", 13)
            .flag("isInitial", true);
        self.writer.step(
            &mut self.world.random,
            "attachment",
            &Object::new().object("attachment", listing),
        );
    }
}
