//! `dashcam target add`: a place where traces are sent from now on.

use super::super::{print_json, say};
use crate::context::Context;
use crate::sending::{self, Configured};
use anyhow::Context as _;
use clap::Args;
use dashcam_otlp::send::{Preset, Profile};
use dashcam_privacy::Level;
use dashcam_targets::{Environment, Header, NewTarget, Secrets, Target};
use dashcam_trace::Harness;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Read;
use std::time::Duration;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// The backend: phoenix, arize, langfuse, langsmith, braintrust, opik,
    /// maxim, datadog, newrelic, honeycomb, grafana, signoz, dash0, dynatrace,
    /// sumo, coralogix, observe, or otlp for any other
    backend: Preset,
    /// What to call the target [default: the backend's name]
    #[arg(long)]
    name: Option<String>,
    /// Where it takes traces [default: the backend's usual place]
    #[arg(long)]
    url: Option<String>,
    /// The key by which it knows you; `-` reads it from standard input
    /// [default: the backend's own environment variables]
    #[arg(long, value_name = "KEY", hide_env_values = true)]
    key: Option<String>,
    /// Keep values of headers in the system's keyring, not in a file
    #[arg(long)]
    keyring: bool,
    /// A header; `env:VARIABLE` or `keyring:ACCOUNT` as its value is looked up
    /// when something is sent
    #[arg(long, value_name = "NAME=VALUE")]
    header: Vec<String>,
    /// The project there; {harness} and {project} are replaced [default: {harness}]
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
    /// How much may leave [default: redacted]
    #[arg(long)]
    level: Option<Level>,
    /// The attributes that spans have: openinference, genai or compact
    #[arg(long)]
    profile: Option<Profile>,
    /// The user that traces are of
    #[arg(long, value_name = "ID")]
    user: Option<String>,
    /// An attribute on every span
    #[arg(long, value_name = "NAME=VALUE")]
    attribute: Vec<String>,
    /// Only sessions of these harnesses
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    harness: Vec<Harness>,
}

#[derive(Serialize)]
struct Added<'a> {
    target: &'a str,
    backend: &'a str,
    url: &'a str,
    level: Level,
}

pub(super) fn run(context: &Context, options: &Options) -> anyhow::Result<()> {
    let mut headers = BTreeMap::new();
    for header in &options.header {
        let (name, value) = pair(header, "--header")?;
        headers.insert(name, Header::parse(&value));
    }
    if let Some(key) = &options.key {
        let credential = options.backend.credentials().first();
        let credential = credential
            .with_context(|| format!("{} knows no key: use --header", options.backend))?;
        let value = format!("{}{}", credential.prefix, read_key(key)?);
        headers.insert(credential.header.to_owned(), Header::Value(value));
    }
    let mut attributes = BTreeMap::new();
    for attribute in &options.attribute {
        let (name, value) = pair(attribute, "--attribute")?;
        attributes.insert(name, serde_json::Value::from(value));
    }
    let new = NewTarget {
        url: options.url.clone(),
        headers,
        project: options.project.clone(),
        level: options.level,
        profile: options.profile,
        user: options.user.clone(),
        attributes,
        harnesses: options.harness.clone(),
        secrets: if options.keyring {
            Secrets::Keyring
        } else {
            Secrets::File
        },
        ..NewTarget::default()
    };
    let name = options.name.as_deref();
    let target = add(
        context,
        name.unwrap_or(options.backend.as_str()),
        options.backend,
        new,
    )?;
    if context.global.json {
        return print_json(&Added {
            target: &target.name,
            backend: target.backend.as_str(),
            url: &target.url,
            level: target.levels.usual(),
        });
    }
    tell(context, &target);
    Ok(())
}

/// Tells what goes where from now on.
pub(super) fn tell(context: &Context, target: &Target) {
    let name = &target.name;
    let left_out = match target.levels.usual() {
        Level::Full => "everything",
        Level::Redacted => "everything but secrets",
        Level::Metadata => "numbers and names, no text,",
    };
    say(
        context,
        &format!(
            "{left_out} goes to {} from now on\n\
             try it with `dashcam target test {name}`; \
             `dashcam push {name} --since 30d` sends history",
            target.url
        ),
    );
}

/// Adds a target to the configuration and to the store.
pub(super) fn add(
    context: &Context,
    name: &str,
    backend: Preset,
    new: NewTarget,
) -> anyhow::Result<Target> {
    let home = context.home()?;
    // The environment speaks of the user's own home.
    let environment = match context.global.home {
        Some(_) => Environment::default(),
        None => Environment::of_process(),
    };
    let store = context.store()?;
    let target = dashcam_targets::add(
        context.data_dir(),
        Some(&home.folder),
        name,
        backend,
        new,
        &environment,
    )?;
    sending::targets(&store, &Configured::of(context, Duration::ZERO)?)?;
    Ok(target)
}

fn pair(text: &str, option: &str) -> anyhow::Result<(String, String)> {
    let (name, value) = text
        .split_once('=')
        .or_else(|| text.split_once(": "))
        .with_context(|| format!("{option} wants NAME=VALUE"))?;
    let name = name.trim();
    anyhow::ensure!(!name.is_empty(), "{option} wants NAME=VALUE");
    Ok((name.to_owned(), value.trim().to_owned()))
}

fn read_key(key: &str) -> anyhow::Result<String> {
    if key != "-" {
        return Ok(key.to_owned());
    }
    let mut text = String::new();
    std::io::stdin()
        .lock()
        .take(64 << 10)
        .read_to_string(&mut text)
        .context("cannot read the key from standard input")?;
    Ok(text.trim().to_owned())
}
