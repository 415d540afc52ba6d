//! What a worker has to say, where its death cannot take it away: a ring in memory that it shares
//! with its parent, and that nobody can make shorter.
//!
//! ```text
//!   ┌───────┬───────┬──────┬──────┬───────┬────────┬───────┬────────────────────────┐
//!   │ chunk │ begun │ tail │ head │ waits │ took   │ mixed │ a ring of frames, 1 MiB │
//!   └───────┴───────┴──────┴──────┴───────┴────────┴───────┴────────────────────────┘
//!    of the  jobs    bytes  bytes  worker  the      another
//!    frames          in     out    needs   chunk,   process
//!                                  room    in ns    has written
//! ```
//!
//! | step | who | does |
//! |---|---|---|
//! | `expect` | the parent, before it sends a chunk | goes to the front; until the worker has that chunk it reads nothing |
//! | `begin_chunk` | the worker | goes to the front, then stores the chunk's number; all before has been read |
//! | `begin_job` | the worker, before each job | stores how many it has begun, this one included |
//! | `write` | the worker, after each job | copies the answer in, then stores `tail` |
//! | the ring is full, or the chunk has ended | the worker | rings: adds 1 to a counter that the parent polls |
//! | `read` | the parent, whenever it looks, and after a death | takes what is between head and tail, stores `head` |
//! | there is room again | the parent | adds 1 to a counter that the worker sleeps on |
//!
//! **In doubt** after a death is what was begun and not answered: one job or none. That holds if the
//! other end of the socket is closed as well, since whoever could still write into the ring holds it.
//! The worker stores begun, runs, stores tail; so what the parent finds was so at some moment.
//!
//! A job that forks makes two writers. Before the last answer of a chunk a writer asks the system whether it
//! is the worker; before the others it looks whether somebody else has begun or answered meanwhile. If so, the
//! second one ends; and the worker says that the ring is *mixed*, which is garbage, and dies.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::Ordering;
use std::time::Duration;

use vm_memory::{Bytes, FileOffset, MmapRegion, VolatileMemory};

const CHUNK: usize = 0;
const BEGUN: usize = 8;
const TAIL: usize = 16;
const HEAD: usize = 24;
const WAITS: usize = 32;
const TOOK: usize = 40;
const MIXED: usize = 48;
const FRAMES: usize = 64;
/// A megabyte and its envelope fit. A chunk begins at the front, so tiny jobs touch a few pages.
const RING: usize = 1024 * 1024 + 64 * 1024;
const SIZE: usize = FRAMES + RING;

/// The shared memory, mapped.
#[derive(Debug)]
struct Memory(MmapRegion);

impl Memory {
    fn map(file: File) -> io::Result<Self> {
        let memory = MmapRegion::from_file(FileOffset::new(file, 0), SIZE);
        memory.map(Self).map_err(io::Error::other)
    }

    #[inline]
    fn load(&self, at: usize) -> u64 {
        // ORDERING: Acquire. Pairs with the Release of `store`: who sees a tail sees the frames below
        // it, who sees a head may write where it has passed.
        let word = self.0.as_volatile_slice().load(at, Ordering::Acquire);
        word.expect("the words are inside and aligned")
    }

    #[inline]
    fn store(&self, word: u64, at: usize) {
        // ORDERING: Release. What was written, or read, before is done before this can be seen; pairs
        // with the Acquire of `load` in the other process.
        let stored = self
            .0
            .as_volatile_slice()
            .store(word, at, Ordering::Release);
        stored.expect("the words are inside and aligned");
    }

    /// Where a position stands, and how many bytes follow it before the ring's end.
    fn place(position: u64) -> (usize, usize) {
        let offset = (position % RING as u64) as usize;
        (FRAMES + offset, RING - offset)
    }
}

/// The parent's side.
#[derive(Debug)]
pub(super) struct Ring {
    memory: Memory,
    /// The chunk that was sent last.
    sent: u64,
    head: u64,
    /// The worker sleeps on it.
    room: File,
    /// We sleep on it. A byte through the socket would wake the worker again when it is read.
    bell: File,
}

impl Ring {
    /// The ring, and what the worker is handed: the memory and the two counters.
    pub(super) fn new() -> io::Result<(Self, [OwnedFd; 3])> {
        let [file, room, bell] = new_memory()?;
        let copy = |file: &File| file.try_clone().map(OwnedFd::from);
        let theirs = [copy(&file)?, copy(&room)?, copy(&bell)?];
        let ring = Self {
            memory: Memory::map(file)?,
            sent: 0,
            head: 0,
            room,
            bell,
        };
        Ok((ring, theirs))
    }

    /// Readable once the worker has rung.
    pub(super) fn bell(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }

    /// To be called before what it rang for is read.
    pub(super) fn silence(&mut self) {
        // An error means that it has not rung.
        let _ = self.bell.read(&mut [0; 8]);
    }

    /// The chunk that was sent last: nothing else is read.
    pub(super) fn chunk(&self) -> u64 {
        self.sent
    }

    /// This chunk will be sent; all that came before has been read.
    pub(super) fn expect(&mut self, chunk: u64) {
        (self.sent, self.head) = (chunk, 0);
        self.memory.store(0, HEAD);
    }

    /// How many jobs the worker has begun.
    pub(super) fn begun(&self) -> u64 {
        self.memory.load(BEGUN)
    }

    /// How long the chunk took, by the worker's own clock; `None` until it is over.
    pub(super) fn took(&self) -> Option<Duration> {
        let nanoseconds = self.memory.load(TOOK);
        (nanoseconds > 0).then(|| Duration::from_nanos(nanoseconds))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.memory.load(CHUNK) != self.sent || self.memory.load(TAIL) == self.head
    }
}

impl Read for Ring {
    /// `WouldBlock` if there is nothing, `InvalidData` if that cannot be what a worker has written.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.memory.load(MIXED) != 0 {
            let why = "a job has forked, and both processes have answered";
            return Err(io::Error::new(ErrorKind::InvalidData, why));
        }
        if self.memory.load(CHUNK) != self.sent {
            return Err(ErrorKind::WouldBlock.into());
        }
        let tail = self.memory.load(TAIL);
        let length = tail.wrapping_sub(self.head);
        if length > RING as u64 {
            let why = "its memory was written to by somebody else";
            return Err(io::Error::new(ErrorKind::InvalidData, why));
        }
        let (at, until_the_end) = Memory::place(self.head);
        let length = buffer.len().min(length as usize).min(until_the_end);
        if length > 0 {
            let copied = self
                .memory
                .0
                .as_volatile_slice()
                .read_slice(&mut buffer[..length], at);
            copied.map_err(io::Error::other)?;
            self.head += length as u64;
            self.memory.store(self.head, HEAD);
        }
        if self.memory.load(WAITS) != 0 {
            // An error would mean that it has been woken very often already.
            let _ = self.room.write(&1_u64.to_ne_bytes());
        }
        match length {
            0 => Err(ErrorKind::WouldBlock.into()),
            length => Ok(length),
        }
    }
}

/// The worker's side.
#[derive(Debug)]
pub(in super::super) struct RingWriter {
    memory: Memory,
    tail: u64,
    /// How far the parent had read at the last look.
    head: u64,
    begun: u64,
    room: File,
    bell: File,
}

impl RingWriter {
    pub(in super::super) fn new([memory, room, bell]: [OwnedFd; 3]) -> io::Result<Self> {
        Ok(Self {
            memory: Memory::map(File::from(memory))?,
            tail: 0,
            head: 0,
            begun: 0,
            room: File::from(room),
            bell: File::from(bell),
        })
    }

    pub(in super::super) fn begin_chunk(&mut self, number: u64) {
        (self.tail, self.head) = (0, 0);
        self.memory.store(0, TAIL);
        self.memory.store(0, TOOK);
        self.memory.store(number, CHUNK);
    }

    /// The parent is to look.
    pub(in super::super) fn end_chunk(&mut self, took: Duration) -> io::Result<()> {
        self.memory.store((took.as_nanos() as u64).max(1), TOOK);
        self.ring()
    }

    fn ring(&mut self) -> io::Result<()> {
        self.bell.write_all(&1_u64.to_ne_bytes())
    }

    #[inline]
    pub(in super::super) fn begin_job(&mut self) {
        self.begun += 1;
        self.memory.store(self.begun, BEGUN);
    }

    /// Whether another process has begun a job, or answered one, since this one did.
    #[inline]
    pub(in super::super) fn is_mixed(&self) -> bool {
        self.memory.load(TAIL) != self.tail || self.memory.load(BEGUN) != self.begun
    }

    /// What stands in the ring is not to be believed.
    pub(in super::super) fn say_mixed(&self) {
        self.memory.store(1, MIXED);
    }

    /// Copies all of it into the ring, and waits for room as often as it needs some.
    #[inline]
    pub(in super::super) fn write(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let (at, until_the_end) = Memory::place(self.tail);
            if bytes.len() > self.free() {
                self.head = self.memory.load(HEAD);
            }
            let length = bytes.len().min(self.free()).min(until_the_end);
            if length == 0 {
                self.wait_for_room()?;
                continue;
            }
            let written = self
                .memory
                .0
                .as_volatile_slice()
                .write_slice(&bytes[..length], at);
            written.map_err(io::Error::other)?;
            bytes = &bytes[length..];
            self.tail += length as u64;
            self.memory.store(self.tail, TAIL);
        }
        Ok(())
    }

    fn free(&self) -> usize {
        let used = self.tail.wrapping_sub(self.head);
        RING.saturating_sub(used as usize)
    }

    fn wait_for_room(&mut self) -> io::Result<()> {
        self.memory.store(1, WAITS);
        // The parent reads `waits` after it has heard the bell, so no wake-up is lost.
        self.ring()?;
        while self.tail.wrapping_sub(self.memory.load(HEAD)) >= RING as u64 {
            let _ = self.room.read(&mut [0; 8])?;
        }
        self.memory.store(0, WAITS);
        Ok(())
    }
}

/// Memory of the right size, which nobody can truncate; and the counters on which worker and parent sleep.
#[cfg(all(any(target_os = "linux", target_os = "android"), not(pipes)))]
fn new_memory() -> io::Result<[File; 3]> {
    use rustix::event::{EventfdFlags, eventfd};
    use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
    use rustix::process::{Resource, getrlimit};
    // The limit on the size of files counts here, too, and a signal kills those who try. Then a pool does
    // without.
    let limit = getrlimit(Resource::Fsize).current;
    if limit.is_some_and(|limit| limit < SIZE as u64) {
        return Err(ErrorKind::Unsupported.into());
    }
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let file = File::from(memfd_create("threadproof ring", flags)?);
    file.set_len(SIZE as u64)?;
    fcntl_add_seals(&file, SealFlags::SHRINK | SealFlags::GROW | SealFlags::SEAL)?;
    let room = eventfd(0, EventfdFlags::CLOEXEC)?;
    let bell = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
    Ok([file, File::from(room), File::from(bell)])
}

/// Elsewhere, and with `--cfg pipes`, answers come through the socket.
#[cfg(not(all(any(target_os = "linux", target_os = "android"), not(pipes))))]
fn new_memory() -> io::Result<[File; 3]> {
    Err(ErrorKind::Unsupported.into())
}
