//! Takes in what hooks left: from the spool into the archive of each session
//! that they tell of, and those sessions decoded anew.

use crate::follow::Change;
use crate::import::{ImportError, Importer};
use crate::incoming::{Archived, Incoming, take_in};
use dashcam_harness::Home;
use dashcam_harness::hooks::{SessionCalls, Sorter, evidence_path};
use dashcam_insight::Prices;
use dashcam_spool::{Item, Items, Segment, segments};
use dashcam_store::{HooksSeen, ImportBatch, SessionChange, SpoolCursor, Store};
use dashcam_trace::{SessionId, Timestamp};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

/// How much of a segment is read at once: more than the largest record.
const ROUND_BYTES: u64 = 80 << 20;
/// How long a segment stays after the last write to it: no hook holds it open
/// any more.
const KEPT: Duration = Duration::from_hours(48);
/// How often the spool is looked at. A look costs one listing of a folder.
const GLANCE: Duration = Duration::from_millis(100);
/// How many looks without news before they come less often.
const BRISK_GLANCES: u32 = 600;
/// How often the spool is looked at when nothing has come for a while.
const SLOW_GLANCE: Duration = Duration::from_millis(200);

impl Importer<'_> {
    /// Takes in all that hooks left, and tells which sessions and turns
    /// changed. Hold the store's import lock.
    pub fn take_in_hooks(&self) -> Result<Vec<SessionChange>, ImportError> {
        let folder = self.store.path().parent().unwrap_or_else(|| Path::new(""));
        let mut archived = Archived::default();
        let listed = segments(folder).map_err(|source| ImportError::Spool {
            path: dashcam_spool::spool_dir(folder),
            source,
        })?;
        for segment in listed {
            self.archive_segment(&segment, &mut archived)?;
        }
        self.decode_archived(archived)
    }

    fn archive_segment(
        &self,
        segment: &Segment,
        archived: &mut Archived,
    ) -> Result<(), ImportError> {
        loop {
            let from = self.store.spool_read(&segment.name)?;
            if segment.bytes <= from {
                return self.remove_if_old(segment, from);
            }
            let bytes = read_from(&segment.path, from).map_err(|source| ImportError::Spool {
                path: segment.path.clone(),
                source,
            })?;
            let round = Round::of(&bytes);
            if round.bytes == 0 {
                // A record is being written, or was never finished: the rest
                // is damaged once another stands behind it.
                return self.remove_if_old(segment, segment.bytes);
            }
            let is_last = from + round.bytes >= segment.bytes;
            self.write_round(segment, from, round, archived)?;
            if is_last {
                return Ok(());
            }
        }
    }

    /// Removes a segment that nobody writes to any more.
    fn remove_if_old(&self, segment: &Segment, read: u64) -> Result<(), ImportError> {
        let age = segment
            .modified
            .and_then(|modified| SystemTime::now().duration_since(modified).ok());
        let is_done = read >= segment.bytes && age.is_some_and(|age| age > KEPT);
        // Another process may have been first.
        if is_done && std::fs::remove_file(&segment.path).is_ok() {
            self.store.forget_spool(&segment.name)?;
        }
        Ok(())
    }

    fn write_round(
        &self,
        segment: &Segment,
        from: u64,
        round: Round,
        archived: &mut Archived,
    ) -> Result<(), ImportError> {
        let mut files = Vec::with_capacity(round.sessions.len());
        for session in round.sessions {
            let path = evidence_path(session.harness, &session.native_id);
            let known = self.store.file(&path)?;
            archived.add(session.harness, &session.native_id);
            if session.parent.is_some()
                && known.as_ref().is_some_and(|known| known.parent.is_none())
            {
                let former = SessionId::derive(session.harness, &session.native_id);
                archived.obsolete.push(former);
            }
            let incoming = Incoming {
                harness: session.harness,
                native_id: session.native_id,
                parent: session.parent,
                bytes: session.bytes,
            };
            files.push(incoming.write(path, known, round.last_ns));
        }
        self.store.write(ImportBatch {
            files,
            spool: Some(SpoolCursor {
                segment: segment.name.clone(),
                bytes: from + round.bytes,
            }),
            hooks_seen: round.seen.into_values().collect(),
            ..ImportBatch::default()
        })?;
        Ok(())
    }
}

/// What a piece of a segment holds.
#[derive(Default)]
struct Round {
    sessions: Vec<SessionCalls>,
    seen: BTreeMap<String, HooksSeen>,
    /// How many bytes it takes.
    bytes: u64,
    last_ns: i64,
}

impl Round {
    fn of(bytes: &[u8]) -> Self {
        let mut round = Self::default();
        let mut sorter = Sorter::default();
        let mut items = Items::new(bytes);
        for item in items.by_ref() {
            match item {
                Item::Record { header, payload } => {
                    let is_kept = sorter.add(
                        &header.harness,
                        &header.event,
                        header.session.as_deref(),
                        header.time_ns,
                        &header.env,
                        payload,
                    );
                    let at = i64::try_from(header.time_ns).unwrap_or_default();
                    round.last_ns = round.last_ns.max(at);
                    round.count(&header.harness, is_kept, at);
                }
                Item::Skipped(_) => round.count("", false, 0),
            }
        }
        round.bytes = items.consumed() as u64;
        round.sessions = sorter.finish();
        round
    }

    fn count(&mut self, harness: &str, is_kept: bool, at_ns: i64) {
        let at = Timestamp::from_nanosecond(i128::from(at_ns)).unwrap_or_default();
        let seen = self
            .seen
            .entry(harness.to_owned())
            .or_insert_with(|| HooksSeen {
                harness: harness.to_owned(),
                kept: 0,
                lost: 0,
                last_at: at,
            });
        seen.kept += u64::from(is_kept);
        seen.lost += u64::from(!is_kept);
        seen.last_at = seen.last_at.max(at);
    }
}

fn read_from(path: &Path, from: u64) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(ROUND_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Takes in what hooks leave as it comes, until it is dropped.
pub struct SpoolFollower {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl SpoolFollower {
    /// Begins with what was left before. `on_change` is called from the
    /// follower's own thread.
    pub fn start(
        store: Arc<Store>,
        prices: Arc<Prices>,
        home: Home,
        on_change: impl Fn(Change) + Send + 'static,
    ) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let follow = move || {
            let folder = store
                .path()
                .parent()
                .map(Path::to_owned)
                .unwrap_or_default();
            let mut known = None;
            let mut quiet = 0;
            while !stopped.load(Ordering::Relaxed) {
                let now = segments(&folder).ok();
                if now == known {
                    quiet = (quiet + 1).min(BRISK_GLANCES);
                    std::thread::sleep(if quiet < BRISK_GLANCES {
                        GLANCE
                    } else {
                        SLOW_GLANCE
                    });
                    continue;
                }
                (known, quiet) = (now, 0);
                match take_in(&store, &prices, &home) {
                    Ok(changes) if changes.is_empty() => {}
                    Ok(changes) => on_change(Change::Sessions(changes)),
                    Err(error) => on_change(Change::Trouble(error.to_string())),
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name("hooks".to_owned())
            .spawn(follow)?;
        Ok(Self {
            stop,
            thread: Some(thread),
        })
    }
}

impl Drop for SpoolFollower {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic there has been printed; there is nothing to add.
            let _ = thread.join();
        }
    }
}
