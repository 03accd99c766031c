//! Makes a span fit what a backend takes.

use super::limits::Limits;
use dashcam_trace::openinference::names;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1::Span;

/// Set on a span of which something was cut or left out.
const SHORTENED: &str = "dashcam.shortened";

/// Cuts texts that are too long and leaves out the attributes that are one
/// too many, those first that say what others say too. Whatever was taken away
/// is counted on the span.
pub fn fit(span: &mut Span, limits: &Limits) {
    let mut cut = shorten_texts(span, limits.value_bytes);
    if let Some(most) = limits.attributes {
        // One place is for saying so.
        let room = most.saturating_sub(1).max(1);
        let excess = span.attributes.len().saturating_sub(room);
        if excess > 0 {
            leave_out(span, room);
            span.dropped_attributes_count += u32::try_from(excess).unwrap_or(u32::MAX);
            cut = true;
        }
    }
    if cut {
        mark(span);
    }
}

/// Cuts every text of a span that is too large as a whole.
pub fn shorten(span: &mut Span, value_bytes: usize) {
    if shorten_texts(span, value_bytes) {
        mark(span);
    }
}

fn mark(span: &mut Span) {
    let is_marked = span
        .attributes
        .iter()
        .any(|attribute| attribute.key == SHORTENED);
    if !is_marked {
        span.attributes.push(KeyValue {
            key: SHORTENED.to_owned(),
            value: Some(AnyValue {
                value: Some(Value::BoolValue(true)),
            }),
            ..KeyValue::default()
        });
    }
}

/// Returns whether anything was cut.
fn shorten_texts(span: &mut Span, most: usize) -> bool {
    let mut cut = false;
    if let Some(status) = &mut span.status {
        cut |= shorten_text(&mut status.message, most);
    }
    let events = span
        .events
        .iter_mut()
        .flat_map(|event| &mut event.attributes);
    for attribute in span.attributes.iter_mut().chain(events) {
        if let Some(Value::StringValue(text)) = attribute
            .value
            .as_mut()
            .and_then(|value| value.value.as_mut())
        {
            cut |= shorten_text(text, most);
        }
    }
    cut
}

/// Keeps the beginning and says how much is missing.
fn shorten_text(text: &mut String, most: usize) -> bool {
    if text.len() <= most {
        return false;
    }
    // As long as the note can get.
    let room = most.saturating_sub("… (18446744073709551615 bytes cut)".len());
    let end = text.floor_char_boundary(room);
    let missing = text.len() - end;
    text.truncate(end);
    if room > 0 {
        text.push_str(&format!("… ({missing} bytes cut)"));
    }
    true
}

/// Keeps the attributes that matter most, in their order.
fn leave_out(span: &mut Span, room: usize) {
    let mut ranks: Vec<(u8, usize)> = span
        .attributes
        .iter()
        .enumerate()
        .map(|(place, attribute)| (rank(&attribute.key), place))
        .collect();
    ranks.sort_unstable();
    ranks.truncate(room);
    let mut kept: Vec<usize> = ranks.into_iter().map(|(_, place)| place).collect();
    kept.sort_unstable();
    let mut attributes: Vec<Option<KeyValue>> = std::mem::take(&mut span.attributes)
        .into_iter()
        .map(Some)
        .collect();
    span.attributes = kept
        .into_iter()
        .filter_map(|place| attributes[place].take())
        .collect();
}

/// How soon an attribute is left out: the higher, the sooner.
fn rank(name: &str) -> u8 {
    const FIRST: [&str; 14] = [
        names::SPAN_KIND,
        names::SESSION_ID,
        "user.id",
        names::GEN_AI_OPERATION,
        names::GEN_AI_REQUEST_MODEL,
        names::LLM_MODEL_NAME,
        names::LLM_PROVIDER,
        names::TOKENS_PROMPT,
        names::TOKENS_COMPLETION,
        names::COST_TOTAL,
        names::TOOL_NAME,
        names::INPUT_VALUE,
        names::OUTPUT_VALUE,
        names::ERROR_TYPE,
    ];
    if FIRST.contains(&name) {
        return 0;
    }
    let is_message = [names::LLM_INPUT_MESSAGES, names::LLM_OUTPUT_MESSAGES]
        .iter()
        .any(|first| name.starts_with(first));
    match name {
        _ if name.starts_with("llm.token_count.") => 1,
        _ if is_message => 5,
        _ if name.starts_with("dashcam.") => 4,
        _ if name.starts_with("gen_ai.") => 3,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str, text: &str) -> KeyValue {
        KeyValue {
            key: name.to_owned(),
            value: Some(AnyValue {
                value: Some(Value::StringValue(text.to_owned())),
            }),
            ..KeyValue::default()
        }
    }

    fn names_of(span: &Span) -> Vec<&str> {
        span.attributes
            .iter()
            .map(|attribute| attribute.key.as_str())
            .collect()
    }

    #[test]
    fn what_fits_stays_as_it_is() {
        let mut span = Span {
            attributes: vec![text("input.value", "short")],
            ..Span::default()
        };
        let before = span.clone();
        fit(&mut span, &Limits::USUAL);
        assert_eq!(span, before);
    }

    #[test]
    fn long_texts_are_cut_at_a_character_and_say_so() {
        let mut span = Span {
            attributes: vec![text("output.value", &"ä".repeat(3000))],
            ..Span::default()
        };
        let limits = Limits {
            value_bytes: 2048,
            ..Limits::USUAL
        };
        fit(&mut span, &limits);
        let Some(Value::StringValue(text)) =
            span.attributes[0].value.as_ref().unwrap().value.as_ref()
        else {
            panic!("a text stays a text");
        };
        assert!(text.len() <= 2048, "{}", text.len());
        assert!(text.contains("bytes cut)"), "{}", &text[text.len() - 40..]);
        assert_eq!(names_of(&span)[1], SHORTENED);
    }

    #[test]
    fn the_least_important_attributes_go_first() {
        let names = [
            "llm.input_messages.0.message.content",
            "dashcam.sources",
            "llm.model_name",
            "gen_ai.response.id",
            "team",
            "llm.token_count.prompt",
        ];
        let mut span = Span {
            attributes: names.iter().map(|name| text(name, "x")).collect(),
            ..Span::default()
        };
        let limits = Limits {
            attributes: Some(4),
            ..Limits::USUAL
        };
        fit(&mut span, &limits);
        assert_eq!(
            names_of(&span),
            [
                "llm.model_name",
                "team",
                "llm.token_count.prompt",
                SHORTENED
            ]
        );
        assert_eq!(span.dropped_attributes_count, 3);
    }
}
