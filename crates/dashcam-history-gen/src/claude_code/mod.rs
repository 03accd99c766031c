//! History as Claude Code leaves it below `.claude/projects`.

mod conversation;
mod era;
mod fork;
mod lines;
mod oddities;
mod response;
mod subagent;
mod tools;

use crate::folder::Folder;
use crate::world::World;
use crate::{GenerateError, clock};
use conversation::Conversation;
use era::Era;
use fork::{Finished, Library};
use lines::LineWriter;

/// The name of this harness in the manifest.
pub(crate) const HARNESS: &str = "claude-code";

/// Writes about `bytes` of history.
pub(crate) fn write_history(
    world: &mut World,
    folder: &mut Folder,
    bytes: u64,
) -> Result<(), GenerateError> {
    let end = folder.content_bytes() + bytes;
    let mut library = Library::default();
    while folder.content_bytes() < end {
        let room = end - folder.content_bytes();
        let finished = write_session(world, folder, &library, room)?;
        library.keep(finished);
    }
    Ok(())
}

fn write_session(
    world: &mut World,
    folder: &mut Folder,
    library: &Library,
    room: u64,
) -> Result<Finished, GenerateError> {
    let id = world.random.uuid();
    let origin = if world.forks() {
        library.pick(&mut world.random)
    } else {
        None
    };
    let (era, place, beginning) = match origin {
        // A copy begins when its original has ended: which of them a response
        // belongs to is then beyond doubt.
        Some(origin) => (origin.era, origin.place.clone(), origin.ended_at + 60_000),
        None => (
            Era::pick(&mut world.random),
            world.place(),
            world.beginning(),
        ),
    };
    world.truth.session(
        &id,
        HARNESS,
        &place.cwd,
        origin.map(|origin| origin.session.as_str()),
    );

    let writer = LineWriter::new(
        &id,
        era,
        place,
        clock::Clock::at(beginning),
        &mut world.random,
    );
    let mut conversation = Conversation::new(world, writer);
    if let Some(origin) = origin {
        conversation.copy(origin);
    }
    let size = conversation.world.session_size().min(room.max(8000));
    conversation.hold(size);
    let (writer, agents) = conversation.finish();

    let project = slug(&writer.place.cwd);
    folder.write(
        &format!(".claude/projects/{project}/{id}.jsonl"),
        writer.content(),
    )?;
    for agent in agents {
        let stem = era.agent_path(&project, &id, &agent.id);
        if let Some(meta) = &agent.meta {
            folder.write_beside(&format!("{stem}.meta.json"), meta.as_bytes())?;
        }
        folder.write(&format!("{stem}.jsonl"), &agent.content)?;
    }
    Ok(Finished::of(writer))
}

/// The folder name that Claude Code makes of a working directory.
fn slug(cwd: &str) -> String {
    cwd.chars()
        .map(|letter| {
            if letter.is_ascii_alphanumeric() {
                letter
            } else {
                '-'
            }
        })
        .collect()
}
