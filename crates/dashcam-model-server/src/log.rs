//! The truth: what was asked and what was served.

use crate::exchange::{Question, ToolResult, Usage};
use crate::scenario::Reply;
use crate::wire::Api;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One exchange.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When it was asked.
    pub ts: Timestamp,
    /// Its number, from 1, in order of the questions.
    pub serial: u64,
    /// The wire format.
    pub api: Api,
    /// The model that answered.
    pub model: String,
    /// The queue that the reply came from; `main` for the main conversation.
    pub queue: String,
    /// The HTTP status.
    pub status: u16,
    /// The tokens that were reported; absent for errors.
    pub usage: Option<Usage>,
    /// The id of the response, as it was served; absent for errors.
    pub response_id: Option<String>,
    /// The reply, its tool calls with the ids they were served with.
    pub reply: Reply,
    /// What the request held.
    pub request: RequestSummary,
    /// How the sending ended.
    pub delivery: Delivery,
}

/// What a request held.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestSummary {
    /// Whether a stream was asked for.
    pub stream: bool,
    /// The beginning of the first message of the user.
    pub first_user: String,
    /// The names of the tools on offer.
    pub tools: Vec<String>,
    /// The results of tool calls in the conversation so far.
    pub tool_results: Vec<ToolResult>,
}

impl RequestSummary {
    /// Sums up a question.
    pub fn of(question: &Question) -> Self {
        Self {
            stream: question.stream,
            first_user: question.first_user.chars().take(200).collect(),
            tools: question.tools.clone(),
            tool_results: question.tool_results.clone(),
        }
    }
}

/// How the sending of an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delivery {
    /// It has not ended yet.
    Sending,
    /// Everything was sent.
    Whole,
    /// The script cut the connection.
    Cut,
    /// The harness went away before the end.
    Abandoned,
}

/// All exchanges of a server. Clones share one log.
#[derive(Clone, Debug, Default)]
pub struct Log {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    entries: Vec<Entry>,
    file: Option<File>,
}

impl Log {
    /// A log that also writes each exchange to `file` when it ends, one JSON
    /// object a line.
    pub(crate) fn to_file(file: File) -> Self {
        let shared = Shared {
            entries: Vec::new(),
            file: Some(file),
        };
        Self {
            shared: Arc::new(Mutex::new(shared)),
        }
    }

    /// The exchanges so far, in order of the questions.
    pub fn entries(&self) -> Vec<Entry> {
        self.lock().entries.clone()
    }

    /// Adds an exchange and returns its place.
    pub(crate) fn add(&self, entry: Entry) -> usize {
        let mut shared = self.lock();
        shared.entries.push(entry);
        shared.entries.len() - 1
    }

    /// Says how an exchange ended.
    pub(crate) fn end(&self, place: usize, delivery: Delivery) {
        let mut shared = self.lock();
        let Shared { entries, file } = &mut *shared;
        let Some(entry) = entries.get_mut(place) else {
            return;
        };
        entry.delivery = delivery;
        if let (Some(file), Ok(mut line)) = (file, serde_json::to_vec(entry)) {
            line.push(b'\n');
            // A full disk must not end the session under test; the log in memory is whole.
            let _ = file.write_all(&line);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
