//! Puts a session together from its own conversation and its subagents'.

use super::thread::Thread;
use super::turns::{Ids, Link, Run, runs};
use crate::lines::repair_surrogates;
use crate::{Decoded, Evidence};
use dashcam_trace::{
    AgentRun, Git, Harness, Part, Prompt, Session, SessionId, Sources, Span, SpanBody, SpanId,
    SpanKind, Status, Timing, Turn, TurnStatus,
};
use std::borrow::Cow;
use std::collections::{BTreeMap, VecDeque};

/// A subagent's work that no call has claimed yet.
struct Agent {
    runs: Vec<Run>,
    summary: Option<String>,
}

impl Agent {
    /// A turn, with nothing in it, that the agent's work can stand in.
    fn begun(&self) -> Option<Run> {
        let first = self.runs.first()?;
        Some(Run::new(&first.native_id, Prompt::default(), first.start))
    }
}

/// Decodes one session.
pub(super) fn decode(evidence: &Evidence<'_>) -> Decoded {
    let mut decoded = Decoded::default();
    let texts: Vec<Cow<'_, [u8]>> = evidence
        .files
        .iter()
        .map(|file| repair_surrogates(&file.bytes))
        .collect();
    let mut threads: BTreeMap<&str, Thread<'_>> = BTreeMap::new();
    for (file, bytes) in evidence.files.iter().zip(&texts) {
        let thread = threads.entry(file.native_id).or_default();
        thread.read(file, bytes, &mut decoded);
    }
    let mut ids = Ids::new(SessionId::derive(Harness::Gemini, evidence.native_id));
    let root = threads.remove(evidence.native_id).unwrap_or_default();
    let mut turns = runs(&root, &mut ids, &mut decoded);
    let mut agents: BTreeMap<String, Agent> = threads
        .into_iter()
        .map(|(id, thread)| {
            let agent = Agent {
                runs: runs(&thread, &mut ids, &mut decoded),
                summary: thread.summary.clone(),
            };
            (id.to_owned(), agent)
        })
        .collect();
    for turn in &mut turns {
        nest(turn, &mut agents, &mut ids);
    }
    if turns.is_empty() {
        // What is left of a session whose own conversation is lost.
        turns.extend(
            agents
                .values()
                .filter_map(Agent::begun)
                .min_by_key(|run| run.start),
        );
    }
    adopt(&mut turns, agents, &mut ids);
    decoded.session = session(&root, evidence.native_id, turns, &mut ids);
    decoded
}

/// Puts the work of subagents below the calls that started them, theirs below
/// that, and so on.
fn nest(run: &mut Run, agents: &mut BTreeMap<String, Agent>, ids: &mut Ids) {
    let mut links: VecDeque<Link> = std::mem::take(&mut run.links).into();
    while let Some(link) = links.pop_front() {
        if let Some(agent) = agents.remove(&link.agent) {
            links.extend(put_below(run, &link.agent, agent, Some(link.span), ids));
        }
    }
}

/// Agents that no recorded call started: they belong to the turn that they
/// began in.
fn adopt(turns: &mut [Run], mut agents: BTreeMap<String, Agent>, ids: &mut Ids) {
    while let Some((id, agent)) = agents.pop_first() {
        let Some(start) = agent.runs.first().map(|run| run.start) else {
            continue;
        };
        let place = turns.iter().rposition(|turn| turn.start <= start);
        let Some(turn) = turns.get_mut(place.unwrap_or_default()) else {
            return;
        };
        let links = put_below(turn, &id, agent, None, ids);
        turn.links.extend(links);
        nest(turn, &mut agents, ids);
    }
}

/// Puts a subagent's work below a span; without one, below the run itself.
/// Returns the calls of its own that others did the work of.
fn put_below(
    run: &mut Run,
    agent_id: &str,
    agent: Agent,
    parent: Option<SpanId>,
    ids: &mut Ids,
) -> Vec<Link> {
    let Some(first) = agent.runs.first() else {
        return Vec::new();
    };
    let id = ids.span(SpanKind::AgentRun, agent_id);
    let asked = parent.and_then(|parent| run.spans.iter().find(|span| span.id == parent));
    let agent_type = asked.and_then(|span| match &span.body {
        SpanBody::ToolCall(call) => call.target.clone(),
        _ => None,
    });
    // It is done when the call that it works for is.
    let call_status = asked.map(|span| span.status);
    let call_end = asked.and_then(|span| span.end);
    let (start, prompt) = (first.start, first.prompt.text.clone());
    let mut spans: Vec<Span> = Vec::new();
    let mut links = Vec::new();
    let mut end = None;
    for child in agent.runs {
        end = end.max(child.end);
        links.extend(child.links);
        spans.extend(child.spans.into_iter().map(|mut span| {
            span.parent.get_or_insert(id);
            span
        }));
    }
    let model = spans.iter().rev().find_map(|span| match &span.body {
        SpanBody::ModelCall(call) => Some(call.model.clone()),
        _ => None,
    });
    let status = call_status.unwrap_or(Status::Unfinished);
    run.spans.push(Span {
        id,
        parent,
        name: agent_type.clone().unwrap_or_else(|| "agent".to_owned()),
        start,
        end: end
            .max(call_end.filter(|call_end| Some(*call_end) >= end))
            .filter(|_| status != Status::Unfinished),
        status,
        error: None,
        timing: Timing::Derived,
        sources: Sources::TRANSCRIPT,
        body: SpanBody::AgentRun(AgentRun {
            id: agent_id.to_owned(),
            agent_type,
            description: None,
            prompt: Some(prompt),
            answer: agent.summary.or_else(|| answer(&spans)),
            model,
            background: false,
            reported_tokens: None,
        }),
    });
    run.spans.extend(spans);
    links
}

/// The last words of an agent.
fn answer(spans: &[Span]) -> Option<String> {
    spans.iter().rev().find_map(|span| match &span.body {
        SpanBody::ModelCall(call) => call.output.iter().rev().find_map(|part| match part {
            Part::Text { text } => Some(text.clone()),
            _ => None,
        }),
        _ => None,
    })
}

fn session(root: &Thread<'_>, native_id: &str, runs: Vec<Run>, ids: &mut Ids) -> Option<Session> {
    let first = runs.first()?.start;
    let started_at = root.started.unwrap_or(first).min(first);
    let turns: Vec<Turn> = runs
        .into_iter()
        .enumerate()
        .map(|(index, run)| turn(run, index as u32, ids))
        .collect();
    let last = turns
        .iter()
        .flat_map(|turn| &turn.spans)
        .map(|span| span.end.unwrap_or(span.start))
        .max();
    Some(Session {
        harness: Harness::Gemini,
        id: ids.session,
        native_id: native_id.to_owned(),
        title: None,
        cwd: root.cwd.clone(),
        git: Git::default(),
        version: None,
        entrypoint: None,
        started_at,
        ended_at: last.unwrap_or(first).max(started_at),
        parent: None,
        outcome: None,
        turns,
    })
}

fn turn(run: Run, index: u32, ids: &mut Ids) -> Turn {
    let id = ids.session.turn(&run.native_id);
    let span_id = ids.span(SpanKind::Turn, &run.native_id);
    let status = match run.status {
        TurnStatus::Completed => Status::Ok,
        TurnStatus::Interrupted => Status::Interrupted,
        TurnStatus::Failed => Status::Error,
        TurnStatus::Unfinished => Status::Unfinished,
    };
    let last = run.spans.iter().filter_map(|span| span.end).max();
    let end = last
        .or(run.end)
        .or(Some(run.start))
        .filter(|_| run.status != TurnStatus::Unfinished)
        .map(|end| end.max(run.start));
    let mut spans = vec![Span {
        id: span_id,
        parent: None,
        name: "turn".to_owned(),
        start: run.start,
        end,
        status,
        error: None,
        timing: Timing::Derived,
        sources: Sources::TRANSCRIPT,
        body: SpanBody::Turn,
    }];
    let mut rest = run.spans;
    rest.sort_by_key(|span| span.start);
    spans.extend(rest.into_iter().map(|mut span| {
        span.parent.get_or_insert(span_id);
        span
    }));
    Turn {
        id,
        index,
        prompt: run.prompt,
        start: run.start,
        end,
        status: run.status,
        abandoned: run.is_rewound,
        copied_from: None,
        spans,
    }
}
