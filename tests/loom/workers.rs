//! What the models of the pool's parts share: its workers, its `submit` and its `map`.

use std::sync::Arc;

use crate::chunk_size::ChunkSize;
use crate::chunks::Chunks;
use crate::sync::thread::{self, JoinHandle};
use crate::thread_pool::JobCell;
use crate::thread_pool::batch::Batch;
use crate::thread_pool::queue::Queue;
use crate::{Job, JobError, PoolReport, PoolShutDown};

pub(super) fn start_workers(number: usize, queue: &Arc<Queue>) -> Vec<JoinHandle<()>> {
    let start = |place| {
        let queue = queue.clone();
        thread::spawn(move || {
            queue.begin(place);
            queue.work(place, "worker");
        })
    };
    (0..number).map(start).collect()
}

/// What the workers did, all together; every one of them has ended.
pub(super) fn join_workers(workers: Vec<JoinHandle<()>>, queue: &Queue) -> PoolReport {
    for worker in workers {
        worker.join().unwrap();
    }
    queue.report()
}

pub(super) fn completed(jobs: u64) -> PoolReport {
    PoolReport {
        completed: jobs,
        ..PoolReport::default()
    }
}

/// As [`ThreadPool::submit`](crate::ThreadPool::submit).
pub(super) fn submit<R: Send + 'static>(
    queue: &Arc<Queue>,
    body: impl FnOnce() -> R + Send + 'static,
) -> Result<Job<R>, PoolShutDown> {
    let cell = JobCell::new(body, queue, None);
    queue.push(cell.clone())?;
    Ok(cell.handle())
}

/// The batch of [`ThreadPool::map`](crate::ThreadPool::map), in chunks of so many inputs.
pub(super) fn batch<T: Send + 'static, R: Send + 'static, F>(
    inputs: Vec<T>,
    workers: usize,
    chunk: usize,
    function: F,
    queue: &Arc<Queue>,
) -> Arc<Batch<T, R, F>>
where
    F: Fn(T) -> R + Send + Sync + 'static,
{
    let jobs = inputs.len();
    let chunks = Arc::new(Chunks::new(inputs.into_iter(), workers));
    Batch::new(chunks, jobs, ChunkSize::fixed(chunk), function, queue)
}

/// As [`ThreadPool::map`](crate::ThreadPool::map), with ten times each input.
pub(super) fn map(
    queue: &Arc<Queue>,
    inputs: Vec<u32>,
    workers: usize,
) -> Vec<Result<u32, JobError>> {
    batch(inputs, workers, 1, |input| 10 * input, queue).map()
}
