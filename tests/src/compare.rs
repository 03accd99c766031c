//! Compares what dashcam tells with what the model server served.
//!
//! Every comparison adds to a list, and all differences are shown together.

use crate::dashcam::Recorded;
use crate::served::{Served, ServedCall};
use crate::tool_calls;
use dashcam_insight::Prices;
use dashcam_trace::{
    AgentRun, Harness, ModelCall, Money, Part, Session, Span, SpanBody, SpanId, Status, Timestamp,
    Tokens, ToolCall,
};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt::Write as _;

/// Asserts that what was recorded is what was served, nothing more and
/// nothing less: model calls, tokens of every kind, texts, tool calls with
/// arguments and results, order, nesting, sums, cost.
pub fn check(recorded: &Recorded, served: &[Served]) {
    check_by(recorded, served, &by_response_id(recorded, served));
}

/// The same for a recording whose truth knows no ids: calls are told apart by
/// their words, and equal ones by their order.
pub fn check_recorded(recorded: &Recorded, served: &[Served]) {
    check_by(recorded, served, &by_words(recorded, served));
}

/// A model call where it stands.
#[derive(Clone, Copy)]
struct Seen<'a> {
    session: &'a Session,
    span: &'a Span,
    call: &'a ModelCall,
}

/// The model calls that dashcam counts, each with what was served; the same
/// place in both lists is the same call.
type Pairs<'a> = Vec<(Option<Seen<'a>>, &'a Served)>;

fn check_by(recorded: &Recorded, served: &[Served], pairs: &Pairs<'_>) {
    let mut differences = Differences::default();
    let prices = Prices::load("").unwrap();
    for (seen, served) in pairs {
        let Some(seen) = seen else {
            // What broke off may have left nothing.
            if served.is_whole {
                differences.add(format!("not recorded: {}", short(served)));
            }
            continue;
        };
        let mut call = CallCheck {
            harness: recorded.harness(),
            seen: *seen,
            served,
            differences: &mut differences,
        };
        call.words();
        call.tokens();
        call.cost(&prices);
        call.nesting();
        call.tools();
    }
    let known: HashSet<SpanId> = pairs
        .iter()
        .filter_map(|(seen, _)| Some(seen.as_ref()?.span.id))
        .collect();
    for seen in counted(recorded).filter(|seen| !known.contains(&seen.span.id)) {
        differences.add(format!(
            "recorded but not served: {:?} {:?}",
            seen.call.response_id, seen.call.output
        ));
    }
    order(pairs, &mut differences);
    sums(recorded, served, &prices, pairs, &mut differences);
    differences.assert_none();
}

/// The model calls of all turns that were not copied from another session.
fn counted(recorded: &Recorded) -> impl Iterator<Item = Seen<'_>> {
    recorded.sessions.iter().flat_map(|session| {
        let own = session
            .turns
            .iter()
            .filter(|turn| turn.copied_from.is_none());
        own.flat_map(|turn| &turn.spans)
            .filter_map(move |span| match &span.body {
                SpanBody::ModelCall(call) => Some(Seen {
                    session,
                    span,
                    call,
                }),
                _ => None,
            })
    })
}

fn by_response_id<'a>(recorded: &'a Recorded, served: &'a [Served]) -> Pairs<'a> {
    let mut seen: HashMap<&str, Seen<'a>> = HashMap::new();
    for call in counted(recorded) {
        let id = call.call.response_id.as_deref().unwrap_or_default();
        // Claude Code names the request too.
        let id = id.split_once(':').map_or(id, |(message, _)| message);
        assert!(
            seen.insert(id, call).is_none(),
            "response {id} is counted twice"
        );
    }
    let find = |served: &Served| {
        served
            .response_id
            .as_deref()
            .and_then(|id| seen.get(id).copied())
    };
    served.iter().map(|served| (find(served), served)).collect()
}

fn by_words<'a>(recorded: &'a Recorded, served: &'a [Served]) -> Pairs<'a> {
    let mut waiting: Vec<Seen<'a>> = counted(recorded).collect();
    waiting.sort_by_key(|seen| seen.span.end.unwrap_or(seen.span.start));
    served
        .iter()
        .map(|served| {
            let at = waiting.iter().position(|seen| {
                text(seen.call) == served.text
                    && tools_of(*seen)
                        .iter()
                        .map(|(_, call)| bare(&call.tool))
                        .eq(served.calls.iter().map(|call| bare(&call.name)))
            });
            (at.map(|at| waiting.remove(at)), served)
        })
        .collect()
}

/// A tool's name without a namespace, which harnesses write in different ways.
fn bare(name: &str) -> &str {
    name.rsplit(['.', '_']).next().unwrap_or(name)
}

struct CallCheck<'a> {
    harness: Harness,
    seen: Seen<'a>,
    served: &'a Served,
    differences: &'a mut Differences,
}

impl CallCheck<'_> {
    #[expect(
        clippy::needless_pass_by_value,
        reason = "most of what is compared is made on the spot"
    )]
    fn equal<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, expected: T, got: T) {
        if expected != got {
            let which = short(self.served);
            self.differences.add(format!(
                "{which}: {what}: expected {expected:?}, got {got:?}"
            ));
        }
    }

    fn words(&mut self) {
        let (seen, served) = (self.seen, self.served);
        self.equal("model", served.model.as_str(), seen.call.model.as_str());
        if served.is_whole {
            self.equal("text", served.text.clone(), text(seen.call));
            self.equal("thinking", served.thinking.clone(), thinking(seen.call));
            self.equal("status", Status::Ok, seen.span.status);
        }
    }

    fn tokens(&mut self) {
        // Of a stream that broke off only the harness knows what it counted.
        if self.served.is_whole {
            self.equal("tokens", Some(self.served.tokens), self.seen.call.tokens);
        }
    }

    fn cost(&mut self, prices: &Prices) {
        let at = self.seen.span.end.unwrap_or(self.seen.span.start);
        let expected = price(prices, self.served, at);
        if self.served.is_whole {
            self.equal(
                "cost",
                expected,
                self.seen.call.cost.as_ref().map(|cost| cost.usd),
            );
        }
    }

    /// A call of the main conversation stands under its turn; a subagent's
    /// under an agent run that the tool call with the agent's name started.
    fn nesting(&mut self) {
        let seen = self.seen;
        if !self.served.is_nesting_known {
            return;
        }
        let run = agent_run(seen);
        if matches!(self.served.queue.as_str(), "main" | "compaction") {
            self.equal("agent run", None, run.map(|(_, run)| run.id.clone()));
            return;
        }
        let Some((span, _)) = run else {
            return self.equal("agent run", Some(self.served.queue.clone()), None);
        };
        let starter = span.parent.and_then(|parent| find(seen.session, parent));
        let input = match starter.map(|span| &span.body) {
            Some(SpanBody::ToolCall(call)) => call.input.as_str().to_owned(),
            other => format!("not a tool call: {other:?}"),
        };
        // A subagent's queue is named by a word that its prompt holds.
        let word = self.served.queue.rsplit(' ').next().unwrap_or_default();
        if self.served.response_id.is_some() && !input.contains(word) {
            self.equal("started by", word.to_owned(), input);
        }
    }

    fn tools(&mut self) {
        let tools = tools_of(self.seen);
        if !self.served.is_whole && tools.is_empty() {
            return;
        }
        self.equal("tool calls", self.served.calls.len(), tools.len());
        for (served, (span, call)) in self.served.calls.iter().zip(&tools) {
            self.tool(served, span, call);
        }
    }

    fn tool(&mut self, served: &ServedCall, span: &Span, call: &ToolCall) {
        self.equal("tool's model call", Some(self.seen.span.id), span.parent);
        if served.id.is_some() {
            let id = call.call_id.as_deref();
            // Copilot marks calls whose input is free text.
            let id = id.map(|id| id.strip_prefix("custom_").unwrap_or(id));
            self.equal("call id", served.id.as_deref(), id);
        }
        self.equal("tool", bare(&served.name), bare(&call.tool));
        self.input(served, call);
        if let Some((text, is_error)) = &served.result {
            let output = call.output.as_ref().map(|output| output.text.clone());
            let text = without_reminder(text, output.as_deref());
            // Of a tool that failed Copilot keeps what it tells people, not
            // the longer text that it tells the model.
            let is_rephrased = self.harness == Harness::Copilot
                && span.status == Status::Error
                && call.exit_code.is_none();
            if is_rephrased {
                self.equal("error", span.error.clone(), output);
            } else {
                self.equal("result", Some(text.to_owned()), output);
            }
            if *is_error {
                self.equal("tool status", Status::Error, span.status);
            }
        }
        let mcp = call
            .mcp
            .as_ref()
            .map(|mcp| (mcp.server.clone(), mcp.tool.clone()));
        self.equal("MCP tool", mcp_tool(self.harness, served), mcp);
    }

    fn input(&mut self, served: &ServedCall, call: &ToolCall) {
        let input = call.input.to_value();
        // Claude Code writes defaults into the arguments.
        if let (Harness::ClaudeCode, Value::Object(expected)) = (self.harness, &served.input) {
            for (key, value) in expected {
                self.equal(&format!("argument {key}"), Some(value), input.get(key));
            }
            return;
        }
        // Of a call of a tool that there is not, OpenCode keeps the name alone.
        let is_invalid = input.get("tool").and_then(Value::as_str) == Some(&served.name);
        if self.harness == Harness::OpenCode && is_invalid {
            return;
        }
        self.equal("arguments", &served.input, &input);
    }
}

/// What a tool said, without what Claude Code appended for the model and keeps
/// in records of their own.
fn without_reminder<'a>(text: &'a str, output: Option<&'a str>) -> &'a str {
    match (text.split_once("\n\n<system-reminder>"), output) {
        (Some((said, _)), Some(output)) if said.trim_end() == output.trim_end() => output,
        _ => text,
    }
}

/// Server and tool as the wire names them: `mcp__server__tool`, or the same
/// in two fields; Copilot writes `server-tool`.
fn mcp_tool(harness: Harness, served: &ServedCall) -> Option<(String, String)> {
    if harness == Harness::Copilot {
        let (server, tool) = served.name.split_once('-')?;
        return Some((server.to_owned(), tool.to_owned()));
    }
    let whole = match &served.namespace {
        Some(namespace) => format!("{namespace}__{}", served.name),
        None => served.name.clone(),
    };
    // OpenCode only puts the server's name before the tool's, and Oh My Pi
    // one `_` between them.
    let bare = whole.strip_prefix("mcp__").unwrap_or(&whole);
    let pantry = bare
        .strip_prefix("pantry_")
        .filter(|tool| !tool.starts_with('_'));
    let pantry = pantry.map(|tool| ("pantry", tool));
    let split = || whole.strip_prefix("mcp__")?.split_once("__");
    // Gemini CLI puts one line between them.
    let short = || whole.strip_prefix("mcp_")?.split_once('_');
    let (server, tool) = pantry.or_else(split).or_else(short)?;
    Some((server.to_owned(), tool.to_owned()))
}

/// Within one conversation, calls were served in the order of their spans.
fn order(pairs: &Pairs<'_>, differences: &mut Differences) {
    let mut last: BTreeMap<(&str, &str), Timestamp> = BTreeMap::new();
    for (seen, served) in pairs {
        let Some(seen) = seen else { continue };
        let end = seen.span.end.unwrap_or(seen.span.start);
        let before = last.insert(
            (seen.session.native_id.as_str(), served.queue.as_str()),
            end,
        );
        if before.is_some_and(|before| before > end) {
            differences.add(format!("{}: out of order", short(served)));
        }
    }
}

/// `usage`, `usage --from-disk` and `sessions` add up to the same.
fn sums(
    recorded: &Recorded,
    served: &[Served],
    prices: &Prices,
    pairs: &Pairs<'_>,
    differences: &mut Differences,
) {
    // What broke off is compared by the records that are there.
    if served.iter().any(|served| !served.is_whole) {
        return;
    }
    let tokens: Tokens = served.iter().map(|served| served.tokens).sum();
    let calls = served.len() as u64;
    let asked: usize = served.iter().map(|served| served.calls.len()).sum();
    let tools = (asked + called_by_others(recorded)) as u64;
    let cost: Money = pairs
        .iter()
        .filter_map(|(seen, served)| {
            let span = seen.as_ref()?.span;
            price(prices, served, span.end.unwrap_or(span.start))
        })
        .sum();
    for (name, total) in [
        ("usage", &recorded.usage.total),
        ("usage --from-disk", &recorded.from_disk.total),
    ] {
        differences.equal(&format!("{name}: tokens"), &tokens, &total.tokens);
        differences.equal(&format!("{name}: model calls"), &calls, &total.model_calls);
        differences.equal(&format!("{name}: cost"), &cost, &total.cost_usd);
    }
    differences.equal(
        "usage: tool calls",
        &tools,
        &recorded.usage.total.tool_calls,
    );
    let summed = &recorded.summaries;
    differences.equal(
        "sessions: tokens",
        &tokens,
        &summed.iter().map(|one| one.tokens).sum(),
    );
    differences.equal(
        "sessions: cost",
        &cost,
        &summed.iter().map(|one| one.cost).sum(),
    );
}

/// The tool calls that no model call asked for: a script of Codex's did, or
/// Copilot itself, when something in the background had ended.
fn called_by_others(recorded: &Recorded) -> usize {
    let of_session = |session: &Session| {
        let is_asked_for = |span: &&Span| {
            let parent = span.parent.and_then(|parent| find(session, parent));
            parent.is_some_and(|parent| matches!(parent.body, SpanBody::ModelCall(_)))
        };
        let tools = session
            .spans()
            .filter(|span| matches!(span.body, SpanBody::ToolCall(_)));
        tools.filter(|span| !is_asked_for(span)).count()
    };
    recorded.sessions.iter().map(of_session).sum()
}

fn price(prices: &Prices, served: &Served, at: Timestamp) -> Option<Money> {
    if served.cost.is_some() {
        return served.cost;
    }
    let tokens = &served.tokens;
    Some(prices.cost(&served.model, None, at, tokens, &[])?.usd)
}

/// The nearest agent run around a model call.
fn agent_run(seen: Seen<'_>) -> Option<(&Span, &AgentRun)> {
    let mut at = seen.span;
    loop {
        at = find(seen.session, at.parent?)?;
        if let SpanBody::AgentRun(run) = &at.body {
            return Some((at, run));
        }
    }
}

fn find(session: &Session, id: SpanId) -> Option<&Span> {
    session.spans().find(|span| span.id == id)
}

/// The tool calls of a model call, in the order in which it made them.
fn tools_of(seen: Seen<'_>) -> Vec<(&Span, &ToolCall)> {
    let asked = seen.call.output.iter().filter_map(|part| match part {
        Part::ToolUse { span, .. } => Some(*span),
        _ => None,
    });
    asked
        .filter_map(|id| tool_calls(seen.session).find(|(span, _)| span.id == id))
        .collect()
}

fn text(call: &ModelCall) -> String {
    let texts = call.output.iter().filter_map(|part| match part {
        Part::Text { text } => Some(text.as_str()),
        _ => None,
    });
    texts.collect()
}

fn thinking(call: &ModelCall) -> String {
    let thoughts: Vec<_> = call
        .output
        .iter()
        .filter_map(|part| match part {
            Part::Thinking { text } => Some(text.as_str()),
            _ => None,
        })
        .collect();
    thoughts.join("\n")
}

/// Enough of a response to know it by.
fn short(served: &Served) -> String {
    let tools: Vec<_> = served.calls.iter().map(|call| call.name.as_str()).collect();
    let begun: String = served.text.chars().take(30).collect();
    format!(
        "{} in {:?} ({begun:?} {tools:?})",
        served.response_id.as_deref().unwrap_or("?"),
        served.queue
    )
}

#[derive(Default)]
struct Differences(String);

impl Differences {
    fn add(&mut self, difference: impl std::fmt::Display) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "- {difference}");
    }

    fn equal<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, expected: &T, got: &T) {
        if expected != got {
            self.add(format!("{what}: expected {expected:?}, got {got:?}"));
        }
    }

    fn assert_none(self) {
        assert!(self.0.is_empty(), "served and recorded differ:\n{}", self.0);
    }
}
