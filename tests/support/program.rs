//! The program under test, and processes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use threadproof::{ProcessError, WorkerProgram};

#[path = "misbehave.rs"]
mod misbehave;
pub(crate) use misbehave::{Fault, Faulty, Half, Meddling, Misbehave, Slow, Stage};
#[cfg(target_os = "linux")]
pub(crate) use misbehave::{copy_of, descriptors};

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_threadproof");

/// The tests' own program, which does what a program should not.
pub(crate) const MISBEHAVE: &str = env!("CARGO_BIN_EXE_misbehave");

/// Its workers know [`Misbehave`] and [`Faulty`].
pub(crate) fn worker_program() -> WorkerProgram {
    WorkerProgram::at(MISBEHAVE)
}

/// Whether workers share memory with their parent, so that it is known what they had begun.
pub(crate) const HAS_RING: bool = cfg!(all(
    any(target_os = "linux", target_os = "android"),
    not(any(pipes, portable))
));

/// The program with these arguments, untouched by proxies of the environment.
pub(crate) fn threadproof(arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(arguments);
    for proxy in [
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "no_proxy",
        "NO_PROXY",
    ] {
        command.env_remove(proxy);
    }
    command
}

/// Whether a process of this number is there, be it as a zombie.
#[cfg(unix)]
pub(crate) fn exists(pid: u32) -> bool {
    use rustix::io::Errno;
    use rustix::process::{Pid, test_kill_process};
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    // The system is asked, and not `ps`, which may be missing: then nothing would exist. It may also
    // answer that the process is somebody else's.
    test_kill_process(pid.expect("a process number")) != Err(Errno::SRCH)
}

/// Whether a process runs. One that has ended and whose parent is dead stays as a zombie until the
/// first process of the system looks, which may take seconds and is nobody's fault here.
#[cfg(unix)]
pub(crate) fn runs(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"));
    // The state stands behind the name in brackets, which may hold anything.
    let is_zombie = |stat: String| {
        let (_, rest) = stat.rsplit_once(')')?;
        rest.split_whitespace().next().map(|state| state == "Z")
    };
    exists(pid) && !stat.ok().and_then(is_zombie).unwrap_or(false)
}

/// What [`Misbehave::Not`] gave back.
#[track_caller]
pub(crate) fn number(output: &Result<Vec<u8>, ProcessError>) -> u64 {
    let bytes = output.as_deref().expect("an output");
    u64::from_le_bytes(bytes.try_into().expect("eight bytes"))
}

/// How often each job has run, as [`Misbehave::Tell`] has told the file.
pub(crate) fn runs_told(file: &Path) -> BTreeMap<u64, usize> {
    let mut runs = BTreeMap::new();
    for line in fs::read_to_string(file).expect("a file of lines").lines() {
        *runs.entry(line.parse().expect("a number")).or_default() += 1;
    }
    runs
}
