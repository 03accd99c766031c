//! Cuts and insertions in a JSON text.

use super::node::quoted;
use super::{Document, Element, Node, Style, flat};

/// Writes the parts to be added, each value by the given function.
type RenderParts<'a> = dyn Fn(&dyn Fn(&Node) -> String) -> Vec<String> + 'a;

/// Edits of one text, made all at once. They must not overlap.
#[derive(Debug, Default)]
pub(crate) struct Edits(Vec<Splice>);

#[derive(Debug)]
struct Splice {
    start: usize,
    end: usize,
    text: String,
}

impl Edits {
    /// Whether there is nothing to do.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes over the edits of another set.
    pub(crate) fn join(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    pub(super) fn apply(mut self, text: &str) -> String {
        // A stable sort: insertions at one place stay in their order.
        self.0.sort_by_key(|splice| splice.start);
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for splice in &self.0 {
            out.push_str(text.get(at..splice.start).unwrap_or_default());
            out.push_str(&splice.text);
            at = splice.end.max(at);
        }
        out.push_str(text.get(at..).unwrap_or_default());
        out
    }

    fn splice(&mut self, start: usize, end: usize, text: impl Into<String>) {
        self.0.push(Splice {
            start,
            end,
            text: text.into(),
        });
    }

    /// Writes another value in the place of one.
    pub(crate) fn replace(&mut self, document: &Document, element: &Element, node: &Node) {
        let text = document.text();
        let style = Style::of(text);
        let line = &text[..element.start];
        let line = &line[line.rfind('\n').map_or(0, |newline| newline + 1)..];
        let indent = &line[..line.len() - line.trim_start_matches([' ', '\t']).len()];
        let spans_lines = text[element.start..element.end].contains('\n');
        let rendered = if spans_lines {
            style.render(node, indent)
        } else {
            flat(node)
        };
        self.splice(element.start, element.end, rendered);
    }

    /// Begins a text that has no value yet with an object.
    pub(crate) fn begin(&mut self, document: &Document, members: Vec<(String, Node)>) {
        let text = document.text();
        let style = Style {
            unit: "  ".to_owned(),
            ..Style::of(text)
        };
        let object = style.render(&Node::Object(members), "");
        let ends_line = text.is_empty() || text.ends_with('\n');
        let before = if ends_line { "" } else { style.newline };
        self.splice(
            text.len(),
            text.len(),
            format!("{before}{object}{}", style.newline),
        );
    }

    /// Adds members behind an object's last one.
    pub(crate) fn append_members(
        &mut self,
        document: &Document,
        object: &Element,
        members: &[(String, Node)],
    ) {
        let named = |render: &dyn Fn(&Node) -> String| {
            members
                .iter()
                .map(|(name, value)| format!("{}: {}", quoted(name), render(value)))
                .collect()
        };
        self.append(document, object, &named);
    }

    /// Adds items behind an array's last one.
    pub(crate) fn append_items(&mut self, document: &Document, array: &Element, items: &[Node]) {
        self.append(document, array, &|render| {
            items.iter().map(render).collect()
        });
    }

    fn append(&mut self, document: &Document, container: &Element, rendered: &RenderParts<'_>) {
        let text = document.text();
        let style = Style::of(text);
        let parts = container.parts();
        let close = container.end - 1;
        let outer = indent_at(text, container.start);
        let Some(&(last_start, last_end)) = parts.last() else {
            let indent = format!("{outer}{}", style.unit);
            let entries = rendered(&|node| style.render(node, &indent));
            let begin = format!("{}{indent}", style.newline);
            let separator = format!(",{begin}");
            let inside = &text[container.start + 1..close];
            // What stands inside an empty container may be a comment: it stays.
            let at = container.start + 1 + inside.trim_end().len();
            let ends_line = text[at..close].contains('\n');
            let after = if ends_line {
                String::new()
            } else {
                format!("{}{outer}", style.newline)
            };
            self.splice(
                at,
                at,
                format!("{begin}{}{after}", entries.join(&separator)),
            );
            return;
        };
        let is_spread = text[container.start..parts[0].0].contains('\n');
        let (begin, entries) = if is_spread {
            let indent = line_indent(text, last_start)
                .map_or_else(|| format!("{outer}{}", style.unit), str::to_owned);
            let entries = rendered(&|node| style.render(node, &indent));
            (format!("{}{indent}", style.newline), entries)
        } else {
            (" ".to_owned(), rendered(&flat))
        };
        let separator = format!(",{begin}");
        let added = format!("{begin}{}", entries.join(&separator));
        if let Some(comma) = comma(text, last_end, close) {
            let at = behind_comments(text, comma + 1, close, is_spread);
            self.splice(at, at, format!("{added},"));
        } else {
            self.splice(last_end, last_end, ",");
            let at = behind_comments(text, last_end, close, is_spread);
            self.splice(at, at, added);
        }
    }

    /// Takes parts out of a container, by their indices, in rising order.
    pub(crate) fn remove(&mut self, document: &Document, container: &Element, indices: &[usize]) {
        let text = document.text();
        let parts = container.parts();
        let close = container.end - 1;
        let mut rest = indices;
        while let Some(&first) = rest.first() {
            let run = rest
                .iter()
                .enumerate()
                .take_while(|(offset, index)| **index == first + offset)
                .count();
            let last = first + run - 1;
            rest = &rest[run..];
            self.remove_run(text, container, &parts, close, first, last);
        }
    }

    fn remove_run(
        &mut self,
        text: &str,
        container: &Element,
        parts: &[(usize, usize)],
        close: usize,
        first: usize,
        last: usize,
    ) {
        let is_last = last + 1 == parts.len();
        let until = parts.get(last + 1).map_or(close, |next| next.0);
        let comma_behind = comma(text, parts[last].1, until);
        let end = comma_behind.map_or(parts[last].1, |comma| comma + 1);
        let space_before = |at: usize| text[..at].trim_end().len();
        if first == 0 {
            let behind = &text[end..until];
            let next = end + behind.len() - behind.trim_start().len();
            let before = space_before(parts[0].0);
            let (start, end) = if !is_last {
                // Without a neighbour before it, the space behind goes along.
                (parts[0].0, next)
            } else if before == container.start + 1 && next == close {
                (before, next)
            } else {
                // Comments stay, and so does the space between them.
                (
                    keep_line_comment(text, container.start + 1, before, parts[0].0, end),
                    end,
                )
            };
            self.splice(start, end, "");
            return;
        }
        let (before, part) = (space_before(parts[first].0), parts[first].0);
        let start = keep_line_comment(text, parts[first - 1].1, before, part, end);
        if is_last && comma_behind.is_none() {
            // The comma before stood there for its sake.
            if let Some(comma) = comma(text, parts[first - 1].1, parts[first].0) {
                self.splice(comma, comma + 1, "");
            }
        }
        self.splice(start, end, "");
    }
}

/// Where a cut from `start` to `end` may begin: behind the line end of a `//`
/// comment if more follows on the cut's last line. `from` is where the white
/// space and comments before `start` begin, `part` where what is cut begins.
fn keep_line_comment(text: &str, from: usize, start: usize, part: usize, end: usize) -> usize {
    let follows = text[end..].trim_start_matches([' ', '\t']);
    if follows.starts_with(['\n', '\r']) || !ends_in_line_comment(&text[from..start]) {
        return start;
    }
    let newline = text[start..part].find('\n').map_or(0, |at| at + 1);
    start + newline
}

/// Whether white space, commas and comments end with a `//` comment.
fn ends_in_line_comment(text: &str) -> bool {
    let mut rest = text;
    while !rest.is_empty() {
        if rest.starts_with("//") {
            let Some(newline) = rest.find('\n') else {
                return true;
            };
            rest = &rest[newline..];
        } else {
            let step = if rest.starts_with("/*") {
                rest.find("*/").map_or(rest.len(), |end| end + 2)
            } else {
                rest.chars().next().map_or(1, char::len_utf8)
            };
            rest = &rest[step..];
        }
    }
    false
}

/// The comma between two positions, outside of comments.
fn comma(text: &str, from: usize, to: usize) -> Option<usize> {
    let mut at = from;
    while at < to {
        let rest = &text[at..to];
        if rest.starts_with(',') {
            return Some(at);
        }
        at += if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else {
            rest.chars().next().map_or(1, char::len_utf8)
        };
    }
    None
}

/// The end of the comments that follow a position on its line: they belong to
/// what stands before them. A `//` comment counts only where a new line begins
/// behind it.
fn behind_comments(text: &str, from: usize, to: usize, begins_line: bool) -> usize {
    let mut at = from;
    let mut end = from;
    while at < to {
        let rest = &text[at..to];
        if rest.starts_with([' ', '\t']) {
            at += 1;
        } else if rest.starts_with("//") && begins_line {
            let line = rest.find('\n').unwrap_or(rest.len());
            return at + rest[..line].trim_end_matches('\r').len();
        } else if let (true, Some(length)) = (rest.starts_with("/*"), rest.find("*/")) {
            at += length + 2;
            end = at;
        } else {
            break;
        }
    }
    end
}

/// The indentation of the line that a position is on.
fn indent_at(text: &str, at: usize) -> String {
    let line = &text[..at];
    let line = &line[line.rfind('\n').map_or(0, |newline| newline + 1)..];
    line[..line.len() - line.trim_start_matches([' ', '\t']).len()].to_owned()
}

/// The indentation before a position that begins its line.
fn line_indent(text: &str, at: usize) -> Option<&str> {
    let line = &text[..at];
    let line = &line[line.rfind('\n').map_or(0, |newline| newline + 1)..];
    line.trim_matches([' ', '\t']).is_empty().then_some(line)
}
