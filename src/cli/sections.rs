//! The table of sections: it drives the command line, the list, the tour and the book's check.

use super::context::Context;
use super::failure::Failure;
use super::outcome::Outcome;
use super::{
    compare, daemon, event, flags, join, locked_flags, process_pool, processes, sequential, start,
    thread_pool,
};

/// One section of the notebook.
#[derive(Debug)]
pub(crate) struct Section {
    pub(crate) number: u8,
    /// The subcommand, and the name of the chapter, the cell and the transcript.
    pub(crate) name: &'static str,
    /// The notebook's heading.
    pub(crate) notebook: &'static str,
    /// What it is called in Python.
    pub(crate) python: &'static str,
    /// Our module.
    pub(crate) module: &'static str,
    pub(crate) run: fn(&Context) -> Result<Outcome, Failure>,
}

pub(crate) const SECTIONS: [Section; 11] = [
    Section {
        number: 1,
        name: "sequential",
        notebook: "Without threading",
        python: "requests.get, three times",
        module: "download",
        run: sequential::run,
    },
    Section {
        number: 2,
        name: "start",
        notebook: "thread.start()",
        python: "Thread.start",
        module: "lifecycle",
        run: start::run,
    },
    Section {
        number: 3,
        name: "join",
        notebook: "thread.join()",
        python: "Thread.join",
        module: "lifecycle",
        run: join::run,
    },
    Section {
        number: 4,
        name: "daemon",
        notebook: "Closing threads: daemon=True",
        python: "Thread(daemon=True)",
        module: "lifecycle",
        run: daemon::run,
    },
    Section {
        number: 5,
        name: "event",
        notebook: "Close manually: threading.Event()",
        python: "threading.Event",
        module: "event",
        run: event::run,
    },
    Section {
        number: 6,
        name: "flags",
        notebook: "Cooperative flags in a dict",
        python: "a dict of bools",
        module: "stop_flags",
        run: flags::run,
    },
    Section {
        number: 7,
        name: "locked-flags",
        notebook: "The same with threading.Lock()",
        python: "a dict of bools, a Lock",
        module: "locked_flags",
        run: locked_flags::run,
    },
    Section {
        number: 8,
        name: "thread-pool",
        notebook: "ThreadPoolExecutor(max_workers=3).map",
        python: "ThreadPoolExecutor.map",
        module: "thread_pool",
        run: thread_pool::run,
    },
    Section {
        number: 9,
        name: "processes",
        notebook: "multiprocessing.Process",
        python: "multiprocessing.Process",
        module: "process",
        run: processes::run,
    },
    Section {
        number: 10,
        name: "process-pool",
        notebook: "multiprocessing.Pool(3).map(square)",
        python: "multiprocessing.Pool.map",
        module: "process_pool",
        run: process_pool::run,
    },
    Section {
        number: 11,
        name: "compare",
        notebook: "Threads versus processes, CPU-bound",
        python: "Thread, Process, time.time",
        module: "compare",
        run: compare::run,
    },
];
