//! Inputs of a lazy map: each is taken when there is room for it, and becomes a job of its own.
//!
//! ```text
//!   inputs ── next ──▶ (index, input) ── submit ──▶ job        the pool or the inputs end: no more
//! ```
//!
//! | step | holds | touches | wakes |
//! |---|---|---|---|
//! | `take` | nothing, then the queue's lock | the caller's iterator, the queue | a worker |
//! | drop | nothing | what is the caller's, one by one | nobody |

use super::job::Job;
use super::queue::Queue;
use super::unordered::Told;
use super::{PoolShutDown, submit_to};
use crate::lifecycle::Theirs;
use crate::sync::Arc;

/// Whatever the inputs and the function are.
pub(super) trait Feed<R>: Send {
    /// Takes one input and submits its job; `None` once the inputs or the pool have ended.
    fn take(&mut self, tells: Option<Told>) -> Option<Result<Job<R>, PoolShutDown>>;
}

struct Inputs<I, F> {
    queue: Arc<Queue>,
    inputs: Theirs<I>,
    /// A job may be its last owner, also one that panics.
    f: Arc<Theirs<F>>,
}

pub(super) fn feed<I, R, F>(queue: &Arc<Queue>, f: Theirs<F>, inputs: I) -> Box<dyn Feed<R>>
where
    I: Iterator + Send + 'static,
    I::Item: Send + 'static,
    R: Send + 'static,
    F: Fn(I::Item) -> R + Send + Sync + 'static,
{
    Box::new(Inputs {
        queue: queue.clone(),
        inputs: Theirs::new(inputs),
        f: Arc::new(f),
    })
}

impl<I, R, F> Feed<R> for Inputs<I, F>
where
    I: Iterator + Send + 'static,
    I::Item: Send + 'static,
    R: Send + 'static,
    F: Fn(I::Item) -> R + Send + Sync + 'static,
{
    fn take(&mut self, tells: Option<Told>) -> Option<Result<Job<R>, PoolShutDown>> {
        if self.queue.is_closed() {
            return None;
        }
        let input = self.inputs.next()?;
        let f = self.f.clone();
        Some(submit_to(&self.queue, move || f(input), tells))
    }
}
