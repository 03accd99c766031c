//! The store's handle.

use crate::view::{
    Facets, Health, ImageBytes, Overview, OverviewQuery, SearchQuery, SearchResults, SessionDetail,
    SessionFilter, SessionPage, UsageQuery, UsageReport,
};
use crate::{
    FileId, FileState, ImportBatch, ImportLock, SessionChange, StoreError, TurnHashes, Wait,
};
use dashcam_trace::{ImageId, Session, SessionId};
use std::path::Path;
use std::sync::atomic::AtomicBool;

/// The embedded store. A cheap handle that threads can share.
#[derive(Clone, Debug)]
pub struct Store;

#[expect(
    unused_variables,
    clippy::todo,
    clippy::unused_self,
    missing_docs,
    reason = "signatures first"
)]
impl Store {
    pub fn open(data_dir: &Path) -> Result<Self, StoreError> {
        todo!()
    }
    pub fn open_existing(data_dir: &Path) -> Result<Self, StoreError> {
        todo!()
    }
    pub fn path(&self) -> &Path {
        todo!()
    }
    pub fn import_lock(
        &self,
        wait: Wait,
        on_wait: impl FnOnce(),
    ) -> Result<ImportLock, StoreError> {
        todo!()
    }
    pub fn files(&self) -> Result<Vec<FileState>, StoreError> {
        todo!()
    }
    pub fn archived(&self, file: FileId) -> Result<Vec<u8>, StoreError> {
        todo!()
    }
    pub fn turn_hashes(&self, session: SessionId) -> Result<TurnHashes, StoreError> {
        todo!()
    }
    pub fn recorded_sessions(&self) -> Result<Vec<SessionId>, StoreError> {
        todo!()
    }
    pub fn write(&self, batch: ImportBatch) -> Result<Vec<SessionChange>, StoreError> {
        todo!()
    }
    pub fn set_unreadable(&self, files: &[(String, String)]) -> Result<(), StoreError> {
        todo!()
    }
    pub fn checkpoint(&self) -> Result<(), StoreError> {
        todo!()
    }
    pub fn remove_sample(&self) -> Result<u64, StoreError> {
        todo!()
    }
    pub fn index_pending(
        &self,
        progress: &dyn Fn(u64, u64),
        stop: &AtomicBool,
    ) -> Result<u64, StoreError> {
        todo!()
    }
    pub fn sessions(&self, filter: &SessionFilter) -> Result<SessionPage, StoreError> {
        todo!()
    }
    pub fn find_session(&self, name: &str) -> Result<SessionId, StoreError> {
        todo!()
    }
    pub fn session_detail(&self, id: SessionId) -> Result<SessionDetail, StoreError> {
        todo!()
    }
    pub fn session(&self, id: SessionId) -> Result<Session, StoreError> {
        todo!()
    }
    pub fn turn_json(&self, session: SessionId, index: u32) -> Result<Vec<u8>, StoreError> {
        todo!()
    }
    pub fn usage(&self, query: &UsageQuery) -> Result<UsageReport, StoreError> {
        todo!()
    }
    pub fn overview(&self, query: &OverviewQuery) -> Result<Overview, StoreError> {
        todo!()
    }
    pub fn search(&self, query: &SearchQuery) -> Result<SearchResults, StoreError> {
        todo!()
    }
    pub fn health(&self) -> Result<Health, StoreError> {
        todo!()
    }
    pub fn image(&self, id: &ImageId) -> Result<Option<ImageBytes>, StoreError> {
        todo!()
    }
    pub fn facets(&self) -> Result<Facets, StoreError> {
        todo!()
    }
    pub fn data_version(&self) -> Result<u64, StoreError> {
        todo!()
    }
}
