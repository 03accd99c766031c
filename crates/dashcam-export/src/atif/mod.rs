//! A session as a trajectory in the Agent Trajectory Interchange Format 1.7,
//! with the trajectories of its subagents inside.

mod document;
mod step;

use crate::RenderError;
use crate::conversation::{Conversation, Move, conversations};
use crate::json::escape_controls;
use dashcam_trace::{Credits, Money, Session, SpanId, Tokens};
use document::{Agent, Author, Extra, FinalMetrics, Trajectory};
use serde_json::json;
use std::collections::HashSet;

const VERSION: &str = "ATIF-v1.7";
/// Subagents deeper than this are embedded in the main trajectory, so that a
/// hostile tree cannot exhaust the stack of whoever reads it.
const DEEPEST: usize = 16;

/// The session as one indented JSON object.
pub(crate) fn render(session: &Session) -> Result<String, RenderError> {
    let conversations = conversations(session);
    let parents = parents(&conversations);
    let mut below: Vec<Vec<usize>> = vec![Vec::new(); conversations.len()];
    for (place, parent) in parents.iter().enumerate().skip(1) {
        below[*parent].push(place);
    }
    let writer = Writer {
        session,
        conversations: &conversations,
        below: &below,
    };
    let mut text = escape_controls(serde_json::to_string_pretty(&writer.trajectory(0))?);
    text.push('\n');
    Ok(text)
}

/// The place of the conversation in which each one is embedded.
fn parents(conversations: &[Conversation<'_>]) -> Vec<usize> {
    let mut parents: Vec<usize> = conversations
        .iter()
        .map(|conversation| conversation.parent)
        .collect();
    for place in 1..parents.len() {
        // Circles, and what hangs too deep, end at the main trajectory.
        let mut above = parents[place];
        let mut depth = 0;
        while above != 0 && depth < DEEPEST {
            above = parents[above];
            depth += 1;
        }
        if depth == DEEPEST {
            parents[place] = 0;
        }
    }
    parents
}

struct Writer<'a, 'c> {
    session: &'a Session,
    conversations: &'c [Conversation<'a>],
    below: &'c [Vec<usize>],
}

impl<'a> Writer<'a, '_> {
    fn trajectory(&self, place: usize) -> Trajectory<'a> {
        let conversation = &self.conversations[place];
        let below = &self.below[place];
        let embedded: HashSet<SpanId> = below
            .iter()
            .filter_map(|place| Some(self.conversations[*place].run?.0.id))
            .collect();
        let is_embedded = |run: SpanId| embedded.contains(&run);

        let mut steps: Vec<_> = conversation
            .moves
            .iter()
            .filter_map(|made| step::step(made, &is_embedded))
            .collect();
        if let Some((span, run)) = conversation.run {
            if let Some(prompt) = &run.prompt {
                steps.insert(0, step::told(span.start, Author::User, prompt));
            }
            let has_answers = conversation
                .moves
                .iter()
                .any(|made| matches!(made, Move::Answer { .. }));
            if let Some(answer) = run.answer.as_ref().filter(|_| !has_answers) {
                let time = span.end.unwrap_or(span.start);
                steps.push(step::told(time, Author::Agent, answer));
            }
        }
        for (index, step) in steps.iter_mut().enumerate() {
            step.step_id = index + 1;
        }
        Trajectory {
            schema_version: VERSION,
            session_id: &self.session.native_id,
            trajectory_id: conversation.run.map_or_else(
                || self.session.id.to_string(),
                |(span, _)| span.id.to_string(),
            ),
            agent: self.agent(conversation),
            final_metrics: final_metrics(conversation, steps.len()),
            steps,
            extra: self.extra(conversation),
            subagent_trajectories: below.iter().map(|place| self.trajectory(*place)).collect(),
        }
    }

    fn agent(&self, conversation: &Conversation<'a>) -> Agent<'a> {
        let answered = conversation.moves.iter().find_map(|made| match made {
            Move::Answer { call, .. } => Some(call.model.as_str()),
            _ => None,
        });
        let configured = conversation.run.and_then(|(_, run)| run.model.as_deref());
        let mut extra = Extra::new();
        if let Some((_, run)) = conversation.run {
            let facts = [
                ("agent_type", &run.agent_type),
                ("description", &run.description),
            ];
            for (name, fact) in facts {
                if let Some(fact) = fact {
                    extra.insert(name.to_owned(), json!(fact));
                }
            }
        }
        Agent {
            name: self.session.harness.as_str(),
            version: self.session.version.as_deref().unwrap_or_default(),
            model_name: answered.or(configured).filter(|model| !model.is_empty()),
            extra,
        }
    }

    fn extra(&self, conversation: &Conversation<'a>) -> Extra {
        let mut extra = Extra::new();
        if conversation.run.is_some() {
            return extra;
        }
        let session = self.session;
        let facts = [
            ("title", &session.title),
            ("cwd", &session.cwd),
            ("git_branch", &session.git.branch),
            ("git_commit", &session.git.commit),
            ("git_remote", &session.git.remote),
            ("entrypoint", &session.entrypoint),
        ];
        for (name, fact) in facts {
            if let Some(fact) = fact {
                extra.insert(name.to_owned(), json!(fact));
            }
        }
        if let Some(parent) = &session.parent {
            extra.insert("parent".to_owned(), json!(parent));
        }
        if let Some(outcome) = &session.outcome {
            extra.insert("outcome".to_owned(), json!(outcome));
        }
        extra
    }
}

/// The sums of a trajectory's own steps; those of its subagents are theirs.
fn final_metrics(conversation: &Conversation<'_>, steps: usize) -> FinalMetrics {
    let calls = || {
        conversation.moves.iter().filter_map(|made| match made {
            Move::Answer { call, .. } => Some(*call),
            _ => None,
        })
    };
    let mut metrics = FinalMetrics {
        total_steps: steps,
        ..FinalMetrics::default()
    };
    if calls().any(|call| call.tokens.is_some()) {
        let tokens: Tokens = calls().filter_map(|call| call.tokens).sum();
        metrics.total_prompt_tokens = Some(tokens.prompt);
        metrics.total_completion_tokens = Some(tokens.completion);
        metrics.total_cached_tokens = Some(tokens.cache_read);
    }
    if calls().any(|call| call.cost.is_some()) {
        let cost: Money = calls()
            .filter_map(|call| call.cost.as_ref())
            .map(|cost| cost.usd)
            .sum();
        metrics.total_cost_usd = Some(cost.usd());
    }
    if calls().any(|call| call.credits.is_some()) {
        let credits: Credits = calls().filter_map(|call| call.credits).sum();
        metrics.extra.insert("credits".to_owned(), json!(credits));
    }
    let unpriced = calls()
        .filter(|call| call.tokens.is_some() && call.cost.is_none())
        .count();
    if unpriced > 0 {
        metrics
            .extra
            .insert("unpriced_calls".to_owned(), json!(unpriced));
    }
    metrics
}
