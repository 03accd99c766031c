//! Which files of evidence lie on disk now.
//!
//! Looks at names, sizes and times only; opens nothing. What cannot be looked
//! at is reported and costs nothing but itself.

use crate::databases::FoundDatabase;
use dashcam_harness::{HarnessReader, Home};
use dashcam_trace::Harness;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// One file of evidence, as the file system describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundFile {
    /// The harness whose folder it lies in.
    pub harness: Harness,
    /// Where it lies.
    pub path: PathBuf,
    /// What tells one state of the file from another.
    pub stamp: Stamp,
}

/// What tells one state of a file from another without opening it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// Its size in bytes.
    pub size: u64,
    /// When it was last changed, in nanoseconds since 1970.
    pub modified_ns: i64,
    /// Its number on its device; 0 where the platform has none.
    pub inode: u64,
}

impl Stamp {
    /// The stamp of a file with this metadata.
    pub fn of(metadata: &std::fs::Metadata) -> Self {
        let modified_ns = metadata
            .modified()
            .ok()
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
            .and_then(|since| i64::try_from(since.as_nanos()).ok())
            .unwrap_or_default();
        Self {
            size: metadata.len(),
            modified_ns,
            inode: inode(metadata),
        }
    }
}

#[cfg(unix)]
fn inode(metadata: &std::fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn inode(_metadata: &std::fs::Metadata) -> u64 {
    0
}

/// Something below a harness's folder that could not be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// What could not be looked at.
    pub path: PathBuf,
    /// Why, and what to do.
    pub message: String,
}

/// What lies on disk.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The files of evidence, by harness and path.
    pub files: Vec<FoundFile>,
    /// The databases, by harness and path.
    pub databases: Vec<FoundDatabase>,
    /// What could not be looked at.
    pub unreadable: Vec<Unreadable>,
    /// The folders that were looked through: those of the harnesses' that exist.
    pub roots: Vec<PathBuf>,
}

/// Looks through the folders of these harnesses.
pub fn discover(home: &Home, readers: &[&dyn HarnessReader]) -> Found {
    let mut found = Found::default();
    for reader in readers {
        for root in reader.roots(home) {
            if root.exists() && !found.roots.contains(&root) {
                discover_below(*reader, &root, &mut found);
                found.roots.push(root);
            }
        }
        for place in reader.databases(home) {
            let entries = walkdir::WalkDir::new(&place.folder)
                .min_depth(1)
                .max_depth(place.depth + 1)
                .follow_links(true)
                .sort_by_file_name();
            // What cannot be looked at here is beside the databases; one that
            // cannot be read says so itself.
            for entry in entries.into_iter().filter_map(Result::ok) {
                if entry.file_type().is_file() && place.holds(entry.path()) {
                    let database = FoundDatabase::at(entry.path(), *reader, home);
                    found.databases.extend(database);
                }
            }
        }
    }
    found
}

fn discover_below(reader: &dyn HarnessReader, root: &Path, found: &mut Found) {
    let entries = walkdir::WalkDir::new(root)
        .follow_links(true)
        .sort_by_file_name();
    for entry in entries {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                // A file that vanished between listing and looking is no trouble.
                if error
                    .io_error()
                    .is_none_or(|io| io.kind() != std::io::ErrorKind::NotFound)
                {
                    found.unreadable.push(Unreadable {
                        path: error.path().unwrap_or(root).to_owned(),
                        message: describe_walk_error(&error),
                    });
                }
                continue;
            }
        };
        if !entry.file_type().is_file() || !reader.is_evidence(root, entry.path()) {
            continue;
        }
        if let Ok(metadata) = entry.metadata() {
            found.files.push(FoundFile {
                harness: reader.harness(),
                path: entry.into_path(),
                stamp: Stamp::of(&metadata),
            });
        }
    }
}

fn describe_walk_error(error: &walkdir::Error) -> String {
    if let Some(ancestor) = error.loop_ancestor() {
        return format!("links back to {}; not followed again", ancestor.display());
    }
    error
        .io_error()
        .map_or_else(|| error.to_string(), describe_io_error)
}

/// An I/O error in words that tell what to do.
pub(crate) fn describe_io_error(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::PermissionDenied => {
            "permission denied: give your user read access to it, then import again".to_owned()
        }
        std::io::ErrorKind::NotFound => "it vanished while it was read".to_owned(),
        _ => error.to_string(),
    }
}
