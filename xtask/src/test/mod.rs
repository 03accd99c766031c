//! `cargo xtask test`: everything that must hold before a change is merged,
//! one step after the other, from a clean machine with Rust, Node and git.
//!
//! All Rust steps build the whole workspace with all features into one target
//! folder: selecting packages would select other features of the dependencies
//! and build those once more.

mod browser;
mod steps;
mod tools;

use anyhow::bail;
use clap::Args;
use std::time::{Duration, Instant};
use steps::{Outcome, STEPS, Step};

/// What to check.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Leave out what starts real harnesses or a browser
    #[arg(long)]
    fast: bool,
    /// Run this step alone; an unknown name lists them all
    #[arg(long, value_name = "STEP")]
    only: Option<String>,
}

/// How often each outcome came.
#[derive(Default)]
struct Tally {
    passed: usize,
    failed: usize,
    skipped: Vec<String>,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let begin = Instant::now();
    let mut tally = Tally::default();
    let chosen = choose(options)?;
    for (at, step) in chosen.iter().enumerate() {
        println!(
            "\n=== {}/{} {}: {}",
            at + 1,
            chosen.len(),
            step.name,
            step.what
        );
        let step_begin = Instant::now();
        let result = (step.run)();
        let time = readable(step_begin.elapsed());
        match result {
            Ok(Outcome::Passed) => {
                tally.passed += 1;
                println!("=== {} passed in {time}", step.name);
            }
            Ok(Outcome::Skipped(reason)) => {
                println!("=== {} SKIPPED: {reason}", step.name);
                tally.skipped.push(format!("{}: {reason}", step.name));
            }
            Err(error) => {
                tally.failed += 1;
                println!("=== {} FAILED after {time}: {error:#}", step.name);
                println!("    again, alone: cargo xtask test --only {}", step.name);
                break;
            }
        }
    }
    conclude(&tally, chosen.len(), begin.elapsed())
}

fn choose(options: &Options) -> anyhow::Result<Vec<&'static Step>> {
    if let Some(name) = &options.only {
        let Some(step) = STEPS.iter().find(|step| step.name == name) else {
            let names: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
            bail!(
                "there is no step {name}: choose one of {}",
                names.join(", ")
            );
        };
        return Ok(vec![step]);
    }
    Ok(STEPS
        .iter()
        .filter(|step| !options.fast || !step.slow)
        .collect())
}

fn conclude(tally: &Tally, chosen: usize, time: Duration) -> anyhow::Result<()> {
    println!();
    for skipped in &tally.skipped {
        println!("skipped {skipped}");
    }
    let not_run = chosen - tally.passed - tally.failed - tally.skipped.len();
    let not_run = if not_run > 0 {
        format!(", {not_run} not run")
    } else {
        String::new()
    };
    println!(
        "{} passed, {} failed, {} skipped{not_run} in {}",
        tally.passed,
        tally.failed,
        tally.skipped.len(),
        readable(time)
    );
    if tally.failed > 0 {
        bail!("a step failed");
    }
    Ok(())
}

fn readable(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 {
        return format!("{:.1} s", time.as_secs_f64());
    }
    format!("{} min {:02} s", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::{Options, STEPS, choose};
    use std::collections::BTreeSet;

    #[test]
    fn step_names_are_unique() {
        let names: BTreeSet<&str> = STEPS.iter().map(|step| step.name).collect();
        assert_eq!(names.len(), STEPS.len());
    }

    #[test]
    fn fast_leaves_out_the_slow_steps_and_only_takes_one() {
        let fast = choose(&Options {
            fast: true,
            only: None,
        })
        .unwrap();
        assert!(fast.iter().all(|step| !step.slow) && fast.len() < STEPS.len());
        let only = choose(&Options {
            fast: true,
            only: Some("harnesses".to_owned()),
        })
        .unwrap();
        assert_eq!(only.len(), 1);
        assert!(
            choose(&Options {
                fast: false,
                only: Some("none".to_owned())
            })
            .is_err()
        );
    }
}
