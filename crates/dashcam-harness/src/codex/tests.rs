//! Every fixture, decoded and scanned.
//!
//! Recordings of the real program carry the log of what the model server
//! answered (`truth.json`); older formats are made by hand.

use super::Codex;
use crate::{Decoded, Evidence, EvidenceFile, HarnessReader, Membership, response_hash};
use dashcam_trace::{Part, Session, Span, SpanBody, Status, Timestamp, Tokens, Turn, TurnStatus};
use serde::Serialize;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

mod bad_input;
mod disorder;
mod older;
mod recorded;

/// One rollout of a fixture.
struct Rollout {
    name: String,
    bytes: Vec<u8>,
    membership: Membership,
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/codex")
}

fn rollouts(fixture: &str) -> Vec<Rollout> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(fixtures().join(fixture))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| Codex.is_evidence(Path::new("/"), path))
        .collect();
    paths.sort();
    assert!(!paths.is_empty(), "no rollouts in {fixture}");
    paths.iter().map(|path| rollout(path)).collect()
}

fn rollout(path: &Path) -> Rollout {
    let mut bytes = std::fs::read(path).unwrap();
    if path.extension().is_some_and(|extension| extension == "zst") {
        bytes = zstd::decode_all(bytes.as_slice()).unwrap();
    }
    let first_line = bytes.split(|byte| *byte == b'\n').next().unwrap();
    let membership = Codex.membership(path, first_line).unwrap();
    let name = path.file_name().unwrap().to_str().unwrap().to_owned();
    Rollout {
        name,
        bytes,
        membership,
    }
}

/// The sessions of a fixture, as the recorder would group its files.
fn sessions(fixture: &str) -> Vec<(String, Decoded)> {
    decode_groups(&rollouts(fixture))
}

fn decode_groups(rollouts: &[Rollout]) -> Vec<(String, Decoded)> {
    let parent = |id: &str| {
        let own = rollouts
            .iter()
            .find(|rollout| rollout.membership.native_id == id)?;
        let parent = own.membership.parent.clone()?;
        rollouts
            .iter()
            .any(|rollout| rollout.membership.native_id == parent)
            .then_some(parent)
    };
    let root = |id: &str| {
        let mut id = id.to_owned();
        for _ in rollouts {
            match parent(&id) {
                Some(above) => id = above,
                None => break,
            }
        }
        id
    };
    let mut groups: BTreeMap<String, Vec<&Rollout>> = BTreeMap::new();
    for rollout in rollouts {
        groups
            .entry(root(&rollout.membership.native_id))
            .or_default()
            .push(rollout);
    }
    groups
        .into_iter()
        .map(|(native_id, mut files)| {
            files.sort_by_key(|file| (file.membership.native_id != native_id, file.name.clone()));
            let files = files.iter().map(|file| EvidenceFile {
                path: &file.name,
                native_id: &file.membership.native_id,
                parent: file.membership.parent.as_deref(),
                bytes: Cow::Borrowed(&file.bytes),
            });
            let evidence = Evidence {
                native_id: &native_id,
                files: files.collect(),
            };
            let decoded = Codex.decode(&evidence);
            (native_id, decoded)
        })
        .collect()
}

fn only_session(fixture: &str) -> Session {
    let mut sessions = sessions(fixture);
    assert_eq!(sessions.len(), 1, "{fixture}");
    sessions.remove(0).1.session.unwrap()
}

fn model_calls<'s>(
    spans: impl IntoIterator<Item = &'s Span>,
) -> Vec<(&'s Span, &'s dashcam_trace::ModelCall)> {
    spans
        .into_iter()
        .filter_map(|span| match &span.body {
            SpanBody::ModelCall(call) => Some((span, call)),
            _ => None,
        })
        .collect()
}

fn tool_calls(session: &Session) -> Vec<(&Span, &dashcam_trace::ToolCall)> {
    session
        .spans()
        .filter_map(|span| match &span.body {
            SpanBody::ToolCall(call) => Some((span, call)),
            _ => None,
        })
        .collect()
}

fn tool<'s>(session: &'s Session, call_id: &str) -> (&'s Span, &'s dashcam_trace::ToolCall) {
    let is_it =
        |(_, call): &(&Span, &dashcam_trace::ToolCall)| call.call_id.as_deref() == Some(call_id);
    tool_calls(session)
        .into_iter()
        .find(is_it)
        .unwrap_or_else(|| panic!("no call {call_id}"))
}

fn all_fixtures() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(fixtures())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn every_fixture_decodes_to_its_snapshot() {
    #[derive(Serialize)]
    struct Snapshot {
        session: Option<Session>,
        problems: Vec<dashcam_trace::Problem>,
        unknown_records: BTreeMap<String, u64>,
        images: Vec<(String, usize)>,
        lines: u64,
    }
    for fixture in all_fixtures() {
        for (index, (_, decoded)) in sessions(&fixture).into_iter().enumerate() {
            let images = decoded.images.into_iter();
            let snapshot = Snapshot {
                session: decoded.session,
                problems: decoded.problems,
                unknown_records: decoded.unknown_records,
                images: images
                    .map(|image| (image.media_type, image.bytes.len()))
                    .collect(),
                lines: decoded.lines,
            };
            // As a value, since raw JSON is more than text only to serde_json.
            let snapshot = serde_json::to_value(snapshot).unwrap();
            insta::assert_json_snapshot!(format!("{fixture}-{index}"), snapshot);
        }
    }
}

fn assert_is_a_tree(session: &Session) {
    let mut ids = std::collections::BTreeSet::new();
    for turn in &session.turns {
        assert!(matches!(turn.spans[0].body, SpanBody::Turn));
        assert_eq!(turn.spans[0].parent, None);
        let parents: BTreeMap<_, _> = turn
            .spans
            .iter()
            .map(|span| (span.id, span.parent))
            .collect();
        for span in &turn.spans {
            assert!(ids.insert(span.id), "{span:?} twice");
            assert!(span.end.is_none_or(|end| end >= span.start), "{span:?}");
            let mut above = span.id;
            let mut steps = 0;
            while let Some(parent) = parents[&above] {
                assert!(parents.contains_key(&parent), "parent of {span:?}");
                above = parent;
                steps += 1;
                assert!(steps <= turn.spans.len(), "a circle above {span:?}");
            }
            assert_eq!(above, turn.spans[0].id, "{span:?}");
        }
    }
}

#[test]
fn every_session_is_a_well_formed_tree() {
    for fixture in all_fixtures() {
        for (native_id, decoded) in sessions(&fixture) {
            let session = decoded
                .session
                .unwrap_or_else(|| panic!("{fixture} has no session"));
            assert_eq!(session.native_id, native_id);
            assert_is_a_tree(&session);
            // What was decoded survives being written and read.
            let json = serde_json::to_string(&session).unwrap();
            assert_eq!(
                serde_json::from_str::<Session>(&json).unwrap(),
                session,
                "{fixture}"
            );
        }
    }
}

#[test]
fn the_scanner_finds_what_the_decoder_finds() {
    for fixture in all_fixtures() {
        let rollouts = rollouts(&fixture);
        let mut reported = BTreeMap::new();
        for rollout in &rollouts {
            let mut scanner = Codex.usage_scanner(Path::new(&rollout.name)).unwrap();
            for line in rollout.bytes.split(|byte| *byte == b'\n') {
                scanner.line(line, &mut |usage| {
                    let model = usage.model.to_owned();
                    let session = usage.session.to_owned();
                    let key = (session, usage.response);
                    let found = (
                        usage.tokens,
                        usage.at,
                        model,
                        usage.provider.map(str::to_owned),
                    );
                    assert_eq!(
                        reported.insert(key, found),
                        None,
                        "{fixture}: reported twice"
                    );
                });
            }
        }
        let mut decoded = BTreeMap::new();
        for (native_id, session) in decode_groups(&rollouts) {
            let session = session.session.unwrap();
            for (span, call) in model_calls(session.spans()) {
                let (Some(id), Some(tokens)) = (&call.response_id, call.tokens) else {
                    continue;
                };
                let key = (native_id.clone(), response_hash(id));
                let found = (
                    tokens,
                    span.end.unwrap(),
                    call.model.clone(),
                    call.provider.clone(),
                );
                assert_eq!(decoded.insert(key, found), None, "{fixture}: decoded twice");
            }
        }
        assert_eq!(reported, decoded, "{fixture}");
    }
}
