//! Traces on their way to another backend: what a backend takes, requests of
//! a size that it takes, and what its answers mean.
//!
//! Nothing here reads a store or keeps anything: [`Batch`] gathers spans up to
//! a backend's [`Limits`], [`Client`] sends one request, and [`Answer`] says
//! what has become of it.

mod answer;
mod batch;
mod client;
mod fit;
mod limits;
mod preset;
mod profile;

pub use answer::Answer;
pub use batch::{Batch, Resources};
pub use client::{Client, ClientError, Endpoint, Response};
pub use fit::{fit, shorten};
pub use limits::Limits;
pub use preset::{Credential, Place, Preset, UnknownPreset, basic};
pub use profile::{Profile, UnknownProfile};
