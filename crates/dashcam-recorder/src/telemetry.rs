//! Takes in what came over OTLP: from the log into the archive of each
//! session that it tells of, and those sessions decoded anew.

use crate::follow::Change;
use crate::import::{ImportError, Importer};
use crate::incoming::{Archived, Incoming, Packed, first_of, take_in};
use crossbeam_channel::bounded;
use dashcam_harness::Home;
use dashcam_harness::telemetry::{Routed, Router, SessionEvidence, evidence_path};
use dashcam_insight::Prices;
use dashcam_otlp::receive::{self, Headers, Telemetry};
use dashcam_store::{
    Arrival, ImportBatch, ProgramTelemetry, ReadBatch, SessionChange, Store, StoreError,
    TelemetryCursor, TelemetryLog,
};
use dashcam_trace::{SessionId, Timestamp};
use rayon::prelude::*;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How much of the log goes into one transaction.
const BATCH_BYTES: usize = 8 << 20;
/// How long to take in what keeps coming before sessions are decoded: each of
/// them is decoded whole, so that doing it seldom is doing it cheaply.
const BURST: Duration = Duration::from_secs(2);
/// How long to gather what a harness sends in several requests at once.
const GATHER: Duration = Duration::from_millis(20);
/// How often to look whether following ends.
const TICK: Duration = Duration::from_millis(250);

impl Importer<'_> {
    /// Takes in all telemetry that was kept, and tells which sessions and
    /// turns changed. Hold the store's import lock.
    pub fn take_in_telemetry(&self) -> Result<Vec<SessionChange>, ImportError> {
        let mut changes = Vec::new();
        loop {
            // Again until there is nothing: the last look deletes what was read.
            let Some(archived) = self.archive_telemetry()? else {
                return Ok(changes);
            };
            changes.extend(self.decode_archived(archived)?);
        }
    }

    /// Moves telemetry from the log into the archive, for a while; `None` if
    /// there was none. One batch is read and packed while the one before it is
    /// written.
    fn archive_telemetry(&self) -> Result<Option<Archived>, ImportError> {
        let until = Instant::now() + BURST;
        let mut archived = None;
        let (sender, batches) = bounded::<Batch>(1);
        let store = self.store;
        std::thread::scope(|scope| {
            let reading = scope.spawn(move || -> Result<(), StoreError> {
                let mut read = None;
                while let Some(batch) = store.telemetry_after(read.as_ref(), BATCH_BYTES)? {
                    read = Some(batch.cursor.clone());
                    // Nobody listens any more once writing has failed.
                    if sender.send(Batch::of(batch)).is_err() || Instant::now() >= until {
                        break;
                    }
                }
                Ok(())
            });
            for batch in batches {
                self.write_batch(batch, archived.get_or_insert_default())?;
            }
            let read = reading.join();
            Ok::<_, ImportError>(read.unwrap_or_else(|panic| resume_unwind(panic))?)
        })?;
        Ok(archived)
    }

    fn write_batch(&self, batch: Batch, archived: &mut Archived) -> Result<(), ImportError> {
        let mut files = Vec::with_capacity(batch.evidence.len());
        for packed in batch.evidence {
            let path = evidence_path(packed.harness, &packed.native_id);
            let known = self.store.file(&path)?;
            archived.add(packed.harness, &packed.native_id);
            if packed.parent.is_some() && known.as_ref().is_some_and(|known| known.parent.is_none())
            {
                let former = SessionId::derive(packed.harness, &packed.native_id);
                archived.obsolete.push(former);
            }
            files.push(packed.write(path, known, batch.last_ns));
        }
        self.store.write(ImportBatch {
            files,
            telemetry: Some(batch.cursor),
            seen: batch.seen,
            ..ImportBatch::default()
        })?;
        Ok(())
    }
}

/// What came in, sorted and packed.
struct Batch {
    evidence: Vec<Packed>,
    seen: Vec<ProgramTelemetry>,
    cursor: TelemetryCursor,
    last_ns: i64,
}

impl Batch {
    fn of(batch: ReadBatch) -> Self {
        let ReadBatch { arrivals, cursor } = batch;
        let last_ns = arrivals.iter().map(|arrival| arrival.at_ns).max();
        let last_ns = last_ns.unwrap_or_default();
        let last_at = Timestamp::from_nanosecond(i128::from(last_ns)).unwrap_or_default();
        let routed: Vec<Routed> = arrivals
            .into_par_iter()
            .map(|arrival| route(&arrival))
            .collect();
        let mut seen = Vec::new();
        let mut evidence = Vec::new();
        for routed in routed {
            evidence.extend(routed.sessions);
            let programs = routed.programs.into_iter();
            seen.extend(programs.map(|(program, count)| ProgramTelemetry {
                program,
                kept: count.kept,
                dropped: count.dropped,
                last_at,
            }));
        }
        Self {
            evidence: joined(evidence).into_par_iter().map(packed).collect(),
            seen,
            cursor,
            last_ns,
        }
    }
}

fn packed(evidence: SessionEvidence) -> Packed {
    let incoming = Incoming {
        harness: evidence.harness,
        native_id: evidence.native_id,
        parent: evidence.parent,
        bytes: evidence.bytes,
    };
    incoming.pack()
}

/// The evidence of each session in one piece.
fn joined(mut evidence: Vec<SessionEvidence>) -> Vec<SessionEvidence> {
    evidence.sort_by(|a, b| key(a).cmp(&key(b)));
    let mut joined: Vec<SessionEvidence> = Vec::with_capacity(evidence.len());
    for evidence in evidence {
        match joined.last_mut() {
            Some(last) if key(last) == key(&evidence) => {
                last.bytes.extend_from_slice(&evidence.bytes);
                last.parent = first_of(last.parent.take(), evidence.parent);
            }
            _ => joined.push(evidence),
        }
    }
    joined
}

fn key(evidence: &SessionEvidence) -> (&'static str, &str) {
    (evidence.harness.as_str(), &evidence.native_id)
}

/// What a request tells of which session. What was kept but cannot be read (by
/// an older version than the one that kept it) tells of none.
fn route(arrival: &Arrival) -> Routed {
    let mut router = Router::default();
    let read = Headers::from_tag(arrival.tag).and_then(|(signal, headers)| {
        let body = receive::unpack(headers, &arrival.body).ok()?;
        receive::decode(signal, headers.encoding, &body).ok()
    });
    match read {
        Some(Telemetry::Traces(request)) => router.traces(request),
        Some(Telemetry::Logs(request)) => router.logs(request),
        Some(Telemetry::Metrics(request)) => router.metrics(request),
        None => {}
    }
    router.finish()
}

/// Takes in telemetry as it comes, until it is dropped.
pub struct TelemetryFollower {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl TelemetryFollower {
    /// Begins with what was kept before. `on_change` is called from the
    /// follower's own thread.
    pub fn start(
        store: Arc<Store>,
        prices: Arc<Prices>,
        home: Home,
        log: Arc<TelemetryLog>,
        on_change: impl Fn(Change) + Send + 'static,
    ) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let follow = move || {
            let mut known = None;
            while !stopped.load(Ordering::Relaxed) {
                let kept = log.wait(known.unwrap_or_default(), TICK);
                if known == Some(kept) {
                    continue;
                }
                // What comes from now on is either taken in now, or counted anew.
                known = Some(kept);
                std::thread::sleep(GATHER);
                match take_in(&store, &prices, &home) {
                    Ok(changes) if changes.is_empty() => {}
                    Ok(changes) => on_change(Change::Sessions(changes)),
                    Err(error) => on_change(Change::Trouble(error.to_string())),
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name("telemetry".to_owned())
            .spawn(follow)?;
        Ok(Self {
            stop,
            thread: Some(thread),
        })
    }
}

impl Drop for TelemetryFollower {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic there has been printed; there is nothing to add.
            let _ = thread.join();
        }
    }
}
