//! Markdown of the transcript that can do nothing but be read.
//!
//! Answers are Markdown, and stay so. But raw HTML would act in the reader's
//! page, images would call home when shown, and links can carry scripts.

use crate::plain::plain;
use pulldown_cmark::{Event, LinkType, Options, Parser, Tag, TagEnd};
use std::ops::Range;

/// What the texts of agents use beyond plain Markdown.
pub(crate) fn extensions() -> Options {
    Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS
}

/// Whether a link may be followed from the page.
pub(crate) fn is_harmless_link(kind: LinkType, address: &str) -> bool {
    if kind == LinkType::Email {
        return true;
    }
    let Some((scheme, _)) = address.split_once(':') else {
        return false;
    };
    ["http", "https", "mailto"]
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known))
}

/// How often a text is made harmless before it is taken as hopeless.
const ROUNDS: usize = 8;
const SENTINEL: &str = "end-of-this-text";

/// The text as Markdown without raw HTML, images, reference definitions and
/// links that do more than lead somewhere; it ends everything that it begins.
pub(crate) fn harmless(text: &str) -> String {
    let mut markdown = plain(text).trim().to_owned();
    for _ in 0..ROUNDS {
        let escapes = escapes(&markdown);
        if escapes.is_empty() {
            return closed(markdown);
        }
        markdown = insert(&markdown, &escapes);
    }
    fenced(text)
}

/// The text as a code block that nothing inside can end.
pub(crate) fn fenced(text: &str) -> String {
    let text = plain(text);
    let longest = text
        .split(|character| character != '`')
        .map(str::len)
        .max()
        .unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}\n{}\n{fence}", text.trim_end())
}

/// One line with every character that Markdown could obey escaped.
pub(crate) fn escaped_line(line: &str) -> String {
    let mut escaped = String::with_capacity(line.len() + 8);
    for character in crate::plain::plain_line(line).chars() {
        if character.is_ascii_punctuation() && !matches!(character, '.' | ',' | ':' | '/' | '-') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    // A line must not begin a list or a rule.
    if escaped.starts_with('-') {
        escaped.insert(0, '\\');
    }
    escaped
}

/// The text as a quotation.
pub(crate) fn quoted(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| format!("> {line}")).collect();
    lines.join("\n")
}

/// Something to put into the text.
struct Escape {
    at: usize,
    /// How many bytes it takes the place of.
    replaced: usize,
    by: &'static str,
}

fn escapes(markdown: &str) -> Vec<Escape> {
    let parser = Parser::new_ext(markdown, extensions());
    let mut escapes: Vec<Escape> = parser
        .reference_definitions()
        .iter()
        .map(|(_, definition)| Escape {
            at: definition.span.start,
            replaced: 0,
            by: "\\",
        })
        .collect();
    for (event, range) in parser.into_offset_iter() {
        match event {
            Event::Html(_) | Event::InlineHtml(_) => {
                let angles = markdown[range.clone()].match_indices('<');
                escapes.extend(angles.map(|(offset, _)| Escape {
                    at: range.start + offset,
                    replaced: 1,
                    by: "&lt;",
                }));
            }
            Event::Start(Tag::Image { .. }) => {
                escapes.push(Escape {
                    at: range.start,
                    replaced: 0,
                    by: "\\",
                });
            }
            Event::Start(Tag::Link {
                link_type,
                dest_url,
                ..
            }) if dest_url.contains(':') && !is_harmless_link(link_type, &dest_url) => {
                escapes.push(unlink(markdown, &range));
            }
            _ => {}
        }
    }
    escapes.sort_by_key(|escape| escape.at);
    escapes.dedup_by_key(|escape| escape.at);
    escapes
}

fn unlink(markdown: &str, range: &Range<usize>) -> Escape {
    if markdown[range.clone()].starts_with('<') {
        Escape {
            at: range.start,
            replaced: 1,
            by: "&lt;",
        }
    } else {
        Escape {
            at: range.start,
            replaced: 0,
            by: "\\",
        }
    }
}

fn insert(markdown: &str, escapes: &[Escape]) -> String {
    let mut escaped = String::with_capacity(markdown.len() + escapes.len() * 4);
    let mut done = 0;
    for escape in escapes {
        escaped.push_str(&markdown[done..escape.at]);
        escaped.push_str(escape.by);
        done = escape.at + escape.replaced;
    }
    escaped.push_str(&markdown[done..]);
    escaped
}

/// The text with its open fence ended, which would swallow what follows; as a
/// quotation, any text ends where it ends.
fn closed(markdown: String) -> String {
    if is_closed(&markdown) {
        return markdown;
    }
    let ended = ["```", "~~~", "````"].map(|fence| format!("{markdown}\n{fence}"));
    ended
        .into_iter()
        .find(|ended| is_closed(ended) && escapes(ended).is_empty())
        .unwrap_or_else(|| quoted(&markdown))
}

/// Whether a paragraph after the text would stand by itself.
fn is_closed(markdown: &str) -> bool {
    let followed = format!("{markdown}\n\n{SENTINEL}");
    let mut depth = 0_usize;
    let mut last = (0, String::new());
    for event in Parser::new_ext(&followed, extensions()) {
        match event {
            Event::Start(_) => depth += 1,
            Event::End(TagEnd::Paragraph) if depth == 1 && last == (1, SENTINEL.to_owned()) => {
                return true;
            }
            Event::End(_) => depth = depth.saturating_sub(1),
            Event::Text(text) => last = (depth, text.into_string()),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_acts_is_shown_as_text() {
        let cases = [
            ("a **b** `<i>`", "a **b** `<i>`"),
            (
                "<script>alert(1)</script>",
                "&lt;script>alert(1)&lt;/script>",
            ),
            ("a <b onclick=x>b</b>", "a &lt;b onclick=x>b&lt;/b>"),
            ("![x](http://evil/p.png)", "\\![x](http://evil/p.png)"),
            ("[x](javascript:alert(1))", "\\[x](javascript:alert(1))"),
            ("<javascript:alert(1)>", "&lt;javascript:alert(1)>"),
            ("[x](https://good)", "[x](https://good)"),
            ("<div>\n![x](http://evil)", "&lt;div>\n\\![x](http://evil)"),
            ("```\nopen", "```\nopen\n```"),
            ("`````\nopen", "> `````\n> open"),
        ];
        for (text, expected) in cases {
            assert_eq!(harmless(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_fence_is_longer_than_those_inside() {
        assert_eq!(fenced("a\n````\nb"), "`````\na\n````\nb\n`````");
    }

    proptest! {
        #[test]
        fn no_text_stays_dangerous(
            text in proptest::collection::vec(
                prop_oneof![
                    Just("<div>"), Just("</div>"), Just("<!--"), Just("-->"), Just("![a](http://b)"),
                    Just("[a](javascript:b)"), Just("[a]: data:b"), Just("![a]"), Just("[a]"),
                    Just("```"), Just("`"), Just("\n"), Just("\n\n"), Just("> "), Just("- "),
                    Just("    "), Just("\\"), Just("<a href='x'>"), Just("<x:y>"), Just("|a|b|"),
                    Just("word"), Just("<![CDATA["), Just("<script>"), Just("~~~"),
                ],
                0..24,
            ),
        ) {
            let markdown = harmless(&text.concat());
            prop_assert!(escapes(&markdown).is_empty(), "{:?}", markdown);
            prop_assert!(is_closed(&markdown), "{:?}", markdown);
        }
    }
}
