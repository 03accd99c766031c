//! Standard input, read within a limit of time.

use std::time::Instant;

/// What the harness told.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Input {
    pub(crate) bytes: Vec<u8>,
    /// Whether there may be more.
    pub(crate) cut: bool,
}

/// Reads until the end, the limit of a frame, or a moment.
#[cfg(unix)]
pub(crate) fn read(until: Instant) -> Input {
    use dashcam_spool::FRAME_LIMIT;
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use std::io::{ErrorKind, Read};
    use std::os::fd::AsFd;

    let mut stdin = std::io::stdin().lock();
    let mut input = Input::default();
    let mut chunk = vec![0; 64 << 10];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let Ok(timeout) = Timespec::try_from(left) else {
            return input;
        };
        let borrowed = std::io::stdin();
        let mut sources = [PollFd::from_borrowed_fd(borrowed.as_fd(), PollFlags::IN)];
        match poll(&mut sources, Some(&timeout)) {
            Ok(0) => {
                input.cut = true;
                return input;
            }
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => return input,
        }
        match stdin.read(&mut chunk) {
            // What is closed or cannot be read is at its end.
            Ok(0) => return input,
            Ok(count) => input.bytes.extend_from_slice(&chunk[..count]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return input,
        }
        if input.bytes.len() > FRAME_LIMIT {
            input.cut = true;
            return input;
        }
    }
}

/// Reads until the end or a moment; what has come until then is kept.
#[cfg(not(unix))]
pub(crate) fn read(until: Instant) -> Input {
    use std::io::Read;
    use std::sync::mpsc::{RecvTimeoutError, channel};

    let (sender, receiver) = channel();
    // Ends with the process, wherever it stands.
    std::thread::spawn(move || {
        let mut stdin = std::io::stdin().lock();
        let mut chunk = vec![0; 64 << 10];
        while let Ok(count @ 1..) = stdin.read(&mut chunk) {
            if sender.send(chunk[..count].to_vec()).is_err() {
                return;
            }
        }
    });
    let mut input = Input::default();
    loop {
        match receiver.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(bytes) => input.bytes.extend(bytes),
            Err(RecvTimeoutError::Disconnected) => return input,
            Err(RecvTimeoutError::Timeout) => {
                input.cut = true;
                return input;
            }
        }
        if input.bytes.len() > dashcam_spool::FRAME_LIMIT {
            input.cut = true;
            return input;
        }
    }
}
