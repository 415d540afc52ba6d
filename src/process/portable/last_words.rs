//! The last words of a worker, which also go to our own stderr as they come.
//!
//! ```text
//!   worker's stderr ── a thread reads ──▶ our stderr, which may make the thread wait
//!                              └────────▶ the last 8 KiB, for the error
//! ```
//!
//! Nobody may read our stderr. Then the thread waits, and the worker does, once its pipe is full; whoever drives
//! does not.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::process::ChildStderr;
use std::sync::Arc;

use super::Nudger;
use super::bytes::read_to_the_end;
use crate::lifecycle::start_daemon;
use crate::sync::Mutex;

/// How much is kept for the error.
const KEPT: usize = 8 * 1024;

#[derive(Debug)]
pub(super) struct LastWords(Arc<Mutex<Heard>>);

#[derive(Debug, Default)]
struct Heard {
    kept: VecDeque<u8>,
    is_over: bool,
}

impl LastWords {
    pub(super) fn follow(from: ChildStderr, nudger: &Nudger) -> io::Result<Self> {
        let heard = Arc::new(Mutex::new(Heard::default()));
        let (theirs, nudger) = (heard.clone(), nudger.clone());
        start_daemon("last words", move || {
            read_to_the_end(from, |bytes| {
                let mut heard = theirs.lock();
                heard.kept.extend(bytes);
                let extra = heard.kept.len().saturating_sub(KEPT);
                heard.kept.drain(..extra);
                drop(heard);
                // Output that cannot be written does not end the work.
                let _ = io::stderr().write_all(bytes);
                true
            });
            theirs.lock().is_over = true;
            nudger.nudge();
        })?;
        Ok(Self(heard))
    }

    /// The thread copies.
    pub(super) fn copy(&mut self) {}

    /// Whether more may come.
    pub(super) fn are_coming(&self) -> bool {
        !self.0.lock().is_over
    }

    /// What was kept so far. A grandchild may still hold the other end, and is not waited for.
    pub(super) fn text(&mut self) -> String {
        String::from_utf8_lossy(self.0.lock().kept.make_contiguous()).into_owned()
    }
}
