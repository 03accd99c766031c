//! What every request can reach.

use crate::error::ApiError;
use crate::events::{ImportProgress, Live};
use dashcam_store::{Store, StoreError};
use serde::Serialize;
use std::sync::{Arc, Mutex, PoisonError};
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
    calls: Semaphore,
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
}

impl App {
    /// An app over a store.
    pub fn new(store: Arc<Store>, sample: impl SampleHistory + 'static) -> Self {
        let inner = Inner {
            store,
            sample: Box::new(sample),
            live: Live::new(),
            import: Mutex::default(),
            calls: Semaphore::new(STORE_CALLS),
            stop: watch::Sender::new(false),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// Where live events are told.
    pub fn live(&self) -> &Live {
        &self.inner.live
    }

    /// Notes how far the import is, and tells everyone who listens.
    pub fn set_import(&self, progress: ImportProgress) {
        *self.progress() = progress.clone();
        self.inner.live.tell(crate::LiveEvent::Import(progress));
    }

    /// How far the import is.
    pub fn import_progress(&self) -> ImportProgress {
        self.progress().clone()
    }

    /// Ends live connections, so that the server can stop.
    pub fn stop(&self) {
        self.inner.stop.send_replace(true);
    }

    pub(crate) fn stopped(&self) -> watch::Receiver<bool> {
        self.inner.stop.subscribe()
    }

    fn progress(&self) -> std::sync::MutexGuard<'_, ImportProgress> {
        // The value is replaced whole; a panic elsewhere cannot spoil it.
        self.inner
            .import
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the store on a thread that may block.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, ApiError> {
        self.blocking(move |inner| Ok(question(&inner.store)?))
            .await
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
        let permit = self
            .inner
            .calls
            .acquire()
            .await
            .map_err(ApiError::internal)?;
        let inner = Arc::clone(&self.inner);
        let done = tokio::task::spawn_blocking(move || work(&inner)).await;
        drop(permit);
        done.map_err(ApiError::internal)?
    }
}
