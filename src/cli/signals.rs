//! Ctrl-C and SIGTERM: the first sets a stop signal, the second ends the program at once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use signal_hook::consts::{SIGINT, SIGTERM};
use threadproof::{Event, start_daemon};

/// What the program does about signals.
#[derive(Debug)]
pub(crate) struct Signals {
    /// Set by the first signal.
    pub(crate) stop: Arc<Event>,
    code: Arc<AtomicU8>,
}

impl Signals {
    /// Starts to listen.
    pub(crate) fn listen() -> io::Result<Self> {
        let stop = Arc::new(Event::new());
        let code = Arc::new(AtomicU8::new(0));
        let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM])?;
        let (set, noted) = (stop.clone(), code.clone());
        start_daemon("signals", move || {
            for signal in signals.forever() {
                let exit_code = if signal == SIGTERM { 143 } else { 130 };
                // ORDERING: Relaxed. Whoever reads it because of `set` is ordered by the event.
                if noted.swap(exit_code, Ordering::Relaxed) != 0 {
                    std::process::exit(exit_code.into());
                }
                set.set();
            }
        })?;
        Ok(Self { stop, code })
    }

    /// The exit code that the first signal asks for, if one came.
    pub(crate) fn exit_code(&self) -> Option<u8> {
        // ORDERING: Relaxed. The value is all there is to read.
        Some(self.code.load(Ordering::Relaxed)).filter(|code| *code != 0)
    }
}
