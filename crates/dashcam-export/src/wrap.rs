//! Breaking text into lines that fit.

use unicode_width::UnicodeWidthChar;

const TAB: &str = "    ";

/// The lines of `text`, none wider than `width` columns; broken at spaces
/// where there are some. Indentation is kept on the first line of a break.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    text.lines()
        .flat_map(|line| wrap_line(&line.replace('\t', TAB), width))
        .collect()
}

/// The beginning of one line, no wider than `width` columns, with an ellipsis
/// where something was cut.
pub(crate) fn cut(line: &str, width: usize) -> String {
    let line = line.replace('\t', TAB);
    if fitting(&line, width) == line.len() {
        return line;
    }
    let end = fitting(&line, width.saturating_sub(1));
    format!("{}…", &line[..end])
}

fn wrap_line(line: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut rest = line.trim_end();
    loop {
        let fits = fitting(rest, width);
        if fits == rest.len() {
            break;
        }
        // At least one character a line, or it would never end.
        let first = rest.chars().next().map_or(1, char::len_utf8);
        let fits = fits.max(first);
        let indent = rest.len() - rest.trim_start().len();
        let at_space = rest[..fits].rfind(' ').filter(|space| *space > indent);
        let end = if rest[fits..].starts_with(' ') {
            fits
        } else {
            at_space.unwrap_or(fits)
        };
        lines.push(rest[..end].trim_end().to_owned());
        rest = rest[end..].trim_start();
    }
    if lines.is_empty() || !rest.is_empty() {
        lines.push(rest.to_owned());
    }
    lines
}

/// The length in bytes of the longest beginning that fits.
fn fitting(text: &str, width: usize) -> usize {
    let mut used = 0;
    for (index, character) in text.char_indices() {
        used += character.width().unwrap_or(0);
        if used > width {
            return index;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_breaks_at_spaces_and_keeps_its_lines() {
        assert_eq!(
            wrap("one two three\n\n  four", 8),
            ["one two", "three", "", "  four"]
        );
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrap("漢字漢字", 5), ["漢字", "漢字"]);
        assert_eq!(wrap("漢", 1), ["漢"]);
        assert_eq!(wrap("", 5), Vec::<String>::new());
    }

    #[test]
    fn a_cut_line_shows_that_it_is_cut() {
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abcd", 3), "ab…");
        assert_eq!(cut("漢字", 3), "漢…");
    }
}
