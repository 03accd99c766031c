//! The plugin folders are what the tables say.

use std::path::Path;

/// `UPDATE_PLUGINS=1` writes them anew.
#[test]
fn the_plugin_folders_are_current() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../plugins");
    for file in dashcam_connect::plugin::files(env!("CARGO_PKG_VERSION")) {
        let path = folder.join(file.path);
        if std::env::var_os("UPDATE_PLUGINS").is_some() {
            crate::bench::write(&path, file.text.as_bytes());
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(
            found, file.text,
            "{} is not current: run with UPDATE_PLUGINS=1",
            file.path
        );
    }
}
