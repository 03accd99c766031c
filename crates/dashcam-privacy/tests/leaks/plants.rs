//! Secrets of many kinds, where agents meet them.
//!
//! Made here rather than written down: what looks like a real token in a
//! repository sets off the scanners of those who host it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// Where in a session a secret is planted.
pub(crate) enum Place {
    Prompt(String),
    Answer(String),
    Thinking(String),
    /// What a tool was called with.
    Input(Value),
    Output(String),
    Stderr(String),
    Diff(String),
    Error(String),
    EventText(String),
    EventDetails(Value),
    AgentPrompt(String),
    Target(String),
    Remote(String),
    Title(String),
    Parameter(String),
}

pub(crate) struct Plant {
    /// What sort of secret.
    pub(crate) sort: &'static str,
    /// What must not be seen.
    pub(crate) values: Vec<String>,
    pub(crate) place: Place,
}

/// Secrets that stand in the environment, and nothing tells elsewhere.
pub(crate) fn environment() -> Vec<(&'static str, String)> {
    vec![
        ("PATH", "/usr/local/bin:/usr/bin".to_owned()),
        ("HOME", "/home/dev".to_owned()),
        ("CI", "true".to_owned()),
        ("INTERNAL_API_KEY", alnum(20, 900)),
        ("LEGACY_PASSWORD", "bl\"ue/Tr&in\\ 77é".to_owned()),
        ("BILLING_TOKEN", "plain-words-make-this-token".to_owned()),
    ]
}

fn from(alphabet: &str, length: usize, seed: u64) -> String {
    let letters: Vec<char> = alphabet.chars().collect();
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            letters[(state >> 33) as usize % letters.len()]
        })
        .collect()
}

pub(crate) fn alnum(length: usize, seed: u64) -> String {
    from(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
        length,
        seed,
    )
}

fn hex(length: usize, seed: u64) -> String {
    from("0123456789abcdef", length, seed)
}

fn upper(length: usize, seed: u64) -> String {
    from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", length, seed)
}

fn key_lines(seed: u64) -> Vec<String> {
    (0..6).map(|line| alnum(64, seed * 100 + line)).collect()
}

/// Every plant.
pub(crate) fn all() -> Vec<Plant> {
    let mut plants = Vec::new();
    let mut seed = 0;
    let mut add = |sort: &'static str, value: String, place: &dyn Fn(&str) -> Place| {
        let place = place(&value);
        plants.push(Plant {
            sort,
            values: vec![value],
            place,
        });
    };
    let mut next = || {
        seed += 1;
        seed
    };

    // Tokens that tell by themselves, in the middle of nowhere.
    for (index, prefix) in ["ghp_", "gho_", "ghs_"].into_iter().enumerate() {
        let value = format!("{prefix}{}", alnum(36, next()));
        add("github", value, &|value| match index {
            0 => Place::Prompt(format!("clone it with {value}, please")),
            1 => Place::Output(format!("remote: \x1b[33m{value}\x1b[0m accepted")),
            _ => {
                Place::Input(json!({"command": format!("gh auth login --with-token <<< {value}")}))
            }
        });
    }
    let value = format!("github_pat_{}_{}", alnum(22, next()), alnum(59, next()));
    add("github", value, &|value| {
        Place::Diff(format!("@@ -1 +1 @@\n-x\n+  token: {value}\n"))
    });
    let value = format!("glpat-{}", alnum(20, next()));
    add("gitlab", value, &|value| {
        Place::Input(json!({"url": format!("https://oauth2:{value}@gitlab.com/a/b.git")}))
    });
    let value = format!(
        "xoxb-{}-{}-{}",
        123_456_789_012_u64,
        987_654_321_098_u64,
        alnum(24, next())
    );
    add("slack", value, &|value| {
        Place::Answer(format!("The bot token is `{value}`."))
    });
    let value = format!(
        "T{}/B{}/{}",
        upper(9, next()),
        upper(9, next()),
        alnum(24, next())
    );
    add("slack webhook", value, &|value| {
        Place::Output(format!("POST https://hooks.slack.com/services/{value} 200"))
    });
    let value = format!("sk_{}_{}", "live", alnum(24, next()));
    add("stripe", value, &|value| {
        Place::Thinking(format!("they pasted {value} again"))
    });
    let value = format!("whsec_{}", alnum(32, next()));
    add("stripe webhook", value, &|value| {
        Place::Output(format!(
            "> Ready! Your webhook signing secret is {value} (^C to quit)"
        ))
    });
    let value = format!("sk-proj-{}", alnum(48, next()));
    add("openai", value, &|value| {
        Place::Output(format!("OPENAI_API_KEY={value}\nDEBUG=1\n"))
    });
    let value = format!("sk-{}T3BlbkFJ{}", alnum(20, next()), alnum(20, next()));
    add("openai", value, &|value| {
        Place::Stderr(format!("Incorrect API key provided: {value}."))
    });
    let value = format!("sk-ant-api03-{}-{}AA", alnum(40, next()), alnum(50, next()));
    add("anthropic", value, &|value| {
        Place::Input(json!({"env": {"ANTHROPIC_API_KEY": value}, "args": ["run"]}))
    });
    let value = format!("AIza{}", alnum(35, next()));
    add("google", value, &|value| {
        Place::Output(format!(
            "GET https://maps.googleapis.com/x?key={value}&sensor=false"
        ))
    });
    let value = format!("GOCSPX-{}", alnum(28, next()));
    add("google oauth", value, &|value| {
        Place::Output(format!(
            "{{\"installed\":{{\"client_secret\":\"{value}\",\"a\":1}}}}"
        ))
    });
    let value = format!("ya29.a0{}", alnum(120, next()));
    add("google oauth", value, &|value| {
        Place::Stderr(format!("* [HTTP/2] [1] [authorization: Bearer {value}]"))
    });
    let value = format!("AKIA{}", upper(16, next()));
    add("aws", value, &|value| {
        Place::Output(format!("[default]\naws_access_key_id = {value}\n"))
    });
    let value = format!(
        "{}/{}+{}",
        alnum(18, next()),
        alnum(12, next()),
        alnum(8, next())
    );
    add("aws secret", value, &|value| {
        Place::Output(format!(
            "aws_secret_access_key = {value}\nregion = eu-central-1\n"
        ))
    });
    let value = format!("IQoJb3JpZ2luX2Vj{}==", alnum(200, next()));
    add("aws session", value, &|value| {
        Place::Output(format!(
            "{{\n  \"Credentials\": {{\n    \"SessionToken\": \"{value}\",\n    \"Expiration\": \"2026-11-23T12:00:00Z\"\n  }}\n}}"
        ))
    });
    let value = format!("{}8Q~{}", alnum(3, next()), alnum(34, next()));
    add("azure", value, &|value| {
        Place::Answer(format!("Use {value} as the secret's value."))
    });
    let value = format!("{}==", alnum(86, next()));
    add("azure storage", value, &|value| {
        Place::Input(
            json!({"file_path": "/w/appsettings.json", "content": format!(
                "{{\"Storage\": \"DefaultEndpointsProtocol=https;AccountName=acme;AccountKey={value};EndpointSuffix=core.windows.net\"}}"
            )}),
        )
    });
    let value = format!("{}%3D", alnum(44, next()));
    add("azure sas", value, &|value| {
        Place::Output(format!(
            "https://acme.blob.core.windows.net/c/b?sv=2024-11-04&se=2027-01-01&sr=b&sp=r&sig={value}"
        ))
    });
    let value = format!("npm_{}", alnum(36, next()));
    add("npm", value, &|value| {
        Place::Diff(format!(
            "@@ -0,0 +1 @@\n+//registry.npmjs.org/:_authToken={value}\n"
        ))
    });
    let value = format!("pypi-AgEIcHlwaS5vcmc{}", alnum(120, next()));
    add("pypi", value, &|value| {
        Place::Output(format!(
            "[pypi]\nusername = __token__\npassword = {value}\n"
        ))
    });
    let value = hex(32, next());
    add("twilio", value, &|value| {
        Place::Output(format!(
            "TWILIO_ACCOUNT_SID=ACxx\nTWILIO_AUTH_TOKEN={value}\n"
        ))
    });
    let value = format!("SK{}", hex(32, next()));
    add("twilio", value, &|value| {
        Place::Prompt(format!("the sid of the key is {value}"))
    });
    let value = format!("SG.{}.{}", alnum(22, next()), alnum(43, next()));
    add("sendgrid", value, &|value| {
        Place::Input(json!({"old_string": "key = ''", "new_string": format!("key = '{value}'")}))
    });
    let value = format!("hf_{}", from("abcdefghijkLMNOPQRSTuvwxyz", 34, next()));
    add("huggingface", value, &|value| {
        Place::AgentPrompt(format!("log in with {value} first"))
    });
    let value = format!("dop_v1_{}", hex(64, next()));
    add("digitalocean", value, &|value| {
        Place::Input(json!({"command": ["doctl", "auth", "init", "-t", value]}))
    });
    let value = format!("hvs.{}", alnum(90, next()));
    add("vault", value, &|value| {
        Place::Output(format!("token                {value}\ntoken_accessor x"))
    });
    let value = format!("glsa_{}_{}", alnum(32, next()), hex(8, next()));
    add("grafana", value, &|value| {
        Place::EventText(format!("/grafana {value}"))
    });
    let value = format!("dckr_pat_{}", alnum(27, next()));
    add("docker", value, &|value| {
        Place::Input(
            json!({"command": format!("echo {value} | docker login -u ann --password-stdin")}),
        )
    });
    let value = format!("{}:AA{}", 7_123_456_789_u64, alnum(33, next()));
    add("telegram", value, &|value| {
        Place::Input(json!({"url": format!("https://api.telegram.org/bot{value}/getMe")}))
    });
    let value = format!(
        "sk-lf-{}-{}-{}",
        hex(8, next()),
        hex(4, next()),
        hex(12, next())
    );
    add("langfuse", value, &|value| {
        Place::EventDetails(json!({"headers": [["x", value]]}))
    });

    // JSON web tokens.
    let value = format!(
        "eyJ{}.eyJ{}.{}",
        alnum(33, next()),
        alnum(80, next()),
        alnum(43, next())
    );
    add("jwt", value, &|value| {
        Place::Input(json!({"headers": {"Authorization": format!("Bearer {value}")}}))
    });
    let value = format!(
        "eyJ{}.eyJ{}.{}",
        alnum(33, next()),
        alnum(90, next()),
        alnum(86, next())
    );
    add("jwt", value, &|value| {
        Place::Output(format!("Set-Cookie: id={value}; Path=/; HttpOnly"))
    });

    // Headers.
    let value = alnum(40, next());
    add("bearer", value, &|value| {
        Place::Input(
            json!({"command": format!("curl -H 'Authorization: Bearer {value}' https://x.test")}),
        )
    });
    let password = alnum(18, next());
    let encoded = STANDARD.encode(format!("deploy:{password}"));
    plants.push(Plant {
        sort: "basic",
        values: vec![password.clone(), encoded.clone()],
        place: Place::Output(format!(
            "> Authorization: Basic {encoded}\r\n> Accept: */*\r\n"
        )),
    });
    let mut add = |sort: &'static str, value: String, place: &dyn Fn(&str) -> Place| {
        let place = place(&value);
        plants.push(Plant {
            sort,
            values: vec![value],
            place,
        });
    };
    let value = hex(40, next());
    add("api key header", value, &|value| {
        Place::Output(format!(
            "x-api-key: {value}\ncontent-type: application/json"
        ))
    });
    let value = alnum(48, next());
    add("cookie", value, &|value| {
        Place::Input(
            json!({"command": format!("curl -b 'x' -H 'Cookie: theme=dark; session={value}' https://x.test")}),
        )
    });

    // Addresses.
    let value = alnum(16, next());
    add("connection string", value, &|value| {
        Place::Output(format!(
            "DATABASE_URL=postgres://app:{value}@db.internal:5432/app?sslmode=require"
        ))
    });
    let value = "p@ss/w0rd#9x".to_owned();
    add("connection string", value, &|value| {
        Place::Input(
            json!({"dsn": format!("mongodb+srv://root:{value}@cluster0.mongodb.net/test")}),
        )
    });
    let value = alnum(14, next());
    add("connection string", value, &|value| {
        Place::Output(format!(
            "Server=tcp:acme.database.windows.net;User Id=sa;Password={value};Encrypt=true;"
        ))
    });
    let value = alnum(20, next());
    add("url", value, &|value| {
        Place::Remote(format!("https://ci:{value}@git.acme.test/a/b.git"))
    });
    let value = alnum(24, next());
    add("url", value, &|value| {
        Place::Target(format!(
            "https://api.acme.test/v1/items?page=2&access_token={value}&x=1"
        ))
    });
    let value = hex(32, next());
    add("sentry dsn", value, &|value| {
        Place::Output(format!(
            "SENTRY_DSN=https://{value}@o447951.ingest.sentry.io/5429219"
        ))
    });

    // Files of settings.
    let value = "correct-horse-battery-staple".to_owned();
    add("env file", value, &|value| {
        Place::Output(format!(
            "     1→APP_ENV=local\n     2→DB_PASSWORD={value}\n     3→DB_PORT=5432\n"
        ))
    });
    let value = "wh1te;Rabbit&77".to_owned();
    add("env file", value, &|value| {
        Place::Diff(format!("@@ -1 +1 @@\n A=1\n+SMTP_PASS={value}\n"))
    });
    let value = hex(32, next());
    add("env file", value, &|value| {
        Place::Output(format!("export DD_API_KEY=\"{value}\"\n"))
    });
    let value = "Sommer2026!".to_owned();
    add("yaml", value, &|value| {
        Place::Output(format!(
            "spring:\n  datasource:\n    username: app\n    password: {value}\n"
        ))
    });
    let value = STANDARD.encode("velvet-Underground-67");
    plants.push(Plant {
        sort: "kubernetes",
        values: vec![value.clone()],
        place: Place::Output(format!(
            "apiVersion: v1\nkind: Secret\ndata:\n  password: {value}\n"
        )),
    });
    let mut add = |sort: &'static str, value: String, place: &dyn Fn(&str) -> Place| {
        let place = place(&value);
        plants.push(Plant {
            sort,
            values: vec![value],
            place,
        });
    };
    let value = "tanz.Baer99".to_owned();
    add("kubernetes", value, &|value| {
        Place::Output(format!(
            "        - name: DB_PASSWORD\n          value: \"{value}\"\n"
        ))
    });
    let value = "mittags:Pause!3".to_owned();
    add("json", value, &|value| {
        Place::EventDetails(json!({"environment": [{"name": "ADMIN_PASSWORD", "value": value}]}))
    });
    let value = "Xk2-alpine-Trail".to_owned();
    add("xml", value, &|value| {
        Place::Output(format!(
            "<server><id>nexus</id><password>{value}</password></server>"
        ))
    });
    let value = "nach7ig4ll!".to_owned();
    add("netrc", value, &|value| {
        Place::Output(format!(
            "machine api.heroku.com login ann@acme.test password {value}\n"
        ))
    });
    let value = "Quarz_uhr8812".to_owned();
    add("code", value, &|value| {
        Place::Input(
            json!({"content": format!("db.connect({{host: \"x\", password: \"{value}\"}})\n")}),
        )
    });
    let value = alnum(32, next());
    add("code", value, &|value| {
        Place::Diff(format!(
            "@@ -1 +1 @@\n+    private static final String CLIENT_SECRET = \"{value}\";\n"
        ))
    });

    // Command lines.
    let value = "S3cr3t-hamster".to_owned();
    add("command", value, &|value| {
        Place::Input(json!({"command": format!("mysql -h db -u root -p{value} -e 'select 1'")}))
    });
    let value = "Wolke#sieben7".to_owned();
    add("command", value, &|value| {
        Place::Target(format!("curl -sS -u admin:{value} https://x.test/health"))
    });
    let value = "kaffee+Kanne5".to_owned();
    add("command", value, &|value| {
        Place::Input(json!({"command": ["vault", "login", "--password", value]}))
    });
    let value = "h4fenRundf4hrt".to_owned();
    add("command", value, &|value| {
        Place::Error(format!("failed: PGPASSWORD={value} psql -h db"))
    });
    let value = alnum(28, next());
    add("command", value, &|value| {
        Place::Title(format!("deploy with --api-key {value}"))
    });

    // Keys over several lines.
    for (index, label) in ["RSA ", "OPENSSH ", ""].into_iter().enumerate() {
        let lines = key_lines(next());
        let begin = format!("-----{} {label}PRIVATE KEY-----", "BEGIN");
        let end = format!("-----END {label}PRIVATE KEY-----");
        let place = match index {
            0 => Place::Output(format!("{begin}\n{}\n{end}\n", lines.join("\n"))),
            1 => Place::Diff(format!(
                "@@ -0,0 +1,8 @@\n+{begin}\n+{}\n+{end}\n",
                lines.join("\n+")
            )),
            _ => Place::Output(format!(
                "{{\n  \"type\": \"service_account\",\n  \"private_key\": \"{begin}\\n{}\\n{end}\\n\",\n  \"client_email\": \"a@b\"\n}}",
                lines.join("\\n")
            )),
        };
        plants.push(Plant {
            sort: "private key",
            values: lines,
            place,
        });
    }
    // A listing that was cut off, and the end of another.
    let lines = key_lines(next());
    let numbered: Vec<String> = lines
        .iter()
        .enumerate()
        .map(|(index, line)| format!("{:>6}\t{line}", index + 2))
        .collect();
    plants.push(Plant {
        sort: "private key",
        values: lines,
        place: Place::Output(format!(
            "     1\t-----{} EC PRIVATE KEY-----\n{}\n[truncated]",
            "BEGIN",
            numbered.join("\n")
        )),
    });
    let lines = key_lines(next());
    plants.push(Plant {
        sort: "private key",
        values: lines.clone(),
        place: Place::Output(format!(
            "$ tail key.pem\n{}\n-----END PRIVATE KEY-----\n",
            lines.join("\n")
        )),
    });

    // What only the environment tells.
    let mut add = |sort: &'static str, value: String, place: &dyn Fn(&str) -> Place| {
        let place = place(&value);
        plants.push(Plant {
            sort,
            values: vec![value],
            place,
        });
    };
    let known: Vec<String> = environment().into_iter().map(|(_, value)| value).collect();
    add("environment", known[3].clone(), &|value| {
        Place::Output(format!(
            "x{value}y {}",
            STANDARD.encode(format!("u:{value}:z"))
        ))
    });
    add("environment", known[4].clone(), &|value| {
        Place::Input(
            json!({"a": value, value: [1, {"b": format!("<{value}>")}], "c": json!({"d": value}).to_string()}),
        )
    });
    add("environment", known[4].clone(), &|_| {
        Place::Output(
            "GET /?q=bl%22ue%2FTr%26in%5C%2077%C3%A9 and bl%22ue%2fTr%26in%5c+77%c3%a9".to_owned(),
        )
    });
    add("environment", known[5].clone(), &|value| {
        Place::Parameter(value.to_owned())
    });
    // What one place tells and another does not.
    let value = "leise-Rieselt-9-der".to_owned();
    add("told elsewhere", value.clone(), &|value| {
        Place::Output(format!("password={value}\n"))
    });
    add("told elsewhere", value, &|value| {
        Place::Prompt(format!("I typed {value} and it let me in"))
    });
    plants
}
