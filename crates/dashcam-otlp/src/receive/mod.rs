//! What other programs send: requests of OTLP/HTTP, and the answers to them.
//!
//! Reading is tolerant where the specification asks for it and where known
//! senders need it: JSON with either spelling of names, numbers as texts or
//! numbers, ids in any case; fields that are not known are left out. Answers
//! have the encoding of the request.
//!
//! This module never looks at what the telemetry says; that is for the
//! harnesses that know it.

mod answer;
mod json;
mod request;
#[cfg(test)]
mod tests;

pub use answer::{Answer, RETRY_AFTER_SECONDS};
pub use request::{Encoding, Headers, LIMIT, Rejection, Signal, Telemetry, decode, unpack};
