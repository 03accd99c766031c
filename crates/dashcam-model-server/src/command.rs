//! The hidden command that runs a server until it is interrupted.

use crate::error::ServerError;
use crate::log::Log;
use crate::scenario::Scenario;
use crate::server::{ModelServer, wait_for_end};
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

/// How to run a server.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// The scenario: what the model answers
    #[arg(long, value_name = "FILE")]
    pub scenario: PathBuf,
    /// The port on 127.0.0.1; 0 takes a free one
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// Write the port here once the server listens
    #[arg(long, value_name = "FILE")]
    pub port_file: Option<PathBuf>,
    /// Append each exchange here, as one JSON object a line
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
    /// Put VALUE for {{NAME}} in the scenario's strings
    #[arg(long = "var", value_name = "NAME=VALUE")]
    pub variables: Vec<String>,
}

/// Runs a server until the process is interrupted.
pub fn run(args: Args) -> Result<(), ServerError> {
    let variables = variables(&args.variables)?;
    let scenario = Scenario::read(&args.scenario, &variables)?;
    let log = match &args.log {
        Some(path) => Log::to_file(open_log(path)?),
        None => Log::default(),
    };
    let server = ModelServer::listen(scenario, args.port, log)?;
    if let Some(path) = args.port_file {
        std::fs::write(&path, server.address().port().to_string())
            .map_err(|source| ServerError::File { path, source })?;
    }
    wait_for_end(&server)?;
    drop(server);
    Ok(())
}

fn variables(pairs: &[String]) -> Result<BTreeMap<String, String>, ServerError> {
    pairs
        .iter()
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
            None => Err(ServerError::Variable(pair.clone())),
        })
        .collect()
}

fn open_log(path: &Path) -> Result<File, ServerError> {
    File::options()
        .create(true)
        .append(true)
        .open(path)
        .map_err(|source| ServerError::File {
            path: path.to_owned(),
            source,
        })
}
