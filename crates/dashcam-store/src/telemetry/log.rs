//! The writing end of the log.

use super::frame::{HEADER, header};
use super::{EXTENSION, FOLDER};
use crate::StoreError;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

/// A segment that has grown beyond this is closed and a new one begun, so
/// that what is taken in can be deleted.
const SEGMENT_BYTES: u64 = 64 << 20;
/// Small requests that wait at the same time are written at once, up to this.
const GROUP_BYTES: usize = 256 << 10;
/// The longest that something written waits for the disk itself.
const SYNC_EVERY: Duration = Duration::from_secs(1);

/// Why a request could not be kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// The disk has no room.
    #[error("no room left on the disk")]
    DiskFull,
    /// Anything else.
    #[error("cannot write the telemetry log: {0}")]
    Failed(String),
}

impl From<&io::Error> for AppendError {
    fn from(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull,
            _ => Self::Failed(error.to_string()),
        }
    }
}

/// The writing end of the log: keeps requests in the order in which they come,
/// on one thread. Several processes may each have one on the same data folder.
#[derive(Debug)]
pub struct TelemetryLog {
    sender: Option<Sender<Request>>,
    thread: Option<JoinHandle<()>>,
    kept: Arc<Kept>,
}

/// What is told when a request is kept, or cannot be.
type Done = Box<dyn FnOnce(Result<(), AppendError>) + Send>;

struct Request {
    tag: u8,
    body: Box<dyn AsRef<[u8]> + Send>,
    done: Done,
}

/// How many requests were kept so far.
#[derive(Debug, Default)]
struct Kept {
    count: Mutex<u64>,
    more: Condvar,
}

impl Kept {
    fn lock(&self) -> MutexGuard<'_, u64> {
        // A number is whole at every moment.
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TelemetryLog {
    /// Opens the log of a data folder, and makes its folder if it is not there.
    pub fn open(data_dir: &Path) -> Result<Self, StoreError> {
        let folder = data_dir.join(FOLDER);
        let trouble = |source| StoreError::Folder {
            path: folder.clone(),
            source,
        };
        crate::store::make_private_folder(&folder).map_err(trouble)?;
        let (sender, requests) = channel();
        let kept = Arc::new(Kept::default());
        let writer = Writer {
            folder: folder.clone(),
            segment: None,
            kept: Arc::clone(&kept),
            group: Vec::new(),
        };
        let thread = std::thread::Builder::new()
            .name("telemetry-log".to_owned())
            .spawn(move || writer.run(&requests))
            .map_err(trouble)?;
        Ok(Self {
            sender: Some(sender),
            thread: Some(thread),
            kept,
        })
    }

    /// Keeps a request. `tag` comes back with it and means nothing here. `done`
    /// is called on the log's thread once the request would survive the death
    /// of this process, or cannot be kept. How much may wait here at once is
    /// for the caller to bound.
    pub fn append(
        &self,
        tag: u8,
        body: impl AsRef<[u8]> + Send + 'static,
        done: impl FnOnce(Result<(), AppendError>) + Send + 'static,
    ) {
        let request = Request {
            tag,
            body: Box::new(body),
            done: Box::new(done),
        };
        let refused = match &self.sender {
            Some(sender) => sender.send(request).err().map(|error| error.0),
            None => Some(request),
        };
        if let Some(request) = refused {
            let reason = "the log is closed".to_owned();
            (request.done)(Err(AppendError::Failed(reason)));
        }
    }

    /// Waits until more than `known` requests were kept, at most this long.
    /// Returns how many were kept so far.
    pub fn wait(&self, known: u64, timeout: Duration) -> u64 {
        let count = self.kept.lock();
        let waited = self
            .kept
            .more
            .wait_timeout_while(count, timeout, |count| *count <= known);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Drop for TelemetryLog {
    fn drop(&mut self) {
        drop(self.sender.take());
        if let Some(thread) = self.thread.take() {
            // A panic there has been printed; there is nothing to add.
            let _ = thread.join();
        }
    }
}

/// The log's thread.
struct Writer {
    folder: PathBuf,
    segment: Option<Segment>,
    kept: Arc<Kept>,
    group: Vec<u8>,
}

/// The file that is appended to. While its lock is held, nobody deletes it.
struct Segment {
    file: File,
    length: u64,
    unsynced: bool,
    synced_at: Instant,
}

impl Writer {
    fn run(mut self, requests: &Receiver<Request>) {
        let (to_sync, files) = channel::<File>();
        // Without the thread, the system's own pace has to do.
        let syncing = std::thread::Builder::new()
            .name("telemetry-sync".to_owned())
            .spawn(move || {
                for file in files {
                    // Nobody waits for it: what fails here, fails at the next write.
                    let _ = file.sync_data();
                }
            });
        let mut next = None;
        loop {
            let request = match next.take() {
                Some(request) => request,
                None => match requests.recv_timeout(SYNC_EVERY) {
                    Ok(request) => request,
                    Err(std::sync::mpsc::RecvTimeoutError::Timeout) => {
                        self.sync(&to_sync);
                        continue;
                    }
                    Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
                },
            };
            next = self.write_group(request, requests);
            self.sync(&to_sync);
        }
        if let Some(segment) = &self.segment {
            let _ = segment.file.sync_data();
        }
        drop(to_sync);
        if let Ok(thread) = syncing {
            let _ = thread.join();
        }
    }

    /// Writes a request, together with small ones that wait behind it.
    /// Returns one that was too large to go along.
    fn write_group(&mut self, first: Request, requests: &Receiver<Request>) -> Option<Request> {
        let at_ns = nanoseconds_now();
        let body = (*first.body).as_ref();
        let head = header(first.tag, at_ns, body);
        if body.len() > GROUP_BYTES {
            let written = self.write(&[&head, body]);
            self.tell(vec![first.done], &written);
            return None;
        }
        let mut group = std::mem::take(&mut self.group);
        group.clear();
        group.extend_from_slice(&head);
        group.extend_from_slice(body);
        let mut waiting = vec![first.done];
        let mut next = None;
        while group.len() < GROUP_BYTES {
            let Ok(request) = requests.try_recv() else {
                break;
            };
            let body = (*request.body).as_ref();
            if group.len() + HEADER + body.len() > GROUP_BYTES {
                next = Some(request);
                break;
            }
            group.extend_from_slice(&header(request.tag, at_ns, body));
            group.extend_from_slice(body);
            waiting.push(request.done);
        }
        let written = self.write(&[&group]);
        self.group = group;
        self.tell(waiting, &written);
        next
    }

    fn tell(&self, waiting: Vec<Done>, written: &io::Result<()>) {
        if written.is_ok() {
            *self.kept.lock() += waiting.len() as u64;
            self.kept.more.notify_all();
        }
        for done in waiting {
            done(written.as_ref().copied().map_err(AppendError::from));
        }
    }

    /// Writes pieces one after the other: all of them, or none.
    fn write(&mut self, pieces: &[&[u8]]) -> io::Result<()> {
        let is_full = self
            .segment
            .as_ref()
            .is_some_and(|segment| segment.length >= SEGMENT_BYTES);
        if is_full {
            self.segment = None;
        }
        let segment = match &mut self.segment {
            Some(segment) => segment,
            None => self.segment.insert(Segment::create(&self.folder)?),
        };
        for piece in pieces {
            if let Err(error) = segment.file.write_all(piece) {
                // What stands there of it is taken away; where even that
                // fails, readers stop before it, and a new segment is begun.
                if segment.file.set_len(segment.length).is_err() {
                    self.segment = None;
                }
                return Err(error);
            }
        }
        segment.length += pieces.iter().map(|piece| piece.len() as u64).sum::<u64>();
        segment.unsynced = true;
        Ok(())
    }

    fn sync(&mut self, to_sync: &Sender<File>) {
        if let Some(segment) = &mut self.segment
            && segment.unsynced
            && segment.synced_at.elapsed() >= SYNC_EVERY
            && let Ok(file) = segment.file.try_clone()
        {
            segment.unsynced = to_sync.send(file).is_err();
            segment.synced_at = Instant::now();
        }
    }
}

impl Segment {
    /// Begins a segment whose name stands behind those that there are.
    fn create(folder: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.append(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let open = || {
            let name = format!("{:020}-{}", nanoseconds_now(), std::process::id());
            options.open(folder.join(name).with_extension(EXTENSION))
        };
        let file = match open() {
            // Somebody removed the folder under our feet.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(folder)?;
                open()?
            }
            opened => opened?,
        };
        file.lock()?;
        Ok(Self {
            file,
            length: 0,
            unsynced: false,
            synced_at: Instant::now(),
        })
    }
}

fn nanoseconds_now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| {
        i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
    })
}
