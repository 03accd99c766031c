//! Our entries below `hooks` in a JSON settings file.

use crate::error::Error;
use crate::json::{Document, Edits, Element, Member, Node};
use crate::program::HookProgram;
use crate::registrations::Registration;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What is registered in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Found {
    /// How many entries of ours each event has.
    pub(crate) events: BTreeMap<String, usize>,
    /// The programs that they run.
    pub(crate) programs: Vec<PathBuf>,
}

/// Where a handler stands: the event, its entry, and the item in the entry's
/// own list where the entry is a group.
struct Place<'a> {
    event: &'a str,
    entry: usize,
    item: Option<usize>,
    handler: &'a Element,
}

/// Reads what is registered. A file with another shape has nothing of ours.
pub(crate) fn find(document: &Document, registration: &Registration) -> Found {
    let mut found = Found::default();
    for place in places(document, registration) {
        *found.events.entry(place.event.to_owned()).or_default() += 1;
        let program = registration
            .recognise(place.handler)
            .and_then(|registered| registered.program);
        found.programs.extend(program);
    }
    found.programs.sort();
    found.programs.dedup();
    found
}

/// Every handler of ours.
fn places<'a>(document: &'a Document, registration: &Registration) -> Vec<Place<'a>> {
    handlers(document, &|handler| {
        registration.recognise(handler).is_some()
    })
}

/// Every handler that a test holds for.
fn handlers<'a>(document: &'a Document, is_meant: &dyn Fn(&Element) -> bool) -> Vec<Place<'a>> {
    let mut places = Vec::new();
    let events = document.at(&["hooks"]).and_then(Element::members);
    for event in events.unwrap_or_default() {
        for (entry, element) in event.value.items().unwrap_or_default().iter().enumerate() {
            let place = |item, handler| Place {
                event: &event.name,
                entry,
                item,
                handler,
            };
            if is_meant(element) {
                places.push(place(None, element));
            }
            let items = element.get("hooks").and_then(Element::items);
            for (item, handler) in items.unwrap_or_default().iter().enumerate() {
                if is_meant(handler) {
                    places.push(place(Some(item), handler));
                }
            }
        }
    }
    places
}

/// Takes every handler out that a test holds for, with what it leaves empty.
pub(crate) fn remove(
    mut document: Document,
    is_meant: &dyn Fn(&Element) -> bool,
) -> Result<Document, Error> {
    if handlers(&document, is_meant).is_empty() {
        return Ok(document);
    }
    // From the inside out: handlers, then groups without any, then events
    // without groups, then `hooks` itself. Only what we emptied goes.
    let mut edits = Edits::default();
    let Some(hooks) = document.at(&["hooks"]) else {
        return Ok(document);
    };
    let mut hollow_events = Vec::new();
    let events = hooks.members().unwrap_or_default();
    for (index, event) in events.iter().enumerate() {
        let entries = event.value.items().unwrap_or_default();
        let mut gone = Vec::new();
        let mut inner = Edits::default();
        for (at, entry) in entries.iter().enumerate() {
            let items = entry
                .get("hooks")
                .and_then(Element::items)
                .unwrap_or_default();
            let ours: Vec<usize> = (0..items.len())
                .filter(|item| is_meant(&items[*item]))
                .collect();
            if is_meant(entry) || (!ours.is_empty() && ours.len() == items.len()) {
                gone.push(at);
            } else if let (false, Some(list)) = (ours.is_empty(), entry.get("hooks")) {
                inner.remove(&document, list, &ours);
            }
        }
        let is_emptied = !gone.is_empty() && gone.len() == entries.len();
        if is_emptied && is_only(events, &event.name) {
            hollow_events.push(index);
            continue;
        }
        edits.join(inner);
        edits.remove(&document, &event.value, &gone);
    }
    let root = document
        .root()
        .and_then(Element::members)
        .unwrap_or_default();
    if hollow_events.len() == events.len() && is_only(root, "hooks") {
        let at = root.iter().rposition(|member| member.name == "hooks");
        let mut whole = Edits::default();
        if let (Some(at), Some(root)) = (at, document.root()) {
            whole.remove(&document, root, &[at]);
        }
        edits = whole;
    } else {
        edits.remove(&document, hooks, &hollow_events);
    }
    document = document.edited(edits)?;
    Ok(document)
}

/// Whether a name is said once. Taking out the last of several would bring an
/// earlier one to life.
fn is_only(members: &[Member], name: &str) -> bool {
    members.iter().filter(|member| member.name == name).count() == 1
}

/// Takes out what is ours.
pub(crate) fn disconnect(
    document: Document,
    registration: &Registration,
) -> Result<Document, Error> {
    let document = remove(document, &|handler| {
        registration.recognise(handler).is_some()
    })?;
    Ok(document)
}

/// Registers what is wanted: nothing where it stands already, another program
/// in the place of the one before, the rest behind what is there.
pub(crate) fn connect(
    document: Document,
    registration: &Registration,
    events: &[&str],
    program: &HookProgram,
) -> Result<Document, Error> {
    let document = remove_strays(document, registration, events)?;
    let document = refresh(document, registration, program)?;
    let found = find(&document, registration);
    let missing: Vec<(&str, Node)> = events
        .iter()
        .filter(|event| !found.events.contains_key(**event))
        .map(|event| (*event, registration.entry(program, event)))
        .collect();
    add(document, registration, missing)
}

/// Takes out entries of ours for events that are no longer wanted, and doubles.
fn remove_strays(
    document: Document,
    registration: &Registration,
    events: &[&str],
) -> Result<Document, Error> {
    let mut seen: Vec<String> = Vec::new();
    let mut strays: Vec<(usize, usize)> = Vec::new();
    for place in places(&document, registration) {
        let is_wanted = events.contains(&place.event);
        if is_wanted && !seen.iter().any(|event| event == place.event) {
            seen.push(place.event.to_owned());
        } else {
            strays.push((place.handler.start, place.handler.end));
        }
    }
    remove(document, &|handler| {
        strays.contains(&(handler.start, handler.end))
    })
}

/// Writes the entries that stand already anew where they say something else.
fn refresh(
    document: Document,
    registration: &Registration,
    program: &HookProgram,
) -> Result<Document, Error> {
    let mut edits = Edits::default();
    for place in places(&document, registration) {
        let mut wanted = registration.entry(program, place.event);
        if place.item.is_some() {
            wanted = inner(wanted);
        }
        if !place.handler.is(&wanted) {
            edits.replace(&document, place.handler, &wanted);
        }
    }
    if edits.is_empty() {
        return Ok(document);
    }
    document.edited(edits)
}

/// The handler inside a group.
fn inner(entry: Node) -> Node {
    let Node::Object(members) = entry else {
        return entry;
    };
    for (name, value) in members {
        if let ("hooks", Node::Array(mut items)) = (name.as_str(), value)
            && let Some(item) = items.pop()
        {
            return item;
        }
    }
    Node::Object(Vec::new())
}

fn add(
    document: Document,
    registration: &Registration,
    entries: Vec<(&str, Node)>,
) -> Result<Document, Error> {
    let version = registration.version();
    let lists = |entries: &[(&str, Node)]| -> Vec<(String, Node)> {
        entries
            .iter()
            .map(|(event, entry)| ((*event).to_owned(), Node::Array(vec![entry.clone()])))
            .collect()
    };
    let mut edits = Edits::default();
    let Some(root) = document.root() else {
        let mut members = registration.beginning();
        members.push(("hooks".to_owned(), Node::Object(lists(&entries))));
        edits.begin(&document, members);
        return document.edited(edits);
    };
    if root.members().is_none() {
        return Err(document.misshapen(root, "the whole file", "an object"));
    }
    let mut at_root: Vec<(String, Node)> = Vec::new();
    if let (Some(version), None) = (version, root.get("version")) {
        at_root.push(("version".to_owned(), version));
    }
    match root.get("hooks") {
        None if !entries.is_empty() => {
            at_root.push(("hooks".to_owned(), Node::Object(lists(&entries))));
        }
        None => {}
        Some(hooks) if hooks.members().is_some() => {
            let (behind, new): (Vec<_>, Vec<_>) = entries
                .into_iter()
                .partition(|(event, _)| hooks.get(event).is_some());
            for (event, entry) in behind {
                let Some(list) = hooks.get(event) else {
                    continue;
                };
                if list.items().is_none() {
                    return Err(document.misshapen(list, &format!("hooks.{event}"), "a list"));
                }
                edits.append_items(&document, list, &[entry]);
            }
            if !new.is_empty() {
                edits.append_members(&document, hooks, &lists(&new));
            }
        }
        Some(hooks) => return Err(document.misshapen(hooks, "hooks", "an object")),
    }
    if !at_root.is_empty() {
        edits.append_members(&document, root, &at_root);
    }
    if edits.is_empty() {
        return Ok(document);
    }
    document.edited(edits)
}

/// Whether a file of our own holds nothing more, so that it can go.
pub(crate) fn is_spent(document: &Document, registration: &Registration) -> bool {
    let rest = document
        .root()
        .map(|root| root.members().unwrap_or_default());
    let has_comment = document.text().contains("//") || document.text().contains("/*");
    let beginning = registration.beginning();
    let is_ours = |member: &Member| match member.name.as_str() {
        // Newer ones keep theirs.
        "version" => registration.version().is_some(),
        name => beginning
            .iter()
            .any(|(own, value)| own == name && member.value.is(value)),
    };
    !has_comment && rest.is_none_or(|members| members.iter().all(is_ours))
}

/// The event of every handler of ours, with the places of its entry and of
/// itself inside that.
pub(crate) fn places_of<'a>(
    document: &'a Document,
    registration: &Registration,
) -> Vec<(&'a str, usize, usize)> {
    places(document, registration)
        .into_iter()
        .map(|place| (place.event, place.entry, place.item.unwrap_or_default()))
        .collect()
}
