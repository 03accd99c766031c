//! Which texts of a turn can be found, and in which field.

use crate::view::SearchField;
use dashcam_trace::{EventKind, Part, SpanKind};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;

/// The fields, by their number in the index.
pub(super) const FIELDS: [SearchField; 5] = [
    SearchField::Prompt,
    SearchField::Answer,
    SearchField::Thinking,
    SearchField::ToolInput,
    SearchField::ToolOutput,
];

/// A field's number in the index.
pub(super) fn number(field: SearchField) -> usize {
    FIELDS
        .iter()
        .position(|other| *other == field)
        .unwrap_or_default()
}

/// A turn's JSON, as far as search looks at it.
#[derive(Deserialize)]
pub(super) struct TurnText<'a> {
    #[serde(borrow)]
    prompt: PromptText<'a>,
    #[serde(borrow)]
    pub(super) spans: Vec<SpanText<'a>>,
}

#[derive(Deserialize)]
struct PromptText<'a> {
    #[serde(borrow)]
    text: Cow<'a, str>,
}

#[derive(Deserialize)]
pub(super) struct SpanText<'a> {
    pub(super) id: dashcam_trace::SpanId,
    kind: SpanKind,
    #[serde(borrow)]
    pub(super) name: Cow<'a, str>,
    pub(super) start: dashcam_trace::Timestamp,
    #[serde(borrow, default)]
    input: Option<&'a RawValue>,
    #[serde(borrow, default)]
    output: Option<&'a RawValue>,
    #[serde(default)]
    event: Option<EventKind>,
    #[serde(borrow, default)]
    text: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct OutputText<'a> {
    #[serde(borrow, default)]
    text: Cow<'a, str>,
    #[serde(borrow, default)]
    stderr: Option<Cow<'a, str>>,
}

impl<'a> TurnText<'a> {
    pub(super) fn parse(json: &'a [u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(json)
    }

    /// Calls `visit` with every text that can be found: the span's place in
    /// the turn, the field, the text.
    ///
    /// What the person typed is prompt, also when it is a command. What the
    /// harness put in by itself is tool output. Agent runs are left out: the
    /// call that started them has their prompt and answer.
    pub(super) fn for_each(&self, visit: &mut dyn FnMut(usize, SearchField, &str)) {
        visit(0, SearchField::Prompt, &self.prompt.text);
        for (ordinal, span) in self.spans.iter().enumerate() {
            match span.kind {
                SpanKind::ModelCall => span.answer(ordinal, visit),
                SpanKind::ToolCall => span.tool(ordinal, visit),
                SpanKind::Event => {
                    if let Some(text) = &span.text {
                        visit(ordinal, event_field(span.event), text);
                    }
                }
                SpanKind::Turn | SpanKind::AgentRun => {}
            }
        }
    }
}

fn event_field(event: Option<EventKind>) -> SearchField {
    match event {
        Some(EventKind::Command | EventKind::ShellLine) => SearchField::Prompt,
        Some(EventKind::Compaction) => SearchField::Answer,
        _ => SearchField::ToolOutput,
    }
}

impl SpanText<'_> {
    fn answer(&self, ordinal: usize, visit: &mut dyn FnMut(usize, SearchField, &str)) {
        let parts = self
            .output
            .map(|output| serde_json::from_str::<Vec<Part>>(output.get()));
        for part in parts.and_then(Result::ok).into_iter().flatten() {
            match part {
                Part::Text { text } => visit(ordinal, SearchField::Answer, &text),
                Part::Thinking { text } => visit(ordinal, SearchField::Thinking, &text),
                _ => {}
            }
        }
    }

    fn tool(&self, ordinal: usize, visit: &mut dyn FnMut(usize, SearchField, &str)) {
        if let Some(input) = self.input {
            let mut found = |text: &str| visit(ordinal, SearchField::ToolInput, text);
            let mut json = serde_json::Deserializer::from_str(input.get());
            // Kept JSON is valid; what is nested too deeply is left out.
            let _ = Strings(&mut found).deserialize(&mut json);
        }
        let output = self
            .output
            .map(|output| serde_json::from_str::<OutputText<'_>>(output.get()));
        if let Some(Ok(output)) = output {
            visit(ordinal, SearchField::ToolOutput, &output.text);
            if let Some(stderr) = output
                .stderr
                .filter(|stderr| !output.text.contains(&**stderr))
            {
                visit(ordinal, SearchField::ToolOutput, &stderr);
            }
        }
    }
}

/// Visits every string value of a JSON text, without building it.
struct Strings<'v>(&'v mut dyn FnMut(&str));

impl<'de> DeserializeSeed<'de> for Strings<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strings<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        (self.0)(&number.to_string());
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        (self.0)(&number.to_string());
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        (self.0)(text);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Strings(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_key::<serde::de::IgnoredAny>()?.is_some() {
            map.next_value_seed(Strings(self.0))?;
        }
        Ok(())
    }
}
