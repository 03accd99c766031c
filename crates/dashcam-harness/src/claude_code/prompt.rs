//! What a line of type `user` is: the person's words, or one of the many
//! things that the harness writes in the person's place.

use super::records::{Content, Record};

/// What a line of type `user` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum UserLine<'r> {
    /// The person's prompt.
    Prompt(PromptText),
    /// Results of tools.
    ToolResults,
    /// A slash command.
    Command(String),
    /// What a slash command printed.
    CommandOutput(&'r str),
    /// A shell line that the person ran (`!`).
    ShellLine(&'r str),
    /// What the shell line printed.
    ShellOutput(String),
    /// The person stopped the agent.
    Interruption(&'r str),
    /// Work in the background has come to an end.
    Notification(&'r str),
    /// The summary of what a compaction removed.
    CompactSummary,
    /// Text for the model that the harness wrote.
    Meta,
}

/// A prompt, without what the harness put around it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PromptText {
    /// The person's words.
    pub(crate) text: String,
    /// The texts that the harness added: their first word, and their size.
    pub(crate) added: Vec<(String, usize)>,
}

/// Says what a line of type `user` is.
pub(crate) fn read_user_line<'r>(record: &'r Record<'_>) -> UserLine<'r> {
    let Some(message) = &record.message.0 else {
        return UserLine::Meta;
    };
    let blocks = message.content.blocks();
    if blocks.iter().any(|block| block.tool_use_id.get().is_some()) {
        return UserLine::ToolResults;
    }
    if record.is_compact_summary.0 {
        return UserLine::CompactSummary;
    }
    let first = first_text(&message.content);
    if let Some(line) = read_tagged(first) {
        return line;
    }
    if record.is_meta.0 || record.is_visible_in_transcript_only.0 {
        return UserLine::Meta;
    }
    let prompt = read_prompt(&message.content);
    let has_images = blocks.iter().any(|block| block.source.0.is_some());
    if prompt.text.is_empty() && !has_images {
        return UserLine::Meta;
    }
    UserLine::Prompt(prompt)
}

fn first_text<'r>(content: &'r Content<'_>) -> &'r str {
    match content {
        Content::Text(text) => text.trim_start(),
        Content::Blocks(blocks) => blocks
            .iter()
            .find_map(|block| block.text.get())
            .unwrap_or_default()
            .trim_start(),
        Content::Nothing => "",
    }
}

fn read_tagged(text: &str) -> Option<UserLine<'_>> {
    if text.starts_with("[Request interrupted by user") {
        return Some(UserLine::Interruption(text.trim_end()));
    }
    if text.starts_with("Caveat: The messages below were generated") {
        return Some(UserLine::Meta);
    }
    let tag = text.strip_prefix('<')?.split(['>', ' ', '\n']).next()?;
    match tag {
        "bash-input" => Some(UserLine::ShellLine(inside(text, tag)?)),
        "bash-stdout" | "bash-stderr" => {
            let outputs = [inside(text, "bash-stdout"), inside(text, "bash-stderr")];
            let outputs = outputs
                .into_iter()
                .flatten()
                .filter(|output| !output.is_empty());
            Some(UserLine::ShellOutput(
                outputs.collect::<Vec<_>>().join("\n"),
            ))
        }
        "command-name" | "command-message" => {
            let name = inside(text, "command-name")?;
            let arguments = inside(text, "command-args").unwrap_or_default();
            let slash = if name.starts_with('/') { "" } else { "/" };
            Some(UserLine::Command(
                format!("{slash}{name} {arguments}").trim_end().to_owned(),
            ))
        }
        "local-command-stdout" | "local-command-stderr" => {
            Some(UserLine::CommandOutput(inside(text, tag)?))
        }
        "local-command-caveat" => Some(UserLine::Meta),
        "task-notification" | "background-task-notification" => {
            Some(UserLine::Notification(text.trim_end()))
        }
        _ => None,
    }
}

/// The text between `<tag>` and `</tag>`, trimmed.
fn inside<'t>(text: &'t str, tag: &str) -> Option<&'t str> {
    let (_, rest) = text.split_once(&format!("<{tag}>"))?;
    let content = rest
        .split_once(&format!("</{tag}>"))
        .map_or(rest, |(content, _)| content);
    Some(content.trim())
}

/// Tags around texts that the harness and its editor extensions add.
const ADDED: [&str; 5] = [
    "system-reminder",
    "ide_opened_file",
    "ide_selection",
    "ide_diagnostics",
    "new-diagnostics",
];

/// The person's words in a message.
pub(crate) fn read_prompt(content: &Content<'_>) -> PromptText {
    let mut prompt = PromptText::default();
    match content {
        Content::Nothing => {}
        Content::Text(text) => prompt.take(text),
        Content::Blocks(blocks) => {
            for text in blocks.iter().filter_map(|block| block.text.get()) {
                prompt.take(text);
            }
        }
    }
    prompt
}

impl PromptText {
    /// Takes over a text. What is added stands before or behind the words;
    /// a tag in the midst of them is the person's own.
    fn take(&mut self, text: &str) {
        let mut words = text.trim();
        'outer: loop {
            for tag in ADDED {
                let (open, close) = (format!("<{tag}>"), format!("</{tag}>"));
                if words.starts_with(&open)
                    && let Some(end) = words.find(&close)
                {
                    let (added, rest) = words.split_at(end + close.len());
                    self.added.push((tag.to_owned(), added.len()));
                    words = rest.trim_start();
                    continue 'outer;
                }
                if words.ends_with(&close)
                    && let Some(start) = words.rfind(&open)
                {
                    let (rest, added) = words.split_at(start);
                    self.added.push((tag.to_owned(), added.len()));
                    words = rest.trim_end();
                    continue 'outer;
                }
            }
            break;
        }
        if !words.is_empty() {
            if !self.text.is_empty() {
                self.text.push('\n');
            }
            self.text.push_str(words);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(content: &str) -> String {
        format!(r#"{{"type":"user","message":{{"role":"user","content":{content}}}}}"#)
    }

    fn read(content: &str, check: impl Fn(UserLine<'_>)) {
        let line = line(content);
        let record: Record<'_> = serde_json::from_str(&line).unwrap();
        check(read_user_line(&record));
    }

    #[test]
    fn the_persons_words_are_told_from_what_is_put_around_them() {
        read(
            r#"[{"type":"text","text":"<ide_opened_file>a.rs</ide_opened_file>"},
                {"type":"text","text":"Fix <system-reminder> in a.rs\n<system-reminder>be nice</system-reminder>"}]"#,
            |line| {
                let UserLine::Prompt(prompt) = line else {
                    panic!("no prompt")
                };
                assert_eq!(prompt.text, "Fix <system-reminder> in a.rs");
                let added: Vec<_> = prompt.added.iter().map(|(tag, _)| tag.as_str()).collect();
                assert_eq!(added, ["ide_opened_file", "system-reminder"]);
            },
        );
        read(
            r#""<system-reminder>only this</system-reminder>""#,
            |line| {
                assert_eq!(line, UserLine::Meta);
            },
        );
    }

    #[test]
    fn commands_and_shell_lines_are_not_prompts() {
        read(
            r#""<command-message>review</command-message>\n<command-name>/review</command-name>\n<command-args>all of it</command-args>""#,
            |line| assert_eq!(line, UserLine::Command("/review all of it".to_owned())),
        );
        read(
            r#""<local-command-stdout>Set model</local-command-stdout>""#,
            |line| {
                assert_eq!(line, UserLine::CommandOutput("Set model"));
            },
        );
        read(r#""<bash-input>git status</bash-input>""#, |line| {
            assert_eq!(line, UserLine::ShellLine("git status"));
        });
        read(
            r#""<bash-stdout>clean</bash-stdout><bash-stderr>warn</bash-stderr>""#,
            |line| {
                assert_eq!(line, UserLine::ShellOutput("clean\nwarn".to_owned()));
            },
        );
    }

    #[test]
    fn interruptions_and_results_are_not_prompts() {
        read(
            r#"[{"type":"text","text":"[Request interrupted by user for tool use]"}]"#,
            |line| {
                assert_eq!(
                    line,
                    UserLine::Interruption("[Request interrupted by user for tool use]")
                );
            },
        );
        read(
            r#"[{"type":"tool_result","tool_use_id":"t","content":"x"}]"#,
            |line| {
                assert_eq!(line, UserLine::ToolResults);
            },
        );
        read("7", |line| assert_eq!(line, UserLine::Meta));
    }
}
