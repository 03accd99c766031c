//! A usage report straight from the harnesses' files, without a store.

use crate::discover::Unreadable;
use crate::disk_usage::{DiskCall, disk_usage};
use dashcam_harness::{HarnessReader, Home};
use dashcam_insight::Prices;
use dashcam_privacy::Exclusions;
use dashcam_store::view::{UsageQuery, UsageReport};
use dashcam_store::{UsageFact, UsageTable, project_name};
use dashcam_trace::{Money, SessionId};
use std::sync::Arc;

/// A usage report made from the files on disk.
#[derive(Clone, Debug)]
pub struct DiskUsageReport {
    /// The report.
    pub report: UsageReport,
    /// What could not be read.
    pub unreadable: Vec<Unreadable>,
    /// Bytes read.
    pub bytes: u64,
}

/// Reports usage straight from the files of every harness that `query` lets
/// through. `load_prices` runs beside the reading, since the price table takes
/// a moment to load. Calls in folders that `exclusions` leave out are in no sum.
pub fn disk_usage_report<E: Send>(
    home: &Home,
    query: &UsageQuery,
    exclusions: &Exclusions,
    load_prices: impl FnOnce() -> Result<Prices, E> + Send,
) -> Result<DiskUsageReport, E> {
    let readers: Vec<&dyn HarnessReader> = dashcam_harness::all()
        .into_iter()
        .filter(|reader| query.harness.is_empty() || query.harness.contains(&reader.harness()))
        .collect();
    let (prices, usage) = std::thread::scope(|scope| {
        let prices = scope.spawn(load_prices);
        let usage = disk_usage(home, &readers);
        (
            prices
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            usage,
        )
    });
    let prices = prices?;
    let mut table = UsageTable::new(query);
    let mut folder = Folder::default();
    for call in &usage.calls {
        if folder.is_left_out(&call.cwd, exclusions) {
            continue;
        }
        let cost = call.cost.or_else(|| {
            let cost = prices.cost(
                &call.model,
                call.provider.as_deref(),
                call.at,
                &call.tokens,
                &call.parameters,
            );
            cost.map(|cost| cost.usd)
        });
        add(&mut table, call, cost);
    }
    Ok(DiskUsageReport {
        report: table.finish(),
        unreadable: usage.unreadable,
        bytes: usage.bytes,
    })
}

/// The folder that was asked for last: calls come in long runs of one.
#[derive(Default)]
struct Folder(Option<(Arc<str>, bool)>);

impl Folder {
    fn is_left_out(&mut self, cwd: &Arc<str>, exclusions: &Exclusions) -> bool {
        match &self.0 {
            Some((known, is_out)) if known == cwd => *is_out,
            _ => {
                let is_out = exclusions.excluded(cwd).is_some();
                self.0 = Some((Arc::clone(cwd), is_out));
                is_out
            }
        }
    }
}

fn add(table: &mut UsageTable, call: &DiskCall, cost: Option<Money>) {
    let session = SessionId::derive(call.harness, &call.session).to_string();
    let cwd = Some(&*call.cwd).filter(|cwd| !cwd.is_empty());
    let project = project_name(cwd, call.remote.as_deref());
    let fact = UsageFact {
        project: &project,
        branch: &call.branch,
        credits: call.credits.unwrap_or_default(),
        ..UsageFact::of(call.harness, call.at, &session)
    };
    table.add(&fact.with_call(&call.model, call.tokens, cost));
}
