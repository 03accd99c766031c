//! The JSON files of versions before 1.2.

use super::*;

/// Writes rows as the files that older versions would have written.
fn stored(rows: &[Rows], home: &Path) {
    let storage = home.join(".local/share/opencode/storage");
    let write = |folder: PathBuf, id: &str, record: &Value| {
        std::fs::create_dir_all(&folder).unwrap();
        let text = serde_json::to_string_pretty(record).unwrap();
        std::fs::write(folder.join(format!("{id}.json")), text).unwrap();
    };
    for rows in rows {
        for line in rows
            .bytes
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
        {
            let mut row: Value = serde_json::from_slice(line).unwrap();
            let id = row["id"].as_str().unwrap().to_owned();
            match row["table"].as_str().unwrap() {
                "session" => {
                    let record = json!({
                        "id": id, "version": row["version"], "projectID": row["project_id"],
                        "directory": row["directory"], "title": row["title"],
                        "parentID": row["parent_id"], "revert": row["revert"],
                        "time": { "created": row["time_created"], "updated": row["time_updated"] },
                    });
                    write(storage.join("session/project"), &id, &record);
                }
                "message" => {
                    let mut record = row["data"].take();
                    record["id"] = json!(id);
                    record["sessionID"] = json!(rows.native_id);
                    write(storage.join("message").join(&rows.native_id), &id, &record);
                }
                "part" => {
                    let message = row["message_id"].as_str().unwrap().to_owned();
                    let mut record = row["data"].take();
                    record["id"] = json!(id);
                    record["sessionID"] = json!(rows.native_id);
                    record["messageID"] = json!(message);
                    write(storage.join("part").join(&message), &id, &record);
                }
                other => panic!("{other}"),
            }
        }
    }
}

/// What the recorder would find below a home and give to the decoder.
fn found(home: &Path) -> Vec<Rows> {
    let mut found = Vec::new();
    for root in OpenCode.roots(&Home::at(home)) {
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if OpenCode.is_evidence(&root, &path) {
                    let bytes = std::fs::read(&path).unwrap();
                    let membership = OpenCode.membership(&path, &bytes).unwrap();
                    found.push(Rows {
                        path: path.to_str().unwrap().to_owned(),
                        native_id: membership.native_id,
                        parent: membership.parent,
                        bytes,
                    });
                }
            }
        }
    }
    found
}

fn decode_all(files: &[Rows], native_id: &str) -> Decoded {
    let mut files: Vec<&Rows> = files.iter().collect();
    files.sort_by_key(|rows| (rows.native_id != native_id, rows.path.clone()));
    let files = files.into_iter().map(|rows| EvidenceFile {
        path: &rows.path,
        native_id: &rows.native_id,
        parent: rows.parent.as_deref(),
        bytes: Cow::Borrowed(&rows.bytes),
    });
    OpenCode.decode(&Evidence {
        native_id,
        files: files.collect(),
    })
}

#[test]
fn what_1_1_65_stored_is_what_was_answered() {
    for (fixture, runs) in [("stored-coding", 0), ("stored-agents", 3)] {
        let home = fixtures().join(fixture);
        let files = found(&home);
        let root = files
            .iter()
            .find(|file| file.native_id.starts_with("ses_") && file.parent.is_none())
            .unwrap();
        let decoded = decode_all(&files, &root.native_id);
        assert_eq!(decoded.problems, [], "{fixture}");
        assert!(decoded.unknown_records.is_empty(), "{fixture}");
        let session = decoded.session.unwrap();
        insta::assert_snapshot!(fixture, outline(&session));
        let found = session
            .spans()
            .filter(|span| matches!(span.body, SpanBody::AgentRun(_)));
        assert_eq!(found.count(), runs, "{fixture}");
        let mut scanned = BTreeMap::new();
        for file in &files {
            if let Some(mut scanner) = OpenCode.usage_scanner(Path::new(&file.path)) {
                scanner.line(&file.bytes, &mut |record| {
                    let cost = record.cost.map(dashcam_trace::Money::nanos);
                    let call = (record.model.to_owned(), record.tokens, cost);
                    scanned.insert(record.response, call);
                });
            }
        }
        // A file's message alone does not tell when its tools began.
        let counts: BTreeMap<_, _> = counted(&session)
            .into_iter()
            .map(|(response, (model, tokens, cost, _))| (response, (model, tokens, cost)))
            .collect();
        assert_eq!(scanned, counts, "{fixture}");
        let counted = super::recorded::counted_calls(&[session]);
        assert_eq!(counted, super::recorded::truth(fixture), "{fixture}");
    }
}

#[test]
fn files_and_rows_of_a_session_tell_the_same() {
    for fixture in ["agents", "coding", "compaction", "interrupted"] {
        let home = tempfile::tempdir().unwrap();
        let rows = rows(fixture);
        stored(&rows, home.path());
        let session = only_session(fixture);
        let files = found(home.path());
        let decoded = decode_all(&files, &session.native_id);
        assert_eq!(decoded.problems, [], "{fixture}");
        let stored = decoded.session.unwrap();
        let untimed = |session: &Session| {
            let outline = outline(session);
            let lines = outline.lines().map(|line| {
                let words = line.split(' ').collect::<Vec<_>>();
                let end = words
                    .iter()
                    .position(|word| *word == "ms" || *word == "end");
                let start = end.map_or(0, |end| end - 1);
                words[..start]
                    .iter()
                    .chain(&words[end.map_or(0, |end| end + 1)..])
                    .copied()
                    .collect::<Vec<_>>()
                    .join(" ")
            });
            lines.collect::<Vec<_>>()
        };
        assert_eq!(untimed(&stored), untimed(&session), "{fixture}");
    }
}

#[test]
fn what_was_moved_into_the_database_counts_once() {
    let home = tempfile::tempdir().unwrap();
    let rows = rows("coding");
    stored(&rows, home.path());
    let mut files = found(home.path());
    files.extend(rows);
    let session = only_session("coding");
    let decoded = decode_all(&files, &session.native_id);
    assert_eq!(decoded.problems, []);
    assert_eq!(decoded.session.unwrap(), session);
}

#[test]
fn a_damaged_file_costs_only_itself() {
    let home = tempfile::tempdir().unwrap();
    stored(&rows("coding"), home.path());
    let mut files = found(home.path());
    let part = files
        .iter_mut()
        .find(|file| file.path.contains("/part/"))
        .unwrap();
    let cut = part.bytes.len() / 2;
    part.bytes.truncate(cut);
    let session = only_session("coding");
    let decoded = decode_all(&files, &session.native_id);
    assert_eq!(decoded.problem_count, 1);
    assert_eq!(decoded.session.unwrap().turns.len(), 1);
}
