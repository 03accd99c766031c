//! Everything that can be sent, and a search for a secret in it.

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use dashcam_export::{Format, RenderOptions, render};
use dashcam_trace::Session;
use dashcam_trace::openinference::encode_session;
use prost::Message as _;
use std::collections::BTreeSet;

/// A session in every form in which it can leave.
pub(crate) fn every_form(session: &Session) -> Vec<(&'static str, Vec<u8>)> {
    let options = RenderOptions {
        width: 160,
        output_lines: usize::MAX,
        thinking_lines: usize::MAX,
        ..RenderOptions::default()
    };
    let request = encode_session(session, "project");
    let mut forms = vec![
        ("protobuf", request.encode_to_vec()),
        ("otlp json", serde_json::to_vec(&request).unwrap()),
        ("debug", format!("{session:?}").into_bytes()),
    ];
    for format in Format::ALL {
        let text = render(session, format, &options).unwrap();
        forms.push((format.as_str(), text.into_bytes()));
    }
    forms
}

/// A secret's value in the forms in which it could slip through.
fn disguises(value: &str) -> Vec<String> {
    let json = serde_json::to_string(value).unwrap();
    let json = json[1..json.len() - 1].to_owned();
    let percent = |upper: bool| {
        value
            .bytes()
            .map(|byte| match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                    char::from(byte).to_string()
                }
                _ if upper => format!("%{byte:02X}"),
                _ => format!("%{byte:02x}"),
            })
            .collect::<String>()
    };
    let mut disguises = vec![
        value.to_owned(),
        json,
        percent(true),
        percent(false),
        hex(value),
        value.chars().rev().collect(),
    ];
    for shift in 0..3 {
        let shifted = [&b"\0\0\0"[..shift], value.as_bytes()].concat();
        let first = (shift * 8_usize).div_ceil(6);
        let last = shifted.len() * 8 / 6;
        disguises.push(STANDARD_NO_PAD.encode(&shifted)[first..last].to_owned());
        disguises.push(URL_SAFE_NO_PAD.encode(&shifted)[first..last].to_owned());
    }
    disguises.retain(|disguise| disguise.len() >= 6);
    disguises
}

fn hex(value: &str) -> String {
    let digit = |half: u8| char::from(b"0123456789abcdef"[usize::from(half)]);
    value
        .bytes()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

/// Without line breaks, spaces, escapes and terminal colours, between which a
/// secret could be split.
fn joined(bytes: &[u8]) -> Vec<u8> {
    let mut joined = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match &bytes[at..] {
            [0x1b, b'[', rest @ ..] => {
                let length = rest.iter().position(u8::is_ascii_alphabetic).unwrap_or(0);
                at += length + 3;
            }
            [b'\\', b'u', b'0', b'0', b'1', b'b', b'[', rest @ ..] => {
                let length = rest.iter().position(u8::is_ascii_alphabetic).unwrap_or(0);
                at += length + 8;
            }
            [b'\\', b'n' | b't' | b'r', ..] => at += 2,
            [byte, ..] if byte.is_ascii_whitespace() || *byte == b'\\' => at += 1,
            [byte, ..] => {
                joined.push(*byte);
                at += 1;
            }
            [] => break,
        }
    }
    joined
}

/// Where a secret shows: in which form, and what of it.
pub(crate) fn leaks(forms: &[(&'static str, Vec<u8>)], values: &[&str]) -> Vec<String> {
    let mut pieces = Vec::new();
    for value in values {
        pieces.extend(disguises(value).into_iter().map(|piece| (piece, *value)));
        // Pieces of a longer secret are as bad.
        let inner = &value[value.len() / 3..];
        if inner.len() >= 14 && inner.is_ascii() {
            pieces.push((inner[..12].to_owned(), value));
            pieces.push((inner[inner.len() - 12..].to_owned(), value));
        }
    }
    let finder = AhoCorasick::new(pieces.iter().map(|(piece, _)| piece)).unwrap();
    let mut leaks = BTreeSet::new();
    for (form, bytes) in forms {
        for bytes in [bytes, &joined(bytes)] {
            for hit in finder.find_overlapping_iter(bytes) {
                let (piece, value) = &pieces[hit.pattern().as_usize()];
                leaks.insert(format!("{form}: {piece} (of {value})"));
            }
        }
    }
    leaks.into_iter().collect()
}
