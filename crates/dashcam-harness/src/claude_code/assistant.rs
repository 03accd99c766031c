//! Lines of type `assistant`: the blocks of responses, one a line, and what
//! the harness writes in a response's place.

use super::records::{Block, Content};
use super::results::result_text;
use super::spans::{
    AgentCall, Builder, LastStep, NewEvent, OpenResponse, Scope, SpanPlace, line_id,
};
use super::tools::{Arguments, mcp_tool, starts_agent, tool_kind};
use super::transcript::Entry;
use super::usage::{SYNTHETIC, Usage, provider, response_id};
use dashcam_trace::{
    Cost, CostSource, EventKind, Image, McpTool, ModelCall, Money, Part, ProblemKind, RawJson,
    Sources, Span, SpanBody, SpanKind, Status, Timing, ToolCall, ToolKind, ToolOutput,
};
use serde::Deserialize;
use serde_json::value::RawValue;

impl<'t> Builder<'t, '_> {
    pub(crate) fn assistant_line(&mut self, place: usize, entry: &'t Entry<'_>, scope: &mut Scope) {
        let Some(message) = &entry.record.message.0 else {
            let problem = "a response without `message`".to_owned();
            self.problem(entry, ProblemKind::UnexpectedShape, problem);
            return;
        };
        if entry.record.is_api_error_message.0 || message.model.as_str() == SYNTHETIC {
            self.synthetic_line(entry, &message.content, scope);
            return;
        }
        let (id, request) = (message.id.as_str(), entry.record.request_id.as_str());
        let only_line = if id.is_empty() && request.is_empty() {
            place + 1
        } else {
            0
        };
        let known = self.responses.get(&(id, request, only_line)).copied();
        let response = if let Some(response) = known {
            response.place
        } else {
            let place = self.begin_response(entry, scope);
            let open = OpenResponse {
                place,
                thread: scope.thread,
            };
            self.responses.insert((id, request, only_line), open);
            place
        };
        self.take_usage(response, entry, message.usage.0.as_ref(), known.is_none());
        if known.is_some_and(|response| response.thread != scope.thread) {
            // A subagent's file may begin with a copy of its starter's lines.
            return;
        }
        let span = self.span_at(response);
        span.end = span.end.max(Some(entry.at.max(span.start)));
        if let (SpanBody::ModelCall(call), Some(reason)) =
            (&mut span.body, message.stop_reason.owned())
        {
            call.stop_reason = Some(reason);
        }
        scope.reach(entry.at);
        scope.last = LastStep::ModelCall(response);
        match &message.content {
            Content::Nothing => {}
            Content::Text(text) => self.part(
                response,
                Part::Text {
                    text: text.to_string(),
                },
            ),
            Content::Blocks(blocks) => {
                for (index, block) in blocks.iter().enumerate() {
                    self.response_block(response, entry, block, index);
                }
            }
        }
    }

    fn begin_response(&mut self, entry: &Entry<'_>, scope: &mut Scope) -> SpanPlace {
        let message = entry.record.message.0.as_ref();
        let field =
            |get: fn(&super::records::Message<'_>) -> String| message.map(get).unwrap_or_default();
        let model = field(|message| message.model.as_str().to_owned());
        let message_id = field(|message| message.id.as_str().to_owned());
        let record = &entry.record;
        let response_id = response_id(
            &message_id,
            record.request_id.as_str(),
            record.uuid.as_str(),
            entry.line.bytes,
        );
        let id = self.span_id(SpanKind::ModelCall, &response_id, entry);
        let call = ModelCall {
            provider: provider(&model, &message_id).map(str::to_owned),
            response_id: Some(response_id),
            retries: scope.retries.take(),
            input: std::mem::take(&mut scope.pending),
            model: model.clone(),
            ..ModelCall::default()
        };
        let start = scope.trigger.min(entry.at);
        let span = Span {
            id,
            parent: Some(scope.parent),
            name: if model.is_empty() {
                "model".to_owned()
            } else {
                model
            },
            start,
            end: Some(entry.at.max(start)),
            status: Status::Ok,
            error: None,
            timing: Timing::Derived,
            sources: Sources::TRANSCRIPT,
            body: SpanBody::ModelCall(call),
        };
        self.add(scope.turn, span)
    }

    /// Takes over a line's usage if it is fuller than what is known, or as
    /// full: of equals the last counts.
    fn take_usage(
        &mut self,
        response: SpanPlace,
        entry: &Entry<'_>,
        usage: Option<&Usage<'_>>,
        is_first: bool,
    ) {
        let Some(usage) = usage else { return };
        let SpanBody::ModelCall(call) = &mut self.span_at(response).body else {
            return;
        };
        let tokens = usage.tokens();
        if !is_first
            && call
                .tokens
                .is_some_and(|known| known.completion > tokens.completion)
        {
            return;
        }
        call.tokens = Some(tokens);
        call.cost = entry.record.cost_usd.0.map(|usd| Cost {
            usd: Money::from_usd(usd),
            source: CostSource::Harness,
        });
        let searches = usage.server_tool_use.0.as_ref();
        let searches = searches
            .and_then(|tools| tools.web_search_requests.count())
            .unwrap_or(0);
        let parameters = [
            ("service_tier", usage.service_tier.owned()),
            ("speed", usage.speed.owned()),
            (
                "web_search_requests",
                (searches > 0).then(|| searches.to_string()),
            ),
        ];
        call.parameters = parameters
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?)))
            .collect();
    }

    fn part(&mut self, response: SpanPlace, part: Part) {
        if let SpanBody::ModelCall(call) = &mut self.span_at(response).body {
            call.output.push(part);
        }
    }

    fn response_block(
        &mut self,
        response: SpanPlace,
        entry: &'t Entry<'_>,
        block: &Block<'_>,
        index: usize,
    ) {
        match block.kind.as_str() {
            "text" => self.part(
                response,
                Part::Text {
                    text: block.text.as_str().to_owned(),
                },
            ),
            "thinking" => {
                let text = block.thinking.as_str().to_owned();
                self.part(response, Part::Thinking { text });
            }
            "redacted_thinking" => self.part(
                response,
                Part::Thinking {
                    text: String::new(),
                },
            ),
            "tool_use" | "server_tool_use" | "mcp_tool_use" => {
                self.tool_use(response, entry, block, index);
            }
            kind if kind.ends_with("_tool_result") => self.server_tool_result(entry, block),
            "image" => {
                let image = self.image(block);
                self.part(response, Part::Image { image });
            }
            kind => {
                self.decoded
                    .unknown_record(&format!("assistant block {kind}"));
                let json = raw_block(entry, index)
                    .map(RawJson::from_raw)
                    .unwrap_or_default();
                self.part(response, Part::other(kind, &json));
            }
        }
    }

    fn tool_use(
        &mut self,
        response: SpanPlace,
        entry: &'t Entry<'_>,
        block: &Block<'_>,
        index: usize,
    ) {
        let call_id = match block.id.owned() {
            Some(id) => id,
            None => format!("{}/{index}", line_id(entry)),
        };
        let name = block.name.as_str();
        let parent = self.span_at(response).id;
        if let Some(known) = self.calls.get(&call_id).copied()
            && self.span_at(known).parent == Some(parent)
        {
            let message = format!("the tool call {call_id} stands in its response twice");
            self.problem(entry, ProblemKind::Inconsistent, message);
            return;
        }
        let arguments = Arguments::read(block.input);
        let mcp = mcp_tool(name).or_else(|| {
            let server = block.server_name.owned()?;
            Some(McpTool {
                server,
                tool: name.to_owned(),
            })
        });
        let kind = if mcp.is_some() {
            ToolKind::Mcp
        } else {
            tool_kind(name)
        };
        let id = self.span_id(SpanKind::ToolCall, &call_id, entry);
        let span = Span {
            id,
            parent: Some(parent),
            name: name.to_owned(),
            start: entry.at,
            end: None,
            status: Status::Unfinished,
            error: None,
            timing: Timing::Derived,
            sources: Sources::TRANSCRIPT,
            body: SpanBody::ToolCall(ToolCall {
                tool: name.to_owned(),
                tool_kind: kind,
                target: arguments.target(kind),
                call_id: Some(call_id.clone()),
                input: block.input.map(RawJson::from_raw).unwrap_or_default(),
                output: None,
                exit_code: None,
                mcp,
                diff: Vec::new(),
            }),
        };
        let place = self.add(response.turn, span);
        if starts_agent(name) {
            self.agent_calls.push(AgentCall {
                place,
                call_id: call_id.clone(),
                prompt: arguments.prompt.as_str().to_owned(),
                claimed: false,
            });
        }
        self.calls.entry(call_id).or_insert(place);
        self.part(
            response,
            Part::ToolUse {
                span: id,
                name: name.to_owned(),
            },
        );
    }

    /// The result of a tool that the provider ran, inside the response itself.
    fn server_tool_result(&mut self, entry: &Entry<'_>, block: &Block<'_>) {
        let Some(place) = self.calls.get(block.tool_use_id.as_str()).copied() else {
            let message = format!(
                "the result of a call that is not there: {}",
                block.tool_use_id.as_str()
            );
            self.problem(entry, ProblemKind::Inconsistent, message);
            return;
        };
        let (text, images) = result_text(&block.content, self.decoded);
        let error = block
            .content
            .blocks()
            .iter()
            .find_map(|block| block.error_code.owned());
        let failed = block.is_error.0 || error.is_some();
        let span = self.span_at(place);
        span.end = Some(entry.at.max(span.start));
        span.status = if failed { Status::Error } else { Status::Ok };
        span.error = error.or_else(|| failed.then(|| text.clone()));
        if let SpanBody::ToolCall(call) = &mut span.body {
            call.output = Some(ToolOutput {
                text,
                images,
                ..ToolOutput::default()
            });
        }
    }

    pub(crate) fn image(&mut self, block: &Block<'_>) -> Image {
        super::results::image(block, self.decoded)
    }

    /// What the harness wrote in a response's place: the failure of one, or
    /// a word to keep the order of prompts and responses.
    fn synthetic_line(&mut self, entry: &Entry<'_>, content: &Content<'_>, scope: &mut Scope) {
        let text = content.text().into_owned();
        if entry.record.is_api_error_message.0 {
            self.event(NewEvent::of(EventKind::ApiError, text), entry, scope);
            scope.last = LastStep::ApiError;
            scope.reach(entry.at);
            return;
        }
        let event = NewEvent {
            name: "synthetic",
            ..NewEvent::of(EventKind::Notification, text)
        };
        self.event(event, entry, scope);
    }
}

/// A block of a message as it is written.
fn raw_block<'e>(entry: &'e Entry<'_>, index: usize) -> Option<&'e RawValue> {
    #[derive(Deserialize)]
    struct Raw<'e> {
        #[serde(borrow)]
        message: RawMessage<'e>,
    }
    #[derive(Deserialize)]
    struct RawMessage<'e> {
        #[serde(borrow)]
        content: Vec<&'e RawValue>,
    }
    let raw: Raw<'e> = serde_json::from_slice(entry.line.bytes).ok()?;
    raw.message
        .content
        .into_iter()
        .filter(|block| block.get().starts_with('{'))
        .nth(index)
}
