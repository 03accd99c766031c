//! Writes the lines of one transcript file.

use super::era::Era;
use crate::clock::Clock;
use crate::json::Object;
use crate::random::Random;
use crate::world::Place;

/// A transcript file under construction.
pub(crate) struct LineWriter {
    pub(crate) session: String,
    pub(crate) era: Era,
    pub(crate) place: Place,
    pub(crate) version: &'static str,
    pub(crate) clock: Clock,
    /// The line that the next one hangs under.
    pub(crate) parent: Option<String>,
    /// The prompt that is being worked on.
    pub(crate) prompt_id: String,
    /// The subagent whose lines these are.
    pub(crate) agent: Option<String>,
    /// The last words of the person.
    pub(crate) last_prompt: String,
    bytes: Vec<u8>,
    /// What is known of each line, for copies.
    pub(crate) marks: Vec<Mark>,
    /// Whether a word was put in that occurs nowhere else.
    pub(crate) has_needle: bool,
}

/// What is known of one line.
#[derive(Clone)]
pub(crate) struct Mark {
    /// Where it ends in the file.
    pub(crate) end: usize,
    /// Its `uuid`.
    pub(crate) uuid: Option<String>,
    /// The response it is a part of, if it is not the last part.
    pub(crate) open_response: bool,
}

impl LineWriter {
    /// An empty file of a session.
    pub(crate) fn new(
        session: &str,
        era: Era,
        place: Place,
        clock: Clock,
        random: &mut Random,
    ) -> Self {
        Self {
            session: session.to_owned(),
            era,
            place,
            version: era.version(random),
            clock,
            parent: None,
            prompt_id: random.uuid(),
            agent: None,
            last_prompt: String::new(),
            bytes: Vec::new(),
            marks: Vec::new(),
            has_needle: false,
        }
    }

    /// An empty file of a subagent of this session.
    pub(crate) fn for_agent(&self, agent: &str, clock: Clock) -> Self {
        Self {
            session: self.session.clone(),
            era: self.era,
            place: self.place.clone(),
            version: self.version,
            clock,
            parent: None,
            prompt_id: self.prompt_id.clone(),
            agent: Some(agent.to_owned()),
            last_prompt: String::new(),
            bytes: Vec::new(),
            marks: Vec::new(),
            has_needle: false,
        }
    }

    /// What was written so far.
    pub(crate) fn content(&self) -> &[u8] {
        &self.bytes
    }

    /// Gives up the writer for what it wrote.
    pub(crate) fn into_content(self) -> Vec<u8> {
        self.bytes
    }

    /// Writes a line of the conversation: it hangs under the last one, and the
    /// next one hangs under it.
    pub(crate) fn step(&mut self, random: &mut Random, line_type: &str, own: &Object) -> String {
        let uuid = random.uuid();
        let line = self
            .before(line_type)
            .fields(own)
            .fields(&self.after(&uuid));
        self.put(line, Some(uuid.clone()), false);
        self.parent = Some(uuid.clone());
        uuid
    }

    /// Writes one of the lines of a response; `open` says that more follow.
    pub(crate) fn part(
        &mut self,
        random: &mut Random,
        message: Object,
        request: &str,
        open: bool,
    ) -> String {
        let uuid = random.uuid();
        let own = Object::new()
            .object("message", message)
            .text("requestId", request)
            .text("type", "assistant");
        let line = self.links().fields(&own).fields(&self.after(&uuid));
        self.put(line, Some(uuid.clone()), open);
        self.parent = Some(uuid.clone());
        uuid
    }

    /// Writes a line that is not part of the conversation.
    pub(crate) fn note(&mut self, line: Object) {
        self.put(line, None, false);
    }

    /// Writes bytes as they are, as a line or without a line's end.
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.mark(None, false);
    }

    /// Takes over the first `count` lines of another session's file.
    pub(crate) fn copy(&mut self, content: &str, marks: &[Mark], from_session: &str) {
        let mut begin = 0;
        for mark in marks {
            let line = content[begin..mark.end].replace(from_session, &self.session);
            self.bytes.extend_from_slice(line.as_bytes());
            self.mark(mark.uuid.clone(), mark.open_response);
            begin = mark.end;
        }
        self.parent = marks.iter().rev().find_map(|mark| mark.uuid.clone());
    }

    fn put(&mut self, line: Object, uuid: Option<String>, open_response: bool) {
        self.bytes.extend_from_slice(line.end().as_bytes());
        self.bytes.push(b'\n');
        self.mark(uuid, open_response);
    }

    fn mark(&mut self, uuid: Option<String>, open_response: bool) {
        self.marks.push(Mark {
            end: self.bytes.len(),
            uuid,
            open_response,
        });
    }

    fn links(&self) -> Object {
        Object::new()
            .text_or_null("parentUuid", self.parent.as_deref())
            .flag("isSidechain", self.agent.is_some())
    }

    fn before(&self, line_type: &str) -> Object {
        let mut line = self.links();
        if self.era == Era::Nested && line_type == "user" {
            line = line.text("promptId", &self.prompt_id);
        }
        if let Some(agent) = self.agent.as_deref().filter(|_| self.era != Era::Inline) {
            line = line.text("agentId", agent);
        }
        line.text("type", line_type)
    }

    fn after(&self, uuid: &str) -> Object {
        let mut line = Object::new()
            .text("uuid", uuid)
            .text("timestamp", &self.clock.text())
            .text("userType", "external");
        if self.era == Era::Nested {
            line = line.text("entrypoint", "cli");
        }
        line.text("cwd", &self.place.cwd)
            .text("sessionId", &self.session)
            .text("version", self.version)
            .text("gitBranch", self.place.branch)
    }
}
