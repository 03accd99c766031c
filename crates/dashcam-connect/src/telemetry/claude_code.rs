//! Claude Code: `env` in its settings (2.1.197). Spans are in beta there, and
//! the only place where retries and the time to the first token show.

use super::{RECEIVER, Settings, Value};

pub(super) static SETTINGS: Settings = Settings {
    object: "env",
    values: &[
        ("CLAUDE_CODE_ENABLE_TELEMETRY", Value::Text("1")),
        ("CLAUDE_CODE_ENHANCED_TELEMETRY_BETA", Value::Text("1")),
        ("OTEL_TRACES_EXPORTER", Value::Text("otlp")),
        ("OTEL_LOGS_EXPORTER", Value::Text("otlp")),
        ("OTEL_METRICS_EXPORTER", Value::Text("otlp")),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", Value::Text("http/protobuf")),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", Value::Text(RECEIVER)),
    ],
    taken_by: &[
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
        "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
        "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
        "OTEL_TRACES_EXPORTER",
        "OTEL_LOGS_EXPORTER",
        "OTEL_METRICS_EXPORTER",
        "OTEL_EXPORTER_OTLP_PROTOCOL",
        "CLAUDE_CODE_ENABLE_TELEMETRY",
        "BETA_TRACING_ENDPOINT",
    ],
    advice: None,
};
