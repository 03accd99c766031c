//! A session as Markdown.

use crate::RenderOptions;
use crate::amounts::{Usage, counted};
use crate::harmless::{escaped_line, fenced, harmless, quoted};
use crate::plain::plain;
use crate::story::{Step, Told, steps};
use crate::text::{agent_title, image_label, session_facts, turn_title};
use dashcam_trace::{Harness, Session, Span, Status, ToolCall, Turn};

/// The session as Markdown.
pub(crate) fn render(session: &Session, options: &RenderOptions) -> String {
    let mut document = Document {
        text: String::new(),
        options,
        harness: session.harness,
    };
    let title = session.title.as_deref().unwrap_or(&session.native_id);
    document.block(0, &format!("# {}", escaped_line(title)));
    let facts: Vec<String> = session_facts(session)
        .iter()
        .map(|fact| format!("- {}", escaped_line(fact)))
        .collect();
    document.block(0, &facts.join("\n"));
    for turn in &session.turns {
        document.turn(turn);
    }
    document.text
}

struct Document<'o> {
    text: String,
    options: &'o RenderOptions,
    harness: Harness,
}

impl Document<'_> {
    fn turn(&mut self, turn: &Turn) {
        self.block(0, &format!("## {}", escaped_line(&turn_title(turn))));
        self.block(0, &quoted(&harmless(&turn.prompt.text)));
        for image in &turn.prompt.images {
            self.block(0, &quoted(&escaped_line(&image_label(image))));
        }
        for step in steps(turn) {
            self.step(step);
        }
        if let Some(error) = turn.spans.first().and_then(|span| span.error.as_deref()) {
            self.error(0, error);
        }
        if let Some(line) = Usage::of_turn(turn).line(self.harness) {
            self.block(0, &format!("*{}*", escaped_line(&line)));
        }
    }

    fn step(&mut self, step: Step<'_>) {
        let depth = step.depth;
        match step.told {
            Told::ModelCall(span) => {
                if let Some(error) = &span.error {
                    self.error(depth, error);
                }
            }
            Told::Thinking(text) => {
                let shortened = shortened(text, self.options.thinking_lines);
                self.block(depth, &format!("*Thinking:*\n\n{}", fenced(&shortened)));
            }
            Told::Text(text) | Told::AgentAnswer(text) => self.block(depth, &harmless(text)),
            Told::Image(image) => self.block(depth, &escaped_line(&image_label(image))),
            Told::Other { name, json } => {
                self.block(
                    depth,
                    &format!("{}:\n\n{}", escaped_line(name), fenced(json)),
                );
            }
            Told::ToolCall(span, call) => self.tool_call(depth, span, call),
            Told::AgentRun(span, run) => {
                self.block(depth, &format!("**{}**", escaped_line(&agent_title(span))));
                if let Some(prompt) = run.prompt.as_deref() {
                    self.block(depth + 1, &quoted(&harmless(prompt)));
                }
                if let Some(error) = &span.error {
                    self.error(depth + 1, error);
                }
            }
            Told::Event(span, event) => {
                let kind = event.kind.as_str().replace('_', " ");
                self.block(depth, &format!("*{}*", escaped_line(&kind)));
                let text = event.text.as_deref().unwrap_or(&span.name);
                let shortened = shortened(text, self.options.output_lines);
                if !shortened.trim().is_empty() {
                    self.block(depth, &fenced(&shortened));
                }
                if let Some(error) = &span.error {
                    self.error(depth, error);
                }
            }
        }
    }

    fn tool_call(&mut self, depth: usize, span: &Span, call: &ToolCall) {
        let mut title = format!(
            "**{}** ({})",
            escaped_line(&call.tool),
            call.tool_kind.as_str()
        );
        if let Some(code) = call.exit_code {
            title.push_str(&format!(" · exit {code}"));
        }
        if span.status != Status::Ok {
            title.push_str(&format!(" · {}", span.status.as_str()));
        }
        self.block(depth, &title);
        if let Some(target) = &call.target {
            self.block(depth, &fenced(target));
        }
        if let Some(error) = &span.error {
            self.error(depth, error);
        }
        for diff in &call.diff {
            self.block(
                depth,
                &format!("{}:\n\n{}", escaped_line(&diff.path), fenced(&diff.patch)),
            );
        }
        let Some(output) = &call.output else {
            return;
        };
        for (name, text) in [
            ("Output", Some(&output.text)),
            ("Standard error", output.stderr.as_ref()),
        ] {
            let shortened = text.map(|text| shortened(text, self.options.output_lines));
            if let Some(text) = shortened.filter(|text| !text.trim().is_empty()) {
                self.block(depth, &format!("{name}:\n\n{}", fenced(&text)));
            }
        }
        for image in &output.images {
            self.block(depth, &escaped_line(&image_label(image)));
        }
    }

    fn error(&mut self, depth: usize, message: &str) {
        self.block(depth, &format!("**Error:**\n\n{}", fenced(message)));
    }

    /// A block after a blank line; agents' blocks stand in quotations.
    fn block(&mut self, depth: usize, block: &str) {
        if block.trim().is_empty() {
            return;
        }
        // Deeper quotations are not readable.
        let quotes = "> ".repeat(depth.min(8));
        if !self.text.is_empty() {
            // Quotations of blocks that follow each other are kept apart only
            // by a line that is not quoted, or is quoted less.
            self.text.push_str(quotes.trim_end());
            self.text.push('\n');
        }
        for line in block.lines() {
            self.text.push_str(format!("{quotes}{line}").trim_end());
            self.text.push('\n');
        }
    }
}

/// The first lines of a text, and how many follow.
fn shortened(text: &str, most: usize) -> String {
    let text = plain(text);
    let mut lines = text.trim_end().lines();
    let mut first: Vec<&str> = lines.by_ref().take(most).collect();
    let left = lines.count();
    let note = format!("… {}", counted(left, "more line"));
    if left > 0 {
        first.push(&note);
    }
    first.join("\n")
}
