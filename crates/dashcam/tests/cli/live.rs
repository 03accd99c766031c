//! `dashcam up`, as a browser sees it.
