//! `dashcam-hook HARNESS EVENT`, run by coding agents at their events.
//!
//! Prints nothing, and always ends with success.

fn main() {
    dashcam_hook::run(std::env::args_os().skip(1));
}
