//! Which environment variables hold a secret.

use crate::literals::MIN_BYTES;
use crate::rules::{self, NameKind};

/// The fewest different characters that a secret's value has.
const MIN_DISTINCT: usize = 5;

/// The secret values among environment variables, by the variable's name
/// (`…_TOKEN`, `…_PASSWORD`, `…_API_KEY`) or by the value's shape (a token of
/// a known provider, an address with a password in it).
///
/// Values that many other texts contain are never taken: short ones, words,
/// numbers, paths.
pub fn secrets_of<N: AsRef<str>, V: AsRef<str>>(
    variables: impl IntoIterator<Item = (N, V)>,
) -> Vec<String> {
    let mut secrets = Vec::new();
    for (name, value) in variables {
        let (name, value) = (name.as_ref(), value.as_ref().trim());
        // A value may hold several, as a list of addresses with passwords does.
        let within = rules::secrets_in(value);
        let whole = rules::classify(name) != NameKind::Plain && is_secret_value(value);
        if within.is_empty() && whole {
            secrets.push(value.to_owned());
        }
        secrets.extend(within.into_iter().filter(|value| is_secret_value(value)));
    }
    secrets.sort_unstable();
    secrets.dedup();
    secrets
}

fn is_secret_value(value: &str) -> bool {
    value.len() >= MIN_BYTES
        && rules::distinct_bytes(value) >= MIN_DISTINCT
        && !is_number(value)
        && !is_word(value)
        && !is_path(value)
        && !rules::is_placeholder(value)
}

/// Numbers short enough to stand elsewhere by chance.
fn is_number(value: &str) -> bool {
    value.len() < 12
        && value
            .bytes()
            .all(|byte| byte.is_ascii_digit() || b"+-.:,eE".contains(&byte))
}

/// One word of a language: only small or only capital letters, not long.
fn is_word(value: &str) -> bool {
    value.len() < 12
        && value
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'-' | b'_'))
        || value.len() < 12 && value.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// A path, a list of paths, or an address without a password (one with a
/// password has been taken apart before).
fn is_path(value: &str) -> bool {
    value.starts_with(['/', '~', '.'])
        || value.contains("://")
        || value
            .get(1..3)
            .is_some_and(|drive| drive == ":\\" || drive == ":/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(name: &str, value: &str) -> bool {
        !secrets_of([(name, value)]).is_empty()
    }

    #[test]
    fn secrets_are_told_by_name() {
        for (name, value) in [
            ("DATADOG_API_KEY", "0f3c9a7be2d14865"),
            ("DB_PASSWORD", "correct-horse-battery"),
            ("PGPASSWORD", "Tr0ub4dor&3"),
            (
                "AWS_SECRET_ACCESS_KEY",
                "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzQ8mPLEKEY",
            ),
            ("MY_APP_TOKEN", "zx81-kk42-pp"),
            ("SMTP_PASS", "kX9!mmPq2"),
        ] {
            assert!(taken(name, value), "{name}");
        }
    }

    #[test]
    fn secrets_are_told_by_shape() {
        for (name, value) in [
            ("DATABASE_URL", "postgres://app:kX9mmPq2zz@db/app"),
            ("SOMETHING", "ghp_16C7e42F292c6912E7710c838347Ae178B4a"),
        ] {
            assert!(taken(name, value), "{name}");
        }
    }

    #[test]
    fn only_the_password_of_an_address_is_taken() {
        assert_eq!(
            secrets_of([("DATABASE_URL", "postgres://app:kX9mmPq2zz@db/app")]),
            ["kX9mmPq2zz"]
        );
    }

    #[test]
    fn ordinary_variables_are_left_alone() {
        for (name, value) in [
            ("PATH", "/usr/local/bin:/usr/bin:/bin"),
            ("HOME", "/home/ann"),
            ("PWD", "/home/ann/project"),
            ("LANG", "en_US.UTF-8"),
            ("TERM", "xterm-256color"),
            ("CI", "true"),
            ("SSH_AUTH_SOCK", "/tmp/ssh-abc/agent.1234"),
            ("TOKENIZERS_PARALLELISM", "false"),
            ("MAX_TOKENS", "200000"),
            ("SECRET_MODE", "production"),
            ("API_KEY", "changeme"),
            ("DB_PASSWORD", "password"),
            ("AUTH_TOKEN_FILE", "/run/secrets/token"),
            ("GITHUB_SHA", "3f786850e387550fdab836ed7e6dc881de23001b"),
            ("CODEX_SESSION_ID", "01a207f6-c592-7572-84b7-14e6a8421054"),
            ("XDG_SESSION_ID", "c2"),
            ("KEYBOARD_LAYOUT", "de-nodeadkeys"),
            ("SECRET_TOKEN", "12345678"),
            ("SECRET_TOKEN", "aaaaaaaaaaaaaaaa"),
            ("PACKAGE_URL", "https://example.org/a/b/c"),
        ] {
            assert!(!taken(name, value), "{name}={value}");
        }
    }
}
