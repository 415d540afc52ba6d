//! Does it do what the docs say? Tables and states, each beside the Python documentation it follows.

// Under loom only the models run: `tests/loom`.
#![cfg(not(loom))]

#[path = "../support/mod.rs"]
mod support;

#[cfg(feature = "download")]
mod atomic_file;
#[cfg(feature = "download")]
mod back_off;
#[cfg(feature = "program")]
mod compare;
mod compile_fail;
#[cfg(feature = "program")]
mod download;
mod drops;
mod event;
#[cfg(feature = "processes")]
mod frame;
#[cfg(feature = "program")]
mod https;
mod lifecycle;
#[cfg(feature = "program")]
mod local_server;
mod locked_flags;
mod ported;
#[cfg(feature = "program")]
mod resume;
#[cfg(feature = "program")]
mod schedule;
mod semaphore;
mod stop_flags;
mod thread_pool;
mod timeline;
mod use_it;
mod watch;
