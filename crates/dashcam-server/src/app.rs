//! What every request can reach.

use crate::error::ApiError;
use crate::events::{ImportProgress, Live};
use crate::json::JsonBytes;
use crate::telemetry::Intake;
use dashcam_store::{Store, StoreError, TelemetryLog};
use serde::Serialize;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tokio::sync::{Semaphore, watch};

/// Store calls that may run at once: more would only wait for one another.
const STORE_CALLS: usize = 8;

/// Adds and removes the bundled sample history.
pub trait SampleHistory: Send + Sync {
    /// Adds it. Returns how many sessions that were.
    fn add(&self) -> Result<u64, String>;

    /// Removes it. Returns how many sessions that were.
    fn remove(&self) -> Result<u64, String>;
}

/// What every request can reach; cheap to clone.
#[derive(Clone)]
pub struct App {
    inner: Arc<Inner>,
}

struct Inner {
    store: Arc<Store>,
    sample: Box<dyn SampleHistory>,
    live: Live,
    import: Mutex<ImportProgress>,
    trouble: Mutex<Option<String>>,
    calls: Arc<Semaphore>,
    intake: OnceLock<Intake>,
    stop: watch::Sender<bool>,
}

/// How the server is doing.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Status {
    /// The version of dashcam.
    pub version: String,
    /// How far the import is.
    pub import: ImportProgress,
    /// Whether no session is recorded.
    pub empty: bool,
    /// Whether the sample history is there.
    pub sample: bool,
    /// Turns not yet in the search index.
    pub pending_turns: u64,
    /// The latest trouble with recording, for the person; none once recording
    /// works again.
    pub trouble: Option<String>,
}

impl App {
    /// An app over a store.
    pub fn new(store: Arc<Store>, sample: impl SampleHistory + 'static) -> Self {
        let inner = Inner {
            store,
            sample: Box::new(sample),
            live: Live::new(),
            import: Mutex::default(),
            trouble: Mutex::default(),
            calls: Arc::new(Semaphore::new(STORE_CALLS)),
            intake: OnceLock::new(),
            stop: watch::Sender::new(false),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Takes in telemetry from now on, into this log. Has no effect a second
    /// time.
    pub fn receive_telemetry(&self, log: Arc<TelemetryLog>) {
        let _ = self.inner.intake.set(Intake::new(log));
    }

    /// Where telemetry goes; `None` while none is taken in.
    pub(crate) fn intake(&self) -> Option<&Intake> {
        self.inner.intake.get()
    }

    /// Where live events are told.
    pub fn live(&self) -> &Live {
        &self.inner.live
    }

    /// Notes how far the import is, and tells everyone who listens.
    pub fn set_import(&self, progress: ImportProgress) {
        *held(&self.inner.import) = progress.clone();
        self.inner.live.tell(crate::LiveEvent::Import(progress));
    }

    /// How far the import is.
    pub fn import_progress(&self) -> ImportProgress {
        held(&self.inner.import).clone()
    }

    /// Notes that recording has trouble, or none any more, and tells everyone
    /// who listens.
    pub fn set_trouble(&self, trouble: Option<String>) {
        let mut known = held(&self.inner.trouble);
        if *known != trouble {
            known.clone_from(&trouble);
            self.inner.live.tell(crate::LiveEvent::Trouble(trouble));
        }
    }

    /// The trouble that recording has.
    pub(crate) fn trouble(&self) -> Option<String> {
        held(&self.inner.trouble).clone()
    }

    /// Ends live connections, so that the server can stop.
    pub fn stop(&self) {
        self.inner.stop.send_replace(true);
    }

    pub(crate) fn stopped(&self) -> watch::Receiver<bool> {
        self.inner.stop.subscribe()
    }

    /// Asks the store on a thread that may block.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, ApiError> {
        self.blocking(move |inner| Ok(question(&inner.store)?))
            .await
    }

    /// Asks the store, and writes the answer as JSON on the same thread: the
    /// outline of a long session is megabytes, and would keep other requests
    /// waiting.
    pub(crate) async fn answer<T: Serialize>(
        &self,
        question: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<JsonBytes, ApiError> {
        self.blocking(move |inner| {
            serde_json::to_vec(&question(&inner.store)?)
                .map(JsonBytes)
                .map_err(ApiError::internal)
        })
        .await
    }

    /// Makes a text of what the store answers, on a thread that may block.
    pub(crate) async fn text(
        &self,
        make: impl FnOnce(&Store) -> Result<String, ApiError> + Send + 'static,
    ) -> Result<String, ApiError> {
        self.blocking(move |inner| make(&inner.store)).await
    }

    /// Does something with the sample history on a thread that may block.
    pub(crate) async fn sample(
        &self,
        act: impl FnOnce(&dyn SampleHistory) -> Result<u64, String> + Send + 'static,
    ) -> Result<u64, ApiError> {
        self.blocking(move |inner| act(&*inner.sample).map_err(ApiError::internal))
            .await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let permit = Arc::clone(&self.inner.calls)
            .acquire_owned()
            .await
            .map_err(ApiError::internal)?;
        let inner = Arc::clone(&self.inner);
        tokio::task::spawn_blocking(move || {
            // Held here, not by the request: a browser that goes away ends the
            // request, but not the work.
            let _permit = permit;
            work(&inner)
        })
        .await
        .map_err(ApiError::internal)?
    }
}

/// A value that is replaced whole, so that a panic elsewhere cannot spoil it.
fn held<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}
