//! What stands beside the payload, as JSON.

use crate::input::Input;
use crate::session::session_id;
use std::fmt::Write;
use std::time::SystemTime;

/// What tells where a session runs: the trace that it is part of, and the
/// run of a continuous integration.
const VARIABLES: &[&str] = &[
    "TRACEPARENT",
    "TRACESTATE",
    "CI",
    "GITHUB_ACTIONS",
    "GITHUB_REPOSITORY",
    "GITHUB_RUN_ID",
    "GITHUB_RUN_ATTEMPT",
    "GITHUB_SHA",
    "GITHUB_REF",
    "GITLAB_CI",
    "CI_PROJECT_PATH",
    "CI_PIPELINE_ID",
    "CI_JOB_ID",
    "CI_COMMIT_SHA",
    "BUILDKITE_BUILD_ID",
    "BUILDKITE_PIPELINE_SLUG",
    "CIRCLE_WORKFLOW_ID",
    "JENKINS_URL",
    "BUILD_TAG",
    "TF_BUILD",
    "BUILD_BUILDID",
];
/// The most bytes of one value.
const MOST_VALUE: usize = 1024;

pub(crate) fn header(at: SystemTime, harness: &str, event: &str, input: &Input) -> String {
    let since = at
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let mut json = String::with_capacity(256);
    // Writing to a string cannot fail.
    let _ = write!(json, "{{\"time_ns\":{}", since.as_nanos());
    text(&mut json, ",\"harness\":", harness);
    text(&mut json, ",\"event\":", event);
    if let Some(session) = session_id(&input.bytes) {
        text(&mut json, ",\"session\":", session);
    }
    #[cfg(unix)]
    {
        let _ = write!(
            json,
            ",\"parent_pid\":{}",
            std::os::unix::process::parent_id()
        );
    }
    if input.cut {
        json.push_str(",\"cut\":true");
    }
    let mut before = ",\"env\":{";
    for name in VARIABLES {
        let Some(value) = std::env::var_os(name) else {
            continue;
        };
        let value = value.to_string_lossy();
        json.push_str(before);
        text(&mut json, "", name);
        text(
            &mut json,
            ":",
            &value[..value.floor_char_boundary(MOST_VALUE)],
        );
        before = ",";
    }
    json.push_str(if before == "," { "}}" } else { "}" });
    json
}

/// Appends a text as JSON.
fn text(json: &mut String, before: &str, text: &str) {
    json.push_str(before);
    json.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => json.extend(['\\', character]),
            '\0'..='\x1f' => {
                let _ = write!(json, "\\u{:04x}", character as u32);
            }
            _ => json.push(character),
        }
    }
    json.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_becomes_json() {
        let mut json = String::new();
        text(&mut json, "", "a \"b\" \\ \n é \u{1}");
        assert_eq!(json, "\"a \\\"b\\\" \\\\ \\u000a é \\u0001\"");
    }
}
