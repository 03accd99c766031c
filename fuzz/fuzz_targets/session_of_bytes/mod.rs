//! Makes a session's files of arbitrary bytes, and decodes them.

use crate::invariants;
use dashcam_harness::{Evidence, EvidenceFile, reader};
use dashcam_trace::Harness;
use std::borrow::Cow;
use std::path::Path;

/// Parts the bytes at each `0x1e` into files (in JSON that byte stands
/// nowhere), decodes them as one session, and checks what came of it.
pub(crate) fn decode(harness: Harness, bytes: &[u8], native_ids: &[&str], paths: &[&str]) {
    let reader = reader(harness);
    let parts = bytes.splitn(native_ids.len(), |byte| *byte == 0x1e);
    let files = parts.zip(native_ids).zip(paths).map(|((bytes, native_id), path)| EvidenceFile {
        path,
        native_id,
        parent: (*native_id != native_ids[0]).then_some(native_ids[0]),
        bytes: Cow::Borrowed(bytes),
    });
    let evidence = Evidence { native_id: native_ids[0], files: files.collect() };
    let decoded = reader.decode(&evidence);
    if let Some(session) = &decoded.session {
        invariants::check(session);
    }
    for file in &evidence.files {
        let first_line = file.bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let _ = reader.membership(Path::new(file.path), first_line);
        if let Some(mut scanner) = reader.usage_scanner(Path::new(file.path)) {
            for line in file.bytes.split(|byte| *byte == b'\n') {
                scanner.line(line, &mut |_| {});
            }
        }
    }
}
