//! OTLP, the wire format of OpenTelemetry, in both directions.
//!
//! [`receive`] reads what harnesses and other programs send. This crate opens
//! no port and no store: it turns bytes into messages and back.

pub mod receive;
