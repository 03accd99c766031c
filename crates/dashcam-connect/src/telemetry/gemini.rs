//! Gemini CLI: `telemetry` in its settings (0.61.0). With `http` it sends JSON
//! to the receiver's three addresses.

use super::{RECEIVER, Settings, Value};

pub(super) static SETTINGS: Settings = Settings {
    object: "telemetry",
    values: &[
        ("enabled", Value::True),
        ("target", Value::Text("local")),
        ("otlpEndpoint", Value::Text(RECEIVER)),
        ("otlpProtocol", Value::Text("http")),
    ],
    taken_by: &[
        "otlpEndpoint",
        "outfile",
        "target",
        "otlpProtocol",
        "useCollector",
        "enabled",
    ],
    // Seen with 0.61.0: six seconds at the end of a session, and errors printed.
    advice: Some(
        "while nothing listens for its telemetry, Gemini CLI waits some seconds at its end and complains: keep `dashcam up` running",
    ),
};
