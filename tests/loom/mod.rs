//! In every schedule? Each model runs under all interleavings that loom finds, within its bound.
//!
//! Unit tests of the library, built by `RUSTFLAGS="--cfg loom" cargo test --lib`. Each model has at
//! least two threads, prints one line, and dies of a one-line break of the source. `blocked.rs` alone
//! has tables: what it judges is a function under one lock.

mod batch;
mod blocked;
mod bytes;
mod chunks;
pub(crate) mod coin;
pub(crate) mod crew;
mod event;
mod harness;
mod lifecycle;
mod locked_flags;
mod order;
mod programs;
pub(crate) mod progress;
pub(crate) mod recorder;
mod schedule;
mod semaphore;
pub(crate) mod steps;
mod stop_flags;
mod thread_pool;
mod turns;
mod unordered;
mod whole_pool;
pub(crate) mod workers;
