//! Every format of small sessions whose text is hostile.

// Clippy takes only test functions for tests, not what they share.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod session;

use dashcam_export::{Format, RenderError, RenderOptions, render};
use dashcam_trace::Session;
use session::{session, twisted_session};

fn rendered(format: Format) -> String {
    render(&session(), format, &RenderOptions::default()).unwrap()
}

#[test]
fn text_reads_like_a_conversation() {
    insta::assert_snapshot!(rendered(Format::Text));
}

#[test]
fn markdown_keeps_the_answers_markup() {
    insta::assert_snapshot!(rendered(Format::Markdown));
}

#[test]
fn html_is_one_page_in_which_nothing_acts() {
    let page = rendered(Format::Html);
    let (head, body) = page.split_once("<body>").unwrap();
    assert!(head.contains("default-src 'none'"), "{head}");
    for forbidden in ["<script", "<img", "javascript:", "onerror=", "src="] {
        assert!(!body.contains(forbidden), "{forbidden}");
    }
    insta::assert_snapshot!(body);
}

#[test]
fn messages_answer_every_call() {
    insta::assert_snapshot!(rendered(Format::Messages));
}

#[test]
fn atif_holds_the_subagents_trajectory() {
    insta::assert_snapshot!(rendered(Format::Atif));
}

#[test]
fn json_is_the_session_itself() {
    let read: Session = serde_json::from_str(&rendered(Format::Json)).unwrap();
    assert_eq!(read, session());
}

#[test]
fn otlp_is_one_line_whose_spans_are_the_sessions() {
    let line = rendered(Format::Otlp);
    assert_eq!(line.matches('\n').count(), 1);
    assert!(line.ends_with('\n'));
    let request: opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest =
        serde_json::from_str(&line).unwrap();
    let spans: Vec<_> = request.resource_spans[0].scope_spans[0]
        .spans
        .iter()
        .map(|span| dashcam_trace::openinference::decode_span(span).unwrap())
        .collect();
    assert_eq!(spans, session().spans().cloned().collect::<Vec<_>>());
}

#[test]
fn one_turn_is_all_of_what_is_asked_for() {
    for format in Format::ALL {
        let options = RenderOptions {
            turn: Some(1),
            ..RenderOptions::default()
        };
        let text = render(&session(), format, &options).unwrap();
        assert!(text.contains("list the files"), "{format}");
        assert!(!text.contains("please"), "{format}");
    }
}

#[test]
fn a_turn_that_is_not_there_is_named() {
    let options = RenderOptions {
        turn: Some(7),
        ..RenderOptions::default()
    };
    let error = render(&session(), Format::Text, &options).unwrap_err();
    assert!(
        matches!(error, RenderError::NoSuchTurn { turn: 7, turns: 2 }),
        "{error}"
    );
}

#[test]
fn no_format_carries_what_a_terminal_would_obey() {
    for format in Format::ALL {
        let text = rendered(format);
        let obeyed = |character: char| character.is_control() && character != '\n';
        assert!(!text.contains(obeyed), "{format}");
    }
}

#[test]
fn colour_adds_escapes_and_nothing_else() {
    let options = RenderOptions {
        colour: true,
        ..RenderOptions::default()
    };
    let coloured = render(&session(), Format::Text, &options).unwrap();
    assert!(coloured.contains("\u{1b}["));
    let mut plain = String::new();
    let mut pieces = coloured.split('\u{1b}');
    plain.push_str(pieces.next().unwrap());
    for piece in pieces {
        plain.push_str(piece.split_once('m').unwrap().1);
    }
    assert_eq!(plain, rendered(Format::Text));
}

#[test]
fn text_fits_its_width() {
    for width in [30, 60, 200] {
        let options = RenderOptions {
            width,
            ..RenderOptions::default()
        };
        let text = render(&session(), Format::Text, &options).unwrap();
        for line in text.lines() {
            assert!(line.chars().count() <= width, "{width}: {line}");
        }
    }
}

#[test]
fn a_twisted_tree_is_told_in_every_format() {
    let session = twisted_session();
    for format in [
        Format::Text,
        Format::Markdown,
        Format::Html,
        Format::Messages,
        Format::Atif,
    ] {
        let text = render(&session, format, &RenderOptions::default()).unwrap();
        for said in ["said in the egg", "said by an orphan", "said in the deep"] {
            assert_eq!(text.matches(said).count(), 1, "{format}: {said}");
        }
    }
}
