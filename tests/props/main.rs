//! Does it equal the sequential version, for all inputs? The oracle is one line.

#[cfg(unix)]
#[path = "../support/mod.rs"]
mod support;

mod compare;
mod process_pool;
