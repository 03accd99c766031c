//! `dashcam reindex`: every session anew from the archived evidence.

use super::{import, progress};
use crate::context::Context;
use dashcam_recorder::Importer;

pub(crate) fn run(context: &Context) -> anyhow::Result<()> {
    let store = context.store_to_read()?;
    let home = context.home()?;
    let prices = context.prices()?;
    let _lock = import::lock(context, &store)?;
    let readers = dashcam_harness::all();
    let bar = progress::Bar::new(context);
    let importer = Importer::new(&store, &prices, &home, &readers);
    let mut report = importer.reindex(&bar)?;
    report.indexed_bytes = importer.index(&bar)?;
    bar.finish();
    import::tell(context, &report)
}
