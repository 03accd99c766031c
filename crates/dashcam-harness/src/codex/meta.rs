//! What a rollout's heading says: whose record it is, and where it came from.

use super::records::{
    Line, SessionMeta, SourceObject, SubagentSource, ThreadSpawn, shaped, string, text,
};
use crate::Membership;
use serde_json::value::RawValue;

/// Where a rollout's thread came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Origin {
    /// A person, or a program, began it.
    #[default]
    Begun,
    /// It continues a copy of another thread.
    Fork {
        /// The other thread.
        of: String,
    },
    /// Another thread started it for a task.
    Subagent {
        /// The other thread.
        of: String,
    },
}

impl Origin {
    /// What a heading says. A subagent may name its parent as the thread it
    /// was forked from as well; it is a subagent all the same.
    pub(super) fn of(meta: &SessionMeta<'_>) -> Self {
        let spawn = thread_spawn(meta.source);
        let parent = text(meta.parent_thread_id.as_ref())
            .or_else(|| text(spawn.as_ref()?.parent_thread_id.as_ref()));
        let own = text(meta.id.as_ref()).unwrap_or_default();
        if let Some(parent) = parent.filter(|parent| *parent != own) {
            return Self::Subagent {
                of: parent.to_owned(),
            };
        }
        match text(meta.forked_from_id.as_ref()).filter(|origin| *origin != own) {
            Some(origin) => Self::Fork {
                of: origin.to_owned(),
            },
            None => Self::Begun,
        }
    }

    pub(super) const fn is_subagent(&self) -> bool {
        matches!(self, Self::Subagent { .. })
    }

    /// Whether the rollout may begin with a copy of another's records.
    pub(super) const fn may_copy(&self) -> bool {
        !matches!(self, Self::Begun)
    }
}

/// How the thread was spawned, if it was.
pub(super) fn thread_spawn(source: Option<&RawValue>) -> Option<ThreadSpawn<'_>> {
    let source = shaped::<SourceObject<'_>>(source)?;
    shaped::<SubagentSource<'_>>(source.subagent)?.thread_spawn
}

/// How the session was started, in Codex's words.
pub(super) fn entrypoint(meta: &SessionMeta<'_>) -> Option<String> {
    let source = string(meta.source).filter(|source| !source.is_empty() && source != "unknown");
    if let Some(source) = source {
        return Some(source.into_owned());
    }
    if shaped::<SourceObject<'_>>(meta.source).is_some_and(|source| source.subagent.is_some()) {
        return Some("subagent".to_owned());
    }
    text(meta.originator.as_ref()).map(str::to_owned)
}

/// Whose record a rollout is, from its first line.
pub(super) fn membership(first_line: &[u8]) -> Option<Membership> {
    let line = serde_json::from_slice::<Line<'_>>(first_line).ok()?;
    let meta = heading(&line, first_line)?;
    let native_id = text(meta.id.as_ref())?.to_owned();
    let parent = match Origin::of(&meta) {
        Origin::Subagent { of } => Some(of),
        Origin::Begun | Origin::Fork { .. } => None,
    };
    Some(Membership { native_id, parent })
}

/// The heading that a line is, if it is one. Old rollouts begin with a bare
/// `{id, timestamp, instructions, git}`.
pub(super) fn heading<'a>(line: &Line<'a>, bytes: &'a [u8]) -> Option<SessionMeta<'a>> {
    match text(line.kind.as_ref()) {
        Some("session_meta") => shaped(line.payload),
        None if line.payload.is_none() && line.id.is_some() && line.record_type.is_none() => {
            serde_json::from_slice(bytes).ok()
        }
        _ => None,
    }
}

/// The moment in a UUID of version 7, in milliseconds.
pub(super) fn uuid_millis(id: &str) -> Option<u64> {
    let bytes = id.as_bytes();
    let is_uuid = bytes.len() == 36 && [8, 13, 18, 23].iter().all(|&at| bytes[at] == b'-');
    if !is_uuid || bytes[14] != b'7' || !id.is_ascii() {
        return None;
    }
    let high = u64::from_str_radix(&id[..8], 16).ok()?;
    let low = u64::from_str_radix(&id[9..13], 16).ok()?;
    Some(high << 16 | low)
}
