//! Real processes: what the program prints, how it exits, and what it leaves behind.

#![cfg(unix)]

#[path = "../support/mod.rs"]
mod support;

mod faults;
mod fetch;
mod lifecycle;
mod options;
mod process;
mod process_pool;
mod schedule;
mod sections;
mod signals;
