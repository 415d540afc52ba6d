//! The notebook's sections: the subcommand of each, and what it is called there and here. The table
//! drives the command line, the list, the tour and the book's check.

use clap::Subcommand;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub(crate) enum SectionCommand {
    /// §1 three downloads, one after the other
    Sequential,
    /// §2 three threads started and not joined: main goes on at once
    Start,
    /// §3 three threads started and joined: as long as the slowest, not the sum
    Join,
    /// §4 a daemon joined, and a daemon cut off by the program's end
    Daemon,
    /// §5 a watcher that sleeps is woken, and stops at once
    Event,
    /// §6 three watchers stopped one after the other: none can be woken
    Flags,
    /// §7 the same under a lock: no look after the stop
    LockedFlags,
    /// §8 four watchers on three workers: the fourth waits, the outputs are in order
    ThreadPool,
    /// §9 three downloads in three processes
    Processes,
    /// §10 five squares in three processes: who takes which, the outputs in order
    ProcessPool,
    /// §11 the same work sequentially, on threads, with rayon and in processes
    Compare,
}

/// One section of the notebook.
#[derive(Debug)]
pub(crate) struct Section {
    pub(crate) number: u8,
    pub(crate) command: SectionCommand,
    /// The subcommand's name, and that of the chapter, the cell and the transcript.
    pub(crate) name: &'static str,
    /// The notebook's heading.
    pub(crate) notebook: &'static str,
    /// What it is called in Python.
    pub(crate) python: &'static str,
    /// Our module.
    pub(crate) module: &'static str,
}

pub(crate) const SECTIONS: [Section; 11] = [
    Section {
        number: 1,
        command: SectionCommand::Sequential,
        name: "sequential",
        notebook: "Without threading",
        python: "requests.get, three times",
        module: "download",
    },
    Section {
        number: 2,
        command: SectionCommand::Start,
        name: "start",
        notebook: "thread.start()",
        python: "Thread.start",
        module: "lifecycle",
    },
    Section {
        number: 3,
        command: SectionCommand::Join,
        name: "join",
        notebook: "thread.join()",
        python: "Thread.join",
        module: "lifecycle",
    },
    Section {
        number: 4,
        command: SectionCommand::Daemon,
        name: "daemon",
        notebook: "Closing threads: daemon=True",
        python: "Thread(daemon=True)",
        module: "lifecycle",
    },
    Section {
        number: 5,
        command: SectionCommand::Event,
        name: "event",
        notebook: "Close manually: threading.Event()",
        python: "threading.Event",
        module: "event",
    },
    Section {
        number: 6,
        command: SectionCommand::Flags,
        name: "flags",
        notebook: "Cooperative flags in a dict",
        python: "a dict of bools",
        module: "stop_flags",
    },
    Section {
        number: 7,
        command: SectionCommand::LockedFlags,
        name: "locked-flags",
        notebook: "The same with threading.Lock()",
        python: "a dict of bools, a Lock",
        module: "locked_flags",
    },
    Section {
        number: 8,
        command: SectionCommand::ThreadPool,
        name: "thread-pool",
        notebook: "ThreadPoolExecutor(max_workers=3).map",
        python: "ThreadPoolExecutor.map",
        module: "thread_pool",
    },
    Section {
        number: 9,
        command: SectionCommand::Processes,
        name: "processes",
        notebook: "multiprocessing.Process",
        python: "multiprocessing.Process",
        module: "process",
    },
    Section {
        number: 10,
        command: SectionCommand::ProcessPool,
        name: "process-pool",
        notebook: "multiprocessing.Pool(3).map(square)",
        python: "multiprocessing.Pool.map",
        module: "process_pool",
    },
    Section {
        number: 11,
        command: SectionCommand::Compare,
        name: "compare",
        notebook: "Threads versus processes, CPU-bound",
        python: "Thread, Process, time.time",
        module: "compare",
    },
];

impl SectionCommand {
    /// The section that this subcommand runs.
    pub(crate) fn section(self) -> &'static Section {
        let mut sections = SECTIONS.iter();
        let section = sections.find(|section| section.command == self);
        section.expect("each subcommand of a section has its row")
    }
}
