//! Field types that take a value of another shape for an absent one.
//!
//! A new version that writes a number where there was a text must cost that
//! field, not the line. Texts borrow from the line where they can: a plain
//! `Option<Cow<str>>` never does.

use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de::value::MapAccessDeserializer};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

/// A text, or nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Text<'a>(pub(crate) Option<Cow<'a, str>>);

impl Text<'_> {
    /// The text, if there is one that is not empty.
    pub(crate) fn get(&self) -> Option<&str> {
        self.0.as_deref().filter(|text| !text.is_empty())
    }

    /// The text, or an empty one.
    pub(crate) fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }

    /// An owned copy of the text, if there is one that is not empty.
    pub(crate) fn owned(&self) -> Option<String> {
        self.get().map(str::to_owned)
    }
}

/// A number, or nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Number(pub(crate) Option<f64>);

impl Number {
    /// The number as a count: whole, not negative.
    pub(crate) fn count(self) -> Option<u64> {
        self.0
            .filter(|number| *number >= 0.0)
            .map(|number| number as u64)
    }
}

/// True, or anything else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flag(pub(crate) bool);

/// An object, or nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Maybe<T>(pub(crate) Option<T>);

impl<T> Default for Maybe<T> {
    fn default() -> Self {
        Self(None)
    }
}

/// The objects in a list; what is no object is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct List<T>(pub(crate) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// The visitor methods for scalars that mean "nothing" to every type here.
macro_rules! nothing_from {
    ($value:expr; $($method:ident: $from:ty),*) => {
        $(fn $method<E>(self, _: $from) -> Result<Self::Value, E> {
            Ok($value)
        })*

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok($value)
        }
    };
}

/// The visitor methods that skip a list or an object.
macro_rules! skip {
    (list, $value:expr) => {
        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            while list.next_element::<IgnoredAny>()?.is_some() {}
            Ok($value)
        }
    };
    (object, $value:expr) => {
        fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
            while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok($value)
        }
    };
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor<'a>(PhantomData<&'a ()>);

        impl<'de: 'a, 'a> Visitor<'de> for TextVisitor<'a> {
            type Value = Text<'a>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'a>, E> {
                Ok(Text(Some(Cow::Borrowed(text))))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text<'a>, E> {
                Ok(Text(Some(Cow::Owned(text.to_owned()))))
            }

            nothing_from!(Text(None); visit_bool: bool, visit_u64: u64, visit_i64: i64, visit_f64: f64);
            skip!(list, Text(None));
            skip!(object, Text(None));
        }

        deserializer.deserialize_any(TextVisitor(PhantomData))
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberVisitor;

        impl<'de> Visitor<'de> for NumberVisitor {
            type Value = Number;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }

            fn visit_u64<E>(self, number: u64) -> Result<Number, E> {
                Ok(Number(Some(number as f64)))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Number, E> {
                Ok(Number(Some(number as f64)))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Number, E> {
                Ok(Number(Some(number)))
            }

            nothing_from!(Number(None); visit_bool: bool, visit_str: &str);
            skip!(list, Number(None));
            skip!(object, Number(None));
        }

        deserializer.deserialize_any(NumberVisitor)
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FlagVisitor;

        impl<'de> Visitor<'de> for FlagVisitor {
            type Value = Flag;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true or false")
            }

            fn visit_bool<E>(self, flag: bool) -> Result<Flag, E> {
                Ok(Flag(flag))
            }

            nothing_from!(Flag(false); visit_u64: u64, visit_i64: i64, visit_f64: f64, visit_str: &str);
            skip!(list, Flag(false));
            skip!(object, Flag(false));
        }

        deserializer.deserialize_any(FlagVisitor)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Maybe<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct MaybeVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for MaybeVisitor<T> {
            type Value = Maybe<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Maybe<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(object)).map(|value| Maybe(Some(value)))
            }

            nothing_from!(Maybe(None); visit_bool: bool, visit_u64: u64, visit_i64: i64, visit_f64: f64, visit_str: &str);
            skip!(list, Maybe(None));
        }

        deserializer.deserialize_any(MaybeVisitor(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListVisitor<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
            type Value = List<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of objects")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<List<T>, A::Error> {
                objects(list).map(List)
            }

            nothing_from!(List(Vec::new()); visit_bool: bool, visit_u64: u64, visit_i64: i64, visit_f64: f64, visit_str: &str);
            skip!(object, List(Vec::new()));
        }

        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

/// Reads an object; anything else, and what cannot be read, is an empty one.
///
/// Derived types would take a list for their fields in order.
pub(crate) fn read_object<'a, T: Deserialize<'a> + Default>(json: &'a str) -> T {
    serde_json::from_str::<Maybe<T>>(json)
        .ok()
        .and_then(|read| read.0)
        .unwrap_or_default()
}

/// The objects of a list.
pub(crate) fn objects<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(
    mut list: A,
) -> Result<Vec<T>, A::Error> {
    let mut objects = Vec::new();
    while let Some(object) = list.next_element::<Maybe<T>>()? {
        objects.extend(object.0);
    }
    Ok(objects)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Fields<'a> {
        #[serde(borrow)]
        text: Text<'a>,
        number: Number,
        flag: Flag,
        #[serde(borrow)]
        object: Maybe<Inner<'a>>,
        #[serde(borrow)]
        list: List<Inner<'a>>,
    }

    #[derive(Debug, Default, Deserialize)]
    #[serde(default)]
    struct Inner<'a> {
        #[serde(borrow)]
        text: Text<'a>,
    }

    #[test]
    fn a_text_without_escapes_is_borrowed() {
        let fields: Fields<'_> = serde_json::from_str(r#"{"text":"plain"}"#).unwrap();
        assert!(matches!(fields.text.0, Some(Cow::Borrowed("plain"))));
        let fields: Fields<'_> = serde_json::from_str(r#"{"text":"\u00e9"}"#).unwrap();
        assert_eq!(fields.text.get(), Some("é"));
    }

    #[test]
    fn values_of_another_shape_are_absent() {
        for other in [
            "null",
            "true",
            "-1.5",
            "7",
            "\"x\"",
            "[1,[2],{}]",
            r#"{"a":{"b":[]}}"#,
        ] {
            let line = ["text", "number", "flag", "object", "list"]
                .map(|field| format!("\"{field}\":{other}"))
                .join(",");
            let text = format!("{{{line}}}");
            let fields: Fields<'_> = serde_json::from_str(&text).unwrap();
            assert_eq!(fields.text.get().is_some(), other == "\"x\"");
            assert_eq!(fields.number.0.is_some(), other == "7" || other == "-1.5");
            assert_eq!(fields.number.count().is_some(), other == "7");
            assert_eq!(fields.flag.0, other == "true");
            assert_eq!(fields.object.0.is_some(), other.starts_with('{'));
            assert_eq!(fields.list.0.len(), usize::from(other.starts_with('[')));
        }
    }

    #[test]
    fn a_list_keeps_its_objects() {
        let fields: Fields<'_> = serde_json::from_str(
            r#"{"list":[{"text":"a"},null,{"text":"b"}],"object":{"text":"c"}}"#,
        )
        .unwrap();
        let texts: Vec<_> = fields
            .list
            .0
            .iter()
            .map(|inner| inner.text.as_str())
            .collect();
        assert_eq!(texts, ["a", "b"]);
        assert_eq!(fields.object.0.unwrap().text.owned(), Some("c".to_owned()));
    }
}
