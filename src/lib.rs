//! Thread and process patterns in which every claim is a test.
//!
//! The crate follows a Python notebook on `threading`, `concurrent.futures` and `multiprocessing`,
//! section by section. Each section is a small module that is good enough to use at work, the tests
//! that prove what it promises, and a chapter of a book (in `book/`) that shows both.
//!
//! | § | Python | here |
//! |---|---|---|
//! | 1 | `requests.get`, three times | [`Downloader::fetch`] |
//! | 2, 3 | `Thread.start`, `Thread.join` | [`start`], [`Running::join`] |
//! | 4 | `Thread(daemon=True)` | [`start_daemon`], [`AtomicFile`] |
//! | 5 | `threading.Event` | [`Event`], [`watch_file`] |
//! | 6 | a dict of `bool`s | [`StopFlags`] |
//! | 7 | the dict with a `Lock`; `threading.Semaphore` | [`LockedFlags`], [`Semaphore`] |
//! | 8 | `ThreadPoolExecutor.map` | [`ThreadPool::map`], its lazy and unordered sisters, [`scoped_map`] |
//! | 9 | `multiprocessing.Process` | `Process` |
//! | 10 | `multiprocessing.Pool.map` | `ProcessPool` |
//! | 11 | threads against processes | `compare` |
//!
//! **Features.** Without any the crate is its core, which needs nothing but `thiserror`, and on Windows
//! `winapi-util`: `event`, the flags, `semaphore`, `lifecycle`, `watch`, `scoped`, `thread_pool`,
//! `timeline`. `download` adds [`download`], [`atomic_file`] and [`back_off`]; `processes` adds
//! [`mod@process`], [`process_pool`] and [`frame`]; `program`, the default, adds both and what the program
//! and the book use: [`mod@compare`], [`local_server`], [`schedule`], and `signals`, Ctrl-C as an event.
//!
//! **Rings.** `timeline`, `frame`, `identity`, `atomic_file`, `back_off`, `local_server` stand innermost; then
//! `event`, `semaphore`, the flags, `lifecycle`; then `watch`, `signals`, `scoped`, the pools,
//! `process`, `download`; then `compare` and `schedule`, which makes real threads take their steps in
//! a given order. Imports point inwards, or to a few neighbours, and never from fewer features to more.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(feature = "program"),
    allow(rustdoc::broken_intra_doc_links, reason = "links lead to all features")
)]

#[cfg(feature = "download")]
pub mod atomic_file;
#[cfg(feature = "download")]
pub mod back_off;
mod chunk_size;
mod chunks;
#[cfg(feature = "program")]
pub mod compare;
#[cfg(feature = "download")]
pub mod download;
pub mod event;
#[cfg(feature = "processes")]
pub mod frame;
mod identity;
pub mod lifecycle;
#[cfg(feature = "program")]
pub mod local_server;
pub mod locked_flags;
mod outcomes;
#[cfg(feature = "processes")]
pub mod process;
#[cfg(feature = "processes")]
pub mod process_pool;
#[cfg(any(feature = "program", all(test, loom)))]
pub mod schedule;
pub mod scoped;
pub mod semaphore;
// Not beside models, in which an event is no static.
#[cfg(all(feature = "program", not(all(test, loom))))]
pub mod signals;
pub mod stop_flags;
mod sync;
pub mod thread_pool;
pub mod timeline;
pub mod watch;
mod worker;

#[cfg(feature = "download")]
pub use atomic_file::AtomicFile;
#[cfg(feature = "program")]
pub use compare::compare;
#[cfg(feature = "download")]
pub use download::{DownloadError, Downloader, DownloaderBuilder, Progress, Receipt};
pub use event::{Event, SetOnDrop, Wait};
pub use lifecycle::{Daemon, JoinError, Panicked, Running, start, start_daemon};
#[cfg(feature = "program")]
pub use local_server::LocalServer;
pub use locked_flags::{KeyTaken, LockedFlags, Registration};
#[cfg(feature = "processes")]
pub use process::{
    Process, ProcessBuilder, ProcessError, Work, WorkTable, WorkerProgram, run_if_worker,
};
#[cfg(feature = "processes")]
pub use process_pool::{
    ProcessJob, ProcessMapLazy, ProcessMapUnordered, ProcessPool, ProcessPoolBuilder,
    TryProcessMapError, WorkerState,
};
pub use scoped::scoped_map;
pub use semaphore::{Permit, Semaphore};
#[cfg(all(feature = "program", not(all(test, loom))))]
pub use signals::stop_on_signals;
pub use stop_flags::{StopFlags, UnknownKey};
pub use thread_pool::{
    Canceller, Job, JobError, MapLazy, MapUnordered, PoolReport, PoolShutDown, Shutdown,
    ThreadPool, ThreadPoolBuilder, TryMapError, worker_number,
};
pub use timeline::{Mark, Span, Timeline};
pub use watch::{Change, Watched, Watcher, watch_file, watch_files};

#[cfg(all(test, loom))]
#[path = "process/portable/bytes.rs"]
#[allow(dead_code, reason = "the models use a part of it")]
mod bytes;

#[cfg(all(test, loom))]
#[path = "download/order.rs"]
mod order;

#[cfg(all(test, loom))]
#[path = "process_pool/turns.rs"]
#[allow(dead_code, reason = "the models use a part of it")]
mod turns;

#[cfg(all(test, loom))]
#[path = "../tests/loom/mod.rs"]
mod loom_models;

/// The README's example is a doctest.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
