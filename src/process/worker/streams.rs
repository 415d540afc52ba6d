//! The streams with which a worker starts: one of them is the channel, and becomes nobody else's.
//!
//! ```text
//!   stdin ──▶ the channel; then /dev/null        stdout ──▶ the user's; behind a wrapper our stderr
//! ```

use std::fs::File;
use std::io;
use std::os::fd::AsFd;

use super::super::channel::{RingWriter, receive_ring};
use super::Argument;

/// What the worker reads, where it writes, and the memory that it shares with its parent, if there is any.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) from: File,
    pub(super) to: File,
    pub(super) ring: Option<RingWriter>,
}

/// Moves the channel off stdin, so that a job that reads stdin finds it empty; and off stdout, if
/// it may be there, so that a job that prints cannot write into it.
pub(super) fn take_channel(argument: &Argument) -> io::Result<Taken> {
    // ANCHOR: take_channel
    let from = io::stdin().as_fd().try_clone_to_owned()?;
    rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
    let ring = receive_ring(&from)?;
    let mut to = from.try_clone()?;
    if argument.is_wrapped {
        let stdout = io::stdout().as_fd().try_clone_to_owned()?;
        rustix::stdio::dup2_stdout(io::stderr())?;
        if ring.is_none() && !is_socket(&from) {
            to = stdout;
        }
    }
    // ANCHOR_END: take_channel
    Ok(Taken {
        from: File::from(from),
        to: File::from(to),
        ring,
    })
}

/// A relay has put a pipe in the place of the channel.
pub(super) fn is_socket(channel: impl AsFd) -> bool {
    rustix::net::sockopt::socket_type(channel).is_ok()
}
