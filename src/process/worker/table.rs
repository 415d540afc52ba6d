//! The work that a worker can do, by name, and what it does before the first.
//!
//! ```text
//!   with::<Square>() ──▶ "square" ──▶ decode, run, encode
//! ```

use std::collections::HashMap;
use std::fmt;

use super::super::Work;
use super::super::messages::{JobFailure, append};
use crate::lifecycle::caught;

/// The work that a worker can do, by name.
///
/// Needs the feature `processes`.
///
/// # Examples
/// See [`run_if_worker`](super::run_if_worker).
#[derive(Default)]
pub struct WorkTable {
    pub(super) runs: HashMap<&'static str, RunOne>,
    initialiser: Option<Initialiser>,
}

type Initialiser = Box<dyn Fn() -> Result<(), String> + Send + Sync>;

/// Decodes an input, runs it, and appends its encoded output.
pub(super) type RunOne = fn(&[u8], &mut Vec<u8>) -> Result<(), Failure>;

/// Boxed: what every job returns is then one word, and moving it costs nothing.
pub(super) type Failure = Box<JobFailure>;

impl WorkTable {
    /// An empty table.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one kind of work.
    ///
    /// # Panics
    /// If two kinds have the same [`Work::NAME`].
    pub fn with<W: Work>(mut self) -> Self {
        let before = self.runs.insert(W::NAME, run_one::<W>);
        assert!(
            before.is_none(),
            "two kinds of work are named {:?}",
            W::NAME
        );
        self
    }

    /// What each worker does before its first job, such as opening a database.
    ///
    /// If it fails or panics there is no worker: [`ProcessError::Initialiser`](crate::ProcessError::Initialiser) says why.
    ///
    /// # Differences from Python
    /// [`Pool(initializer=…)`](https://docs.python.org/3/library/multiprocessing.html#multiprocessing.pool.Pool):
    /// a worker whose initializer raises is started again and again, and `map` never returns.
    ///
    /// # Examples
    /// ```
    /// use threadproof::WorkTable;
    ///
    /// let table = WorkTable::new().initialised_by(|| std::env::set_current_dir("/"));
    /// # drop(table);
    /// ```
    pub fn initialised_by<E: fmt::Display>(
        mut self,
        initialiser: impl Fn() -> Result<(), E> + Send + Sync + 'static,
    ) -> Self {
        let initialiser = move || initialiser().map_err(|error| error.to_string());
        self.initialiser = Some(Box::new(initialiser));
        self
    }

    pub(super) fn initialise(&self) -> Result<(), String> {
        let Some(initialiser) = &self.initialiser else {
            return Ok(());
        };
        caught("", initialiser).unwrap_or_else(|panicked| Err(panicked.message().to_owned()))
    }
}

impl fmt::Debug for WorkTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.runs.keys()).finish()
    }
}

fn run_one<W: Work>(input: &[u8], output: &mut Vec<u8>) -> Result<(), Failure> {
    let ran = caught("", || {
        let input: W =
            postcard::from_bytes(input).map_err(|e| JobFailure::Decode(e.to_string()))?;
        append(&input.run(), output).map_err(|e| JobFailure::Encode(e.to_string()).into())
    });
    ran.unwrap_or_else(|panicked| {
        let message = panicked.message().to_owned();
        let location = panicked.location().map(str::to_owned);
        Err(Box::new(JobFailure::Panicked { message, location }))
    })
}
