//! The program: every section of the notebook, run on real files, threads and processes.

#[cfg(unix)]
mod cli;

// ANCHOR: main
#[cfg(unix)]
fn main() -> std::process::ExitCode {
    threadproof::run_if_worker(&cli::work::table());
    cli::main()
}
// ANCHOR_END: main

#[cfg(not(unix))]
fn main() -> std::process::ExitCode {
    use std::io::Write;
    let why = "the program needs Unix; the library without its processes does not";
    let _ = writeln!(std::io::stderr(), "threadproof: {why}");
    std::process::ExitCode::from(2)
}
