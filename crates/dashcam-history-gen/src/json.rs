//! Writes JSON text with its fields in the order they are given.
//!
//! Harnesses write their fields in a certain order, and readers may be quick
//! because of it; a map that sorts its keys would hide that.

/// An object under construction.
#[derive(Clone)]
pub(crate) struct Object {
    text: String,
}

impl Object {
    /// An object without fields.
    pub(crate) fn new() -> Self {
        Self {
            text: String::from("{"),
        }
    }

    /// Adds a string.
    pub(crate) fn text(self, key: &str, value: &str) -> Self {
        self.raw(key, &string(value))
    }

    /// Adds a string, or `null`.
    pub(crate) fn text_or_null(self, key: &str, value: Option<&str>) -> Self {
        match value {
            Some(value) => self.text(key, value),
            None => self.raw(key, "null"),
        }
    }

    /// Adds a whole number.
    pub(crate) fn number(self, key: &str, value: u64) -> Self {
        self.raw(key, &value.to_string())
    }

    /// Adds `true` or `false`.
    pub(crate) fn flag(self, key: &str, value: bool) -> Self {
        self.raw(key, if value { "true" } else { "false" })
    }

    /// Adds an object.
    pub(crate) fn object(self, key: &str, value: Self) -> Self {
        self.raw(key, &value.end())
    }

    /// Adds a list of JSON texts.
    pub(crate) fn list(self, key: &str, values: impl IntoIterator<Item = String>) -> Self {
        self.raw(key, &list(values))
    }

    /// Adds a JSON text as it is.
    pub(crate) fn raw(mut self, key: &str, value: &str) -> Self {
        if self.text.len() > 1 {
            self.text.push(',');
        }
        self.text.push_str(&string(key));
        self.text.push(':');
        self.text.push_str(value);
        self
    }

    /// Adds all fields of another object.
    pub(crate) fn fields(mut self, other: &Self) -> Self {
        if self.text.len() > 1 && other.text.len() > 1 {
            self.text.push(',');
        }
        self.text.push_str(&other.text[1..]);
        self
    }

    /// The JSON text.
    pub(crate) fn end(mut self) -> String {
        self.text.push('}');
        self.text
    }
}

/// A JSON string, escaped as JavaScript escapes it.
pub(crate) fn string(value: &str) -> String {
    serde_json::Value::from(value).to_string()
}

/// A JSON list of JSON texts.
pub(crate) fn list(values: impl IntoIterator<Item = String>) -> String {
    let values: Vec<String> = values.into_iter().collect();
    format!("[{}]", values.join(","))
}

#[cfg(test)]
mod tests {
    use super::Object;

    #[test]
    fn fields_keep_their_order_and_their_escapes() {
        let inner = Object::new().number("z", 1).flag("a", true);
        let text = Object::new()
            .text("b", "a \"quote\"\n")
            .fields(&inner)
            .raw("n", "null")
            .end();
        assert_eq!(text, r#"{"b":"a \"quote\"\n","z":1,"a":true,"n":null}"#);
    }
}
