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
