//! Cuts the main conversation into turns.
//!
//! Lines form a tree by `parentUuid`: an edited prompt begins a second branch
//! beside the first. A line belongs to the turn of the line it hangs under. A
//! parent that cannot be found (clean-up and other versions lose lines), or
//! that stands further down, is taken to be the line before.

use super::prompt::{UserLine, read_user_line};
use super::transcript::{Entry, Transcript};
use rustc_hash::FxHashMap;

/// One turn's lines.
#[derive(Debug, Default)]
pub(crate) struct TurnPlan {
    /// The line that began it.
    pub(crate) opener: Opener,
    /// The places of its lines.
    pub(crate) entries: Vec<usize>,
    /// The turn that it hangs under.
    pub(crate) parent: Option<usize>,
}

/// What began a turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Opener {
    /// The person's prompt, at this place.
    Prompt(usize),
    /// A slash command or shell line, at this place.
    Command(usize),
    /// The harness, by itself.
    #[default]
    Harness,
}

/// The turns of a conversation, in the order of their first lines.
pub(crate) struct TurnPlans {
    /// The turns.
    pub(crate) turns: Vec<TurnPlan>,
    /// The turn of each line, by its place.
    pub(crate) turn_of: FxHashMap<usize, usize>,
}

/// Cuts the lines at these places into turns.
pub(crate) fn plan_turns(transcript: &Transcript<'_>, places: &[usize]) -> TurnPlans {
    let mut planner = Planner {
        transcript,
        turns: Vec::new(),
        turn_of: FxHashMap::default(),
        turn_of_prompt_id: FxHashMap::default(),
        waiting: Vec::new(),
    };
    let mut previous = None;
    for &place in places {
        planner.add(place, previous);
        previous = Some(place);
    }
    planner.settle_waiting();
    let mut plans = TurnPlans {
        turns: planner.turns,
        turn_of: planner.turn_of,
    };
    fold_commands(transcript, &mut plans);
    plans
}

struct Planner<'p, 'a> {
    transcript: &'p Transcript<'a>,
    turns: Vec<TurnPlan>,
    turn_of: FxHashMap<usize, usize>,
    turn_of_prompt_id: FxHashMap<&'p str, usize>,
    /// Lines before the first turn.
    waiting: Vec<usize>,
}

impl<'p> Planner<'p, '_> {
    fn add(&mut self, place: usize, previous: Option<usize>) {
        let entry = &self.transcript.entries[place];
        let parent_turn = self.parent_turn(place, entry, previous);
        match opener(place, entry) {
            Some(opener) => self.begin(opener, place, parent_turn),
            None => match parent_turn.or_else(|| self.turns.len().checked_sub(1)) {
                Some(turn) => self.put(place, turn),
                None if entry.is("assistant") => self.begin(Opener::Harness, place, None),
                None => self.waiting.push(place),
            },
        }
    }

    /// The turn of the line that a line hangs under.
    fn parent_turn(
        &mut self,
        place: usize,
        entry: &'p Entry<'_>,
        previous: Option<usize>,
    ) -> Option<usize> {
        let record = &entry.record;
        let named = record
            .parent_uuid
            .get()
            .or_else(|| record.logical_parent_uuid.get())?;
        match self.transcript.by_uuid.get(named) {
            Some(parent) if *parent < place => self.turn_of.get(parent).copied(),
            // No trouble worth telling: Claude Code leaves some parents (what
            // hooks attached) out of its files, and writes others later.
            _ => {
                let same_prompt = record
                    .prompt_id
                    .get()
                    .filter(|_| !entry.is("system"))
                    .and_then(|id| self.turn_of_prompt_id.get(id));
                same_prompt
                    .or_else(|| self.turn_of.get(&previous?))
                    .copied()
            }
        }
    }

    fn begin(&mut self, opener: Opener, place: usize, parent: Option<usize>) {
        let turn = self.turns.len();
        self.turns.push(TurnPlan {
            opener,
            entries: Vec::new(),
            parent,
        });
        for waiting in std::mem::take(&mut self.waiting) {
            self.put(waiting, turn);
        }
        self.put(place, turn);
        if let Some(id) = self.transcript.entries[place].record.prompt_id.get() {
            self.turn_of_prompt_id.entry(id).or_insert(turn);
        }
    }

    fn put(&mut self, place: usize, turn: usize) {
        self.turn_of.insert(place, turn);
        self.turns[turn].entries.push(place);
    }

    /// Lines that no turn followed begin one of the harness's own if they are
    /// more than additions to a context that nobody used.
    fn settle_waiting(&mut self) {
        let is_step = |place: &usize| {
            let entry = &self.transcript.entries[*place];
            entry.is("user") || entry.is("system")
        };
        if let Some(at) = self.waiting.iter().position(is_step) {
            let place = self.waiting.remove(at);
            self.begin(Opener::Harness, place, None);
        }
    }
}

/// Whether a line begins a turn.
fn opener(place: usize, entry: &Entry<'_>) -> Option<Opener> {
    if !entry.is("user") {
        return None;
    }
    match read_user_line(&entry.record) {
        UserLine::Prompt(_) => Some(Opener::Prompt(place)),
        UserLine::Command(_) | UserLine::ShellLine(_) => Some(Opener::Command(place)),
        UserLine::Notification(_) => Some(Opener::Harness),
        _ => None,
    }
}

/// Commands that set no model to work, and notifications that nothing came of,
/// are events of the turn before them, or of the one after if they come first.
fn fold_commands(transcript: &Transcript<'_>, plans: &mut TurnPlans) {
    let works = |turn: &TurnPlan| {
        matches!(turn.opener, Opener::Prompt(_))
            || turn
                .entries
                .iter()
                .any(|place| transcript.entries[*place].is_response())
    };
    let works: Vec<bool> = plans.turns.iter().map(works).collect();
    let Some(first_working) = works.iter().position(|works| *works) else {
        return;
    };
    // Where each turn's lines go: ever upwards, so that following parents ends.
    let mut target: Vec<usize> = Vec::with_capacity(works.len());
    for (turn, works) in works.iter().enumerate() {
        target.push(match (*works, turn.checked_sub(1)) {
            (true, _) => turn,
            (false, _) if turn < first_working => first_working,
            (false, Some(before)) => plans.turns[turn]
                .parent
                .filter(|parent| *parent < turn)
                .map_or(target[before], |parent| target[parent]),
            (false, None) => first_working,
        });
    }
    let folded = std::mem::take(&mut plans.turns);
    let mut new_index = vec![0; folded.len()];
    let mut kept = 0;
    for turn in 0..folded.len() {
        if target[turn] == turn {
            new_index[turn] = kept;
            kept += 1;
        }
    }
    let new_index = |turn: usize| new_index[target[turn]];
    for place_turn in plans.turn_of.values_mut() {
        *place_turn = new_index(*place_turn);
    }
    let mut turns: Vec<TurnPlan> = Vec::with_capacity(kept);
    turns.resize_with(kept, TurnPlan::default);
    for (index, plan) in folded.into_iter().enumerate() {
        let into = &mut turns[new_index(index)];
        if target[index] == index {
            into.opener = plan.opener;
            into.parent = plan
                .parent
                .map(new_index)
                .filter(|parent| *parent != new_index(index));
        }
        into.entries.extend(plan.entries);
    }
    for turn in &mut turns {
        turn.entries.sort_unstable();
    }
    plans.turns = turns;
}
