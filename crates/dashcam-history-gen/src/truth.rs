//! Collects the truth while history is written.

use crate::folder::FolderSummary;
use crate::{Counts, Manifest, Needle, Options, SessionTruth, clock};
use std::collections::BTreeMap;

/// A response of a model, as it was received.
pub(crate) struct Response<'a> {
    pub(crate) harness: &'a str,
    pub(crate) session: &'a str,
    pub(crate) model: &'a str,
    /// The time of its last record.
    pub(crate) ended_at: i64,
    /// What it adds: one model call, its tool calls, its tokens.
    pub(crate) counts: Counts,
}

/// The truth so far.
#[derive(Default)]
pub(crate) struct Truth {
    by_harness: BTreeMap<String, Counts>,
    by_model: BTreeMap<String, Counts>,
    by_day: BTreeMap<String, Counts>,
    by_session: BTreeMap<String, SessionTruth>,
    needles: Vec<Needle>,
    traps: BTreeMap<String, u64>,
    malformed_lines: u64,
}

impl Truth {
    /// Notes a new session.
    pub(crate) fn session(
        &mut self,
        id: &str,
        harness: &str,
        cwd: &str,
        forked_from: Option<&str>,
    ) {
        let truth = SessionTruth {
            harness: harness.to_owned(),
            cwd: cwd.to_owned(),
            forked_from: forked_from.map(str::to_owned),
            counts: Counts::default(),
        };
        self.by_session.insert(id.to_owned(), truth);
    }

    /// Notes a response; to be called once for each, however often it is written.
    pub(crate) fn response(&mut self, response: &Response<'_>) {
        let counts = response.counts;
        *self
            .by_harness
            .entry(response.harness.to_owned())
            .or_default() += counts;
        *self.by_model.entry(response.model.to_owned()).or_default() += counts;
        *self
            .by_day
            .entry(clock::day(response.ended_at))
            .or_default() += counts;
        self.by_session
            .entry(response.session.to_owned())
            .or_default()
            .counts += counts;
    }

    /// Notes a word that occurs nowhere but in this session.
    pub(crate) fn needle(&mut self, word: &str, session: &str, field: &str) {
        self.needles.push(Needle {
            word: word.to_owned(),
            session: session.to_owned(),
            field: field.to_owned(),
        });
    }

    /// How many needles there are.
    pub(crate) fn needle_count(&self) -> usize {
        self.needles.len()
    }

    /// Counts a trap.
    pub(crate) fn trap(&mut self, name: &str) {
        *self.traps.entry(name.to_owned()).or_default() += 1;
    }

    /// Counts a line that is no JSON.
    pub(crate) fn malformed_line(&mut self) {
        self.malformed_lines += 1;
    }

    /// Everything, summed up.
    pub(crate) fn into_manifest(self, options: &Options, folder: &FolderSummary) -> Manifest {
        let mut total = Counts::default();
        for counts in self.by_harness.values() {
            total += *counts;
        }
        Manifest {
            seed: options.seed,
            megabytes: options.megabytes,
            bytes: folder.bytes,
            content_bytes: folder.content_bytes,
            files: folder.files,
            lines: folder.lines,
            malformed_lines: self.malformed_lines,
            digest: folder.digest.clone(),
            sessions: self.by_session.len() as u64,
            total,
            by_harness: self.by_harness,
            by_model: self.by_model,
            by_day: self.by_day,
            by_session: self.by_session,
            needles: self.needles,
            traps: self.traps,
        }
    }
}
