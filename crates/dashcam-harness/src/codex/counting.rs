//! Which records are a rollout's own, and what each model response used.
//!
//! The decoder and the usage scanner ask the same questions of the same
//! [`Counting`], so that their numbers cannot differ.

use super::meta::{Origin, uuid_millis};
use super::records::{SessionMeta, TokenInfo, TokenUsageRecord, Usage, text};
use crate::response_hash;
use dashcam_trace::{Timestamp, Tokens};
use rustc_hash::FxHashSet;

/// How long Codex takes at most to write a copy of a parent's history
/// (two seconds were seen for twelve thousand records).
const COPYING_SECONDS: i64 = 3;

/// The usage of one model response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ResponseUsage {
    /// Names the response; a copy of it in another rollout has the same name.
    pub(super) response_id: String,
    pub(super) tokens: Tokens,
}

/// What is known so far of the rollout that is being read.
#[derive(Debug, Default)]
pub(super) struct Counting {
    id: String,
    origin: Origin,
    created: Option<Timestamp>,
    start_ordinal: Option<u64>,
    /// The oldest ancestor whose records the file may hold.
    lineage: String,
    /// Set while the records read are copies of a parent's.
    copying_since: Option<Timestamp>,
    started: bool,
    turn_id: Option<String>,
    /// Totals after the last response that was counted or passed over.
    totals: Option<Usage>,
    responses: u64,
    /// Responses whose records were seen; Codex may write one twice.
    seen: FxHashSet<u64>,
    /// Whether the running turn has records of its responses; the running
    /// totals beside them say nothing more.
    recorded: bool,
}

impl Counting {
    /// Takes in a `session_meta`, or the first line of an old rollout.
    pub(super) fn session_meta(&mut self, meta: &SessionMeta<'_>, at: Timestamp) {
        let id = text(meta.id.as_ref()).unwrap_or_default();
        if self.created.is_none() {
            id.clone_into(&mut self.id);
            id.clone_into(&mut self.lineage);
            self.origin = Origin::of(meta);
            self.start_ordinal = meta.subagent_history_start_ordinal;
            let created = text(meta.timestamp.as_ref()).and_then(|text| text.parse().ok());
            self.created = Some(created.unwrap_or(at));
        } else if id != self.id && !self.started {
            // Only a copy holds the heading of another rollout.
            self.copying_since.get_or_insert(at);
            if !self.origin.is_subagent() {
                id.clone_into(&mut self.lineage);
            }
        }
    }

    /// Takes in the start of a turn: `task_started` or `turn_context`.
    pub(super) fn turn(
        &mut self,
        turn_id: Option<&str>,
        started_at: Option<f64>,
        at: Timestamp,
        ordinal: Option<u64>,
    ) {
        if turn_id.is_none() || turn_id != self.turn_id.as_deref() {
            self.recorded = false;
        }
        if turn_id.is_some() {
            self.turn_id = turn_id.map(str::to_owned);
        }
        if self.started {
            return;
        }
        if self.is_own_turn(turn_id, started_at, at, ordinal) {
            self.started = true;
            self.copying_since = None;
        } else {
            self.copying_since.get_or_insert(at);
        }
    }

    fn is_own_turn(
        &self,
        turn_id: Option<&str>,
        started_at: Option<f64>,
        at: Timestamp,
        ordinal: Option<u64>,
    ) -> bool {
        if let (Some(start), Some(ordinal)) = (self.start_ordinal, ordinal) {
            return ordinal >= start;
        }
        if !self.origin.may_copy() && self.copying_since.is_none() {
            return true;
        }
        // Ids are UUIDs of version 7: a turn that is older than the rollout
        // was begun elsewhere, whatever time its copy was stamped with.
        if let (Some(turn), Some(rollout)) = (turn_id.and_then(uuid_millis), uuid_millis(&self.id))
        {
            return turn >= rollout;
        }
        let created = self.created.unwrap_or(at);
        if let Some(started_at) = started_at {
            return started_at >= created.as_second() as f64;
        }
        match self.copying_since {
            _ if at < created => false,
            Some(since) => at.as_second() - since.as_second() > COPYING_SECONDS,
            None => true,
        }
    }

    /// Whether a record is a copy of a parent's.
    pub(super) fn is_copied(&self, at: Timestamp, ordinal: Option<u64>) -> bool {
        if let (Some(start), Some(ordinal)) = (self.start_ordinal, ordinal) {
            return ordinal < start;
        }
        self.copying_since.is_some()
            || (!self.started
                && self.origin.may_copy()
                && self.created.is_some_and(|created| at < created))
    }

    /// Whether copied records are left out: a subagent's file is part of the
    /// session that holds the originals. A fork's copy is kept, since the
    /// fork's conversation begins with it; what it used counts once, by name.
    pub(super) fn leaves_out_copies(&self) -> bool {
        self.origin.is_subagent()
    }

    /// The usage that a `token_usage_record` tells of.
    pub(super) fn usage_record(
        &mut self,
        record: &TokenUsageRecord<'_>,
        at: Timestamp,
        ordinal: Option<u64>,
    ) -> Option<ResponseUsage> {
        self.recorded = true;
        if record.thread_token_usage.is_some() {
            self.totals = record.thread_token_usage;
        }
        if self.leaves_out_copies() && self.is_copied(at, ordinal) {
            return None;
        }
        let response_id = text(record.response_id.as_ref()).map_or_else(
            || {
                let totals = record.thread_token_usage.unwrap_or(record.usage);
                self.derived_id(text(record.turn_id.as_ref()), totals)
            },
            str::to_owned,
        );
        let is_new = self.seen.insert(response_hash(&response_id));
        is_new.then(|| ResponseUsage {
            response_id,
            tokens: tokens(record.usage),
        })
    }

    /// The usage that a `token_count` tells of: what the running totals grew
    /// by. Repeats tell of none.
    pub(super) fn token_count(
        &mut self,
        info: &TokenInfo,
        at: Timestamp,
        ordinal: Option<u64>,
    ) -> Option<ResponseUsage> {
        let last = info.last_token_usage;
        let before = self.totals;
        let used = match (info.total_token_usage, before) {
            (Some(total), Some(before)) if total == before => return None,
            (Some(total), Some(before)) => match difference(total, before) {
                Some(used) => used,
                // The totals began anew, after a compaction or in a fork.
                None => last.unwrap_or(total),
            },
            (Some(total), None) if !self.origin.may_copy() => total,
            // The first totals of a copy include the parent's; those that
            // come before a turn of its own tell of nothing else.
            (Some(total), None) if !self.started && last != Some(total) => {
                self.totals = Some(total);
                return None;
            }
            (Some(total), None) => last.unwrap_or(total),
            (None, _) => last?,
        };
        if info.total_token_usage.is_some() {
            self.totals = info.total_token_usage;
        }
        if self.recorded || (used.input_tokens == 0 && used.output_tokens == 0) {
            return None;
        }
        self.responses += 1;
        if self.leaves_out_copies() && self.is_copied(at, ordinal) {
            return None;
        }
        let totals = info.total_token_usage.unwrap_or(used);
        let response_id = self.derived_id(self.turn_id.as_deref(), totals);
        Some(ResponseUsage {
            response_id,
            tokens: tokens(used),
        })
    }

    /// A name for a response that Codex did not name: the same in every copy,
    /// though copies are stamped with new times.
    fn derived_id(&self, turn: Option<&str>, totals: Usage) -> String {
        let Usage {
            input_tokens,
            cached_input_tokens,
            output_tokens,
            ..
        } = totals;
        let place = match turn {
            Some(turn) => turn.to_owned(),
            None => format!("{}#{}", self.lineage, self.responses),
        };
        format!("{place}@{input_tokens}+{output_tokens}-{cached_input_tokens}")
    }
}

/// What was used between two totals; `None` when any of them sank.
fn difference(total: Usage, before: Usage) -> Option<Usage> {
    Some(Usage {
        input_tokens: total.input_tokens.checked_sub(before.input_tokens)?,
        cached_input_tokens: total
            .cached_input_tokens
            .checked_sub(before.cached_input_tokens)?,
        cache_write_input_tokens: total
            .cache_write_input_tokens
            .checked_sub(before.cache_write_input_tokens)?,
        output_tokens: total.output_tokens.checked_sub(before.output_tokens)?,
        reasoning_output_tokens: total
            .reasoning_output_tokens
            .checked_sub(before.reasoning_output_tokens)?,
        total_tokens: total.total_tokens.saturating_sub(before.total_tokens),
    })
}

fn tokens(usage: Usage) -> Tokens {
    Tokens {
        prompt: usage.input_tokens,
        cache_read: usage.cached_input_tokens.min(usage.input_tokens),
        cache_write_5m: usage.cache_write_input_tokens,
        cache_write_1h: 0,
        completion: usage.output_tokens,
        reasoning: usage.reasoning_output_tokens,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codex::records::Line;

    /// The prompt tokens of each response that records of these kinds tell of.
    fn counted(records: &[(&str, &str)]) -> Vec<u64> {
        let mut counting = Counting::default();
        let mut counted = Vec::new();
        for (second, (kind, payload)) in records.iter().enumerate() {
            let at = Timestamp::from_second(1_780_000_000 + second as i64).unwrap();
            let json = format!(r#"{{"type":"{kind}","payload":{payload}}}"#);
            let line: Line<'_> = serde_json::from_str(&json).unwrap();
            let payload = line.payload.unwrap().get();
            let used = match *kind {
                "meta" => {
                    counting.session_meta(&serde_json::from_str(payload).unwrap(), at);
                    None
                }
                "turn" => {
                    counting.turn(Some(payload.trim_matches('"')), None, at, None);
                    None
                }
                "total" => {
                    let [total, last]: [u64; 2] = serde_json::from_str(payload).unwrap();
                    let usage = |input_tokens| {
                        Some(Usage {
                            input_tokens,
                            total_tokens: input_tokens,
                            ..Usage::default()
                        })
                    };
                    let (total_token_usage, last_token_usage) = (usage(total), usage(last));
                    counting.token_count(
                        &TokenInfo {
                            total_token_usage,
                            last_token_usage,
                        },
                        at,
                        None,
                    )
                }
                _ => counting.usage_record(&serde_json::from_str(payload).unwrap(), at, None),
            };
            counted.extend(used.map(|used| used.tokens.prompt));
        }
        counted
    }

    const BEGUN: (&str, &str) = ("meta", r#"{"id":"019e7000-0000-7000-8000-000000000000"}"#);
    const SPAWNED: (&str, &str) = (
        "meta",
        r#"{"id":"019e7000-0000-7000-8000-000000000000","parent_thread_id":"p"}"#,
    );
    const OLD_TURN: (&str, &str) = ("turn", "\"019e6fff-0000-7000-8000-000000000000\"");
    const OWN_TURN: (&str, &str) = ("turn", "\"019e7001-0000-7000-8000-000000000000\"");

    #[test]
    fn repeats_and_estimates_tell_of_nothing() {
        let totals = [
            ("total", "[10,10]"),
            ("total", "[10,10]"),
            ("total", "[25,15]"),
        ];
        assert_eq!(
            counted(&[&[BEGUN, OWN_TURN][..], &totals].concat()),
            [10, 15]
        );
    }

    #[test]
    fn totals_may_begin_anew() {
        let totals = [
            ("total", "[100,100]"),
            ("total", "[7,7]"),
            ("total", "[9,2]"),
        ];
        assert_eq!(
            counted(&[&[BEGUN, OWN_TURN][..], &totals].concat()),
            [100, 7, 2]
        );
    }

    #[test]
    fn records_of_responses_outrank_totals_and_count_once() {
        let record = r#"{"response_id":"r","usage":{"input_tokens":10},"thread_token_usage":{"input_tokens":10,"total_tokens":10}}"#;
        let records = [("record", record), ("record", record), ("total", "[12,12]")];
        assert_eq!(counted(&[&[BEGUN, OWN_TURN][..], &records].concat()), [10]);
    }

    #[test]
    fn a_subagents_copies_are_told_by_the_age_of_their_turns() {
        let copies = [
            SPAWNED,
            OLD_TURN,
            ("total", "[500,500]"),
            ("total", "[900,400]"),
        ];
        let own = [OWN_TURN, ("total", "[907,7]")];
        assert_eq!(counted(&[&copies[..], &own].concat()), [7]);
        // Or the copies' totals are missing, and the parent's are part of the first.
        assert_eq!(
            counted(&[
                SPAWNED,
                OWN_TURN,
                ("total", "[907,7]"),
                ("total", "[910,3]")
            ]),
            [7, 3]
        );
        // Or the parent's total comes alone, before anything of its own.
        assert_eq!(
            counted(&[
                SPAWNED,
                ("total", "[900,400]"),
                OWN_TURN,
                ("total", "[907,7]")
            ]),
            [7]
        );
        // Or it begins at zero.
        assert_eq!(counted(&[SPAWNED, OWN_TURN, ("total", "[7,7]")]), [7]);
    }
}
