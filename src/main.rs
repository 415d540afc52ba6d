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
    eprintln!("threadproof: the program needs Unix; the library without its processes does not");
    std::process::ExitCode::from(2)
}
