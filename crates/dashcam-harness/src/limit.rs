//! Very large texts: what is kept of them in a session.
//!
//! A session is shown and searched; a tool output of hundreds of megabytes
//! serves neither. Its beginning and end are kept, the evidence has the rest.

/// How much of one tool output is kept, in bytes.
pub(crate) const TOOL_OUTPUT: usize = 4 << 20;

/// A text that is short enough.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Limited {
    /// The text: whole, or its head and tail with a line between that says
    /// how much is missing.
    pub(crate) text: String,
    /// The bytes left out.
    pub(crate) omitted_bytes: u64,
}

/// Keeps at most about `limit` bytes of a text: three quarters of that from
/// its beginning, a quarter from its end.
pub(crate) fn limit(text: &str, limit: usize) -> Limited {
    if text.len() <= limit {
        return Limited {
            text: text.to_owned(),
            omitted_bytes: 0,
        };
    }
    let head = &text[..boundary_before(text, limit / 4 * 3)];
    let tail = &text[boundary_before(text, text.len() - limit / 4)..];
    let omitted_bytes = (text.len() - head.len() - tail.len()) as u64;
    Limited {
        text: format!("{head}\n… {omitted_bytes} bytes left out …\n{tail}"),
        omitted_bytes,
    }
}

/// The last place at or before `at` where a character begins.
fn boundary_before(text: &str, at: usize) -> usize {
    // A text's beginning is such a place.
    (0..=at)
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_text_stays_whole() {
        let whole = Limited {
            text: "abc".to_owned(),
            omitted_bytes: 0,
        };
        assert_eq!(limit("abc", 3), whole);
    }

    #[test]
    fn a_long_text_keeps_its_head_and_tail() {
        let limited = limit(&format!("head{}tail", "é".repeat(1000)), 40);
        assert!(limited.text.starts_with("headé"));
        assert!(limited.text.ends_with("étail"));
        assert!(limited.text.len() < 100);
        let kept = limited.text.matches('é').count() as u64 * 2 + 8;
        assert_eq!(kept + limited.omitted_bytes, 2008);
    }
}
