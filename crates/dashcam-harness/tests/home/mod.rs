//! Reads a home folder the way the recorder does: finds evidence, groups it
//! into sessions, decodes each.

#![allow(dead_code, reason = "not every test file uses everything")]
#![allow(clippy::unwrap_used, reason = "tests stop at what should not be")]

use dashcam_harness::{
    Decoded, Evidence, EvidenceFile, HarnessReader, Home, Membership, response_hash,
};
use dashcam_trace::{ModelCall, Session, SpanBody, Tokens, ToolCall};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// One session's files.
pub(crate) struct SessionFiles {
    pub(crate) native_id: String,
    pub(crate) files: Vec<SessionFile>,
}

/// One file, read.
pub(crate) struct SessionFile {
    pub(crate) path: String,
    pub(crate) membership: Membership,
    pub(crate) bytes: Vec<u8>,
}

impl SessionFiles {
    pub(crate) fn decode(&self, reader: &dyn HarnessReader) -> Decoded {
        let files = self
            .files
            .iter()
            .map(|file| EvidenceFile {
                path: &file.path,
                native_id: &file.membership.native_id,
                parent: file.membership.parent.as_deref(),
                bytes: Cow::Borrowed(&file.bytes),
            })
            .collect();
        reader.decode(&Evidence {
            native_id: &self.native_id,
            files,
        })
    }
}

/// The folder of a harness's fixtures.
pub(crate) fn fixtures(harness: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures")
        .join(harness)
}

/// Every session below a home folder, by native id.
pub(crate) fn sessions(reader: &dyn HarnessReader, home: &Path) -> Vec<SessionFiles> {
    let mut found = Vec::new();
    for root in reader.roots(&Home::at(home)) {
        let mut paths = Vec::new();
        walk(&root, &mut paths);
        found.extend(
            paths
                .into_iter()
                .filter(|path| reader.is_evidence(&root, path)),
        );
    }
    found.sort();
    let files: Vec<SessionFile> = found
        .into_iter()
        .filter_map(|path| {
            let bytes = std::fs::read(&path).unwrap();
            let first_line = bytes
                .split(|byte| *byte == b'\n')
                .next()
                .unwrap_or_default();
            let membership = reader.membership(&path, first_line)?;
            let shown = path
                .strip_prefix(home)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            Some(SessionFile {
                path: shown,
                membership,
                bytes,
            })
        })
        .collect();
    group(files)
}

/// Groups files into sessions by following parents.
pub(crate) fn group(files: Vec<SessionFile>) -> Vec<SessionFiles> {
    let parents: BTreeMap<String, Option<String>> = files
        .iter()
        .map(|file| {
            (
                file.membership.native_id.clone(),
                file.membership.parent.clone(),
            )
        })
        .collect();
    let root_of = |id: &str| {
        let mut current = id.to_owned();
        for _ in 0..files.len() {
            match parents.get(&current) {
                Some(Some(parent)) if parents.contains_key(parent) => current.clone_from(parent),
                _ => break,
            }
        }
        current
    };
    let roots: Vec<String> = files
        .iter()
        .map(|file| root_of(&file.membership.native_id))
        .collect();
    let mut sessions: BTreeMap<String, Vec<SessionFile>> = BTreeMap::new();
    for (file, root) in files.into_iter().zip(roots) {
        sessions.entry(root).or_default().push(file);
    }
    sessions
        .into_iter()
        .map(|(native_id, mut files)| {
            files.sort_by_key(|file| (file.membership.native_id != native_id, file.path.clone()));
            SessionFiles { native_id, files }
        })
        .collect()
}

/// Every file below a folder.
pub(crate) fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else {
            files.push(path);
        }
    }
}

/// Every model call of a session.
pub(crate) fn model_calls(session: &Session) -> impl Iterator<Item = &ModelCall> {
    session.spans().filter_map(|span| match &span.body {
        SpanBody::ModelCall(call) => Some(call),
        _ => None,
    })
}

/// Every tool call of a session.
pub(crate) fn tool_calls(session: &Session) -> impl Iterator<Item = &ToolCall> {
    session.spans().filter_map(|span| match &span.body {
        SpanBody::ToolCall(call) => Some(call),
        _ => None,
    })
}

/// Responses, each once: the fullest record of it, of equals the last.
#[derive(Debug, Default)]
pub(crate) struct Responses(pub(crate) BTreeMap<u64, Tokens>);

impl Responses {
    pub(crate) fn add(&mut self, response: u64, tokens: Tokens) {
        let known = self.0.entry(response).or_insert(tokens);
        if tokens.completion >= known.completion {
            *known = tokens;
        }
    }

    /// Adds what a decoder found.
    pub(crate) fn add_session(&mut self, session: &Session) {
        for call in model_calls(session) {
            if let Some(tokens) = call.tokens {
                self.add(
                    response_hash(call.response_id.as_deref().unwrap_or_default()),
                    tokens,
                );
            }
        }
    }

    /// Adds what a usage scanner finds.
    pub(crate) fn scan(&mut self, reader: &dyn HarnessReader, files: &SessionFiles) {
        for file in &files.files {
            let Some(mut scanner) = reader.usage_scanner(Path::new(&file.path)) else {
                continue;
            };
            let mut lines: Vec<&[u8]> = file.bytes.split(|byte| *byte == b'\n').collect();
            if lines.last().is_some_and(|line| line.is_empty()) {
                lines.pop();
            }
            for line in lines {
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                scanner.line(line, &mut |record| self.add(record.response, record.tokens));
            }
        }
    }
}
