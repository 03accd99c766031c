//! Subagents: which call started each, and their runs as spans.

use super::prompt::{UserLine, read_user_line};
use super::results::AgentFacts;
use super::spans::{Builder, LastStep, Scope, SpanPlace};
use super::threads::Agent;
use super::tools::Arguments;
use crate::lenient::read_object;
use dashcam_trace::{
    AgentRun, Part, Sources, Span, SpanBody, SpanId, SpanKind, Status, Timestamp, Timing,
};

impl Builder<'_, '_> {
    /// Adds every subagent's run below the call that started it. A subagent
    /// may have been started by another, so runs are added until none finds
    /// its call any more; what is left hangs under the turn of its time.
    pub(crate) fn add_agents(&mut self, agents: &[Agent<'_>], turn_starts: &[Timestamp]) {
        let mut left: Vec<usize> = (0..agents.len()).collect();
        left.retain(|agent| !agents[*agent].entries.is_empty());
        while !left.is_empty() {
            let before = left.len();
            left.retain(|index| match self.call_of(&agents[*index]) {
                Some(call) => {
                    self.add_run(&agents[*index], index + 1, Some(call), turn_starts);
                    false
                }
                None => true,
            });
            if left.len() == before {
                let index = left.remove(0);
                self.add_run(&agents[index], index + 1, None, turn_starts);
            }
        }
        for call in 0..self.agent_calls.len() {
            if !self.agent_calls[call].claimed
                && let Some(facts) = self.agent_facts.get(&call).cloned()
            {
                self.add_run_without_lines(call, facts);
            }
        }
    }

    /// The call that started a subagent: the one its meta file names, the one
    /// whose result names it, or the first unclaimed one with its prompt.
    fn call_of(&self, agent: &Agent<'_>) -> Option<usize> {
        if let Some(named) = agent.meta.tool_use_id.get() {
            return self
                .agent_calls
                .iter()
                .position(|call| call.call_id == named);
        }
        let mut by_result = self
            .agent_facts
            .iter()
            .filter(|(_, facts)| facts.id == agent.id)
            .map(|(call, _)| *call);
        if let Some(call) = by_result.next() {
            return Some(by_result.fold(call, usize::min));
        }
        let prompt = self.prompt_of(agent);
        self.agent_calls.iter().position(|call| {
            !call.claimed && !prompt.is_empty() && call.prompt.trim() == prompt.trim()
        })
    }

    fn prompt_of(&self, agent: &Agent<'_>) -> String {
        let lines = agent
            .entries
            .iter()
            .map(|place| &self.transcript.entries[*place]);
        let mut prompts = lines.filter(|entry| entry.is("user")).filter_map(|entry| {
            match read_user_line(&entry.record) {
                UserLine::Prompt(prompt) => Some(prompt.text),
                _ => None,
            }
        });
        prompts.next().unwrap_or_default()
    }

    fn add_run(
        &mut self,
        agent: &Agent<'_>,
        thread: usize,
        call: Option<usize>,
        turn_starts: &[Timestamp],
    ) {
        let transcript = self.transcript;
        let first = &transcript.entries[agent.entries[0]];
        let (turn, parent) = if let Some(call) = call {
            self.agent_calls[call].claimed = true;
            let place = self.agent_calls[call].place;
            (place.turn, self.span_at(place).id)
        } else {
            let turn = turn_starts.iter().rposition(|start| *start <= first.at);
            let turn = turn.unwrap_or(0);
            (turn, self.turns[turn][0].id)
        };
        let facts = call.and_then(|call| self.agent_facts.get(&call).cloned());
        let id = self.span_id(SpanKind::AgentRun, &agent.id, first);
        let run = AgentRun {
            id: agent.id.clone(),
            agent_type: agent.meta.agent_type.owned(),
            description: agent.meta.description.owned(),
            prompt: Some(self.prompt_of(agent)).filter(|prompt| !prompt.is_empty()),
            ..AgentRun::default()
        };
        let place = self.add(turn, run_span(id, parent, first.at, run));
        let mut scope = Scope::new(thread, turn, id, first.at);
        self.walk(&agent.entries, &mut scope);
        self.finish_run(place, call, facts, &scope);
    }

    /// A run that only the call's result tells of.
    fn add_run_without_lines(&mut self, call: usize, facts: AgentFacts) {
        let call_place = self.agent_calls[call].place;
        let call_span = self.span_at(call_place);
        let (parent, start, end) = (call_span.id, call_span.start, call_span.end);
        let transcript = self.transcript;
        let Some(entry) = transcript.entries.first() else {
            return;
        };
        let id = self.span_id(SpanKind::AgentRun, &facts.id, entry);
        let run = AgentRun {
            id: facts.id.clone(),
            ..AgentRun::default()
        };
        let place = self.add(call_place.turn, run_span(id, parent, start, run));
        let mut scope = Scope::new(usize::MAX, call_place.turn, id, start);
        scope.reach(end.unwrap_or(start));
        scope.last = LastStep::ToolResult;
        self.finish_run(place, Some(call), Some(facts), &scope);
    }

    fn finish_run(
        &mut self,
        place: SpanPlace,
        call: Option<usize>,
        facts: Option<AgentFacts>,
        scope: &Scope,
    ) {
        let finished = match scope.last {
            LastStep::ModelCall(response) => !self.has_open_calls(response),
            _ => false,
        };
        let (last_answer, model) = self.last_answer(place.turn, scope.parent);
        let call_place = call.map(|call| self.agent_calls[call].place);
        let call_span = call_place.map(|place| self.span_at(place).clone());
        let span = self.span_at(place);
        let SpanBody::AgentRun(run) = &mut span.body else {
            return;
        };
        let mut call_status = None;
        if let Some(Span {
            body: SpanBody::ToolCall(call),
            status,
            ..
        }) = &call_span
        {
            let arguments: Arguments<'_> = read_object(call.input.as_str());
            run.agent_type = run
                .agent_type
                .take()
                .or_else(|| arguments.subagent_type.owned());
            run.description = run
                .description
                .take()
                .or_else(|| arguments.description.owned());
            run.prompt = run.prompt.take().or_else(|| arguments.prompt.owned());
            run.background = arguments.run_in_background.0;
            call_status = Some(*status);
        }
        let facts = facts.unwrap_or_default();
        run.background |= facts.background;
        run.agent_type = run.agent_type.take().or(facts.agent_type);
        run.model = facts.model.or(model);
        run.reported_tokens = facts.tokens;
        let reported_answer = facts.answer.filter(|_| !run.background);
        run.answer = reported_answer.or_else(|| last_answer.filter(|_| finished));
        span.name = run.agent_type.clone().unwrap_or_else(|| "agent".to_owned());
        span.status = match (run.background, call_status) {
            (false, Some(status)) if status != Status::Unfinished => status,
            _ if finished => Status::Ok,
            _ if scope.last == LastStep::Interruption => Status::Interrupted,
            _ => Status::Unfinished,
        };
        if span.status != Status::Unfinished {
            let end = scope.end.max(span.start);
            span.end = Some(end);
            let measured = facts.duration_ms.and_then(|millis| {
                let end = span.start.as_millisecond().checked_add(millis)?;
                Timestamp::from_millisecond(end).ok()
            });
            if let Some(measured) = measured.filter(|measured| *measured >= end) {
                span.end = Some(measured);
                span.timing = Timing::Measured;
            }
        }
    }

    /// The text of a run's last model call, and the model that wrote it.
    fn last_answer(&self, turn: usize, run: SpanId) -> (Option<String>, Option<String>) {
        let calls = self.turns[turn]
            .iter()
            .rev()
            .filter(|span| span.parent == Some(run));
        let mut calls = calls.filter_map(|span| match &span.body {
            SpanBody::ModelCall(call) => Some(call),
            _ => None,
        });
        let Some(call) = calls.next() else {
            return (None, None);
        };
        let texts: Vec<&str> = call
            .output
            .iter()
            .filter_map(|part| match part {
                Part::Text { text } => Some(text.as_str()),
                _ => None,
            })
            .collect();
        let answer = (!texts.is_empty()).then(|| texts.join("\n"));
        (
            answer,
            Some(call.model.clone()).filter(|model| !model.is_empty()),
        )
    }
}

fn run_span(id: SpanId, parent: SpanId, start: Timestamp, run: AgentRun) -> Span {
    Span {
        id,
        parent: Some(parent),
        name: String::new(),
        start,
        end: None,
        status: Status::Unfinished,
        error: None,
        timing: Timing::Derived,
        sources: Sources::TRANSCRIPT,
        body: SpanBody::AgentRun(run),
    }
}
