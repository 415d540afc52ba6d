//! The last words of a worker, which also go to our own stderr as they come.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::process::ChildStderr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::lifecycle::{Running, start};

/// How much is kept for the error.
const KEPT: usize = 8 * 1024;

/// A grandchild may hold stderr open for ever; after the worker's death nobody waits longer for it.
const PATIENCE: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub(super) struct LastWords {
    kept: Arc<Mutex<VecDeque<u8>>>,
    copier: Option<Running<()>>,
}

impl LastWords {
    pub(super) fn follow(pid: u32, mut stderr: ChildStderr) -> io::Result<Self> {
        let kept = Arc::new(Mutex::new(VecDeque::new()));
        let keep = kept.clone();
        let copier = start(&format!("stderr-{pid}"), move || {
            let mut buffer = [0; 4096];
            while let Ok(read @ 1..) = stderr.read(&mut buffer) {
                let _ = io::stderr().write_all(&buffer[..read]);
                let mut kept = keep.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend(&buffer[..read]);
                let extra = kept.len().saturating_sub(KEPT);
                kept.drain(..extra);
            }
        })?;
        Ok(Self {
            kept,
            copier: Some(copier),
        })
    }

    /// What was kept, once the worker is dead.
    pub(super) fn text(&mut self) -> String {
        self.join();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(kept.make_contiguous()).into_owned()
    }

    fn join(&mut self) {
        if let Some(copier) = self.copier.take()
            && let Err(copier) = copier.join_timeout(PATIENCE)
        {
            drop(copier.detach());
        }
    }
}

impl Drop for LastWords {
    fn drop(&mut self) {
        self.join();
    }
}
