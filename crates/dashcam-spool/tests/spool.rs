//! What is appended is read back, whatever happens to its neighbours.
#![cfg(feature = "read")]

use dashcam_spool::{Header, Item, Items, append, encode, segments};
use proptest::prelude::*;
use std::time::{Duration, SystemTime};

fn frame(number: usize, payload: &[u8]) -> Vec<u8> {
    encode(header(number).as_bytes(), payload)
}

fn header(number: usize) -> String {
    format!(
        "{{\"time_ns\":{number},\"harness\":\"codex\",\"event\":\"Stop\",\"session\":\"s{number}\"}}"
    )
}

/// The numbers of the records, with their payloads, and how much was skipped.
fn read(bytes: &[u8]) -> (Vec<(usize, Vec<u8>)>, usize, usize) {
    let mut items = Items::new(bytes);
    let (mut records, mut skipped) = (Vec::new(), 0);
    for item in &mut items {
        match item {
            Item::Record { header, payload } => {
                records.push((header.time_ns as usize, payload.to_vec()));
            }
            Item::Skipped(range) => skipped += range.len(),
        }
    }
    (records, skipped, items.consumed())
}

#[test]
fn what_is_appended_is_read_back_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let day = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_000_000);
    let payloads = [b"{}".to_vec(), Vec::new(), vec![0; 3_000_000], vec![255; 7]];
    for (number, payload) in payloads.iter().enumerate() {
        append(folder.path(), day, &frame(number, payload)).unwrap();
    }
    let next_day = day + Duration::from_hours(24);
    append(folder.path(), next_day, &frame(9, b"later")).unwrap();
    let segments = segments(folder.path()).unwrap();
    let names: Vec<_> = segments.iter().map(|segment| &segment.name).collect();
    assert_eq!(names, ["2026-11-18.spool", "2026-11-19.spool"]);
    let bytes = std::fs::read(&segments[0].path).unwrap();
    assert_eq!(bytes.len() as u64, segments[0].bytes);
    let (records, skipped, consumed) = read(&bytes);
    let expected: Vec<_> = payloads.into_iter().enumerate().collect();
    assert_eq!((records, skipped, consumed), (expected, 0, bytes.len()));
    let Some(Item::Record { header, .. }) = Items::new(&bytes).next() else {
        panic!("a record stands first");
    };
    assert_eq!(
        header,
        Header {
            harness: "codex".to_owned(),
            event: "Stop".to_owned(),
            session: Some("s0".to_owned()),
            ..Header::default()
        }
    );
}

#[cfg(unix)]
#[test]
fn only_this_user_reads_the_spool() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    append(&data, SystemTime::now(), &frame(1, b"secret")).unwrap();
    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    assert_eq!(mode(&segments(&data).unwrap()[0].path), 0o600);
}

#[test]
fn no_spool_is_an_empty_one() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(segments(folder.path()).unwrap(), []);
}

#[test]
fn a_frame_under_way_is_waited_for() {
    let whole = [frame(1, b"one"), frame(2, b"two")].concat();
    let first = frame(1, b"one").len();
    for length in first..whole.len() {
        let (records, skipped, consumed) = read(&whole[..length]);
        assert_eq!(
            (records.len(), skipped, consumed),
            (1, 0, first),
            "{length}"
        );
    }
    assert_eq!(read(&whole).0.len(), 2);
}

#[test]
fn threads_that_append_at_once_do_not_mix() {
    let folder = tempfile::tempdir().unwrap();
    let now = SystemTime::now();
    std::thread::scope(|scope| {
        for thread in 0..16_usize {
            let folder = folder.path();
            scope.spawn(move || {
                for nth in 0..20_usize {
                    let payload = vec![thread as u8; 1 + nth * thread * 997];
                    append(folder, now, &frame(thread * 100 + nth, &payload)).unwrap();
                }
            });
        }
    });
    let bytes = std::fs::read(&segments(folder.path()).unwrap()[0].path).unwrap();
    let (records, skipped, _) = read(&bytes);
    assert_eq!((records.len(), skipped), (320, 0));
    for (number, payload) in records {
        let (thread, nth) = (number / 100, number % 100);
        assert_eq!(payload, vec![thread as u8; 1 + nth * thread * 997]);
    }
}

proptest! {
    #[test]
    fn damage_to_one_frame_costs_no_other(
        payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 1..8),
        which in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
        cut in any::<bool>(),
        byte in any::<u8>(),
    ) {
        let mut frames: Vec<Vec<u8>> = payloads
            .iter()
            .enumerate()
            .map(|(number, payload)| frame(number, payload))
            .collect();
        let which = which.index(frames.len());
        let at = at.index(frames[which].len());
        if cut {
            frames[which].truncate(at);
        } else {
            frames[which][at] = byte;
        }
        let bytes = frames.concat();
        let (records, skipped, consumed) = read(&bytes);
        for (number, payload) in payloads.iter().enumerate() {
            let found = records.iter().filter(|record| record.0 == number);
            if number != which {
                prop_assert_eq!(found.map(|record| &record.1).collect::<Vec<_>>(), [payload]);
            }
        }
        // Nothing is passed over in silence.
        let read: usize = records.iter().map(|(number, payload)| frame(*number, payload).len()).sum();
        prop_assert_eq!(read + skipped, consumed);
    }

    #[test]
    fn any_bytes_can_be_read(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let (records, skipped, consumed) = read(&bytes);
        prop_assert!(records.is_empty());
        prop_assert_eq!(skipped, consumed);
    }
}
