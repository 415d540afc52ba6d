//! Unix: past the streams of `std`, which keep a part of what they could not write, and take a stream that is
//! not open for writing for one that is.

use std::io::{self, ErrorKind};
use std::os::fd::AsFd;

use anstream::stream::RawStream;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use threadproof::signals;

/// What surely fits into a pipe that says it has room: PIPE_BUF.
/// <https://pubs.opengroup.org/onlinepubs/9799919799/functions/poll.html>
const PIECE: usize = if cfg!(target_os = "linux") { 4096 } else { 512 };

/// How late a signal may be noticed while nobody reads.
const LOOK: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 20_000_000,
};

pub(super) trait Stream: RawStream + AsFd {}

impl<S: RawStream + AsFd> Stream for S {}

pub(super) fn write_all(stream: impl Stream, text: &[u8]) -> io::Result<()> {
    let mut left = text;
    while !left.is_empty() {
        wait_for_room(&stream)?;
        match rustix::io::write(&stream, &left[..left.len().min(PIECE)]) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(written) => left = &left[written..],
            // A program that has the same pipe or terminal was faster.
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Waits until there is room for a piece; a write would not notice that the program is asked to end.
fn wait_for_room(stream: &impl AsFd) -> io::Result<()> {
    loop {
        let is_ending = signals::exit_code().is_some();
        let look = if is_ending { Timespec::default() } else { LOOK };
        match poll(&mut [PollFd::new(stream, PollFlags::OUT)], Some(&look)) {
            Ok(0) if is_ending => return Err(ErrorKind::TimedOut.into()),
            Ok(0) | Err(Errno::INTR) => {}
            Ok(_) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}
