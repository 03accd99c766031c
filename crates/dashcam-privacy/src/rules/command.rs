//! Passwords on command lines whose options do not say so by name.

use super::{Finding, values, window};
use std::ops::Range;

/// How far a command's options are looked at.
const LINE_BYTES: usize = 400;

/// What a command takes a password by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// `-u user:password`.
    User,
    /// `-ppassword`.
    Attached,
    /// `-p password`.
    P,
    /// `-a password`.
    A,
    /// `pass:password`.
    Pass,
    /// `IDENTIFIED BY 'password'`.
    Word,
    /// `htpasswd … user password`, the last word.
    Last,
}

/// Programs and options, with how they take it.
pub(super) const ANCHORS: &[(&str, Command)] = &[
    (" -u ", Command::User),
    (" -u'", Command::User),
    ("--user ", Command::User),
    ("--user=", Command::User),
    ("--proxy-user ", Command::User),
    ("\"-u\", ", Command::User),
    ("mysql", Command::Attached),
    ("mariadb", Command::Attached),
    ("sshpass ", Command::P),
    ("docker login", Command::P),
    ("podman login", Command::P),
    ("az login", Command::P),
    ("redis-cli", Command::A),
    ("pass:", Command::Pass),
    ("IDENTIFIED BY '", Command::Word),
    ("identified by '", Command::Word),
    ("htpasswd -b", Command::Last),
];

/// The password that the command which stands here takes.
pub(super) fn find(
    command: Command,
    text: &str,
    anchor: Range<usize>,
    findings: &mut Vec<Finding>,
) {
    let before = text[..anchor.start].bytes().next_back();
    let stands_alone = before.is_none_or(|byte| b" \t\n\"'=".contains(&byte));
    if command == Command::Pass && !stands_alone {
        return;
    }
    let rest = window(text, anchor.end, LINE_BYTES);
    let line = rest.find(['\n', '|', ';']).map_or(rest, |end| &rest[..end]);
    let found = match command {
        Command::User => user(line),
        Command::Pass => Some(word(line, 0)),
        Command::Word => line.find('\'').map(|end| 0..end),
        Command::Attached => option(line, "-p").filter(|range| !range.is_empty()),
        Command::P => option(line, "-p"),
        Command::A => option(line, "-a"),
        Command::Last => last(line),
    };
    let Some(range) = found else { return };
    let value = &line[range.clone()];
    let is_short_option = matches!(command, Command::Pass | Command::Attached);
    let has_other = value
        .bytes()
        .any(|byte| byte.is_ascii_digit() || !byte.is_ascii_alphanumeric());
    if value.len() < 4
        || values::is_placeholder(value)
        || value.starts_with(['/', '-'])
        || (is_short_option && !has_other && value.len() < 8)
    {
        return;
    }
    findings.push(Finding {
        range: anchor.end + range.start..anchor.end + range.end,
        kind: "password",
        specific: false,
    });
}

/// The password of `user:password`. Numbers are users and groups of a system.
fn user(line: &str) -> Option<Range<usize>> {
    let pair = word(line, 0);
    let colon = pair.start + line[pair.clone()].find(':')?;
    let password = colon + 1..pair.end;
    let value = &line[password.clone()];
    let is_plain = value.bytes().all(|byte| byte.is_ascii_digit())
        || value.starts_with('/')
        || (value.len() < 8 && value.bytes().all(|byte| byte.is_ascii_lowercase()));
    (!is_plain).then_some(password)
}

/// The value of an option, attached or after a space. Attached values are
/// not parted by `=`.
fn option(line: &str, name: &str) -> Option<Range<usize>> {
    let mut from = 0;
    while let Some(found) = line[from..].find(name) {
        let at = from + found;
        let after = at + name.len();
        let begins = at == 0 || matches!(line.as_bytes()[at - 1], b' ' | b'"' | b'\'');
        if begins {
            let blanks = line[after..].len() - line[after..].trim_start_matches(' ').len();
            let range = word(line, after + blanks);
            // `-p` alone asks for the password; `-port` is another option.
            let is_other = blanks == 0
                && line[range.clone()]
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte == b'-');
            if !is_other && !range.is_empty() {
                return Some(range);
            }
        }
        from = after;
    }
    None
}

fn last(line: &str) -> Option<Range<usize>> {
    let end = line.trim_end().len();
    let start = line[..end].rfind(' ')? + 1;
    (line[..start].split_whitespace().count() >= 2).then_some(start..end)
}

/// The word that begins here, without its quotes.
fn word(line: &str, at: usize) -> Range<usize> {
    let rest = &line[at..];
    let quote = rest
        .chars()
        .next()
        .filter(|first| matches!(first, '"' | '\''));
    if let Some(quote) = quote {
        let end = rest[1..].find(quote).map_or(rest.len(), |end| end + 1);
        return at + 1..at + end.max(1);
    }
    let end = rest
        .find(|byte: char| {
            byte.is_whitespace() || matches!(byte, '"' | '\'' | '`' | '\\' | ')' | '&' | ',')
        })
        .unwrap_or(rest.len());
    at..at + end
}
