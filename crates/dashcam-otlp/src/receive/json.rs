//! OTLP's JSON, as it is meant and as it is sent.
//!
//! The specification (OTLP 1.9, "JSON Protobuf Encoding") has names in
//! `lowerCamelCase`, ids in hexadecimal, enums as numbers and 64-bit numbers
//! as texts. Senders built on general protobuf libraries write names with
//! underscores, ids in base64 and enums by name. A document is put into the
//! first form before it is read; both mean the same.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

/// Reads a document.
pub(super) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, serde_json::Error> {
    let mut document: Value = serde_json::from_slice(body)?;
    normalize(&mut document);
    serde_json::from_value(document)
}

fn normalize(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(normalize),
        Value::Object(object) => {
            let members = std::mem::take(object);
            for (name, mut member) in members {
                // Absent and null are the same in protobuf.
                if member.is_null() {
                    continue;
                }
                let name = camel_case(name);
                normalize_member(&name, &mut member);
                object.insert(name, member);
            }
            keep_one_value(object);
        }
        _ => {}
    }
}

fn normalize_member(name: &str, member: &mut Value) {
    match name {
        "traceId" => to_hex(member, 16),
        "spanId" | "parentSpanId" => to_hex(member, 8),
        // The only members that are texts of the sender's own.
        "stringValue" | "bytesValue" => {}
        _ => {
            if let Value::String(word) = member
                && let Some(number) = enum_number(name, word)
            {
                *member = Value::from(number);
            } else {
                normalize(member);
            }
        }
    }
}

fn camel_case(name: String) -> String {
    if !name.contains('_') {
        return name;
    }
    let mut camel = String::with_capacity(name.len());
    let mut raised = false;
    for character in name.chars() {
        if character == '_' {
            raised = true;
        } else if std::mem::take(&mut raised) {
            camel.extend(character.to_uppercase());
        } else {
            camel.push(character);
        }
    }
    camel
}

/// An id of so many bytes in hexadecimal, whichever way it was written. What
/// is neither stays, for the reader to refuse.
fn to_hex(member: &mut Value, bytes: usize) {
    let Value::String(text) = member else { return };
    if text.len() == bytes * 2 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        text.make_ascii_lowercase();
    } else if let Ok(id) = STANDARD.decode(text.as_bytes())
        && id.len() == bytes
    {
        text.clear();
        for byte in id {
            text.push_str(&format!("{byte:02x}"));
        }
    }
}

fn enum_number(member: &str, word: &str) -> Option<i32> {
    use opentelemetry_proto::tonic::logs::v1::SeverityNumber;
    use opentelemetry_proto::tonic::metrics::v1::AggregationTemporality;
    use opentelemetry_proto::tonic::trace::v1::{span::SpanKind, status::StatusCode};
    match member {
        "kind" => SpanKind::from_str_name(word).map(i32::from),
        "code" => StatusCode::from_str_name(word).map(i32::from),
        "severityNumber" => SeverityNumber::from_str_name(word).map(i32::from),
        "aggregationTemporality" => AggregationTemporality::from_str_name(word).map(i32::from),
        _ => None,
    }
}

/// The parts of an `AnyValue`. A value of a kind that is newer than this
/// version is none at all; its members would trip the reader.
const VALUES: [&str; 7] = [
    "stringValue",
    "boolValue",
    "intValue",
    "doubleValue",
    "arrayValue",
    "kvlistValue",
    "bytesValue",
];

fn keep_one_value(object: &mut Map<String, Value>) {
    let has_value = object.keys().any(|name| VALUES.contains(&name.as_str()));
    if has_value {
        object.retain(|name, _| VALUES.contains(&name.as_str()));
    }
}
