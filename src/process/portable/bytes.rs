//! Bytes between a thread that waits at a pipe and somebody who does not.
//!
//! ```text
//!   pipe ── its thread: read, put_all ──▶ │ up to a megabyte │ ── take ──▶ whoever looks
//!   whoever looks ── put ──▶ │ up to a megabyte │ ── its thread: wait, take, write ──▶ pipe
//! ```
//!
//! | step | holds | touches | wakes |
//! |---|---|---|---|
//! | put, end | the lock | bytes, `is_over` | whoever waits for bytes |
//! | take, leave | the lock | bytes, `is_left` | whoever waits for room |
//! | the writing thread copies | the lock | `is_writing` | nobody |
//! | it has written | the lock | bytes, `is_writing` | whoever waits for room |

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};

use crate::sync::{Condvar, IS_MODEL, Mutex};

/// How much waits between the two.
const MOST: usize = if IS_MODEL { 2 } else { 1024 * 1024 };

/// As much as a pipe holds, on most systems.
const AT_ONCE: usize = if IS_MODEL { 2 } else { 64 * 1024 };

#[derive(Debug, Default)]
pub(crate) struct Bytes {
    held: Mutex<Held>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Held {
    bytes: VecDeque<u8>,
    /// Nothing more will be put.
    is_over: bool,
    /// Nothing more will be taken.
    is_left: bool,
    /// Those in front are being written: nobody knows how far.
    is_writing: bool,
}

impl Bytes {
    /// Puts what there is room for now; gives how much that is. Never blocks.
    pub(crate) fn put(&self, bytes: &[u8]) -> usize {
        let mut held = self.held.lock();
        let room = MOST.saturating_sub(held.bytes.len());
        let bytes = &bytes[..room.min(bytes.len())];
        held.bytes.extend(bytes);
        self.changed.notify_all();
        bytes.len()
    }

    /// Waits until there is room, and puts all of it; false if nobody will take it.
    pub(crate) fn put_all(&self, bytes: &[u8]) -> bool {
        let mut held = self.held.lock();
        while held.bytes.len() >= MOST && !held.is_left {
            held = self.changed.wait(held);
        }
        held.bytes.extend(bytes);
        self.changed.notify_all();
        !held.is_left
    }

    /// Takes what is there: `WouldBlock` if nothing is, 0 at the end. Never blocks.
    pub(crate) fn take(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut held = self.held.lock();
        if held.bytes.is_empty() && !held.is_over {
            return Err(ErrorKind::WouldBlock.into());
        }
        self.changed.notify_all();
        held.bytes.read(buffer)
    }

    /// Waits until there is something, or the end.
    pub(crate) fn wait_and_take(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut held = self.held.lock();
        while held.bytes.is_empty() && !held.is_over {
            held = self.changed.wait(held);
        }
        self.changed.notify_all();
        held.bytes.read(buffer)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.held.lock().bytes.is_empty()
    }

    /// Whether some of it has certainly not been written.
    pub(crate) fn is_unwritten(&self) -> bool {
        let held = self.held.lock();
        !held.bytes.is_empty() && !held.is_writing
    }

    pub(crate) fn is_writing(&self) -> bool {
        self.held.lock().is_writing
    }

    /// Waits until there is something, or the end, and copies it, to be [written](Self::written).
    fn wait_and_copy(&self, buffer: &mut Vec<u8>) {
        let mut held = self.held.lock();
        while held.bytes.is_empty() && !held.is_over {
            held = self.changed.wait(held);
        }
        buffer.clear();
        buffer.extend(held.bytes.iter().take(AT_ONCE));
        held.is_writing = true;
    }

    /// So much of what was copied has been written: all, or nothing for certain.
    fn written(&self, length: usize) {
        let mut held = self.held.lock();
        held.is_writing = false;
        // Whoever has left has taken all.
        let length = length.min(held.bytes.len());
        held.bytes.drain(..length);
        self.changed.notify_all();
    }

    /// Nothing more will be put.
    pub(crate) fn end(&self) {
        self.held.lock().is_over = true;
        self.changed.notify_all();
    }

    /// Nothing more will be taken.
    pub(crate) fn leave(&self) {
        let mut held = self.held.lock();
        (held.is_over, held.is_left) = (true, true);
        held.bytes.clear();
        self.changed.notify_all();
    }
}

/// A thread's life: reads a pipe to its end. `each` says whether to go on.
pub(crate) fn read_to_the_end(mut pipe: impl Read, mut each: impl FnMut(&[u8]) -> bool) {
    let mut buffer = vec![0; AT_ONCE];
    loop {
        match pipe.read(&mut buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Ok(read @ 1..) if each(&buffer[..read]) => {}
            _ => return,
        }
    }
}

/// A thread's life: writes a pipe until there is nothing more, or nobody reads it; then closes it. `each` is
/// called whenever there is room again. What cannot be written stays where it is.
pub(crate) fn write_to_the_end(mut pipe: impl Write, bytes: &Bytes, each: impl Fn()) {
    let mut buffer = Vec::with_capacity(AT_ONCE);
    loop {
        bytes.wait_and_copy(&mut buffer);
        let is_over = buffer.is_empty() || pipe.write_all(&buffer).is_err();
        bytes.written(if is_over { 0 } else { buffer.len() });
        each();
        if is_over {
            return;
        }
    }
}
