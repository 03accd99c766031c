//! Plans what `connect` and `disconnect` change.

use crate::arize;
use crate::error::Error;
use crate::files;
use crate::hooks;
use crate::json::Document;
use crate::manifest::{Archive, Entry, hash};
use crate::plan::{self, Change, Note, Plan, Record};
use crate::program::HookProgram;
use crate::registrations::{Connectable, Shape};
use crate::script;
use crate::telemetry::{self, RECEIVER, State};
use dashcam_harness::Home;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Registers hooks in one home, and takes them out again.
#[derive(Clone, Debug)]
pub struct Connector {
    /// Whose settings are edited.
    pub home: Home,
    /// The folder that the command was run in.
    pub folder: PathBuf,
    /// Where the record and the backups are kept.
    pub data_dir: PathBuf,
    /// What hooks run.
    pub program: HookProgram,
    /// What the programs say of their versions, where they are installed.
    pub versions: BTreeMap<Connectable, String>,
    /// Variables that may point telemetry elsewhere.
    pub environment: BTreeMap<String, String>,
}

/// Whose settings are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The user's, for every project.
    User,
    /// Those of the current folder's project.
    Project,
}

/// What is to be connected.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Which harnesses.
    pub harnesses: Vec<Connectable>,
    /// In whose settings.
    pub scope: Scope,
    /// Whether their own telemetry is to come here.
    pub telemetry: bool,
    /// Whether Arize's hooks are to go.
    pub take_over_arize: bool,
}

impl Connector {
    /// What `connect` will change.
    pub fn plan_connect(&self, wanted: &Wanted) -> Result<Plan, Error> {
        let archive = Archive::look(&self.data_dir)?;
        let mut plan = Plan::default();
        for harness in &wanted.harnesses {
            let step = Step {
                connector: self,
                archive: &archive,
                harness: *harness,
                wanted,
            };
            let kept = plan.changes.len();
            if let Err(error) = step.plan(&mut plan) {
                // All of a harness or nothing.
                plan.changes.truncate(kept);
                plan.notes.retain(|note| note.harness != *harness);
                plan.refused.push((*harness, error));
            }
        }
        Ok(plan)
    }

    /// What `disconnect` will change.
    pub fn plan_disconnect(
        &self,
        harnesses: &[Connectable],
        scope: Option<Scope>,
    ) -> Result<Plan, Error> {
        let archive = Archive::look(&self.data_dir)?;
        let mut plan = Plan::default();
        for harness in harnesses {
            for path in self.connected_files(&archive, *harness, scope) {
                let is_planned = plan.changes.iter().any(|change| change.path == path);
                if is_planned {
                    continue;
                }
                match Self::plan_removal(&archive, *harness, &path) {
                    Ok(Removal::Nothing) => {}
                    Ok(Removal::Stale) => plan.stale.push(path),
                    Ok(Removal::Change(change)) => plan.changes.push(change),
                    Err(error) => plan.refused.push((*harness, error)),
                }
            }
        }
        Ok(plan)
    }

    /// Makes a plan's changes; tells which could not be made.
    pub fn carry_out(&self, plan: &Plan) -> Result<Vec<(Connectable, Error)>, Error> {
        plan::carry_out(plan, &self.data_dir)
    }

    /// Whether settings hold hooks of Arize's.
    pub fn has_arize(&self, harness: Connectable) -> bool {
        arize::files(&self.home, &self.folder, harness)
            .iter()
            .any(|path| {
                let bytes = files::read(path).ok().flatten();
                bytes.is_some_and(|bytes| arize::is_present(path, &bytes).unwrap_or(false))
            })
    }

    /// The events that are registered for the installed version.
    pub(crate) fn events(&self, harness: Connectable) -> &'static [&'static str] {
        let version = self.versions.get(&harness).map(String::as_str);
        harness.registration().events_for(version)
    }

    pub(crate) fn hook_file(&self, harness: Connectable, scope: Scope) -> PathBuf {
        match scope {
            Scope::User => harness.user_file(&self.home),
            Scope::Project => harness.project_file(&self.folder),
        }
    }

    /// Every file that hooks are registered in.
    pub(crate) fn hook_files(&self, harness: Connectable, scope: Scope) -> Vec<PathBuf> {
        harness.with_others(self.hook_file(harness, scope))
    }

    /// Codex keeps telemetry in another file than hooks.
    pub(crate) fn codex_config(&self) -> PathBuf {
        Connectable::Codex.folder(&self.home).join("config.toml")
    }

    /// Every file of a harness that something of ours may stand in.
    fn connected_files(
        &self,
        archive: &Archive,
        harness: Connectable,
        scope: Option<Scope>,
    ) -> Vec<PathBuf> {
        let mut paths = Vec::new();
        if scope != Some(Scope::Project) {
            paths.extend(self.hook_files(harness, Scope::User));
            if harness == Connectable::Codex {
                paths.push(self.codex_config());
            }
        }
        if scope != Some(Scope::User) {
            paths.extend(self.hook_files(harness, Scope::Project));
        }
        if scope.is_none() {
            let recorded = archive.manifest.files.iter();
            paths.extend(
                recorded
                    .filter(|entry| entry.harness == harness)
                    .map(|entry| entry.path.clone()),
            );
        }
        let mut seen = std::collections::BTreeSet::new();
        paths.retain(|path| seen.insert(path.clone()));
        paths
    }

    fn plan_removal(
        archive: &Archive,
        harness: Connectable,
        path: &Path,
    ) -> Result<Removal, Error> {
        let entry = archive.entry(path);
        let Some(before) = files::read(path)? else {
            return Ok(if entry.is_some() {
                Removal::Stale
            } else {
                Removal::Nothing
            });
        };
        let after = match entry {
            Some(entry) if hash(&before) == entry.after => match &entry.before {
                None => Some(None),
                // A backup that is gone leaves the careful way.
                Some(wanted) => archive.kept(path, wanted)?.map(Some),
            },
            _ => None,
        };
        let after = match after {
            Some(exact) => exact,
            None => strip(harness, path, &before, entry)?,
        };
        if after.as_ref() == Some(&before) {
            return Ok(if entry.is_some() {
                Removal::Stale
            } else {
                Removal::Nothing
            });
        }
        Ok(Removal::Change(Change {
            harness,
            path: path.to_owned(),
            before: Some(before),
            after,
            record: Record::Forgotten {
                made_folders: entry
                    .map(|entry| entry.made_folders.clone())
                    .unwrap_or_default(),
            },
        }))
    }
}

enum Removal {
    Nothing,
    Stale,
    Change(Change),
}

/// A file without what is ours; `None` where nothing else was ever in it.
fn strip(
    harness: Connectable,
    path: &Path,
    bytes: &[u8],
    entry: Option<&Entry>,
) -> Result<Option<Vec<u8>>, Error> {
    if is_toml(path) {
        let after = telemetry::remove_from_codex(path, bytes)?;
        let is_ours = entry.is_some_and(|entry| entry.before.is_none());
        return Ok((!is_ours || !after.is_empty()).then_some(after));
    }
    let registration = harness.registration();
    if let Shape::Script(_) = registration.shape {
        return Ok(script::recognise(bytes).is_none().then(|| bytes.to_owned()));
    }
    let document = Document::parse(path, bytes)?;
    let had_hooks = !hooks::find(&document, registration).events.is_empty();
    let mut document = hooks::disconnect(document, registration)?;
    if let Some(settings) = telemetry::settings(harness) {
        // Without a record, the whole set beside hooks of ours is ours.
        let keys = match entry {
            Some(entry) => entry.telemetry.clone(),
            None if had_hooks && settings.state(&document) == State::Dashcam => settings.keys(),
            None => Vec::new(),
        };
        document = settings.remove(document, &keys)?;
    }
    let is_ours = registration.is_own_file || entry.is_some_and(|entry| entry.before.is_none());
    let is_spent =
        is_ours && (had_hooks || entry.is_some()) && hooks::is_spent(&document, registration);
    Ok((!is_spent).then(|| document.bytes()))
}

fn is_toml(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension == "toml")
}

/// Planning for one harness.
struct Step<'a> {
    connector: &'a Connector,
    archive: &'a Archive,
    harness: Connectable,
    wanted: &'a Wanted,
}

impl Step<'_> {
    fn plan(&self, plan: &mut Plan) -> Result<(), Error> {
        let connector = self.connector;
        let paths = connector.hook_files(self.harness, self.wanted.scope);
        if self.wanted.scope == Scope::Project && self.is_registered_for_user() {
            let user = connector.hook_file(self.harness, Scope::User);
            self.note(
                plan,
                format!("already connected for every project in {}", user.display()),
            );
            return Ok(());
        }
        for path in &paths {
            match self.harness.registration().shape {
                Shape::Script(text) => self.plan_script(plan, path, text)?,
                _ => self.plan_json(plan, path)?,
            }
        }
        if self.harness == Connectable::Codex {
            self.plan_codex_config(plan)?;
        }
        self.plan_other_arize_files(plan)?;
        if let (true, Some((settings, lines))) = (
            self.wanted.telemetry,
            telemetry::by_environment(self.harness),
        ) {
            self.note(
                plan,
                format!(
                    "{settings}: add to your shell's profile\n  {}",
                    lines.join("\n  ")
                ),
            );
        }
        let is_new = plan
            .changes
            .iter()
            .any(|change| paths.contains(&change.path));
        let events = connector.events(self.harness);
        if events.len() < self.harness.registration().events.len() {
            let version = connector
                .versions
                .get(&self.harness)
                .map_or("", String::as_str);
            self.note(plan, format!(
                "this version ({version}) refuses settings with newer events, so only {} of {} are registered: update it and connect again",
                events.len(),
                self.harness.registration().events.len(),
            ));
        }
        if let (true, Some(advice)) = (is_new, self.harness.registration().advice) {
            self.note(plan, advice.to_owned());
        }
        for entry in &self.archive.manifest.files {
            if let (Scope::User, true, Some(project)) = (
                self.wanted.scope,
                entry.harness == self.harness,
                &entry.project,
            ) {
                self.note(plan, format!(
                    "also connected in the project {}: its sessions would be seen twice; run `dashcam disconnect {} --project` there",
                    project.display(), self.harness
                ));
            }
        }
        Ok(())
    }

    fn note(&self, plan: &mut Plan, text: String) {
        plan.notes.push(Note {
            harness: self.harness,
            text,
        });
    }

    fn is_registered_for_user(&self) -> bool {
        let paths = self.connector.hook_files(self.harness, Scope::User);
        paths.iter().any(|path| {
            let bytes = files::read(path).ok().flatten();
            let found = bytes.and_then(|bytes| self.harness.registration().find(path, &bytes).ok());
            found.is_some_and(|found| !found.events.is_empty())
        })
    }

    /// A file's bytes without Arize's hooks, if those are to go and stand there.
    fn without_arize(&self, plan: &mut Plan, path: &Path, bytes: &[u8]) -> Result<Vec<u8>, Error> {
        let meant = arize::files(&self.connector.home, &self.connector.folder, self.harness);
        if !self.wanted.take_over_arize || !meant.iter().any(|file| file == path) {
            return Ok(bytes.to_owned());
        }
        // Settings are never Arize's whole.
        let stripped = arize::strip(path, bytes)?.unwrap_or_default();
        if stripped != bytes {
            let kept = self.archive.place_of(path, bytes);
            self.note(
                plan,
                format!(
                    "Arize's hooks go from {}; what it held is kept in {}",
                    path.display(),
                    kept.display()
                ),
            );
        }
        Ok(stripped)
    }

    /// A plugin, which is a file of ours alone.
    fn plan_script(&self, plan: &mut Plan, path: &Path, text: &str) -> Result<(), Error> {
        let before = files::read(path)?;
        script::check(path, before.as_deref())?;
        let after = script::render(
            text,
            self.harness.registration().harness,
            &self.connector.program,
        );
        let own = before.clone().unwrap_or_default();
        self.push(plan, path, before, &own, after.into_bytes(), Vec::new())
    }

    /// Hooks, and telemetry where it is kept in the same file.
    fn plan_json(&self, plan: &mut Plan, path: &Path) -> Result<(), Error> {
        let registration = self.harness.registration();
        let before = files::read(path)?;
        let bytes = self.without_arize(plan, path, before.as_deref().unwrap_or_default())?;
        let document = Document::parse(path, &bytes)?;
        let entry = self.archive.entry(path);
        let mut telemetry = entry
            .map(|entry| entry.telemetry.clone())
            .unwrap_or_default();
        let mut document = hooks::connect(
            document,
            registration,
            self.connector.events(self.harness),
            &self.connector.program,
        )?;
        if let (true, Some(settings)) = (self.wanted.telemetry, telemetry::settings(self.harness)) {
            let elsewhere = telemetry::elsewhere(&self.connector.environment).map(State::Elsewhere);
            match elsewhere.unwrap_or_else(|| settings.state(&document)) {
                State::Dashcam => {}
                State::Elsewhere(target) => self.leave_telemetry(plan, &target),
                State::Off => {
                    let (edited, keys) = settings.add(&document)?;
                    document = edited;
                    telemetry.extend(keys);
                    if let Some(advice) = settings.advice {
                        self.note(plan, advice.to_owned());
                    }
                }
            }
        }
        self.push(plan, path, before, &bytes, document.bytes(), telemetry)
    }

    fn leave_telemetry(&self, plan: &mut Plan, target: &str) {
        self.note(plan, format!(
            "its telemetry is set already and stays as it is ({target}); dashcam listens at {RECEIVER}"
        ));
    }

    fn plan_codex_config(&self, plan: &mut Plan) -> Result<(), Error> {
        let path = self.connector.codex_config();
        let before = files::read(&path)?;
        let bytes = self.without_arize(plan, &path, before.as_deref().unwrap_or_default())?;
        if !self.wanted.telemetry {
            return self.push_untouched(plan, &path, before, bytes);
        }
        if self.wanted.scope == Scope::Project {
            self.note(plan, "Codex takes telemetry settings from the user alone: connect without --project for them".to_owned());
            return self.push_untouched(plan, &path, before, bytes);
        }
        let mut after = bytes.clone();
        match telemetry::codex_state(&path, &bytes)? {
            State::Dashcam => {}
            State::Elsewhere(target) => self.leave_telemetry(plan, &target),
            State::Off => match telemetry::add_to_codex(&path, &bytes)? {
                Some(added) => after = added,
                None => self.note(
                    plan,
                    format!(
                        "`otel` in {} is not written as a table: its telemetry stays as it is",
                        path.display()
                    ),
                ),
            },
        }
        if after == bytes {
            return self.push_untouched(plan, &path, before, bytes);
        }
        self.push(plan, &path, before, &bytes, after, Vec::new())
    }

    /// Files that only Arize's hooks stand in, and those that are Arize's.
    fn plan_other_arize_files(&self, plan: &mut Plan) -> Result<(), Error> {
        if !self.wanted.take_over_arize {
            return Ok(());
        }
        for path in arize::files(&self.connector.home, &self.connector.folder, self.harness) {
            let hooked = self.connector.hook_files(self.harness, self.wanted.scope);
            let is_planned = hooked.contains(&path) || path == self.connector.codex_config();
            let (false, Some(before)) = (is_planned, files::read(&path)?) else {
                continue;
            };
            if arize::strip(&path, &before)?.is_some() {
                let after = self.without_arize(plan, &path, &before)?;
                self.push_untouched(plan, &path, Some(before), after)?;
            } else {
                self.push_arizes_file(plan, path, before);
            }
        }
        Ok(())
    }

    /// A file of Arize's goes.
    fn push_arizes_file(&self, plan: &mut Plan, path: PathBuf, before: Vec<u8>) {
        let kept = self.archive.place_of(&path, &before);
        self.note(
            plan,
            format!(
                "Arize's plugin {} goes; it is kept in {}",
                path.display(),
                kept.display()
            ),
        );
        plan.changes.push(Change {
            harness: self.harness,
            path,
            before: Some(before),
            after: None,
            record: Record::Untouched,
        });
    }

    #[expect(
        clippy::unnecessary_wraps,
        reason = "ends a branch of planning like its siblings"
    )]
    fn push_untouched(
        &self,
        plan: &mut Plan,
        path: &Path,
        before: Option<Vec<u8>>,
        after: Vec<u8>,
    ) -> Result<(), Error> {
        if before.as_deref().unwrap_or_default() != after {
            plan.changes.push(Change {
                harness: self.harness,
                path: path.to_owned(),
                before,
                after: Some(after),
                record: Record::Untouched,
            });
        }
        Ok(())
    }

    /// `own`: the file as it is without the hooks that are taken over.
    fn push(
        &self,
        plan: &mut Plan,
        path: &Path,
        before: Option<Vec<u8>>,
        own: &[u8],
        after: Vec<u8>,
        telemetry: Vec<String>,
    ) -> Result<(), Error> {
        // Two programs may share a folder.
        let is_planned = plan.changes.iter().any(|change| change.path == path);
        if is_planned || before.as_deref() == Some(&after) {
            return Ok(());
        }
        let entry = self.archive.entry(path);
        let is_as_we_left_it = |entry: &&Entry| {
            before.as_deref().map(hash).as_ref() == Some(&entry.after)
                && before.as_deref() == Some(own)
        };
        let baseline = match entry.filter(is_as_we_left_it) {
            Some(entry) => match &entry.before {
                None => None,
                Some(wanted) => match self.archive.kept(path, wanted)? {
                    Some(kept) => Some(kept),
                    None => strip(self.harness, path, own, Some(entry))?,
                },
            },
            None if before.is_none() => None,
            None => strip(self.harness, path, own, entry)?,
        };
        plan.changes.push(Change {
            harness: self.harness,
            path: path.to_owned(),
            before,
            after: Some(after),
            record: Record::Connected {
                project: (self.wanted.scope == Scope::Project)
                    .then(|| self.connector.folder.clone()),
                baseline,
                telemetry,
            },
        });
        Ok(())
    }
}
