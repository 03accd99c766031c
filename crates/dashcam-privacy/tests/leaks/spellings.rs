//! The many ways in which a secret is assigned, passed and printed.

use dashcam_privacy::{HashKey, Known, Level, Policy, apply_turn};
use dashcam_trace::Turn;

fn redacted(text: &str) -> String {
    let policy = Policy::new(Level::Redacted, HashKey::from_bytes([7; 32]));
    let mut turn: Turn = crate::evidence::claude_code().turns.remove(0);
    text.clone_into(&mut turn.prompt.text);
    turn.spans.clear();
    apply_turn(turn, &policy, &mut Known::default()).prompt.text
}

#[test]
fn a_secret_is_removed_however_it_is_written() {
    let mut missed: Vec<String> = Vec::new();
    for text in [
        "export API_KEY=S3cr3t-pw-77",
        r#"$env:API_KEY = "S3cr3t-pw-77""#,
        "set SECRET_KEY=S3cr3t-pw-77",
        r#"setx API_KEY "S3cr3t-pw-77""#,
        r#"os.environ["SECRET_KEY"] = "S3cr3t-pw-77""#,
        r#"config.set("api_key", "S3cr3t-pw-77")"#,
        r#".withPassword("S3cr3t-pw-77")"#,
        r#"def connect(password: str = "S3cr3t-pw-77"):"#,
        r#"\"DB_PASSWORD\": \"S3cr3t-pw-77\",\n"#,
        "my password is S3cr3t-pw-77!",
        "redis://:S3cr3t-pw-77@localhost:6379/0",
        "jdbc:mysql://db/app?user=root&password=S3cr3t-pw-77",
        "jdbc:sqlserver://db;user=sa;password=S3cr3t-pw-77;",
        r#"curl -u "admin:S3cr3t-pw-77" https://x.test"#,
        "wget --password=S3cr3t-pw-77 --user=bob https://x.test",
        "sshpass -p 'S3cr3t-pw-77' ssh root@host",
        "docker login -u ann -p S3cr3t-pw-77 registry.example.com",
        r#"psql "host=db user=app password=S3cr3t-pw-77 dbname=x""#,
        "mysqldump -uroot -pS3cr3t-pw-77 app",
        "redis-cli -h db -a S3cr3t-pw-77 ping",
        "kubectl create secret generic x --from-literal=password=S3cr3t-pw-77",
        "helm install --set auth.rootPassword=S3cr3t-pw-77",
        "openssl enc -aes-256-cbc -pass pass:S3cr3t-pw-77",
        "htpasswd -b .htpasswd ann S3cr3t-pw-77",
        r#"-H "X-Auth-Token: S3cr3t-pw-77""#,
        "Authorization: token S3cr3t-pw-77",
        r#"<add key="Password" value="S3cr3t-pw-77" />"#,
        "<password>S3cr3t-pw-77</password>",
        "spring.datasource.password=S3cr3t-pw-77",
        "login: ann / password: S3cr3t-pw-77",
        "requirepass S3cr3t-pw-77",
        "CREATE USER app IDENTIFIED BY 'S3cr3t-pw-77';",
        "ALTER USER app WITH PASSWORD 'S3cr3t-pw-77';",
        "?user=x%26password%3DS3cr3t-pw-77%26a=b",
        "%7B%22password%22%3A%22S3cr3t-pw-77%22%7D",
        "\u{1b}[32mPASSWORD\u{1b}[0m=\u{1b}[33mS3cr3t\u{1b}[0m-pw-77",
        "{\n  \"password\":\n    \"S3cr3t-pw-77\"\n}",
        "-  name: DB_PASSWORD\n   value: S3cr3t-pw-77",
    ] {
        let after = redacted(text);
        if after.contains("S3cr3t") || after.contains("pw-77") || !after.contains("[redacted:") {
            missed.push(after);
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn what_stands_around_a_secret_stays() {
    for (text, expected) in [
        (
            "git clone https://x-access-token:abcdEFGH1234@github.com/a/b",
            "git clone https://x-access-token:[redacted:url-password]@github.com/a/b",
        ),
        (
            "A=1\nDB_PASSWORD=hunter2-x\nB=2",
            "A=1\nDB_PASSWORD=[redacted:password]\nB=2",
        ),
        (
            "{\"password\": \"hunter2-x\", \"user\": \"ann\"}",
            "{\"password\": \"[redacted:password]\", \"user\": \"ann\"}",
        ),
        (
            "GET /?access_token=abcdEFGH12345678&page=2",
            "GET /?access_token=[redacted:token]&page=2",
        ),
    ] {
        assert_eq!(redacted(text), expected);
    }
}
