//! What jobs do: spin for so long, or travel to a process and back.

use std::fs::File;
use std::hint::black_box;
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use threadproof::compare::Count;
use threadproof::{Work, WorkTable};

/// What a bench's worker processes can do; the bench's program is its own worker.
pub(crate) fn table() -> WorkTable {
    WorkTable::new()
        .with::<Count>()
        .with::<Square>()
        .with::<Echo>()
        .with::<crate::downloads::Fetch>()
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Square(pub(crate) i64);

impl Work for Square {
    type Output = i64;
    const NAME: &'static str = "square";

    fn run(self) -> i64 {
        self.0.wrapping_mul(self.0)
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Echo(pub(crate) serde_bytes::ByteBuf);

impl Work for Echo {
    type Output = serde_bytes::ByteBuf;
    const NAME: &'static str = "echo";

    fn run(self) -> serde_bytes::ByteBuf {
        self.0
    }
}

/// The argument of a program that gives back what it reads, so many bytes at a time as the next one says, or eight.
pub(crate) const ECHO: &str = "--echo";

/// That program has a thread more, as a worker has one that sees its parent's end.
pub(crate) const THREAD: &str = "--thread";

/// The other end of a bare ping-pong.
pub(crate) fn echo() -> ExitCode {
    let (input, output) = (std::io::stdin(), std::io::stdout());
    let open = |fd: std::os::fd::BorrowedFd<'_>| fd.try_clone_to_owned().map(File::from);
    let (Ok(mut input), Ok(mut output)) = (open(input.as_fd()), open(output.as_fd())) else {
        return ExitCode::FAILURE;
    };
    let size = std::env::args()
        .next_back()
        .and_then(|size| size.parse().ok());
    let mut bytes = vec![0; size.unwrap_or(8)];
    while input.read_exact(&mut bytes).is_ok() && output.write_all(&bytes).is_ok() {}
    ExitCode::SUCCESS
}

/// Takes so many steps, each about a quarter of a nanosecond to one.
pub(crate) fn spin(steps: u64) -> u64 {
    for step in 0..steps {
        black_box(step);
    }
    steps
}

/// How many steps take so long on one core of this machine.
pub(crate) fn steps(time: Duration) -> u64 {
    static A_SECOND: OnceLock<f64> = OnceLock::new();
    let a_second = A_SECOND.get_or_init(|| {
        const STEPS: u64 = 10_000_000;
        // The fastest of several: the others were interrupted.
        let least = (0..20).map(|_| {
            let start = Instant::now();
            spin(STEPS);
            start.elapsed().as_secs_f64()
        });
        STEPS as f64 / least.fold(f64::INFINITY, f64::min)
    });
    (a_second * time.as_secs_f64()).max(1.0) as u64
}
