//! `dashcam-hook HARNESS EVENT`, run by coding agents at their events.
//!
//! Prints nothing, and always ends with success.

fn main() {
    // What a panic says would stand in the agent's terminal.
    std::panic::set_hook(Box::new(|_| std::process::exit(0)));
    dashcam_hook::run(std::env::args_os().skip(1));
}
