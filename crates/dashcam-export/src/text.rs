//! A session as a conversation to read in a terminal.

use crate::amounts::{Usage, counted, duration, moment, span_duration};
use crate::plain::{plain, plain_line};
use crate::story::{Step, Told, steps};
use crate::wrap::{cut, wrap};
use crate::{RenderOptions, amounts};
use anstyle::{AnsiColor, Style};
use dashcam_trace::{
    Event, EventKind, Harness, Image, Session, Span, SpanBody, Status, ToolCall, Turn, TurnStatus,
};

const TITLE: Style = Style::new().bold();
const PROMPT: Style = AnsiColor::Cyan.on_default().bold();
const TOOL: Style = AnsiColor::Yellow.on_default();
const AGENT: Style = AnsiColor::Magenta.on_default();
const ERROR: Style = AnsiColor::Red.on_default();
const FAINT: Style = Style::new().dimmed();
const NORMAL: Style = Style::new();

/// Narrower than this, words would stand alone on their lines.
const NARROWEST: usize = 24;
/// Deeper agents are indented no further.
const DEEPEST_INDENT: usize = 8;

/// The session as text.
pub(crate) fn render(session: &Session, options: &RenderOptions) -> String {
    let mut page = Page {
        text: String::new(),
        options,
        harness: session.harness,
    };
    page.session(session);
    for turn in &session.turns {
        page.turn(turn);
    }
    page.text
}

struct Page<'o> {
    text: String,
    options: &'o RenderOptions,
    harness: Harness,
}

impl Page<'_> {
    fn session(&mut self, session: &Session) {
        let name = session.title.as_deref().unwrap_or(&session.native_id);
        self.paragraph(0, TITLE, "", &plain_line(name));
        for fact in session_facts(session) {
            self.paragraph(0, FAINT, "", &fact);
        }
    }

    fn turn(&mut self, turn: &Turn) {
        self.blank();
        self.line(0, FAINT, &format!("── {}", turn_title(turn)));
        let prompt = plain(&turn.prompt.text);
        if !prompt.trim().is_empty() {
            self.paragraph(0, PROMPT, "❯ ", prompt.trim());
        }
        for image in &turn.prompt.images {
            self.line(0, PROMPT, &format!("❯ {}", image_label(image)));
        }
        let mut previous = None;
        for step in steps(turn) {
            // Calls of one answer stand together; talk is set apart.
            let is_call = matches!(step.told, Told::ToolCall(..) | Told::Event(..));
            if !matches!(step.told, Told::ModelCall(..)) {
                if !(is_call && previous == Some((step.depth, true))) {
                    self.blank();
                }
                previous = Some((step.depth, is_call));
            }
            self.step(step);
        }
        if let Some(error) = turn.spans.first().and_then(|span| span.error.as_deref()) {
            self.blank();
            self.error(0, error);
        }
        if let Some(line) = Usage::of_turn(turn).line(self.harness) {
            self.blank();
            self.paragraph(0, FAINT, "", &line);
        }
    }

    fn step(&mut self, step: Step<'_>) {
        let depth = step.depth;
        match step.told {
            Told::ModelCall(span) => {
                if let Some(error) = &span.error {
                    self.blank();
                    self.error(depth, error);
                }
            }
            Told::Thinking(text) => {
                self.shortened(depth, "∴ ", text, self.options.thinking_lines);
            }
            Told::Text(text) | Told::AgentAnswer(text) => {
                self.paragraph(depth, NORMAL, "", plain(text).trim());
            }
            Told::Image(image) => self.line(depth, FAINT, &image_label(image)),
            Told::Other { name, json } => {
                let text = format!("{}: {}", plain_line(name), plain_line(json));
                self.line(depth, FAINT, &text);
            }
            Told::ToolCall(span, call) => self.tool_call(depth, span, call),
            Told::AgentRun(span, run) => {
                self.line(depth, AGENT, &format!("▸ {}", agent_title(span)));
                if let Some(prompt) = run.prompt.as_deref() {
                    self.paragraph(depth + 1, PROMPT, "❯ ", plain(prompt).trim());
                }
                if let Some(error) = &span.error {
                    self.error(depth + 1, error);
                }
            }
            Told::Event(span, event) => self.event(depth, span, event),
        }
    }

    fn tool_call(&mut self, depth: usize, span: &Span, call: &ToolCall) {
        self.line(depth, TOOL, &format!("● {}", tool_title(span, call)));
        if let Some(error) = &span.error {
            self.error(depth + 1, error);
        }
        for diff in &call.diff {
            let line = format!(
                "{} +{} -{}",
                plain_line(&diff.path),
                diff.added,
                diff.removed
            );
            self.line(depth + 1, FAINT, &line);
        }
        let Some(output) = &call.output else {
            return;
        };
        self.shortened(depth + 1, "", &output.text, self.options.output_lines);
        if let Some(stderr) = &output.stderr {
            self.shortened(depth + 1, "stderr: ", stderr, self.options.output_lines);
        }
        for image in &output.images {
            self.line(depth + 1, FAINT, &image_label(image));
        }
        if output.omitted_bytes > 0 {
            let left_out = amounts::grouped(output.omitted_bytes);
            self.line(depth + 1, FAINT, &format!("… {left_out} bytes left out"));
        }
    }

    fn event(&mut self, depth: usize, span: &Span, event: &Event) {
        let style = if span.status == Status::Error {
            ERROR
        } else {
            FAINT
        };
        let text = event.text.as_deref().unwrap_or(&span.name);
        let mark = format!("· {}: ", event.kind.as_str().replace('_', " "));
        if event.kind == EventKind::Context {
            // Mostly long, and the same in every session.
            self.line(depth, style, &format!("{mark}{}", plain_line(text)));
        } else {
            self.shortened_as(depth, style, &mark, text, self.options.thinking_lines);
        }
        if let Some(error) = &span.error {
            self.error(depth + 1, error);
        }
    }

    fn error(&mut self, depth: usize, message: &str) {
        self.paragraph(depth, ERROR, "✗ ", plain(message).trim());
    }

    fn shortened(&mut self, depth: usize, mark: &str, text: &str, lines: usize) {
        self.shortened_as(depth, FAINT, mark, text, lines);
    }

    /// The first lines of a text, each cut to the width, and how many follow.
    fn shortened_as(&mut self, depth: usize, style: Style, mark: &str, text: &str, most: usize) {
        let text = plain(text);
        let hanging = if mark.is_empty() { "" } else { "  " };
        let mut lines = text.lines().filter(|line| !line.trim().is_empty());
        for (index, line) in lines.by_ref().take(most).enumerate() {
            let mark = if index == 0 { mark } else { hanging };
            self.line(depth, style, &format!("{mark}{}", line.trim_end()));
        }
        let left = lines.count();
        if left > 0 {
            self.line(
                depth,
                FAINT,
                &format!("{hanging}… {}", counted(left, "more line")),
            );
        }
    }

    /// A whole text, wrapped.
    fn paragraph(&mut self, depth: usize, style: Style, mark: &str, text: &str) {
        let room = self.room(depth).saturating_sub(mark.chars().count()).max(1);
        for (index, line) in wrap(text, room).iter().enumerate() {
            let mark = if index == 0 {
                mark.to_owned()
            } else {
                blank_of(mark)
            };
            self.put(depth, style, &format!("{mark}{line}"));
        }
    }

    fn line(&mut self, depth: usize, style: Style, line: &str) {
        self.put(depth, style, &cut(line, self.room(depth)));
    }

    fn put(&mut self, depth: usize, style: Style, line: &str) {
        let line = line.trim_end();
        if !line.is_empty() {
            self.text.push_str(&" ".repeat(indent(depth)));
            if self.options.colour && style != NORMAL {
                self.text.push_str(&format!("{style}{line}{style:#}"));
            } else {
                self.text.push_str(line);
            }
        }
        self.text.push('\n');
    }

    fn blank(&mut self) {
        if !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    fn room(&self, depth: usize) -> usize {
        self.options
            .width
            .saturating_sub(indent(depth))
            .max(NARROWEST)
    }
}

fn indent(depth: usize) -> usize {
    depth.min(DEEPEST_INDENT) * 2
}

fn blank_of(mark: &str) -> String {
    " ".repeat(mark.chars().count())
}

/// What is known of the session as a whole, in lines.
pub(crate) fn session_facts(session: &Session) -> Vec<String> {
    let mut facts = Vec::new();
    let mut harness = session.harness.title().to_owned();
    if let Some(version) = &session.version {
        harness.push_str(&format!(" {}", plain_line(version)));
    }
    if let Some(cwd) = &session.cwd {
        harness.push_str(&format!(" · {}", plain_line(cwd)));
    }
    if let Some(branch) = &session.git.branch {
        harness.push_str(&format!(" · {}", plain_line(branch)));
    }
    facts.push(harness);
    let mut when = format!(
        "{} – {}",
        moment(session.started_at),
        moment(session.ended_at)
    );
    if let Some(took) = duration(session.started_at, Some(session.ended_at)) {
        when.push_str(&format!(" · {took}"));
    }
    when.push_str(&format!(" · {}", counted(session.turns.len(), "turn")));
    facts.push(when);
    facts.push(format!(
        "session {} · {}",
        session.id,
        plain_line(&session.native_id)
    ));
    let calls = session
        .turns
        .iter()
        .filter(|turn| turn.copied_from.is_none());
    let usage = Usage::of(
        calls
            .flat_map(|turn| &turn.spans)
            .filter_map(|span| match &span.body {
                SpanBody::ModelCall(call) => Some(call),
                _ => None,
            }),
    );
    facts.extend(usage.line(session.harness));
    if let Some(outcome) = &session.outcome {
        let (label, evidence) = (plain_line(&outcome.label), plain_line(&outcome.evidence));
        facts.push(format!("{label}: {evidence}"));
    }
    facts
}

/// A turn's number, time, length and end.
pub(crate) fn turn_title(turn: &Turn) -> String {
    let mut title = format!("Turn {} · {}", turn.index, moment(turn.start));
    if let Some(took) = duration(turn.start, turn.end) {
        title.push_str(&format!(" · {took}"));
    }
    if turn.status != TurnStatus::Completed {
        title.push_str(&format!(" · {}", turn.status.as_str()));
    }
    if turn.abandoned {
        title.push_str(" · abandoned");
    }
    if turn.copied_from.is_some() {
        title.push_str(" · copied from another session");
    }
    title
}

/// A tool call's name, kind, target, exit code, length and status.
pub(crate) fn tool_title(span: &Span, call: &ToolCall) -> String {
    let mut title = format!("{} ({})", plain_line(&call.tool), call.tool_kind.as_str());
    if let Some(code) = call.exit_code {
        title.push_str(&format!(" · exit {code}"));
    }
    if span.status != Status::Ok {
        title.push_str(&format!(" · {}", span.status.as_str()));
    }
    if let Some(took) = span_duration(span) {
        title.push_str(&format!(" · {took}"));
    }
    if let Some(target) = &call.target {
        title.push_str(&format!(" · {}", plain_line(target)));
    }
    title
}

/// A subagent's type, purpose and length.
pub(crate) fn agent_title(span: &Span) -> String {
    let mut title = format!("agent {}", plain_line(&span.name));
    if let SpanBody::AgentRun(run) = &span.body {
        if let Some(description) = &run.description {
            title.push_str(&format!(": {}", plain_line(description)));
        }
        if run.background {
            title.push_str(" · in the background");
        }
    }
    if span.status != Status::Ok {
        title.push_str(&format!(" · {}", span.status.as_str()));
    }
    if let Some(took) = span_duration(span) {
        title.push_str(&format!(" · {took}"));
    }
    title
}

/// An image by type and size.
pub(crate) fn image_label(image: &Image) -> String {
    format!(
        "[image {}, {} bytes]",
        plain_line(&image.media_type),
        amounts::grouped(image.bytes)
    )
}
