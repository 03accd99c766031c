//! Agents: the session's own, and those that it sends out.
//!
//! A subagent's events stand among the session's, marked by its id. All its
//! work is shown below one run, in the turn of the call that started it, for
//! an agent in the background may well outlive that turn.

use super::records::Subagent;
use super::session::{Place, Reader};
use dashcam_trace::{AgentRun, InputPart, Part, SpanBody, Status, Timestamp, Timing};

/// What is known of one agent.
#[derive(Debug, Default)]
pub(super) struct Worker {
    /// Its run; the session's own agent has none.
    pub(super) run: Option<Place>,
    /// What its next model call adds to its conversation.
    pub(super) input: Vec<InputPart>,
    /// When the step under way began.
    pub(super) step_began: Option<Timestamp>,
    /// When the model last answered.
    pub(super) answered_at: Option<Timestamp>,
    /// Whether that answer asked for tools.
    pub(super) asked_for_tools: bool,
    /// Attempts of this step that failed, where hooks made them visible.
    pub(super) failures: u32,
    /// Its latest model call.
    pub(super) last_call: Option<Place>,
    /// Whether `subagent.started` told of it.
    is_introduced: bool,
}

impl Reader<'_> {
    pub(super) fn worker(&mut self, agent: &str) -> &mut Worker {
        if !self.workers.contains_key(agent) {
            self.workers.insert(agent.to_owned(), Worker::default());
        }
        self.workers.entry(agent.to_owned()).or_default()
    }

    /// The turn that an agent's spans belong to, and the run above them.
    pub(super) fn stand(&mut self, agent: &str) -> (usize, Option<dashcam_trace::SpanId>) {
        if agent.is_empty() {
            return (self.current_turn(), None);
        }
        let run = self.agent_under(agent, None);
        (run.turn, Some(self.span(run).id))
    }

    /// The run of an agent; one begins where none is known, below the call
    /// that started it where that is told.
    pub(super) fn agent_under(&mut self, agent: &str, call: Option<&str>) -> Place {
        if let Some(run) = self.workers.get(agent).and_then(|worker| worker.run) {
            return run;
        }
        if agent.is_empty() {
            // The session's own agent needs no run.
            let turn = self.current_turn();
            return Place { turn, span: 0 };
        }
        let call = call.and_then(|id| self.calls.get(id)).copied();
        let turn = call.map_or_else(|| self.current_turn(), |call| call.turn);
        let body = SpanBody::AgentRun(AgentRun {
            id: agent.to_owned(),
            ..AgentRun::default()
        });
        let mut span = self.new_span(agent, "agent", body);
        span.parent = call.map(|call| self.span(call).id);
        span.status = Status::Unfinished;
        span.end = None;
        let run = self.push(turn, span);
        self.worker(agent).run = Some(run);
        run
    }

    /// `subagent.started`.
    pub(super) fn agent_started(&mut self, agent: &str, started: &Subagent<'_>) {
        if agent.is_empty() {
            return;
        }
        let place = self.agent_under(agent, started.tool_call_id.get());
        self.worker(agent).is_introduced = true;
        let span = self.span(place);
        started
            .agent_display_name
            .or(started.agent_name.or("agent"))
            .clone_into(&mut span.name);
        if let SpanBody::AgentRun(run) = &mut span.body {
            run.agent_type = started
                .agent_type
                .owned()
                .or_else(|| started.agent_name.owned());
            run.description = started.agent_description.owned();
            run.model = started.model.owned();
            run.background = started.execution_mode.get() == Some("background");
        }
    }

    /// `subagent.completed` and `subagent.failed`.
    pub(super) fn agent_ended(&mut self, agent: &str, ended: &Subagent<'_>) {
        if agent.is_empty() {
            return;
        }
        let place = self.agent_under(agent, ended.tool_call_id.get());
        let is_introduced = self.worker(agent).is_introduced;
        let at = self.at;
        let span = self.span(place);
        span.end = Some(at.max(span.start));
        if is_introduced {
            span.timing = Timing::Measured;
        }
        (span.status, span.error) = match ended.error.get() {
            Some(error) => (Status::Error, Some(error.to_owned())),
            None if ended.cancelled == Some(true) => (Status::Interrupted, None),
            None => (Status::Ok, None),
        };
        if let SpanBody::AgentRun(run) = &mut span.body
            && run.model.is_none()
        {
            run.model = ended.model.owned();
        }
    }

    /// A prompt that an agent was given.
    pub(super) fn agent_prompt(&mut self, agent: &str, words: &str) {
        let place = self.agent_under(agent, None);
        if let SpanBody::AgentRun(run) = &mut self.span(place).body
            && run.prompt.is_none()
        {
            run.prompt = Some(words.to_owned());
        }
        self.worker(agent).input.push(InputPart::Prompt {
            text: words.to_owned(),
        });
    }

    /// A later step of an agent that had ended makes its run longer.
    pub(super) fn agent_step_ended(&mut self, agent: &str) {
        let at = self.at;
        let place = self.agent_under(agent, None);
        let span = self.span(place);
        if span.end.is_some() {
            span.end = Some(at.max(span.start));
        }
    }

    pub(super) fn agent_interrupted(&mut self, agent: &str) {
        let at = self.at;
        let place = self.agent_under(agent, None);
        let span = self.span(place);
        span.status = Status::Interrupted;
        span.end = Some(at.max(span.start));
    }

    /// What each agent answered: the last text that its model wrote.
    pub(super) fn last_words_of_agents(&mut self) {
        let runs: Vec<(Place, Option<Place>)> = self
            .workers
            .values()
            .filter_map(|worker| Some((worker.run?, worker.last_call)))
            .collect();
        for (place, last_call) in runs {
            let Some(last_call) = last_call else { continue };
            let answer = match &self.span(last_call).body {
                SpanBody::ModelCall(call) => call.output.iter().rev().find_map(|part| match part {
                    Part::Text { text } => Some(text.clone()),
                    _ => None,
                }),
                _ => None,
            };
            if let SpanBody::AgentRun(run) = &mut self.span(place).body {
                run.answer = answer;
            }
        }
    }
}
