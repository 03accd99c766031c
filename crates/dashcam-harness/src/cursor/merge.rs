//! Joins what hooks were told with what Cursor keeps of a conversation.
//!
//! The record has everything in order, hooks have times, tokens and how turns
//! ended. No step may be there twice: a call is found by its id, or else as
//! the next one of the same tool with the same target; what the agent said, by
//! its text. Only what the record does not have at all is added.

use super::conversation::{Conversation, Step, Turn, What};
use super::hooks::is_same_path;
use super::tools::{Tool, is_same_tool};
use dashcam_trace::{Sources, Status, ToolKind};

/// A record of a conversation, with what its hooks were told.
pub(super) fn merged(mut record: Conversation, told: Conversation) -> Conversation {
    if record.turns.is_empty() {
        return Conversation {
            title: record.title.or(told.title),
            cwd: record.cwd.or(told.cwd),
            branch: record.branch.or(told.branch),
            model: told.model.or(record.model),
            created: record.created.or(told.created),
            started_by: record.started_by,
            ..told
        };
    }
    fill(&mut record.cwd, told.cwd);
    fill(&mut record.version, told.version);
    fill(&mut record.entrypoint, told.entrypoint);
    fill(&mut record.model, told.model);
    fill(&mut record.created, told.created);
    let mut taken = vec![false; record.turns.len()];
    for turn in told.turns {
        if let Some(place) = place_of(&record.turns, &taken, &turn) {
            taken[place] = true;
            join(&mut record.turns[place], turn);
        } else {
            record.turns.push(turn);
            taken.push(true);
        }
    }
    record
}

fn fill<T>(own: &mut Option<T>, other: Option<T>) {
    if own.is_none() {
        *own = other;
    }
}

fn both(a: Sources, b: Sources) -> Sources {
    a.iter().chain(b.iter()).collect()
}

/// The turn of the record that hooks tell of: by its id, by its prompt, or by
/// its time.
fn place_of(turns: &[Turn], taken: &[bool], told: &Turn) -> Option<usize> {
    let free = |place: &usize| !taken[*place];
    let find = |is_it: &dyn Fn(&Turn) -> bool| {
        (0..turns.len())
            .filter(free)
            .find(|place| is_it(&turns[*place]))
    };
    let named = told
        .generation
        .as_ref()
        .and_then(|id| find(&|turn: &Turn| turn.generation.as_ref() == Some(id)));
    let prompt = told.prompt.trim();
    let by_prompt = || find(&|turn: &Turn| !prompt.is_empty() && turn.prompt.trim() == prompt);
    let by_time = || {
        let begun = told.start.filter(|_| prompt.is_empty())?;
        (0..turns.len())
            .rev()
            .find(|place| turns[*place].start.is_some_and(|start| start <= begun))
            .filter(free)
    };
    named.or_else(by_prompt).or_else(by_time)
}

fn join(turn: &mut Turn, told: Turn) {
    if told.generation.is_some() {
        turn.key = told.key;
        turn.generation = told.generation;
    }
    turn.start = match (turn.start, told.start) {
        (Some(own), Some(other)) => Some(own.min(other)),
        (own, other) => own.or(other),
    };
    turn.end = told.end.or(turn.end);
    turn.status = told.status.or(turn.status);
    turn.error = turn.error.take().or(told.error);
    turn.tokens = told.tokens.or(turn.tokens);
    fill(&mut turn.model, told.model);
    turn.sources = both(turn.sources, told.sources);
    let mut taken = vec![false; turn.steps.len()];
    for step in told.steps {
        match known(&turn.steps, &taken, &step) {
            Known::At(place) => {
                taken[place] = true;
                join_step(&mut turn.steps[place], step);
            }
            Known::Within => {}
            Known::Not => {
                turn.steps.push(step);
                taken.push(true);
            }
        }
    }
}

/// Whether the record has a step.
enum Known {
    /// It is this one.
    At(usize),
    /// It is part of others, or they of it.
    Within,
    /// It has none like it.
    Not,
}

fn known(steps: &[Step], taken: &[bool], told: &Step) -> Known {
    let find = |is_it: &dyn Fn(&Step) -> bool| {
        (0..steps.len()).find(|place| !taken[*place] && is_it(&steps[*place]))
    };
    match &told.what {
        What::Tool(tool) => {
            let by_id = find(&|step: &Step| match &step.what {
                What::Tool(known) => known.call_id.is_some() && known.call_id == tool.call_id,
                _ => false,
            });
            let by_content = || {
                find(&|step: &Step| match &step.what {
                    What::Tool(known) => is_same_call(known, tool),
                    _ => false,
                })
            };
            by_id.or_else(by_content).map_or(Known::Not, Known::At)
        }
        What::Agent(agent) => {
            let found = find(&|step: &Step| match &step.what {
                What::Tool(known) => {
                    known.call_id.as_ref() == Some(&told.key)
                        || known.agent.as_ref().is_some_and(|known| {
                            known.prompt.is_some() && known.prompt == agent.prompt
                        })
                }
                _ => false,
            });
            found.map_or(Known::Not, Known::At)
        }
        What::Thought(text) | What::Text { text, .. } => {
            said(steps, taken, &told.what, text.trim())
        }
        What::Event { kind, .. } => {
            let found = find(
                &|step: &Step| matches!(&step.what, What::Event { kind: known, .. } if known == kind),
            );
            found.map_or(Known::Not, Known::At)
        }
    }
}

/// Whether the agent's words are in the record.
fn said(steps: &[Step], taken: &[bool], what: &What, text: &str) -> Known {
    let words = |step: &Step| match (&step.what, what) {
        (What::Thought(known), What::Thought(_))
        | (What::Text { text: known, .. }, What::Text { .. }) => Some(known.trim().to_owned()),
        _ => None,
    };
    let same = (0..steps.len())
        .find(|place| !taken[*place] && words(&steps[*place]).is_some_and(|known| known == text));
    if let Some(place) = same {
        return Known::At(place);
    }
    // A hook may be told all that was said in a turn at once, or a part of it.
    let overlaps = steps.iter().filter_map(words).any(|known| {
        !known.is_empty() && (text.is_empty() || text.contains(&known) || known.contains(text))
    });
    if overlaps { Known::Within } else { Known::Not }
}

fn is_same_call(a: &Tool, b: &Tool) -> bool {
    if a.call_id.is_some() && b.call_id.is_some() {
        return false;
    }
    let changes = |kind| matches!(kind, ToolKind::Edit | ToolKind::Write);
    if changes(a.kind) && changes(b.kind) {
        return is_same_path(a.target.as_deref(), b.target.as_deref());
    }
    is_same_tool(&a.name, &b.name)
        && (a.target == b.target
            || is_same_path(a.target.as_deref(), b.target.as_deref())
            || a.input.to_value() == b.input.to_value())
}

fn join_step(step: &mut Step, told: Step) {
    step.sources = both(step.sources, told.sources);
    if step.start.is_none() || (told.is_measured && !step.is_measured) {
        step.start = told.start;
        step.end = told.end;
        step.is_measured = told.is_measured;
    }
    step.end = step.end.or(told.end);
    match (&mut step.what, told.what) {
        (What::Tool(own), What::Tool(other)) => {
            let other = *other;
            if own.call_id.is_none() && other.call_id.is_some() {
                step.key = told.key;
            }
            fill(&mut own.call_id, other.call_id);
            fill(&mut own.output, other.output);
            fill(&mut own.mcp, other.mcp);
            fill(&mut own.error, other.error);
            fill(&mut own.parent_call, other.parent_call);
            fill(&mut own.target, other.target);
            own.exit_code = own.exit_code.or(other.exit_code);
            if own.diff.is_empty() && other.status == Status::Ok {
                own.diff = other.diff;
            }
            if matches!(own.status, Status::Unfinished | Status::Ok) {
                own.status = other.status;
            }
            if own.status != Status::Ok {
                own.diff.clear();
            }
            match (&mut own.agent, other.agent) {
                (Some(own), Some(other)) => own.join(other),
                (own, other) => fill(own, other),
            }
        }
        (What::Tool(own), What::Agent(agent)) => own.agent.get_or_insert_default().join(*agent),
        _ => {}
    }
}
