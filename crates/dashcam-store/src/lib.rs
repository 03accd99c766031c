//! The embedded store of dashcam.

pub mod view;
