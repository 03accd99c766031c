//! Laws that hold for any settings.

use crate::bench::{Bench, value};
use crate::exactness::meaning;
use dashcam_connect::Connectable;
use proptest::prelude::*;

/// White space and comments, as they may stand between any two parts.
fn gap() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => Just(String::new()),
        3 => Just(" ".to_owned()),
        3 => Just("\n  ".to_owned()),
        1 => Just("\r\n\t".to_owned()),
        1 => Just(" // a, comment } ]\n".to_owned()),
        1 => Just("/* another, \" { */".to_owned()),
        1 => Just("\n\n".to_owned()),
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("\"\"".to_owned()),
        Just("\"// no comment\"".to_owned()),
        Just("\"a \\\" quote, {\"".to_owned()),
        "\"[a-zA-Z äß]{1,8}\"",
    ]
}

fn leaf() -> impl Strategy<Value = String> {
    prop_oneof![
        text(),
        Just("true".to_owned()),
        Just("null".to_owned()),
        Just("-12.5e3".to_owned()),
        Just("0".to_owned()),
    ]
}

/// Parts between brackets, with gaps, and perhaps a comma behind the last.
fn container(
    open: &'static str,
    close: &'static str,
    parts: Vec<(String, String, String)>,
    trailing: bool,
    gap: &str,
) -> String {
    let count = parts.len();
    let mut out = format!("{open}{gap}");
    for (index, (before, part, after)) in parts.into_iter().enumerate() {
        out += &format!("{before}{part}{after}");
        if index + 1 < count || trailing {
            out.push(',');
        }
    }
    format!("{out}{gap}{close}")
}

fn any_value() -> impl Strategy<Value = String> {
    leaf().prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            (
                prop::collection::vec((gap(), inner.clone(), gap()), 0..4),
                any::<bool>(),
                gap()
            )
                .prop_map(|(parts, trailing, gap)| container("[", "]", parts, trailing, &gap)),
            (
                prop::collection::vec((gap(), member(inner), gap()), 0..4),
                any::<bool>(),
                gap()
            )
                .prop_map(|(parts, trailing, gap)| container("{", "}", parts, trailing, &gap)),
        ]
    })
}

fn member(value: impl Strategy<Value = String>) -> impl Strategy<Value = String> {
    (text(), gap(), gap(), value)
        .prop_map(|(name, before, after, value)| format!("{name}{before}:{after}{value}"))
}

fn handler() -> impl Strategy<Value = String> {
    (gap(), "[a-z]{1,6}").prop_map(|(gap, command)| {
        format!("{{\"type\": \"command\",{gap}\"command\": \"{command}\"}}")
    })
}

fn event() -> impl Strategy<Value = String> {
    let entry = (
        prop::collection::vec((gap(), handler(), gap()), 0..3),
        any::<bool>(),
        gap(),
    )
        .prop_map(|(handlers, trailing, gap)| {
            format!(
                "{{\"matcher\": \"x\", \"hooks\": {}}}",
                container("[", "]", handlers, trailing, &gap)
            )
        });
    let name = prop_oneof![
        Just("Stop"),
        Just("PreToolUse"),
        Just("SessionStart"),
        Just("Other")
    ];
    (
        name,
        gap(),
        prop::collection::vec((gap(), entry, gap()), 0..3),
        any::<bool>(),
        gap(),
    )
        .prop_map(|(name, before, entries, trailing, gap)| {
            format!(
                "\"{name}\":{before}{}",
                container("[", "]", entries, trailing, &gap)
            )
        })
}

/// Settings without hooks, or with those of others.
fn settings() -> impl Strategy<Value = String> {
    let hooks = (
        prop::collection::vec((gap(), event(), gap()), 0..4),
        any::<bool>(),
        gap(),
    )
        .prop_map(|(events, trailing, gap)| {
            format!("\"hooks\": {}", container("{", "}", events, trailing, &gap))
        });
    let one = prop_oneof![4 => member(any_value()), 1 => hooks];
    (
        gap(),
        prop::collection::vec((gap(), one, gap()), 0..5),
        any::<bool>(),
        gap(),
        any::<bool>(),
    )
        .prop_map(|(around, members, trailing, gap, mark)| {
            let mark = if mark { "\u{feff}" } else { "" };
            // A file of nothing but `{,}` is none.
            let trailing = trailing && !members.is_empty();
            format!(
                "{mark}{around}{}{around}",
                container("{", "}", members, trailing, &gap)
            )
        })
        .prop_map(|text| text.replace("[,", "[").replace("{,", "{"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn connect_and_disconnect_are_each_others_inverse(text in settings()) {
        let bench = Bench::new();
        let harness = Connectable::ClaudeCode;
        let path = bench.write(harness, text.as_bytes());
        let plan = bench.connector.plan_connect(&Bench::wanted(harness)).unwrap();
        if !plan.refused.is_empty() {
            // What is refused is not JSON by another reader either.
            let text = text.trim_start_matches('\u{feff}');
            let strict = jsonc_parser::ParseOptions { allow_missing_commas: false, ..Default::default() };
            prop_assert!(jsonc_parser::parse_to_serde_value::<Option<serde_json::Value>>(text, &strict).is_err(), "{:?}", plan.refused);
            return Ok(());
        }
        bench.connect(&Bench::wanted(harness));
        let connected = std::fs::read(&path).unwrap();
        prop_assert_eq!(bench.events(harness), harness.registration().events.len());
        // What is not below `hooks` means the same as before.
        let without_hooks = |bytes: &[u8]| {
            let mut value = value(bytes);
            value.as_object_mut().unwrap().remove("hooks");
            value
        };
        prop_assert_eq!(without_hooks(&connected), without_hooks(text.as_bytes()));
        prop_assert!(bench.connect(&Bench::wanted(harness)).changes.is_empty());

        // With the record: byte for byte. Without: the same meaning, and the
        // same bytes where no container of ours had been there empty.
        let mut bare = Bench::new();
        bare.connector.home = bench.connector.home.clone();
        let plan = bare.connector.plan_disconnect(&[harness], None).unwrap();
        prop_assert!(plan.refused.is_empty(), "{:?} {}", plan.refused, String::from_utf8_lossy(&connected));
        let stripped = plan.changes[0].after.clone().unwrap();
        prop_assert_eq!(meaning(&stripped), meaning(text.as_bytes()), "{}", String::from_utf8_lossy(&stripped));
        let original = value(text.as_bytes());
        if original.get("hooks").is_none() && !original.as_object().unwrap().is_empty() {
            prop_assert_eq!(String::from_utf8(stripped).unwrap(), text.clone());
        }
        bench.disconnect(harness);
        prop_assert_eq!(std::fs::read(&path).unwrap(), text.as_bytes());
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let bench = Bench::new();
        bench.write(Connectable::ClaudeCode, &bytes);
        bench.connector.plan_connect(&Bench::wanted(Connectable::ClaudeCode)).unwrap();
        bench.connector.status(Connectable::ClaudeCode, None);
    }

    #[test]
    fn no_text_of_json_signs_makes_it_panic(text in "[\\[\\]{}:,\"/*\n a1]{0,40}") {
        let bench = Bench::new();
        let path = bench.write(Connectable::ClaudeCode, text.as_bytes());
        let plan = bench.connector.plan_connect(&Bench::wanted(Connectable::ClaudeCode)).unwrap();
        bench.connector.carry_out(&plan).unwrap();
        bench.disconnect_if_sound(&path);
        prop_assert_eq!(std::fs::read(&path).unwrap(), text.as_bytes());
    }
}

impl Bench {
    fn disconnect_if_sound(&self, path: &std::path::Path) {
        let plan = self
            .connector
            .plan_disconnect(&[Connectable::ClaudeCode], None)
            .unwrap();
        assert!(path.exists());
        self.connector.carry_out(&plan).unwrap();
    }
}
