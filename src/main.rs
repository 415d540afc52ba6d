//! The program: every section of the notebook, run on real files, threads and processes.

mod cli;

// ANCHOR: main
fn main() -> std::process::ExitCode {
    threadproof::run_if_worker(&cli::work::table());
    cli::main()
}
// ANCHOR_END: main
