//! What looks like a secret and is none stays as it is.

use crate::evidence;
use dashcam_privacy::{HashKey, Level, Policy, apply};
use dashcam_trace::{Session, SpanBody};

/// The text after `redacted` was applied to it.
fn redacted(text: &str) -> String {
    let policy = Policy::new(Level::Redacted, HashKey::from_bytes([7; 32]));
    let mut session = evidence::claude_code();
    session.turns.truncate(1);
    text.clone_into(&mut session.turns[0].prompt.text);
    session.turns[0].spans.clear();
    apply(session, &policy).turns.remove(0).prompt.text
}

fn assert_stays(text: &str) {
    assert_eq!(redacted(text), text);
}

#[test]
fn hashes_and_ids_stay() {
    for text in [
        "commit 3f786850e387550fdab836ed7e6dc881de23001b\nMerge: 89e6c98d92 1b4f0e9851",
        "index 89e6c98..1b4f0e9 100644",
        "session 01a207f6-c592-7572-84b7-14e6a8421054 resumed",
        "CODEX_SESSION_ID=01a207f6-c592-7572-84b7-14e6a8421054",
        "msg_01XFDUDYJgAACzvnptvVoYEL toolu_01T1x1fJ34qAmk2tNTrN7Up6 req_011CSHoEeqs5C35K2UUqR7Fy",
        "call_bX8sGZWT0dCMcZx8bUdqkqBm resp_68af4030592c81938ec0a5fbab4a3e9f05438e46b5f69a3b",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  empty.txt",
        "sha256:9b2a5f2c3f1de6f5cf1a3b7b8d3d5f6e7a8b9c0d1e2f3a4b5c6d7e8f9a0b1c2d",
        "docker.io/library/rust@sha256:9b2a5f2c3f1de6f5cf1a3b7b8d3d5f6e7a8b9c0d1e2f3a4b5c6d7e8f9a0b1c2d",
        "traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "cache key: linux-cargo-8f14e45fceea167a5a36dedd4bea2543",
        "etag: W/\"5d8c72a5edda8d6a\" x-request-id: 7b2f6a0c9d",
    ] {
        assert_stays(text);
    }
}

#[test]
fn lock_files_stay() {
    for text in [
        "\"integrity\": \"sha512-v2kDEe57lecTulaDIuNTPy3Ry4gLGJ6Z1O3vE1krgXZNrsQ+LFTGHVxVjcXPs17LhbZVGedAJv8XZ1tvj5FvSg==\"",
        "checksum = \"5a5acb5b8a6f0b0d3c2e2f5d9f1b3f8d7f6a1c7f4d8e3b2a1908f7e6d5c4b3a2\"",
        "  resolved \"https://registry.yarnpkg.com/@babel/core/-/core-7.1.0.tgz#f1e9f1ed0b2e0d9e8f7a6b5c4d3e2f1a0b9c8d7e\"",
        "github.com/x/y v1.2.3 h1:Jf5zq0Q7K1w8l2n3p4r5s6t7u8v9w0x1y2z3A4B5C6D=",
        "  - pip: --hash=sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
    ] {
        assert_stays(text);
    }
}

#[test]
fn code_about_secrets_stays() {
    for text in [
        "const token = await getToken(user.id);",
        "let password = config.password.clone();",
        "password: string;\n  token?: string | null;",
        "fn login(password: &str, token: Option<String>) -> Result<Token>",
        "self.api_key = os.environ[\"OPENAI_API_KEY\"]",
        "apiKey: process.env.ANTHROPIC_API_KEY,",
        "password = getpass.getpass(\"Password: \")",
        "if password == \"\" { return Err(MissingPassword); }",
        "<input type=\"password\" name=\"password\" placeholder=\"Enter password\" />",
        "Authorization: Bearer $TOKEN",
        "curl -H \"Authorization: Bearer ${GITHUB_TOKEN}\" https://api.github.com",
        "DB_PASSWORD=${DB_PASSWORD:-}\nAPI_KEY=<your-api-key>\nSECRET=changeme",
        "GITHUB_TOKEN: ${{ secrets.GITHUB_TOKEN }}",
        "max_tokens: 4096, input_tokens: 12282, \"cache_read_input_tokens\": 11883",
        "token_count=1234567890123456 tokens=98765432109876",
        "for (const key of Object.keys(map)) { out[key] = map[key]; }",
        "primary key (id), foreign key (user_id) references users (id)",
        "key: \"value\", sort_key = \"created_at_desc_1234\"",
        "docker run -u 1000:1000 -p 8080:80 nginx",
        "mkdir -p src/passwords && ls -la",
        "The token is validated before the password is hashed with bcrypt.",
        "see https://example.org:8443/a/@scope/pkg and mailto:ann@example.org",
        "git clone git@github.com:dashcam-dev/dashcam.git && ssh://git@host/x.git",
        "http://localhost:4747/sessions?key=started_at&token=next",
        "secretKeyRef:\n  name: db-credentials\n  key: password",
        "tokenizer = AutoTokenizer.from_pretrained('gpt2-medium-v2')",
        "assert_eq!(parser.next_token(), Token::Identifier(\"abc123\".into()));",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ann@host",
        "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBa\n-----END CERTIFICATE-----",
        "Basic usage and Bearer authentication are described in RFC 6750.",
        "basic knowledge of Rust: ownership",
        "sk-learn risk-assessment task-management-of-the-2026-11-23",
        "type: 'basic' | 'apiKey' | 'oauth2';",
        "- `AddAuthorization`, `InFlightRequests`, `SetRequestHeader`,",
        "pub const AD_ACTOR_KEY: _bindgen_ty_28 = _bindgen_ty_28::IFLA_BOND_AD_INFO_ACTOR_KEY;",
        "this._noAuthorization = !req.headers.authorization;",
        "  privateKey: Uint8ArrayBuffer;",
        "use crate::firstpass::run_first_pass2;",
        "pub const SCTP_AUTH_KEY: c_int = 0x00000013;",
        "pub const SYS_lookup_dcookie: c_long = __X32_SYSCALL_BIT + 212;",
        "let proxy = \"http://user:password@cool.proxy:9090\";",
        "if text.contains(\"-----BEGIN PRIVATE KEY-----\") { return Err(\"no\") }",
        "regex = 'Secret=([A-Za-z0-9+/]{36,100}={0,2})'",
        "https://img.shields.io/npm/v/npm_config_user_agent",
    ] {
        assert_stays(text);
    }
}

#[test]
fn minified_code_stays() {
    let code = "!function(e,t){\"object\"==typeof exports?module.exports=t():e.key=t()}(this,function(){var n={token:e.token,key:r.key,pwd:i};\
        return n.password=a(n.password),t.secret&&(t.secret=u(t.secret)),function(e){for(var t=0;t<e.length;t++)\
        o[e[t].key]=e[t].value;c.headers.Authorization=\"Bearer \"+d.accessToken;l(\"password\",function(){});s.token=null}});";
    assert_stays(code);
}

#[test]
fn images_in_base64_stay() {
    let mut state = 88_172_645_463_325_252_u64;
    for round in 0..200 {
        let bytes: Vec<u8> = (0..4000)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                (state >> 40) as u8
            })
            .collect();
        let image = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &bytes);
        if round % 2 == 0 {
            assert_stays(&format!("![x](data:image/png;base64,{image})"));
        } else {
            let lines: Vec<&str> = image
                .as_bytes()
                .chunks(76)
                .map(|line| std::str::from_utf8(line).unwrap())
                .collect();
            assert_stays(&lines.join("\n"));
        }
    }
}

#[test]
fn recordings_without_secrets_stay_as_they_are() {
    for session in [evidence::claude_code(), evidence::codex()] {
        let policy = Policy::new(Level::Redacted, HashKey::from_bytes([7; 32]));
        let mut expected: Session = session.clone();
        for span in expected.turns.iter_mut().flat_map(|turn| &mut turn.spans) {
            if let SpanBody::ToolCall(call) = &mut span.body {
                for image in call.output.iter_mut().flat_map(|output| &mut output.images) {
                    image.id = None;
                }
            }
        }
        assert_eq!(apply(session, &policy), expected);
    }
}
