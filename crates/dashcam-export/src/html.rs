//! A session as one self-contained page, without scripts, in light and dark.

use crate::amounts::{Usage, grouped};
use crate::harmless::{extensions, is_harmless_link};
use crate::plain::{plain, plain_line};
use crate::story::{Step, Told, steps};
use crate::text::{agent_title, image_label, session_facts, tool_title, turn_title};
use dashcam_trace::{Event, Harness, Session, Span, ToolCall, Turn};
use pulldown_cmark::{CowStr, Event as Mark, Parser, Tag, TagEnd};

const STYLE: &str = include_str!("page.css");

/// Even if something slipped through, the browser would load and run nothing.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
                      form-action 'none'";

/// The session as a page.
pub(crate) fn render(session: &Session) -> String {
    let title = session.title.as_deref().unwrap_or(&session.native_id);
    let title = escaped(&plain_line(title));
    let mut page = Page {
        html: String::new(),
        depth: 0,
        harness: session.harness,
    };
    page.put(&format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n\
         <ul class=\"facts\">\n"
    ));
    for fact in session_facts(session) {
        page.put(&format!("<li>{}</li>\n", escaped(&fact)));
    }
    page.put("</ul>\n");
    for turn in &session.turns {
        page.turn(turn);
    }
    page.put("</body>\n</html>\n");
    page.html
}

struct Page {
    html: String,
    /// How many agents' boxes are open.
    depth: usize,
    harness: Harness,
}

impl Page {
    fn put(&mut self, html: &str) {
        self.html.push_str(html);
    }

    fn turn(&mut self, turn: &Turn) {
        self.put(&format!(
            "<section id=\"turn-{}\">\n<h2>{}</h2>\n",
            turn.index,
            escaped(&turn_title(turn))
        ));
        self.prompt(&turn.prompt.text);
        for image in &turn.prompt.images {
            self.faint(&image_label(image));
        }
        for step in steps(turn) {
            self.step(step);
        }
        self.close_to(0);
        self.error(turn.spans.first());
        if let Some(line) = Usage::of_turn(turn).line(self.harness) {
            self.put(&format!("<p class=\"usage\">{}</p>\n", escaped(&line)));
        }
        self.put("</section>\n");
    }

    fn step(&mut self, step: Step<'_>) {
        self.close_to(step.depth);
        match step.told {
            Told::ModelCall(span) => self.error(Some(span)),
            Told::Thinking(text) => {
                self.put("<details class=\"thinking\"><summary class=\"faint\">Thinking</summary>");
                self.put(&markdown(text));
                self.put("</details>\n");
            }
            Told::Text(text) | Told::AgentAnswer(text) => self.put(&markdown(text)),
            Told::Image(image) => self.faint(&image_label(image)),
            Told::Other { name, json } => {
                self.faint(name);
                self.pre(json);
            }
            Told::ToolCall(span, call) => self.tool_call(span, call),
            Told::AgentRun(span, run) => {
                self.put("<div class=\"agent\">\n");
                self.depth += 1;
                self.put(&format!(
                    "<p class=\"name\">{}</p>\n",
                    escaped(&agent_title(span))
                ));
                self.prompt(run.prompt.as_deref().unwrap_or_default());
                self.error(Some(span));
            }
            Told::Event(span, event) => self.event(span, event),
        }
    }

    /// Ends the boxes of agents deeper than this.
    fn close_to(&mut self, depth: usize) {
        while self.depth > depth {
            self.put("</div>\n");
            self.depth -= 1;
        }
    }

    fn tool_call(&mut self, span: &Span, call: &ToolCall) {
        let title = tool_title(span, call);
        let name = plain_line(&call.tool);
        let rest = title.strip_prefix(&name).unwrap_or(&title);
        self.put(&format!(
            "<details class=\"tool\"><summary><b>{}</b>{}</summary>\n",
            escaped(&name),
            escaped(rest)
        ));
        if !call.input.is_null() {
            self.pre(&indented(call));
        }
        for diff in &call.diff {
            self.faint(&format!(
                "{} +{} -{}",
                plain_line(&diff.path),
                diff.added,
                diff.removed
            ));
            self.pre(&diff.patch);
        }
        if let Some(output) = &call.output {
            self.pre(&output.text);
            if let Some(stderr) = output.stderr.as_deref().filter(|text| !text.is_empty()) {
                self.faint("standard error");
                self.pre(stderr);
            }
            for image in &output.images {
                self.faint(&image_label(image));
            }
            if output.omitted_bytes > 0 {
                self.faint(&format!(
                    "… {} bytes left out",
                    grouped(output.omitted_bytes)
                ));
            }
        }
        self.put("</details>\n");
        self.error(Some(span));
    }

    fn event(&mut self, span: &Span, event: &Event) {
        let kind = event.kind.as_str().replace('_', " ");
        let text = plain(event.text.as_deref().unwrap_or(&span.name));
        let mut lines = text.trim().lines();
        let first = lines.next().unwrap_or_default();
        if lines.next().is_none() {
            self.faint(&format!("{kind}: {first}"));
        } else {
            self.put(&format!(
                "<details><summary class=\"faint\">{}: {}</summary>",
                escaped(&kind),
                escaped(first)
            ));
            self.pre(&text);
            self.put("</details>\n");
        }
        self.error(Some(span));
    }

    fn prompt(&mut self, text: &str) {
        if !text.trim().is_empty() {
            self.put(&format!("<div class=\"prompt\">{}</div>\n", markdown(text)));
        }
    }

    fn faint(&mut self, text: &str) {
        self.put(&format!(
            "<p class=\"faint\">{}</p>\n",
            escaped(&plain_line(text))
        ));
    }

    fn pre(&mut self, text: &str) {
        let text = plain(text);
        if !text.trim().is_empty() {
            // Parsers drop a newline right after the tag; one of ours keeps the text's own.
            self.put(&format!("<pre>\n{}</pre>\n", escaped(text.trim_end())));
        }
    }

    fn error(&mut self, span: Option<&Span>) {
        if let Some(error) = span.and_then(|span| span.error.as_deref()) {
            self.put(&format!(
                "<p class=\"error\">{}</p>\n",
                escaped(plain(error).trim())
            ));
        }
    }
}

/// A tool's arguments, easy to read; the text as written if it cannot be.
fn indented(call: &ToolCall) -> String {
    match call.input.to_value() {
        serde_json::Value::Null => call.input.as_str().to_owned(),
        serde_json::Value::String(text) => text,
        value => {
            serde_json::to_string_pretty(&value).unwrap_or_else(|_| call.input.as_str().to_owned())
        }
    }
}

/// Text as HTML text, also between quotation marks.
fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + text.len() / 16);
    for character in text.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            _ => html.push(character),
        }
    }
    html
}

/// Markdown as HTML: raw HTML becomes text, images are named and not loaded,
/// and only links that lead somewhere are links.
fn markdown(text: &str) -> String {
    let text = plain(text);
    let mut links = Vec::new();
    let marks = Parser::new_ext(&text, extensions()).filter_map(|mark| match mark {
        Mark::Html(html) | Mark::InlineHtml(html) => Some(Mark::Text(html)),
        Mark::Start(Tag::HtmlBlock) => Some(Mark::Start(Tag::Paragraph)),
        Mark::End(TagEnd::HtmlBlock) => Some(Mark::End(TagEnd::Paragraph)),
        Mark::Start(Tag::Image { .. }) => Some(Mark::Text(CowStr::Borrowed("[image: "))),
        Mark::End(TagEnd::Image) => Some(Mark::Text(CowStr::Borrowed("]"))),
        Mark::Start(Tag::Link {
            link_type,
            ref dest_url,
            ..
        }) => {
            let is_link = is_harmless_link(link_type, dest_url);
            links.push(is_link);
            is_link.then_some(mark)
        }
        Mark::End(TagEnd::Link) => links.pop().unwrap_or(false).then_some(mark),
        mark => Some(mark),
    });
    let mut html = String::with_capacity(text.len() * 2);
    pulldown_cmark::html::push_html(&mut html, marks);
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_cannot_act() {
        let cases = [
            ("a <b>b</b>", "<p>a &lt;b&gt;b&lt;/b&gt;</p>\n"),
            (
                "<script>alert(1)</script>",
                "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n",
            ),
            ("![alt](http://evil/p.png)", "<p>[image: alt]</p>\n"),
            ("[x](javascript:alert(1))", "<p>x</p>\n"),
            ("[x](JaVaScRiPt:alert(1))", "<p>x</p>\n"),
            ("[x](data:text/html,x)", "<p>x</p>\n"),
            ("[x](//evil)", "<p>x</p>\n"),
            (
                "[x](https://a/?\"onclick=y)",
                "<p><a href=\"https://a/?%22onclick=y\">x</a></p>\n",
            ),
            (
                "```x\"><b>\n<i>\n```",
                "<pre><code class=\"language-x&quot;&gt;&lt;b&gt;\">&lt;i&gt;\n</code></pre>\n",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(markdown(text), expected, "{text:?}");
        }
    }
}
