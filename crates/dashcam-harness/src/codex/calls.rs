//! Model calls: which items and which usage belong to one response.
//!
//! Codex records the items of a response and its usage as separate lines.
//! Since 0.130 or so the usage follows the items and precedes the tools'
//! outputs; in between it came after the outputs, and in the first versions
//! that recorded it, before the items. What is certain in all of them: one
//! usage, one response.

use super::content;
use super::counting::ResponseUsage;
use super::records::{ResponseItem, text};
use super::thread::ThreadReader;
use dashcam_trace::{ModelCall, Part, ProblemKind, RawJson, SpanBody, SpanKind, Status, Timestamp};

/// Where a span stands in its thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct CallPlace {
    pub(super) turn: usize,
    pub(super) span: usize,
}

/// The latest model call.
#[derive(Clone, Copy, Debug)]
pub(super) struct OpenCall {
    pub(super) place: CallPlace,
    has_usage: bool,
    /// Nothing more belongs to it.
    closed: bool,
    /// A tool that it called gave its output.
    pub(super) answered: bool,
}

impl ThreadReader<'_> {
    /// Takes in the usage of a response.
    pub(super) fn usage(&mut self, usage: ResponseUsage) {
        if let Some(open) = self.open
            && !open.has_usage
            && !open.closed
        {
            self.usage_comes_first.get_or_insert(false);
            self.attach(open.place, usage, self.at);
            self.open = Some(OpenCall {
                has_usage: true,
                closed: true,
                ..open
            });
            return;
        }
        self.close_call();
        if self.usage_comes_first != Some(false) {
            if let Some((earlier, at)) = self.early_usage.take() {
                self.call_without_items(earlier, at);
            }
            self.early_usage = Some((usage, self.at));
            return;
        }
        // A response that left no item: a compaction, or an empty answer.
        self.call_without_items(usage, self.at);
    }

    fn call_without_items(&mut self, usage: ResponseUsage, at: Timestamp) {
        let place = self.new_call();
        self.attach(place, usage, at);
        self.open = Some(OpenCall {
            place,
            has_usage: true,
            closed: true,
            answered: false,
        });
    }

    /// Usage that no item followed was a response all the same.
    pub(super) fn flush_early_usage(&mut self) {
        if let Some((usage, at)) = self.early_usage.take() {
            self.call_without_items(usage, at);
        }
    }

    fn attach(&mut self, place: CallPlace, usage: ResponseUsage, at: Timestamp) {
        let (id, is_duplicate) = self.ids.span(SpanKind::ModelCall, &usage.response_id);
        if is_duplicate {
            let message = format!("response `{}` is recorded twice", usage.response_id);
            self.problem(ProblemKind::Inconsistent, message);
        }
        let spans = &mut self.thread.turns[place.turn].spans;
        let former = spans[place.span].id;
        for span in &mut spans[place.span..] {
            if span.parent == Some(former) {
                span.parent = Some(id);
            }
        }
        let span = &mut spans[place.span];
        span.id = id;
        span.end = Some(at.max(span.start));
        span.status = Status::Ok;
        if let SpanBody::ModelCall(call) = &mut span.body {
            call.tokens = Some(usage.tokens);
            call.response_id = Some(usage.response_id);
        }
    }

    /// The model call that an item belongs to.
    fn call_of_item(&mut self) -> CallPlace {
        self.flush_messages();
        let turn = self.turn_in_progress();
        if let Some(open) = self.open
            && !open.closed
            && open.place.turn == turn
        {
            let is_next = !self.tells_usage && open.answered;
            if !is_next {
                self.touch(open.place);
                return open.place;
            }
        }
        self.close_call();
        let place = self.new_call();
        let mut open = OpenCall {
            place,
            has_usage: false,
            closed: false,
            answered: false,
        };
        if let Some((usage, at)) = self.early_usage.take() {
            self.usage_comes_first = Some(true);
            self.attach(place, usage, at);
            open.has_usage = true;
        }
        self.open = Some(open);
        self.touch(place);
        place
    }

    fn touch(&mut self, place: CallPlace) {
        let at = self.at;
        let span = &mut self.thread.turns[place.turn].spans[place.span];
        span.end = Some(at.max(span.end.unwrap_or(span.start)));
    }

    fn new_call(&mut self) -> CallPlace {
        let turn = self.turn_in_progress();
        let id = self.id_by_place(SpanKind::ModelCall);
        let model = self.model.clone().unwrap_or_else(|| "unknown".to_owned());
        let mut parameters = Vec::new();
        for (name, value) in [
            ("effort", &self.effort),
            ("summary", &self.summary),
            ("service_tier", &self.service_tier),
        ] {
            parameters.extend(value.clone().map(|value| (name.to_owned(), value)));
        }
        let call = ModelCall {
            model: model.clone(),
            provider: self.thread.provider.clone(),
            retries: (self.retries > 0).then_some(self.retries),
            parameters,
            input: std::mem::take(&mut self.input),
            ..ModelCall::default()
        };
        self.retries = 0;
        let mut span = self.new_span(id, &model, SpanBody::ModelCall(call));
        span.start = self.ready_at.unwrap_or(self.at).min(self.at);
        let spans = &mut self.thread.turns[turn].spans;
        spans.push(span);
        CallPlace {
            turn,
            span: spans.len() - 1,
        }
    }

    /// The latest call gets nothing more.
    pub(super) fn close_call(&mut self) {
        if let Some(open) = &mut self.open {
            open.closed = true;
        }
    }

    /// Marks the latest call when its turn ended before its usage was seen.
    pub(super) fn leave_call(&mut self, status: Status) {
        if let Some(open) = self.open.take()
            && self.tells_usage
            && !open.has_usage
        {
            self.thread.turns[open.place.turn].spans[open.place.span].status = status;
        }
    }

    pub(super) fn push_part(&mut self, part: Part) -> CallPlace {
        let place = self.call_of_item();
        if let SpanBody::ModelCall(call) = &mut self.thread.turns[place.turn].spans[place.span].body
        {
            call.output.push(part);
        }
        place
    }

    /// Takes in what went to the model or came from it.
    pub(super) fn response_item(&mut self, item: &ResponseItem<'_>) {
        match text(item.kind.as_ref()).unwrap_or_default() {
            "message" if text(item.role.as_ref()) == Some("assistant") => {
                let parts = content::parts(item.content);
                self.push_part(Part::Text {
                    text: content::joined_text(&parts),
                });
            }
            "message" => self.message(item),
            "reasoning" => {
                let summary = content::joined_text(&content::parts(item.summary));
                let text = if summary.is_empty() {
                    content::joined_text(&content::parts(item.content))
                } else {
                    summary
                };
                self.push_part(Part::Thinking { text });
            }
            "function_call"
            | "custom_tool_call"
            | "local_shell_call"
            | "web_search_call"
            | "tool_search_call"
            | "image_generation_call" => self.tool_call(item),
            "function_call_output"
            | "custom_tool_call_output"
            | "local_shell_call_output"
            | "tool_search_output" => self.tool_output(item),
            "agent_message" => self.agent_message(item),
            "additional_tools" => self.offered_tools(item),
            // A compaction's opaque result; a record of the file tree.
            "compaction" | "compaction_summary" | "context_compaction" | "ghost_snapshot"
            | "other" => {}
            "" => self.decoded.unknown_record("response_item/(no type)"),
            kind => {
                let kind = kind.to_owned();
                self.decoded
                    .unknown_record(&format!("response_item/{kind}"));
                let json = item.content.or(item.action).or(item.output);
                let json = json.map_or_else(RawJson::null, RawJson::from_raw);
                self.push_part(Part::other(&kind, &json));
            }
        }
    }
}
