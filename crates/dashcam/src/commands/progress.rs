//! How far an import is, on a terminal.

use crate::context::Context;
use dashcam_recorder::{ImportReport, Progress};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::sync::OnceLock;

/// A progress bar on standard error; nothing where that is no terminal.
pub(crate) struct Bar {
    bar: ProgressBar,
    sessions: OnceLock<()>,
}

impl Bar {
    pub(crate) fn new(context: &Context) -> Self {
        let hidden = context.global.quiet || !std::io::stderr().is_terminal();
        let target = if hidden {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        };
        let bar = ProgressBar::with_draw_target(None, target);
        Self {
            bar,
            sessions: OnceLock::new(),
        }
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for Bar {
    fn planned(&self, sessions: u64, bytes: u64) {
        const TEMPLATE: &str = "{bar:24} {bytes}/{total_bytes}  {binary_bytes_per_sec}  \
                                {msg}  {eta} left";
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            self.bar.set_style(style.progress_chars("━╸ "));
        }
        self.bar.set_length(bytes);
        self.bar.reset_eta();
        self.bar.set_position(0);
        self.bar.set_message(format!("0/{sessions} sessions"));
        // The first plan is the import's; the number of sessions stays in the message.
        let _ = self.sessions.set(());
    }

    fn advanced(&self, sessions: u64, of: u64, bytes: u64) {
        self.bar.set_position(bytes);
        self.bar.set_message(format!("{sessions}/{of} sessions"));
    }

    fn indexing(&self, done_bytes: u64, total_bytes: u64) {
        self.bar.set_length(total_bytes);
        self.bar.set_position(done_bytes);
        self.bar.set_message("search index");
    }
}

/// An import in one or two lines.
pub(crate) fn summary(report: &ImportReport) -> String {
    let seconds = report.duration.as_secs_f64();
    let megabytes = report.bytes_read as f64 / 1e6;
    if report.sessions == 0 {
        return format!(
            "nothing new in {} files ({:.2} s)",
            crate::table::grouped(report.files_seen),
            seconds
        );
    }
    let rate = megabytes / seconds.max(1e-3);
    format!(
        "imported {} {} from {:.1} MB in {seconds:.2} s ({rate:.0} MB/s)",
        crate::table::grouped(report.sessions),
        if report.sessions == 1 {
            "session"
        } else {
            "sessions"
        },
        megabytes,
    )
}
