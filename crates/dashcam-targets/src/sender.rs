//! Sends for as long as a process runs: one thread for each target, so that a
//! slow one holds up no other.

use crate::drain::{Drain, Sending};
use crate::target::{Target, TargetError};
use dashcam_spool::Lock;
use dashcam_store::{Attempt, Dispatch, Store};
use dashcam_trace::Timestamp;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How often to look whether the configuration has changed.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// The longest that a target's thread sleeps: the clock may have been set.
const LONGEST_SLEEP: Duration = Duration::from_secs(30);
/// How long a target's thread sleeps after it could not use the store or the
/// configuration.
const AFTER_TROUBLE: Duration = Duration::from_secs(10);

/// Rung when there may be something to send.
#[derive(Debug, Default)]
pub struct Bell {
    rung: Mutex<u64>,
    changed: Condvar,
}

impl Bell {
    /// Tells everyone who waits.
    pub fn ring(&self) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.changed.notify_all();
    }

    /// How often it was rung.
    fn count(&self) -> u64 {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until it has been rung more often than that, or for so long.
    fn wait(&self, heard: u64, most: Duration) {
        let rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        let quiet = |rung: &mut u64| *rung == heard;
        // A panic elsewhere leaves a number that is whole.
        let _ = self.changed.wait_timeout_while(rung, most, quiet);
    }
}

/// Where the targets and the rules stand, read again as they change.
pub trait Source: Send + Sync + 'static {
    /// The targets as they are configured now.
    fn targets(&self) -> Result<Vec<Target>, TargetError>;
    /// What sending needs to know besides.
    fn sending(&self) -> Result<Sending, String>;
}

/// Sends to every target until it is dropped.
pub struct Sender {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Sender {
    /// Begins with what waits already. It does nothing while another process
    /// sends from the same data folder. `on_trouble` is called from other
    /// threads, with `None` once it is over.
    pub fn start(
        store: Arc<Store>,
        data_dir: PathBuf,
        source: impl Source,
        bell: Arc<Bell>,
        on_trouble: impl Fn(Option<String>) + Send + Sync + 'static,
    ) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let supervisor = Supervisor {
            store,
            data_dir,
            source: Arc::new(source),
            bell,
            on_trouble: Arc::new(on_trouble),
            stop: Arc::clone(&stop),
            workers: BTreeMap::new(),
        };
        let thread = std::thread::Builder::new()
            .name("send".to_owned())
            .spawn(move || supervisor.run())?;
        Ok(Self {
            stop,
            thread: Some(thread),
        })
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A panic there has been printed; there is nothing to add.
            let _ = thread.join();
        }
    }
}

/// Keeps one worker for each target as it is configured.
struct Supervisor<S> {
    store: Arc<Store>,
    data_dir: PathBuf,
    source: Arc<S>,
    bell: Arc<Bell>,
    on_trouble: Arc<dyn Fn(Option<String>) + Send + Sync>,
    stop: Arc<AtomicBool>,
    workers: BTreeMap<String, Worker>,
}

struct Worker {
    target: Target,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl<S: Source> Supervisor<S> {
    fn run(mut self) {
        let mut lock: Option<File> = None;
        let mut told = None;
        while !self.stop.load(Ordering::Relaxed) {
            if lock.is_none() {
                lock = Lock::Sending.take(&self.data_dir).ok().flatten();
            }
            if lock.is_some() {
                let trouble = self.look().err();
                if trouble != told {
                    (self.on_trouble)(trouble.clone());
                    told = trouble;
                }
            }
            // The end wakes us up.
            std::thread::park_timeout(LOOK_EVERY);
        }
        for (_, worker) in std::mem::take(&mut self.workers) {
            self.end(worker);
        }
    }

    /// Starts and ends workers as the configuration wants it.
    fn look(&mut self) -> Result<(), String> {
        let targets = self.source.targets().map_err(|error| error.to_string())?;
        let names: Vec<&str> = targets.iter().map(|target| target.name.as_str()).collect();
        self.store
            .set_targets(&names, Timestamp::now())
            .map_err(|error| error.to_string())?;
        let gone: Vec<String> = self
            .workers
            .iter()
            .filter(|(_, worker)| !targets.contains(&worker.target))
            .map(|(name, _)| name.clone())
            .collect();
        for name in gone {
            if let Some(worker) = self.workers.remove(&name) {
                self.end(worker);
            }
        }
        for target in targets {
            if !self.workers.contains_key(&target.name) {
                let worker = self.begin(&target).map_err(|error| error.to_string())?;
                self.workers.insert(target.name.clone(), worker);
            }
        }
        Ok(())
    }

    fn begin(&self, target: &Target) -> std::io::Result<Worker> {
        let stop = Arc::new(AtomicBool::new(false));
        let (store, source, bell) = (
            Arc::clone(&self.store),
            Arc::clone(&self.source),
            Arc::clone(&self.bell),
        );
        let (stopped, of_worker) = (Arc::clone(&stop), target.clone());
        let thread = std::thread::Builder::new()
            .name(format!("send to {}", target.name))
            .spawn(move || work(&store, &*source, &bell, &of_worker, &stopped))?;
        Ok(Worker {
            target: target.clone(),
            stop,
            thread,
        })
    }

    fn end(&self, worker: Worker) {
        worker.stop.store(true, Ordering::Relaxed);
        self.bell.ring();
        // A panic there has been printed; there is nothing to add.
        let _ = worker.thread.join();
    }
}

/// Sends to one target until it is told to stop.
fn work(store: &Store, source: &impl Source, bell: &Bell, target: &Target, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        let heard = bell.count();
        let sleep = round(store, source, target, stop).unwrap_or_else(|reason| {
            tell(store, target, reason);
            AFTER_TROUBLE
        });
        if !stop.load(Ordering::Relaxed) {
            bell.wait(heard, sleep.min(LONGEST_SLEEP));
        }
    }
}

/// Sends what is ready. Returns how long there is nothing to do.
fn round(
    store: &Store,
    source: &impl Source,
    target: &Target,
    stop: &AtomicBool,
) -> Result<Duration, String> {
    let sending = source.sending()?;
    let drain = Drain::new(store, target, &sending, stop);
    let drained = drain
        .and_then(|mut drain| drain.run())
        .map_err(|error| error.to_string())?;
    let next = match drained.failure {
        Some(failure) => Some(failure.retry_at),
        None => store
            .next_ready(&target.name, sending.settle)
            .map_err(|error| error.to_string())?,
    };
    let wait = next.map(|next| next.duration_since(Timestamp::now()));
    Ok(wait.map_or(LONGEST_SLEEP, |wait| {
        Duration::try_from(wait).unwrap_or(Duration::ZERO)
    }))
}

/// Leaves word of what is in the way, where `dashcam target list` looks.
fn tell(store: &Store, target: &Target, reason: String) {
    let now = Timestamp::now();
    let dispatch = Dispatch {
        attempt: Attempt::Failed {
            reason,
            retry_at: now.saturating_add(AFTER_TROUBLE).unwrap_or(now),
        },
        ..Dispatch::default()
    };
    // Should the store itself be in the way, there is no better place.
    let _ = store.record_dispatch(&target.name, &dispatch, now);
}
