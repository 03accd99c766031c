//! Attributes as they are sent: numbers as texts, flags as words.

use dashcam_trace::Timestamp;
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value::Value};

/// The attributes of a resource, a span, an event or a log record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attributes<'a>(pub(crate) &'a [KeyValue]);

impl<'a> Attributes<'a> {
    pub(crate) fn value(self, name: &str) -> Option<&'a Value> {
        let attribute = self.0.iter().find(|attribute| attribute.key == name)?;
        attribute.value.as_ref()?.value.as_ref()
    }

    pub(crate) fn has(self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// A text; an empty one is none.
    pub(crate) fn text(self, name: &str) -> Option<&'a str> {
        match self.value(name)? {
            Value::StringValue(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    pub(crate) fn owned(self, name: &str) -> Option<String> {
        self.text(name).map(str::to_owned)
    }

    /// A number, also one that is written as a text.
    pub(crate) fn number(self, name: &str) -> Option<f64> {
        let number = match self.value(name)? {
            Value::IntValue(number) => *number as f64,
            Value::DoubleValue(number) => *number,
            Value::StringValue(text) => text.trim().parse().ok()?,
            _ => return None,
        };
        number.is_finite().then_some(number)
    }

    /// A count, also one that is written as a text; one below 0 is none.
    pub(crate) fn count(self, name: &str) -> Option<u64> {
        match self.value(name)? {
            Value::IntValue(number) => u64::try_from(*number).ok(),
            Value::StringValue(text) => text.trim().parse().ok(),
            Value::DoubleValue(number) if *number >= 0.0 => Some(*number as u64),
            _ => None,
        }
    }

    /// Yes or no, also as a word.
    pub(crate) fn flag(self, name: &str) -> Option<bool> {
        match self.value(name)? {
            Value::BoolValue(flag) => Some(*flag),
            Value::StringValue(word) => word.parse().ok(),
            _ => None,
        }
    }

    /// A time as RFC 3339 has it.
    pub(crate) fn time(self, name: &str) -> Option<Timestamp> {
        self.text(name)?.parse().ok()
    }
}

/// A moment in nanoseconds since 1970; 0 is none.
pub(crate) fn moment(nanoseconds: u64) -> Option<Timestamp> {
    if nanoseconds == 0 {
        return None;
    }
    Timestamp::from_nanosecond(i128::from(nanoseconds)).ok()
}
