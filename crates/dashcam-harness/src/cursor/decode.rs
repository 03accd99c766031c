//! Decodes a conversation from all that is known of it.

use super::conversation::{Conversation, StartedBy, What};
use super::merge::merged;
use super::session::{About, Children, session};
use super::{editor, hooks, terminal, transcript};
use crate::database::database_of;
use crate::hooks::{ToldCall, is_evidence_path, told};
use crate::lines::repair_surrogates;
use crate::{Decoded, Evidence, EvidenceFile};
use dashcam_trace::{Problem, ProblemKind, Timestamp};
use std::collections::BTreeMap;

/// Decodes one session. `written`: when a file was last written, by its path.
pub(super) fn decode(
    evidence: &Evidence<'_>,
    written: &dyn Fn(&str) -> Option<Timestamp>,
) -> Decoded {
    let mut decoded = Decoded::default();
    let mut conversations: Children = BTreeMap::new();
    let mut ids: Vec<&str> = evidence.files.iter().map(|file| file.native_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let told = told_of(evidence, &mut decoded);
    for id in ids {
        let conversation = conversation(evidence, id, &told, &mut decoded);
        conversations.insert(id.to_owned(), conversation);
    }
    link(&mut conversations);
    let root = conversations.remove(evidence.native_id).unwrap_or_default();
    let of_root = evidence
        .files
        .iter()
        .filter(|file| file.native_id == evidence.native_id);
    let about = About {
        native_id: evidence.native_id,
        parent: of_root.clone().find_map(|file| file.parent),
        written: of_root.filter_map(|file| written(file.path)).max(),
    };
    decoded.session = session(root, conversations, &about);
    decoded
}

/// What hooks were told of each conversation.
type ToldOf<'a> = BTreeMap<&'a str, Vec<ToldCall<'a>>>;

fn told_of<'a>(evidence: &'a Evidence<'a>, decoded: &mut Decoded) -> ToldOf<'a> {
    let mut all: ToldOf<'a> = BTreeMap::new();
    let files = evidence.files.iter();
    for file in files.filter(|file| is_evidence_path(file.path)) {
        let calls = told([&*file.bytes]);
        decoded.lines += calls.calls.len() as u64 + calls.unreadable;
        for _ in 0..calls.unreadable {
            decoded.problem(Problem {
                kind: ProblemKind::MalformedLine,
                file: file.path.to_owned(),
                line: None,
                message: "a hook was told something that is no JSON: it is kept, and passed over"
                    .to_owned(),
            });
        }
        for call in calls.calls {
            // That an agent ended is said of the one that started it.
            let link = hooks::link(&call.event, file.native_id, call.json);
            let of = link.and_then(|link| {
                let files = evidence.files.iter();
                files
                    .map(|file| file.native_id)
                    .find(|id| *id == link.parent)
            });
            all.entry(of.unwrap_or(file.native_id))
                .or_default()
                .push(call);
        }
    }
    for calls in all.values_mut() {
        calls.sort_by_key(|call| call.at);
    }
    all
}

/// A conversation from all of its sources: the fullest record of it, with what
/// its hooks were told.
fn conversation(
    evidence: &Evidence<'_>,
    id: &str,
    told: &ToldOf<'_>,
    decoded: &mut Decoded,
) -> Conversation {
    let calls = told.get(id).map(Vec::as_slice).unwrap_or_default();
    let told = hooks::conversation(calls, decoded);
    let mut files: Vec<&EvidenceFile<'_>> = evidence
        .files
        .iter()
        .filter(|file| file.native_id == id && !is_evidence_path(file.path))
        .collect();
    files.sort_by_key(|file| (Record::of(file), file.path));
    let mut record = Conversation::default();
    for file in files {
        if !record.turns.is_empty() {
            break;
        }
        let text = repair_surrogates(&file.bytes);
        let read = match Record::of(file) {
            Record::Editor => editor::conversation(file, &text, decoded),
            Record::Terminal => terminal::conversation(file, &text, decoded),
            Record::Transcript | Record::MarkedTranscript => {
                transcript::conversation(file, &text, decoded)
            }
        };
        record = Conversation {
            title: record.title.or(read.title),
            cwd: record.cwd.or(read.cwd),
            created: record.created.or(read.created),
            started_by: record.started_by.or(read.started_by),
            ..read
        };
    }
    merged(record, told)
}

/// The records of a conversation, the fullest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Record {
    Editor,
    Terminal,
    Transcript,
    MarkedTranscript,
}

impl Record {
    fn of(file: &EvidenceFile<'_>) -> Self {
        match database_of(file.path, file.native_id) {
            Some(database) if database.ends_with("store.db") => Self::Terminal,
            Some(_) => Self::Editor,
            None if transcript::is_marked(file.path) => Self::MarkedTranscript,
            None => Self::Transcript,
        }
    }
}

/// Tells calls which conversation they started, where only that one says so.
fn link(conversations: &mut Children) {
    let links: Vec<(String, StartedBy)> = conversations
        .iter_mut()
        .filter_map(|(id, child)| Some((id.clone(), child.started_by.take()?)))
        .collect();
    for (child, started_by) in links {
        let calls = conversations
            .values_mut()
            .flat_map(|conversation| &mut conversation.turns)
            .flat_map(|turn| &mut turn.steps);
        for step in calls {
            if let What::Tool(tool) = &mut step.what
                && started_by.call_id.is_some()
                && tool.call_id == started_by.call_id
            {
                let agent = tool.agent.get_or_insert_default();
                agent.id = Some(child.clone());
                if agent.agent_type.is_none() {
                    agent.agent_type.clone_from(&started_by.agent_type);
                }
            }
        }
    }
}
