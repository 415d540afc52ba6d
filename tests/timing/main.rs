//! Is it concurrent, and prompt? Gates first, then ratios within one run, with wide margins.

// Under loom only the models run: `tests/loom`.
#![cfg(not(loom))]

#[path = "../support/mod.rs"]
mod support;

#[cfg(feature = "program")]
mod download;
mod event;
mod locked_flags;
mod thread_pool;

/// For the length of a test: what measures has both cores, also where many tests run at a time.
fn alone() -> std::sync::MutexGuard<'static, ()> {
    static ALONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    ALONE
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
