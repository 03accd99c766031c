//! History as Codex leaves it below `.codex/sessions`.

mod commands;
mod era;
mod items;
mod rollout;
mod subagent;
mod turn;

use crate::folder::Folder;
use crate::world::World;
use crate::{GenerateError, clock};
use era::Era;
use rollout::{Finished, Rollout};

/// The name of this harness in the manifest.
pub(crate) const HARNESS: &str = "codex";

/// Writes about `bytes` of history.
pub(crate) fn write_history(
    world: &mut World,
    folder: &mut Folder,
    bytes: u64,
) -> Result<(), GenerateError> {
    let end = folder.content_bytes() + bytes;
    let mut finished: Vec<Finished> = Vec::new();
    while folder.content_bytes() < end {
        let room = end - folder.content_bytes();
        let origin = if world.forks() && !finished.is_empty() {
            finished.get(world.random.place(finished.len()))
        } else {
            None
        };
        let mut rollout = match origin {
            Some(origin) => Rollout::forked(world, origin),
            None => Rollout::begin(world),
        };
        rollout.hold(world, room);
        for child in std::mem::take(&mut rollout.children) {
            write_rollout(world, folder, &child)?;
        }
        write_rollout(world, folder, &rollout)?;
        if rollout.may_be_copied() {
            finished.push(rollout.finish());
        }
        if finished.len() > 30 {
            finished.remove(0);
        }
    }
    Ok(())
}

fn write_rollout(
    world: &mut World,
    folder: &mut Folder,
    rollout: &Rollout,
) -> Result<(), GenerateError> {
    let name = format!(
        "rollout-{}-{}.jsonl",
        clock::format(rollout.began_at, "%Y-%m-%dT%H-%M-%S"),
        rollout.thread
    );
    let path = if world.random.chance(60) {
        world.truth.trap("archived rollout");
        format!(".codex/archived_sessions/{name}")
    } else {
        format!(
            ".codex/sessions/{}/{name}",
            clock::format(rollout.began_at, "%Y/%m/%d")
        )
    };
    if rollout.era == Era::TotalsOnly && world.random.chance(120) {
        world.truth.trap("compressed rollout");
        return folder.write_compressed(&format!("{path}.zst"), rollout.content());
    }
    folder.write(&path, rollout.content())
}
