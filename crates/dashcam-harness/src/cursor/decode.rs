//! Decodes a conversation from all that is known of it.

use super::conversation::Conversation;
use super::hooks;
use super::session::{About, Children, session};
use crate::hooks::{ToldCall, is_evidence_path, told};
use crate::{Decoded, Evidence};
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
        let conversation = conversation(id, &told, &mut decoded);
        conversations.insert(id.to_owned(), conversation);
    }
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

/// A conversation from all of its sources.
fn conversation(id: &str, told: &ToldOf<'_>, decoded: &mut Decoded) -> Conversation {
    let calls = told.get(id).map(Vec::as_slice).unwrap_or_default();
    hooks::conversation(calls, decoded)
}
