//! Whatever becomes of evidence (lines lost, doubled, torn, swapped, bits
//! flipped), decoders give well-formed sessions, twice the same, and the usage
//! scanners of Claude Code, Copilot, Gemini CLI and pi count what their decoders count.

mod home;
mod invariants;

use dashcam_fixtures::group;
use dashcam_harness::{HarnessReader, reader};
use dashcam_trace::Harness;
use home::{Responses, SessionFile, SessionFiles};
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
fn sessions(reader: &dyn HarnessReader) -> Vec<SessionFiles> {
    let fixtures = dashcam_fixtures::of(reader.harness()).expect("fixtures can be read");
    let mut sessions = Vec::new();
    for fixture in fixtures {
        let mut pieces = fixture.records().expect("records can be read");
        if reader.reads_hooks() {
            pieces.extend(fixture.hooks().expect("hooks can be read"));
        }
        sessions.extend(group(pieces).into_iter().map(SessionFiles::from));
    }
    assert!(!sessions.is_empty());
    sessions
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
        let sessions = sessions(reader);
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
        let sessions = sessions(reader);
        let session = after(&sessions[which.index(sessions.len())], &mishaps);
        check(reader, &session);
    }

    #[test]
    fn copilot_decodes_whatever_befell_its_evidence(
        which in any::<prop::sample::Index>(),
        mishaps in prop::collection::vec((0_usize..8, mishap()), 1..12),
    ) {
        let reader = reader(Harness::Copilot);
        let sessions = sessions(reader);
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
        let sessions = sessions(reader);
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
        let sessions = sessions(reader);
        let session = after(&sessions[which.index(sessions.len())], &mishaps);
        check(reader, &session);
    }

    #[test]
    fn cursor_decodes_whatever_befell_its_evidence(
        which in any::<prop::sample::Index>(),
        mishaps in prop::collection::vec((0_usize..8, mishap()), 1..12),
    ) {
        let reader = reader(Harness::Cursor);
        let sessions = sessions(reader);
        let session = after(&sessions[which.index(sessions.len())], &mishaps);
        check(reader, &session);
    }

    #[test]
    fn pi_decodes_whatever_befell_its_evidence(
        which in any::<prop::sample::Index>(),
        mishaps in prop::collection::vec((0_usize..8, mishap()), 1..12),
    ) {
        let reader = reader(Harness::Omp);
        let sessions = sessions(reader);
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
        let sessions = sessions(reader);
        let session = after(&sessions[which.index(sessions.len())], &mishaps);
        check(reader, &session);
        // Scanned alone, its document says what it can.
        Responses::default().scan(reader, &session);
    }
}
