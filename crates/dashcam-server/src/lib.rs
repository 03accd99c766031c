//! The HTTP API, live events and web page of dashcam.
//!
//! Thin: parses requests, asks the store, writes JSON. Listens on loopback
//! only, and answers only requests that a person's own browser or tools make
//! on this machine (see [`guard`]). What agents and models wrote is hostile
//! input: it leaves here as JSON or as a download, never as a page.

mod app;
mod entity_tag;
mod error;
mod events;
mod extract;
mod guard;
mod headers;
mod json;
mod listen;
mod openapi;
mod page;
mod params;
mod routes;
mod telemetry;

pub use app::{App, SampleHistory, Status};
pub use events::{ImportProgress, LiveEvent, Phase};
pub use listen::{ListenError, Listener};
pub use openapi::openapi;
