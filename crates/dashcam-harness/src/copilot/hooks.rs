//! Whose work hooks tell of.

use crate::hooks::Link;
use crate::lenient::{Text, read_object};
use serde::Deserialize;

/// What a payload says of a subagent (CLI 1.0.102). Most of what a subagent
/// does is told under an id of its own, as if it were a session.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Payload<'a> {
    #[serde(borrow, rename = "agentId")]
    agent: Text<'a>,
    #[serde(borrow, rename = "parentAgentId")]
    parent: Text<'a>,
}

/// The subagent that a call tells of, and who started it: the session, or
/// another subagent.
pub(super) fn link(payload: &str) -> Option<Link> {
    let payload: Payload<'_> = read_object(payload);
    let (child, parent) = (payload.agent.owned()?, payload.parent.owned()?);
    (child != parent).then_some(Link { child, parent })
}

#[cfg(test)]
mod tests {
    use super::{Link, link};

    #[test]
    fn only_a_subagent_is_linked() {
        let of = |payload: &str| link(payload).map(|Link { child, parent }| (child, parent));
        assert_eq!(
            of(r#"{"sessionId":"a","agentId":"a","parentAgentId":"s"}"#),
            Some(("a".to_owned(), "s".to_owned()))
        );
        assert_eq!(of(r#"{"sessionId":"s"}"#), None);
        assert_eq!(
            of(r#"{"sessionId":"s","agentId":"s","parentAgentId":"s"}"#),
            None
        );
        assert_eq!(of("[]"), None);
    }
}
