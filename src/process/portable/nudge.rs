//! What ends a look from another thread: an event, which the threads at the pipes set as well.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use crate::event::Event;

/// Ends a look.
#[derive(Clone, Debug)]
pub(crate) struct Nudger(Arc<Event>);

/// Whoever looks.
#[derive(Debug)]
pub(crate) struct Nudged(Arc<Event>);

pub(crate) fn nudge_pair() -> io::Result<(Nudger, Nudged)> {
    let event = Arc::new(Event::new());
    Ok((Nudger(event.clone()), Nudged(event)))
}

impl Nudger {
    /// Never blocks.
    pub(crate) fn nudge(&self) {
        self.0.set();
    }
}

impl Nudged {
    /// Waits for a nudge, or for the time. What it had been nudged for is to be looked at after this.
    pub(crate) fn wait(&self, until: Option<Duration>) {
        match until {
            Some(until) => drop(self.0.wait_timeout(until)),
            None => self.0.wait(),
        }
        self.0.clear();
    }
}
