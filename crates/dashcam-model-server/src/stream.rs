//! Bodies that are paced, cut off, and watched to their end.

use crate::log::{Delivery, Log};
use futures_util::stream::{self, Stream};
use std::io;
use std::time::Duration;

/// Notes in the log how an exchange ends, however it ends: what nobody says
/// otherwise of was abandoned by the harness.
#[derive(Debug)]
pub(crate) struct Ending {
    log: Log,
    place: usize,
    delivery: Delivery,
}

impl Ending {
    pub(crate) const fn new(log: Log, place: usize) -> Self {
        Self {
            log,
            place,
            delivery: Delivery::Abandoned,
        }
    }

    pub(crate) const fn set(&mut self, delivery: Delivery) {
        self.delivery = delivery;
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.log.end(self.place, self.delivery);
    }
}

/// Sends `parts` with a pause before each but the first, and cuts the
/// connection after `cut_after` of them.
pub(crate) fn paced(
    parts: Vec<String>,
    pause: Duration,
    cut_after: Option<usize>,
    ending: Ending,
) -> impl Stream<Item = io::Result<String>> + Send + 'static {
    let sending = (parts.into_iter().enumerate(), ending, false);
    stream::unfold(
        sending,
        move |(mut parts, mut ending, is_over)| async move {
            if is_over {
                return None;
            }
            let (at, part) = parts.next()?;
            if at > 0 && !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            // Hyper sends what it has when the body makes it wait: each event goes
            // out by itself, and a cut loses none before it.
            tokio::task::yield_now().await;
            if cut_after.is_some_and(|after| at >= after) {
                ending.set(Delivery::Cut);
                // An error in the body makes hyper close the connection in the middle.
                let cut = io::Error::new(io::ErrorKind::ConnectionAborted, "cut by the script");
                return Some((Err(cut), (parts, ending, true)));
            }
            if parts.len() == 0 {
                ending.set(Delivery::Whole);
            }
            Some((Ok(part), (parts, ending, false)))
        },
    )
}
