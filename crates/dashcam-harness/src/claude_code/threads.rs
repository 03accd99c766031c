//! Whose line each line is: the main conversation's, or a subagent's.

use super::records::AgentMeta;
use super::transcript::{Entry, Transcript};
use rustc_hash::FxHashMap;

/// The lines of a session, sorted by who wrote them.
#[derive(Default)]
pub(crate) struct Threads<'a> {
    /// The places of the main conversation's lines.
    pub(crate) main: Vec<usize>,
    /// The subagents, in order of their first line.
    pub(crate) agents: Vec<Agent<'a>>,
    by_id: FxHashMap<String, usize>,
}

/// A subagent.
#[derive(Default)]
pub(crate) struct Agent<'a> {
    /// The harness's id of it, or one made of its first line's.
    pub(crate) id: String,
    /// The places of its lines.
    pub(crate) entries: Vec<usize>,
    /// What stands beside its transcript.
    pub(crate) meta: AgentMeta<'a>,
}

impl<'a> Threads<'a> {
    /// Notes what stands beside a subagent's transcript.
    pub(crate) fn add_meta(&mut self, agent: &str, meta: AgentMeta<'a>) {
        let place = self.agent(agent);
        self.agents[place].meta = meta;
    }

    /// Adds the lines from `first` on as those of one file. `agent` is whose
    /// file it is; in the main file older versions mix subagents' lines in.
    pub(crate) fn add_file(
        &mut self,
        transcript: &Transcript<'_>,
        first: usize,
        owner: FileOwner<'_>,
    ) {
        let added = first..transcript.entries.len();
        match owner {
            FileOwner::Agent(id) => {
                let place = self.agent(id);
                self.agents[place].entries.extend(added);
            }
            FileOwner::WholeSession => self.main.extend(added),
            FileOwner::MainWithSidechains => self.sort_out(&transcript.entries, added),
        }
    }

    fn sort_out(&mut self, entries: &[Entry<'_>], added: std::ops::Range<usize>) {
        let mut agent_of_uuid: FxHashMap<&str, usize> = FxHashMap::default();
        for place in added {
            let record = &entries[place].record;
            if !record.is_sidechain.0 {
                self.main.push(place);
                continue;
            }
            let agent = match (
                record.agent_id.get(),
                agent_of_uuid.get(record.parent_uuid.as_str()),
            ) {
                (Some(id), _) => self.agent(id),
                (None, Some(agent)) => *agent,
                (None, None) => self.agent(&format!("sidechain-{}", record.uuid.as_str())),
            };
            if let Some(uuid) = record.uuid.get() {
                agent_of_uuid.insert(uuid, agent);
            }
            self.agents[agent].entries.push(place);
        }
    }

    fn agent(&mut self, id: &str) -> usize {
        if let Some(place) = self.by_id.get(id) {
            return *place;
        }
        self.agents.push(Agent {
            id: id.to_owned(),
            ..Agent::default()
        });
        self.by_id.insert(id.to_owned(), self.agents.len() - 1);
        self.agents.len() - 1
    }
}

/// Whose lines a file holds.
#[derive(Clone, Copy, Debug)]
pub(crate) enum FileOwner<'a> {
    /// A subagent's.
    Agent(&'a str),
    /// The session's, all of them, whatever they say of themselves: the
    /// session is a subagent whose starter is unknown.
    WholeSession,
    /// The session's; those of subagents say so.
    MainWithSidechains,
}
