//! From a session's files to a [`Session`].

use super::live_branch::live_turns;
use super::prompt::{UserLine, read_user_line};
use super::records::AgentMeta;
use super::spans::{Builder, LastStep, Scope};
use super::threads::{FileOwner, Threads};
use super::transcript::{Entry, Transcript};
use super::turns::{Opener, TurnPlan, TurnPlans, plan_turns};
use crate::lenient::{Maybe, Text};
use crate::lines::repair_surrogates;
use crate::{Decoded, Evidence, EvidenceFile};
use dashcam_trace::{
    EventKind, Git, Harness, Parent, ParentRelation, Problem, ProblemKind, Prompt, Session,
    SessionId, Sources, Span, SpanBody, SpanKind, Status, Timestamp, Timing, Turn, TurnStatus,
};
use rustc_hash::{FxHashMap, FxHashSet};
use std::borrow::Cow;

/// Decodes one session.
pub(crate) fn decode(evidence: &Evidence<'_>) -> Decoded {
    let mut decoded = Decoded::default();
    let contents: Vec<Cow<'_, [u8]>> = evidence
        .files
        .iter()
        .map(|file| repair_surrogates(&file.bytes))
        .collect();
    let mut transcript = Transcript::default();
    let mut threads = Threads::default();
    for (index, (file, content)) in evidence.files.iter().zip(&contents).enumerate() {
        read_file(
            evidence,
            (index, file),
            content,
            &mut transcript,
            &mut threads,
            &mut decoded,
        );
    }
    let plans = plan_turns(&transcript, &threads.main);
    let session = build(evidence, &transcript, &threads, plans, &mut decoded);
    decoded.session = session;
    decoded
}

fn read_file<'a>(
    evidence: &Evidence<'_>,
    (index, file): (usize, &EvidenceFile<'_>),
    content: &'a [u8],
    transcript: &mut Transcript<'a>,
    threads: &mut Threads<'a>,
    decoded: &mut Decoded,
) {
    let part = file.native_id.rsplit_once('/');
    let is_below = |folder: &str| part.is_some_and(|(whose, _)| whose.ends_with(folder));
    if is_below("/tool-results") {
        return;
    }
    let agent = part.map(|(_, agent)| agent);
    if file.path.ends_with(".meta.json") {
        match serde_json::from_slice::<Maybe<AgentMeta<'a>>>(content) {
            Ok(meta) => {
                threads.add_meta(agent.unwrap_or(file.native_id), meta.0.unwrap_or_default());
            }
            Err(error) => decoded.problem(Problem {
                kind: ProblemKind::MalformedLine,
                file: file.path.to_owned(),
                line: Some(error.line() as u64),
                message: error.to_string(),
            }),
        }
        return;
    }
    let is_own = file.native_id == evidence.native_id;
    let owner = match agent {
        Some(_) if is_own => FileOwner::WholeSession,
        Some(agent) => FileOwner::Agent(agent),
        None if is_own && evidence.native_id.starts_with("agent-") => FileOwner::WholeSession,
        None => FileOwner::MainWithSidechains,
    };
    let first = transcript.entries.len();
    let notes = (!is_own).then(|| std::mem::take(&mut transcript.notes));
    transcript.read_file(index, file.path, content, decoded);
    if let Some(notes) = notes {
        transcript.notes = notes;
    }
    threads.add_file(transcript, first, owner);
}

fn build(
    evidence: &Evidence<'_>,
    transcript: &Transcript<'_>,
    threads: &Threads<'_>,
    plans: TurnPlans,
    decoded: &mut Decoded,
) -> Option<Session> {
    let id = SessionId::derive(Harness::ClaudeCode, evidence.native_id);
    let live = live_turns(transcript, &transcript.notes, &threads.main, &plans);
    let mut plans = plans.turns;
    if plans.is_empty() {
        if threads.agents.iter().all(|agent| agent.entries.is_empty()) {
            return None;
        }
        // Only subagents' lines are left: they hang under a turn without prompt.
        plans.push(TurnPlan::default());
    }
    let starts: Vec<Timestamp> = plans
        .iter()
        .map(|plan| start_of(plan, transcript, threads))
        .collect();
    let native_ids = native_ids(&plans, transcript);
    let mut builder = Builder {
        session: id,
        transcript,
        paths: evidence.files.iter().map(|file| file.path).collect(),
        decoded,
        turns: Vec::with_capacity(plans.len()),
        responses: FxHashMap::default(),
        calls: FxHashMap::default(),
        agent_calls: Vec::new(),
        agent_facts: FxHashMap::default(),
        span_ids: FxHashSet::default(),
    };
    let mut turns = Vec::with_capacity(plans.len());
    let mut scopes = Vec::with_capacity(plans.len());
    for (index, plan) in plans.iter().enumerate() {
        let span_id = id.span(SpanKind::Turn, &native_ids[index]);
        builder.span_ids.insert(span_id);
        builder.turns.push(vec![turn_span(span_id, starts[index])]);
        let mut scope = Scope::new(0, index, span_id, starts[index]);
        builder.walk(&plan.entries, &mut scope);
        turns.push(Turn {
            id: id.turn(&native_ids[index]),
            index: 0,
            prompt: prompt_of(plan, &mut builder),
            start: starts[index],
            end: None,
            status: TurnStatus::Unfinished,
            abandoned: !live.get(index).copied().unwrap_or(true),
            copied_from: None,
            spans: Vec::new(),
        });
        scopes.push(scope);
    }
    builder.add_agents(&threads.agents, &starts);
    for (index, turn) in turns.iter_mut().enumerate() {
        finish_turn(turn, &plans[index], &scopes[index], &mut builder);
    }
    for (turn, spans) in turns.iter_mut().zip(std::mem::take(&mut builder.turns)) {
        turn.spans = spans;
        turn.spans[1..].sort_by_key(|span| span.start);
    }
    turns.sort_by_key(|turn| turn.start);
    for (index, turn) in turns.iter_mut().enumerate() {
        turn.index = index as u32;
    }
    Some(session(evidence, id, transcript, threads, turns))
}

fn session(
    evidence: &Evidence<'_>,
    id: SessionId,
    transcript: &Transcript<'_>,
    threads: &Threads<'_>,
    turns: Vec<Turn>,
) -> Session {
    let main = || {
        let places = if threads.main.is_empty() {
            0..transcript.entries.len()
        } else {
            0..0
        };
        let entry = |place: usize| &transcript.entries[place];
        threads.main.iter().copied().chain(places).map(entry)
    };
    let first = |field: fn(&Entry<'_>) -> Option<String>| main().find_map(field);
    let started_at = turns
        .iter()
        .map(|turn| turn.start)
        .min()
        .unwrap_or_default();
    let ended_at = turns
        .iter()
        .flat_map(|turn| &turn.spans)
        .map(|span| span.end.unwrap_or(span.start))
        .max()
        .unwrap_or(started_at);
    Session {
        harness: Harness::ClaudeCode,
        id,
        native_id: evidence.native_id.to_owned(),
        title: transcript
            .notes
            .title(|leaf| transcript.by_uuid.contains_key(leaf)),
        cwd: first(|entry| entry.record.cwd.owned()),
        git: Git {
            branch: first(|entry| entry.record.git_branch.owned()),
            ..Git::default()
        },
        version: main()
            .rev()
            .find_map(|entry| entry.record.version.get())
            .map(str::to_owned),
        entrypoint: first(|entry| entry.record.entrypoint.owned()),
        started_at,
        ended_at,
        parent: parent(evidence, main()),
        outcome: None,
        turns,
    }
}

/// The session that this one came from: the one its lines name as the fork's
/// origin, or as their own.
fn parent<'e, 'r: 'e>(
    evidence: &Evidence<'_>,
    mut main: impl Iterator<Item = &'e Entry<'r>>,
) -> Option<Parent> {
    let other = |session: &Text<'_>| {
        session
            .owned()
            .filter(|session| session != evidence.native_id)
    };
    let first = main.find(|entry| entry.record.session_id.get().is_some())?;
    let forked = first
        .record
        .forked_from
        .0
        .as_ref()
        .and_then(|from| other(&from.session_id));
    let origin = forked.or_else(|| other(&first.record.session_id))?;
    let relation = if first.record.is_sidechain.0 {
        ParentRelation::Subagent
    } else {
        ParentRelation::Fork
    };
    let session = SessionId::derive(Harness::ClaudeCode, &origin);
    Some(Parent {
        session,
        span: None,
        relation,
    })
}

/// When a turn began: when its prompt was written, else its first line.
fn start_of(plan: &TurnPlan, transcript: &Transcript<'_>, threads: &Threads<'_>) -> Timestamp {
    let place = match plan.opener {
        Opener::Prompt(place) | Opener::Command(place) => Some(place),
        Opener::Harness => plan.entries.first().copied(),
    };
    let first_of_agents = || {
        threads
            .agents
            .iter()
            .find_map(|agent| agent.entries.first().copied())
    };
    let place = place.or_else(first_of_agents);
    place
        .map(|place| transcript.entries[place].at)
        .unwrap_or_default()
}

/// What names each turn: the prompt's id where only one turn has it (older
/// versions have none), else the id of its first line.
fn native_ids(plans: &[TurnPlan], transcript: &Transcript<'_>) -> Vec<String> {
    let entry_of = |plan: &TurnPlan| {
        let place = match plan.opener {
            Opener::Prompt(place) | Opener::Command(place) => Some(place),
            Opener::Harness => plan.entries.first().copied(),
        };
        place.map(|place| &transcript.entries[place])
    };
    let mut uses: FxHashMap<String, usize> = FxHashMap::default();
    for plan in plans {
        if let Some(id) = entry_of(plan).and_then(|entry| entry.record.prompt_id.owned()) {
            *uses.entry(id).or_default() += 1;
        }
    }
    let mut taken: FxHashSet<String> = FxHashSet::default();
    plans
        .iter()
        .map(|plan| {
            let entry = entry_of(plan);
            let prompt_id = entry.and_then(|entry| entry.record.prompt_id.owned());
            let native_id = prompt_id
                .filter(|id| uses.get(id) == Some(&1))
                .or_else(|| entry.map(super::spans::line_id))
                .unwrap_or_else(|| "agents".to_owned());
            let mut unique = native_id.clone();
            let mut number = 2;
            while !taken.insert(unique.clone()) {
                unique = format!("{native_id}#{number}");
                number += 1;
            }
            unique
        })
        .collect()
}

fn turn_span(id: dashcam_trace::SpanId, start: Timestamp) -> Span {
    Span {
        id,
        parent: None,
        name: "turn".to_owned(),
        start,
        end: None,
        status: Status::Unfinished,
        error: None,
        timing: Timing::Derived,
        sources: Sources::TRANSCRIPT,
        body: SpanBody::Turn,
    }
}

fn prompt_of(plan: &TurnPlan, builder: &mut Builder<'_, '_>) -> Prompt {
    let (Opener::Prompt(place) | Opener::Command(place)) = plan.opener else {
        return Prompt::default();
    };
    let transcript = builder.transcript;
    let record = &transcript.entries[place].record;
    let text = match read_user_line(record) {
        UserLine::Prompt(prompt) => prompt.text,
        UserLine::Command(text) => text,
        UserLine::ShellLine(text) => format!("!{text}"),
        _ => String::new(),
    };
    let blocks = record
        .message
        .0
        .as_ref()
        .map(|message| message.content.blocks());
    let images = blocks
        .unwrap_or_default()
        .iter()
        .filter(|block| block.source.0.is_some());
    let images = images.map(|block| builder.image(block)).collect();
    Prompt { text, images }
}

fn finish_turn(turn: &mut Turn, plan: &TurnPlan, scope: &Scope, builder: &mut Builder<'_, '_>) {
    turn.status = match scope.last {
        LastStep::Interruption | LastStep::Rejection => TurnStatus::Interrupted,
        LastStep::ApiError => TurnStatus::Failed,
        LastStep::ModelCall(response) if !builder.has_open_calls(response) => TurnStatus::Completed,
        LastStep::ModelCall(_) | LastStep::ToolResult => TurnStatus::Unfinished,
        LastStep::Nothing if matches!(plan.opener, Opener::Prompt(_)) => TurnStatus::Unfinished,
        LastStep::Nothing => TurnStatus::Completed,
    };
    let spans = &mut builder.turns[scope.turn];
    let mut end = scope.end.max(turn.start);
    if scope.last == LastStep::Nothing {
        end = spans
            .iter()
            .map(|span| span.end.unwrap_or(span.start))
            .max()
            .unwrap_or(end);
    }
    let own = &mut spans[0];
    if let Some(measured) = scope.duration_ms.and_then(|millis| {
        let end = turn.start.as_millisecond().checked_add(millis)?;
        Timestamp::from_millisecond(end).ok()
    }) && measured >= end
    {
        end = measured;
        own.timing = Timing::Measured;
    }
    turn.end = (turn.status != TurnStatus::Unfinished).then_some(end);
    own.end = turn.end;
    own.status = match turn.status {
        TurnStatus::Completed => Status::Ok,
        TurnStatus::Interrupted => Status::Interrupted,
        TurnStatus::Failed => Status::Error,
        TurnStatus::Unfinished => Status::Unfinished,
    };
    let is_failure = |span: &&Span| matches!(&span.body, SpanBody::Event(event) if event.kind == EventKind::ApiError);
    if turn.status == TurnStatus::Failed {
        let error = spans
            .iter()
            .rev()
            .find(is_failure)
            .and_then(|span| span.error.clone());
        spans[0].error = error;
    }
    if turn.status == TurnStatus::Interrupted {
        for span in &mut spans[1..] {
            if span.status == Status::Unfinished && span.kind() == SpanKind::ToolCall {
                span.status = Status::Interrupted;
            }
        }
    }
}
