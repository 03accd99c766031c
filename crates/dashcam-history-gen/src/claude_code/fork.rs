//! Copied history: a new session that repeats the lines of an earlier one.

use super::era::Era;
use super::lines::{LineWriter, Mark};
use crate::random::Random;
use crate::world::Place;

/// A finished session that may be copied.
pub(crate) struct Finished {
    pub(crate) session: String,
    pub(crate) era: Era,
    pub(crate) place: Place,
    pub(crate) ended_at: i64,
    pub(crate) content: Option<String>,
    pub(crate) marks: Vec<Mark>,
}

impl Finished {
    /// What a later session may copy of this one.
    pub(crate) fn of(writer: LineWriter) -> Self {
        // A copied word would occur twice, and arbitrary bytes are no text.
        let unfit = writer.has_needle || writer.content().len() > 600_000;
        Self {
            session: writer.session.clone(),
            era: writer.era,
            place: writer.place.clone(),
            ended_at: writer.clock.now(),
            marks: if unfit {
                Vec::new()
            } else {
                writer.marks.clone()
            },
            content: if unfit {
                None
            } else {
                String::from_utf8(writer.into_content()).ok()
            },
        }
    }

    /// How many lines a copy takes: cut anywhere, or in the middle of a
    /// response where there is one.
    pub(crate) fn cut(&self, random: &mut Random) -> (usize, bool) {
        let open: Vec<usize> = (5..self.marks.len())
            .filter(|at| self.marks[at - 1].open_response)
            .collect();
        if !open.is_empty() && random.chance(300) {
            return (random.pick(&open), true);
        }
        (random.between(5, self.marks.len() as u64) as usize, false)
    }
}

/// The sessions that may be copied.
#[derive(Default)]
pub(crate) struct Library {
    sessions: Vec<Finished>,
}

impl Library {
    /// Keeps the latest forty sessions of a size that is often copied.
    pub(crate) fn keep(&mut self, finished: Finished) {
        if finished.content.is_some() && finished.marks.len() > 8 {
            self.sessions.push(finished);
        }
        if self.sessions.len() > 40 {
            self.sessions.remove(0);
        }
    }

    /// A session to copy, if there is any.
    pub(crate) fn pick(&self, random: &mut Random) -> Option<&Finished> {
        if self.sessions.is_empty() {
            None
        } else {
            self.sessions.get(random.place(self.sessions.len()))
        }
    }
}
