//! Finds a session's id in a payload, without parsing it.

/// The names under which harnesses give it: Claude Code, Codex and Gemini
/// CLI; GitHub Copilot; Cursor.
const NAMES: [&[u8]; 4] = [
    b"session_id",
    b"sessionId",
    b"conversation_id",
    b"conversationId",
];
/// How far into a payload the id is looked for. It stands among the first
/// members.
const MOST: usize = 64 << 10;
/// The longest id.
const LONGEST: usize = 256;

/// The id among the outermost members of a JSON object, if it is a plain text.
pub(crate) fn session_id(payload: &[u8]) -> Option<&str> {
    let payload = &payload[..payload.len().min(MOST)];
    let mut depth = 0_usize;
    let mut at = 0;
    while at < payload.len() {
        match payload[at] {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                let (name, after) = string(payload, at + 1)?;
                at = after;
                if depth == 1
                    && NAMES.contains(&name)
                    && let Some(value) = value(payload, after)
                {
                    return Some(value);
                }
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// The string that began before `start`, as it is written, and where it ends.
fn string(payload: &[u8], start: usize) -> Option<(&[u8], usize)> {
    let mut at = start;
    loop {
        match payload.get(at)? {
            b'"' => return Some((&payload[start..at], at + 1)),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// The text that follows a member's name.
fn value(payload: &[u8], at: usize) -> Option<&str> {
    let rest = payload[at..].trim_ascii_start().strip_prefix(b":")?;
    let rest = rest.trim_ascii_start().strip_prefix(b"\"")?;
    let (value, _) = string(rest, 0)?;
    let plain = !value.is_empty() && value.len() <= LONGEST && !value.contains(&b'\\');
    std::str::from_utf8(value).ok().filter(|_| plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_outermost_id_counts() {
        for (payload, id) in [
            (r#"{"session_id":"a-1","x":1}"#, Some("a-1")),
            (r#"{ "hook" : "Stop" , "sessionId" : "b" }"#, Some("b")),
            (
                r#"{"tool_input":{"session_id":"no"},"conversation_id":"c"}"#,
                Some("c"),
            ),
            (
                r#"{"prompt":"\"session_id\":\"no\"","session_id":"d"}"#,
                Some("d"),
            ),
            (r#"{"x":"session_id","y":"no"}"#, None),
            (r#"[{"session_id":"no"}]"#, None),
            (r#"{"session_id":7}"#, None),
            (r#"{"session_id":""}"#, None),
            (r#"{"session_id":"a\u0041"}"#, None),
            (r#"{"session_id":"torn"#, None),
            (r#"{"session_id"#, None),
            ("}}}", None),
            ("", None),
        ] {
            assert_eq!(session_id(payload.as_bytes()), id, "{payload}");
        }
    }
}
