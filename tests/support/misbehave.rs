//! Jobs that do what jobs should not. The tests that hand them in share this file with the worker program.

use std::fmt;
use std::process::Command;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
use threadproof::Work;

/// What a job of a worker process may do to it.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
    /// Gives the length of what it was given.
    Measure(String),
    /// Sleeps a millisecond and appends a line to this file, so that one can count who ran.
    Tell(std::path::PathBuf, u64),
    /// Starts a worker of its own and says how that ended.
    StartAWorker,
    /// Gives the worker's arguments, one a line.
    Arguments,
    /// Answers, and ends the process a moment later.
    AnswerThenExit,
    /// Gives how often this thread has left its core, as Linux counts it.
    Switches,
    /// Does something to the worker's own channel, then gives this number.
    Meddle(Meddling, u64),
    /// Panics, catches that, and throws something that no panic has made.
    CatchThenThrow,
    /// Sleeps so many times for 20 milliseconds.
    Nap(u64),
    /// Gives the worker's number.
    WorkerNumber,
    /// Gives a variable of the environment, and the folder.
    Surroundings(String),
    /// Keeps a word, to be given by `Prepared`. As the first job: fails if there is none.
    Prepare(String),
    /// Gives the word that was kept.
    Prepared,
    /// Starts a pool of this program, and gives how that ended.
    StartAPoolOf(std::path::PathBuf),
    /// Makes this file, and takes an hour.
    Begin(std::path::PathBuf),
    /// May take so many milliseconds, and takes an hour.
    Limited(u64),
    /// Writes so much to stderr, after so many milliseconds.
    Shout(usize, u64),
    /// Leaves a process that writes to stderr for ever, and ends the worker.
    LeaveAShouter,
    /// Sends a byte to this port of this machine, and holds the connection as long as the process lives.
    HoldOn(u16),
}

/// What a job may do to the channel of its worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Meddling {
    /// Makes the shared memory shorter, which nobody may.
    Truncate,
    /// Writes into the channel.
    Garbage,
    /// Ends the process, and leaves another one that holds the channel.
    LeaveAHolder,
}

impl Meddling {
    #[cfg(target_os = "linux")]
    fn happen(self) {
        match self {
            Self::Truncate => {
                for (path, _) in descriptors("threadproof ring") {
                    let file = std::fs::OpenOptions::new().write(true).open(path);
                    let error = file.and_then(|file| file.set_len(0)).expect_err("sealed");
                    assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied);
                }
            }
            Self::Garbage => {
                let channel = std::fs::File::from(copy_of_channel());
                std::io::Write::write_all(&mut &channel, b"GET / HTTP/1.0\r\n\r\n")
                    .expect("it is open");
            }
            Self::LeaveAHolder => {
                let mut holder = Command::new("sleep");
                holder.arg("3").stdin(copy_of_channel());
                holder.spawn().expect("there is a sleep");
                std::process::exit(0)
            }
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn happen(self) {
        unreachable!("its tests are for Linux")
    }
}

/// What of this process is open and has this in its name.
#[cfg(target_os = "linux")]
pub(crate) fn descriptors(name: &str) -> Vec<(std::path::PathBuf, i32)> {
    let open = std::fs::read_dir("/proc/self/fd").expect("Linux has it");
    let named = open.flatten().filter_map(|entry| {
        let target = std::fs::read_link(entry.path()).ok()?;
        let number = entry.file_name().to_str()?.parse().ok()?;
        let is_it = target.to_string_lossy().contains(name);
        is_it.then(|| (entry.path(), number))
    });
    named.collect()
}

/// A descriptor of this process once more.
#[cfg(target_os = "linux")]
pub(crate) fn copy_of(descriptor: i32) -> std::os::fd::OwnedFd {
    use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};
    let this = pidfd_open(getpid(), PidfdFlags::empty()).expect("this process lives");
    pidfd_getfd(this, descriptor, PidfdGetfdFlags::empty()).expect("it is open")
}

#[cfg(target_os = "linux")]
fn copy_of_channel() -> std::os::fd::OwnedFd {
    let sockets = descriptors("socket:");
    copy_of(sockets.first().expect("a worker has a channel").1)
}

static WORD: std::sync::OnceLock<String> = std::sync::OnceLock::new();

impl Work for Misbehave {
    type Output = Vec<u8>;
    const NAME: &'static str = "misbehave";

    fn time_limit(&self) -> Option<Duration> {
        match self {
            Self::Limited(milliseconds) => Some(Duration::from_millis(*milliseconds)),
            _ => None,
        }
    }

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
                std::thread::sleep(Duration::from_millis(milliseconds));
                Vec::new()
            }
            Self::Zeros(length) => vec![0; length],
            Self::Measure(text) => text.len().to_le_bytes().to_vec(),
            Self::Tell(file, number) => {
                use std::io::Write;
                std::thread::sleep(Duration::from_millis(1));
                let file = std::fs::OpenOptions::new().append(true).open(file);
                let mut file = file.expect("the test made the file");
                // One write: lines of several workers do not mix.
                let line = format!("{number}\n");
                file.write_all(line.as_bytes())
                    .expect("the file can be written");
                number.to_le_bytes().to_vec()
            }
            Self::StartAWorker => {
                let program = threadproof::WorkerProgram::current().expect("it has a path");
                match threadproof::Process::start(&program, Self::Not(1)) {
                    Ok(_) => b"started".to_vec(),
                    Err(error) => error.to_string().into_bytes(),
                }
            }
            Self::Arguments => {
                let arguments: Vec<_> = std::env::args_os().collect();
                let lines = arguments.join(std::ffi::OsStr::new("\n"));
                lines.into_encoded_bytes()
            }
            Self::AnswerThenExit => {
                exit_in_a_moment();
                Vec::new()
            }
            Self::Switches => {
                let status = std::fs::read_to_string("/proc/thread-self/status");
                let status = status.expect("Linux tells");
                let counts = status.lines().filter(|line| line.contains("ctxt_switches"));
                let count = |line: &str| line.rsplit('\t').next()?.parse::<u64>().ok();
                let switches: u64 = counts.filter_map(count).sum();
                switches.to_le_bytes().to_vec()
            }
            Self::Meddle(how, number) => {
                how.happen();
                number.to_le_bytes().to_vec()
            }
            Self::CatchThenThrow => {
                let _ = std::panic::catch_unwind(|| panic!("caught by the job itself"));
                std::panic::resume_unwind(Box::new("thrown"))
            }
            Self::Nap(times) => {
                for _ in 0..times {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Vec::new()
            }
            Self::WorkerNumber => {
                let number = threadproof::worker_number().expect("this is a worker");
                (number as u64).to_le_bytes().to_vec()
            }
            Self::Surroundings(key) => {
                let value = std::env::var(key).unwrap_or_default();
                let folder = std::env::current_dir().expect("there is one");
                format!("{value} in {}", folder.display()).into_bytes()
            }
            Self::Prepare(word) => {
                assert!(!word.is_empty(), "no word to keep");
                WORD.set(word).expect("the first job of its worker");
                Vec::new()
            }
            Self::Prepared => WORD.get().cloned().unwrap_or_default().into_bytes(),
            Self::StartAPoolOf(path) => {
                let program = threadproof::WorkerProgram::at(path);
                let pool = threadproof::ProcessPool::builder(program)
                    .workers(1)
                    .build();
                match pool.and_then(|pool| pool.run(Self::Not(7))) {
                    Ok(_) => b"ran".to_vec(),
                    Err(error) => error.to_string().into_bytes(),
                }
            }
            Self::Begin(file) => {
                std::fs::write(file, "").expect("the folder is there");
                std::thread::sleep(Duration::from_secs(3600));
                Vec::new()
            }
            Self::Limited(_) => {
                std::thread::sleep(Duration::from_secs(3600));
                Vec::new()
            }
            Self::Shout(length, after) => {
                std::thread::sleep(Duration::from_millis(after));
                eprint!("{}", "!".repeat(length));
                Vec::new()
            }
            Self::LeaveAShouter => {
                let mut yes = std::process::Command::new("timeout");
                let yes = yes.args(["20", "yes"]).stdout(std::io::stderr());
                let mut yes = yes.spawn().expect("it is there");
                // It has filled the pipe, and goes on.
                std::thread::sleep(Duration::from_millis(50));
                assert!(yes.try_wait().expect("it is our child").is_none());
                std::process::exit(3)
            }
            Self::HoldOn(port) => {
                let mut held =
                    std::net::TcpStream::connect(("127.0.0.1", port)).expect("it listens");
                std::io::Write::write_all(&mut held, &[1]).expect("it is heard");
                loop {
                    std::hint::black_box(&held);
                }
            }
        }
    }
}

// ANCHOR: faults
/// Where in a job's life something goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Stage {
    EncodeInput,
    DecodeInput,
    Run,
    EncodeOutput,
    DecodeOutput,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Fault {
    /// The stage gives an error; running has none to give, so it panics.
    Error,
    Panic,
    Exit(i32),
    Abort,
    /// Killed from outside, as by the system when memory is short.
    Kill,
    /// Stopped from outside: it lives and does nothing more.
    Stop,
}
// ANCHOR_END: faults

impl Fault {
    fn happen(self) -> String {
        let signal = |name: &str| {
            let me = std::process::id().to_string();
            let sent = Command::new("kill").args(["-s", name, &me]).status();
            assert!(sent.is_ok_and(|status| status.success()));
            // A signal may come a moment later than `kill` returns.
            std::thread::sleep(Duration::from_secs(3600));
        };
        match self {
            Self::Error => {}
            Self::Panic => panic!("as asked"),
            Self::Exit(code) => std::process::exit(code),
            Self::Abort => std::process::abort(),
            Self::Kill => signal("KILL"),
            Self::Stop => signal("STOP"),
        }
        "as asked".to_owned()
    }
}

/// A job that gives its number back, unless something goes wrong on the way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Faulty {
    pub(crate) number: u64,
    pub(crate) fault: Option<(Stage, Fault)>,
}

/// A job that gives half of its number, if it is even.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Half(pub(crate) u64);

impl Work for Half {
    type Output = Result<u64, String>;
    const NAME: &'static str = "half";

    fn run(self) -> Result<u64, String> {
        match self.0 % 2 {
            0 => Ok(self.0 / 2),
            _ => Err(format!("{} is odd", self.0)),
        }
    }
}

/// A program whose file is replaced by this one while it runs: what its new workers are, one a line.
pub(crate) fn outlive_its_file(by: &str) -> Result<(), Box<dyn std::error::Error>> {
    let program = threadproof::WorkerProgram::current()?;
    let pool = threadproof::ProcessPool::builder(program)
        .workers(1)
        .respawns(2)
        .build()?;
    pool.run(Half(2))??;
    let file = std::env::current_exe()?;
    let new = file.with_extension("new");
    std::fs::copy(by, &new)?;
    std::fs::rename(&new, &file)?;
    println!("crashed {}", pool.run(Misbehave::Abort).is_err());
    println!("a new worker gives {}", pool.run(Half(8))??);
    std::fs::remove_file(&file)?;
    println!("crashed {}", pool.run(Misbehave::Abort).is_err());
    println!("a new worker gives {}", pool.run(Half(6))??);
    Ok(())
}

/// What a [`Faulty`] job gives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FaultyOutput(pub(crate) Faulty);

type Plain = (u64, Option<(Stage, Fault)>);

impl Faulty {
    fn at(self, stage: Stage) -> Option<Fault> {
        let (at, fault) = self.fault?;
        (at == stage).then_some(fault)
    }

    fn encode<S: Serializer>(self, to: S, stage: Stage) -> Result<S::Ok, S::Error> {
        if let Some(fault) = self.at(stage) {
            return Err(ser::Error::custom(fault.happen()));
        }
        (self.number, self.fault).serialize(to)
    }

    fn decode<'de, D: Deserializer<'de>>(from: D, stage: Stage) -> Result<Self, D::Error> {
        let (number, fault) = Plain::deserialize(from)?;
        let job = Self { number, fault };
        match job.at(stage) {
            Some(fault) => Err(de::Error::custom(fault.happen())),
            None => Ok(job),
        }
    }
}

impl Serialize for Faulty {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.encode(to, Stage::EncodeInput)
    }
}

impl<'de> Deserialize<'de> for Faulty {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::decode(from, Stage::DecodeInput)
    }
}

impl Serialize for FaultyOutput {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.encode(to, Stage::EncodeOutput)
    }
}

impl<'de> Deserialize<'de> for FaultyOutput {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Faulty::decode(from, Stage::DecodeOutput).map(Self)
    }
}

impl Work for Faulty {
    type Output = FaultyOutput;
    const NAME: &'static str = "faulty";

    fn run(self) -> FaultyOutput {
        if let Some(fault) = self.at(Stage::Run) {
            panic!("{}", fault.happen());
        }
        FaultyOutput(self)
    }
}

/// What a worker of the program does before its first job: nothing, unless its arguments say so.
pub(crate) fn initialise() -> Result<(), impl fmt::Display> {
    let argument = std::env::args_os().nth(2);
    match argument.as_ref().and_then(|argument| argument.to_str()) {
        Some("initialiser-fails") => Err("no such database"),
        Some("initialiser-panics") => panic!("no such table"),
        Some("initialiser-hangs") => loop {
            std::thread::park();
        },
        _ => Ok(()),
    }
}

/// For claim A1: the program's end does not care what its daemons are at.
pub(crate) fn leave_busy_daemons(daemons: u32) {
    for number in 1..=daemons {
        let busy = threadproof::start_daemon(&format!("busy-{number}"), || {
            loop {
                std::hint::black_box(String::from("busy"));
            }
        });
        busy.expect("a thread can be started");
    }
}

/// Tells its parent line by line what signals do to it; gives the code to end with once the parent
/// has closed its input.
pub(crate) fn obey_signals() -> u8 {
    let stop = threadproof::stop_on_signals().expect("signals can be listened to");
    let again = threadproof::stop_on_signals().expect("they are listened to");
    assert!(std::ptr::eq(stop, again), "two events");
    println!("listening");
    stop.wait();
    let code = threadproof::signals::exit_code().expect("a signal has set the event");
    println!("stopped by {code}");
    let _ = std::io::stdin().read_line(&mut String::new());
    code
}

/// A job whose output takes long to be read, so that its worker may die meanwhile.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Slow {
    pub(crate) number: u64,
    /// How many milliseconds the job takes, and how many it takes to read the output.
    pub(crate) running: u64,
    pub(crate) reading: u64,
    /// The worker ends a moment after its answer.
    pub(crate) dies: bool,
}

/// Its number, and how long to read it takes.
#[derive(Debug, Serialize, Deserialize)]
#[serde(from = "(u64, u64)")]
pub(crate) struct SlowOutput(pub(crate) u64, u64);

impl From<(u64, u64)> for SlowOutput {
    fn from((number, reading): (u64, u64)) -> Self {
        std::thread::sleep(Duration::from_millis(reading));
        Self(number, reading)
    }
}

impl Work for Slow {
    type Output = SlowOutput;
    const NAME: &'static str = "slow";

    fn run(self) -> SlowOutput {
        std::thread::sleep(Duration::from_millis(self.running));
        if self.dies {
            exit_in_a_moment();
        }
        SlowOutput(self.number, self.reading)
    }
}

fn exit_in_a_moment() {
    std::thread::spawn(|| {
        std::thread::sleep(Duration::from_millis(5));
        std::process::exit(7)
    });
}
