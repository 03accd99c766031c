//! Settings as people have them.

/// Files that can be connected, by what is special about them.
pub(crate) fn sound() -> Vec<(&'static str, Vec<u8>)> {
    let texts: Vec<(&'static str, String)> = [
        ("empty", ""),
        ("only spaces", "  \n\n"),
        ("only a comment", "// settings\n"),
        ("only a comment without a line end", "/* settings */"),
        ("an empty object", "{}"),
        ("an empty object on a line", "{}\n"),
        ("an empty object over two lines", "{\n}\n"),
        ("an empty object with a space", "{ }"),
        ("an empty object with a comment", "{\n  // nothing yet\n}\n"),
        ("an empty object with a comment in its line", "{ /* nothing yet */ }\n"),
        ("one setting in one line", r#"{"model":"opus"}"#),
        ("one setting with spaces", "{ \"model\": \"opus\" }\n"),
        ("two spaces", "{\n  \"model\": \"opus\",\n  \"env\": {\n    \"A\": \"1\"\n  }\n}\n"),
        ("four spaces", "{\n    \"model\": \"opus\",\n    \"env\": {\n        \"A\": \"1\"\n    }\n}\n"),
        ("tabs", "{\n\t\"model\": \"opus\",\n\t\"env\": {\n\t\t\"A\": \"1\"\n\t}\n}\n"),
        ("three spaces and none", "{\n   \"model\": \"opus\",\n\"env\": {\"A\": \"1\"}\n}"),
        ("windows line ends", "{\r\n  \"model\": \"opus\",\r\n  \"env\": {\r\n    \"A\": \"1\"\r\n  }\r\n}\r\n"),
        ("mixed line ends", "{\r\n  \"model\": \"opus\",\n  \"b\": 1\r\n}\n"),
        ("no line end at the end", "{\n  \"model\": \"opus\"\n}"),
        ("many line ends at the end", "{\n  \"model\": \"opus\"\n}\n\n\n"),
        ("a byte order mark", "\u{feff}{\n  \"model\": \"opus\"\n}\n"),
        ("a byte order mark alone", "\u{feff}"),
        ("a trailing comma", "{\n  \"model\": \"opus\",\n}\n"),
        ("a trailing comma and a comment", "{\n  \"model\": \"opus\", // best\n}\n"),
        ("a comment behind the last setting", "{\n  \"model\": \"opus\" // best\n}\n"),
        ("a comment with a comma and a brace", "{\n  \"model\": \"opus\" /* , } */\n}\n"),
        ("comments below the last setting", "{\n  \"model\": \"opus\"\n  // \"hooks\": {}\n  /* } */\n}\n"),
        ("comments everywhere", "// a\n{ // b\n  /* c */ \"model\" /* d */ : /* e */ \"opus\" /* f */ , // g\n  // h\n  \"b\": [ // i\n    1 // j\n  ] // k\n  // l\n} // m\n// n\n"),
        ("comment signs in strings", "{\n  \"url\": \"http://x//y /* no */\",\n  \"b\": \"\\\"// \\\\\"\n}\n"),
        ("comma first", "{ \"model\": \"opus\"\n, \"env\": { \"A\": \"1\" }\n, \"b\": []\n}\n"),
        ("the brace behind the last setting", "{\n  \"model\": \"opus\",\n  \"b\": 1}\n"),
        ("unicode", "{\n  \"größe\": \"日本語 🚗\",\n  \"\\u0068ello\": \"\\ud83d\\ude97\"\n}\n"),
        ("other hooks", OTHERS),
        ("other hooks in one line", r#"{"hooks":{"Stop":[{"hooks":[{"type":"command","command":"say done"}]}],"PreToolUse":[{"matcher":"Bash","hooks":[{"type":"command","command":"guard"}]}]}}"#),
        ("empty hooks", "{\n  \"hooks\": {}\n}\n"),
        ("an event without hooks", "{\n  \"hooks\": {\n    \"Stop\": [],\n    \"PreToolUse\": [ ]\n  }\n}\n"),
        ("hooks of events that nobody knows", "{\n  \"hooks\": {\n    \"Nobody\": [{\"hooks\": [{\"type\": \"command\", \"command\": \"x\"}]}]\n  }\n}\n"),
        ("hooks in the middle", "{\n  \"a\": 1,\n  \"hooks\": {\n    \"Stop\": [ {\"hooks\": [ {\"type\": \"command\", \"command\": \"say done\"}, ], }, ], // mine\n  },\n  \"z\": 2,\n}\n"),
        ("hooks said twice", "{\n  \"hooks\": {\"Stop\": []},\n  \"hooks\": {\n    \"Stop\": [{\"hooks\": []}]\n  }\n}\n"),
        ("null and numbers", "{\n  \"a\": null,\n  \"b\": -1.5e+10,\n  \"c\": true,\n  \"d\": 123456789012345678901234567890\n}\n"),
        ("blank lines", "{\n\n  \"a\": 1,\n\n\n  \"b\": 2\n\n}\n"),
        ("trailing spaces", "{  \n  \"a\": 1,\t\n  \"b\": 2  \n}  \n"),
    ]
    .map(|(name, text)| (name, text.to_owned()))
    .into();
    let mut files: Vec<(&'static str, Vec<u8>)> = texts
        .into_iter()
        .map(|(name, text)| (name, text.into_bytes()))
        .collect();
    files.push(("huge", huge()));
    files.push(("deep", deep(100)));
    files.push((
        "long lines",
        format!("{{\"a\": \"{}\",\n \"b\": 1}}", "x".repeat(1_000_000)).into_bytes(),
    ));
    files
}

const OTHERS: &str = r#"{
  "permissions": { "allow": ["Bash(ls:*)"] },
  "hooks": {
    "PreToolUse": [
      {
        "matcher": "Bash",
        "hooks": [
          { "type": "command", "command": "guard.sh", "timeout": 10 } // keep
        ]
      },
      { "matcher": "Edit", "hooks": [] }
    ],
    "BeforeTool": [ { "matcher": "write", "hooks": [ { "type": "command", "command": "x" } ] } ],
    "Stop": [
      { "hooks": [ { "type": "command", "command": "dashcam-hook of my own" } ] }
    ]
  }
}
"#;

fn huge() -> Vec<u8> {
    let mut text = "{\n".to_owned();
    for index in 0..8_000 {
        text += &format!("  \"setting {index}\": {{ \"on\": true, \"list\": [1, 2, 3] }},\n");
    }
    (text + "  \"last\": 0\n}\n").into_bytes()
}

fn deep(levels: usize) -> Vec<u8> {
    format!("{{\"a\": {}{}}}", "[".repeat(levels), "]".repeat(levels)).into_bytes()
}

/// Files that are refused: what is special, the bytes, and where the trouble
/// is.
pub(crate) fn broken() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let texts = [
        ("no end", "{\n  \"a\": 1\n", "1:1"),
        ("an open string", "{\n  \"a\": \"opus\n}\n", "2:8"),
        ("a missing comma", "{\n  \"a\": 1\n  \"b\": 2\n}\n", "2:9"),
        ("a missing colon", "{ \"a\" 1 }", "1:7"),
        ("a missing value", "{\n  \"a\":\n}\n", "3:1"),
        ("single quotes", "{ 'a': 1 }", "1:3"),
        ("names without quotes", "{\n  a: 1\n}", "2:3"),
        ("two values", "{}\n{}\n", "2:1"),
        ("an open comment", "{} /* a", "1:"),
        (
            "merge marks",
            "{\n<<<<<<< HEAD\n  \"a\": 1\n=======\n  \"a\": 2\n>>>>>>> b\n}\n",
            "2:1",
        ),
        ("text", "not json at all", "1:1"),
        ("a list", "[1, 2]\n", "1:1"),
        ("a number", "\n 7\n", "2:2"),
        ("hooks as a list", "{\n  \"hooks\": []\n}\n", "2:12"),
        ("hooks as text", "{\n  \"hooks\": \"none\"\n}\n", "2:12"),
        ("hooks as null", "{\n  \"hooks\": null\n}\n", "2:12"),
    ];
    let mut files: Vec<(&'static str, Vec<u8>, &'static str)> = texts
        .into_iter()
        .map(|(name, text, at)| (name, text.as_bytes().to_vec(), at))
        .collect();
    files.push(("not UTF-8", b"{\n  \"a\": \"\xff\"\n}".to_vec(), "2:9"));
    files.push(("UTF-16", b"\xff\xfe{\0}\0".to_vec(), "1:1"));
    files.push(("too deep", deep(100_000), "1:"));
    files
}
