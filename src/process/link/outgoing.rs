//! A chunk on its way to a worker, as far as the socket takes it.
//!
//! ```text
//!   ┌──────┬──────────────────────────┐
//!   │ head │ inputs, where they stand │ ── one write, or as many as it takes ──▶ worker
//!   └──────┴──────────────────────────┘
//! ```

use std::io::{self, IoSlice};
use std::ops::Range;
use std::sync::Arc;

use super::super::channel::Channel;

/// Encoded inputs, each a frame, back to back.
#[derive(Clone, Debug)]
pub(crate) struct Inputs {
    pub(crate) bytes: Arc<Vec<u8>>,
    pub(crate) range: Range<usize>,
}

/// A chunk that has not been written whole.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) head: Vec<u8>,
    pub(super) inputs: Inputs,
    pub(super) sent: usize,
}

impl Outgoing {
    /// Writes as much as the channel takes now; gives how much that is.
    pub(super) fn write(&mut self, channel: &mut Channel) -> usize {
        let before = self.sent;
        while !self.is_sent() {
            let head = self.head.len();
            // The inputs travel from where they stand, in one write with what is in front of them.
            let inputs = self.inputs.range.start + self.sent.saturating_sub(head);
            let parts = [
                IoSlice::new(&self.head[self.sent.min(head)..]),
                IoSlice::new(&self.inputs.bytes[inputs..self.inputs.range.end]),
            ];
            match channel.send(&parts) {
                Ok(written) => self.sent += written,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // Full; or the worker has ended, of which it is heard otherwise.
                Err(_) => break,
            }
        }
        self.sent - before
    }

    pub(super) fn is_sent(&self) -> bool {
        self.sent == self.head.len() + self.inputs.range.len()
    }
}
