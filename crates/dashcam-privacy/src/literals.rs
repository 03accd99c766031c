//! Values that are known to be secret, in every form they may be written in.

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

/// The shortest value that is looked for by itself.
pub(crate) const MIN_BYTES: usize = 8;
/// The longest; of a longer one, its beginning is looked for, and what
/// follows of it is compared by hand.
const MAX_BYTES: usize = 16 << 10;
/// The shortest piece of base64 that is looked for. Base64 of a value inside
/// a longer text shares only its inner characters with the value's own.
const MIN_BASE64_BYTES: usize = 10;

/// A set of secret values, ready to be found.
#[derive(Clone, Default)]
pub(crate) struct Literals {
    values: BTreeMap<String, &'static str>,
    finder: Option<Arc<Finder>>,
}

struct Finder {
    forms: AhoCorasick,
    kinds: Vec<&'static str>,
}

impl std::fmt::Debug for Literals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The values are the very thing that must not be printed.
        write!(f, "Literals({} values)", self.values.len())
    }
}

impl Literals {
    /// No value at all.
    pub(crate) const fn none() -> Self {
        Self {
            values: BTreeMap::new(),
            finder: None,
        }
    }

    /// A set of values with what each is.
    pub(crate) fn new(values: BTreeMap<String, &'static str>) -> Self {
        let finder = finder(&values).map(Arc::new);
        Self { values, finder }
    }

    /// This set and more values.
    pub(crate) fn and(self, values: impl IntoIterator<Item = String>, kind: &'static str) -> Self {
        let mut all = self.values;
        for value in values {
            let value = value.trim();
            if value.len() >= MIN_BYTES {
                all.entry(value.to_owned()).or_insert(kind);
            }
        }
        Self::new(all)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.finder.is_none()
    }

    /// Every place where a value stands in some form, with its kind.
    pub(crate) fn find(&self, text: &str) -> impl Iterator<Item = (Range<usize>, &'static str)> {
        self.finder.iter().flat_map(move |finder| {
            finder.forms.find_iter(text).map(|hit| {
                let kind = finder.kinds[hit.pattern().as_usize()];
                (hit.range(), kind)
            })
        })
    }
}

fn finder(values: &BTreeMap<String, &'static str>) -> Option<Finder> {
    let mut seen = BTreeSet::new();
    let mut patterns = Vec::new();
    let mut kinds = Vec::new();
    for (value, kind) in values {
        for form in forms(value) {
            if seen.insert(form.clone()) {
                patterns.push(form);
                kinds.push(*kind);
            }
        }
    }
    if patterns.is_empty() {
        return None;
    }
    // Only too many or too long patterns fail to build; both are bounded.
    let forms = AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .build(&patterns)
        .ok()?;
    Some(Finder { forms, kinds })
}

/// The ways in which a value may be written.
fn forms(value: &str) -> Vec<String> {
    let value = &value[..value.floor_char_boundary(MAX_BYTES)];
    let json = json_escaped(value);
    let mut forms = vec![
        value.to_owned(),
        json.clone(),
        json_escaped(&json),
        value.replace('/', "\\/"),
        percent_encoded(value, b"-_.~", true),
        percent_encoded(value, b"-_.~", false),
        // As JavaScript's encodeURIComponent, encodeURI and web forms do it.
        percent_encoded(value, b"-_.~!*'()", true),
        percent_encoded(value, b"-_.~!*'();/?:@&=+$,#", true),
        percent_encoded(value, b"-_.*", true).replace("%20", "+"),
        value
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;")
            .replace('"', "&quot;"),
        value.replace('\'', "'\\''"),
    ];
    forms.extend(base64_forms(value.as_bytes()));
    forms.retain(|form| form.len() >= MIN_BYTES);
    forms
}

fn json_escaped(value: &str) -> String {
    serde_json::Value::from(value)
        .to_string()
        .trim_start_matches('"')
        .strip_suffix('"')
        .map(str::to_owned)
        .unwrap_or_default()
}

fn percent_encoded(value: &str, plain: &[u8], upper: bool) -> String {
    let mut encoded = String::with_capacity(value.len() * 3);
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || plain.contains(&byte) {
            encoded.push(char::from(byte));
        } else if upper {
            let _ = write!(encoded, "%{byte:02X}");
        } else {
            let _ = write!(encoded, "%{byte:02x}");
        }
    }
    encoded
}

/// The characters that a value always has inside base64, for each of the
/// three places at which it may begin in a group of three bytes.
fn base64_forms(value: &[u8]) -> Vec<String> {
    let mut forms = Vec::new();
    for offset in 0..3_usize {
        let mut shifted = vec![0_u8; offset];
        shifted.extend_from_slice(value);
        // Characters that hold bits of what stands before or after are left out.
        let first = (offset * 8).div_ceil(6);
        let last = shifted.len() * 8 / 6;
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let encoded = engine.encode(&shifted);
            forms.extend(encoded.get(first..last).map(str::to_owned));
        }
    }
    forms.retain(|form| form.len() >= MIN_BASE64_BYTES);
    forms
}

/// Folders that are written as `~`.
#[derive(Clone, Debug, Default)]
pub(crate) struct PathForms {
    finder: Option<Arc<AhoCorasick>>,
}

impl PathForms {
    /// These folders; relative ones and roots are not taken.
    pub(crate) fn new(folders: impl IntoIterator<Item = String>) -> Self {
        let mut forms = BTreeSet::new();
        for folder in folders {
            let folder = folder.trim_end_matches(['/', '\\']);
            let is_absolute = folder.starts_with('/') || folder.get(1..2) == Some(":");
            if is_absolute && folder.len() > 3 {
                forms.insert(folder.to_owned());
                forms.insert(json_escaped(folder));
                forms.insert(folder.replace('\\', "/"));
            }
        }
        let finder = (!forms.is_empty())
            .then(|| {
                AhoCorasick::builder()
                    .match_kind(MatchKind::LeftmostLongest)
                    .build(&forms)
                    .ok()
            })
            .flatten();
        Self {
            finder: finder.map(Arc::new),
        }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.finder.is_none()
    }

    /// The text with `~` in place of the folders, if it names one.
    pub(crate) fn shorten(&self, text: &str) -> Option<String> {
        let finder = self.finder.as_ref()?;
        let mut shortened = String::new();
        let mut copied = 0;
        for hit in finder.find_iter(text) {
            let goes_on = text.as_bytes().get(hit.end()).is_some_and(|byte| {
                byte.is_ascii_alphanumeric()
                    || matches!(byte, b'_' | b'-' | b'.')
                    || !byte.is_ascii()
            });
            let is_inner = text[..hit.start()]
                .bytes()
                .next_back()
                .is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'/');
            if goes_on || is_inner {
                continue;
            }
            shortened.push_str(&text[copied..hit.start()]);
            shortened.push('~');
            copied = hit.end();
        }
        if copied == 0 {
            return None;
        }
        shortened.push_str(&text[copied..]);
        Some(shortened)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(value: &str, text: &str) -> bool {
        Literals::default()
            .and([value.to_owned()], "env-secret")
            .find(text)
            .next()
            .is_some()
    }

    #[test]
    fn a_value_is_found_in_base64_wherever_it_begins() {
        let value = "s3cr3t/Value?with+signs";
        for before in ["", "u", "us", "user:", "longer prefix "] {
            for after in ["", "x", "yz", "\n"] {
                let whole = format!("{before}{value}{after}");
                assert!(found(value, &STANDARD_NO_PAD.encode(&whole)), "{whole}");
                assert!(found(value, &URL_SAFE_NO_PAD.encode(&whole)), "{whole}");
            }
        }
    }

    #[test]
    fn a_value_is_found_escaped_and_encoded() {
        let value = "pä\"ss\\wo rd/&<1>";
        assert!(found(value, value));
        assert!(found(value, r#"{"p":"pä\"ss\\wo rd/&<1>"}"#));
        assert!(found(value, r#"{\"p\":\"pä\\\"ss\\\\wo rd/&<1>\"}"#));
        assert!(found(value, "?p=p%C3%A4%22ss%5Cwo%20rd%2F%26%3C1%3E"));
        assert!(found(value, "?p=p%c3%a4%22ss%5cwo%20rd%2f%26%3c1%3e"));
        assert!(found(value, "?p=p%C3%A4%22ss%5Cwo+rd%2F%26%3C1%3E"));
        assert!(found(value, "<p>pä&quot;ss\\wo rd/&amp;&lt;1&gt;</p>"));
    }

    #[test]
    fn short_values_are_not_looked_for() {
        assert!(!found("abc1234", "abc1234"));
    }

    #[test]
    fn a_home_is_shortened_only_as_a_whole_folder() {
        let paths = PathForms::new(["/home/ann/".to_owned(), "/".to_owned()]);
        assert_eq!(
            paths.shorten("cd /home/ann && ls /home/ann/x").as_deref(),
            Some("cd ~ && ls ~/x")
        );
        assert_eq!(paths.shorten("/home/anna/x /mnt/home/ann"), None);
    }
}
