//! Whether a value that stands under a secret's name is one.

use super::NameKind;

/// Words that stand where a secret would: examples, types, nothing.
const PLACEHOLDERS: &[&str] = &[
    "true",
    "false",
    "null",
    "none",
    "nil",
    "undefined",
    "string",
    "str",
    "number",
    "boolean",
    "required",
    "optional",
    "password",
    "passwd",
    "secret",
    "token",
    "changeme",
    "change_me",
    "change-me",
    "changeit",
    "placeholder",
    "redacted",
    "hidden",
    "masked",
    "example",
    "dummy",
    "unset",
    "empty",
    "default",
    "secret-key",
    "api-key",
    "apikey",
    "your-password",
    "text",
    "enabled",
    "disabled",
    "production",
    "development",
    "unknown",
    "prompt",
    "inherit",
    "write",
    "bearer",
    "basic",
    "option<string>",
    "omitted",
    "optional<string>",
    "secretstr",
    "bytes",
    "__redacted__",
];

/// Whether a value evidently stands for another, or for none.
pub(crate) fn is_placeholder(value: &str) -> bool {
    let value = value.trim();
    let first = value.bytes().next().unwrap_or(b' ');
    // `<token>`, `{{token}}`, `[redacted:…]`, `(…)`, `***`
    if matches!(first, b'<' | b'{' | b'[' | b'(') || distinct_bytes(value) < 4 {
        return true;
    }
    // `$TOKEN`, `${TOKEN}`, `$(command)`, `%TOKEN%`; but a password may begin with `$`.
    if is_reference(value) {
        return true;
    }
    if value.len() > 48 {
        return false;
    }
    let lower = value.trim_end_matches(['=', ':']).to_ascii_lowercase();
    PLACEHOLDERS.contains(&lower.as_str())
        || [
            "your_", "your-", "my_", "my-", "the_", "<your", "xxxx", "enter ", "insert",
        ]
        .iter()
        .any(|start| lower.starts_with(start))
        || [
            "xxxxx",
            "****",
            "....",
            "•••",
            "…",
            "${",
            "{{",
            "placeholder",
            "redacted",
            "changeme",
        ]
        .iter()
        .any(|part| lower.contains(part))
}

fn is_reference(value: &str) -> bool {
    let bytes = value.as_bytes();
    match bytes {
        [b'$', b'{' | b'(' | b'[', ..] | [b'`', ..] => true,
        [b'$', rest @ ..] => {
            !rest.is_empty()
                && rest
                    .iter()
                    .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_')
                || (rest
                    .iter()
                    .all(|byte| byte.is_ascii_alphabetic() || *byte == b'_')
                    && rest.len() > 2)
        }
        [b'%', inner @ .., b'%'] => inner
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_'),
        [b'!' | b'&' | b'*', rest @ ..] => rest
            .iter()
            .all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-')),
        _ => false,
    }
}

/// How a value was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    /// Between quotes.
    Quoted,
    /// As a setting: `NAME=value` at the beginning of a line, or a JSON value.
    Setting,
    /// Bare, where a program may mean a name of its own.
    Bare,
}

/// Whether a value under a secret's name is to be removed.
pub(super) fn is_secret(value: &str, name: NameKind, written: Written, password: bool) -> bool {
    let shape = Shape::of(value);
    if value.len() < super::MIN_SECRET_BYTES
        || is_placeholder(value)
        || is_location(value)
        || shape.controls
    {
        return false;
    }
    match name {
        NameKind::Plain => false,
        NameKind::Weak => shape.spaces == 0 && is_random(value, &shape),
        NameKind::Strong => is_strong(value, &shape, written, password),
    }
}

fn is_strong(value: &str, shape: &Shape, written: Written, password: bool) -> bool {
    // Sentences are about secrets; passphrases are short.
    if shape.spaces > 0 {
        let is_phrase = password && written == Written::Setting && shape.spaces <= 6;
        return is_phrase && !value.ends_with(['.', ':', '?']);
    }
    if written == Written::Bare && (is_expression(value) || is_short_number(value)) {
        return false;
    }
    // Bare words with a digit are mostly names of types and variables.
    if written == Written::Bare && !password && shape.digits < 2 && shape.special == 0 {
        return false;
    }
    let mixed = shape.lower > 0 && shape.upper > 0;
    if shape.digits > 0 && shape.letters() > 0 {
        let is_name = written == Written::Bare && names_a_secret(value);
        return !is_name && (password || !is_kebab(value));
    }
    if shape.special > 0 && shape.letters() > 0 {
        return !names_a_secret(value) || shape.special > 1;
    }
    if shape.letters() == 0 {
        return written != Written::Bare && shape.digits >= 6;
    }
    if names_a_secret(value) {
        return false;
    }
    match written {
        Written::Setting => password && value.len() >= 8 && !value.contains('.'),
        Written::Quoted => value.len() >= 16 && (mixed || shape.separators == 0),
        Written::Bare => value.len() >= 24 && mixed && shape.separators == 0,
    }
}

/// Whether a value looks drawn at random.
fn is_random(value: &str, shape: &Shape) -> bool {
    value.len() >= 16
        && shape.digits >= 2
        && shape.letters() >= 2
        && entropy(value) >= 3.0
        && !is_uuid(value)
        && !is_hash(value)
        && !is_kebab(value)
        && !is_expression(value)
        && (shape.lower > 0 && shape.upper > 0 || shape.digits >= 4)
}

/// Whether a value is telling enough to be looked for where nothing around it
/// tells what it is.
pub(crate) fn is_telling(value: &str) -> bool {
    let shape = Shape::of(value);
    let classes = [shape.lower, shape.upper, shape.digits, shape.special]
        .iter()
        .filter(|count| **count > 0)
        .count();
    value.len() >= 8
        && distinct_bytes(value) >= 5
        && !is_placeholder(value)
        && !is_location(value)
        && ((value.len() >= 12 && classes >= 2 && !is_kebab(value)) || classes >= 3)
}

/// What characters a value is made of.
struct Shape {
    lower: usize,
    upper: usize,
    digits: usize,
    spaces: usize,
    /// `_`, `-`, `.`, `/`, `:`, `,`: what joins words and paths.
    separators: usize,
    /// Everything else that is printable, letters of other alphabets included.
    special: usize,
    /// Whether it holds a line break or another control character.
    controls: bool,
}

impl Shape {
    fn of(value: &str) -> Self {
        let mut shape = Self {
            lower: 0,
            upper: 0,
            digits: 0,
            spaces: 0,
            separators: 0,
            special: 0,
            controls: false,
        };
        for byte in value.bytes() {
            match byte {
                b'a'..=b'z' => shape.lower += 1,
                b'A'..=b'Z' => shape.upper += 1,
                b'0'..=b'9' => shape.digits += 1,
                b' ' => shape.spaces += 1,
                b'_' | b'-' | b'.' | b'/' | b':' | b',' => shape.separators += 1,
                0..=31 | 127 => shape.controls = true,
                _ => shape.special += 1,
            }
        }
        shape
    }

    const fn letters(&self) -> usize {
        self.lower + self.upper
    }
}

/// A path or an address. Addresses with a password in them have their own rule.
fn is_location(value: &str) -> bool {
    value.starts_with(['/', '~'])
        || value.starts_with("./")
        || value.starts_with("../")
        || value.starts_with("arn:")
        || value.starts_with("projects/")
        || value.starts_with("keychain:")
        || value.find("://").is_some_and(|at| at < 24)
        || value.get(1..3) == Some(":\\")
}

/// A number as programs write it: `0x00000013`.
fn is_short_number(value: &str) -> bool {
    value.starts_with("0x") && value.len() <= 18
}

/// A name or call of a program: `config.token2`, `os.environ`, `getToken(x1)`.
fn is_expression(value: &str) -> bool {
    if value
        .bytes()
        .any(|byte| matches!(byte, b'(' | b'{' | b'[' | b'?' | b'<' | b'>'))
    {
        return true;
    }
    let value = value.trim_start_matches(['!', '&', '*', '-']);
    let is_path = value.contains("::");
    (is_path || value.contains('.'))
        && value.split('.').all(|part| {
            part.split("::").all(|part| {
                part.bytes()
                    .next()
                    .is_some_and(|first| !first.is_ascii_digit())
                    && (is_path || part.len() <= 24)
                    && part
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$')
            })
        })
}

/// Whether a bare word names a secret rather than being one: `db_password1`.
fn names_a_secret(value: &str) -> bool {
    let is_identifier = value
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
    is_identifier && super::classify(value) != NameKind::Plain
}

/// Words in small letters, joined: `npm-cache-linux-20`, `my_setting_2`. The
/// words have few digits each.
pub(crate) fn is_kebab(value: &str) -> bool {
    let separators = value
        .bytes()
        .filter(|byte| matches!(byte, b'-' | b'_' | b'.'))
        .count();
    separators >= 1
        && value.split(['-', '_', '.']).all(|word| {
            let digits = word.bytes().filter(u8::is_ascii_digit).count();
            let plain = word
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
                || word
                    .bytes()
                    .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
            plain && word.len() <= 16 && (digits == 0 || digits <= 4 && word.len() <= 6)
        })
}

fn is_uuid(value: &str) -> bool {
    value.len() == 36
        && value.bytes().enumerate().all(|(index, byte)| {
            if matches!(index, 8 | 13 | 18 | 23) {
                byte == b'-'
            } else {
                byte.is_ascii_hexdigit()
            }
        })
}

/// Digests as programs print them.
fn is_hash(value: &str) -> bool {
    let digits = value
        .strip_prefix("sha256:")
        .or_else(|| value.strip_prefix("sha1:"))
        .unwrap_or(value);
    (matches!(digits.len(), 40 | 64 | 96 | 128)
        && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
        || ["sha512-", "sha384-", "sha256-", "sha1-", "md5-"]
            .iter()
            .any(|start| value.starts_with(start))
}

/// How many different bytes a text has.
pub(crate) fn distinct_bytes(text: &str) -> usize {
    let mut seen = [false; 256];
    text.bytes()
        .filter(|byte| !std::mem::replace(&mut seen[usize::from(*byte)], true))
        .count()
}

/// Bits per byte, by Shannon.
fn entropy(text: &str) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in text.bytes() {
        counts[usize::from(byte)] += 1;
    }
    let length = text.len() as f64;
    counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| {
            let share = f64::from(*count) / length;
            -share * share.log2()
        })
        .sum()
}
