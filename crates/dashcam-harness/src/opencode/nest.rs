//! Subagents: sessions of their own, nested under the calls that started them.

use super::runs::{Ids, Run};
use dashcam_trace::{
    AgentRun, Part, Sources, Span, SpanBody, SpanId, SpanKind, Status, Timing, TurnStatus,
};
use std::collections::{BTreeMap, VecDeque};

/// The runs of subagents that no call has claimed yet, by session.
pub(super) type Children = BTreeMap<String, VecDeque<Run>>;

/// Puts the work of subagents below the calls that started them, theirs below
/// that, and so on. A call that goes on with an earlier agent claims the next
/// run of its session.
pub(super) fn nest(run: &mut Run, children: &mut Children, ids: &mut Ids) {
    let mut links: VecDeque<_> = std::mem::take(&mut run.links).into();
    while let Some(link) = links.pop_front() {
        let runs = children.get_mut(&link.child);
        let Some(mut child) = runs.and_then(VecDeque::pop_front) else {
            continue;
        };
        links.extend(std::mem::take(&mut child.links));
        put_below(run, child, &link.child, Some(link.span), ids);
    }
}

/// Puts a subagent's run below a span; without one, below the run itself.
pub(super) fn put_below(
    run: &mut Run,
    child: Run,
    session: &str,
    parent: Option<SpanId>,
    ids: &mut Ids,
) {
    let id = ids.span(SpanKind::AgentRun, session);
    let asked = parent.and_then(|parent| run.spans.iter().find(|span| span.id == parent));
    let description = asked.and_then(|span| match &span.body {
        SpanBody::ToolCall(call) => call.target.clone(),
        _ => None,
    });
    let mut calls = child.spans.iter().filter_map(|span| match &span.body {
        SpanBody::ModelCall(call) => Some(call),
        _ => None,
    });
    let last = calls.next_back();
    let answer = last.and_then(|call| {
        call.output.iter().rev().find_map(|part| match part {
            Part::Text { text } => Some(text.clone()),
            _ => None,
        })
    });
    let model = last.map(|call| call.model.clone());
    let status = match child.status {
        TurnStatus::Completed => Status::Ok,
        TurnStatus::Interrupted => Status::Interrupted,
        TurnStatus::Failed => Status::Error,
        TurnStatus::Unfinished => Status::Unfinished,
    };
    run.spans.push(Span {
        id,
        parent,
        name: child.agent.clone().unwrap_or_else(|| "agent".to_owned()),
        start: child.start,
        end: child.end.map(|end| end.max(child.start)),
        status,
        error: child.error,
        timing: Timing::Measured,
        sources: Sources::TRANSCRIPT,
        body: SpanBody::AgentRun(AgentRun {
            id: session.to_owned(),
            agent_type: child.agent,
            description,
            prompt: Some(child.prompt.text),
            answer,
            model,
            background: false,
            reported_tokens: None,
        }),
    });
    run.spans.extend(child.spans.into_iter().map(|mut span| {
        span.parent.get_or_insert(id);
        span
    }));
}
