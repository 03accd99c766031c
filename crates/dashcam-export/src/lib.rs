//! One dashcam session in every format it can leave in: text, Markdown, HTML, messages, OTLP.
