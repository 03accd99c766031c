//! The log of telemetry: kept, read in order, taken in once, deleted.

use dashcam_store::{AppendError, Arrival, ImportBatch, Store, TelemetryLog};
use std::path::Path;
use std::sync::mpsc::channel;
use std::time::Duration;

fn append(log: &TelemetryLog, tag: u8, body: &[u8]) -> Result<(), AppendError> {
    let (sender, receiver) = channel();
    log.append(tag, body.to_vec(), move |kept| sender.send(kept).unwrap());
    receiver.recv().unwrap()
}

fn bodies(arrivals: &[Arrival]) -> Vec<(u8, Vec<u8>)> {
    let body = |arrival: &Arrival| (arrival.tag, arrival.body.clone());
    arrivals.iter().map(body).collect()
}

/// Reads everything that is left, and takes it in.
fn take_in(store: &Store) -> Vec<(u8, Vec<u8>)> {
    let mut taken = Vec::new();
    while let Some(batch) = store.next_telemetry(1 << 20).unwrap() {
        taken.extend(bodies(&batch.arrivals));
        let written = ImportBatch {
            telemetry: Some(batch.cursor),
            ..ImportBatch::default()
        };
        store.write(written).unwrap();
    }
    taken
}

fn segments(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder.join("telemetry")).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn requests_are_read_in_order_and_taken_in_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    assert!(store.next_telemetry(1).unwrap().is_none());
    let log = TelemetryLog::open(folder.path()).unwrap();
    let large = vec![7; 700 << 10];
    append(&log, 1, b"one").unwrap();
    append(&log, 2, &large).unwrap();
    // Read twice without being taken in: the same.
    let first = store.next_telemetry(1).unwrap().unwrap();
    assert_eq!(bodies(&first.arrivals), [(1, b"one".to_vec())]);
    assert_eq!(store.next_telemetry(1).unwrap().unwrap(), first);
    assert_eq!(take_in(&store), [(1, b"one".to_vec()), (2, large)]);
    append(&log, 3, b"").unwrap();
    assert_eq!(take_in(&store), [(3, Vec::new())]);
    assert_eq!(segments(folder.path()).len(), 1, "it is being written");
    drop(log);
    assert_eq!(take_in(&store), []);
    assert_eq!(
        segments(folder.path()).len(),
        0,
        "nobody writes it any more"
    );
}

#[test]
fn what_a_killed_process_left_half_written_harms_nothing_before_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let log = TelemetryLog::open(folder.path()).unwrap();
    append(&log, 1, b"whole").unwrap();
    append(&log, 1, b"torn").unwrap();
    drop(log);
    let segment = segments(folder.path()).remove(0);
    let content = std::fs::read(&segment).unwrap();
    for (cut, name) in [(content.len() - 1, "a"), (content.len() - 10, "b")] {
        let torn = segment.with_file_name(format!("{name}.segment"));
        std::fs::write(torn, &content[..cut]).unwrap();
    }
    let mut spoilt = content;
    *spoilt.last_mut().unwrap() ^= 1;
    std::fs::write(&segment, spoilt).unwrap();
    let whole = || (1, b"whole".to_vec());
    assert_eq!(take_in(&store), [whole(), whole(), whole()]);
    assert_eq!(segments(folder.path()).len(), 0);
}

#[test]
fn many_at_once_are_all_kept_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let log = TelemetryLog::open(folder.path()).unwrap();
    let (sender, receiver) = channel();
    for number in 0..2000_u32 {
        let sender = sender.clone();
        log.append(0, number.to_le_bytes(), move |kept| {
            sender.send((number, kept)).unwrap();
        });
    }
    drop(sender);
    let told: Vec<u32> = receiver
        .iter()
        .map(|(number, kept)| {
            kept.unwrap();
            number
        })
        .collect();
    assert_eq!(told, (0..2000).collect::<Vec<_>>());
    assert_eq!(log.wait(0, Duration::ZERO), 2000);
    let found = take_in(&store);
    let expected = told.iter().map(|number| (0, number.to_le_bytes().to_vec()));
    assert!(found.into_iter().eq(expected));
}

#[test]
fn a_log_whose_folder_vanished_makes_it_anew() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let log = TelemetryLog::open(folder.path()).unwrap();
    std::fs::remove_dir_all(folder.path().join("telemetry")).unwrap();
    append(&log, 1, b"kept").unwrap();
    assert_eq!(take_in(&store).len(), 1);
}

#[cfg(unix)]
#[test]
fn a_log_that_cannot_be_written_says_so_and_recovers() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let log = TelemetryLog::open(folder.path()).unwrap();
    let place = folder.path().join("telemetry");
    std::fs::remove_dir_all(&place).unwrap();
    std::fs::write(&place, "in the way").unwrap();
    assert!(matches!(
        append(&log, 1, b"lost"),
        Err(AppendError::Failed(_))
    ));
    std::fs::remove_file(&place).unwrap();
    append(&log, 1, b"kept").unwrap();
    assert_eq!(take_in(&store), [(1, b"kept".to_vec())]);
}
