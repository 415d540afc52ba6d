//! Unix: handlers that set flags and write to a socket, and a thread that reads at its other end.

use std::io;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, mpsc};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::flag;
use signal_hook::iterator::Signals;

use super::has_come;
use crate::lifecycle::start_daemon;

static HAS_COME: AtomicBool = AtomicBool::new(false);

// ANCHOR: listen
pub(super) fn listen() -> io::Result<()> {
    // To be caught is enough. Unlike a signal that is ignored it is as before in a child program.
    flag::register(SIGXFSZ, Arc::default())?;
    // The thread comes first: a handler that nobody hears would swallow Ctrl-C.
    let (hand_over, handed_over) = mpsc::channel();
    start_daemon("signals", move || {
        if let Ok(signals) = handed_over.recv() {
            set_at_each(signals);
        }
    })?;
    let signals = Signals::new::<_, i32>([])?;
    let handle = signals.handle();
    let _ = hand_over.send(signals);
    let is_ignored = ignored_from_the_start();
    let heeded = [SIGHUP, SIGINT, SIGTERM].map(|signal| (signal, is_ignored(signal)));
    let heeded = heeded.iter().filter(|(_, is_ignored)| !is_ignored);
    for (signal, _) in heeded.clone() {
        handle.add_signal(*signal)?;
    }
    for (signal, _) in heeded {
        // In this order: a signal looks whether one has come before, and then says that it has.
        flag::register_conditional_shutdown(*signal, 128 + signal, &HAS_COME)?;
        flag::register(*signal, &HAS_COME)?;
    }
    Ok(())
}
// ANCHOR_END: listen

fn set_at_each(mut signals: Signals) {
    for signal in signals.forever() {
        has_come(u8::try_from(128 + signal).unwrap_or(u8::MAX));
    }
}

/// Which signals this process was told to ignore, by whoever started it.
fn ignored_from_the_start() -> impl Fn(i32) -> bool {
    // The program's name stands there as well, and may be no UTF-8.
    let status = std::fs::read("/proc/self/status").unwrap_or_default();
    let mask = String::from_utf8_lossy(&status)
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    move |signal| mask.unwrap_or(0) >> (signal - 1) & 1 == 1
}
