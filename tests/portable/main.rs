//! Real processes as they are on every system: no signal, no number of a process, no path of Unix.

// Under loom only the models run: `tests/loom`.
#![cfg(not(loom))]

#[path = "../support/mod.rs"]
mod support;

mod pool;
mod program;
