//! Real processes: what the program prints, how it exits, and what it leaves behind.

// Under loom only the models run: `tests/loom`.
#![cfg(all(unix, not(loom)))]

#[path = "../support/mod.rs"]
mod support;

mod compare;
mod download;
mod faults;
mod fetch;
#[cfg(target_os = "linux")]
mod hostile_jobs;
mod killed;
mod lifecycle;
mod limits;
#[cfg(target_os = "linux")]
mod names;
mod options;
mod process;
mod process_jobs;
mod process_pool;
mod process_pool_wrapped;
mod proxy;
mod schedule;
mod sections;
mod serve;
mod sigchld;
mod signals;
mod streams;
mod surroundings;
