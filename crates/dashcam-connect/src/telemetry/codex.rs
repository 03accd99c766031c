//! Codex: `[otel]` in `config.toml` (0.169.0).
//!
//! The parser says where things stand; what we add are whole lines of our own,
//! and they are taken out as whole lines. Nothing else in the file is written
//! anew.

use super::State;
use crate::error::{BYTE_ORDER_MARK, Error, decode, position};
use std::path::Path;
use toml_edit::{Document, Item, TableLike};

/// Stands above a table of ours.
const COMMENT: &str = "# added by `dashcam connect --telemetry`, removed by `dashcam disconnect`";
const HEADER: &str = "[otel]";
/// What is sent where. Metrics are left to Codex.
const LINES: [&str; 2] = [
    r#"exporter = { otlp-http = { endpoint = "http://127.0.0.1:4318/v1/logs", protocol = "binary" } }"#,
    r#"trace_exporter = { otlp-http = { endpoint = "http://127.0.0.1:4318/v1/traces", protocol = "binary" } }"#,
];
const KEYS: [&str; 2] = ["exporter", "trace_exporter"];

struct Text {
    text: String,
    has_mark: bool,
}

impl Text {
    fn bytes(&self, text: &str) -> Vec<u8> {
        let mark = if self.has_mark {
            BYTE_ORDER_MARK.to_string()
        } else {
            String::new()
        };
        (mark + text).into_bytes()
    }
}

fn parse(path: &Path, bytes: &[u8]) -> Result<(Text, Document<String>), Error> {
    let (text, has_mark) = decode(path, bytes)?;
    let document = Document::parse(text.clone()).map_err(|problem| {
        let at = problem.span().map_or(0, |span| span.start);
        let (line, column) = position(&text, at);
        Error::Broken {
            path: path.to_owned(),
            line,
            column,
            message: problem.message().replace('\n', ", "),
        }
    })?;
    Ok((Text { text, has_mark }, document))
}

fn otel(document: &Document<String>) -> Option<&Item> {
    document.as_table().get("otel")
}

/// Where telemetry goes by a file.
pub(crate) fn state(path: &Path, bytes: &[u8]) -> Result<State, Error> {
    let (text, document) = parse(path, bytes)?;
    let Some(otel) = otel(&document).and_then(Item::as_table_like) else {
        return Ok(State::Off);
    };
    if LINES.iter().all(|line| {
        our_lines(&text.text, &document)
            .iter()
            .any(|(_, _, ours)| ours == line)
    }) {
        return Ok(State::Dashcam);
    }
    Ok(taken(otel).map_or(State::Off, State::Elsewhere))
}

fn taken(otel: &dyn TableLike) -> Option<String> {
    let (key, value) = KEYS.iter().find_map(|key| Some((key, otel.get(key)?)))?;
    let value = value.to_string();
    Some(format!("otel.{key} = {}", value.trim().replace('\n', " ")))
}

/// Points telemetry at dashcam. `None`: `[otel]` is written in a way that no
/// line can be added to.
pub(crate) fn add(path: &Path, bytes: &[u8]) -> Result<Option<Vec<u8>>, Error> {
    let (text, document) = parse(path, bytes)?;
    let newline = if text.text.contains("\r\n") {
        "\r\n"
    } else {
        "\n"
    };
    let lines = LINES.map(|line| format!("{line}{newline}")).concat();
    let header = match otel(&document) {
        None => None,
        Some(Item::Table(table)) if table.is_implicit() && !table.is_dotted() => None,
        // The table's own span is its header's.
        Some(Item::Table(table)) if !table.is_dotted() => match table.span() {
            Some(span) => Some(span.end),
            None => return Ok(None),
        },
        Some(_) => return Ok(None),
    };
    let out = if let Some(end) = header {
        let line_end = text.text[end..].find('\n').map(|newline| end + newline + 1);
        match line_end {
            Some(at) => format!("{}{lines}{}", &text.text[..at], &text.text[at..]),
            None => format!("{}{newline}{lines}", text.text),
        }
    } else {
        let gap = match text.text.as_str() {
            "" => String::new(),
            ends if ends.ends_with('\n') => newline.to_owned(),
            _ => newline.repeat(2),
        };
        format!(
            "{}{gap}{COMMENT}{newline}{HEADER}{newline}{lines}",
            text.text
        )
    };
    let is_sound = Document::parse(out.clone())
        .is_ok_and(|edited| our_lines(&out, &edited).len() == LINES.len());
    if !is_sound {
        return Err(Error::Unsafe(path.to_owned()));
    }
    Ok(Some(text.bytes(&out)))
}

/// Takes our lines out, and our header where nothing else stands below it.
pub(crate) fn remove(path: &Path, bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let (text, document) = parse(path, bytes)?;
    let ours = our_lines(&text.text, &document);
    if ours.is_empty() {
        return Ok(bytes.to_owned());
    }
    // What has a header of its own does not stand below ours.
    let has_header = |item: &Item| match item {
        Item::Table(table) => !table.is_dotted(),
        Item::ArrayOfTables(_) => true,
        Item::None | Item::Value(_) => false,
    };
    let has_others = otel(&document)
        .and_then(Item::as_table)
        .is_some_and(|otel| otel.iter().filter(|(_, item)| !has_header(item)).count() > ours.len());
    let mut out = text.text.clone();
    for (start, end, _) in ours.iter().rev() {
        out.replace_range(start..end, "");
    }
    let first = ours.first().map_or(0, |line| line.0);
    if let (false, Some(start)) = (has_others, our_header(&out[..first])) {
        out.replace_range(start..first, "");
        // The blank line that set it apart, if nothing follows.
        if out[start..].trim().is_empty() {
            let head = &out[..start];
            let shorter = head
                .strip_suffix("\r\n")
                .or_else(|| head.strip_suffix('\n'))
                .map_or(head.len(), str::len);
            out.truncate(shorter);
        }
    }
    if Document::parse(out.clone()).is_err() {
        return Err(Error::Unsafe(path.to_owned()));
    }
    Ok(text.bytes(&out))
}

/// Where our comment and header begin, if they end a text.
fn our_header(text: &str) -> Option<usize> {
    let line = |text: &str, wanted: &str| {
        let trimmed = text.strip_suffix('\n')?;
        let trimmed = trimmed.strip_suffix('\r').unwrap_or(trimmed);
        let start = trimmed.len().checked_sub(wanted.len())?;
        trimmed.ends_with(wanted).then_some(start)
    };
    let header = line(text, HEADER)?;
    line(&text[..header], COMMENT)
}

/// Our own lines in `[otel]`, with their line ends.
fn our_lines(text: &str, document: &Document<String>) -> Vec<(usize, usize, &'static str)> {
    let Some(otel) = otel(document).and_then(Item::as_table) else {
        return Vec::new();
    };
    let mut lines: Vec<_> = KEYS
        .iter()
        .zip(LINES)
        .filter_map(|(name, line)| {
            let start = otel.key(name)?.span()?.start;
            let rest = text[start..].strip_prefix(line)?;
            let is_whole_line = text[..start].is_empty() || text[..start].ends_with('\n');
            let end = rest.strip_prefix('\r').unwrap_or(rest);
            let end = match end.strip_prefix('\n') {
                Some(after) => text.len() - after.len(),
                None if end.is_empty() => text.len(),
                None => return None,
            };
            is_whole_line.then_some((start, end, line))
        })
        .collect();
    lines.sort_unstable();
    lines
}
