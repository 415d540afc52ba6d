//! `cargo bench` at the top: builds and runs the benchmarks, which are a package of their own.

use std::env;
use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let bench = Command::new(env!("CARGO"))
        .args(["bench", "--package", "threadproof-bench", "--"])
        // cargo itself adds `--bench`.
        .args(
            env::args_os()
                .skip(1)
                .filter(|argument| argument != "--bench"),
        )
        .env("THREADPROOF_PROGRAM", env!("CARGO_BIN_EXE_threadproof"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status();
    match bench {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(status) => status
            .code()
            .and_then(|code| u8::try_from(code).ok())
            .map_or(ExitCode::FAILURE, ExitCode::from),
        Err(error) => {
            eprintln!("cargo cannot be started: {error}");
            ExitCode::FAILURE
        }
    }
}
