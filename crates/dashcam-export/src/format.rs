//! The names of the formats.

use std::fmt;
use std::str::FromStr;

/// A format that a session can be written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// A conversation to read in a terminal.
    Text,
    /// The vocabulary itself, as the API answers it.
    Json,
    /// Agent Trajectory Interchange Format 1.7.
    Atif,
    /// An OTLP trace request in JSON, on one line.
    Otlp,
    /// Chat messages, one conversation per line.
    Messages,
    /// One self-contained page.
    Html,
    /// Markdown.
    Markdown,
}

impl Format {
    /// Every format, in the order in which they are listed to people.
    pub const ALL: [Self; 7] = [
        Self::Text,
        Self::Json,
        Self::Atif,
        Self::Otlp,
        Self::Messages,
        Self::Html,
        Self::Markdown,
    ];

    /// The name used on the command line and in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Atif => "atif",
            Self::Otlp => "otlp",
            Self::Messages => "messages",
            Self::Html => "html",
            Self::Markdown => "markdown",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A name that is no format's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown format `{0}`; known are text, json, atif, otlp, messages, html, markdown")]
pub struct UnknownFormat(pub String);

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|format| format.as_str() == name)
            .ok_or_else(|| UnknownFormat(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_found_by_its_name_and_named_in_the_error() {
        let message = "nope".parse::<Format>().unwrap_err().to_string();
        for format in Format::ALL {
            assert_eq!(format.to_string().parse(), Ok(format));
            assert!(message.contains(format.as_str()), "{message}");
        }
    }
}
