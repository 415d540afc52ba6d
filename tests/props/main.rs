//! Does it equal the sequential version, for all inputs? The oracle is one line.

#[path = "../support/mod.rs"]
mod support;

mod back_off;
mod compare;
mod download;
mod event;
mod frame;
mod locked_flags;
mod process_pool;
mod stop_flags;
mod thread_pool;
