//! The thread that ends a busy worker for which nobody is left.
//!
//! ```text
//!   asleep ── the parent has ended, or the channel's other end is gone ──▶ 200 ms ──▶ SIGKILL to itself
//! ```

use std::fs::File;
use std::io;
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Signal, getpid, kill_process};

use super::super::child::{HAS_PIDFDS, pidfd_of};
use super::Argument;
use super::streams::is_socket;
use crate::lifecycle::start_daemon;

/// How long a worker that has lost its parent may take to notice by itself, before it is killed.
const LAST_MOMENTS: Duration = Duration::from_millis(200);

/// How often the thread looks where the system does not wake it.
const SLICE: Duration = Duration::from_millis(100);

/// A busy worker must not outlive its parent. The thread sleeps until the parent's end of the
/// channel has gone, or the parent itself, of which a fork may hold that end; messages do not wake it.
pub(super) fn end_with_the_parent(channel: &File, argument: &Argument) -> io::Result<()> {
    let channel = channel.try_clone()?;
    let number = argument.parent;
    let is_child = move || std::os::unix::process::parent_id() == number;
    // Another parent may be a wrapper, or whoever has taken on a worker whose parent is dead already.
    let watches_parent = is_child();
    if !watches_parent && !argument.is_wrapped && number != 0 {
        return Err(io::Error::other("its parent has ended"));
    }
    let parent = pidfd_of(number).filter(|_| watches_parent && is_child());
    let is_woken = HAS_PIDFDS && parent.is_some() == watches_parent;
    let wanted = match (is_woken, is_socket(&channel)) {
        // Linux tells the end unasked.
        (true, _) => PollFlags::empty(),
        // XNU tells it to those who ask for something. Of a socket, reading ends with what the parent
        // has to say, and writing with the parent.
        (false, true) => PollFlags::OUT,
        (false, false) => PollFlags::IN,
    };
    start_daemon("watcher", move || {
        loop {
            let mut ends = vec![PollFd::new(&channel, wanted)];
            ends.extend(parent.as_ref().map(|end| PollFd::new(end, PollFlags::IN)));
            if !is_woken {
                thread::sleep(SLICE);
            }
            let timeout = (!is_woken).then_some(Timespec::default());
            match poll(&mut ends, timeout.as_ref()) {
                Err(rustix::io::Errno::INTR) => continue,
                Err(_) => break,
                Ok(_) => {}
            }
            // That there is something to read, or room to write, is no end.
            let is_cut_off = !ends[0].revents().difference(wanted).is_empty();
            let is_orphan = watches_parent && !is_child();
            if is_cut_off || is_orphan || ends.iter().skip(1).any(|end| !end.revents().is_empty()) {
                break;
            }
        }
        // An idle main thread sees the end of the channel too, and leaves in good order.
        thread::sleep(LAST_MOMENTS);
        let _ = kill_process(getpid(), Signal::KILL);
    })
    .map(drop)
}
