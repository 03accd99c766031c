//! The HTTP API, live events and web page of dashcam.
