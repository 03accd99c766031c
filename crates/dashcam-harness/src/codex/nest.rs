//! Nests the work of subagents under the calls that started it.

use super::meta::Origin;
use super::thread::{Ids, Link, Thread, ThreadTurn};
use crate::Decoded;
use dashcam_trace::{
    AgentRun, Problem, ProblemKind, Prompt, Sources, Span, SpanBody, SpanId, SpanKind, Status,
    Timestamp, Timing, ToolKind, TurnStatus,
};
use rustc_hash::FxHashMap;

/// Nests all threads into the first, and returns it.
///
/// Threads whose parents lead nowhere, or in a circle, are shown below the
/// turn of the root that ran when they began.
pub(super) fn nest(threads: Vec<Thread>, ids: &mut Ids, decoded: &mut Decoded) -> Thread {
    let places: FxHashMap<String, usize> = threads
        .iter()
        .enumerate()
        .map(|(place, thread)| (thread.id.clone(), place))
        .collect();
    let mut parents: Vec<usize> = threads
        .iter()
        .map(|thread| match &thread.origin {
            Origin::Subagent { of } => places.get(of).copied().unwrap_or(0),
            Origin::Begun | Origin::Fork { .. } => 0,
        })
        .collect();
    if let Some(root) = parents.first_mut() {
        *root = 0;
    }
    let mut depths = vec![0_usize; threads.len()];
    for place in 1..threads.len() {
        let mut depth = 1;
        let mut above = parents[place];
        while above != 0 && depth <= threads.len() {
            above = parents[above];
            depth += 1;
        }
        if above != 0 {
            decoded.problem(Problem {
                kind: ProblemKind::Inconsistent,
                file: threads[place].file.clone(),
                line: Some(1),
                message: format!(
                    "the parents of thread `{}` form a circle",
                    threads[place].id
                ),
            });
            parents[place] = 0;
            depth = 1;
        }
        depths[place] = depth;
    }
    // The deepest first, so that a thread is whole when it is nested itself.
    let mut order: Vec<usize> = (1..threads.len()).collect();
    order.sort_by_key(|&place| (std::cmp::Reverse(depths[place]), place));
    let mut threads: Vec<Option<Thread>> = threads.into_iter().map(Some).collect();
    for place in order {
        let Some(child) = threads[place].take() else {
            continue;
        };
        if let Some(parent) = &mut threads[parents[place]] {
            nest_one(child, parent, ids);
        }
    }
    threads.into_iter().next().flatten().unwrap_or_default()
}

fn nest_one(child: Thread, parent: &mut Thread, ids: &mut Ids) {
    let is_child = |link: &&Link| {
        link.other == child.id || Some(link.other.as_str()) == child.agent_path.as_deref()
    };
    let links: Vec<Link> = parent.links.iter().filter(is_child).cloned().collect();
    let spawned_by = links.first().and_then(|link| spawn_call(parent, link));
    let is_awaited = spawned_by.is_some_and(|(turn, at)| is_awaited(&parent.turns[turn], at));
    let mut runs: Vec<(Option<Link>, Vec<ThreadTurn>)> = Vec::new();
    let about = About {
        id: child.id,
        name: child
            .agent_path
            .as_deref()
            .and_then(|path| path.rsplit('/').next())
            .map(str::to_owned)
            .or(child.agent_nickname),
        agent_type: child.agent_role,
        is_awaited,
    };
    for turn in child.turns {
        // A later turn was set off by the latest call before it.
        let link = links
            .iter()
            .rev()
            .find(|link| link.at <= turn.start)
            .or(links.first());
        match runs.last_mut() {
            Some((last, turns)) if last.as_ref().map(|l| l.call) == link.map(|l| l.call) => {
                turns.push(turn);
            }
            _ => runs.push((link.cloned(), vec![turn])),
        }
    }
    for (link, turns) in runs {
        let Some(start) = turns.first().map(|turn| turn.start) else {
            continue;
        };
        let place = match &link {
            Some(link) => link.turn,
            None => turn_at(parent, start, turns.first()),
        };
        let spans = run_spans(&about, link.map(|link| link.call), turns, ids);
        parent.turns[place].spans.extend(spans);
    }
}

/// What is known of a subagent beside its turns.
struct About {
    id: String,
    name: Option<String>,
    agent_type: Option<String>,
    is_awaited: bool,
}

/// The turn of the call that started a subagent, and when.
fn spawn_call(parent: &Thread, link: &Link) -> Option<(usize, Timestamp)> {
    (link.turn < parent.turns.len()).then_some((link.turn, link.at))
}

/// Whether the parent waited for its agents after it started one.
fn is_awaited(turn: &ThreadTurn, after: Timestamp) -> bool {
    turn.spans.iter().any(|span| {
        let waits = matches!(
            &span.body,
            SpanBody::ToolCall(call)
                if call.tool_kind == ToolKind::Task
                    && matches!(call.tool.as_str(), "wait" | "wait_agent")
        );
        waits && span.start >= after
    })
}

/// The parent's turn that ran at a moment; one is made where it has none.
fn turn_at(parent: &mut Thread, at: Timestamp, of: Option<&ThreadTurn>) -> usize {
    if let Some(place) = parent.turns.iter().rposition(|turn| turn.start <= at) {
        return place;
    }
    if parent.turns.is_empty() {
        parent.turns.push(ThreadTurn {
            native_id: format!("{}:agents", parent.id),
            marked: false,
            start: at,
            end: of.and_then(|turn| turn.end),
            status: TurnStatus::Unfinished,
            error: None,
            prompt: Prompt::default(),
            answer: None,
            abandoned: false,
            spans: Vec::new(),
        });
    }
    0
}

/// The spans of one run of a subagent: the run, and all its steps below it.
fn run_spans(
    about: &About,
    parent: Option<SpanId>,
    turns: Vec<ThreadTurn>,
    ids: &mut Ids,
) -> Vec<Span> {
    let (id, _) = ids.span(SpanKind::AgentRun, &about.id);
    let (Some(first), Some(last)) = (turns.first(), turns.last()) else {
        return Vec::new();
    };
    let model = turns
        .iter()
        .flat_map(|turn| &turn.spans)
        .find_map(|span| match &span.body {
            SpanBody::ModelCall(call) => Some(call.model.clone()),
            _ => None,
        });
    let start = first.start;
    let prompt = Some(first.prompt.text.clone()).filter(|prompt| !prompt.is_empty());
    let run = AgentRun {
        id: about.id.clone(),
        agent_type: about.agent_type.clone(),
        description: about.name.clone(),
        prompt,
        answer: last.answer.clone(),
        model,
        background: !about.is_awaited,
        reported_tokens: None,
    };
    let marked = turns.iter().all(|turn| turn.marked && turn.end.is_some());
    let mut spans = vec![Span {
        id,
        parent,
        name: about.name.clone().unwrap_or_else(|| "agent".to_owned()),
        start,
        end: last.end.map(|end| end.max(start)),
        status: match last.status {
            TurnStatus::Completed => Status::Ok,
            TurnStatus::Interrupted => Status::Interrupted,
            TurnStatus::Failed => Status::Error,
            TurnStatus::Unfinished => Status::Unfinished,
        },
        error: last.error.clone(),
        timing: if marked {
            Timing::Measured
        } else {
            Timing::Derived
        },
        sources: Sources::TRANSCRIPT,
        body: SpanBody::AgentRun(run),
    }];
    for mut span in turns.into_iter().flat_map(|turn| turn.spans) {
        span.parent.get_or_insert(id);
        spans.push(span);
    }
    spans
}
