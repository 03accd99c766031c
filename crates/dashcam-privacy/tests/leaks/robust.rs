//! Whatever stands in a text, applying a level to it ends well.

use dashcam_privacy::{HashKey, Known, Level, Policy, apply_turn};
use dashcam_trace::{Event, EventKind, RawJson, SpanBody, Turn};
use proptest::prelude::*;
use std::sync::LazyLock;

/// Pieces at which the rules stop and look around, and what may trip them.
fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "password",
            "DB_PASSWORD",
            "api_key",
            "token",
            "Authorization: ",
            "Bearer ",
            "Basic ",
            "Cookie:",
            "=",
            ": ",
            ":",
            "\"",
            "'",
            "`",
            "\\\"",
            "&quot;",
            "%22",
            "%3D",
            "“",
            "”",
            "://",
            "postgres://",
            "@",
            "/",
            "?",
            "&",
            "#",
            "-----BEGIN ",
            "-----END ",
            "RSA PRIVATE KEY-----",
            "PRIVATE KEY",
            "Private-Lines: ",
            "eyJ",
            ".",
            "Q~",
            ":AA",
            "ghp_",
            "AKIA",
            "sk-ant-",
            "hooks.slack.com/services/",
            "mysql",
            "sshpass ",
            " -p",
            " -u ",
            "htpasswd -b",
            "login ",
            "password ",
            "value",
            "name",
            "\u{1b}[31m",
            "\u{1b}]0;",
            "\u{7}",
            "\\u001b[",
            "\\n",
            "\\",
            "\n",
            "\r",
            "\t",
            " ",
            "é",
            "蜂",
            "\u{200b}",
            "\u{0}",
            "{",
            "}",
            "[",
            "]",
            "<",
            ">",
            "(",
            ")",
            ",",
            ";",
            "|",
            "%",
            "$",
            "~",
        ])
        .prop_map(str::to_owned),
        "[a-zA-Z0-9]{1,40}",
        "[a-zA-Z0-9+/=_-]{30,70}",
        "[0-9]{1,12}",
    ]
}

static TURN: LazyLock<Turn> = LazyLock::new(|| {
    let mut turn = crate::evidence::claude_code().turns.remove(0);
    turn.spans.truncate(1);
    turn
});

static POLICIES: LazyLock<[Policy; 3]> = LazyLock::new(|| {
    Level::ALL.map(|level| {
        Policy::new(level, HashKey::from_bytes([3; 32]))
            .with_secrets(["蜂é=\"蜂\" é".to_owned(), "12345678".to_owned()])
            .with_user_paths(["/home/é".to_owned()])
    })
});

fn turn_saying(text: &str) -> Turn {
    let mut turn = TURN.clone();
    text.clone_into(&mut turn.prompt.text);
    turn.spans[0].body = SpanBody::Event(Event {
        kind: EventKind::Other,
        text: None,
        details: Some(RawJson::from_value(
            &serde_json::json!({ text: [text, { "password": text }], "n": 12.5 }),
        )),
    });
    turn
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_text_is_taken_and_json_stays_json(pieces in prop::collection::vec(piece(), 0..40)) {
        let text = pieces.concat();
        for policy in &*POLICIES {
            let turn = apply_turn(turn_saying(&text), policy, &mut Known::default());
            let SpanBody::Event(event) = &turn.spans[0].body else { unreachable!() };
            if let Some(details) = &event.details {
                let parsed: Result<serde_json::Value, _> = serde_json::from_str(details.as_str());
                prop_assert!(parsed.is_ok_and(|value| value.is_object()), "{}", details.as_str());
            }
        }
    }
}
