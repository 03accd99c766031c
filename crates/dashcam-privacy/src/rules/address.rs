//! Passwords in addresses: `scheme://user:password@host`.

use super::{Finding, values, window};
use std::ops::Range;

/// How far a host's name is looked for.
const AUTHORITY_BYTES: usize = 512;

/// The password in the address whose `://` stands here.
pub(super) fn find(text: &str, mark: Range<usize>) -> Option<Finding> {
    let bytes = text.as_bytes();
    let scheme_end = mark.start;
    let scheme = bytes[..scheme_end]
        .iter()
        .rev()
        .take(24)
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
        .count();
    if scheme == 0 {
        return None;
    }
    let is_web = bytes[..scheme_end].ends_with(b"http") || bytes[..scheme_end].ends_with(b"https");
    let from = mark.end;
    let rest = window(text, from, AUTHORITY_BYTES);
    // Databases' passwords are often not encoded, so that they may hold `/`
    // and `?`; in an address of the web, these begin the path.
    let end = rest
        .find(|byte: char| {
            byte.is_whitespace()
                || matches!(byte, '"' | '\'' | '`' | '<' | '>' | '\\')
                || (is_web && matches!(byte, '/' | '?' | '#' | ')' | ','))
        })
        .unwrap_or(rest.len());
    let authority = &rest[..end];
    // Addresses in a row, as in a list, each have their own mark.
    let authority = authority
        .find("://")
        .map_or(authority, |next| &authority[..next]);
    // A database's password may hold `@` and `/`: the host follows the last.
    let host = authority.rfind('@')?;
    // What an earlier pass put here is no password.
    if authority[..host].contains("[redacted:") {
        return None;
    }
    let (user, password) = authority[..host].split_once(':').unwrap_or(("", ""));
    if password.is_empty() {
        // A token in place of the user, as Sentry and Git do it.
        let user = &authority[..host];
        let is_token = user.len() >= 16
            && user
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
            && values::is_telling(user);
        return is_token.then(|| Finding {
            range: from..from + host,
            kind: "url-password",
            specific: false,
        });
    }
    // `docker://name/image:tag@digest` has no user.
    let is_path = user.contains('/');
    let is_port = password.bytes().all(|byte| byte.is_ascii_digit()) && password.len() < 6;
    let is_example = values::is_placeholder(password);
    if is_example || is_path || is_port || password.len() < 3 {
        return None;
    }
    let start = from + user.len() + 1;
    Some(Finding {
        range: start..from + host,
        kind: "url-password",
        specific: false,
    })
}
