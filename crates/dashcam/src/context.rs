//! Where things are for this run: the data folder, the home, the prices.

use crate::cli::Global;
use crate::config::Config;
use anyhow::Context as _;
use dashcam_harness::{HOME_VARIABLES, Home};
use dashcam_insight::Prices;
use dashcam_store::Store;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where things are for this run.
pub(crate) struct Context {
    pub(crate) global: Global,
    pub(crate) data_dir: PathBuf,
}

impl Context {
    pub(crate) fn new(global: Global) -> anyhow::Result<Self> {
        let data_dir = match &global.data_dir {
            Some(dir) => dir.clone(),
            None => dashcam_spool::data_dir()
                .context("cannot find your home folder: name a data folder with --data-dir")?,
        };
        Ok(Self { global, data_dir })
    }

    /// Whose harness data is read.
    pub(crate) fn home(&self) -> anyhow::Result<Home> {
        if let Some(home) = &self.global.home {
            anyhow::ensure!(
                home.is_dir(),
                "{} is not a folder: --home names the folder whose harness data is read",
                home.display()
            );
            return Ok(Home::at(home));
        }
        let folder =
            etcetera::home_dir().context("cannot find your home folder: name it with --home")?;
        let variables = HOME_VARIABLES
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)))
            .collect::<BTreeMap<_, _>>();
        Ok(Home { folder, variables })
    }

    /// Opens the store to write, making it if need be.
    pub(crate) fn store(&self) -> anyhow::Result<Store> {
        Ok(Store::open(&self.data_dir)?)
    }

    /// Opens the store to read.
    pub(crate) fn store_to_read(&self) -> anyhow::Result<Store> {
        anyhow::ensure!(
            self.data_dir.exists(),
            "nothing is recorded yet in {}: run `dashcam import` or `dashcam up` first",
            self.data_dir.display()
        );
        Ok(Store::open_existing(&self.data_dir)?)
    }

    /// The user's configuration.
    pub(crate) fn config(&self) -> anyhow::Result<Config> {
        Config::load(&self.config_path())
    }

    pub(crate) fn config_path(&self) -> PathBuf {
        self.data_dir.join("config.toml")
    }

    /// The prices, with the user's own above the table's.
    pub(crate) fn prices(&self) -> anyhow::Result<Prices> {
        self.config()?.prices()
    }

    pub(crate) fn data_dir(&self) -> &Path {
        &self.data_dir
    }
}
