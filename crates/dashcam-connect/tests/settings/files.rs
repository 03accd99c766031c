//! Files as the system knows them: links, modes, folders, what others do.

use crate::bench::{Bench, write};
use dashcam_connect::{Connectable, Error, Named, Scope, Wanted};

#[test]
fn a_file_and_folders_that_were_not_there_go_again() {
    for harness in Connectable::ALL {
        let bench = Bench::new();
        bench.connect(&Bench::wanted(harness));
        assert_eq!(bench.events(harness), harness.registration().events.len());
        assert!(bench.connect(&Bench::wanted(harness)).changes.is_empty());
        bench.disconnect(harness);
        assert_eq!(
            std::fs::read_dir(bench.home()).unwrap().count(),
            0,
            "{harness}"
        );
    }
}

#[test]
fn a_folder_that_is_in_use_stays() {
    let bench = Bench::new();
    bench.connect(&Bench::wanted(Connectable::Copilot));
    let other = bench.home().join(".copilot/config.json");
    std::fs::write(&other, "{}").unwrap();
    bench.disconnect(Connectable::Copilot);
    assert_eq!(bench.home_files(), [(other, b"{}".to_vec())]);
}

#[test]
fn a_file_of_our_own_goes_without_a_record_too() {
    let bench = Bench::new();
    bench.connect(&Bench::wanted(Connectable::Copilot));
    bench.lose_record();
    bench.disconnect(Connectable::Copilot);
    assert!(bench.home_files().is_empty());
}

#[test]
fn a_file_made_by_us_that_the_person_wrote_to_stays() {
    let bench = Bench::new();
    let path = bench.user_file(Connectable::ClaudeCode);
    bench.connect(&Bench::wanted(Connectable::ClaudeCode));
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen('{', "{\n  \"model\": \"opus\",", 1)).unwrap();
    bench.disconnect(Connectable::ClaudeCode);
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        "{\n  \"model\": \"opus\"\n}\n"
    );
}

#[cfg(unix)]
#[test]
fn a_link_stays_a_link_and_a_mode_a_mode() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new();
    let real = bench.folder().join("dotfiles/claude.json");
    write(&real, b"{\"a\": 1}\n");
    std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).unwrap();
    let path = bench.user_file(Connectable::ClaudeCode);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink("../../dotfiles/claude.json", &path).unwrap();
    bench.connect(&Bench::wanted(Connectable::ClaudeCode));
    assert!(path.symlink_metadata().unwrap().is_symlink());
    assert!(
        std::fs::read_to_string(&real)
            .unwrap()
            .contains("dashcam-hook")
    );
    assert_eq!(real.metadata().unwrap().permissions().mode() & 0o777, 0o640);
    bench.disconnect(Connectable::ClaudeCode);
    assert!(path.symlink_metadata().unwrap().is_symlink());
    assert_eq!(std::fs::read(&real).unwrap(), b"{\"a\": 1}\n");
    assert_eq!(real.metadata().unwrap().permissions().mode() & 0o777, 0o640);
}

#[cfg(unix)]
#[test]
fn backups_may_be_read_by_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new();
    bench.write(
        Connectable::ClaudeCode,
        b"{\"env\": {\"KEY\": \"secret\"}}\n",
    );
    bench.connect(&Bench::wanted(Connectable::ClaudeCode));
    let backups = std::fs::read_dir(bench.connector.data_dir.join("connect/backups")).unwrap();
    let backups: Vec<_> = backups.map(|entry| entry.unwrap().path()).collect();
    assert_eq!(backups.len(), 1);
    assert_eq!(
        std::fs::read(&backups[0]).unwrap(),
        b"{\"env\": {\"KEY\": \"secret\"}}\n"
    );
    assert_eq!(
        backups[0].metadata().unwrap().permissions().mode() & 0o777,
        0o600
    );
}

#[test]
fn a_read_only_file_is_left_alone() {
    let bench = Bench::new();
    let path = bench.write(Connectable::ClaudeCode, b"{}\n");
    let mut permissions = path.metadata().unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&path, permissions).unwrap();
    let plan = bench
        .connector
        .plan_connect(&Bench::wanted(Connectable::ClaudeCode))
        .unwrap();
    let failed = bench.connector.carry_out(&plan).unwrap();
    assert!(matches!(failed[0].1, Error::ReadOnly(_)), "{failed:?}");
    assert_eq!(bench.home_files(), [(path, b"{}\n".to_vec())]);
    assert!(bench.disconnect(Connectable::ClaudeCode).changes.is_empty());
}

#[test]
fn a_file_written_between_plan_and_change_is_left_alone() {
    let bench = Bench::new();
    let path = bench.write(Connectable::ClaudeCode, b"{}\n");
    let plan = bench
        .connector
        .plan_connect(&Bench::wanted(Connectable::ClaudeCode))
        .unwrap();
    std::fs::write(&path, "{\"model\": \"opus\"}\n").unwrap();
    let failed = bench.connector.carry_out(&plan).unwrap();
    assert!(matches!(failed[0].1, Error::Changed(_)), "{failed:?}");
    assert_eq!(
        bench.home_files(),
        [(path, b"{\"model\": \"opus\"}\n".to_vec())]
    );
}

#[test]
fn a_project_is_connected_in_its_own_settings_and_not_beside_the_user() {
    let bench = Bench::new();
    let harness = Connectable::Gemini;
    let wanted = Wanted {
        scope: Scope::Project,
        ..Bench::wanted(harness)
    };
    bench.connect(&wanted);
    let path = bench.connector.folder.join(".gemini/settings.json");
    assert!(path.is_file());
    assert!(bench.home_files().is_empty());
    let status = bench.connector.status(harness, None);
    assert!(status.is_connected);
    assert_eq!(
        status.project.events.len(),
        harness.registration().events.len()
    );
    // Connected for the user as well, the person is told.
    let plan = bench.connect(&Bench::wanted(harness));
    assert!(
        plan.notes
            .iter()
            .any(|note| note.text.contains("seen twice")),
        "{:?}",
        plan.notes
    );
    bench.disconnect(harness);
    assert!(!path.parent().unwrap().exists());

    bench.connect(&Bench::wanted(harness));
    let plan = bench.connect(&wanted);
    assert!(plan.changes.is_empty());
    assert!(plan.notes[0].text.contains("already connected"));
}

#[test]
fn a_plugin_of_somebody_elses_is_left_alone() {
    let bench = Bench::new();
    let harness = Connectable::OpenCode;
    let path = bench.write(harness, b"export const Mine = async () => ({})\n");
    let plan = bench
        .connector
        .plan_connect(&Bench::wanted(harness))
        .unwrap();
    assert!(plan.changes.is_empty());
    assert!(matches!(plan.refused[0].1, Error::NotOurs(_)));
    bench.disconnect(harness);
    assert!(path.is_file());
}

#[test]
fn variables_move_the_settings() {
    let mut bench = Bench::new();
    let moved = bench.folder().join("moved");
    for name in [
        "CLAUDE_CONFIG_DIR",
        "CODEX_HOME",
        "GEMINI_CLI_HOME",
        "COPILOT_HOME",
        "XDG_CONFIG_HOME",
        "PI_CODING_AGENT_DIR",
        "KIRO_HOME",
    ] {
        let folder = moved.join(name).to_string_lossy().into_owned();
        bench
            .connector
            .home
            .variables
            .insert(name.to_owned(), folder);
    }
    for harness in Connectable::ALL {
        bench.connect(&Bench::wanted(harness));
    }
    // Nothing moves Cursor's hooks.
    let files: Vec<_> = bench.home_files().into_iter().collect();
    assert_eq!(files.len(), 1, "{files:?}");
    for file in [
        "KIRO_HOME/agents/dashcam.json",
        "CLAUDE_CONFIG_DIR/settings.json",
        "CODEX_HOME/hooks.json",
        "GEMINI_CLI_HOME/.gemini/settings.json",
        "COPILOT_HOME/hooks/dashcam.json",
        "XDG_CONFIG_HOME/opencode/plugin/dashcam.js",
        // For pi and Oh My Pi alike.
        "PI_CODING_AGENT_DIR/extensions/dashcam.js",
    ] {
        assert!(moved.join(file).is_file(), "{file}");
    }
}

#[test]
fn a_profile_of_oh_my_pi_goes_before_a_folder_for_both() {
    let mut bench = Bench::new();
    let mut file_with = |variables: &[(&str, &str)]| {
        bench.connector.home.variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let file = bench.user_file(Connectable::OhMyPi);
        let below = file.strip_prefix(bench.home()).unwrap_or(&file);
        below.to_string_lossy().into_owned()
    };
    let own = "extensions/dashcam.js";
    for (variables, folder) in [
        (&[][..], ".omp/agent"),
        (&[("PI_CODING_AGENT_DIR", "/moved")], "/moved"),
        (&[("PI_CONFIG_DIR", ".mine")], ".mine/agent"),
        (
            &[("OMP_PROFILE", "work"), ("PI_CODING_AGENT_DIR", "/moved")],
            ".omp/profiles/work/agent",
        ),
        (
            &[("PI_PROFILE", "work"), ("PI_CONFIG_DIR", ".mine")],
            ".mine/profiles/work/agent",
        ),
        (&[("OMP_PROFILE", ""), ("PI_PROFILE", "work")], ".omp/agent"),
        (&[("OMP_PROFILE", "default")], ".omp/agent"),
    ] {
        assert_eq!(
            file_with(variables),
            format!("{folder}/{own}"),
            "{variables:?}"
        );
    }
}

#[test]
fn omp_means_those_of_both_programs_that_are_here() {
    let bench = Bench::new();
    let found = || {
        let named: Named = "omp".parse().unwrap();
        bench.connector.found_of(&[named], None)
    };
    // Without either, both are meant: somebody asked for it.
    assert_eq!(found(), [Connectable::Pi, Connectable::OhMyPi]);
    std::fs::create_dir_all(bench.home().join(".omp/agent")).unwrap();
    assert_eq!(found(), [Connectable::OhMyPi]);
    std::fs::create_dir_all(bench.home().join(".pi/agent")).unwrap();
    assert_eq!(found(), [Connectable::Pi, Connectable::OhMyPi]);
    let one: Named = "pi".parse().unwrap();
    assert_eq!(one.programs(), [Connectable::Pi]);
    assert!("omp".parse::<Connectable>().is_err());
}

#[test]
fn a_folder_that_both_programs_share_is_written_to_once() {
    let mut bench = Bench::new();
    let shared = bench.home().join("shared").to_string_lossy().into_owned();
    let variables = &mut bench.connector.home.variables;
    variables.insert("PI_CODING_AGENT_DIR".to_owned(), shared);
    let both = Wanted {
        harnesses: vec![Connectable::Pi, Connectable::OhMyPi],
        ..Bench::wanted(Connectable::Pi)
    };
    assert_eq!(bench.connect(&both).changes.len(), 1);
    assert!(bench.connect(&both).changes.is_empty());
    let plan = bench
        .connector
        .plan_disconnect(&both.harnesses, None)
        .unwrap();
    assert_eq!(plan.changes.len(), 1);
    assert!(bench.connector.carry_out(&plan).unwrap().is_empty());
    assert_eq!(bench.home_files(), []);
}

#[test]
fn status_says_what_is_missing() {
    let mut bench = Bench::new();
    let program = bench.folder().join("dashcam-hook");
    bench.connector.program.path.clone_from(&program);
    bench.connect(&Bench::wanted(Connectable::Codex));
    let status = bench.connector.status(Connectable::Codex, None);
    assert_eq!(status.user.trusted, Some(0));
    assert!(!status.user.programs[0].exists);
    std::fs::write(&program, "").unwrap();
    let hooks = bench.user_file(Connectable::Codex);
    let trust = format!(
        "[hooks.state.\"{0}:pre_tool_use:0:0\"]\ntrusted_hash = \"sha256:1\"\n[hooks.state.\"{0}:stop:0:0\"]\ntrusted_hash = \"sha256:2\"\nenabled = false\n",
        hooks.display()
    );
    std::fs::write(bench.home().join(".codex/config.toml"), trust).unwrap();
    let status = bench.connector.status(Connectable::Codex, None);
    assert_eq!(status.user.trusted, Some(1));
    assert!(status.user.programs[0].exists);
    assert!(status.is_installed && status.is_connected);
    assert!(
        !bench
            .connector
            .status(Connectable::Gemini, None)
            .is_installed
    );
}

#[test]
fn every_agent_of_kiro_is_connected_and_one_is_made_where_there_is_none() {
    let bench = Bench::new();
    let wanted = Bench::wanted(Connectable::Kiro);
    assert_eq!(bench.connect(&wanted).changes.len(), 1);
    let own = bench.user_file(Connectable::Kiro);
    let made: serde_json::Value = serde_json::from_slice(&std::fs::read(&own).unwrap()).unwrap();
    assert_eq!(made["name"], "dashcam");
    assert_eq!(made["tools"], serde_json::json!(["*"]));
    // Kiro refuses an agent whose entries are groups.
    let command = made["hooks"]["postToolUse"][0]["command"].as_str().unwrap();
    assert!(
        command.contains("kiro") && command.contains("postToolUse"),
        "{command}"
    );
    assert_eq!(made["hooks"].as_object().unwrap().len(), 5);
    assert!(bench.connector.status(Connectable::Kiro, None).is_connected);
    bench.disconnect(Connectable::Kiro);
    assert_eq!(bench.home_files(), []);

    let agents = own.parent().unwrap().to_owned();
    let before = [
        (
            "builder.json",
            "{\n\t\"name\": \"builder\",\n\t\"tools\": [\"read\"]\n}\n",
        ),
        (
            "tester.json",
            "{\"name\":\"tester\",\"hooks\":{\"stop\":[{\"command\":\"say done\"}]}}",
        ),
    ];
    for (name, text) in before {
        write(&agents.join(name), text.as_bytes());
    }
    assert_eq!(bench.connect(&wanted).changes.len(), 2);
    assert!(bench.connect(&wanted).changes.is_empty());
    for (name, _) in before {
        let text = std::fs::read(agents.join(name)).unwrap();
        let agent: serde_json::Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(agent["hooks"]["agentSpawn"].as_array().unwrap().len(), 1);
    }
    assert!(!own.exists());
    bench.disconnect(Connectable::Kiro);
    for (name, text) in before {
        assert_eq!(std::fs::read_to_string(agents.join(name)).unwrap(), text);
    }
}
