//! What all conversations share: chance, text, projects, the truth so far.

use crate::Options;
use crate::clock::DAY;
use crate::prose::{EXTENSIONS, IDENTIFIERS, Prose};
use crate::random::Random;
use crate::truth::Truth;

/// Projects with how often they are worked on.
const PROJECTS: &[(&str, u64)] = &[
    ("web-shop", 9),
    ("api-gateway", 7),
    ("data-pipeline", 6),
    ("mobile-app", 5),
    ("infra-live", 4),
    ("ml_train.v2", 4),
    ("docs-site", 3),
    ("billing-core", 3),
    ("cli tools", 2),
    ("search-svc", 2),
    ("größe-änderung", 1),
];

const BRANCHES: &[&str] = &[
    "main",
    "main",
    "main",
    "feat/cache",
    "fix/login",
    "chore/deps",
];

/// What all conversations share.
pub(crate) struct World {
    pub(crate) random: Random,
    pub(crate) truth: Truth,
    prose: Prose,
    first_moment: i64,
    days: u32,
    fork_percent: u32,
}

/// Where a conversation takes place.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) cwd: String,
    pub(crate) branch: &'static str,
}

impl World {
    /// A world that is wholly decided by the options.
    pub(crate) fn new(options: &Options) -> Self {
        let mut random = Random::new(options.seed);
        let prose = Prose::new(&mut random);
        Self {
            prose,
            random,
            truth: Truth::default(),
            first_moment: (options.end_day - i64::from(options.days)) * DAY,
            days: options.days,
            fork_percent: options.fork_percent,
        }
    }

    /// Sentences of about `length` bytes.
    pub(crate) fn text(&mut self, length: u64) -> String {
        self.prose.text(&mut self.random, length)
    }

    /// Lines of code of about `length` bytes.
    pub(crate) fn code(&mut self, length: u64) -> String {
        self.prose.code(&mut self.random, length)
    }

    /// A project and a branch.
    pub(crate) fn place(&mut self) -> Place {
        let project = self.random.weighted(PROJECTS);
        Place {
            cwd: format!("/home/dev/src/{project}"),
            branch: self.random.pick(BRANCHES),
        }
    }

    /// A source file below `cwd`.
    pub(crate) fn file(&mut self, cwd: &str) -> String {
        let random = &mut self.random;
        format!(
            "{cwd}/src/{}/{}_{}.{}",
            random.pick(IDENTIFIERS),
            random.pick(IDENTIFIERS),
            random.pick(IDENTIFIERS),
            random.pick(EXTENSIONS)
        )
    }

    /// A moment at which a conversation begins; one in ten is shortly before
    /// midnight UTC, so that responses run over it.
    pub(crate) fn beginning(&mut self) -> i64 {
        let day = self.first_moment + self.random.below(u64::from(self.days)) as i64 * DAY;
        let in_day = if self.random.chance(100) {
            DAY as u64 - self.random.below(120_000)
        } else {
            self.random.below(DAY as u64)
        };
        day + in_day as i64
    }

    /// Whether the next session is a copy of an earlier one.
    pub(crate) fn forks(&mut self) -> bool {
        self.random.chance(u64::from(self.fork_percent) * 10)
    }

    /// How many bytes a session takes.
    pub(crate) fn session_size(&mut self) -> u64 {
        let size = self.random.long_tailed(180_000);
        if self.random.chance(30) {
            size * 6
        } else {
            size.max(8000)
        }
    }

    /// A word that occurs nowhere else, if this is a place to put one; there
    /// are at most `most` in all.
    pub(crate) fn needle(&mut self, session: &str, field: &str, most: usize) -> Option<String> {
        if self.truth.needle_count() >= most || !self.random.chance(40) {
            return None;
        }
        let word = format!("needle{}", self.random.hex(12));
        self.truth.needle(&word, session, field);
        Some(word)
    }
}
