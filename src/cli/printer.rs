//! What `fetch` says of its files, on a thread of its own, so that no download waits for a reader.
//!
//! ```text
//!   a worker ─┬─ how a file ended ──▶ queue ───┐
//!             └─ how far it has come ─▶ latest ─┴─▶ printer ──▶ stdout, stderr, bars
//! ```
//!
//! | step | holds | touches | wakes |
//! |---|---|---|---|
//! | a worker reports how far it is | `latest` | its entry there | nobody |
//! | a worker reports an end | nothing | the queue, which has no bound: a line for each file | the printer |
//! | the printer takes what is new | `latest` | all of it | nobody |
//! | it prints, and may wait for a reader | nothing | the streams | nobody |

use std::collections::BTreeMap;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, Scope};
use std::time::Duration;
use std::{io, mem};

use threadproof::Progress;

use super::print::Story;

/// How often bars go on.
const DRAWS_EVERY: Duration = Duration::from_millis(50);

/// What there is to say when a file has ended.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    /// On stdout.
    pub(crate) said: Option<String>,
    /// On stderr.
    pub(crate) complained: Option<String>,
}

/// Where workers report to; once it is dropped the printer ends when it has said everything.
#[derive(Debug)]
pub(crate) struct Printer<'a> {
    ended: Sender<(usize, Lines)>,
    latest: &'a Latest,
}

/// How far each download has come that has news of it.
#[derive(Debug, Default)]
pub(crate) struct Latest(Mutex<BTreeMap<usize, Progress>>);

impl Latest {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<usize, Progress>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<'a> Printer<'a> {
    /// Starts the printer; `name` is what a download's bar is called.
    pub(crate) fn start<'scope>(
        scope: &'scope Scope<'scope, '_>,
        story: &'scope Story,
        latest: &'a Latest,
        name: impl Fn(usize) -> String + Send + 'scope,
    ) -> io::Result<Self>
    where
        'a: 'scope,
    {
        let (ended, queue) = mpsc::channel();
        let print = move || print_all(story, &queue, latest, name);
        let thread = Builder::new().name("printer".to_owned());
        thread.spawn_scoped(scope, print)?;
        Ok(Self { ended, latest })
    }

    pub(crate) fn progress(&self, number: usize, progress: Progress) {
        self.latest.lock().insert(number, progress);
    }

    pub(crate) fn ended(&self, number: usize, lines: Lines) {
        // The printer ends after its workers; whatever became of it, files come.
        let _ = self.ended.send((number, lines));
    }
}

fn print_all(
    story: &Story,
    queue: &Receiver<(usize, Lines)>,
    latest: &Latest,
    name: impl Fn(usize) -> String,
) {
    let mut bars = BTreeMap::new();
    loop {
        let next = queue.recv_timeout(DRAWS_EVERY);
        let news = mem::take(&mut *latest.lock());
        for (number, progress) in news {
            let bar = bars
                .entry(number)
                .or_insert_with(|| story.bar(&name(number)));
            bar.set_length(progress.total.unwrap_or(progress.bytes));
            bar.set_position(progress.bytes);
        }
        match next {
            Ok((number, lines)) => {
                if let Some(bar) = bars.remove(&number) {
                    bar.finish_and_clear();
                }
                lines.said.iter().for_each(|line| story.always(line));
                lines
                    .complained
                    .iter()
                    .for_each(|line| story.complain(line));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}
