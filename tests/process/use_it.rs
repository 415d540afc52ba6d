//! The program of the chapter on the pool of processes that a reader copies.
//!
//! It is a test without a harness, a program with a `main` of its own: its workers are itself. That
//! it ends well says that each outcome was as promised.

#[cfg(unix)]
include!("use_it/program.rs");

#[cfg(not(unix))]
fn main() {}
