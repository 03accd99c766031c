//! Brings evidence into the dashcam store: discovery, import, following live sessions, re-reading.
