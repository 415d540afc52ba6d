//! The thread that reads what the parent sends, and ends a busy worker for which nobody is left.
//!
//! ```text
//!   reads ── the pipe's other end is gone ──▶ 200 ms ──▶ the process ends
//! ```

use std::io;
use std::thread;
use std::time::Duration;

use super::Argument;
use super::streams::Incoming;
use crate::lifecycle::start_daemon;
use crate::process::bytes::read_to_the_end;

/// How long a worker that has lost its parent may take to notice by itself, before it is ended.
const LAST_MOMENTS: Duration = Duration::from_millis(200);

/// A busy worker must not outlive its parent.
pub(super) fn end_with_the_parent(channel: &Incoming, _: &Argument) -> io::Result<()> {
    let (pipe, bytes) = (channel.pipe.try_clone()?, channel.bytes.clone());
    start_daemon("watcher", move || {
        read_to_the_end(pipe, |read| bytes.put_all(read));
        bytes.end();
        // An idle main thread sees the end, too, and leaves in good order.
        thread::sleep(LAST_MOMENTS);
        std::process::exit(1);
    })
    .map(drop)
}
