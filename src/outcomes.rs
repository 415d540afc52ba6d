//! What became of the inputs of a chunk, and of all of them in the inputs' order.
//!
//! ```text
//!   A (0: [a]) (2: [a, ✗, a])      B (1: [b])      C (5: [c, c])
//!              └───────── sorted by first index ─────────┘
//!   [a, b, a, ✗, a, c, c]
//! ```
//!
//! | step | holds | touches | wakes |
//! |---|---|---|---|
//! | `run_chunk` | nothing | runs the caller's function, a panic costs its input alone | nobody |
//! | `in_order` | nothing (all workers have ended) | – | – |

use std::ops::Range;

use crate::chunk_size::ChunkSize;
use crate::chunks::{Chunk, Chunks, Finished, Split};
use crate::lifecycle::{Panicked, caught, forget_place};

/// The outcomes of inputs that stand one after the other. Outputs and errors are kept apart, since
/// memory is what tiny jobs wait for.
#[derive(Debug)]
pub(crate) struct Outcomes<R, E> {
    first: usize,
    outputs: Vec<R>,
    /// Each with the index of its input.
    errors: Vec<(usize, E)>,
}

impl<R, E> Outcomes<R, E> {
    /// Runs `f` on one input after the other, while the next one, given by its index, may begin; the
    /// rest stays in the chunk.
    ///
    /// A panic costs its input alone: it has been taken, and the next one is begun. So the catch is
    /// set up once for a chunk, and the outputs go into their places as if nothing could be caught.
    fn of<I>(
        worker: &str,
        chunk: &mut Chunk<I>,
        may_begin: impl Fn(usize) -> bool,
        f: impl Fn(I::Item) -> R,
    ) -> Self
    where
        I: ExactSizeIterator,
        E: From<Panicked>,
    {
        let (first, length) = (chunk.first, chunk.inputs.len());
        let (mut outputs, mut errors) = (Vec::with_capacity(length), Vec::new());
        loop {
            let next = || {
                // Asked only where there is something to begin: each look is one more order for a model.
                if chunk.inputs.len() == 0 || !may_begin(chunk.first) {
                    return None;
                }
                let input = chunk.inputs.next()?;
                chunk.first += 1;
                forget_place();
                Some(f(input))
            };
            let ended = caught(worker, || outputs.extend(std::iter::from_fn(next)));
            let Err(panicked) = ended else {
                return Self {
                    first,
                    outputs,
                    errors,
                };
            };
            let index = first + outputs.len() + errors.len();
            errors.push((index, panicked.into()));
        }
    }

    /// None of these inputs was begun, each for this reason.
    pub(crate) fn refused(indices: Range<usize>, why: &E) -> Self
    where
        E: Clone,
    {
        Self {
            first: indices.start,
            outputs: Vec::new(),
            errors: indices.map(|index| (index, why.clone())).collect(),
        }
    }

    pub(crate) fn length(&self) -> usize {
        self.outputs.len() + self.errors.len()
    }

    pub(crate) fn errors(&self) -> usize {
        self.errors.len()
    }
}

/// Puts the outcomes of all inputs into the inputs' order.
pub(crate) fn in_order<R, E>(mut all: Vec<Outcomes<R, E>>) -> Vec<Result<R, E>> {
    // Of two with the same first input the empty one, which did not begin it, comes first.
    all.sort_unstable_by_key(|outcomes| (outcomes.first, outcomes.length()));
    let mut ordered = Vec::with_capacity(all.iter().map(Outcomes::length).sum());
    for outcomes in all {
        debug_assert_eq!(
            outcomes.first,
            ordered.len(),
            "a chunk is missing or was run twice"
        );
        let mut outputs = outcomes.outputs.into_iter();
        for (index, error) in outcomes.errors {
            let before = index - ordered.len();
            ordered.extend(outputs.by_ref().take(before).map(Ok));
            ordered.push(Err(error));
        }
        ordered.extend(outputs.map(Ok));
    }
    ordered
}

/// Runs a chunk that was claimed: until its end, until its inputs are cancelled, or until it has taken
/// long and others have nothing to do. Gives the outcomes of what has begun, and says what has not.
pub(crate) fn run_chunk<I, R, E>(
    worker: &str,
    chunks: &Chunks<I>,
    mut chunk: Chunk<I>,
    size: &mut ChunkSize,
    f: impl Fn(I::Item) -> R,
) -> (Outcomes<R, E>, Finished<I>)
where
    I: Split,
    E: From<Panicked>,
{
    // ANCHOR: run_chunk
    let (first, started) = (chunk.first, size.start());
    // The first one always: what is only given back comes to no end.
    let may_keep = |index| index == first || !chunks.is_wanted() || !started.is_long();
    let may_begin = |index| chunks.may_begin(index) && may_keep(index);
    let outcomes = Outcomes::of(worker, &mut chunk, may_begin, f);
    size.learn(&started, outcomes.length());
    (outcomes, chunks.finish(chunk))
    // ANCHOR_END: run_chunk
}
