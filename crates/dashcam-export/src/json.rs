//! The vocabulary itself as JSON.

use crate::RenderError;
use crate::plain::is_deceptive;
use dashcam_trace::Session;
use std::fmt::Write as _;

/// The session as indented JSON.
pub(crate) fn render(session: &Session) -> Result<String, RenderError> {
    let mut text = escape_controls(serde_json::to_string_pretty(session)?);
    text.push('\n');
    Ok(text)
}

/// Escapes the characters that JSON allows but terminals obey. They can stand
/// only inside strings, where an escape means the same.
pub(crate) fn escape_controls(json: String) -> String {
    let is_obeyed =
        |character: char| ('\u{7f}'..='\u{9f}').contains(&character) || is_deceptive(character);
    if !json.contains(is_obeyed) {
        return json;
    }
    let mut escaped = String::with_capacity(json.len() + 16);
    for character in json.chars() {
        if is_obeyed(character) {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "\\u{:04x}", u32::from(character));
        } else {
            escaped.push(character);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped_and_mean_the_same() {
        let text = "a\u{9b}31m\u{7f}é\u{202e}";
        let json = escape_controls(serde_json::to_string(text).unwrap());
        assert_eq!(json, "\"a\\u009b31m\\u007fé\\u202e\"");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }
}
