//! What a worker has to say, where its death cannot take it away: a file in memory that it shares
//! with its parent.
//!
//! ```text
//!   ┌────────────┬────────────┬─────────────────────────┐
//!   │ before u64 │ length u64 │ length bytes of frames  │
//!   └────────────┴────────────┴─────────────────────────┘
//!     how many frames had been sent through the channel before the first of these
//! ```
//!
//! | step | who | does |
//! |---|---|---|
//! | `append` | the worker, before each job begins | copies frames in, then stores `length` |
//! | `clear` | the worker, after it has sent all of them | stores 0 as `length`, then `before` |
//! | `head` | the parent, while the worker is busy | reads whether there is anything new |
//! | `read` | the parent, once the worker is dead | takes what was not sent |
//!
//! The worker writes through a mapping, so an entry costs a few nanoseconds where a system call
//! costs hundreds. The parent reads the same pages by `pread`. A frame counts once `length` covers
//! it, so half a frame is never read; between the two stores of `clear` the journal is empty, so
//! nothing is read under a wrong number.

use std::fs::File;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::sync::atomic::Ordering;

use rustix::io::Errno;
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use rustix::process::{Resource, getrlimit};
use vm_memory::{Bytes, FileOffset, MmapRegion, VolatileMemory};

/// As much as a socket takes without waiting: what does not fit is sent.
const SIZE: usize = 64 * 1024;
const LENGTH: usize = 8;
const FRAMES: usize = 16;

/// The parent's side.
#[derive(Debug)]
pub(super) struct Journal {
    file: File,
}

/// What stands in front of the frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    before: u64,
    length: u64,
}

impl Journal {
    pub(super) fn new() -> io::Result<Self> {
        // The limit on the size of files counts here, too, and a signal kills those who try.
        let limit = getrlimit(Resource::Fsize).current;
        if limit.is_some_and(|limit| limit < SIZE as u64) {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let file = file_in_memory()?;
        file.set_len(SIZE as u64)?;
        Ok(Self { file })
    }

    pub(super) fn head(&self) -> io::Result<Head> {
        let mut head = [0; FRAMES];
        self.file.read_exact_at(&mut head, 0)?;
        let word = |at: usize| u64::from_ne_bytes(head[at..at + 8].try_into().expect("8 bytes"));
        Ok(Head {
            before: word(0),
            length: word(LENGTH),
        })
    }

    /// How many frames the worker had sent, and the frames that it had not.
    pub(super) fn read(&self) -> io::Result<(u64, Vec<u8>)> {
        let head = self.head()?;
        let mut frames = vec![0; (head.length as usize).min(SIZE - FRAMES)];
        self.file.read_exact_at(&mut frames, FRAMES as u64)?;
        Ok((head.before, frames))
    }
}

#[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
fn file_in_memory() -> io::Result<File> {
    use rustix::fs::{MemfdFlags, memfd_create};
    Ok(File::from(memfd_create(
        "threadproof journal",
        MemfdFlags::CLOEXEC,
    )?))
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
fn file_in_memory() -> io::Result<File> {
    tempfile::tempfile()
}

/// Sends one byte and with it, if there is one, the journal.
pub(super) fn hand_over(journal: Option<&Journal>, socket: &UnixStream) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let file = journal.map(|journal| [journal.file.as_fd()]);
    if let Some(file) = &file {
        control.push(SendAncillaryMessage::ScmRights(file));
    }
    sendmsg(
        socket,
        &[IoSlice::new(b"j")],
        &mut control,
        SendFlags::empty(),
    )?;
    Ok(())
}

/// The worker's side.
#[derive(Debug)]
pub(super) struct JournalWriter {
    memory: MmapRegion,
    before: u64,
    length: usize,
}

impl JournalWriter {
    /// Takes what [`hand_over`] sent. `None` if no journal came or it cannot be mapped: the parent
    /// then sends jobs one by one.
    ///
    /// A wrapper that reads the channel and writes it on hands on the byte alone: a file travels
    /// only through the very socket. So whoever gets a journal holds the other end of that.
    pub(super) fn receive(channel: &OwnedFd) -> io::Result<Option<Self>> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut byte = [0];
        let received = recvmsg(
            channel,
            &mut [IoSliceMut::new(&mut byte)],
            &mut control,
            RecvFlags::empty(),
        );
        if matches!(received, Err(Errno::NOTSOCK)) {
            rustix::io::read(channel, &mut byte)?;
            return Ok(None);
        }
        received?;
        let file = control.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut files) => files.next(),
            _ => None,
        });
        Ok(file.and_then(|file| Self::map(file).ok()))
    }

    fn map(file: OwnedFd) -> io::Result<Self> {
        // What a job starts has no business with it.
        rustix::io::fcntl_setfd(&file, rustix::io::FdFlags::CLOEXEC)?;
        let memory = MmapRegion::from_file(FileOffset::new(File::from(file), 0), SIZE);
        Ok(Self {
            memory: memory.map_err(io::Error::other)?,
            before: 0,
            length: 0,
        })
    }

    /// Keeps these frames; false if there is no room, and then nothing was changed.
    pub(super) fn append(&mut self, frames: &[u8]) -> bool {
        let end = self.length + frames.len();
        if end > SIZE - FRAMES {
            return false;
        }
        let memory = self.memory.as_volatile_slice();
        let written = memory.write_slice(frames, FRAMES + self.length);
        written.expect("it was compared with the size");
        self.length = end;
        self.store(end as u64, LENGTH);
        true
    }

    /// Forgets everything: it was sent, as this many frames.
    pub(super) fn clear(&mut self, frames: u64) {
        self.length = 0;
        self.before += frames;
        self.store(0, LENGTH);
        self.store(self.before, 0);
    }

    fn store(&self, word: u64, at: usize) {
        // ORDERING: Release. The frames, and the word stored before, are in memory before this one.
        // Pairs with the parent's `pread`, most often after this process has been reaped.
        let stored = self
            .memory
            .as_volatile_slice()
            .store(word, at, Ordering::Release);
        stored.expect("the two words are inside and aligned");
    }
}
