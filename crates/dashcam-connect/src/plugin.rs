//! Plugins for marketplaces, made from the same tables as everything else.

use crate::json::{Node, Style};
use crate::program::portable;
use crate::registrations::{Connectable, Registration};

/// A file of a plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PluginFile {
    /// Where it lies, below the folder of all plugins.
    pub path: &'static str,
    /// What it holds.
    pub text: String,
}

/// Every file of every plugin.
pub fn files(version: &str) -> Vec<PluginFile> {
    let claude = Connectable::ClaudeCode.registration();
    let cursor = Connectable::Cursor.registration();
    vec![
        PluginFile {
            path: "claude-code/.claude-plugin/plugin.json",
            text: rendered(&about(version)),
        },
        PluginFile {
            path: "claude-code/hooks/hooks.json",
            text: rendered(&hooks(claude)),
        },
        PluginFile {
            path: "claude-code/README.md",
            text: readme(claude, "/plugin install dashcam"),
        },
        PluginFile {
            path: "cursor/.cursor-plugin/plugin.json",
            text: rendered(&about(version)),
        },
        PluginFile {
            path: "cursor/hooks/hooks.json",
            text: rendered(&hooks(cursor)),
        },
        PluginFile {
            path: "cursor/README.md",
            text: readme(cursor, "/add-plugin dashcam"),
        },
    ]
}

fn about(version: &str) -> Node {
    Node::object([
        ("name", Node::text("dashcam")),
        ("version", Node::text(version)),
        (
            "description",
            Node::text("A flight recorder: what the agent did, step by step, and what it took"),
        ),
        (
            "author",
            Node::object([("name", Node::text("The dashcam authors"))]),
        ),
        ("homepage", Node::text(env!("CARGO_PKG_REPOSITORY"))),
        ("repository", Node::text(env!("CARGO_PKG_REPOSITORY"))),
        ("license", Node::text("MIT OR Apache-2.0")),
    ])
}

fn hooks(registration: &Registration) -> Node {
    let events = registration
        .events
        .iter()
        .map(|event| {
            let line = portable(registration.harness, event);
            let entry = registration.entry_of(&line, String::new);
            ((*event).to_owned(), Node::Array(vec![entry]))
        })
        .collect();
    let version = registration
        .version()
        .map(|version| ("version".to_owned(), version));
    let hooks = ("hooks".to_owned(), Node::Object(events));
    Node::Object(version.into_iter().chain([hooks]).collect())
}

fn readme(registration: &Registration, install: &str) -> String {
    let events = registration
        .events
        .iter()
        .fold(String::new(), |text, event| {
            text + &format!("- `{event}`\n")
        });
    format!(
        "# dashcam for {title}\n\n\
         Tells dashcam what happens in {title} while it happens. Each hook appends one record to a\n\
         file on this machine and leaves; it never answers for you, and does nothing where dashcam\n\
         is not installed.\n\n\
         Install dashcam so that `dashcam-hook` is on your `PATH`, then add the plugin:\n\n\
         ```\n{install}\n```\n\n\
         Use either the plugin or `dashcam connect`, not both: every event would be seen twice.\n\n\
         Events:\n\n{events}",
        title = registration.title,
    )
}

fn rendered(node: &Node) -> String {
    let style = Style {
        newline: "\n",
        unit: "  ".to_owned(),
    };
    style.render(node, "") + "\n"
}
