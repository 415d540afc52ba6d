//! Does it do what the docs say? Tables and states, each beside the Python documentation it follows.

#[path = "../support/mod.rs"]
mod support;

mod atomic_file;
mod back_off;
mod compare;
mod compile_fail;
mod download;
mod event;
mod frame;
mod https;
mod lifecycle;
mod local_server;
mod locked_flags;
mod ported;
mod resume;
mod schedule;
mod stop_flags;
mod thread_pool;
mod timeline;
mod use_it;
mod watch;
