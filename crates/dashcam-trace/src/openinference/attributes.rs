//! Attributes as OTLP carries them: written in order, read by name.

use super::decode::DecodeError;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, any_value::Value};
use serde::Serialize;
use serde::de::{DeserializeOwned, IntoDeserializer};
use std::collections::HashMap;

/// Attributes of one span, as they are written.
#[derive(Debug, Default)]
pub(super) struct Writer(pub(super) Vec<KeyValue>);

impl Writer {
    pub(super) fn text(&mut self, name: impl Into<String>, text: impl Into<String>) {
        self.value(name, Value::StringValue(text.into()));
    }

    pub(super) fn optional_text(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    /// A count; those beyond 2⁶³ are written as the greatest that fits.
    pub(super) fn count(&mut self, name: &str, count: u64) {
        self.int(name, i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// A count that says nothing when it is 0.
    pub(super) fn count_above_zero(&mut self, name: &str, count: u64) {
        if count > 0 {
            self.count(name, count);
        }
    }

    pub(super) fn int(&mut self, name: &str, int: i64) {
        self.value(name, Value::IntValue(int));
    }

    pub(super) fn float(&mut self, name: &str, float: f64) {
        self.value(name, Value::DoubleValue(float));
    }

    /// Written only when it holds.
    pub(super) fn flag(&mut self, name: &str, flag: bool) {
        if flag {
            self.value(name, Value::BoolValue(true));
        }
    }

    pub(super) fn texts<'a>(&mut self, name: &str, texts: impl Iterator<Item = &'a str>) {
        let values = texts
            .map(|text| AnyValue {
                value: Some(Value::StringValue(text.to_owned())),
            })
            .collect();
        self.value(name, Value::ArrayValue(ArrayValue { values }));
    }

    pub(super) fn json(&mut self, name: &str, value: &impl Serialize) {
        self.text(name, crate::RawJson::from_value(value).as_str());
    }

    fn value(&mut self, name: impl Into<String>, value: Value) {
        self.0.push(KeyValue {
            key: name.into(),
            value: Some(AnyValue { value: Some(value) }),
            ..KeyValue::default()
        });
    }
}

/// Attributes of one span, as they are read.
pub(super) struct Reader<'a>(HashMap<&'a str, &'a Value>);

impl<'a> Reader<'a> {
    pub(super) fn new(attributes: &'a [KeyValue]) -> Self {
        let value = |attribute: &'a KeyValue| attribute.value.as_ref()?.value.as_ref();
        Self(
            attributes
                .iter()
                .filter_map(|attribute| Some((attribute.key.as_str(), value(attribute)?)))
                .collect(),
        )
    }

    pub(super) fn text(&self, name: &str) -> Option<&'a str> {
        match self.0.get(name)? {
            Value::StringValue(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn owned(&self, name: &str) -> Option<String> {
        self.text(name).map(str::to_owned)
    }

    pub(super) fn int(&self, name: &str) -> Option<i64> {
        match self.0.get(name)? {
            Value::IntValue(int) => Some(*int),
            _ => None,
        }
    }

    /// A count; one below 0 is none.
    pub(super) fn count(&self, name: &str) -> Option<u64> {
        self.int(name).and_then(|int| u64::try_from(int).ok())
    }

    pub(super) fn float(&self, name: &str) -> Option<f64> {
        match self.0.get(name)? {
            Value::DoubleValue(float) => Some(*float),
            Value::IntValue(int) => Some(*int as f64),
            _ => None,
        }
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        matches!(self.0.get(name), Some(Value::BoolValue(true)))
    }

    pub(super) fn texts(&self, name: &str) -> Vec<&'a str> {
        let Some(Value::ArrayValue(array)) = self.0.get(name) else {
            return Vec::new();
        };
        let text = |value: &'a AnyValue| match &value.value {
            Some(Value::StringValue(text)) => Some(text.as_str()),
            _ => None,
        };
        array.values.iter().filter_map(text).collect()
    }

    /// A value written as JSON.
    pub(super) fn json<T: DeserializeOwned>(
        &self,
        name: &'static str,
    ) -> Result<Option<T>, DecodeError> {
        self.text(name)
            .map(|text| serde_json::from_str(text))
            .transpose()
            .map_err(|source| DecodeError::Json { name, source })
    }

    /// One of the words of an enum.
    pub(super) fn word<T: DeserializeOwned>(
        &self,
        name: &'static str,
    ) -> Result<Option<T>, DecodeError> {
        self.text(name)
            .map(|text| parse_word(name, text))
            .transpose()
    }
}

/// The value of an enum that a word stands for.
pub(super) fn parse_word<T: DeserializeOwned>(
    name: &'static str,
    word: &str,
) -> Result<T, DecodeError> {
    let deserializer: serde::de::value::StrDeserializer<'_, serde::de::value::Error> =
        word.into_deserializer();
    T::deserialize(deserializer).map_err(|_| DecodeError::Word {
        name,
        word: word.to_owned(),
    })
}

/// The word of an enum's value, as serde writes it.
pub(super) fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}
