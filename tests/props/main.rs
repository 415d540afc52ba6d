//! Does it equal the sequential version, for all inputs? The oracle is one line.

// Under loom only the models run: `tests/loom`.
#![cfg(not(loom))]

#[path = "../support/mod.rs"]
mod support;

#[cfg(feature = "download")]
mod back_off;
#[cfg(feature = "program")]
mod compare;
#[cfg(feature = "program")]
mod download;
mod event;
#[cfg(feature = "processes")]
mod frame;
mod locked_flags;
#[cfg(feature = "program")]
mod process_pool;
mod semaphore;
mod stop_flags;
mod thread_pool;
