//! Thread and process patterns in which every claim is a test.

pub mod atomic_file;
pub mod back_off;
mod claims;
#[cfg(unix)]
pub mod compare;
pub mod download;
pub mod event;
pub mod frame;
pub mod lifecycle;
pub mod local_server;
pub mod locked_flags;
#[cfg(unix)]
pub mod process;
#[cfg(unix)]
pub mod process_pool;
pub mod stop_flags;
mod sync;
pub mod thread_pool;
pub mod timeline;
pub mod watch;

pub use atomic_file::AtomicFile;
#[cfg(unix)]
pub use compare::compare;
pub use download::{DownloadError, Downloader, DownloaderBuilder, Progress, Receipt};
pub use event::{Event, Wait};
pub use lifecycle::{Daemon, JoinError, Panicked, Running, start, start_daemon};
pub use local_server::LocalServer;
pub use locked_flags::{KeyTaken, LockedFlags, Registration};
#[cfg(unix)]
pub use process::{Process, ProcessError, Work, WorkTable, WorkerProgram, run_if_worker};
#[cfg(unix)]
pub use process_pool::{ProcessPool, ProcessPoolBuilder};
pub use stop_flags::{StopFlags, UnknownKey};
pub use thread_pool::{
    Job, JobError, MapLazy, PoolReport, PoolShutDown, Shutdown, ThreadPool, scoped_map,
};
pub use timeline::{Span, Timeline};
pub use watch::{Change, Watched, Watcher, watch_file};

#[cfg(all(test, loom))]
#[path = "../tests/loom/mod.rs"]
mod loom_models;
