//! Text that looks like the work of people and agents: sentences, code,
//! command output.

use crate::random::Random;

const WORDS: &str = "the a to of in for and with on from file function test error value cache index parser session token model \
    server client handler config build run fix change update check return import struct trait async await result option string vector \
    map path line module crate package version branch commit merge request response header body query table column row schema migrate \
    deploy image layer network socket timeout retry queue worker pool thread lock stream buffer chunk frame byte offset length width \
    render component state hook event listener dispatch reduce filter sort group count total average median latency throughput \
    naïve façade größe café 日本語 数据 тест 🚀";

pub(crate) const IDENTIFIERS: &[&str] = &[
    "load", "save", "parse", "emit", "fetch", "build", "make", "find", "scan", "read", "write",
    "open", "close", "push", "peek", "merge", "split", "join", "map", "user", "order", "item",
    "session", "span", "trace", "event", "token", "cost", "price", "cache", "store", "index",
    "batch", "worker", "config",
];

/// Commands that an agent runs in a shell.
pub(crate) const COMMANDS: &[&str] = &[
    "cargo test -q",
    "npm test -- --run",
    "pytest -x -q",
    "git status --short",
    "git diff HEAD~1",
    "ls -la src",
    "rg -n 'fn main' src",
    "make build",
    "go test ./...",
    "docker compose ps",
    "git commit -am 'wip'",
    "git log --oneline -5",
    "sed -n '1,80p' src/lib.rs",
    "cat package.json | head -40",
];

/// Endings of source files.
pub(crate) const EXTENSIONS: &[&str] = &["rs", "ts", "py", "go"];

/// Ready sentences and lines of code, from which longer texts are put together.
pub(crate) struct Prose {
    sentences: Vec<String>,
    code_lines: Vec<String>,
}

impl Prose {
    /// Makes the sentences and lines that texts are put together from.
    pub(crate) fn new(random: &mut Random) -> Self {
        let words: Vec<&str> = WORDS.split_whitespace().collect();
        let sentences = (0..1500).map(|_| sentence(random, &words)).collect();
        let code_lines = (0..3000).map(|_| code_line(random, &words)).collect();
        Self {
            sentences,
            code_lines,
        }
    }

    /// Sentences of about `length` bytes.
    pub(crate) fn text(&self, random: &mut Random, length: u64) -> String {
        let mut text = String::new();
        while (text.len() as u64) < length {
            if !text.is_empty() {
                text.push(if random.chance(60) { '\n' } else { ' ' });
            }
            text.push_str(&self.sentences[random.place(self.sentences.len())]);
        }
        text
    }

    /// Lines of code of about `length` bytes.
    pub(crate) fn code(&self, random: &mut Random, length: u64) -> String {
        let mut text = String::new();
        while (text.len() as u64) < length {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(&self.code_lines[random.place(self.code_lines.len())]);
        }
        text
    }
}

/// The lines of `code` with their numbers, as a reading tool shows them.
pub(crate) fn numbered(code: &str) -> String {
    let lines = code.lines().enumerate();
    let lines: Vec<String> = lines
        .map(|(at, line)| format!("{:6}→{line}", at + 1))
        .collect();
    lines.join("\n")
}

/// Output with colours and a progress bar that overwrites itself.
pub(crate) fn coloured(code: &str) -> String {
    format!(
        "\u{1b}[1;32m   Compiling\u{1b}[0m demo v0.1.0\r\n 50%\r100%\n\u{1b}[31merror\u{1b}[0m: {code}"
    )
}

fn sentence(random: &mut Random, words: &[&str]) -> String {
    let count = random.between(8, 22);
    let mut text: Vec<&str> = (0..count).map(|_| random.pick(words)).collect();
    text[0] = random.pick(&["We", "Now", "Then", "Here", "This", "It", "Next"]);
    format!("{}.", text.join(" "))
}

fn code_line(random: &mut Random, words: &[&str]) -> String {
    let name = format!("{}_{}", random.pick(IDENTIFIERS), random.pick(IDENTIFIERS));
    let other = random.pick(IDENTIFIERS);
    let word = random.pick(words);
    let number = random.below(1000);
    match random.below(5) {
        0 => format!("    let {name} = self.{other}({number})?;"),
        1 => format!(
            "    if ({name} !== undefined && {name}.length > {number}) {{ return \"{word}\"; }}"
        ),
        2 => format!("def {name}(self, {other}: str, limit: int = {number}) -> dict:"),
        3 => format!("    // {word} {other} {name} — see {other}.rs:{number}"),
        _ => format!("\tassert.Equal(t, {number}, {name}(\"{word}\\t{other}\"))"),
    }
}
