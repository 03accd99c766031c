//! Evidence is kept: appended to, replaced, never lost.

use crate::sample_sessions::Scratch;
use dashcam_store::{ArchiveChunk, FileState, FileWrite, ImportBatch, tail_hash};
use dashcam_trace::Harness;
use proptest::prelude::*;

fn state(path: &str, content: &[u8]) -> FileState {
    FileState {
        id: Default::default(),
        harness: Harness::Codex,
        path: path.to_owned(),
        native_id: "n".to_owned(),
        parent: Some("p".to_owned()),
        size: content.len() as u64,
        modified_ns: -5,
        inode: u64::MAX,
        cursor: content.len() as u64,
        tail_hash: tail_hash(content),
        vanished: false,
    }
}

/// Archives what follows `archived` in `content`, in pieces.
fn archive(scratch: &Scratch, path: &str, content: &[u8], archived: usize, piece: usize) {
    let chunks = content[archived..]
        .chunks(piece)
        .enumerate()
        .map(|(index, bytes)| ArchiveChunk::new((archived + index * piece) as u64, bytes))
        .collect();
    let file = FileWrite {
        state: state(path, content),
        chunks,
        replaced: archived == 0,
    };
    scratch
        .store
        .write(ImportBatch {
            files: vec![file],
            ..ImportBatch::default()
        })
        .unwrap();
}

fn only(scratch: &Scratch) -> FileState {
    let mut files = scratch.store.files().unwrap();
    assert_eq!(files.len(), 1);
    files.remove(0)
}

#[test]
fn a_file_is_remembered_and_its_content_kept() {
    let scratch = Scratch::new();
    archive(&scratch, "/a", b"one\ntwo\n", 0, 5);
    let known = only(&scratch);
    assert_eq!(
        FileState {
            id: known.id,
            ..state("/a", b"one\ntwo\n")
        },
        known
    );
    assert_eq!(scratch.store.archived(known.id).unwrap(), b"one\ntwo\n");

    let vanished = ImportBatch {
        vanished: vec![known.id],
        ..ImportBatch::default()
    };
    scratch.store.write(vanished).unwrap();
    assert!(only(&scratch).vanished);
    assert_eq!(scratch.store.archived(known.id).unwrap(), b"one\ntwo\n");
    let health = scratch.store.health().unwrap();
    assert_eq!(
        (
            health.harnesses[0].files,
            health.harnesses[0].vanished_files
        ),
        (1, 1)
    );
    assert_eq!(health.evidence_bytes, 8);

    archive(&scratch, "/a", b"other", 0, 100);
    let again = only(&scratch);
    assert_eq!((again.id, again.vanished), (known.id, false));
    assert_eq!(scratch.store.archived(known.id).unwrap(), b"other");
}

#[test]
fn an_empty_file_is_empty() {
    let scratch = Scratch::new();
    archive(&scratch, "/a", b"", 0, 1);
    assert!(
        scratch
            .store
            .archived(only(&scratch).id)
            .unwrap()
            .is_empty()
    );
}

#[test]
fn many_small_appends_end_in_few_pieces() {
    let scratch = Scratch::new();
    let mut content = Vec::new();
    for number in 0..300 {
        let before = content.len();
        content.extend_from_slice(
            format!(
                "{{\"line\":{number},\"text\":\"{}\"}}\n",
                "x y z ".repeat(400)
            )
            .as_bytes(),
        );
        archive(&scratch, "/live", &content, before, 1 << 20);
    }
    assert_eq!(scratch.store.archived(only(&scratch).id).unwrap(), content);
    let health = scratch.store.health().unwrap();
    assert_eq!(health.evidence_bytes, content.len() as u64);
    assert!(
        health.archived_bytes * 20 < health.evidence_bytes,
        "{health:?}"
    );
}

#[test]
fn unreadable_files_are_told_until_the_next_import() {
    let scratch = Scratch::new();
    scratch
        .store
        .set_unreadable(&[("/b".into(), "no permission".into())])
        .unwrap();
    let told = scratch.store.health().unwrap().unreadable;
    assert_eq!(
        (told[0].path.as_str(), told[0].message.as_str()),
        ("/b", "no permission")
    );
    scratch.store.set_unreadable(&[]).unwrap();
    assert!(scratch.store.health().unwrap().unreadable.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn appended_pieces_make_the_file(
        lengths in prop::collection::vec(0_usize..400_000, 1..6),
        piece in 1000_usize..300_000,
    ) {
        let scratch = Scratch::new();
        let mut content: Vec<u8> = Vec::new();
        for (round, length) in lengths.iter().enumerate() {
            let before = content.len();
            content.extend((0..*length).map(|at| (at * 31 + round * 7 + at / 97) as u8));
            archive(&scratch, "/a", &content, before, piece);
            prop_assert_eq!(&scratch.store.archived(only(&scratch).id).unwrap(), &content);
        }
    }
}
