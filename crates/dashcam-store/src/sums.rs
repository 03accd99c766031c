//! What a session adds up to: its summary's sums, and its rollups.
//!
//! The same rules serve a session that was just decoded and one whose
//! responses changed hands afterwards: both come here as steps.

use crate::codes::quarter;
use dashcam_trace::{SpanKind, Status, Tokens};
use rustc_hash::FxHashMap;
use std::hash::Hash;

/// What the sums need to know of a span. `N` stands for a name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step<N> {
    pub(crate) id: i64,
    pub(crate) parent: Option<i64>,
    pub(crate) kind: SpanKind,
    pub(crate) status: Status,
    pub(crate) start: i64,
    pub(crate) finish: Option<i64>,
    pub(crate) subject: Option<N>,
    pub(crate) tokens: Option<Tokens>,
    pub(crate) cost: Option<i64>,
    pub(crate) credits: Option<i64>,
    /// Whether the response is counted here, not in another record of it.
    pub(crate) counted: bool,
}

impl<N> Step<N> {
    /// The time that tells which day a step belongs to: a call's response
    /// counts when it is there.
    pub(crate) fn at(&self) -> i64 {
        match self.kind {
            SpanKind::ModelCall => self.finish.unwrap_or(self.start),
            _ => self.start,
        }
    }

    /// Whether the step used tokens at a price that nobody knows.
    pub(crate) fn unpriced(&self) -> bool {
        self.cost.is_none() && self.tokens.is_some_and(|tokens| tokens.total() > 0)
    }
}

/// Calls `visit` for each step of a turn that counts here, with the model that
/// asked for it. What a model call asked for counts where the call does.
pub(crate) fn for_each_counted<N: Copy>(
    steps: &[Step<N>],
    mut visit: impl FnMut(&Step<N>, Option<N>),
) {
    let calls: FxHashMap<i64, &Step<N>> = steps
        .iter()
        .filter(|step| step.kind == SpanKind::ModelCall)
        .map(|step| (step.id, step))
        .collect();
    for step in steps {
        let call = step.parent.and_then(|parent| calls.get(&parent).copied());
        if step.counted && call.is_none_or(|call| call.counted) {
            visit(step, call.and_then(|call| call.subject));
        }
    }
}

/// Sums of model calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct CallSums {
    pub(crate) calls: i64,
    pub(crate) tokens: Tokens,
    pub(crate) cost: i64,
    pub(crate) unpriced: i64,
    pub(crate) credits: i64,
}

/// What a session adds up to, without what is counted elsewhere.
#[derive(Clone, Debug)]
pub(crate) struct Sums<N> {
    /// By quarter of an hour and model.
    pub(crate) usage: FxHashMap<(i64, N), CallSums>,
    /// Calls and errors, by quarter of an hour, tool, and the model that called it.
    pub(crate) tools: FxHashMap<(i64, N, Option<N>), (i64, i64)>,
    pub(crate) total: CallSums,
    pub(crate) turns: i64,
    pub(crate) spans: i64,
    pub(crate) tool_calls: i64,
    pub(crate) errors: i64,
    pub(crate) agent_runs: i64,
}

impl<N> Default for Sums<N> {
    fn default() -> Self {
        Self {
            usage: FxHashMap::default(),
            tools: FxHashMap::default(),
            total: CallSums::default(),
            turns: 0,
            spans: 0,
            tool_calls: 0,
            errors: 0,
            agent_runs: 0,
        }
    }
}

impl<N: Copy + Eq + Hash> Sums<N> {
    /// Adds a turn: all its steps, of which nothing counts if it is a copy.
    pub(crate) fn add_turn(&mut self, steps: &[Step<N>], copied: bool) {
        self.turns += 1;
        self.spans += steps.len() as i64;
        if copied {
            return;
        }
        for_each_counted(steps, |step, caller| {
            let failed = i64::from(step.status == Status::Error);
            self.errors += failed;
            match step.kind {
                SpanKind::ModelCall => self.add_call(step),
                SpanKind::ToolCall => {
                    self.tool_calls += 1;
                    if let Some(tool) = step.subject {
                        let sums = self
                            .tools
                            .entry((quarter(step.at()), tool, caller))
                            .or_default();
                        sums.0 += 1;
                        sums.1 += failed;
                    }
                }
                SpanKind::AgentRun => self.agent_runs += 1,
                SpanKind::Turn | SpanKind::Event => {}
            }
        });
    }

    fn add_call(&mut self, step: &Step<N>) {
        let add = |sums: &mut CallSums| {
            sums.calls += 1;
            sums.tokens += step.tokens.unwrap_or_default();
            sums.cost = sums.cost.saturating_add(step.cost.unwrap_or_default());
            sums.unpriced += i64::from(step.unpriced());
            sums.credits = sums
                .credits
                .saturating_add(step.credits.unwrap_or_default());
        };
        add(&mut self.total);
        if let Some(model) = step.subject {
            add(self.usage.entry((quarter(step.at()), model)).or_default());
        }
    }

    /// The models, with how many calls they answered.
    pub(crate) fn models(&self) -> FxHashMap<N, i64> {
        let mut calls: FxHashMap<N, i64> = FxHashMap::default();
        for ((_, model), sums) in &self.usage {
            *calls.entry(*model).or_default() += sums.calls;
        }
        calls
    }
}
