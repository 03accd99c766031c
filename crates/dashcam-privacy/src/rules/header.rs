//! Credentials in HTTP headers.

use super::{Finding, begins_word, values, window};
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use std::ops::Range;

/// User and password in base64.
pub(crate) const BASIC_AUTH: &str = "basic-auth";

/// The shortest token that is taken after `Bearer`.
const MIN_TOKEN_BYTES: usize = 12;

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The token after `Bearer `.
pub(super) fn bearer(text: &str, at: usize) -> Option<Finding> {
    let rest = window(text, at, 8192);
    let length = rest
        .bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || b"-._~+/=:".contains(byte))
        .count();
    let token = rest[..length].trim_end_matches(['.', ':']);
    let digits = token.bytes().filter(u8::is_ascii_digit).count();
    let has_lower = token.bytes().any(|byte| byte.is_ascii_lowercase());
    let has_upper = token.bytes().any(|byte| byte.is_ascii_uppercase());
    let is_token = token.len() >= MIN_TOKEN_BYTES
        && (digits >= 2 || token.len() >= 20 && has_lower && has_upper)
        && !values::is_placeholder(token)
        && !values::is_kebab(token)
        && values::distinct_bytes(token) >= 6;
    is_token.then(|| Finding {
        range: at..at + token.len(),
        kind: "bearer-token",
        specific: false,
    })
}

/// User and password after `Basic `.
pub(super) fn basic(text: &str, at: usize) -> Option<Finding> {
    let rest = window(text, at, 1024);
    let length = rest
        .bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte))
        .count();
    if length < 8 {
        return None;
    }
    let decoded = LENIENT.decode(&rest[..length]).ok()?;
    let pair = String::from_utf8(decoded).ok()?;
    let (_, password) = pair.split_once(':')?;
    let is_pair = !pair.chars().any(char::is_control) && !password.is_empty();
    is_pair.then(|| Finding {
        range: at..at + length,
        kind: BASIC_AUTH,
        specific: true,
    })
}

/// The values of cookies that look like keys to a session.
pub(super) fn cookies(text: &str, name: Range<usize>, findings: &mut Vec<Finding>) {
    let Some(first) = name.start.checked_sub(1) else {
        return;
    };
    let bytes = text.as_bytes();
    if !bytes[first].eq_ignore_ascii_case(&b'c') || !begins_word(bytes, first) {
        return;
    }
    let at = name.end;
    let rest = window(text, at, 4096);
    let line = rest
        .find(['\n', '\r', '"', '\'', '\\'])
        .map_or(rest, |end| &rest[..end]);
    let mut from = at;
    for pair in line.split(';') {
        if let Some(sign) = pair.find('=') {
            let value = pair[sign + 1..].trim_end();
            let is_attribute = ["path", "domain", "expires", "max-age", "samesite"]
                .iter()
                .any(|name| pair[..sign].trim().eq_ignore_ascii_case(name));
            let digits = value.bytes().filter(u8::is_ascii_digit).count();
            if !is_attribute
                && value.len() >= 16
                && digits >= 2
                && values::distinct_bytes(value) >= 8
                && !values::is_placeholder(value)
            {
                findings.push(Finding {
                    range: from + sign + 1..from + sign + 1 + value.len(),
                    kind: "cookie",
                    specific: false,
                });
            }
        }
        from += pair.len() + 1;
    }
}
