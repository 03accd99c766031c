//! `dashcam up`: everything at once, until it is stopped.
//!
//! Three parts share the store: the server answers the browser, a thread
//! imports what is new, and the follower takes over from there.

use super::say;
use crate::context::Context;
use crate::sending::{Configured, SETTLE};
use anyhow::Context as _;
use clap::Args;
use dashcam_harness::Home;
use dashcam_insight::Prices;
use dashcam_recorder::{
    Change, Follower, Importer, NoProgress, Progress, SpoolFollower, TelemetryFollower, sample,
};
use dashcam_server::{App, ImportProgress, Listener, LiveEvent, Phase, SampleHistory};
use dashcam_spool::Lock;
use dashcam_store::{SessionChange, Store, TelemetryLog, Wait};
use dashcam_targets::{Bell, Sender};
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How often the page is told how far an import is.
const TELL_EVERY: Duration = Duration::from_millis(100);

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The port of the page; 0 takes any that is free
    #[arg(long, default_value_t = 4747, env = "DASHCAM_PORT")]
    port: u16,
    /// The port that takes in telemetry besides the page's; where it is taken,
    /// only the page's does; 0 takes none
    #[arg(
        long,
        default_value_t = 4318,
        env = "DASHCAM_OTLP_PORT",
        value_name = "PORT"
    )]
    otlp_port: u16,
    /// Do not open the browser
    #[arg(long)]
    no_open: bool,
}

pub(crate) fn run(context: &Context, options: &Options) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start the server's threads")?;
    runtime.block_on(serve(context, options))
}

async fn serve(context: &Context, options: &Options) -> anyhow::Result<()> {
    let listener = Listener::bind(options.port).await?;
    let store = Arc::new(context.store()?);
    let home = context.home()?;
    let config = context.config()?;
    let url = listener.url();
    let mut stdout = std::io::stdout().lock();
    writeln!(stdout, "dashcam is at {url}").and_then(|()| stdout.flush())?;
    drop(stdout);
    say(context, "Ctrl-C stops it");
    if !options.no_open {
        // Without a browser the address on the screen has to do.
        let _ = open::that_detached(&url);
    }

    let recorder = Recorder {
        store: Arc::clone(&store),
        home,
    };
    let app = App::new(
        Arc::clone(&store),
        Samples {
            recorder: recorder.clone(),
            config: config.clone(),
        },
    );
    app.set_import(ImportProgress {
        phase: Phase::Importing,
        ..ImportProgress::default()
    });
    // Hooks see by it that they need not start a flush. Where it cannot be had,
    // because another `up` holds it or for any other reason, flushes take in
    // what we would: nothing is lost or doubled by that.
    let _watching = Lock::Watching.take(context.data_dir());
    let log = Arc::new(TelemetryLog::open(context.data_dir())?);
    app.receive_telemetry(Arc::clone(&log));
    let telemetry = match options.otlp_port {
        0 => None,
        // Any other receiver of telemetry may have it.
        port => Listener::bind(port).await.ok(),
    };
    let bell = Arc::new(Bell::default());
    let quiet = context.global.quiet;
    let _sender = Sender::start(
        Arc::clone(&store),
        context.data_dir().to_owned(),
        Configured::of(context, SETTLE)?,
        Arc::clone(&bell),
        move |trouble| {
            if let Some(trouble) = trouble.filter(|_| !quiet) {
                let _ = writeln!(anstream::stderr().lock(), "nothing is sent: {trouble}");
            }
        },
    )
    .context("cannot start the sending thread")?;
    let recording = app.clone();
    std::thread::Builder::new()
        .name("record".to_owned())
        .spawn(move || {
            let follower = config
                .prices()
                .and_then(|prices| recorder.record(&recording, prices, log, &bell));
            match follower {
                // The followers work on their own threads until the process ends.
                Ok(followers) => std::mem::forget(followers),
                Err(error) => {
                    recording.set_import(ImportProgress {
                        done: true,
                        ..ImportProgress::default()
                    });
                    recording.set_trouble(Some(format!("recording stopped: {error:#}")));
                    if !quiet {
                        let _ = writeln!(anstream::stderr().lock(), "recording stopped: {error:#}");
                    }
                }
            }
        })
        .context("cannot start the recording thread")?;
    let also_telemetry = async {
        match telemetry {
            Some(telemetry) => telemetry.serve_telemetry(app.clone(), stop_signal()).await,
            None => Ok(()),
        }
    };
    let (served, also_served) =
        tokio::join!(listener.serve(app.clone(), stop_signal()), also_telemetry);
    served.and(also_served)?;
    Ok(())
}

/// Ready when the process is asked to stop.
async fn stop_signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

/// Imports and follows.
#[derive(Clone)]
struct Recorder {
    store: Arc<Store>,
    home: Home,
}

impl Recorder {
    /// Imports what is new, and goes on following.
    fn record(
        &self,
        app: &App,
        prices: Prices,
        log: Arc<TelemetryLog>,
        bell: &Arc<Bell>,
    ) -> anyhow::Result<(Follower, TelemetryFollower, SpoolFollower)> {
        let prices = Arc::new(prices);
        // Before the import, so that nothing written meanwhile is missed; the
        // follower waits for the import's lock.
        let (live, ring) = (app.clone(), Arc::clone(bell));
        let follower = Follower::start(
            Arc::clone(&self.store),
            Arc::clone(&prices),
            self.home.clone(),
            dashcam_harness::all().to_vec(),
            move |change| tell(&live, &ring, change),
        )?;
        let (live, ring) = (app.clone(), Arc::clone(bell));
        let telemetry_follower = TelemetryFollower::start(
            Arc::clone(&self.store),
            Arc::clone(&prices),
            self.home.clone(),
            log,
            move |change| tell(&live, &ring, change),
        )?;
        let (live, ring) = (app.clone(), Arc::clone(bell));
        let spool_follower = SpoolFollower::start(
            Arc::clone(&self.store),
            Arc::clone(&prices),
            self.home.clone(),
            move |change| tell(&live, &ring, change),
        )?;
        let readers = dashcam_harness::all();
        let importer = Importer::new(&self.store, &prices, &self.home, &readers);
        let teller = Teller::new(app);
        let lock = self.store.import_lock(Wait::PATIENT, || {})?;
        importer.import(&teller)?;
        drop(lock);
        bell.ring();
        importer.index(&teller)?;
        self.store.rest()?;
        app.live().tell(LiveEvent::Index);
        app.set_import(ImportProgress {
            done: true,
            ..ImportProgress::default()
        });
        Ok((follower, telemetry_follower, spool_follower))
    }
}

fn tell(app: &App, bell: &Bell, change: Change) {
    match change {
        Change::Sessions(changes) => {
            app.set_trouble(None);
            tell_sessions(app, changes);
            bell.ring();
        }
        Change::Trouble(message) => app.set_trouble(Some(message)),
    }
}

fn tell_sessions(app: &App, changes: Vec<SessionChange>) {
    for change in changes {
        app.live().tell(LiveEvent::Session {
            id: change.id,
            turns: change.turns,
            new: change.new,
        });
    }
}

/// Tells every open page how far an import is.
struct Teller<'a> {
    app: &'a App,
    told: Mutex<Option<Instant>>,
}

impl<'a> Teller<'a> {
    const fn new(app: &'a App) -> Self {
        Self {
            app,
            told: Mutex::new(None),
        }
    }

    fn tell(&self, progress: ImportProgress) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_none_or(|told| told.elapsed() >= TELL_EVERY) {
            *told = Some(Instant::now());
            self.app.set_import(progress);
        }
    }
}

impl Progress for Teller<'_> {
    fn planned(&self, sessions: u64, bytes: u64) {
        self.app.set_import(ImportProgress {
            phase: Phase::Importing,
            sessions_total: sessions,
            bytes_total: bytes,
            ..ImportProgress::default()
        });
    }

    fn advanced(&self, sessions: u64, of: u64, bytes: u64) {
        let known = self.app.import_progress();
        self.tell(ImportProgress {
            phase: Phase::Importing,
            sessions_done: sessions,
            sessions_total: of,
            bytes_done: bytes,
            bytes_total: known.bytes_total,
            done: false,
        });
    }

    fn indexing(&self, done_bytes: u64, total_bytes: u64) {
        let known = self.app.import_progress();
        self.tell(ImportProgress {
            phase: Phase::Indexing,
            sessions_done: known.sessions_total,
            sessions_total: known.sessions_total,
            bytes_done: done_bytes,
            bytes_total: total_bytes,
            done: false,
        });
    }
}

/// The sample history, as the page asks for it.
struct Samples {
    recorder: Recorder,
    config: crate::config::Config,
}

impl Samples {
    fn change(&self, act: impl FnOnce(&Store) -> anyhow::Result<u64>) -> Result<u64, String> {
        let store = &self.recorder.store;
        let locked = store.import_lock(Wait::PATIENT, || {});
        locked
            .map_err(anyhow::Error::from)
            .and_then(|_lock| act(store))
            .map_err(|error| format!("{error:#}"))
    }
}

impl SampleHistory for Samples {
    fn add(&self) -> Result<u64, String> {
        self.change(|store| {
            let prices = self.config.prices()?;
            let added = sample::add(store, &prices)?.len() as u64;
            let readers = dashcam_harness::all();
            Importer::new(store, &prices, &self.recorder.home, &readers).index(&NoProgress)?;
            Ok(added)
        })
    }

    fn remove(&self) -> Result<u64, String> {
        self.change(|store| Ok(sample::remove(store)?))
    }
}
