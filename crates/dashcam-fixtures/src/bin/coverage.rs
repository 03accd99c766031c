//! Prints which fields each harness fills, or writes it into the manual with
//! `--write`. `cargo xtask coverage` runs it.

#![allow(clippy::print_stdout, reason = "its output is for developers")]

use anyhow::bail;
use dashcam_fixtures::coverage;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => print!("{}", coverage::table()?),
        ["--write"] => coverage::write()?,
        _ => bail!("it takes nothing but --write"),
    }
    Ok(())
}
