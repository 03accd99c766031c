//! Tokens whose shape tells the provider.
//!
//! Shapes are as the providers document them or as their own tools check
//! them. A token that was cut off still gives away most of itself, so the
//! shortest length taken is below the full one wherever the beginning is
//! telling enough.

use super::{Finding, begins_word, values};

/// Which characters a token goes on with.
#[derive(Clone, Copy)]
enum Set {
    /// Letters and digits.
    Alnum,
    /// Letters, digits, `_`.
    Word,
    /// Letters, digits, `_`, `-`.
    Dash,
    /// Letters, digits, `_`, `-`, `.`.
    Dotted,
    /// Small hexadecimal digits.
    Hex,
    /// Capital letters and digits.
    Upper,
    /// The alphabet of base64, and of its form for addresses.
    Base64,
    /// Whatever may stand in the path of an address.
    Path,
}

impl Set {
    const fn holds(self, byte: u8) -> bool {
        match self {
            Self::Alnum => byte.is_ascii_alphanumeric(),
            Self::Word => byte.is_ascii_alphanumeric() || byte == b'_',
            Self::Dash => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'),
            Self::Dotted => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'),
            Self::Hex => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            Self::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Self::Base64 => {
                byte.is_ascii_alphanumeric()
                    || matches!(byte, b'_' | b'-' | b'+' | b'/' | b'=' | b'%')
            }
            Self::Path => {
                byte.is_ascii_alphanumeric()
                    || matches!(byte, b'_' | b'-' | b'/' | b'@' | b'.' | b'%' | b'=')
            }
        }
    }
}

/// The shape of a provider's tokens.
#[derive(Clone, Copy)]
pub(super) struct Token {
    /// What it is called.
    kind: &'static str,
    /// How it begins.
    pub(super) prefix: &'static str,
    set: Set,
    /// How many characters follow the beginning.
    min: usize,
    max: usize,
}

const fn token(kind: &'static str, prefix: &'static str, set: Set, min: usize) -> Token {
    Token {
        kind,
        prefix,
        set,
        min,
        max: 8192,
    }
}

/// A token of one length only: what is longer is something else.
const fn exact(kind: &'static str, prefix: &'static str, set: Set, length: usize) -> Token {
    Token {
        kind,
        prefix,
        set,
        min: length,
        max: length,
    }
}

use Set::{Alnum, Base64, Dash, Dotted, Hex, Path, Upper, Word};

/// Every shape.
pub(super) const TOKENS: &[Token] = &[
    // Code hosting.
    token("github-token", "ghp_", Alnum, 16),
    token("github-token", "gho_", Alnum, 16),
    token("github-token", "ghu_", Alnum, 16),
    token("github-token", "ghs_", Dotted, 16),
    token("github-token", "ghr_", Alnum, 16),
    token("github-token", "github_pat_", Word, 20),
    token("gitlab-token", "glpat-", Dotted, 16),
    token("gitlab-token", "gldt-", Dash, 16),
    token("gitlab-token", "glrt-", Dotted, 16),
    token("gitlab-token", "glrtr-", Dotted, 16),
    token("gitlab-token", "glcbt-", Dash, 16),
    token("gitlab-token", "glptt-", Dash, 16),
    token("gitlab-token", "glft-", Dash, 16),
    token("gitlab-token", "glimt-", Dash, 16),
    token("gitlab-token", "glagent-", Dash, 16),
    token("gitlab-token", "gloas-", Dash, 16),
    token("gitlab-token", "glsoat-", Dash, 16),
    token("bitbucket-token", "ATCTT3xFfG", Base64, 20),
    token("atlassian-token", "ATATT3xFfG", Base64, 20),
    token("sourcegraph-token", "sgp_", Word, 32),
    // Chat.
    token("slack-token", "xoxb-", Dash, 10),
    token("slack-token", "xoxa-", Dash, 10),
    token("slack-token", "xoxp-", Dash, 10),
    token("slack-token", "xoxr-", Dash, 10),
    token("slack-token", "xoxs-", Dash, 10),
    token("slack-token", "xoxe-", Dash, 10),
    token("slack-token", "xoxe.xox", Dotted, 10),
    token("slack-token", "xoxc-", Dash, 10),
    token("slack-token", "xoxd-", Base64, 10),
    token("slack-token", "xapp-", Dash, 10),
    token("slack-webhook", "hooks.slack.com/services/", Path, 16),
    token("slack-webhook", "hooks.slack.com/workflows/", Path, 16),
    token("discord-webhook", "discord.com/api/webhooks/", Path, 24),
    token("discord-webhook", "discordapp.com/api/webhooks/", Path, 24),
    token("teams-webhook", "webhook.office.com/webhookb2/", Path, 24),
    // Payment and commerce.
    token("stripe-key", "sk_live_", Word, 10),
    token("stripe-key", "sk_test_", Word, 10),
    token("stripe-key", "rk_live_", Word, 10),
    token("stripe-key", "rk_test_", Word, 10),
    token("stripe-webhook-secret", "whsec_", Base64, 16),
    token("square-token", "sq0atp-", Dash, 20),
    token("square-token", "sq0csp-", Dash, 20),
    token("shopify-token", "shpat_", Hex, 20),
    token("shopify-token", "shpca_", Hex, 20),
    token("shopify-token", "shppa_", Hex, 20),
    token("shopify-token", "shpss_", Hex, 20),
    // Models.
    token("anthropic-key", "sk-ant-", Dash, 16),
    token("openai-key", "sk-proj-", Dash, 16),
    token("openai-key", "sk-svcacct-", Dash, 16),
    token("openai-key", "sk-admin-", Dash, 16),
    token("openrouter-key", "sk-or-v1-", Hex, 20),
    token("langfuse-key", "sk-lf-", Dash, 16),
    token("langfuse-key", "pk-lf-", Dash, 16),
    token("openai-key", "sk-", Alnum, 20),
    token("langsmith-key", "lsv2_pt_", Word, 20),
    token("langsmith-key", "lsv2_sk_", Word, 20),
    token("huggingface-token", "hf_", Alnum, 30),
    token("huggingface-token", "api_org_", Alnum, 30),
    token("replicate-token", "r8_", Alnum, 30),
    token("groq-key", "gsk_", Alnum, 30),
    token("xai-key", "xai-", Alnum, 40),
    token("perplexity-key", "pplx-", Alnum, 32),
    token("pinecone-key", "pcsk_", Word, 32),
    token("tavily-key", "tvly-", Dash, 20),
    token("wandb-key", "wandb_v1_", Word, 32),
    token("e2b-key", "e2b_", Hex, 32),
    // Clouds.
    exact("aws-access-key", "AKIA", Upper, 16),
    exact("aws-access-key", "ASIA", Upper, 16),
    exact("aws-access-key", "ABIA", Upper, 16),
    exact("aws-access-key", "ACCA", Upper, 16),
    token("aws-bedrock-key", "ABSKQmVkcm9ja0FQSUtleS", Base64, 40),
    exact("google-api-key", "AIza", Dash, 35),
    token("google-oauth-secret", "GOCSPX-", Dash, 20),
    token("google-oauth-token", "ya29.", Dotted, 20),
    token("google-refresh-token", "1//0", Dash, 24),
    token("google-auth-key", "AQ.Ab8RN6", Dash, 24),
    exact("alibaba-access-key", "LTAI", Alnum, 20),
    exact("tencent-secret-id", "AKID", Alnum, 32),
    token("digitalocean-token", "dop_v1_", Hex, 32),
    token("digitalocean-token", "doo_v1_", Hex, 32),
    token("digitalocean-token", "dor_v1_", Hex, 32),
    token("heroku-key", "HRKU-", Dash, 30),
    token("flyio-token", "FlyV1 fm", Base64, 40),
    token("netlify-token", "nfp_", Alnum, 30),
    token("planetscale-token", "pscale_tkn_", Dotted, 24),
    token("planetscale-token", "pscale_pw_", Dotted, 24),
    token("planetscale-token", "pscale_oauth_", Dotted, 24),
    token("supabase-key", "sbp_", Hex, 32),
    token("supabase-key", "sb_secret_", Dash, 20),
    token("databricks-token", "dapi", Hex, 32),
    token("azure-key", "JQQJ99", Alnum, 60),
    // Packages.
    token("npm-token", "npm_", Alnum, 30),
    token("pypi-token", "pypi-AgE", Dash, 40),
    token("rubygems-key", "rubygems_", Hex, 32),
    exact("nuget-key", "oy2", Alnum, 43),
    exact("cratesio-token", "cio", Alnum, 32),
    token("docker-token", "dckr_pat_", Dash, 20),
    token("docker-token", "dckr_oat_", Dash, 20),
    token("clojars-token", "CLOJARS_", Alnum, 40),
    // Mail and telephone.
    token("sendgrid-key", "SG.", Dotted, 40),
    exact("twilio-key", "SK", Hex, 32),
    exact("mailgun-key", "key-", Hex, 32),
    token("brevo-key", "xkeysib-", Dash, 40),
    token("resend-key", "re_", Word, 30),
    // Running things.
    token("vault-token", "hvs.", Dash, 20),
    token("vault-token", "hvb.", Dash, 20),
    token("vault-token", "hvr.", Dash, 20),
    token("doppler-token", "dp.pt.", Alnum, 30),
    token("doppler-token", "dp.st.", Dotted, 30),
    token("grafana-token", "glsa_", Word, 30),
    token("grafana-token", "glc_", Base64, 30),
    token("newrelic-key", "NRAK-", Alnum, 24),
    token("sentry-token", "sntrys_", Base64, 40),
    token("sentry-token", "sntryu_", Hex, 40),
    token("sonar-token", "sqp_", Hex, 40),
    token("sonar-token", "squ_", Hex, 40),
    token("sonar-token", "sqa_", Hex, 40),
    token("tailscale-key", "tskey-", Dash, 16),
    token("1password-token", "ops_eyJ", Base64, 40),
    token("pulumi-token", "pul-", Hex, 40),
    token("postman-key", "PMAK-", Dash, 30),
    token("linear-key", "lin_api_", Alnum, 30),
    token("notion-token", "ntn_", Alnum, 30),
    token("figma-token", "figd_", Dash, 30),
    token("airtable-token", "pat.", Dotted, 60),
    token("dynatrace-token", "dt0c01.", Dotted, 40),
    token("honeycomb-key", "hcaik_", Alnum, 40),
    token("age-key", "AGE-SECRET-KEY-1", Upper, 40),
    token("dropbox-token", "sl.B", Dash, 60),
    token("facebook-token", "EAACEdEose0cBA", Alnum, 20),
];

/// The shortest run of characters that may be taken for random.
const MIN_DISTINCT: usize = 6;

/// The token that begins here.
pub(super) fn find(token: &Token, text: &str, start: usize) -> Option<Finding> {
    let bytes = text.as_bytes();
    let is_address = token.prefix.contains('/');
    if !is_address && !begins_word(bytes, start) {
        return None;
    }
    let from = start + token.prefix.len();
    let run = run(&bytes[from..], token.set, token.max + 1);
    if run < token.min || run > token.max {
        return None;
    }
    let mut end = from + run;
    while matches!(bytes[end - 1], b'.' | b'-' | b'%') {
        end -= 1;
    }
    let rest = &text[from..end];
    if end - from < token.min || !is_random(rest) {
        return None;
    }
    // The alphabets of exact tokens end where something else goes on.
    let goes_on = bytes
        .get(end)
        .is_some_and(|byte| matches!(byte, b'_' | b'+' | b'/') || byte.is_ascii_alphanumeric());
    if token.min == token.max && goes_on {
        return None;
    }
    // Words in small letters joined by dashes are names of things (`sk-…` of
    // a task, `gldt-…` of a folder).
    if values::is_kebab(rest) {
        return None;
    }
    Some(Finding {
        range: start..end,
        kind: token.kind,
        specific: true,
    })
}

fn is_random(rest: &str) -> bool {
    values::distinct_bytes(rest) >= MIN_DISTINCT
        && (rest.bytes().any(|byte| byte.is_ascii_digit())
            || (rest.bytes().any(|byte| byte.is_ascii_lowercase())
                && rest.bytes().any(|byte| byte.is_ascii_uppercase())))
}

fn run(bytes: &[u8], set: Set, most: usize) -> usize {
    bytes
        .iter()
        .take(most)
        .take_while(|byte| set.holds(**byte))
        .count()
}

/// A JSON web token: three parts in base64, of which the first is an object.
pub(super) fn jwt(text: &str, start: usize) -> Option<Finding> {
    const MOST: usize = 16 << 10;
    let bytes = text.as_bytes();
    if !begins_word(bytes, start) {
        return None;
    }
    let mut end = start;
    let mut parts = 0;
    while parts < 5 {
        let part = run(&bytes[end..], Dash, MOST);
        // Encryption leaves the second of its five parts empty.
        if part < 8 && !(parts == 1 && part == 0) {
            break;
        }
        end += part;
        parts += 1;
        if bytes.get(end) != Some(&b'.') {
            break;
        }
        end += 1;
    }
    if parts < 3 {
        return None;
    }
    if bytes[end - 1] == b'.' {
        end -= 1;
    }
    Some(Finding {
        range: start..end,
        kind: "jwt",
        specific: true,
    })
}

/// A client secret of Azure's: three characters and a digit, `Q~`, and 31 or
/// more characters. `at` is where `Q~` stands.
pub(super) fn azure_secret(text: &str, at: usize) -> Option<Finding> {
    let bytes = text.as_bytes();
    let start = at.checked_sub(4)?;
    let holds =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'~' | b'.' | b'-');
    let before = &bytes[start..at];
    if !before.iter().all(holds) || !before[3].is_ascii_digit() || !begins_word(bytes, start) {
        return None;
    }
    let rest = bytes[at + 2..]
        .iter()
        .take(64)
        .take_while(|byte| holds(byte))
        .count();
    (28..=40).contains(&rest).then(|| Finding {
        range: start..at + 2 + rest,
        kind: "azure-client-secret",
        specific: true,
    })
}

/// The token of a Telegram bot: its number, `:AA`, and 33 characters. `at` is
/// where the colon stands.
pub(super) fn telegram(text: &str, at: usize) -> Option<Finding> {
    let bytes = text.as_bytes();
    let digits = bytes[..at]
        .iter()
        .rev()
        .take(12)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let rest = run(&bytes[at + 3..], Dash, 40);
    ((8..=10).contains(&digits) && rest == 33).then(|| Finding {
        range: at - digits..at + 3 + rest,
        kind: "telegram-token",
        specific: true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_recognises_a_token_of_its_own() {
        for shape in TOKENS {
            let pool = match shape.set {
                Hex => "0a1b2c3d4e5f6789",
                Upper => "A1B2C3D4E5F6G7H8",
                Alnum | Word | Dash | Dotted | Base64 | Path => "a1B2c3D4e5F6g7H8",
            };
            let rest: String = pool.chars().cycle().take(shape.min).collect();
            let text = format!("x = \"{}{rest}\";", shape.prefix);
            let found = find(shape, &text, 5);
            assert_eq!(
                found.map(|found| found.range),
                Some(5..5 + shape.prefix.len() + shape.min),
                "{text}"
            );
        }
    }

    #[test]
    fn examples_and_names_are_no_tokens() {
        for text in [
            "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "sk-ant-your-api-key-goes-in-here",
            "npm_config_user_agent_and_more_words_here",
            "task-sk-aaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        ] {
            let mut findings = Vec::new();
            super::super::find(text, &mut findings);
            assert_eq!(findings, [], "{text}");
        }
    }
}
