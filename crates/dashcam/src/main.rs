//! The command line of dashcam.

fn main() {}
