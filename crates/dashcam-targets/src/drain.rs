//! Sends what waits for one target and is ready.

use crate::encode::Wording;
use crate::environment::Environment;
use crate::keyring;
use crate::ready::{ABANDONED, Moment, Ready, ready};
use crate::request::{Delivery, Key, Stop, deliver};
use crate::target::{Header, Target, TargetError};
use dashcam_otlp::send::{Batch, Client, Endpoint};
use dashcam_privacy::{Exclusions, HashKey, Level, Policy};
use dashcam_store::{
    Attempt, Delivered, Dispatch, QueuedSession, QueuedTurn, Refusal, Store, StoreError,
    TargetStatus, Wanting,
};
use dashcam_trace::{Session, Span, Timestamp, Turn};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1 as otlp;
use prost::Message as _;
use rustc_hash::FxHashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How many sessions are asked for at once.
const SESSIONS: usize = 256;
/// How long to leave a target alone after the first failure; then twice as
/// long each time.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest that a target is left alone by our own choice.
const LONGEST_WAIT: Duration = Duration::from_mins(5);
/// How long to leave one alone that answers that we should not be there.
const MISCONFIGURED_WAIT: Duration = Duration::from_mins(1);

/// What sending needs to know, whatever the target.
#[derive(Clone, Debug)]
pub struct Sending {
    /// Projects that are left out altogether.
    pub exclusions: Exclusions,
    /// The key of hashes of paths.
    pub hash_key: HashKey,
    /// Folders that name the person: the home.
    pub user_paths: Vec<PathBuf>,
    /// The environment of this process.
    pub environment: Environment,
    /// How long a turn is left alone after a change, because telemetry may
    /// add to it.
    pub settle: Duration,
}

/// What sending brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Drained {
    /// Spans that the target took.
    pub delivered: u64,
    /// Spans that it will not get.
    pub refused: u64,
    /// Why it ended early.
    pub failure: Option<Failure>,
}

/// Why sending ended early, and when it may go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Why.
    pub reason: String,
    /// When to try again.
    pub retry_at: Timestamp,
}

/// Sends what waits for one target.
pub struct Drain<'a> {
    store: &'a Store,
    target: &'a Target,
    sending: &'a Sending,
    client: Client,
    policies: FxHashMap<Level, Policy>,
    stop: &'a AtomicBool,
}

impl<'a> Drain<'a> {
    /// Prepares to send; nothing is sent yet. It ends after the request under
    /// way once `stop` is set.
    pub fn new(
        store: &'a Store,
        target: &'a Target,
        sending: &'a Sending,
        stop: &'a AtomicBool,
    ) -> Result<Self, TargetError> {
        Ok(Self {
            store,
            target,
            sending,
            client: Client::new(endpoint(target, &sending.environment)?),
            policies: FxHashMap::default(),
            stop,
        })
    }

    /// Sends everything that is ready, unless the target is to be left alone.
    pub fn run(&mut self) -> Result<Drained, TargetError> {
        let mut drained = Drained::default();
        if self.sending.environment.forbids().is_some() {
            return Ok(drained);
        }
        let Some(status) = self.status()? else {
            return Ok(drained);
        };
        if let Some(retry_at) = status.retry_at.filter(|at| *at > Timestamp::now()) {
            drained.failure = Some(Failure {
                reason: status.trouble.unwrap_or_default(),
                retry_at,
            });
            return Ok(drained);
        }
        while !self.stop.load(Ordering::Relaxed) {
            let now = Timestamp::now();
            let sessions = self.store.queued_sessions(
                &self.target.name,
                now,
                self.sending.settle,
                SESSIONS,
            )?;
            if sessions.is_empty() {
                break;
            }
            let mut load = Load::default();
            for queued in &sessions {
                self.session(queued, now, &mut load, &mut drained)?;
                if drained.failure.is_some() || self.stop.load(Ordering::Relaxed) {
                    break;
                }
            }
            if drained.failure.is_none() {
                self.send(&mut load, &mut drained)?;
            }
            if drained.failure.is_some() {
                break;
            }
        }
        Ok(drained)
    }

    fn status(&self) -> Result<Option<TargetStatus>, StoreError> {
        let targets = self.store.targets()?;
        Ok(targets
            .into_iter()
            .find(|status| status.name == self.target.name))
    }

    /// Adds what is ready of one session to the load, which is sent whenever
    /// it is full.
    fn session(
        &mut self,
        queued: &QueuedSession,
        now: Timestamp,
        load: &mut Load,
        drained: &mut Drained,
    ) -> Result<(), TargetError> {
        let session = match self.store.session(queued.id) {
            Ok(session) => session,
            // Gone since: what waited of it went with it.
            Err(StoreError::NoSession { .. }) => return Ok(()),
            // `dashcam doctor` tells of it, and `dashcam reindex` mends it.
            Err(StoreError::Damaged { .. }) => {
                let turns = queued.turns.iter();
                load.dispatch.looked_at.extend(turns.map(|turn| Wanting {
                    again_at: now.saturating_add(ABANDONED).ok(),
                    ..done(turn)
                }));
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        let cwd = session.cwd.clone();
        let level = self.target.levels.of(cwd.as_deref());
        let is_excluded = cwd.is_some_and(|cwd| self.sending.exclusions.excluded(&cwd).is_some());
        let level = level.filter(|_| !is_excluded && self.target.takes(session.harness));
        let Some(level) = level else {
            load.dispatch
                .looked_at
                .extend(queued.turns.iter().map(done));
            return Ok(());
        };
        let session = dashcam_privacy::apply(session, self.policy(level));
        let wording = Wording::new(self.target, &session, &self.sending.environment);
        load.project(self, &wording.project, drained)?;
        if drained.failure.is_some() {
            return Ok(());
        }
        let last = session.turns.last().map(|turn| turn.index);
        for turn in &queued.turns {
            let Some(of_turn) = find(&session, turn.index) else {
                load.dispatch.looked_at.push(done(turn));
                continue;
            };
            let moment = Moment {
                now,
                settle: self.sending.settle,
                at_rest: turn
                    .changed_at
                    .saturating_add(self.sending.settle)
                    .is_ok_and(|settled| settled <= now),
                is_past: last != Some(turn.index),
            };
            let Ready { spans, again_at } = match of_turn.copied_from {
                // The session that it was copied from is sent itself.
                Some(_) => Ready::default(),
                None => ready(of_turn, moment),
            };
            let settled = self.store.settled_spans(&self.target.name, turn.key)?;
            let fresh = of_turn
                .spans
                .iter()
                .filter(|span| spans.contains(&span.id) && !settled.contains(&span.id));
            for span in fresh {
                let key = Delivered {
                    turn: turn.key,
                    span: span.id,
                    project: Arc::clone(&wording.project),
                };
                if let Some(reason) = self.too_old(span, now) {
                    load.refuse(&key, reason);
                    drained.refused += 1;
                    continue;
                }
                let encoded = wording.span(of_turn, span);
                if !load
                    .batch
                    .has_room(encoded.encoded_len(), &self.target.backend.limits())
                {
                    self.send(load, drained)?;
                    if drained.failure.is_some() {
                        return Ok(());
                    }
                }
                load.add(&wording.resource, encoded, key);
            }
            load.dispatch.looked_at.push(Wanting {
                turn: turn.key,
                changed_at: turn.changed_at,
                again_at,
            });
        }
        Ok(())
    }

    /// Why a target would drop a span without a word.
    fn too_old(&self, span: &Span, now: Timestamp) -> Option<String> {
        let most = self.target.backend.limits().age?;
        let end = span.end.unwrap_or(span.start);
        let is_too_old = end.saturating_add(most).is_ok_and(|until| until < now);
        is_too_old.then(|| {
            let hours = most.as_secs() / 3600;
            format!("older than {hours} h, which {} drops", self.target.backend)
        })
    }

    fn policy(&mut self, level: Level) -> &Policy {
        self.policies.entry(level).or_insert_with(|| {
            let sending = self.sending;
            let own = self.client.endpoint().headers.iter();
            Policy::new(level, sending.hash_key)
                .with_environment(sending.environment.variables())
                .with_secrets(own.map(|(_, value)| value.clone()))
                .with_user_paths(
                    sending
                        .user_paths
                        .iter()
                        .map(|path| path.to_string_lossy().into_owned()),
                )
                .with_hidden(both(self.target.hide, sending.environment.hide()))
        })
    }

    /// Sends what is gathered, and remembers what became of it.
    fn send(&self, load: &mut Load, drained: &mut Drained) -> Result<(), TargetError> {
        let batch = std::mem::take(&mut load.batch);
        let mut dispatch = std::mem::take(&mut load.dispatch);
        if !batch.is_empty() {
            let delivery = self.deliver(batch, &load.project);
            drained.delivered +=
                (delivery.delivered.len() as u64).saturating_sub(delivery.rejected);
            drained.refused += delivery.refused.len() as u64 + delivery.rejected;
            let stop = delivery.stop.clone();
            remember(&mut dispatch, delivery);
            if let Some(stop) = stop {
                // Its spans are still to be sent.
                dispatch.looked_at.clear();
                let failure = self.failure(stop)?;
                dispatch.attempt = Attempt::Failed {
                    reason: failure.reason.clone(),
                    retry_at: failure.retry_at,
                };
                drained.failure = Some(failure);
            }
        }
        self.store
            .record_dispatch(&self.target.name, &dispatch, Timestamp::now())?;
        Ok(())
    }

    fn deliver(&self, batch: Batch<Key>, project: &str) -> Delivery {
        let header = self.target.backend.project_header();
        let header = header.map(|(name, prefix)| (name, format!("{prefix}{project}")));
        let headers: Vec<(&str, &str)> = header
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        deliver(&self.client, &headers, batch)
    }

    fn failure(&self, stop: Stop) -> Result<Failure, StoreError> {
        let failures = self.status()?.map_or(0, |status| status.failures);
        let wait = stop
            .after
            .unwrap_or_else(|| wait_after(failures, stop.misconfigured));
        let retry_at = Timestamp::now().saturating_add(wait);
        Ok(Failure {
            reason: stop.reason,
            retry_at: retry_at.unwrap_or(Timestamp::MAX),
        })
    }
}

/// How long to wait after so many failures in a row, this one not counted.
fn wait_after(failures: u64, misconfigured: bool) -> Duration {
    let doublings = u32::try_from(failures).unwrap_or(u32::MAX).min(16);
    let wait = (FIRST_WAIT * 2_u32.pow(doublings)).min(LONGEST_WAIT);
    if misconfigured {
        return wait.max(MISCONFIGURED_WAIT);
    }
    // Senders that failed together do not come back together.
    let nanos = Timestamp::now().subsec_nanosecond().unsigned_abs();
    wait.mul_f64(0.8 + 0.4 * f64::from(nanos % 1000) / 1000.0)
}

fn both(a: dashcam_privacy::Hide, b: dashcam_privacy::Hide) -> dashcam_privacy::Hide {
    dashcam_privacy::Hide {
        prompts: a.prompts || b.prompts,
        answers: a.answers || b.answers,
        tool_input: a.tool_input || b.tool_input,
        tool_output: a.tool_output || b.tool_output,
        images: a.images || b.images,
        parameters: a.parameters || b.parameters,
    }
}

/// That nothing more of a turn is to be sent.
fn done(turn: &QueuedTurn) -> Wanting {
    Wanting {
        turn: turn.key,
        changed_at: turn.changed_at,
        again_at: None,
    }
}

fn find(session: &Session, index: u32) -> Option<&Turn> {
    session.turns.iter().find(|turn| turn.index == index)
}

fn remember(dispatch: &mut Dispatch, delivery: Delivery) {
    dispatch.rejected = delivery.rejected;
    let took_any = !delivery.delivered.is_empty() || !delivery.refused.is_empty();
    dispatch.delivered = delivery.delivered;
    let refused = delivery.refused.into_iter();
    dispatch
        .refused
        .extend(refused.map(|(key, reason)| key_refused(&key, reason)));
    if took_any {
        dispatch.attempt = Attempt::Taken {
            warning: delivery.warning,
        };
    }
}

fn key_refused(key: &Key, reason: String) -> Refusal {
    Refusal {
        turn: key.turn,
        span: key.span,
        reason,
    }
}

/// What is gathered for the next request.
#[derive(Default)]
struct Load {
    batch: Batch<Key>,
    /// What is to be remembered once it is sent.
    dispatch: Dispatch,
    /// The project of its spans, where a header names it.
    project: Arc<str>,
}

impl Load {
    fn add(&mut self, resource: &Resource, span: otlp::Span, key: Key) {
        self.batch.push(resource, span, key);
    }

    fn refuse(&mut self, key: &Key, reason: String) {
        self.dispatch.refused.push(key_refused(key, reason));
    }

    /// Makes room for another project, where one request can only have one.
    fn project(
        &mut self,
        drain: &Drain<'_>,
        project: &Arc<str>,
        drained: &mut Drained,
    ) -> Result<(), TargetError> {
        let needs_own = drain.target.backend.project_header().is_some();
        if needs_own && self.project != *project && !self.batch.is_empty() {
            drain.send(self, drained)?;
        }
        self.project = Arc::clone(project);
        Ok(())
    }
}

/// Where a target's requests go, with the values of its headers.
pub(crate) fn endpoint(
    target: &Target,
    environment: &Environment,
) -> Result<Endpoint, TargetError> {
    let fixed = target.backend.headers().iter();
    let mut headers: Vec<(String, String)> = fixed
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    for (name, header) in &target.headers {
        let value = match header {
            Header::Value(value) => value.clone(),
            Header::Keyring(account) => keyring::read(account)?,
            Header::Variable(variable) => match environment.get(variable) {
                Some(value) => value.to_owned(),
                None => {
                    return Err(TargetError::NoVariable {
                        header: name.clone(),
                        variable: variable.clone(),
                    });
                }
            },
        };
        headers.retain(|(known, _)| known != name);
        headers.push((name.clone(), value));
    }
    Ok(Endpoint {
        url: target.url.clone(),
        headers,
    })
}
