//! Names of things that hold a secret: variables, keys, options, headers.

/// What a name says of its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NameKind {
    /// Nothing.
    Plain,
    /// It may be secret: `token`, `signature`. The value has to look it.
    Weak,
    /// It is secret unless it is evidently no value: `password`, `api_key`.
    Strong,
}

/// Words at which a name is looked at whole. Each in the three ways in which
/// programs write names.
pub(super) const ANCHORS: &[&str] = &[
    "password",
    "Password",
    "PASSWORD",
    "passwd",
    "Passwd",
    "PASSWD",
    "passphrase",
    "Passphrase",
    "PASSPHRASE",
    "passcode",
    "pwd",
    "Pwd",
    "PWD",
    "_pass",
    "Pass",
    "_PASS",
    "-pass",
    "secret",
    "Secret",
    "SECRET",
    "token",
    "Token",
    "TOKEN",
    "redential",
    "REDENTIAL",
    "key",
    "Key",
    "KEY",
    "uthorization",
    "UTHORIZATION",
    "_auth",
    "ignature",
    "sig=",
    "_PAT",
    "_pat",
    "cookie",
    "dbpass",
    "requirepass",
    "masterauth",
];

const STRONG: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "secret",
    "apikey",
    "authtoken",
    "accesstoken",
    "secretkey",
    "privatekey",
    "accesskey",
    "authorization",
    "dbpass",
    "requirepass",
    "masterauth",
];

/// Words that are a secret's name together with the word before.
const KEYS: &[&str] = &[
    "api",
    "access",
    "secret",
    "private",
    "signing",
    "encryption",
    "auth",
    "account",
    "master",
    "shared",
    "license",
    "deploy",
    "webhook",
    "app",
    "application",
    "client",
    "admin",
    "subscription",
    "storage",
    "server",
    "maps",
    "sas",
    "crypto",
    "cipher",
    "aes",
    "hmac",
    "jwt",
    "integration",
    "ingestion",
    "ingest",
    "fernet",
    "functions",
    "function",
    "service",
    "write",
    "team",
    "functionskey",
    "sharedaccess",
    "accountaccess",
];
const TOKENS: &[&str] = &[
    "access",
    "auth",
    "refresh",
    "bearer",
    "api",
    "session",
    "security",
    "bot",
    "personal",
    "deploy",
    "npm",
    "github",
    "gitlab",
    "gh",
    "hf",
    "slack",
    "vault",
    "app",
    "client",
    "user",
    "service",
    "account",
    "private",
    "secret",
    "admin",
    "oauth",
    "jwt",
    "job",
    "runner",
    "push",
    "registry",
    "publish",
    "pypi",
    "sentry",
    "bypass",
    "webhook",
    "verification",
];

/// Words that say nothing of whether a value is secret.
const QUALIFIERS: &[&str] = &[
    "value",
    "plain",
    "plaintext",
    "base64",
    "b64",
    "prod",
    "production",
    "dev",
    "staging",
    "live",
    "test",
    "new",
    "old",
    "current",
    "primary",
    "secondary",
    "default",
    "raw",
    "string",
    "str",
    "confirmation",
    "confirm",
    "override",
    "rw",
    "ro",
    "us",
    "eu",
    "local",
];

/// What a name says of its value.
pub(crate) fn classify(name: &str) -> NameKind {
    let name = name.trim_start_matches(['-', '/']);
    // Longer texts are no names.
    if name.is_empty() || name.len() > 80 || !name.is_ascii() {
        return NameKind::Plain;
    }
    let mut words = [""; 12];
    let mut count = 0;
    let mut lower = [0_u8; 80];
    for (to, from) in lower.iter_mut().zip(name.bytes()) {
        *to = from.to_ascii_lowercase();
    }
    let Ok(lower) = std::str::from_utf8(&lower[..name.len()]) else {
        return NameKind::Plain;
    };
    for range in word_ranges(name.as_bytes()) {
        if count == words.len() {
            words.rotate_left(1);
            count -= 1;
        }
        words[count] = &lower[range];
        count += 1;
    }
    let mut words = &words[..count];
    while let [rest @ .., last] = words
        && (QUALIFIERS.contains(last) || last.bytes().all(|byte| byte.is_ascii_digit()))
        && !rest.is_empty()
    {
        words = rest;
    }
    let [before @ .., last] = words else {
        return NameKind::Plain;
    };
    let last = last.trim_end_matches(|digit: char| digit.is_ascii_digit());
    let previous = before.last().copied().unwrap_or_default();
    let is_variable = !before.is_empty() && name.bytes().all(|byte| !byte.is_ascii_lowercase());
    match last {
        "key" if KEYS.contains(&previous) => NameKind::Strong,
        "key" | "keys" if is_variable && previous != "public" && previous != "primary" => {
            NameKind::Weak
        }
        "token" if TOKENS.contains(&previous) || is_variable => NameKind::Strong,
        "token" | "credential" | "credentials" | "auth" | "signature" | "sig" | "cookie" => {
            NameKind::Weak
        }
        "pat" if !before.is_empty() => NameKind::Weak,
        "pass" if !before.is_empty() => NameKind::Strong,
        "public" => NameKind::Plain,
        _ if STRONG.contains(&last) => NameKind::Strong,
        _ if [
            "password",
            "passwd",
            "apikey",
            "authtoken",
            "accesstoken",
            "secretkey",
        ]
        .iter()
        .any(|word| last.ends_with(word)) =>
        {
            NameKind::Strong
        }
        _ => NameKind::Plain,
    }
}

/// The words of a name: `AWS_SECRET_KEY`, `secretKey`, `X-Api-Key`, `APIKey`.
fn word_ranges(name: &[u8]) -> impl Iterator<Item = std::ops::Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < name.len() && !name[at].is_ascii_alphanumeric() {
            at += 1;
        }
        let start = at;
        while at < name.len() && name[at].is_ascii_alphanumeric() {
            let inner = at > start;
            let after_lower = inner && !name[at - 1].is_ascii_uppercase();
            let before_lower = name.get(at + 1).is_some_and(u8::is_ascii_lowercase);
            if inner && name[at].is_ascii_uppercase() && (after_lower || before_lower) {
                break;
            }
            at += 1;
        }
        (start < at).then_some(start..at)
    })
}

/// Whether a text is an option of a command line that takes a secret.
pub(crate) fn is_option(text: &str) -> bool {
    text.starts_with('-') && classify(text) != NameKind::Plain
}

/// Whether a name is of a password, which may be any word.
pub(super) fn is_password(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["password", "passwd", "passphrase", "pwd", "pass"]
        .iter()
        .any(|word| name.ends_with(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_understood_in_every_spelling() {
        for name in [
            "password",
            "DB_PASSWORD",
            "dbPassword",
            "PGPASSWORD",
            "--password",
            "user.password",
            "api_key",
            "apiKey",
            "APIKey",
            "X-Api-Key",
            "x-goog-api-key",
            "OPENAI_API_KEY",
            "aws_secret_access_key",
            "SecretAccessKey",
            "clientSecret",
            "client_secret",
            "GITHUB_TOKEN",
            "access_token",
            "refreshToken",
            "TWILIO_AUTH_TOKEN",
            "SMTP_PASS",
            "Authorization",
            "AccountKey",
            "SharedAccessKey",
            "PASSWORD_2",
            "SECRET_KEY_BASE64",
            "_authToken",
            "API_KEY_PROD",
        ] {
            assert_eq!(classify(name), NameKind::Strong, "{name}");
        }
        for name in ["token", "signature", "STRIPE_KEY", "_auth", "credentials"] {
            assert_eq!(classify(name), NameKind::Weak, "{name}");
        }
        for name in [
            "max_tokens",
            "input_tokens",
            "tokens",
            "token_type",
            "tokenizer",
            "token_count",
            "secret_name",
            "password_field",
            "key",
            "keyboard",
            "primary_key",
            "PUBLIC_KEY",
            "publicKey",
            "passed",
            "compass",
            "cache_key",
            "secrets",
            "monkey",
            "sort_key",
            "PATH",
            "",
            "--",
            "TOKENIZERS_PARALLELISM",
            "keys",
        ] {
            assert_eq!(classify(name), NameKind::Plain, "{name}");
        }
    }
}
