//! Sends requests as an exporter does: over several connections, and again
//! when the receiver is busy.

use super::load::Request;
use anyhow::{Context, bail};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long a sender waits when it was refused.
const BACK_OFF: Duration = Duration::from_millis(250);

/// What sending took.
pub(super) struct Sent {
    /// Until the last was acknowledged.
    pub(super) seconds: f64,
    /// Requests that were refused, and sent again.
    pub(super) refused: u64,
}

/// Sends all requests.
pub(super) fn all(url: &str, requests: &[Request], connections: usize) -> anyhow::Result<Sent> {
    let next = AtomicUsize::new(0);
    let refused = AtomicU64::new(0);
    let begin = Instant::now();
    thread::scope(|scope| {
        let senders: Vec<_> = (0..connections.max(1))
            .map(|_| scope.spawn(|| some(url, requests, &next, &refused)))
            .collect();
        for sender in senders {
            match sender.join() {
                Ok(outcome) => outcome?,
                Err(_) => bail!("a sender panicked"),
            }
        }
        Ok(())
    })?;
    Ok(Sent {
        seconds: begin.elapsed().as_secs_f64(),
        refused: refused.into_inner(),
    })
}

fn some(
    url: &str,
    requests: &[Request],
    next: &AtomicUsize,
    refused: &AtomicU64,
) -> anyhow::Result<()> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .proxy(None)
        .http_status_as_error(false)
        .build()
        .into();
    while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
        loop {
            let answer = agent
                .post(url)
                .header("content-type", "application/x-protobuf")
                .send(&request.body[..])
                .with_context(|| format!("cannot send to {url}"))?;
            match answer.status().as_u16() {
                200 => break,
                429 | 503 => {
                    refused.fetch_add(1, Ordering::Relaxed);
                    thread::sleep(BACK_OFF);
                }
                status => bail!("{url} answered {status}"),
            }
        }
    }
    Ok(())
}
