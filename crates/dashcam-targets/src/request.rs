//! One batch to its end: sent, split where it is too much, given up where it
//! will never be taken.

use dashcam_otlp::send::{Answer, Batch, Client, ClientError, shorten};
use dashcam_store::Delivered;
use std::time::{Duration, SystemTime};

/// How often one batch may be split because of what stands in it: enough to
/// find a few spans that a backend will not take among hundreds.
const MOST_SPLITS: u32 = 64;
/// To how many bytes a text is cut in a span that is too large by itself, one
/// after the other.
const CUTS: [usize; 3] = [64 << 10, 4 << 10, 256];

/// What the sender knows a span by: what is remembered of it once it is taken.
pub(crate) type Key = Delivered;

/// Why nothing more can be sent for now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stop {
    pub(crate) reason: String,
    /// When the backend wants more.
    pub(crate) after: Option<Duration>,
    /// Whether the person has to do something.
    pub(crate) misconfigured: bool,
}

/// What became of a batch.
#[derive(Debug, Default)]
pub(crate) struct Delivery {
    pub(crate) delivered: Vec<Key>,
    pub(crate) refused: Vec<(Key, String)>,
    /// Spans among the delivered that the backend dropped, it does not say
    /// which.
    pub(crate) rejected: u64,
    pub(crate) warning: Option<String>,
    pub(crate) stop: Option<Stop>,
}

/// Sends a batch. What is neither delivered nor refused at the end was not
/// sent, because something stopped it.
pub(crate) fn deliver(client: &Client, headers: &[(&str, &str)], batch: Batch<Key>) -> Delivery {
    let mut sending = Sending {
        client,
        headers,
        delivery: Delivery::default(),
        splits: MOST_SPLITS,
    };
    sending.batch(batch);
    sending.delivery
}

struct Sending<'a> {
    client: &'a Client,
    headers: &'a [(&'a str, &'a str)],
    delivery: Delivery,
    splits: u32,
}

impl Sending<'_> {
    fn batch(&mut self, batch: Batch<Key>) {
        if self.delivery.stop.is_some() || batch.is_empty() {
            return;
        }
        match self.ask(&batch) {
            Answer::Taken { warning } => self.taken(&batch, warning),
            Answer::PartlyTaken { rejected, reason } => {
                let rejected = rejected.min(batch.len() as u64);
                self.delivery.rejected += rejected;
                let warning = format!("{rejected} spans were not taken: {reason}");
                self.taken(&batch, Some(warning));
            }
            Answer::Later { reason, after } => self.stop(reason, after, false),
            Answer::Misconfigured { reason } => self.stop(reason, None, true),
            Answer::TooLarge { reason } => match batch.split() {
                Ok((first, second)) => {
                    self.batch(first);
                    self.batch(second);
                }
                Err(single) => self.smaller(single, reason),
            },
            Answer::Refused { reason } => self.refused(batch, &reason),
        }
    }

    fn ask(&self, batch: &Batch<Key>) -> Answer {
        match self.client.send(&batch.encode(), self.headers) {
            Ok(response) => Answer::of(&response, SystemTime::now()),
            Err(error @ ClientError::Unusable { .. }) => Answer::Misconfigured {
                reason: error.to_string(),
            },
            Err(error) => Answer::Later {
                reason: error.to_string(),
                after: None,
            },
        }
    }

    fn taken(&mut self, batch: &Batch<Key>, warning: Option<String>) {
        self.delivery.delivered.extend(batch.keys().cloned());
        if warning.is_some() {
            self.delivery.warning = warning;
        }
    }

    fn stop(&mut self, reason: String, after: Option<Duration>, misconfigured: bool) {
        self.delivery.stop = Some(Stop {
            reason,
            after,
            misconfigured,
        });
    }

    /// One span among many may be what the backend does not like.
    fn refused(&mut self, batch: Batch<Key>, reason: &str) {
        if self.splits > 0 {
            self.splits -= 1;
            match batch.split() {
                Ok((first, second)) => {
                    self.batch(first);
                    self.batch(second);
                }
                Err(single) => self.give_up(&single, reason),
            }
        } else {
            self.give_up(&batch, reason);
        }
    }

    /// A span that is too large by itself goes with less text.
    fn smaller(&mut self, mut single: Batch<Key>, mut reason: String) {
        for most in CUTS {
            for span in single.spans_mut() {
                shorten(span, most);
            }
            match self.ask(&single) {
                Answer::TooLarge { reason: again } => reason = again,
                Answer::Taken { warning } => return self.taken(&single, warning),
                Answer::PartlyTaken { reason, .. } | Answer::Refused { reason } => {
                    return self.give_up(&single, &reason);
                }
                Answer::Later { reason, after } => return self.stop(reason, after, false),
                Answer::Misconfigured { reason } => return self.stop(reason, None, true),
            }
        }
        self.give_up(&single, &reason);
    }

    fn give_up(&mut self, batch: &Batch<Key>, reason: &str) {
        let refused = batch.keys().map(|key| (key.clone(), reason.to_owned()));
        self.delivery.refused.extend(refused);
    }
}
