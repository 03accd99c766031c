//! Turns: from one prompt of the person to the next.
//!
//! Copilot's own "turns" are steps, one model call each, and are called so
//! here. What the program puts into the conversation by itself (the end of an
//! agent or a command in the background) goes on with the turn under way.

use super::records::{Attachment, BinaryAsset, Step, UserMessage};
use super::session::{Place, Reader};
use crate::image;
use dashcam_trace::{
    EventKind, Image, InputPart, Prompt, Span, SpanBody, SpanKind, Status, Timestamp, Timing, Turn,
    TurnId, TurnStatus,
};
use rustc_hash::FxHashSet;

/// A turn that is being read.
#[derive(Debug)]
pub(super) struct OpenTurn {
    native_id: String,
    pub(super) start: Timestamp,
    prompt: Prompt,
    /// The steps; the turn's own span is added when all are known.
    pub(super) spans: Vec<Span>,
    /// When the last step of the session's own agent ended.
    step_ended: Option<Timestamp>,
    /// How it stands, as far as was read.
    state: State,
}

/// How a turn stands.
#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    /// The agent works.
    Working,
    /// The agent answered, and asks for nothing more.
    Answered,
    /// An error stopped it.
    Failed(String),
    /// The person stopped it.
    Interrupted,
}

impl Reader<'_> {
    fn begin_turn(&mut self, native_id: &str, prompt: Prompt) -> usize {
        self.turns.push(OpenTurn {
            native_id: native_id.to_owned(),
            start: self.at,
            prompt,
            spans: std::mem::take(&mut self.before),
            step_ended: None,
            state: State::Working,
        });
        self.turns.len() - 1
    }

    /// The turn under way; one begins where none is.
    pub(super) fn current_turn(&mut self) -> usize {
        if let Some(current) = self.turns.len().checked_sub(1) {
            return current;
        }
        let native_id = self.event.clone();
        self.begin_turn(&native_id, Prompt::default())
    }

    /// `user.message`.
    pub(super) fn user_message(&mut self, agent: &str, message: &UserMessage<'_>) {
        let words = message.content.get().unwrap_or_default();
        let is_persons =
            message.source.or("user") == "user" && message.is_autopilot_continuation != Some(true);
        if !agent.is_empty() {
            return self.agent_prompt(agent, words);
        }
        if !is_persons {
            let source = message.source.or("autopilot");
            return self.put_in(agent, EventKind::Context, source, words);
        }
        let images = self.images(message.attachments.as_deref().unwrap_or_default());
        if message.delivery.get() == Some("steering") && !self.turns.is_empty() {
            // Sent while the agent worked, and for it to take note of.
            self.note(
                agent,
                EventKind::Other,
                "message",
                Some(words.to_owned()),
                None,
            );
        } else {
            let native_id = message
                .interaction_id
                .owned()
                .unwrap_or_else(|| self.event.clone());
            let text = words.to_owned();
            self.begin_turn(&native_id, Prompt { text, images });
        }
        self.worker(agent).input.push(InputPart::Prompt {
            text: words.to_owned(),
        });
    }

    /// `session.binary_asset`.
    pub(super) fn asset(&mut self, asset: &BinaryAsset<'_>) {
        if let (Some(id), Some(data)) = (asset.asset_id.get(), asset.data.get()) {
            let media_type = asset.mime_type.or("image/*");
            if media_type.starts_with("image/") {
                let image = image::keep_base64(self.decoded, media_type, data);
                self.assets.insert(id.to_owned(), image);
            }
        }
    }

    /// The images among attachments, or among a tool's binary results.
    pub(super) fn images(&mut self, attachments: &[Attachment<'_>]) -> Vec<Image> {
        let mut images = Vec::new();
        for attachment in attachments {
            let media_type = attachment.mime_type.get().unwrap_or_default();
            if !media_type.starts_with("image/") {
                continue;
            }
            let interned = attachment.asset_id.get().and_then(|id| self.assets.get(id));
            images.push(match (attachment.data.get(), interned) {
                (Some(data), _) => image::keep_base64(self.decoded, media_type, data),
                (None, Some(image)) => image.clone(),
                (None, None) => image::note(media_type, attachment.byte_length.unwrap_or(0)),
            });
        }
        images
    }

    /// `assistant.turn_start`.
    pub(super) fn step_start(&mut self, agent: &str, step: &Step<'_>) {
        let at = self.at;
        self.agent_under(agent, step.parent_tool_call_id.get());
        let worker = self.worker(agent);
        worker.step_began = Some(at);
        worker.failures = 0;
        if agent.is_empty() {
            let turn = self.current_turn();
            self.turns[turn].state = State::Working;
        }
    }

    /// `assistant.turn_end`.
    pub(super) fn step_end(&mut self, agent: &str, _step: &Step<'_>) {
        let at = self.at;
        let worker = self.worker(agent);
        let has_answered = worker
            .step_began
            .is_some_and(|began| worker.answered_at.is_some_and(|answered| answered >= began))
            && !worker.asked_for_tools;
        worker.step_began = None;
        if !agent.is_empty() {
            return self.agent_step_ended(agent);
        }
        let turn = self.current_turn();
        let turn = &mut self.turns[turn];
        turn.step_ended = Some(at);
        if turn.state == State::Working && has_answered {
            turn.state = State::Answered;
        }
    }

    /// Something was done for a turn that had ended.
    pub(super) fn turn_goes_on(&mut self, agent: &str) {
        let at = self.at;
        if agent.is_empty()
            && let Some(turn) = self.turns.last_mut()
            && turn.state != State::Working
        {
            turn.step_ended = turn.step_ended.max(Some(at));
        }
    }

    /// An error that the program gave up at.
    pub(super) fn turn_failed(&mut self, error: &str) {
        if let Some(turn) = self.turns.last_mut()
            && matches!(turn.state, State::Working | State::Failed(_))
        {
            turn.state = State::Failed(error.to_owned());
            turn.step_ended = turn.step_ended.max(Some(self.at));
        }
    }

    /// `abort`: whatever is under way is over.
    pub(super) fn aborted(&mut self, agent: &str) {
        let at = self.at;
        let places: Vec<Place> = self.calls.values().copied().collect();
        for place in places {
            let span = self.span(place);
            if span.status == Status::Unfinished {
                span.status = Status::Interrupted;
                span.end = Some(at.max(span.start));
            }
        }
        if !agent.is_empty() {
            return self.agent_interrupted(agent);
        }
        if let Some(turn) = self.turns.last_mut() {
            turn.state = State::Interrupted;
            turn.step_ended = Some(at);
        }
    }

    /// All turns, whole.
    pub(super) fn finished_turns(&mut self) -> Vec<Turn> {
        if let Some(last) = self.turns.last_mut() {
            last.spans.append(&mut self.before);
        }
        self.last_words_of_agents();
        let mut open = std::mem::take(&mut self.turns);
        open.sort_by_key(|turn| turn.start);
        let count = open.len();
        let mut taken = FxHashSet::default();
        let turns = open.into_iter().enumerate().map(|(index, turn)| {
            let id = self.turn_id(&turn.native_id, &mut taken);
            self.finished(turn, id, index, index + 1 < count)
        });
        turns.collect()
    }

    fn turn_id(&self, native_id: &str, taken: &mut FxHashSet<TurnId>) -> TurnId {
        let mut id = self.session.turn(native_id);
        let mut copy = 2_u32;
        while !taken.insert(id) {
            id = self.session.turn(&format!("{native_id}#{copy}"));
            copy += 1;
        }
        id
    }

    fn finished(&mut self, turn: OpenTurn, id: TurnId, index: usize, is_followed: bool) -> Turn {
        let (status, own_status, error) = match turn.state {
            State::Answered => (TurnStatus::Completed, Status::Ok, None),
            State::Interrupted => (TurnStatus::Interrupted, Status::Interrupted, None),
            State::Failed(error) => (TurnStatus::Failed, Status::Error, Some(error)),
            State::Working => (TurnStatus::Unfinished, Status::Unfinished, None),
        };
        let seen = turn.spans.iter().map(|span| span.end.unwrap_or(span.start));
        let last_seen = seen.max().unwrap_or(turn.start).max(turn.start);
        let end = match (status, turn.step_ended) {
            (TurnStatus::Unfinished, _) => is_followed.then_some(last_seen),
            (_, Some(ended)) => Some(ended.max(turn.start)),
            (_, None) => Some(last_seen),
        };
        let own = Span {
            id: self.span_id(SpanKind::Turn, &turn.native_id),
            parent: None,
            name: "turn".to_owned(),
            start: turn.start,
            end,
            status: own_status,
            error,
            timing: match status {
                TurnStatus::Unfinished => Timing::Derived,
                _ => Timing::Measured,
            },
            sources: dashcam_trace::Sources::TRANSCRIPT,
            body: SpanBody::Turn,
        };
        let mut rest = turn.spans;
        for span in &mut rest {
            span.parent.get_or_insert(own.id);
        }
        rest.sort_by_key(|span| span.start);
        let mut spans = Vec::with_capacity(rest.len() + 1);
        spans.push(own);
        spans.append(&mut rest);
        Turn {
            id,
            index: index as u32,
            prompt: turn.prompt,
            start: turn.start,
            end,
            status,
            abandoned: false,
            copied_from: None,
            spans,
        }
    }
}
