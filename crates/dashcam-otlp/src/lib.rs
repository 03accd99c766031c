//! OTLP, the wire format of OpenTelemetry, in both directions.
//!
//! [`receive`] reads what harnesses and other programs send; [`send`] sends
//! traces to other backends. This crate listens on no port and opens no store.

pub mod receive;
pub mod send;
