//! JSON settings edited in place.
//!
//! A well-kept parser says where in the text each value stands; edits are then
//! cuts and insertions in the text itself, so every byte outside of them stays
//! what it was: comments, order, tabs, line ends, trailing commas, a byte order
//! mark. Text that is not JSON with comments and trailing commas is refused.

mod edit;
mod node;

pub(crate) use edit::Edits;
pub(crate) use node::{Node, Style, flat};

use crate::error::{BYTE_ORDER_MARK, Error, decode, position};
use jsonc_parser::ast::Value as Ast;
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use std::path::{Path, PathBuf};

/// A JSON text and where its values stand in it.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    path: PathBuf,
    has_mark: bool,
    text: String,
    /// Absent in a text without any value.
    root: Option<Element>,
}

/// A value in a text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Element {
    /// Its first byte.
    pub(crate) start: usize,
    /// The byte after its last one.
    pub(crate) end: usize,
    pub(crate) kind: Kind,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    Object(Vec<Member>),
    Array(Vec<Element>),
    Text(String),
    Bool(bool),
    /// As it is written.
    Number(String),
    Null,
}

/// A member of an object.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Member {
    /// The first byte of its name.
    pub(crate) start: usize,
    pub(crate) name: String,
    pub(crate) value: Element,
}

/// JSON as every harness reads it, with comments and trailing commas, which
/// some do.
const DIALECT: ParseOptions = ParseOptions {
    allow_comments: true,
    allow_trailing_commas: true,
    allow_loose_object_property_names: false,
    allow_missing_commas: false,
    allow_single_quoted_strings: false,
    allow_hexadecimal_numbers: false,
    allow_unary_plus_numbers: false,
    allow_bare_decimal_point_numbers: false,
    allow_non_finite_numbers: false,
    allow_extended_string_escapes: false,
};

impl Document {
    /// Reads a file's bytes.
    pub(crate) fn parse(path: &Path, bytes: &[u8]) -> Result<Self, Error> {
        let (text, has_mark) = decode(path, bytes)?;
        Self::from_text(path, text, has_mark)
    }

    fn from_text(path: &Path, text: String, has_mark: bool) -> Result<Self, Error> {
        let parsed = parse_to_ast(&text, &CollectOptions::default(), &DIALECT);
        let root = match parsed {
            Ok(parsed) => parsed.value.as_ref().map(element),
            Err(problem) => {
                return Err(Error::Broken {
                    path: path.to_owned(),
                    line: problem.line_display(),
                    column: problem.column_display(),
                    message: lower_case(&problem.kind().to_string()),
                });
            }
        };
        Ok(Self {
            path: path.to_owned(),
            has_mark,
            text,
            root,
        })
    }

    /// The text as it goes back to the file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mark = if self.has_mark {
            BYTE_ORDER_MARK.to_string()
        } else {
            String::new()
        };
        (mark + &self.text).into_bytes()
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn root(&self) -> Option<&Element> {
        self.root.as_ref()
    }

    /// The value at a path of names; `None` if there is none.
    pub(crate) fn at(&self, names: &[&str]) -> Option<&Element> {
        names
            .iter()
            .try_fold(self.root()?, |element, name| element.get(name))
    }

    /// The complaint that a value has the wrong shape.
    pub(crate) fn misshapen(
        &self,
        element: &Element,
        setting: &str,
        expected: &'static str,
    ) -> Error {
        let (line, column) = position(&self.text, element.start);
        Error::Shape {
            path: self.path.clone(),
            line,
            column,
            setting: setting.to_owned(),
            expected,
        }
    }

    /// This text with edits made, read anew.
    pub(crate) fn edited(&self, edits: Edits) -> Result<Self, Error> {
        let text = edits.apply(&self.text);
        // What does not parse after an edit of ours is our own fault.
        Self::from_text(&self.path, text, self.has_mark)
            .map_err(|_| Error::Unsafe(self.path.clone()))
    }
}

impl Element {
    /// The members of an object.
    pub(crate) fn members(&self) -> Option<&[Member]> {
        match &self.kind {
            Kind::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The items of an array.
    pub(crate) fn items(&self) -> Option<&[Element]> {
        match &self.kind {
            Kind::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The member of a name; of several the last, as harnesses read it.
    pub(crate) fn get(&self, name: &str) -> Option<&Element> {
        let members = self.members()?;
        let member = members.iter().rev().find(|member| member.name == name)?;
        Some(&member.value)
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it means the same as a value to be written.
    pub(crate) fn is(&self, node: &Node) -> bool {
        match (&self.kind, node) {
            (Kind::Text(a), Node::Text(b)) => a == b,
            (Kind::Bool(a), Node::Bool(b)) => a == b,
            (Kind::Number(a), Node::Number(b)) => *a == b.to_string(),
            (Kind::Array(a), Node::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.is(b))
            }
            (Kind::Object(a), Node::Object(b)) => {
                a.len() == b.len()
                    && b.iter()
                        .all(|(name, b)| self.get(name).is_some_and(|a| a.is(b)))
            }
            _ => false,
        }
    }

    /// Where the parts of a container stand: an item, or a whole member.
    pub(crate) fn parts(&self) -> Vec<(usize, usize)> {
        match &self.kind {
            Kind::Object(members) => members
                .iter()
                .map(|member| (member.start, member.value.end))
                .collect(),
            Kind::Array(items) => items.iter().map(|item| (item.start, item.end)).collect(),
            _ => Vec::new(),
        }
    }
}

/// The parser limits how deep values nest, so this recursion ends.
fn element(ast: &Ast<'_>) -> Element {
    let range = ast.range();
    let kind = match ast {
        Ast::StringLit(text) => Kind::Text(text.value.clone().into_owned()),
        Ast::NumberLit(number) => Kind::Number(number.value.to_owned()),
        Ast::BooleanLit(bool) => Kind::Bool(bool.value),
        Ast::NullKeyword(_) => Kind::Null,
        Ast::Array(array) => Kind::Array(array.elements.iter().map(element).collect()),
        Ast::Object(object) => Kind::Object(
            object
                .properties
                .iter()
                .map(|property| Member {
                    start: property.name.range().start,
                    name: property.name.as_str().to_owned(),
                    value: element(&property.value),
                })
                .collect(),
        ),
    };
    Element {
        start: range.start,
        end: range.end,
        kind,
    }
}

fn lower_case(message: &str) -> String {
    let mut characters = message.chars();
    characters
        .next()
        .map(|first| first.to_lowercase().collect::<String>() + characters.as_str())
        .unwrap_or_default()
}
