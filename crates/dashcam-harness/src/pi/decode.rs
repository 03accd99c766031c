//! Puts a session together from its file and those of its subagents.

use super::place;
use super::records::{blocks, text_of};
use super::tools;
use super::tree::Tree;
use super::walk::{Builder, Draft, Progress, Scope, Starter, Walk};
use crate::lines::repair_surrogates;
use crate::{Decoded, Evidence, EvidenceFile};
use dashcam_trace::{
    AgentRun, Git, Harness, Parent, ParentRelation, Prompt, Session, SessionId, Sources, Span,
    SpanBody, SpanKind, Status, Timestamp, Timing, Turn, TurnStatus,
};
use rustc_hash::{FxHashMap, FxHashSet};
use std::borrow::Cow;

/// Decodes one session.
pub(super) fn decode(evidence: &Evidence<'_>) -> Decoded {
    let mut decoded = Decoded::default();
    let files = one_of_each(evidence);
    let contents: Vec<Cow<'_, [u8]>> = files
        .iter()
        .map(|file| repair_surrogates(&file.bytes))
        .collect();
    let trees: Vec<Tree<'_>> = files
        .iter()
        .zip(&contents)
        .map(|(file, content)| Tree::read(file.path, content, &mut decoded))
        .collect();
    let session = SessionId::derive(Harness::Omp, evidence.native_id);
    let mut builder = Builder::new(session, &mut decoded);
    let own = files
        .iter()
        .position(|file| file.native_id == evidence.native_id);
    if let Some(own) = own {
        add_session(&mut builder, &trees[own], files[own]);
    }
    for (place, file) in files.iter().enumerate() {
        if own != Some(place) {
            add_agent(&mut builder, &trees[place], file);
        }
    }
    let drafts = std::mem::take(&mut builder.turns);
    let first = own.or((!trees.is_empty()).then_some(0));
    if let Some(tree) = first.map(|place| &trees[place]) {
        decoded.session = finish(evidence.native_id, session, tree, drafts);
    }
    decoded
}

/// Of several files of one session or subagent the largest tells most. Those
/// that started others come before them.
fn one_of_each<'e, 'a>(evidence: &'e Evidence<'a>) -> Vec<&'e EvidenceFile<'a>> {
    let mut files: Vec<&EvidenceFile<'_>> = evidence.files.iter().collect();
    files.sort_by(|a, b| {
        let depth = |file: &EvidenceFile<'_>| file.native_id.matches('/').count();
        let key = |file| {
            (
                depth(file),
                file.native_id,
                std::cmp::Reverse(file.bytes.len()),
            )
        };
        (key(a), a.path).cmp(&(key(b), b.path))
    });
    files.dedup_by_key(|file| file.native_id);
    files
}

fn add_session(builder: &mut Builder<'_>, tree: &Tree<'_>, file: &EvidenceFile<'_>) {
    let openers = tree.openers();
    let live = tree.live();
    let mut turns: FxHashMap<usize, usize> = FxHashMap::default();
    for (place, entry) in tree.entries.iter().enumerate() {
        if openers[place] != Some(place) {
            continue;
        }
        let prompt = entry.message_of("user").map(|message| Prompt {
            text: text_of(message.content),
            images: blocks(message.content)
                .into_iter()
                .filter(|(block, _)| block.kind.as_str() == "image")
                .map(|(block, _)| {
                    let data = block.data.as_str();
                    tools::picture(block.mime_type.as_str(), data, builder.decoded)
                })
                .collect(),
        });
        let turn = builder.open_turn(entry.key(), prompt.unwrap_or_default(), entry.happened());
        builder.turns[turn].abandoned = !live[place];
        turns.insert(place, turn);
    }
    let of_entries = openers
        .into_iter()
        .map(|opener| turns.get(&opener?).copied())
        .collect();
    Walk::new(
        builder,
        tree,
        (file.path, file.native_id),
        Scope::Session(of_entries),
    )
    .run();
}

/// Adds a subagent's work under the call that started it.
fn add_agent(builder: &mut Builder<'_>, tree: &Tree<'_>, file: &EvidenceFile<'_>) {
    let begun = tree.entries.first().map(|entry| entry.at);
    let Some(start) = tree.heading.started.or(begun) else {
        return;
    };
    let name = file.native_id.rsplit('/').next().unwrap_or_default();
    let starter = builder.starters.get(file.native_id).cloned();
    let turn = match &starter {
        Some(starter) => starter.place.turn,
        None => turn_at(builder, start),
    };
    let parent = match &starter {
        Some(starter) => builder.span(starter.place).id,
        None => builder.turns[turn].spans[0].id,
    };
    let own_key = file.native_id.split_once('/').map_or(name, |(_, key)| key);
    let id = builder.span_id(SpanKind::AgentRun, own_key);
    let run = Span {
        id,
        parent: Some(parent),
        name: name.to_owned(),
        start,
        end: None,
        status: Status::Unfinished,
        error: None,
        timing: Timing::Derived,
        sources: Sources::TRANSCRIPT,
        body: SpanBody::AgentRun(AgentRun::default()),
    };
    let place = builder.add(turn, run);
    let scope = Scope::Agent { turn, run: id };
    let mut walk = Walk::new(builder, tree, (file.path, file.native_id), scope);
    walk.run();
    let (progress, task, model) = (walk.progress, walk.task, walk.first_model);
    let Starter {
        agent_type,
        description,
        background,
        ..
    } = starter.unwrap_or(Starter {
        place,
        agent_type: None,
        description: None,
        background: false,
    });
    let span = builder.span(place);
    span.status = status_of(progress.status);
    span.end = (progress.status != TurnStatus::Unfinished).then_some(progress.end.max(start));
    span.error = progress.error;
    span.body = SpanBody::AgentRun(AgentRun {
        id: name.to_owned(),
        agent_type: tree.heading.agent.clone().or(agent_type),
        description,
        prompt: task,
        answer: progress.answer,
        model,
        background,
        reported_tokens: None,
    });
}

/// The turn during which something began whose call is not known; one without
/// a prompt where there is no turn.
fn turn_at(builder: &mut Builder<'_>, at: Timestamp) -> usize {
    let turns = builder.turns.iter().enumerate();
    let before = turns.filter(|(_, turn)| turn.start <= at);
    let last = before.max_by_key(|(_, turn)| turn.start);
    match (last, builder.turns.is_empty()) {
        (Some((place, _)), _) => place,
        (None, false) => 0,
        (None, true) => builder.open_turn("agents".to_owned(), Prompt::default(), at),
    }
}

const fn status_of(status: TurnStatus) -> Status {
    match status {
        TurnStatus::Completed => Status::Ok,
        TurnStatus::Interrupted => Status::Interrupted,
        TurnStatus::Failed => Status::Error,
        TurnStatus::Unfinished => Status::Unfinished,
    }
}

fn finish(
    native_id: &str,
    id: SessionId,
    tree: &Tree<'_>,
    mut drafts: Vec<Draft>,
) -> Option<Session> {
    drafts.sort_by_key(|draft| draft.start);
    let mut taken = FxHashSet::default();
    let turns: Vec<Turn> = drafts
        .into_iter()
        .enumerate()
        .map(|(index, draft)| {
            let mut turn_id = id.turn(&draft.native_id);
            let mut number = 2_u32;
            while !taken.insert(turn_id) {
                turn_id = id.turn(&format!("{}#{number}", draft.native_id));
                number += 1;
            }
            finish_turn(turn_id, index as u32, draft)
        })
        .collect();
    let started_at = turns.first()?.start;
    let spans = turns.iter().flat_map(|turn| &turn.spans);
    let ended_at = spans.map(|span| span.end.unwrap_or(span.start)).max();
    let parent = tree.heading.forked_from.as_deref().map(|from| {
        // Some versions name the session, most its file.
        let parent = place::id_of_path(from).unwrap_or_else(|| from.to_owned());
        Parent {
            session: SessionId::derive(Harness::Omp, &parent),
            span: None,
            relation: ParentRelation::Fork,
        }
    });
    Some(Session {
        harness: Harness::Omp,
        id,
        native_id: native_id.to_owned(),
        title: tree.heading.title.clone(),
        cwd: tree.heading.cwd.clone(),
        git: Git::default(),
        version: None,
        entrypoint: None,
        started_at,
        ended_at: ended_at.unwrap_or(started_at).max(started_at),
        parent: parent.filter(|parent| parent.session != id),
        outcome: None,
        turns,
    })
}

fn finish_turn(id: dashcam_trace::TurnId, index: u32, draft: Draft) -> Turn {
    let Draft {
        prompt,
        start,
        abandoned,
        mut spans,
        progress,
        ..
    } = draft;
    let Progress {
        status, end, error, ..
    } = progress;
    let end = (status != TurnStatus::Unfinished).then_some(end.max(start));
    let own = &mut spans[0];
    own.end = end;
    own.status = status_of(status);
    own.error = error;
    if status == TurnStatus::Interrupted {
        for span in &mut spans[1..] {
            if span.status == Status::Unfinished && span.kind() == SpanKind::ToolCall {
                span.status = Status::Interrupted;
            }
        }
    }
    spans[1..].sort_by_key(|span| span.start);
    Turn {
        id,
        index,
        prompt,
        start,
        end,
        status,
        abandoned,
        copied_from: None,
        spans,
    }
}
