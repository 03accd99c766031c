//! Whatever becomes of evidence (lines lost, doubled, torn, swapped, bits
//! flipped), decoders give well-formed sessions, twice the same, and the usage
//! scanners of Claude Code, Copilot, Gemini CLI and pi count what their decoders count.

mod home;
mod invariants;

use dashcam_harness::{HarnessReader, Membership, database, hooks, reader};
use dashcam_trace::Harness;
use home::{Responses, SessionFile, SessionFiles, fixtures, group, walk};
use proptest::prelude::*;

/// One thing that happens to a file.
#[derive(Clone, Debug)]
enum Mishap {
    Drop(usize),
    Double(usize),
    Swap(usize, usize),
    Tear(usize, usize),
    FlipBit(usize, usize),
    /// A part of one line in the place of a part of another.
    Splice(usize, usize, usize),
    CutFile(usize),
}

fn mishap() -> impl Strategy<Value = Mishap> {
    let any = || any::<prop::sample::Index>().prop_map(|index| index.index(1 << 20));
    prop_oneof![
        any().prop_map(Mishap::Drop),
        any().prop_map(Mishap::Double),
        (any(), any()).prop_map(|(a, b)| Mishap::Swap(a, b)),
        (any(), any()).prop_map(|(line, at)| Mishap::Tear(line, at)),
        (any(), any()).prop_map(|(line, bit)| Mishap::FlipBit(line, bit)),
        (any(), any(), any()).prop_map(|(to, from, at)| Mishap::Splice(to, from, at)),
        any().prop_map(Mishap::CutFile),
    ]
}

fn befall(bytes: &[u8], mishaps: &[Mishap]) -> Vec<u8> {
    let mut lines: Vec<Vec<u8>> = bytes
        .split_inclusive(|byte| *byte == b'\n')
        .map(<[u8]>::to_vec)
        .collect();
    let mut cut = None;
    for mishap in mishaps {
        if lines.is_empty() {
            break;
        }
        let count = lines.len();
        match *mishap {
            Mishap::Drop(line) => drop(lines.remove(line % count)),
            Mishap::Double(line) => lines.insert(line % count, lines[line % count].clone()),
            Mishap::Swap(a, b) => lines.swap(a % count, b % count),
            Mishap::Tear(line, at) => {
                let line = &mut lines[line % count];
                line.truncate(at % line.len().max(1));
                line.push(b'\n');
            }
            Mishap::FlipBit(line, bit) => {
                let line = &mut lines[line % count];
                let at = bit / 8 % line.len().max(1);
                if let Some(byte) = line.get_mut(at) {
                    *byte ^= 1 << (bit % 8);
                }
            }
            Mishap::Splice(to, from, at) => {
                let from = lines[from % count].clone();
                let line = &mut lines[to % count];
                let at = at % line.len().max(1);
                let end = (at + 40).min(line.len()).min(from.len());
                if at < end {
                    line[at..end].copy_from_slice(&from[at..end]);
                }
            }
            Mishap::CutFile(at) => cut = Some(at),
        }
    }
    let mut bytes = lines.concat();
    if let Some(at) = cut {
        bytes.truncate(at % bytes.len().max(1));
    }
    bytes
}

/// Every session in the harness's fixtures.
fn sessions(reader: &dyn HarnessReader, harness: &str) -> Vec<SessionFiles> {
    let mut paths = Vec::new();
    walk(&fixtures(harness), &mut paths);
    paths.retain(|path| {
        path.to_string_lossy().ends_with(".jsonl") || path.to_string_lossy().ends_with(".meta.json")
    });
    paths.sort();
    let files = paths.into_iter().filter_map(|path| {
        let bytes = std::fs::read(&path).expect("fixtures can be read");
        let first = bytes
            .split(|byte| *byte == b'\n')
            .next()
            .unwrap_or_default();
        let membership = reader.membership(&path, first)?;
        let path = path.to_string_lossy().into_owned();
        Some(SessionFile {
            path,
            membership,
            bytes,
        })
    });
    group(files.collect())
}

/// The sessions in the fixtures of `OpenCode`: rows of a database, under the
/// names that the recorder gives them.
fn opencode_sessions() -> Vec<SessionFiles> {
    let mut paths = Vec::new();
    walk(&fixtures("opencode"), &mut paths);
    paths.retain(|path| path.to_string_lossy().ends_with(".jsonl"));
    paths.sort();
    let files = paths.into_iter().map(|path| {
        let bytes = std::fs::read(&path).expect("fixtures can be read");
        let first = bytes.split(|byte| *byte == b'\n').next();
        let session: serde_json::Value =
            serde_json::from_slice(first.unwrap_or_default()).expect("a session comes first");
        let text = |key: &str| session[key].as_str().map(str::to_owned);
        let native_id = text("id").expect("a session has an id");
        SessionFile {
            path: database::evidence_path("opencode.db", &native_id),
            membership: Membership {
                native_id,
                parent: text("parent_id"),
            },
            bytes,
        }
    });
    group(files.collect())
}

/// The sessions in the fixtures of Cursor: hook calls, rows of its databases
/// and transcripts, under the names that the recorder gives them.
fn cursor_sessions() -> Vec<SessionFiles> {
    let mut paths = Vec::new();
    walk(&fixtures("cursor"), &mut paths);
    paths.sort();
    let files = paths.into_iter().filter_map(|path| {
        let bytes = std::fs::read(&path).expect("fixtures can be read");
        let stem = path.file_stem()?.to_str()?;
        let (path, native_id) = match stem.split_once('-')? {
            ("hook", id) => (hooks::evidence_path(Harness::Cursor, id), id),
            ("editor", id) => (database::evidence_path("state.vscdb", id), id),
            ("terminal", id) => (database::evidence_path("store.db", id), id),
            _ => (path.to_str()?.to_owned(), stem),
        };
        let parent = match native_id {
            "77aa0c1e-5a1b-4f0e-9c53-1f5f2f1e9a02" => Some("4b1d6a52-9f0e-4c73-8a35-0d2f6c7be101"),
            "d1ce0000-1111-4222-8333-444455556666" => Some("c0ffee00-1a2b-4c3d-8e4f-5a6b7c8d9e0f"),
            _ => None,
        };
        Some(SessionFile {
            path,
            membership: Membership {
                native_id: native_id.to_owned(),
                parent: parent.map(str::to_owned),
            },
            bytes,
        })
    });
    group(files.collect())
}

/// The sessions in the fixtures of Kiro: conversations with their documents,
/// and rows of its database.
fn kiro_sessions() -> Vec<SessionFiles> {
    let mut paths = Vec::new();
    walk(&fixtures("kiro"), &mut paths);
    paths.retain(|path| !path.ends_with("truth.json"));
    paths.sort();
    let files = paths.into_iter().filter_map(|path| {
        let bytes = std::fs::read(&path).expect("fixtures can be read");
        let native_id = path.file_stem()?.to_str()?.to_owned();
        let path = if bytes.starts_with(b"{\"table\":") {
            database::evidence_path("data.sqlite3", &native_id)
        } else {
            path.to_str()?.to_owned()
        };
        Some(SessionFile {
            path,
            membership: Membership {
                native_id,
                parent: None,
            },
            bytes,
        })
    });
    group(files.collect())
}

/// A session's files after the mishaps, each of which befalls one of them.
fn after(session: &SessionFiles, mishaps: &[(usize, Mishap)]) -> SessionFiles {
    let count = session.files.len();
    let files = session.files.iter().enumerate().map(|(index, file)| {
        let own: Vec<Mishap> = mishaps
            .iter()
            .filter(|(whose, _)| whose % count == index)
            .map(|(_, mishap)| mishap.clone())
            .collect();
        SessionFile {
            path: file.path.clone(),
            membership: file.membership.clone(),
            bytes: befall(&file.bytes, &own),
        }
    });
    SessionFiles {
        native_id: session.native_id.clone(),
        files: files.collect(),
    }
}

fn check(reader: &dyn HarnessReader, session: &SessionFiles) -> Responses {
    let (once, twice) = (session.decode(reader), session.decode(reader));
    assert_eq!(once.session, twice.session, "decoding twice gives the same");
    assert_eq!(once.problems, twice.problems);
    let mut counted = Responses::default();
    if let Some(decoded) = &once.session {
        invariants::check(decoded);
        counted.add_session(decoded);
    }
    counted
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn claude_code_decodes_whatever_befell_its_evidence(
        which in any::<prop::sample::Index>(),
        mishaps in prop::collection::vec((0_usize..8, mishap()), 1..12),
    ) {
        let reader = reader(Harness::ClaudeCode);
        let sessions = sessions(reader, "claude-code");
        let session = after(&sessions[which.index(sessions.len())], &mishaps);
        let counted = check(reader, &session);
        let mut scanned = Responses::default();
        scanned.scan(reader, &session);
        prop_assert_eq!(scanned.0, counted.0);
    }

    #[test]
    fn codex_decodes_whatever_befell_its_evidence(
        which in any::<prop::sample::Index>(),
        mishaps in prop::collection::vec((0_usize..8, mishap()), 1..12),
    ) {
        let reader = reader(Harness::Codex);
        let sessions = sessions(reader, "codex");
        let session = after(&sessions[which.index(sessions.len())], &mishaps);
        check(reader, &session);
    }

    #[test]
    fn copilot_decodes_whatever_befell_its_evidence(
        which in any::<prop::sample::Index>(),
        mishaps in prop::collection::vec((0_usize..8, mishap()), 1..12),
    ) {
        let reader = reader(Harness::Copilot);
        let sessions = sessions(reader, "copilot");
        let session = after(&sessions[which.index(sessions.len())], &mishaps);
        let counted = check(reader, &session);
        let mut scanned = Responses::default();
        scanned.scan(reader, &session);
        prop_assert_eq!(scanned.0, counted.0);
    }

    #[test]
    fn gemini_decodes_whatever_befell_its_evidence(
        which in any::<prop::sample::Index>(),
        mishaps in prop::collection::vec((0_usize..8, mishap()), 1..12),
    ) {
        let reader = reader(Harness::Gemini);
        let sessions = sessions(reader, "gemini");
        let session = after(&sessions[which.index(sessions.len())], &mishaps);
        let counted = check(reader, &session);
        let mut scanned = Responses::default();
        scanned.scan(reader, &session);
        prop_assert_eq!(scanned.0, counted.0);
    }

    #[test]
    fn opencode_decodes_whatever_befell_its_evidence(
        which in any::<prop::sample::Index>(),
        mishaps in prop::collection::vec((0_usize..8, mishap()), 1..12),
    ) {
        let reader = reader(Harness::OpenCode);
        let sessions = opencode_sessions();
        let session = after(&sessions[which.index(sessions.len())], &mishaps);
        check(reader, &session);
    }

    #[test]
    fn cursor_decodes_whatever_befell_its_evidence(
        which in any::<prop::sample::Index>(),
        mishaps in prop::collection::vec((0_usize..8, mishap()), 1..12),
    ) {
        let reader = reader(Harness::Cursor);
        let sessions = cursor_sessions();
        let session = after(&sessions[which.index(sessions.len())], &mishaps);
        check(reader, &session);
    }

    #[test]
    fn pi_decodes_whatever_befell_its_evidence(
        which in any::<prop::sample::Index>(),
        mishaps in prop::collection::vec((0_usize..8, mishap()), 1..12),
    ) {
        let reader = reader(Harness::Omp);
        let sessions = sessions(reader, "pi");
        let session = after(&sessions[which.index(sessions.len())], &mishaps);
        let counted = check(reader, &session);
        let mut scanned = Responses::default();
        scanned.scan(reader, &session);
        prop_assert_eq!(scanned.0, counted.0);
    }

    #[test]
    fn kiro_decodes_whatever_befell_its_evidence(
        which in any::<prop::sample::Index>(),
        mishaps in prop::collection::vec((0_usize..8, mishap()), 1..12),
    ) {
        let reader = reader(Harness::Kiro);
        let sessions = kiro_sessions();
        let session = after(&sessions[which.index(sessions.len())], &mishaps);
        check(reader, &session);
        // Scanned alone, its document says what it can.
        Responses::default().scan(reader, &session);
    }
}
