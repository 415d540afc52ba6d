//! Is it concurrent, and prompt? Gates first, then ratios within one run, with wide margins.

#[path = "../support/mod.rs"]
mod support;

mod download;
mod event;
mod locked_flags;
mod thread_pool;
