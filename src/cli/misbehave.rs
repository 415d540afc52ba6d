//! A job that does what jobs should not. The process tests share this file with the program.

use serde::{Deserialize, Serialize};
use threadproof::Work;

/// What a job of a worker process may do to it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Misbehave {
    /// Gives this number back.
    Not(u64),
    /// Prints the text to stdout, then gives its length.
    Print(String),
    /// Panics with this text.
    Panic(String),
    /// Writes this text to stderr and ends the process with this code.
    Exit(String, i32),
    /// Aborts the process.
    Abort,
    /// Sleeps for this many milliseconds.
    Sleep(u64),
    /// Gives this many zeros.
    Zeros(usize),
}

impl Work for Misbehave {
    type Output = Vec<u8>;
    const NAME: &'static str = "misbehave";

    fn run(self) -> Vec<u8> {
        match self {
            Self::Not(number) => number.to_le_bytes().to_vec(),
            Self::Print(text) => {
                println!("{text}");
                text.len().to_le_bytes().to_vec()
            }
            Self::Panic(text) => panic!("{text}"),
            Self::Exit(text, code) => {
                eprintln!("{text}");
                std::process::exit(code)
            }
            Self::Abort => std::process::abort(),
            Self::Sleep(milliseconds) => {
                std::thread::sleep(std::time::Duration::from_millis(milliseconds));
                Vec::new()
            }
            Self::Zeros(length) => vec![0; length],
        }
    }
}
