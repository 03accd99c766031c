//! Makes a session's evidence of arbitrary bytes, and decodes it as the
//! recorder does.

use crate::invariants;
use dashcam_harness::{
    Evidence, EvidenceFile, HarnessReader, hooks, is_told, reader, telemetry, with_told,
};
use dashcam_trace::Harness;
use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

/// A session of more files than this is cut off.
const MOST_FILES: usize = 16;

/// Parts the bytes at each `0x1e` into files, and these at the first three
/// `0x1f` into path, whose record it is, who started that, and content: in JSON
/// neither byte stands anywhere. Decodes them as one session, and checks what
/// came of it.
pub(crate) fn decode(harness: Harness, bytes: &[u8]) {
    let reader = reader(harness);
    let files = files(bytes);
    let native_id = files.first().map_or("s", |file| file.native_id);
    let reads = |path: &str| {
        !is_told(path) || (reader.reads_hooks() && hooks::is_evidence_path(path))
    };
    let own: Vec<_> = files.iter().filter(|file| reads(file.path)).cloned().collect();
    let told = files.iter().filter(|file| hooks::is_evidence_path(file.path));
    let calls = if reader.reads_hooks() {
        hooks::Calls::default()
    } else {
        hooks::Calls::read(told.map(|file| &*file.bytes))
    };
    let told = files.iter().filter(|file| telemetry::is_evidence_path(file.path));
    let items = telemetry::Items::read(told.map(|file| &*file.bytes));
    let decoded = if own.is_empty() {
        None
    } else {
        reader.decode(&Evidence { native_id, files: own }).session
    };
    if let Some(session) = &decoded {
        invariants::check(session);
    }
    if let Some(session) = with_told(harness, native_id, decoded, &items, &calls) {
        invariants::check(&session);
    }
    for file in &files {
        look_at(reader, file);
    }
}

/// What is looked at before anything is decoded.
fn look_at(reader: &dyn HarnessReader, file: &EvidenceFile<'_>) {
    let lines = || file.bytes.split(|byte| *byte == b'\n');
    let path = Path::new(file.path);
    let _ = reader.membership(path, lines().next().unwrap_or_default());
    if let Some(mut scanner) = reader.usage_scanner(path) {
        for line in lines() {
            scanner.line(line, &mut |_| {});
        }
    }
}

/// The files, grouped as the recorder groups them: the first is the root's,
/// and everyone else's parent is there, before them.
fn files(bytes: &[u8]) -> Vec<EvidenceFile<'_>> {
    let mut files: Vec<EvidenceFile<'_>> = Vec::new();
    let mut parents: HashMap<&str, Option<&str>> = HashMap::new();
    let parts = bytes.split(|byte| *byte == 0x1e).filter(|part| !part.is_empty());
    for part in parts.take(MOST_FILES) {
        let mut fields = part.splitn(4, |byte| *byte == 0x1f);
        let mut text = || std::str::from_utf8(fields.next()?).ok().filter(|text| !text.is_empty());
        let (path, native_id, parent) = (text(), text(), text());
        let bytes = fields.next().unwrap_or(part);
        let native_id = native_id.unwrap_or("s");
        let root = files.first().map(|file| file.native_id);
        let is_known = |parent: &&str| parents.contains_key(parent) && *parent != native_id;
        let parent = parent.filter(is_known).or(root);
        let parent = *parents.entry(native_id).or_insert(parent);
        files.push(EvidenceFile {
            path: path.unwrap_or("s.jsonl"),
            native_id,
            parent,
            bytes: Cow::Borrowed(bytes),
        });
    }
    files
}
