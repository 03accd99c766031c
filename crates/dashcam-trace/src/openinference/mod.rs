//! Spans as OTLP spans with OpenInference attributes, and back.
//!
//! A turn is one trace. Its spans carry the OpenInference attributes that
//! Phoenix and Arize AX read, the scalar `gen_ai.*` attributes that others
//! read, and, under `dashcam.*`, what neither has a name for. No text is
//! repeated under names of our own: that of an answer stands in
//! `llm.output_messages`, and `dashcam.output` only says which parts there
//! were. What is not known is left out, never written as 0 or `unknown`.
//!
//! Decoding an encoded span gives the same span.

mod attributes;
mod body;
mod decode;
mod encode;
mod messages;
pub mod names;
mod providers;
#[cfg(test)]
mod tests;

pub use decode::{DecodeError, decode_span};
pub use encode::{Encoder, encode_session, resource};
