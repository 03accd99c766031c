//! What dashcam concludes from sessions: prices.
