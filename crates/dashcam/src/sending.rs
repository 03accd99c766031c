//! What sending to targets needs, from this run's context.

use crate::context::Context;
use dashcam_harness::Home;
use dashcam_store::Store;
use dashcam_targets::{Drain, Drained, Environment, Sending, Source, Target, TargetError};
use dashcam_trace::Timestamp;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// How long a turn is left alone after a change while telemetry comes in:
/// harnesses send theirs every five seconds.
pub(crate) const SETTLE: Duration = Duration::from_secs(10);

/// Where targets and rules are configured.
#[derive(Clone)]
pub(crate) struct Configured {
    data_dir: PathBuf,
    home: Home,
    settle: Duration,
}

impl Configured {
    /// The configuration of this run. `settle`: how long a turn is left alone
    /// after a change.
    pub(crate) fn of(context: &Context, settle: Duration) -> anyhow::Result<Self> {
        Ok(Self {
            data_dir: context.data_dir().to_owned(),
            home: context.home()?,
            settle,
        })
    }
}

impl Source for Configured {
    fn targets(&self) -> Result<Vec<Target>, TargetError> {
        dashcam_targets::load(&self.data_dir, Some(&self.home.folder))
    }

    fn sending(&self) -> Result<Sending, String> {
        let hash_key = dashcam_recorder::hash_key(&self.data_dir);
        Ok(Sending {
            exclusions: dashcam_recorder::exclusions(&self.data_dir, &self.home)
                .map_err(|error| error.to_string())?,
            hash_key: hash_key.map_err(|error| error.to_string())?,
            user_paths: vec![self.home.folder.clone()],
            environment: Environment::of_process(),
            settle: self.settle,
        })
    }
}

/// Sends what waits for some targets, one after the other.
pub(crate) fn send(
    store: &Store,
    source: &impl Source,
    targets: &[Target],
) -> anyhow::Result<Vec<Drained>> {
    let sending = source.sending().map_err(anyhow::Error::msg)?;
    let never = AtomicBool::new(false);
    targets
        .iter()
        .map(|target| Ok(Drain::new(store, target, &sending, &never)?.run()?))
        .collect()
}

/// The configured targets, known to the store.
pub(crate) fn targets(store: &Store, source: &impl Source) -> anyhow::Result<Vec<Target>> {
    let targets = source.targets()?;
    let names: Vec<&str> = targets.iter().map(|target| target.name.as_str()).collect();
    store.set_targets(&names, Timestamp::now())?;
    Ok(targets)
}
