//! JSON that is to be added to a file, in the file's own style.

/// A value to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    Text(String),
    Number(u32),
    Bool(bool),
    Array(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl Node {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    pub(crate) fn object<const N: usize>(members: [(&str, Node); N]) -> Self {
        Self::Object(
            members
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect(),
        )
    }
}

/// How a file is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Style {
    /// What ends a line.
    pub(crate) newline: &'static str,
    /// One step of indentation.
    pub(crate) unit: String,
}

impl Style {
    /// Recognised from the first line that is deeper than the root.
    pub(crate) fn of(text: &str) -> Self {
        let newline = match text.find('\n') {
            Some(at) if text[..at].ends_with('\r') => "\r\n",
            _ => "\n",
        };
        let unit = text
            .split('\n')
            .filter(|line| !line.trim().is_empty())
            .find_map(|line| {
                let indent = &line[..line.len() - line.trim_start_matches([' ', '\t']).len()];
                (!indent.is_empty()).then(|| indent.to_owned())
            })
            .unwrap_or_else(|| "  ".to_owned());
        Self { newline, unit }
    }

    /// Writes a value whose first line is already indented by `indent`.
    pub(crate) fn render(&self, node: &Node, indent: &str) -> String {
        let mut out = String::new();
        self.write(&mut out, node, indent);
        out
    }

    fn write(&self, out: &mut String, node: &Node, indent: &str) {
        let inner = format!("{indent}{}", self.unit);
        let begin_item = |out: &mut String, index: usize| {
            if index > 0 {
                out.push(',');
            }
            out.push_str(self.newline);
            out.push_str(&inner);
        };
        match node {
            Node::Array(items) if !items.is_empty() => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    begin_item(out, index);
                    self.write(out, item, &inner);
                }
                out.push_str(self.newline);
                out.push_str(indent);
                out.push(']');
            }
            Node::Object(members) if !members.is_empty() => {
                out.push('{');
                for (index, (name, value)) in members.iter().enumerate() {
                    begin_item(out, index);
                    out.push_str(&quoted(name));
                    out.push_str(": ");
                    self.write(out, value, &inner);
                }
                out.push_str(self.newline);
                out.push_str(indent);
                out.push('}');
            }
            flat => write_flat(out, flat),
        }
    }
}

/// Writes a value in one line.
pub(crate) fn flat(node: &Node) -> String {
    let mut out = String::new();
    write_flat(&mut out, node);
    out
}

fn write_flat(out: &mut String, node: &Node) {
    match node {
        Node::Text(text) => out.push_str(&quoted(text)),
        Node::Number(number) => out.push_str(&number.to_string()),
        Node::Bool(bool) => out.push_str(if *bool { "true" } else { "false" }),
        Node::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                write_flat(out, item);
            }
            out.push(']');
        }
        Node::Object(members) => {
            out.push('{');
            for (index, (name, value)) in members.iter().enumerate() {
                out.push_str(if index > 0 { ", " } else { "" });
                out.push_str(&quoted(name));
                out.push_str(": ");
                write_flat(out, value);
            }
            out.push('}');
        }
    }
}

/// A JSON string.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string()
}
