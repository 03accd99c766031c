//! A chat kept as a log of changes to one JSON object.
//!
//! Each line is one change: `{kind: 0, v}` the whole object, `{1, k, v}` a
//! property set, `{2, k, v, i}` an array cut to `i` and added to, `{3, k}` a
//! property deleted (`objectMutationLog.ts`). What cannot be applied costs
//! only itself.

use crate::Decoded;
use crate::lines::{Line, lines};
use dashcam_trace::ProblemKind;
use serde::Deserialize;
use serde_json::Value;

/// One change.
#[derive(Debug, Deserialize)]
struct Change {
    kind: u64,
    #[serde(default)]
    k: Vec<Step>,
    #[serde(default)]
    v: Option<Value>,
    i: Option<usize>,
}

/// One step of a path.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Step {
    Index(usize),
    Key(String),
}

/// The object at the end of the log.
pub(super) fn replay(path: &str, bytes: &[u8], decoded: &mut Decoded) -> Option<Value> {
    let mut state = None;
    for line in lines(bytes) {
        if line.is_blank() {
            continue;
        }
        decoded.lines += 1;
        let Some(change) = line.parse_or_note::<Change>(path, decoded) else {
            continue;
        };
        if let Err(problem) = apply(&mut state, change) {
            note(path, &line, problem, decoded);
        }
    }
    state
}

fn note(path: &str, line: &Line<'_>, problem: &str, decoded: &mut Decoded) {
    decoded.problem(line.problem(path, ProblemKind::Inconsistent, problem));
}

fn apply(state: &mut Option<Value>, change: Change) -> Result<(), &'static str> {
    if change.kind == 0 {
        *state = change.v;
        return Ok(());
    }
    let root = state.as_mut().ok_or("a change before the whole")?;
    let (last, above) = change.k.split_last().ok_or("a change of nothing")?;
    let mut parent = root;
    for step in above {
        parent = at(parent, step).ok_or("a change of what is not there")?;
    }
    match change.kind {
        1 => set(parent, last, change.v.unwrap_or_default()),
        2 => push(parent, last, change.v, change.i),
        3 => {
            match (parent, last) {
                (Value::Object(fields), Step::Key(key)) => drop(fields.remove(key)),
                // As the editor does it: the place stays.
                (parent, step) => return set(parent, step, Value::Null),
            }
            Ok(())
        }
        _ => Err("a change of an unknown kind"),
    }
}

fn at<'v>(value: &'v mut Value, step: &Step) -> Option<&'v mut Value> {
    match (value, step) {
        (Value::Object(fields), Step::Key(key)) => fields.get_mut(key),
        (Value::Array(items), Step::Index(index)) => items.get_mut(*index),
        _ => None,
    }
}

fn set(parent: &mut Value, step: &Step, value: Value) -> Result<(), &'static str> {
    match (parent, step) {
        (Value::Object(fields), Step::Key(key)) => drop(fields.insert(key.clone(), value)),
        (Value::Array(items), Step::Index(index)) if *index < items.len() => {
            items[*index] = value;
        }
        (Value::Array(items), Step::Index(index)) if *index == items.len() => items.push(value),
        _ => return Err("a change of what is not there"),
    }
    Ok(())
}

fn push(
    parent: &mut Value,
    step: &Step,
    added: Option<Value>,
    cut: Option<usize>,
) -> Result<(), &'static str> {
    if at(parent, step).is_none_or(|value| value.is_null()) {
        set(parent, step, Value::Array(Vec::new()))?;
    }
    let Some(Value::Array(items)) = at(parent, step) else {
        return Err("an addition to what is no list");
    };
    items.truncate(cut.unwrap_or(usize::MAX));
    match added {
        Some(Value::Array(added)) => items.extend(added),
        Some(Value::Null) | None => {}
        Some(_) => return Err("an addition that is no list"),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn replayed(log: &str) -> (Option<Value>, u64) {
        let mut decoded = Decoded::default();
        let state = replay("chat.jsonl", log.as_bytes(), &mut decoded);
        (state, decoded.problem_count)
    }

    #[test]
    fn the_last_state_is_what_all_changes_made() {
        let log = r#"{"kind":0,"v":{"title":"a","requests":[{"id":1,"response":["x"]}]}}
{"kind":2,"k":["requests"],"v":[{"id":2}]}
{"kind":1,"k":["requests",1,"modelId"],"v":"m"}
{"kind":2,"k":["requests",0,"response"],"v":["y","z"],"i":0}
{"kind":2,"k":["requests",1,"response"],"v":["new"]}
{"kind":3,"k":["title"]}
{"kind":2,"k":["requests",0,"response"],"i":1}
"#;
        let expected = json!({ "requests": [
            { "id": 1, "response": ["y"] },
            { "id": 2, "modelId": "m", "response": ["new"] },
        ]});
        assert_eq!(replayed(log), (Some(expected), 0));
    }

    #[test]
    fn a_later_whole_replaces_all() {
        let log = "{\"kind\":0,\"v\":{\"a\":1}}\n{\"kind\":0,\"v\":{\"b\":2}}\n";
        assert_eq!(replayed(log), (Some(json!({ "b": 2 })), 0));
    }

    #[test]
    fn what_cannot_be_applied_costs_only_itself() {
        let log = r#"{"kind":1,"k":["a"],"v":1}
{"kind":0,"v":{"list":[]}}
{"kind":1,"k":["list",7],"v":1}
{"kind":1,"k":["no","where"],"v":1}
{"kind":2,"k":["list"],"v":3}
{"kind":9,"k":["list"]}
{"kind":1,"k":[],"v":1}
nonsense
{"kind":1,"k":["b"],"v":2}
"#;
        assert_eq!(replayed(log), (Some(json!({ "list": [], "b": 2 })), 7));
    }
}
