//! A piece of text around a match.

/// Characters shown before the first match.
const BEFORE: usize = 60;
/// Characters shown in all.
const LENGTH: usize = 200;

/// A piece of `text` around the first of `matches` (bytes, ascending), on one
/// line, and the matches in it, in characters.
pub(super) fn snippet(text: &str, matches: &[(usize, usize)]) -> (String, Vec<(u32, u32)>) {
    let first = matches.first().map_or(0, |(from, _)| *from);
    let start = text[..first]
        .char_indices()
        .rev()
        .nth(BEFORE - 1)
        .map_or(0, |(at, _)| at);
    let mut snippet = String::new();
    let mut length: u32 = 0;
    if start > 0 {
        snippet.push('…');
        length += 1;
    }
    let mut marks: Vec<(u32, u32)> = Vec::new();
    let mut in_match = false;
    let mut space = true;
    let mut cut = false;
    for (at, character) in text[start..].char_indices().map(|(at, c)| (start + at, c)) {
        if length as usize >= LENGTH {
            cut = true;
            break;
        }
        let here = matches.iter().any(|(from, to)| (*from..*to).contains(&at));
        let character = if character.is_whitespace() || character.is_control() {
            ' '
        } else {
            character
        };
        if character == ' ' && space && !here {
            continue;
        }
        space = character == ' ';
        match (here, in_match, marks.last_mut()) {
            (true, true, Some(mark)) => mark.1 = length + 1,
            (true, _, _) => marks.push((length, length + 1)),
            _ => {}
        }
        in_match = here
            && !matches
                .iter()
                .any(|(_, to)| *to == at + character.len_utf8());
        snippet.push(character);
        length += 1;
    }
    if cut {
        snippet.push('…');
    }
    (snippet, marks)
}

#[cfg(test)]
mod tests {
    use super::snippet;

    fn marked(text: &str, words: &[&str]) -> String {
        let mut matches: Vec<(usize, usize)> = words
            .iter()
            .flat_map(|word| {
                text.match_indices(word)
                    .map(|(at, word)| (at, at + word.len()))
            })
            .collect();
        matches.sort_unstable();
        let (snippet, marks) = snippet(text, &matches);
        let mut marked = String::new();
        for (at, character) in snippet.chars().enumerate() {
            if marks.iter().any(|(from, _)| *from as usize == at) {
                marked.push('[');
            }
            marked.push(character);
            if marks.iter().any(|(_, to)| *to as usize == at + 1) {
                marked.push(']');
            }
        }
        marked
    }

    #[test]
    fn matches_are_marked_in_characters() {
        assert_eq!(
            marked("Die Größe\n\t der Datei", &["Größe", "Datei"]),
            "Die [Größe] der [Datei]"
        );
    }

    #[test]
    fn long_texts_are_cut_on_both_sides() {
        let text = format!("{}needle{}", "ü ".repeat(300), " ä".repeat(300));
        let marked = marked(&text, &["needle"]);
        assert!(marked.starts_with('…') && marked.ends_with('…'), "{marked}");
        assert!(marked.contains("[needle]"));
        assert!(marked.chars().count() < 210);
    }
}
