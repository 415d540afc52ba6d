//! How the ring travels: three files, beside one byte, through the very socket.
//!
//! ```text
//!   parent ── one byte, memory and counters ──▶ worker          it holds the other end of the socket
//!   parent ── one byte, and the files ──▶ a relay ── one byte ──▶ worker       it does not: no ring
//! ```

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, recvmsg, sendmsg,
};

use super::{QUIETLY, RingWriter};

/// Sends one byte and with it, if there is one, the ring.
///
/// A wrapper that reads the channel and writes it on hands on the byte alone: a file travels only
/// through the very socket. So whoever gets the ring holds the other end of that.
pub(super) fn hand_over(socket: &UnixStream, files: Option<&[OwnedFd; 3]>) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let files = files.map(|files| files.each_ref().map(AsFd::as_fd));
    if let Some(files) = &files {
        control.push(SendAncillaryMessage::ScmRights(files));
    }
    sendmsg(socket, &[IoSlice::new(b"r")], &mut control, QUIETLY)?;
    Ok(())
}

/// The worker's side: takes what `hand_over` sent. `None` if no ring came or it cannot be
/// mapped: answers then go through the channel itself.
pub(in super::super) fn receive_ring(channel: &OwnedFd) -> io::Result<Option<RingWriter>> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(3))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    // What a job starts has no business with it.
    #[cfg(not(target_vendor = "apple"))]
    let flags = RecvFlags::CMSG_CLOEXEC;
    #[cfg(target_vendor = "apple")]
    let flags = RecvFlags::empty();
    let received = recvmsg(
        channel,
        &mut [IoSliceMut::new(&mut byte)],
        &mut control,
        flags,
    );
    if matches!(received, Err(rustix::io::Errno::NOTSOCK)) {
        rustix::io::read(channel, &mut byte)?;
        return Ok(None);
    }
    received?;
    let files: Vec<OwnedFd> = control
        .drain()
        .filter_map(|message| match message {
            RecvAncillaryMessage::ScmRights(files) => Some(files),
            _ => None,
        })
        .flatten()
        .collect();
    let files = <[OwnedFd; 3]>::try_from(files).ok();
    Ok(files.and_then(|files| RingWriter::new(files).ok()))
}
