//! Every model call, straight from the harnesses' files, without a store.
//!
//! Streams every file through its harness's usage scanner on every core, and
//! counts each response once: the fullest record of it, and of equals the one
//! in the session that began first.

use crate::databases::{DatabaseSource, Databases, FoundDatabase, OpenDatabase};
use crate::discover::{FoundFile, Unreadable, discover};
use crate::first_record::first_record_at;
use crate::read::Lines;
use dashcam_harness::{HarnessReader, Home, UsageRecord};
use dashcam_trace::{Credits, Harness, Money, Timestamp, Tokens};
use rustc_hash::FxHashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// One model call as the files tell of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct DiskCall {
    /// The harness.
    pub(crate) harness: Harness,
    /// The session, in the harness's words.
    pub(crate) session: Arc<str>,
    /// The working directory.
    pub(crate) cwd: Arc<str>,
    /// The git branch.
    pub(crate) branch: Arc<str>,
    /// The git remote, where the harness tells.
    pub(crate) remote: Option<Arc<str>>,
    /// What was asked for, as far as it decides the price.
    pub(crate) parameters: Vec<(String, String)>,
    /// The model.
    pub(crate) model: Arc<str>,
    /// The provider, where the harness tells.
    pub(crate) provider: Option<Arc<str>>,
    /// When the response was recorded.
    pub(crate) at: Timestamp,
    /// Its tokens.
    pub(crate) tokens: Tokens,
    /// The cost that the harness reported.
    pub(crate) cost: Option<Money>,
    /// What the harness's maker charged in a unit of their own.
    pub(crate) credits: Option<Credits>,
}

/// Every model call on disk, each once.
#[derive(Clone, Debug, Default)]
pub(crate) struct DiskUsage {
    /// The calls, by time.
    pub(crate) calls: Vec<DiskCall>,
    /// What could not be read.
    pub(crate) unreadable: Vec<Unreadable>,
    /// Bytes read.
    pub(crate) bytes: u64,
}

/// Reads the usage of these harnesses from disk.
pub(crate) fn disk_usage(home: &Home, readers: &[&dyn HarnessReader]) -> DiskUsage {
    let mut found = discover(home, readers);
    // The largest first, so that no core ends with a large one alone.
    found
        .files
        .sort_by_key(|file| std::cmp::Reverse(file.stamp.size));
    let databases = Databases::default();
    let files = found.files.into_iter().map(Piece::File);
    let mut pieces: Vec<Piece> = files.collect();
    for database in found.databases {
        match sessions(&databases, &database) {
            Ok(sessions) => pieces.extend(sessions),
            Err(unreadable) => found.unreadable.push(unreadable),
        }
    }
    let next = AtomicUsize::new(0);
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let scans: Vec<Scan> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..workers)
            .map(|_| scope.spawn(|| scan_pieces(&pieces, &next, readers, &databases)))
            .collect();
        threads
            .into_iter()
            .map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            })
            .collect()
    });
    let mut usage = DiskUsage {
        unreadable: found.unreadable,
        ..DiskUsage::default()
    };
    let mut all = Calls::default();
    for scan in scans {
        usage.unreadable.extend(scan.unreadable);
        usage.bytes += scan.bytes;
        if all.is_empty() {
            all = scan.calls;
        } else {
            for (response, claim) in scan.calls {
                merge(&mut all, response, claim);
            }
        }
    }
    usage.calls = all.into_values().map(|claim| claim.call).collect();
    usage
        .calls
        .sort_by(|a, b| (a.at, &a.session).cmp(&(b.at, &b.session)));
    usage
}

/// What one core scans at a time.
enum Piece {
    File(FoundFile),
    /// A session in a database.
    Session(Harness, DatabaseSource, String),
}

/// The sessions of a database.
fn sessions(databases: &Databases, database: &FoundDatabase) -> Result<Vec<Piece>, Unreadable> {
    let source = database.source();
    let listed = databases
        .read(&source, OpenDatabase::sessions)
        .map_err(|error| Unreadable {
            path: database.path.clone(),
            message: error.to_string(),
        })?;
    let harness = database.harness;
    let piece = |native_id| Piece::Session(harness, source.clone(), native_id);
    Ok(listed
        .into_iter()
        .map(|session| piece(session.native_id))
        .collect())
}

type Calls = FxHashMap<(Harness, u64), Claim>;

/// A call with what decides between records of one response.
#[derive(Clone, Debug)]
struct Claim {
    call: DiskCall,
    session_began: Option<Timestamp>,
    session_ended: Timestamp,
}

impl Claim {
    /// Whether this record of a response counts rather than `other`.
    fn beats(&self, other: &Self) -> bool {
        let rank = |claim: &Self| {
            (
                std::cmp::Reverse(claim.call.tokens.completion),
                claim.session_began,
                claim.session_ended,
            )
        };
        (rank(self), &self.call.session) < (rank(other), &other.call.session)
    }
}

fn merge(calls: &mut Calls, response: (Harness, u64), claim: Claim) {
    match calls.entry(response) {
        std::collections::hash_map::Entry::Vacant(entry) => {
            entry.insert(claim);
        }
        std::collections::hash_map::Entry::Occupied(mut entry) => {
            if claim.beats(entry.get()) {
                entry.insert(claim);
            }
        }
    }
}

#[derive(Default)]
struct Scan {
    calls: Calls,
    unreadable: Vec<Unreadable>,
    bytes: u64,
}

fn scan_pieces(
    pieces: &[Piece],
    next: &AtomicUsize,
    readers: &[&dyn HarnessReader],
    databases: &Databases,
) -> Scan {
    let mut scan = Scan::default();
    let mut lines = Lines::new();
    let mut texts = Texts::default();
    while let Some(piece) = pieces.get(next.fetch_add(1, Ordering::Relaxed)) {
        let (harness, path) = match piece {
            Piece::File(file) => (file.harness, &file.path),
            Piece::Session(harness, source, _) => (*harness, &source.database),
        };
        let reader = readers.iter().find(|reader| reader.harness() == harness);
        let Some(mut scanner) = reader.and_then(|reader| reader.usage_scanner(path)) else {
            continue;
        };
        let mut began = None;
        let mut calls: FxHashMap<u64, DiskCall> = FxHashMap::default();
        let mut each = |line: &[u8]| {
            if began.is_none() {
                began = first_record_at(line);
            }
            scanner.line(line, &mut |record| {
                match calls.get_mut(&record.response) {
                    // The last of equals: later lines of a response are its fuller ones.
                    Some(call) if call.tokens.completion > record.tokens.completion => {}
                    Some(call) => *call = texts.call(harness, &record),
                    None => drop(calls.insert(record.response, texts.call(harness, &record))),
                }
            });
        };
        let read = match piece {
            Piece::File(file) => match lines.for_each(&file.path, each) {
                Ok(bytes) => Ok(bytes),
                Err(error) if error.vanished() => Ok(0),
                Err(error) => Err(crate::discover::describe_io_error(&error.source)),
            },
            Piece::Session(_, source, session) => {
                match databases.read(source, |open| open.usage(session)) {
                    Ok(rows) => {
                        rows.split(|byte| *byte == b'\n').for_each(&mut each);
                        Ok(rows.len() as u64)
                    }
                    Err(error) if error.vanished() => Ok(0),
                    Err(error) => Err(error.to_string()),
                }
            }
        };
        match read {
            Ok(bytes) => scan.bytes += bytes,
            Err(message) => scan.unreadable.push(Unreadable {
                path: path.clone(),
                message,
            }),
        }
        let ended = calls.values().map(|call| call.at).max().unwrap_or_default();
        for (response, call) in calls {
            let claim = Claim {
                call,
                session_began: began,
                session_ended: ended,
            };
            merge(&mut scan.calls, (harness, response), claim);
        }
    }
    scan
}

/// Shares the texts that stand in record after record.
#[derive(Default)]
struct Texts {
    session: Shared,
    cwd: Shared,
    branch: Shared,
    remote: Shared,
    model: Shared,
    provider: Shared,
}

impl Texts {
    fn call(&mut self, harness: Harness, record: &UsageRecord<'_>) -> DiskCall {
        DiskCall {
            harness,
            session: self.session.get(record.session),
            cwd: self.cwd.get(record.cwd),
            branch: self.branch.get(record.branch),
            remote: record.remote.map(|remote| self.remote.get(remote)),
            parameters: parameters(record),
            model: self.model.get(record.model),
            provider: record.provider.map(|provider| self.provider.get(provider)),
            at: record.at,
            tokens: record.tokens,
            cost: record.cost,
            credits: record.credits,
        }
    }
}

/// Parameters under the names that decoders give them. Plain tiers and speeds
/// decide nothing and are left out.
fn parameters(record: &UsageRecord<'_>) -> Vec<(String, String)> {
    [
        ("service_tier", record.service_tier),
        ("speed", record.speed),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value.filter(|value| *value != "standard")?)))
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect()
}

/// The text that was asked for last.
struct Shared(Arc<str>);

impl Default for Shared {
    fn default() -> Self {
        Self(Arc::from(""))
    }
}

impl Shared {
    fn get(&mut self, text: &str) -> Arc<str> {
        if &*self.0 != text {
            self.0 = Arc::from(text);
        }
        Arc::clone(&self.0)
    }
}
