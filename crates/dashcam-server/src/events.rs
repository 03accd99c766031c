//! Live events: what changed, told to every open page.

use crate::app::App;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use dashcam_trace::SessionId;
use futures_util::{Stream, StreamExt};
use serde::Serialize;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::broadcast;
use tokio_stream::wrappers::BroadcastStream;
use tokio_stream::wrappers::errors::BroadcastStreamRecvError;

/// How many events a slow page may fall behind before it must read all anew.
const BACKLOG: usize = 256;
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Something that changed.
#[derive(Clone, Debug, PartialEq)]
pub enum LiveEvent {
    /// A session was written or removed.
    Session {
        /// The session.
        id: SessionId,
        /// The turns that changed.
        turns: Vec<u32>,
        /// Whether it is new.
        new: bool,
    },
    /// The import went on.
    Import(ImportProgress),
    /// The search index caught up.
    Index,
    /// Recording has trouble, told for the person, or none any more.
    Trouble(Option<String>),
}

/// How far an import is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ImportProgress {
    /// What is going on.
    pub phase: Phase,
    /// Sessions written.
    pub sessions_done: u64,
    /// Sessions to write.
    pub sessions_total: u64,
    /// Bytes read; of text while indexing.
    pub bytes_done: u64,
    /// Bytes to read; of text while indexing.
    pub bytes_total: u64,
    /// Whether the import has ended.
    pub done: bool,
}

/// What an import is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Reading, decoding and writing sessions.
    Importing,
    /// Bringing the search index up to date.
    Indexing,
    /// Nothing.
    #[default]
    Idle,
}

/// Tells events to everyone who listens.
#[derive(Debug)]
pub struct Live(broadcast::Sender<LiveEvent>);

impl Live {
    pub(crate) fn new() -> Self {
        Self(broadcast::Sender::new(BACKLOG))
    }

    /// Tells an event. Nobody listening is no trouble.
    pub fn tell(&self, event: LiveEvent) {
        let _ = self.0.send(event);
    }
}

/// Live events, as server-sent events: `session`, `import`, `index`,
/// `trouble`, and `resync` when so many were missed that everything must be
/// read anew. The first two tell how the import and the recording are now.
#[utoipa::path(get, path = "/events", tag = "live",
    responses((status = 200, description = "a stream of events", content_type = "text/event-stream")))]
pub(crate) async fn events(
    State(app): State<App>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let mut stopped = app.stopped();
    let stop = async move {
        // An error means that the app is gone, which is a stop as well.
        let _ = stopped.wait_for(|stop| *stop).await;
    };
    // Before the state is read, so that no change of it is missed.
    let later = BroadcastStream::new(app.live().0.subscribe());
    let now = [
        LiveEvent::Import(app.import_progress()),
        LiveEvent::Trouble(app.trouble()),
    ];
    let events = futures_util::stream::iter(now.map(Ok))
        .chain(later)
        .map(|event| Ok(event.map_or_else(|missed| resync(&missed), |event| sse(&event))))
        .take_until(stop);
    Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT))
}

fn resync(_missed: &BroadcastStreamRecvError) -> Event {
    Event::default().event("resync").data("{}")
}

fn sse(event: &LiveEvent) -> Event {
    let (name, data) = match event {
        LiveEvent::Session { id, turns, new } => (
            "session",
            serde_json::json!({ "id": id, "turns": turns, "new": new }),
        ),
        LiveEvent::Import(progress) => ("import", serde_json::json!(progress)),
        LiveEvent::Index => ("index", serde_json::json!({})),
        LiveEvent::Trouble(message) => ("trouble", serde_json::json!({ "message": message })),
    };
    Event::default().event(name).data(data.to_string())
}
