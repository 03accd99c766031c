//! Removes secrets from one text or one JSON value.

mod ansi;
mod json;

use crate::literals::Literals;
use crate::rules::{self, Finding};
use base64::Engine as _;
use std::collections::BTreeMap;
use std::ops::Range;

/// How many secrets of one session are remembered.
const MAX_KNOWN: usize = 4096;

/// What a session has given away so far: the values of secrets that were
/// recognised by what stood around them, to be removed where nothing does.
#[derive(Clone, Default)]
pub struct Known {
    values: BTreeMap<String, &'static str>,
    counts: BTreeMap<&'static str, u64>,
    fresh: bool,
    literals: Literals,
}

impl std::fmt::Debug for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Known")
            .field("values", &self.values.len())
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}

impl Known {
    /// How many secrets of each kind were removed.
    pub fn counts(&self) -> &BTreeMap<&'static str, u64> {
        &self.counts
    }

    /// The known values, ready to be found; `None` if there are none.
    pub(crate) fn literals(&mut self) -> Option<Literals> {
        if std::mem::take(&mut self.fresh) {
            self.literals = Literals::new(self.values.clone());
        }
        (!self.literals.is_empty()).then(|| self.literals.clone())
    }

    fn learn(&mut self, value: &str, kind: &'static str) {
        for value in plain_forms(value, kind) {
            let is_telling = rules::is_telling(&value);
            if is_telling && self.values.len() < MAX_KNOWN && !self.values.contains_key(&value) {
                self.values.insert(value, kind);
                self.fresh = true;
            }
        }
    }

    fn count(&mut self, kind: &'static str) {
        *self.counts.entry(kind).or_default() += 1;
    }
}

/// What a found text says: itself, and what it is an encoding of.
fn plain_forms(value: &str, kind: &'static str) -> Vec<String> {
    let mut forms = vec![value.to_owned()];
    if kind == rules::BASIC_AUTH
        && let Ok(bytes) =
            base64::engine::general_purpose::STANDARD_NO_PAD.decode(value.trim_end_matches('='))
        && let Ok(pair) = String::from_utf8(bytes)
        && let Some((_, password)) = pair.split_once(':')
    {
        forms.push(password.to_owned());
    }
    if value.contains('%') {
        forms.extend(percent_decoded(value));
    }
    if value.contains('\\') {
        forms.extend(serde_json::from_str::<String>(&format!("\"{value}\"")).ok());
    }
    forms
}

fn percent_decoded(value: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(value.len());
    let mut bytes = value.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let high = char::from(bytes.next()?).to_digit(16)?;
            let low = char::from(bytes.next()?).to_digit(16)?;
            decoded.push((high * 16 + low) as u8);
        } else {
            decoded.push(byte);
        }
    }
    String::from_utf8(decoded).ok()
}

/// What is looked for where it is known that no known value is.
static NO_VALUES: Literals = Literals::none();

/// How secrets are looked for in one pass over a session.
pub(crate) enum Search<'a> {
    /// By the rules, and the values that the policy knows; what is found is
    /// remembered.
    Rules {
        secrets: &'a Literals,
        known: &'a mut Known,
    },
    /// Only these values.
    Values {
        values: &'a Literals,
        known: &'a mut Known,
    },
}

impl Search<'_> {
    /// The text without its secrets; `None` if it has none.
    pub(crate) fn text(&mut self, text: &str) -> Option<String> {
        self.text_named(text, None)
    }

    /// The same for a value that stands under a name: a key in JSON, an
    /// option on a command line.
    pub(crate) fn text_named(&mut self, text: &str, name: Option<&str>) -> Option<String> {
        if text.len() < rules::MIN_SECRET_BYTES {
            return None;
        }
        let clean = ansi::strip(text);
        let clean_text = clean.as_ref().map_or(text, |clean| clean.text.as_str());
        let mut findings = Vec::new();
        match self {
            Self::Rules { secrets, known } => {
                rules::find(clean_text, &mut findings);
                if let Some(name) = name {
                    findings.extend(rules::value_under(name, clean_text));
                }
                for finding in &findings {
                    known.learn(&clean_text[finding.range.clone()], finding.kind);
                }
                literals(secrets, clean_text, &mut findings);
            }
            Self::Values { values, .. } => literals(values, clean_text, &mut findings),
        }
        if findings.is_empty() {
            return None;
        }
        let merged = merge(findings);
        let (Self::Rules { known, .. } | Self::Values { known, .. }) = self;
        let mut scrubbed = String::with_capacity(text.len());
        let mut copied = 0;
        for Finding { range, kind, .. } in merged {
            let range = clean
                .as_ref()
                .map_or_else(|| range.clone(), |clean| clean.original(&range));
            // Two findings may meet within one control sequence.
            let start = range.start.max(copied);
            scrubbed.push_str(&text[copied..start]);
            scrubbed.push_str("[redacted:");
            scrubbed.push_str(kind);
            scrubbed.push(']');
            copied = range.end.max(start);
            known.count(kind);
        }
        scrubbed.push_str(&text[copied..]);
        Some(scrubbed)
    }

    /// The JSON text without its secrets, still JSON; `None` if it has none.
    ///
    /// Most values are small and hold nothing of interest. Where no escape can
    /// hide it, a look at the text as it is written tells.
    pub(crate) fn json(&mut self, json: &str) -> Option<String> {
        if json::hides_text(json.as_bytes()) {
            return json::scrub(self, json);
        }
        match self {
            Self::Rules { secrets, known } => {
                let has_value = secrets.find(json).next().is_some();
                if !has_value && !rules::has_anchor(json) {
                    return None;
                }
                let secrets = if has_value { secrets } else { &NO_VALUES };
                json::scrub(&mut Search::Rules { secrets, known }, json)
            }
            Self::Values { values, .. } => {
                values.find(json).next()?;
                json::scrub(self, json)
            }
        }
    }

    /// What stands for a bare value of JSON, such as a number, if it is secret.
    fn scalar(&mut self, scalar: &str) -> Option<String> {
        let (Self::Rules {
            secrets: values,
            known,
        }
        | Self::Values { values, known }) = self;
        let (_, kind) = values.find(scalar).next()?;
        known.count(kind);
        Some(format!("[redacted:{kind}]"))
    }
}

fn literals(values: &Literals, text: &str, findings: &mut Vec<Finding>) {
    findings.extend(values.find(text).map(|(range, kind)| Finding {
        range,
        kind,
        specific: true,
    }));
}

/// Findings in order, overlapping ones as one, called by the most specific.
fn merge(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort_by_key(|finding| (finding.range.start, std::cmp::Reverse(finding.range.end)));
    let mut merged: Vec<Finding> = Vec::with_capacity(findings.len());
    for finding in findings {
        match merged.last_mut() {
            Some(last) if finding.range.start < last.range.end => {
                last.range.end = last.range.end.max(finding.range.end);
                if finding.specific && !last.specific {
                    last.kind = finding.kind;
                    last.specific = true;
                }
            }
            _ => merged.push(finding),
        }
    }
    merged
}

/// A text without its control sequences, and where its pieces came from.
struct Clean {
    text: String,
    /// Offsets in `text`, and in the original, of every kept piece.
    pieces: Vec<(usize, usize)>,
}

impl Clean {
    /// The range of the original that a range of the clean text came from.
    fn original(&self, range: &Range<usize>) -> Range<usize> {
        let place = |offset: usize| {
            let after = self.pieces.partition_point(|(clean, _)| *clean <= offset);
            let (clean, original) = self.pieces[after.saturating_sub(1)];
            original + (offset - clean)
        };
        // The end is taken from the last byte, lest a following sequence be
        // swallowed.
        place(range.start)..place(range.end.saturating_sub(1)) + 1
    }
}
