//! Where things lie in the checkout.

use std::path::{Path, PathBuf};

/// The checkout's folder.
pub(crate) fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_owned()
}

/// The page's sources.
pub(crate) fn page_sources() -> PathBuf {
    root().join("ui")
}

/// The folder that the server takes the built page from.
pub(crate) fn embedded_page() -> PathBuf {
    root().join("crates/dashcam-server/page/dist")
}

/// Cargo's target folder.
pub(crate) fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => root().join(folder),
        None => root().join("target"),
    }
}

/// A binary that Cargo built, by the folder of its profile.
pub(crate) fn built(profile_folder: &str, name: &str) -> PathBuf {
    target()
        .join(profile_folder)
        .join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// A folder outside the checkout for what is costly to make.
pub(crate) fn cache() -> PathBuf {
    let base = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| {
            let home = std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE"))?;
            Some(PathBuf::from(home).join(".cache"))
        });
    base.unwrap_or_else(std::env::temp_dir)
        .join("dashcam-xtask")
}
