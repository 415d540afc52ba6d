//! What ends a look from another thread: a byte that `poll` sees.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Ends a look.
#[derive(Clone, Debug)]
pub(crate) struct Nudger(Arc<UnixStream>);

/// Whoever looks.
#[derive(Debug)]
pub(crate) struct Nudged(UnixStream);

pub(crate) fn nudge_pair() -> io::Result<(Nudger, Nudged)> {
    let (nudger, nudged) = UnixStream::pair()?;
    nudger.set_nonblocking(true)?;
    nudged.set_nonblocking(true)?;
    Ok((Nudger(Arc::new(nudger)), Nudged(nudged)))
}

impl Nudger {
    /// Never blocks.
    pub(crate) fn nudge(&self) {
        // Full: it has been nudged, and has not looked yet.
        let _ = (&*self.0).write(&[0]);
    }
}

impl Nudged {
    /// Waits for a nudge, for what the sources say, or for the time; false if it is not known what of that
    /// it was. What it had been nudged for is to be looked at after this.
    pub(crate) fn poll<'a>(
        &'a self,
        sources: &mut Vec<PollFd<'a>>,
        until: Option<Duration>,
    ) -> bool {
        sources.push(PollFd::new(&self.0, PollFlags::IN));
        let timeout = until.and_then(|until| Timespec::try_from(until).ok());
        // An error is a signal, or a system without memory.
        let is_known = poll(sources, timeout.as_ref()).is_ok();
        let nudged = sources.pop();
        if nudged.is_some_and(|nudged| !nudged.revents().is_empty()) {
            while let Ok(1..) = (&self.0).read(&mut [0; 64]) {}
        }
        is_known
    }
}
