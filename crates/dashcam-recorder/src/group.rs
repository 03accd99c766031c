//! Which files belong to one session.

use dashcam_trace::Harness;
use rustc_hash::{FxHashMap, FxHashSet};

/// What a file says of its place: whose record it is, and who started that one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place<'a> {
    pub(crate) harness: Harness,
    pub(crate) native_id: &'a str,
    pub(crate) parent: Option<&'a str>,
}

/// Finds the root of every record by following parents as far as they are known.
pub(crate) struct Roots<'a> {
    parents: FxHashMap<(Harness, &'a str), Option<&'a str>>,
}

impl<'a> Roots<'a> {
    pub(crate) fn new(places: impl IntoIterator<Item = Place<'a>>) -> Self {
        let mut parents = FxHashMap::default();
        for place in places {
            let parent = parents
                .entry((place.harness, place.native_id))
                .or_insert(place.parent);
            *parent = parent.or(place.parent);
        }
        Self { parents }
    }

    /// The native id of the session that a record belongs to: the last known
    /// ancestor. Of ancestors in a circle, the smallest.
    pub(crate) fn root_of(&self, harness: Harness, native_id: &'a str) -> &'a str {
        let mut current = native_id;
        let mut seen = FxHashSet::default();
        while seen.insert(current) {
            match self.parents.get(&(harness, current)) {
                Some(Some(parent)) if self.parents.contains_key(&(harness, parent)) => {
                    current = parent;
                }
                _ => return current,
            }
        }
        self.smallest_of_circle(harness, current)
    }

    fn smallest_of_circle(&self, harness: Harness, start: &'a str) -> &'a str {
        let next = |id| self.parents.get(&(harness, id)).copied().flatten();
        std::iter::successors(next(start), |id| next(id))
            .take_while(|id| *id != start)
            .fold(start, std::cmp::min)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roots(pairs: &[(&'static str, Option<&'static str>)]) -> Roots<'static> {
        Roots::new(pairs.iter().map(|(native_id, parent)| Place {
            harness: Harness::Codex,
            native_id,
            parent: *parent,
        }))
    }

    #[test]
    fn a_nested_agent_belongs_to_the_session_at_the_top() {
        let roots = roots(&[("s", None), ("a", Some("s")), ("b", Some("a"))]);
        assert_eq!(roots.root_of(Harness::Codex, "b"), "s");
        assert_eq!(roots.root_of(Harness::Codex, "s"), "s");
    }

    #[test]
    fn an_agent_without_its_parent_is_a_session_of_its_own() {
        let roots = roots(&[("a", Some("gone")), ("b", Some("a"))]);
        assert_eq!(roots.root_of(Harness::Codex, "b"), "a");
    }

    #[test]
    fn a_circle_of_parents_has_one_root_whoever_asks() {
        let roots = roots(&[("b", Some("a")), ("a", Some("c")), ("c", Some("b"))]);
        for id in ["a", "b", "c"] {
            assert_eq!(roots.root_of(Harness::Codex, id), "a");
        }
    }

    #[test]
    fn ids_of_another_harness_do_not_meet() {
        let roots = roots(&[("s", None), ("a", Some("s"))]);
        assert_eq!(roots.root_of(Harness::ClaudeCode, "a"), "a");
    }
}
