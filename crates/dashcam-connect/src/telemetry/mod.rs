//! A harness's own OpenTelemetry, pointed at dashcam.
//!
//! Only where the person has not pointed it elsewhere: what they set stays, and
//! they are told. What we set is removed only where it still says what we
//! wrote.

mod claude_code;
mod codex;
mod gemini;

pub(crate) use codex::{add as add_to_codex, remove as remove_from_codex, state as codex_state};

use crate::error::Error;
use crate::json::{Document, Edits, Element, Kind, Node};
use crate::registrations::Connectable;
use std::collections::BTreeMap;

/// Where dashcam listens for telemetry.
pub const RECEIVER: &str = "http://127.0.0.1:4318";

/// The variables that point a program's telemetry somewhere.
pub const ENDPOINT_VARIABLES: [&str; 5] = [
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
    "GEMINI_TELEMETRY_OTLP_ENDPOINT",
];

/// For a harness that takes where to send from the environment alone: what to
/// know, and the lines for a shell's profile.
pub fn by_environment(harness: Connectable) -> Option<(&'static str, &'static [&'static str])> {
    match harness {
        // CLI 1.0.102. The endpoint is the one that OpenTelemetry has by default.
        Connectable::Copilot => Some((
            "Copilot reads its telemetry settings from the environment alone",
            &["export COPILOT_OTEL_ENABLED=true"],
        )),
        // 1.18.33.
        Connectable::OpenCode => Some((
            "OpenCode sends telemetry with `\"experimental\": {\"openTelemetry\": true}` in opencode.json, and reads from the environment alone where to",
            &["export OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318"],
        )),
        // Cursor sends none from this machine; that of pi and Oh My Pi is not read.
        Connectable::ClaudeCode
        | Connectable::Codex
        | Connectable::Cursor
        | Connectable::Gemini
        | Connectable::Pi
        | Connectable::OhMyPi
        | Connectable::Kiro => None,
    }
}

/// Where a harness's telemetry goes.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case", tag = "to", content = "target")]
pub enum State {
    /// Nowhere.
    Off,
    /// To dashcam.
    Dashcam,
    /// Elsewhere, as the person set it.
    Elsewhere(String),
}

/// The settings of one harness, below one object of its JSON file.
pub(crate) struct Settings {
    /// The object.
    pub(crate) object: &'static str,
    /// What is set, in order.
    pub(crate) values: &'static [(&'static str, Value)],
    /// Keys that a person sets who sends telemetry elsewhere.
    pub(crate) taken_by: &'static [&'static str],
    /// What the person should know.
    pub(crate) advice: Option<&'static str>,
}

/// A value to be set.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value {
    Text(&'static str),
    True,
}

impl Value {
    fn node(self) -> Node {
        match self {
            Self::Text(text) => Node::text(text),
            Self::True => Node::Bool(true),
        }
    }
}

/// The settings of the harnesses that keep them in JSON.
pub(crate) fn settings(harness: Connectable) -> Option<&'static Settings> {
    match harness {
        Connectable::ClaudeCode => Some(&claude_code::SETTINGS),
        Connectable::Gemini => Some(&gemini::SETTINGS),
        Connectable::Codex
        | Connectable::Copilot
        | Connectable::Cursor
        | Connectable::OpenCode
        | Connectable::Pi
        | Connectable::OhMyPi
        | Connectable::Kiro => None,
    }
}

impl Settings {
    /// Where telemetry goes by a file.
    pub(crate) fn state(&self, document: &Document) -> State {
        let Some(object) = document.at(&[self.object]) else {
            return State::Off;
        };
        let is_ours = self.values.iter().all(|(name, value)| {
            object
                .get(name)
                .is_some_and(|found| found.is(&value.node()))
        });
        if is_ours {
            return State::Dashcam;
        }
        let taken = self
            .taken_by
            .iter()
            .find_map(|name| Some((name, object.get(name)?)));
        match taken {
            Some((name, value)) => {
                State::Elsewhere(format!("{}.{name} = {}", self.object, shown(value)))
            }
            None => State::Off,
        }
    }

    /// Points telemetry at dashcam, and names the keys that were added.
    pub(crate) fn add(&self, document: &Document) -> Result<(Document, Vec<String>), Error> {
        let object = document.at(&[self.object]);
        let missing: Vec<(String, Node)> = self
            .values
            .iter()
            .filter(|(name, _)| object.is_none_or(|object| object.get(name).is_none()))
            .map(|(name, value)| ((*name).to_owned(), value.node()))
            .collect();
        let names = missing.iter().map(|(name, _)| name.clone()).collect();
        let mut edits = Edits::default();
        match (document.root(), object) {
            (None, _) => edits.begin(
                document,
                vec![(self.object.to_owned(), Node::Object(missing))],
            ),
            (Some(root), None) if root.members().is_some() => edits.append_members(
                document,
                root,
                &[(self.object.to_owned(), Node::Object(missing))],
            ),
            (Some(root), None) => {
                return Err(document.misshapen(root, "the whole file", "an object"));
            }
            (_, Some(object)) if object.members().is_some() => {
                edits.append_members(document, object, &missing);
            }
            (_, Some(object)) => return Err(document.misshapen(object, self.object, "an object")),
        }
        Ok((document.edited(edits)?, names))
    }

    /// Takes keys out that still say what we wrote.
    pub(crate) fn remove(&self, document: Document, keys: &[String]) -> Result<Document, Error> {
        let Some(object) = document.at(&[self.object]) else {
            return Ok(document);
        };
        let members = object.members().unwrap_or_default();
        let gone: Vec<usize> = (0..members.len())
            .filter(|index| {
                let member = &members[*index];
                keys.contains(&member.name)
                    && self
                        .values
                        .iter()
                        .any(|(name, value)| *name == member.name && member.value.is(&value.node()))
            })
            .collect();
        if gone.is_empty() {
            return Ok(document);
        }
        let mut edits = Edits::default();
        let root = document
            .root()
            .and_then(Element::members)
            .unwrap_or_default();
        let at = root.iter().rposition(|member| member.name == self.object);
        let is_only = root
            .iter()
            .filter(|member| member.name == self.object)
            .count()
            == 1;
        match (is_only && gone.len() == members.len(), at, document.root()) {
            (true, Some(at), Some(root)) => edits.remove(&document, root, &[at]),
            _ => edits.remove(&document, object, &gone),
        }
        document.edited(edits)
    }

    /// All keys that we may set.
    pub(crate) fn keys(&self) -> Vec<String> {
        self.values
            .iter()
            .map(|(name, _)| (*name).to_owned())
            .collect()
    }
}

fn shown(element: &Element) -> String {
    match &element.kind {
        Kind::Text(text) => text.clone(),
        Kind::Bool(bool) => bool.to_string(),
        Kind::Number(number) => number.clone(),
        _ => "…".to_owned(),
    }
}

/// The variable of an environment that points telemetry elsewhere.
pub(crate) fn elsewhere(environment: &BTreeMap<String, String>) -> Option<String> {
    ENDPOINT_VARIABLES.iter().find_map(|name| {
        let value = environment.get(*name)?;
        let is_ours = value.is_empty() || value.trim_end_matches('/') == RECEIVER;
        (!is_ours).then(|| format!("{name}={value}"))
    })
}
