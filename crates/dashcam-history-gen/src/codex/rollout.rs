//! Writes the records of one rollout file.

use super::HARNESS;
use super::era::Era;
use crate::clock::Clock;
use crate::json::Object;
use crate::world::{Place, World};
use crate::{Counts, clock};

/// A rollout file under construction.
pub(crate) struct Rollout {
    pub(crate) thread: String,
    /// The session that its calls count for: a subagent's is its root's.
    pub(crate) session: String,
    pub(crate) era: Era,
    pub(crate) place: Place,
    pub(crate) model: &'static str,
    pub(crate) clock: Clock,
    pub(crate) began_at: i64,
    /// How many subagents deep it is.
    pub(crate) depth: u64,
    /// Rollouts of its subagents.
    pub(crate) children: Vec<Rollout>,
    /// The turn that is being worked on.
    pub(crate) turn: String,
    /// The size of the context in tokens.
    pub(crate) context: u64,
    /// Running totals of the thread and of the turn.
    pub(crate) thread_total: Counts,
    pub(crate) turn_total: Counts,
    /// The counts of the last response.
    pub(crate) last: Counts,
    /// What the first prompt is, where that is given.
    pub(crate) first_prompt: Option<String>,
    /// Whether a word was put in that occurs nowhere else.
    pub(crate) has_needle: bool,
    pub(crate) ordinal: u64,
    pub(crate) version: &'static str,
    lines: Vec<String>,
    bytes: u64,
    content: Vec<u8>,
}

/// A finished rollout that may be forked.
pub(crate) struct Finished {
    pub(crate) thread: String,
    pub(crate) era: Era,
    pub(crate) place: Place,
    pub(crate) model: &'static str,
    pub(crate) ended_at: i64,
    pub(crate) context: u64,
    pub(crate) total: Counts,
    pub(crate) ordinal: u64,
    /// Its records: type and payload as JSON.
    pub(crate) lines: Vec<String>,
}

impl Rollout {
    /// A new session.
    pub(crate) fn begin(world: &mut World) -> Self {
        let era = Era::pick(&mut world.random);
        let place = world.place();
        let beginning = world.beginning();
        let mut rollout = Self::empty(world, era, place, beginning);
        world
            .truth
            .session(&rollout.thread, HARNESS, &rollout.place.cwd, None);
        rollout.meta(
            world,
            &Object::new()
                .text("source", "cli")
                .text("thread_source", "user"),
        );
        rollout
    }

    /// A session that goes on from a finished one in its own way.
    pub(crate) fn forked(world: &mut World, origin: &Finished) -> Self {
        let mut rollout = Self::empty(
            world,
            origin.era,
            origin.place.clone(),
            origin.ended_at + 90_000,
        );
        world.truth.session(
            &rollout.thread,
            HARNESS,
            &origin.place.cwd,
            Some(&origin.thread),
        );
        rollout.model = origin.model;
        let mut own = Object::new().text("forked_from_id", &origin.thread);
        if origin.era == Era::UsageRecords {
            world.truth.trap("fork that holds only what is new");
            rollout.ordinal = origin.ordinal;
            own = own.number("forked_from_ordinal_exclusive", origin.ordinal);
        }
        rollout.meta(
            world,
            &own.text("source", "cli").text("thread_source", "user"),
        );
        if origin.era == Era::TotalsOnly {
            world.truth.trap("fork that repeats its origin");
            rollout.repeat(&origin.lines);
        }
        rollout.thread_total = origin.total;
        rollout.context = origin.context;
        rollout
    }

    /// A rollout without records.
    pub(crate) fn empty(world: &mut World, era: Era, place: Place, beginning: i64) -> Self {
        let thread = world.random.timed_uuid(beginning);
        Self {
            session: thread.clone(),
            turn: world.random.timed_uuid(beginning),
            model: world.random.weighted(era.models()),
            context: world.random.between(7000, 14_000),
            version: era.version(&mut world.random),
            thread,
            era,
            place,
            clock: Clock::at(beginning),
            began_at: beginning,
            depth: 0,
            children: Vec::new(),
            thread_total: Counts::default(),
            turn_total: Counts::default(),
            last: Counts::default(),
            first_prompt: None,
            has_needle: false,
            ordinal: 0,
            lines: Vec::new(),
            bytes: 0,
            content: Vec::new(),
        }
    }

    /// The session's first record, with fields of its own.
    pub(crate) fn meta(&mut self, world: &mut World, own: &Object) {
        let git = Object::new()
            .text("commit_hash", &world.random.hex(40))
            .text("branch", self.place.branch)
            .text(
                "repository_url",
                &format!(
                    "git@example.com:dev/{}.git",
                    self.place.cwd.rsplit('/').next().unwrap_or("x")
                ),
            );
        let mut payload = Object::new().text("id", &self.thread);
        if self.era == Era::UsageRecords {
            payload = payload.text("session_id", &self.session);
        }
        payload = payload
            .fields(own)
            .text("timestamp", &self.clock.text())
            .text("cwd", &self.place.cwd)
            .text("originator", "codex_cli_rs")
            .text("cli_version", self.version)
            .text("model_provider", "openai")
            .object("git", git);
        self.record("session_meta", payload);
    }

    /// Talks until about as much is written as a session takes.
    pub(crate) fn hold(&mut self, world: &mut World, room: u64) {
        let size = world.session_size().min(room.max(8000));
        let end = self.bytes + size;
        self.opening(world);
        while self.bytes < end {
            self.turn(world, end);
            let wait = 1000 * world.random.long_tailed(90);
            self.clock.pass(wait);
            if world.random.chance(40) {
                world.truth.trap("resumed session");
                self.clock.pass(7_200_000);
            }
        }
        if world.random.chance(30) {
            world.truth.trap("half-written last line");
            world.truth.malformed_line();
            self.content.extend_from_slice(br#"{"timestamp":"2026-08-01T10:00:00.000Z","type":"event_msg","payload":{"type":"token_co"#);
        }
    }

    /// Writes a record.
    pub(crate) fn record(&mut self, record_type: &str, payload: Object) {
        let record = Object::new()
            .text("type", record_type)
            .object("payload", payload);
        self.line(&record.end());
    }

    /// Writes a record of an event.
    pub(crate) fn event(&mut self, event_type: &str, own: &Object) {
        self.record(
            "event_msg",
            Object::new().text("type", event_type).fields(own),
        );
    }

    /// Writes a record of what went to or came from the model.
    pub(crate) fn item(&mut self, item_type: &str, own: &Object) {
        self.record(
            "response_item",
            Object::new().text("type", item_type).fields(own),
        );
    }

    /// Writes a record that was written before in another rollout: with the
    /// time of the copy, as Codex does.
    pub(crate) fn repeat(&mut self, lines: &[String]) {
        for line in lines {
            self.line(line);
        }
        // What follows is new, and a moment later.
        self.clock.pass(1500);
    }

    /// Writes a line that is no record.
    pub(crate) fn torn_line(&mut self, world: &mut World) {
        world.truth.trap("torn line");
        world.truth.malformed_line();
        self.content.extend_from_slice(b"{\"timestamp\":\"2026-08-01T10:00:00.000Z\",\"type\":\"token_usage_record\",\"payload\":{\"usage\":{\"input_tokens\":77\n");
    }

    fn line(&mut self, record: &str) {
        let time = clock::text(self.clock.now());
        let ordinal = match self.era {
            Era::TotalsOnly => String::new(),
            Era::UsageRecords => format!("\"ordinal\":{},", self.ordinal),
        };
        self.ordinal += 1;
        let rest = &record[1..];
        let line = format!("{{\"timestamp\":\"{time}\",{ordinal}{rest}\n");
        self.content.extend_from_slice(line.as_bytes());
        self.bytes += line.len() as u64;
        self.lines.push(record.to_owned());
    }

    /// What was written.
    pub(crate) fn content(&self) -> &[u8] {
        &self.content
    }

    /// How much was written.
    pub(crate) fn length(&self) -> u64 {
        self.bytes
    }

    /// The records so far: type and payload as JSON.
    pub(crate) fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Whether another session may go on from this one.
    pub(crate) fn may_be_copied(&self) -> bool {
        !self.has_needle && self.bytes < 500_000
    }

    /// Ends the rollout, and keeps what a fork needs.
    pub(crate) fn finish(self) -> Finished {
        Finished {
            thread: self.thread,
            era: self.era,
            place: self.place,
            model: self.model,
            ended_at: self.clock.now(),
            context: self.context,
            total: self.thread_total,
            ordinal: self.ordinal,
            lines: if self.era == Era::TotalsOnly {
                self.lines
            } else {
                Vec::new()
            },
        }
    }
}
