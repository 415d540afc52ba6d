//! Windows: the console calls a handler, which wakes the thread that sets the event.

use std::io;

use super::has_come;

/// As after SIGINT elsewhere.
const INTERRUPTED: u8 = 130;

pub(super) fn listen() -> io::Result<()> {
    let each = || {
        if !has_come(INTERRUPTED) {
            std::process::exit(INTERRUPTED.into());
        }
    };
    ctrlc::set_handler(each).map_err(|error| match error {
        ctrlc::Error::System(error) => error,
        other => io::Error::other(other),
    })
}
