//! Codex, run for real.

#![allow(clippy::unwrap_used, reason = "tests stop at what should not be")]

use dashcam_e2e::{Codex, Workbench, check, from_log, tool_calls};
use dashcam_trace::{Harness, Status};

#[test]
fn coding_with_a_failing_and_a_passing_test() {
    let Some(codex) = Codex::find() else { return };
    let mut bench = Workbench::new();
    let server = bench.serve("codex/coding");
    let ended = codex.run(&bench, &server, &[], "Mend total in price.sh.");
    assert_eq!(ended.code, Some(0), "{ended:#?}");
    bench.finish(server);
    assert!(bench.file("price.sh").contains("$1 + $2"));

    let recorded = bench.record();
    check(&recorded, &from_log(Harness::Codex, bench.log()));
    let session = recorded.only_session();
    assert_eq!(session.native_id, Codex::session(&ended));
    assert_eq!(session.turns[0].prompt.text, "Mend total in price.sh.");
    let tests: Vec<_> = tool_calls(session)
        .filter(|(_, call)| call.input.as_str().contains("test.sh"))
        .map(|(span, call)| (span.status, call.exit_code))
        .collect();
    assert_eq!(tests, [(Status::Error, Some(3)), (Status::Ok, Some(0))]);
    let edits: Vec<_> = tool_calls(session)
        .flat_map(|(_, call)| &call.diff)
        .map(|diff| {
            (
                diff.path.rsplit('/').next().unwrap(),
                diff.added,
                diff.removed,
            )
        })
        .collect();
    assert_eq!(
        edits,
        [("price.sh", 1, 1), ("NOTES.md", 1, 0), ("price.sh", 1, 1)]
    );
}
